//! What is sent to a wallet: claims, header, links.

use super::sessions::asked;
use super::*;
use crate::wallet::oid4vp::client::Client;
use crate::wallet::oid4vp::request::{
    Method, RequestError, SignedBy, link, object as request, parameters, unsigned_link,
};
use crate::wallet::session::{Asked, Dialect, ResponseMode};

fn enc_key() -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, Some("e1".to_owned()), at(NOW)).unwrap()
}

#[test]
fn a_signed_request_has_what_haip_asks_for() {
    let (certificate, key) = (b"certificate".to_vec(), enc_key().public());
    let asked = Asked { client: Client::of_certificate(&certificate), ..asked(ResponseMode::DirectPostJwt) };
    let chain = [certificate];
    let keys = [key];
    let made = request(&asked, SignedBy::Certificates(&chain), &keys, Some("wallet-nonce.1"), at(NOW)).unwrap();
    let claims = Value::Object(made.claims.clone());
    assert_eq!(claims["aud"], "https://self-issued.me/v2");
    assert_eq!(claims["client_id"], format!("x509_hash:{}", sha256_text(b"certificate")));
    assert_eq!(claims["response_mode"], "direct_post.jwt");
    assert_eq!(claims["wallet_nonce"], "wallet-nonce.1");
    assert_eq!(claims["exp"], NOW + 290);
    assert!(claims.get("redirect_uri").is_none() && claims.get("iss").is_none());
    assert_eq!(claims["client_metadata"]["jwks"]["keys"][0]["alg"], "ECDH-ES");
    let offered = json!(["A128GCM", "A256GCM"]);
    assert_eq!(claims["client_metadata"]["encrypted_response_enc_values_supported"], offered);
    assert_eq!(claims["dcql_query"]["credentials"][0]["id"], "licence");
    assert_eq!(made.header["typ"], "oauth-authz-req+jwt");
    let text = sign_under(made.header, Value::Object(made.claims).to_string().as_bytes(), &new_key()).unwrap();
    let header: Value = serde_json::from_slice(&base64url::decode(text.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
}

#[test]
fn a_request_that_would_be_unsafe_is_not_made() {
    let asked = asked(ResponseMode::DirectPost);
    let made = |asked: &Asked| request(asked, SignedBy::Key("did:web:a#1"), &[], None, at(NOW)).unwrap_err();
    let elsewhere = Asked { response_uri: "https://evil.example/".to_owned(), ..asked.clone() };
    assert_eq!(made(&elsewhere), RequestError::ResponseUri);
    let plain = Asked { response_uri: "http://gate.example/".to_owned(), ..asked.clone() };
    assert_eq!(made(&plain), RequestError::ResponseUri);
    let short = Asked { nonce: "short".to_owned(), ..asked.clone() };
    assert_eq!(made(&short), RequestError::Nonce);
    let sealed = Asked { response_mode: ResponseMode::DirectPostJwt, ..asked.clone() };
    assert_eq!(made(&sealed), RequestError::Keys);
    let unsigned = Asked { client: Client::RedirectUri(asked.response_uri.clone()), ..asked.clone() };
    assert_eq!(made(&unsigned), RequestError::NeverSigned);
    for nonce in ["", "a b", "ü", &"a".repeat(513)] {
        let made = request(&asked, SignedBy::Key("k"), &[], Some(nonce), at(NOW));
        assert_eq!(made.unwrap_err(), RequestError::WalletNonce);
    }
    let link = unsigned_link(&unsigned.client, &parameters(&unsigned, &[]).unwrap()).unwrap();
    assert!(link.starts_with("openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fgate.example"), "{link}");
    assert_eq!(unsigned_link(&asked.client, &parameters(&asked, &[]).unwrap()), None);
}

#[test]
fn each_dialect_has_its_link() {
    let client = Client::X509SanDns("gate.example".to_owned());
    let uri = "https://gate.example/wallet/r/1";
    let made = |dialect, method| link(dialect, &client, uri, method).unwrap();
    let tail = "client_id=x509_san_dns%3Agate.example&request_uri=https%3A%2F%2Fgate.example%2Fwallet%2Fr%2F1";
    assert_eq!(made(Dialect::Oid4vp, Method::Get), format!("openid4vp://?{tail}"));
    assert_eq!(made(Dialect::Haip, Method::Post), format!("haip-vp://?{tail}&request_uri_method=post"));
    assert_eq!(made(Dialect::Twdiw, Method::Post), format!("modadigitalwallet://authorize?{tail}"));
    assert_eq!(link(Dialect::Haip, &client, &format!("https://a.example/{}", "a".repeat(3000)), Method::Get), None);
    let twdiw = Asked {
        dialect: Dialect::Twdiw,
        client: Client::BareDid("did:key:z2d".to_owned()),
        ..asked(ResponseMode::DirectPost)
    };
    let made = request(&twdiw, SignedBy::Key("key-1"), &[], None, at(NOW)).unwrap();
    assert_eq!((&made.claims["iss"], &made.claims["aud"]), (&json!("did:key:z2d"), &json!("did:key:z2d")));
    assert_eq!(made.claims["client_metadata"]["vp_formats"]["jwt_vp"]["alg"], json!(["ES256"]));
    let did = Client::DecentralizedIdentifier("did:web:gate.example".to_owned());
    assert_eq!(did.id(), "decentralized_identifier:did:web:gate.example");
}
