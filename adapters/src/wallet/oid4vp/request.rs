//! The request object (RFC 9101, OpenID4VP 1.0 §5): header and claims, for the caller to sign; the link that leads to it.
//!
//! In: a session and the keys made for it. Out: JSON and texts. The caller signs with
//! `claimgate_packet::jose::jws::sign_under`.

use claimgate_packet::jose::jwk::PublicJwk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::client::{Client, x5c};
use crate::wallet::limits::TEXT_BYTES;
use crate::wallet::session::{Asked, Dialect, Question, ResponseMode};

/// `typ` of a signed request.
pub const TYP: &str = "oauth-authz-req+jwt";
/// `aud` of a request whose wallet is not known (OpenID4VP 1.0 §5.8).
const ANY_WALLET: &str = "https://self-issued.me/v2";
/// The scheme of TWDIW's wallet.
const TWDIW_SCHEME: &str = "modadigitalwallet://authorize";

/// How a wallet fetches the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// With GET.
    #[default]
    Get,
    /// With POST, where it may send a nonce of its own.
    Post,
}

/// How a request is signed.
#[derive(Clone, Copy, Debug)]
pub enum SignedBy<'a> {
    /// By a certificate: leaf and issuers in DER, without the anchor.
    Certificates(&'a [Vec<u8>]),
    /// By a key of a DID: the full DID URL, or `key-1` for TWDIW.
    Key(&'a str),
}

/// A request object before it is signed.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestObject {
    /// The protected header, without `alg`.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Why there is no request object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A `redirect_uri` client never signs.
    #[error("a client id with the prefix redirect_uri makes unsigned requests only")]
    NeverSigned,
    /// The response address is not https or not the client's.
    #[error("the response address must be https and the client's own")]
    ResponseUri,
    /// An encrypted answer needs a key, an open one has none.
    #[error("direct_post.jwt needs one encryption key, direct_post none")]
    Keys,
    /// The nonce has less than 128 bits or is not URL-safe.
    #[error("a nonce is 22 to 64 characters of base64url")]
    Nonce,
    /// The wallet's nonce is too long or not text a URL can carry.
    #[error("wallet_nonce is at most 512 characters of base64url, with . and ~")]
    WalletNonce,
}

/// Builds a signed request's header and claims. `wallet_nonce` is what a wallet sent by POST.
///
/// # Errors
/// [`RequestError`].
pub fn object(
    asked: &Asked,
    signed_by: SignedBy<'_>,
    keys: &[PublicJwk],
    wallet_nonce: Option<&str>,
    now: Timestamp,
) -> Result<RequestObject, RequestError> {
    if !asked.client.signs() {
        return Err(RequestError::NeverSigned);
    }
    let mut claims = parameters(asked, keys)?;
    claims.insert("iat".to_owned(), now.as_second().into());
    claims.insert("exp".to_owned(), asked.closes_at.as_second().into());
    let audience = if asked.dialect == Dialect::Twdiw { asked.client.id() } else { ANY_WALLET.to_owned() };
    claims.insert("aud".to_owned(), audience.into());
    if asked.dialect == Dialect::Twdiw {
        claims.insert("iss".to_owned(), asked.client.id().into());
    }
    if let Some(nonce) = wallet_nonce {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if nonce.is_empty() || nonce.len() > 512 || !nonce.bytes().all(fits) {
            return Err(RequestError::WalletNonce);
        }
        claims.insert("wallet_nonce".to_owned(), nonce.into());
    }
    let mut header = Map::from_iter([("typ".to_owned(), Value::from(TYP))]);
    match signed_by {
        SignedBy::Certificates(certificates) => header.insert("x5c".to_owned(), x5c(certificates).into()),
        SignedBy::Key(kid) => header.insert("kid".to_owned(), kid.into()),
    };
    Ok(RequestObject { header, claims })
}

/// The parameters of a request: all of an unsigned one, the core of a signed one.
///
/// # Errors
/// [`RequestError`].
pub fn parameters(asked: &Asked, keys: &[PublicJwk]) -> Result<Map<String, Value>, RequestError> {
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(22..=64).contains(&asked.nonce.len()) || !asked.nonce.bytes().all(url_safe) {
        return Err(RequestError::Nonce);
    }
    if !asked.client.owns(&asked.response_uri) {
        return Err(RequestError::ResponseUri);
    }
    if (asked.response_mode == ResponseMode::DirectPostJwt) == keys.is_empty() {
        return Err(RequestError::Keys);
    }
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("client_id", asked.client.id().into());
    put("response_type", "vp_token".into());
    put("response_mode", asked.response_mode.as_str().into());
    put("response_uri", asked.response_uri.clone().into());
    put("nonce", asked.nonce.clone().into());
    put("state", asked.state.clone().into());
    match &asked.question {
        Question::Dcql(query) => put("dcql_query", serde_json::to_value(query).unwrap_or_default()),
        Question::Definition(definition) => put("presentation_definition", definition.to_json()),
    };
    put("client_metadata", metadata(asked.dialect, keys));
    if !asked.transactions.is_empty() {
        put("transaction_data", asked.transactions.iter().map(|one| one.encoded.clone()).collect());
    }
    Ok(claims)
}

fn metadata(dialect: Dialect, keys: &[PublicJwk]) -> Value {
    if dialect == Dialect::Twdiw {
        return json!({ "vp_formats": { "jwt_vc": { "alg": ["ES256"] }, "jwt_vp": { "alg": ["ES256"] } } });
    }
    let formats = json!({ "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"] } });
    let mut metadata = json!({ "vp_formats_supported": formats });
    if let (Some(map), false) = (metadata.as_object_mut(), keys.is_empty()) {
        let keys: Vec<Value> = keys.iter().map(PublicJwk::to_json).collect();
        map.insert("jwks".to_owned(), json!({ "keys": keys }));
        map.insert("encrypted_response_enc_values_supported".to_owned(), json!(["A128GCM", "A256GCM"]));
    }
    metadata
}

/// The link that invokes a wallet, and the content of the QR code: scheme, client id and where the request lies.
/// `None` where it would be too long for a QR code.
#[must_use]
pub fn link(dialect: Dialect, client: &Client, request_uri: &str, method: Method) -> Option<String> {
    let scheme = match dialect {
        Dialect::Twdiw => TWDIW_SCHEME,
        Dialect::Haip => "haip-vp://",
        Dialect::Oid4vp | Dialect::SdJwtRaw => "openid4vp://",
    };
    let post = if method == Method::Post && dialect != Dialect::Twdiw { "&request_uri_method=post" } else { "" };
    let (client, uri) = (escaped(&client.id()), escaped(request_uri));
    let link = format!("{scheme}?client_id={client}&request_uri={uri}{post}");
    (link.len() <= TEXT_BYTES).then_some(link)
}

/// The link of an unsigned request, with every parameter in it: `redirect_uri` clients alone.
#[must_use]
pub fn unsigned_link(client: &Client, parameters: &Map<String, Value>) -> Option<String> {
    if client.signs() {
        return None;
    }
    let pair = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={}", escaped(&text))
    };
    Some(format!("openid4vp://?{}", parameters.iter().map(pair).collect::<Vec<_>>().join("&")))
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for half in [byte >> 4, byte & 15] {
                escaped.extend(char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    escaped
}
