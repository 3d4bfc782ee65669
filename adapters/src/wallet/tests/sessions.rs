//! A whole answer against a whole request, in the open and encrypted.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyUncompressedBin};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};

use super::*;
use crate::wallet::Reason;
use crate::wallet::oid4vp::client::Client;
use crate::wallet::oid4vp::response::{Form, WalletFault};
use crate::wallet::oid4vp::transaction::Transaction;
use crate::wallet::session::{Asked, Dialect, Presented, Question, ResponseMode};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn asked(mode: ResponseMode) -> Asked {
    let query = json!({ "credentials": [{
        "id": "licence", "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] },
        "claims": [{ "path": ["name"] }, { "path": ["classes", null], "values": ["普通小型車"] }],
    }] });
    Asked {
        dialect: Dialect::Oid4vp,
        client: Client::X509SanDns("gate.example".to_owned()),
        response_uri: "https://gate.example/wallet/answer".to_owned(),
        response_mode: mode,
        nonce: NONCE.to_owned(),
        state: "state-1".to_owned(),
        question: Question::Dcql(serde_json::from_value(query).unwrap()),
        transactions: Vec::new(),
        one_holder: true,
        opened_at: at(NOW - 10),
        closes_at: at(NOW + 290),
    }
}

fn form(token: &Value) -> Form {
    let body = format!("state=state-1&vp_token={}", token.to_string().replace('+', "%2B"));
    Form::read(FORM, body.as_bytes()).unwrap()
}

fn judged(asked: &Asked, licence: &Licence, form: &Form) -> Result<Vec<Presented>, Reason> {
    asked.judge(form, &[], &super::order::trust_of(licence), at(NOW))
}

#[test]
fn an_open_answer_gives_what_was_asked_and_nothing_more() {
    let licence = Licence::new();
    let asked = asked(ResponseMode::DirectPost);
    let presented = judged(&asked, &licence, &form(&json!({ "licence": [licence.presented()] }))).unwrap();
    assert_eq!(presented[0].surplus, ["id_number"]);
    assert!(!presented[0].credential.claims.contains_key("id_number"));
    assert_eq!(presented[0].credential.claims["name"], "陳筱玲");
    // A session is kept as JSON, and reads back as it was.
    let kept = serde_json::to_string(&asked).unwrap();
    assert!(serde_json::from_str::<Asked>(&kept).unwrap() == asked);
}

#[test]
fn an_answer_that_is_not_the_one_asked_for_is_refused() {
    let licence = Licence::new();
    let text = licence.presented();
    let asked = asked(ResponseMode::DirectPost);
    let refused = |token: Value| judged(&asked, &licence, &form(&token)).unwrap_err();
    assert_eq!(refused(json!({ "other": [text] })), Reason::VpTokenMalformed);
    assert_eq!(refused(json!({ "licence": text })), Reason::VpTokenMalformed);
    assert_eq!(refused(json!({ "licence": [] })), Reason::VpTokenMalformed);
    assert_eq!(refused(json!({ "licence": [text, text] })), Reason::VpTokenMalformed);
    assert_eq!(refused(json!({})), Reason::VpTokenMalformed);
    assert_eq!(refused(json!([text])), Reason::VpTokenMalformed);
    assert_eq!(refused(json!({ "licence": vec![text.clone(); 17] })), Reason::VpTokenMalformed);
    let mut fewer = Licence::new();
    fewer.disclosures.remove(0);
    let less = judged(&asked, &fewer, &form(&json!({ "licence": [fewer.presented()] })));
    assert_eq!(less.unwrap_err(), Reason::QueryNotSatisfied);
    let good = form(&json!({ "licence": [text] }));
    let late = asked.judge(&good, &[], &super::order::trust_of(&licence), at(NOW + 290));
    assert_eq!(late.unwrap_err(), Reason::SessionExpired);
    let other = Asked { state: "state-2".to_owned(), ..asked.clone() };
    assert_eq!(judged(&other, &licence, &good).unwrap_err(), Reason::SessionUnknown);
    let sealed = Asked { response_mode: ResponseMode::DirectPostJwt, ..asked.clone() };
    assert_eq!(judged(&sealed, &licence, &good).unwrap_err(), Reason::ResponseModeMismatch);
    let error = Form::read(FORM, b"state=state-1&error=access_denied").unwrap();
    assert_eq!(error.error(), Some(WalletFault::AccessDenied));
    assert_eq!(judged(&asked, &licence, &error).unwrap_err(), Reason::WalletError);
    let empty = Form::read(FORM, b"state=state-1").unwrap();
    assert_eq!(judged(&asked, &licence, &empty).unwrap_err(), Reason::VpTokenMalformed);
    let response = Form::read(FORM, b"state=state-1&response=a.b.c.d.e").unwrap();
    assert_eq!(judged(&asked, &licence, &response).unwrap_err(), Reason::ResponseModeMismatch);
}

