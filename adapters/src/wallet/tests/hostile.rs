//! Changed and random input: refused with a reason, never a panic, never a pass.

use super::*;
use crate::wallet::Reason;
use crate::wallet::oid4vp::response::Form;
use crate::wallet::sdjwt::serialization::compact;
use crate::wallet::session::ResponseMode;
use crate::wallet::status::list::unpack;
use crate::wallet::trust::{Trust, metadata};
use crate::wallet::twdiw::did::key_of;
use crate::wallet::twdiw::presentation::{Presentation, verify as verify_vp};
use crate::wallet::twdiw::registry::{snapshot, status_in};
use crate::wallet::verify::binding::Proof;
use crate::wallet::verify::{Expected, Strictness, verify};

/// Xorshift: the same numbers every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn change(&mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[place] = b"~.{}[]\"=-_AZ09\0"[self.below(15)],
                1 => _ = bytes.remove(place),
                2 => bytes.truncate(place + 1),
                3 => bytes.insert(place, b"~.\"A"[self.below(4)]),
                _ => {
                    let from = self.below(bytes.len());
                    let part: Vec<u8> = bytes.iter().copied().skip(from).take(40).collect();
                    bytes.splice(place..place, part);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'~');
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn four_thousand_changed_presentations_never_pass_and_never_panic() {
    let licence = Licence::new();
    let trust = super::order::trust_of(&licence);
    let text = licence.presented();
    let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
    let expected = Expected { strictness: Strictness::Credential, types: &[], proof: Some(proof) };
    let mut chance = Chance(8);
    for _ in 0..4000 {
        let changed = chance.change(&text);
        assert!(changed == text || verify(&changed, &expected, &trust, at(NOW)).is_err(), "{changed}");
    }
    let Some((cases, trust)) = super::twdiw::generated() else { return };
    let text = cases["cases"][0]["vp_token"].as_str().unwrap();
    let expected = Presentation {
        nonce: cases["expected_nonce"].as_str().unwrap(),
        audience: cases["expected_client_id"].as_str().unwrap(),
        types: &[],
        opened_at: None,
    };
    for _ in 0..1000 {
        let changed = chance.change(text);
        assert!(changed == text || verify_vp(&changed, &expected, &trust, at(NOW)).is_err(), "{changed}");
    }
}

/// The payload changed before it is signed: what a hostile issuer can send.
#[test]
fn a_hostile_issuer_finds_no_panic() {
    let mut chance = Chance(9);
    let words = [
        json!(null),
        json!([]),
        json!({}),
        json!("_sd"),
        json!({ "...": [] }),
        json!({ "_sd": [{}] }),
        json!(-1),
        json!(1e300),
        json!("x".repeat(500)),
        json!([[[[[[[[[[[[[[[]]]]]]]]]]]]]]]),
        json!(u64::MAX),
    ];
    let names =
        ["iss", "iat", "exp", "nbf", "vct", "_sd", "_sd_alg", "cnf", "status", "aka_vcts", "vct#integrity", "..."];
    for _ in 0..300 {
        let mut licence = Licence::new();
        for _ in 0..=chance.below(2) {
            licence.payload[names[chance.below(names.len())]] = words[chance.below(words.len())].clone();
        }
        let trust = super::order::trust_of(&licence);
        let expected = Expected { strictness: Strictness::Raw, types: &[], proof: None };
        let _ = verify(&licence.issued(), &expected, &trust, at(NOW));
    }
}

#[test]
fn every_other_way_in_takes_any_bytes() {
    let mut chance = Chance(10);
    let seeds = [
        "state=state-1&vp_token=%7B%22licence%22%3A%5B%22a%22%5D%7D&presentation_submission=%7B%7D",
        r#"{"issuer":"https://dmv.example/issuer","jwks":{"keys":[]}}"#,
        r#"{"issuers":[{"did":"did:key:z2","status":1,"host":"a.example"}]}"#,
        r#"{"code":0,"data":{"id":"did:key:z2","status":1}}"#,
        r#"{"payload":"e30","protected":"e30","signature":"AA","header":{"disclosures":["a"]}}"#,
        "did:key:z2dmzD81cgPx8Vki7JbuuMmFYrWPgYoytykUZ3eyqht1j9KbrTQWPTJMt2Fu16H84ymwbbG9LGNinW7Ynj53ZCAW16grAhBiwv",
    ];
    for seed in seeds {
        for _ in 0..500 {
            let text = chance.change(seed);
            if let Ok(form) = Form::read("application/x-www-form-urlencoded", text.as_bytes()) {
                let asked = super::sessions::asked(ResponseMode::DirectPost);
                assert!(asked.judge(&form, &[], &Trust::default(), at(NOW)).is_err());
            }
            let _ = metadata::read(text.as_bytes(), ISSUER);
            let _ = (snapshot(text.as_bytes()), status_in(text.as_bytes(), "did:key:z2"));
            let _ = (compact(text.as_bytes()), key_of(&text));
        }
    }
}

