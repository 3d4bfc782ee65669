//! Status lists: the order of their checks, and the three outcomes.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::wallet::Reason;
use crate::wallet::key::Keys;
use crate::wallet::limits::UNPACKED_BYTES;
use crate::wallet::status::{Kind, List, Outcome, Reference, outcome, token};
use crate::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};

const URI: &str = "https://dmv.example/status/1";

fn packed(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    base64url::encode(&encoder.finish().unwrap())
}

struct Host {
    key: PrivateJwk,
    header: Value,
    payload: Value,
}

impl Host {
    fn new(bytes: &[u8]) -> Self {
        let list = json!({ "bits": 2, "lst": packed(bytes) });
        let payload = json!({ "sub": URI, "iat": NOW - 60, "exp": NOW + 600, "ttl": 300, "status_list": list });
        Self { key: new_key(), header: json!({ "typ": "statuslist+jwt", "kid": "key-1" }), payload }
    }

    fn trust(&self) -> Trust {
        let keys = Keys::from_json(&json!({ "keys": [self.key.public().to_json()] })).unwrap();
        let keys = IssuerKeys::Published(keys);
        let issuer = Issuer { id: ISSUER.to_owned(), types: Vec::new(), domain: Domain::Production, keys };
        Trust { issuers: vec![issuer], domain: Domain::Production }
    }

    fn read(&self) -> Result<List, Reason> {
        let text = signed(self.header.clone(), &self.payload, &self.key);
        token::read(&text, URI, ISSUER, &self.trust(), at(NOW))
    }
}

#[test]
fn each_broken_list_has_its_own_reason() {
    type Change = fn(&mut Host);
    let table: &[(&str, Reason, Change)] = &[
        ("L3 typ", Reason::StatusUntrusted, |host| host.header["typ"] = "JWT".into()),
        ("L3 crit", Reason::StatusUntrusted, |host| host.header["crit"] = json!([])),
        ("L3 kid", Reason::StatusUntrusted, |host| host.header["kid"] = "key-2".into()),
        ("L4 sub", Reason::StatusMismatch, |host| host.payload["sub"] = "https://dmv.example/status/2".into()),
        ("L4 expired", Reason::StatusStale, |host| host.payload["exp"] = NOW.into()),
        ("L4 future", Reason::StatusStale, |host| host.payload["iat"] = (NOW + 100).into()),
        ("L4 no iat", Reason::StatusMalformed, |host| _ = host.payload.as_object_mut().unwrap().remove("iat")),
        ("L5 bits", Reason::StatusMalformed, |host| host.payload["status_list"]["bits"] = 3.into()),
        ("L5 not zlib", Reason::StatusMalformed, |host| host.payload["status_list"]["lst"] = "AAAA".into()),
        ("L5 bomb", Reason::StatusMalformed, |host| {
            host.payload["status_list"]["lst"] = packed(&vec![0; UNPACKED_BYTES + 1]).into();
        }),
    ];
    for (name, reason, change) in table {
        let mut host = Host::new(&[0]);
        change(&mut host);
        assert_eq!(host.read().unwrap_err(), *reason, "{name}");
    }
    let host = Host::new(&[0]);
    let foreign = signed(host.header.clone(), &host.payload, &new_key());
    assert_eq!(token::read(&foreign, URI, ISSUER, &host.trust(), at(NOW)).unwrap_err(), Reason::StatusUntrusted);
    let other = token::read(&foreign, URI, "https://other.example", &host.trust(), at(NOW));
    assert_eq!(other.unwrap_err(), Reason::StatusUntrusted);
    println!("{} broken status lists", table.len() + 2);
}

#[test]
fn an_entry_is_valid_refused_or_unknown() {
    // 0 valid, 1 invalid, 2 suspended, 3 the application's own.
    let list = Host::new(&[0b1110_0100]).read().unwrap();
    assert_eq!(list.refresh_after, at(NOW + 300));
    let entry = |index| Reference { kind: Kind::Token, uri: URI.to_owned(), index, fetchable: true };
    let judge = |reference: Reference| outcome(&[reference], |_| Ok(&list), at(NOW));
    assert_eq!(judge(entry(0)), Outcome::Valid);
    assert_eq!(judge(entry(1)), Outcome::Refused(Reason::CredentialRevoked));
    assert_eq!(judge(entry(2)), Outcome::Refused(Reason::CredentialSuspended));
    assert_eq!(judge(entry(3)), Outcome::Unknown(Reason::StatusUnknown));
    assert_eq!(judge(entry(4)), Outcome::Refused(Reason::StatusIndexOutOfRange));
    assert_eq!(judge(entry(u64::MAX)), Outcome::Refused(Reason::StatusIndexOutOfRange));
    assert_eq!(judge(Reference { fetchable: false, ..entry(0) }), Outcome::Unknown(Reason::StatusUntrusted));
    let elsewhere = Reference { uri: "https://dmv.example/status/2".to_owned(), ..entry(0) };
    assert_eq!(judge(elsewhere), Outcome::Unknown(Reason::StatusMismatch));
    // A refusal decides over what nobody knows; nothing to ask is valid; a list grows old.
    let both = outcome(&[entry(3), entry(1)], |_| Ok(&list), at(NOW));
    assert_eq!(both, Outcome::Refused(Reason::CredentialRevoked));
    let missing = outcome(&[entry(0)], |_| Err(Reason::StatusUnavailable), at(NOW));
    assert_eq!(missing, Outcome::Unknown(Reason::StatusUnavailable));
    let malformed = outcome(&[entry(0)], |_| Err(Reason::StatusMalformed), at(NOW));
    assert_eq!(malformed, Outcome::Unknown(Reason::StatusMalformed));
    assert_eq!(outcome(&[], |_| Err(Reason::StatusUnavailable), at(NOW)), Outcome::Valid);
    assert_eq!(outcome(&[entry(0)], |_| Ok(&list), at(NOW + 600)), Outcome::Unknown(Reason::StatusStale));
}