#[test]
fn a_form_is_read_strictly() {
    let refused = |kind: &str, body: &[u8]| Form::read(kind, body).unwrap_err();
    let long = vec![b'a'; 600_000];
    for (kind, body) in [
        ("application/json", &b"{}"[..]),
        (FORM, b"state=1&state=2"),
        (FORM, b"a=%4"),
        (FORM, b"a=%zz"),
        (FORM, b"a=%ff"),
        (FORM, b"a=\xff"),
        (FORM, &long),
        (FORM, b"a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q"),
    ] {
        assert_eq!(refused(kind, body), Reason::ResponseMalformed);
    }
    let read = Form::read("application/x-www-form-urlencoded; charset=utf-8", b"a=1%202+3&b=%E9%99%B3").unwrap();
    assert_eq!((read.field("a"), read.field("b")), (Some("1 2 3"), Some("陳")));
}

#[test]
fn several_presentations_are_one_holders_where_that_is_asked() {
    let (mine, other) = (Licence::new(), Licence::new());
    let mut two = asked(ResponseMode::DirectPost);
    let Question::Dcql(query) = &mut two.question else { panic!("a query") };
    query.credentials[0].multiple = true;
    let foreign = Licence { issuer: mine.issuer.clone(), ..other };
    let token = json!({ "licence": [mine.presented(), foreign.presented()] });
    assert_eq!(judged(&two, &mine, &form(&token)).unwrap_err(), Reason::HolderKeyMismatch);
    two.one_holder = false;
    assert_eq!(judged(&two, &mine, &form(&token)).unwrap().len(), 2);
}

#[test]
fn consent_is_bound_by_the_hash_of_the_transaction() {
    let details = object(json!({ "case": "CLM-2026-000123", "recipient": "範例產險" }));
    let consent = Transaction::new("urn:claimgate:file-claim:1", &["licence".to_owned()], details);
    let sent: Value = serde_json::from_slice(&base64url::decode(&consent.encoded).unwrap()).unwrap();
    assert_eq!(sent["type"], "urn:claimgate:file-claim:1");
    let asked = Asked { transactions: vec![consent.clone()], ..asked(ResponseMode::DirectPost) };
    let mut licence = Licence::new();
    let answer = |licence: &Licence| judged(&asked, licence, &form(&json!({ "licence": [licence.presented()] })));
    assert_eq!(answer(&licence).unwrap_err(), Reason::TransactionDataMismatch);
    licence.kb["transaction_data_hashes"] = json!([consent.hash()]);
    assert!(answer(&licence).is_ok());
}

#[test]
fn nobody_consents_and_nobody_is_one_holder_without_a_signature() {
    let licence = Licence::new();
    let mut unbound = asked(ResponseMode::DirectPost);
    let Question::Dcql(query) = &mut unbound.question else { panic!("a query") };
    query.credentials[0].require_cryptographic_holder_binding = false;
    let bare = form(&json!({ "licence": [licence.issued()] }));
    assert_eq!(judged(&unbound, &licence, &bare).unwrap_err(), Reason::KeyBindingMissing, "one holder");
    unbound.one_holder = false;
    assert!(judged(&unbound, &licence, &bare).is_ok(), "a query may ask for no proof");
    unbound.transactions = vec![Transaction::new("urn:claimgate:file-claim:1", &["licence".to_owned()], Map::new())];
    assert_eq!(judged(&unbound, &licence, &bare).unwrap_err(), Reason::KeyBindingMissing, "a consent");
}