/// Bounds are looked at before the cost is paid: a megabyte of one disclosure, ten thousand of them, and what is hidden in
/// a few kilobytes.
#[test]
fn huge_presentations_are_refused_at_once() {
    let licence = Licence::new();
    let trust = super::order::trust_of(&licence);
    let judged = |text: &str| {
        let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
        let expected = Expected { strictness: Strictness::Credential, types: &[], proof: Some(proof) };
        verify(text, &expected, &trust, at(NOW)).unwrap_err()
    };
    let issued = licence.issued();
    let proof = licence.presented().rsplit_once('~').unwrap().1.to_owned();
    let large = disclosure(&json!(["salt", "note", "x".repeat(1 << 20)]));
    let one = |place: u32| disclosure(&json!(["s", format!("c{place}"), 1])) + "~";
    let many: String = (0..10_000).map(one).collect();
    let deep = disclosure(&json!(["salt", "note", (0..40).fold(json!(1), |inner, _| json!([inner]))]));
    for (name, text) in [
        ("a megabyte", format!("{issued}{large}~{proof}")),
        ("ten thousand", format!("{issued}{many}{proof}")),
        ("tildes alone", format!("{issued}{}{proof}", "~".repeat(1 << 20))),
    ] {
        assert_eq!(judged(&text), Reason::SdJwtMalformed, "{name}");
    }
    assert!(matches!(judged(&format!("{issued}{deep}~{proof}")), Reason::DisclosureInvalid));
}

/// A gzip of a gigabyte in a megabyte is given up at the bound, in both kinds of list.
#[test]
fn a_list_that_unpacks_to_a_gigabyte_is_given_up() {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    fn bomb(mut sink: impl std::io::Write) {
        let block = vec![0_u8; 1 << 20];
        (0..256).for_each(|_| sink.write_all(&block).unwrap());
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    bomb(&mut zlib);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    bomb(&mut gzip);
    let (zlib, gzip) = (zlib.finish().unwrap(), gzip.finish().unwrap());
    assert!(zlib.len() < 1 << 20 && gzip.len() < 1 << 20);
    assert!(unpack(flate2::read::ZlibDecoder::new(zlib.as_slice())).is_none());
    assert!(unpack(flate2::read::GzDecoder::new(gzip.as_slice())).is_none());
}

/// No address in a credential leads anywhere but to the issuer's own https host: the status list is the one that is ever
/// fetched, and what is no public https address is not.
#[test]
fn addresses_in_a_credential_lead_nowhere_inside() {
    use crate::wallet::status::{Outcome, outcome};
    for uri in [
        "http://dmv.example/status/1",
        "file:///etc/passwd",
        "https://user@dmv.example/status/1",
        "https://[::1]/status/1",
        "https://dmv.example\\@127.0.0.1/",
        "gopher://dmv.example/",
        "//dmv.example/status/1",
        "https:///status/1",
    ] {
        let mut licence = Licence::new();
        licence.payload["status"] = json!({ "status_list": { "idx": 0, "uri": uri } });
        let trust = super::order::trust_of(&licence);
        let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
        let expected = Expected { strictness: Strictness::Credential, types: &[], proof: Some(proof) };
        let credential = verify(&licence.presented(), &expected, &trust, at(NOW)).unwrap();
        assert!(credential.status.iter().all(|reference| !reference.fetchable), "{uri}");
        let asked = std::cell::Cell::new(0);
        let found = outcome(
            &credential.status,
            |_| {
                asked.set(asked.get() + 1);
                Err(Reason::StatusUnavailable)
            },
            at(NOW),
        );
        assert_eq!((found, asked.get()), (Outcome::Unknown(Reason::StatusUntrusted), 0), "{uri}");
    }
    // jku, x5u, jwk and vct are never a way to a key.
    for name in ["jku", "x5u"] {
        let mut licence = Licence::new();
        licence.header[name] = "https://evil.example/keys".into();
        licence.issuer = new_key();
        let trust = super::order::trust_of(&Licence::new());
        let expected = Expected { strictness: Strictness::Credential, types: &[], proof: None };
        assert_eq!(verify(&licence.issued(), &expected, &trust, at(NOW)).unwrap_err(), Reason::IssuerSignatureInvalid);
    }
}