/// Encrypts an answer as a wallet does: `ECDH-ES` on P-256.
fn sealed(plain: &Value, to: &Value, enc: &'static str, kid: &str) -> String {
    let mine = PrivateKey::generate(&ECDH_P256).unwrap();
    let point: EcPublicKeyUncompressedBin<'_> = mine.compute_public_key().unwrap().as_be_bytes().unwrap();
    let (x, y) = point.as_ref()[1..].split_at(32);
    let epk = json!({ "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y) });
    let header = json!({ "alg": "ECDH-ES", "enc": enc, "kid": kid, "epk": epk });
    let protected = base64url::encode(header.to_string().as_bytes());
    let number = |name: &str| base64url::decode(to[name].as_str().unwrap()).unwrap();
    let peer = UnparsedPublicKey::new(&ECDH_P256, [vec![4], number("x"), number("y")].concat());
    let (cipher, length) = if enc == "A256GCM" { (&AES_256_GCM, 32_u32) } else { (&AES_128_GCM, 16) };
    let mut info = 7_u32.to_be_bytes().to_vec();
    info.extend(enc.as_bytes());
    info.extend([0; 8]);
    info.extend((length * 8).to_be_bytes());
    let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).unwrap();
    let key = agree(&mine, peer, (), |secret| {
        let mut key = vec![0; usize::try_from(length).unwrap()];
        sskdf_digest(kdf, secret, &info, &mut key).map_err(|_| ()).map(|()| key)
    })
    .unwrap();
    let key = LessSafeKey::new(UnboundKey::new(cipher, &key).unwrap());
    let mut body = plain.to_string().into_bytes();
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut body).unwrap();
    let parts = [[7; 12].as_slice(), &body, tag.as_ref()].map(base64url::encode);
    format!("{protected}..{}", parts.join("."))
}

#[test]
fn an_encrypted_answer_opens_with_the_key_of_the_request_alone() {
    let licence = Licence::new();
    let key = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, Some("e1".to_owned()), at(NOW)).unwrap();
    let asked = asked(ResponseMode::DirectPostJwt);
    let answer = |plain: &Value, enc: &'static str, kid: &str, keys: &[PrivateJwk]| {
        let text = sealed(plain, &key.public().to_json(), enc, kid);
        let form = Form::read(FORM, format!("response={text}").as_bytes()).unwrap();
        asked.judge(&form, keys, &super::order::trust_of(&licence), at(NOW)).map(|presented| presented.len())
    };
    let plain = json!({ "state": "state-1", "vp_token": { "licence": [licence.presented()] } });
    let keys = [key.clone()];
    assert_eq!(answer(&plain, "A128GCM", "e1", &keys), Ok(1));
    assert_eq!(answer(&plain, "A256GCM", "e1", &keys), Ok(1));
    assert_eq!(answer(&plain, "A256GCM", "e2", &keys), Err(Reason::DecryptionFailed));
    assert_eq!(answer(&plain, "A256GCM", "e1", &[]), Err(Reason::DecryptionFailed));
    let other = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, Some("e1".to_owned()), at(NOW)).unwrap();
    assert_eq!(answer(&plain, "A256GCM", "e1", &[other]), Err(Reason::DecryptionFailed));
    let fault = json!({ "state": "state-1", "error": "access_denied" });
    assert_eq!(answer(&fault, "A256GCM", "e1", &keys), Err(Reason::WalletError));
    let stateless = json!({ "vp_token": plain["vp_token"] });
    assert_eq!(answer(&stateless, "A256GCM", "e1", &keys), Err(Reason::SessionUnknown));
}
