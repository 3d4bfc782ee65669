//! A wallet's answer on the wire (OpenID4VP 1.0 §8): the form, the encrypted form, the wallet's own errors.
//!
//! In: a body and, for an encrypted answer, the keys of the request. Out: `vp_token` and what stands beside it (checks
//! R1, R3 to R5).

use claimgate_packet::jose::json::parse_object;
use claimgate_packet::jose::jwe::{Expected, wallet};
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::opaque_debug;
use serde_json::{Map, Value};

use crate::wallet::limits::{ANSWER_BYTES, ANSWER_JSON, PRESENTATIONS};
use crate::wallet::reason::Reason;
use crate::wallet::session::ResponseMode;

/// Fields a form has at most.
const FIELDS: usize = 16;

/// A form, read.
pub struct Form(Vec<(String, String)>);

opaque_debug!(Form);

impl Form {
    /// Reads `application/x-www-form-urlencoded` (check R1).
    ///
    /// # Errors
    /// [`Reason::ResponseMalformed`].
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, Reason> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if body.len() > ANSWER_BYTES || !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Reason::ResponseMalformed);
        }
        let text = std::str::from_utf8(body).map_err(|_| Reason::ResponseMalformed)?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = unescaped(name).ok_or(Reason::ResponseMalformed)?;
            let value = unescaped(value).ok_or(Reason::ResponseMalformed)?;
            if fields.len() >= FIELDS || fields.iter().any(|(known, _)| *known == name) {
                return Err(Reason::ResponseMalformed);
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The wallet's error, where it sent one (check R3).
    #[must_use]
    pub fn error(&self) -> Option<WalletFault> {
        self.field("error").map(WalletFault::of)
    }

    /// Opens the answer in the mode it was asked for (check R4).
    ///
    /// # Errors
    /// [`Reason::ResponseModeMismatch`], [`Reason::DecryptionFailed`], [`Reason::VpTokenMalformed`].
    pub fn open(&self, mode: ResponseMode, keys: &[PrivateJwk]) -> Result<Opened, Reason> {
        match (mode, self.field("response"), self.field("vp_token")) {
            (ResponseMode::DirectPostJwt, Some(sealed), None) => {
                let expected = Expected { typ: None, cty: None, kid: true };
                let plain = wallet::decrypt(sealed, expected, keys, ANSWER_BYTES);
                let plain = plain.map_err(|_| Reason::DecryptionFailed)?;
                let members = parse_object(&plain, ANSWER_JSON).map_err(|_| Reason::VpTokenMalformed)?;
                Ok(Opened(members))
            }
            (ResponseMode::DirectPost, None, Some(_)) => {
                let pairs = self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
                Ok(Opened(pairs.collect()))
            }
            (_, None, None) => Err(Reason::VpTokenMalformed),
            _ => Err(Reason::ResponseModeMismatch),
        }
    }
}

/// The members of an answer.
pub struct Opened(Map<String, Value>);

opaque_debug!(Opened);

impl Opened {
    /// `state`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.0.get("state")?.as_str()
    }

    /// `error` inside an encrypted answer.
    #[must_use]
    pub fn error(&self) -> Option<WalletFault> {
        self.0.get("error")?.as_str().map(WalletFault::of)
    }

    /// `vp_token` of OpenID4VP 1.0: query id → presentations (check R5).
    ///
    /// # Errors
    /// [`Reason::VpTokenMalformed`].
    pub fn presentations(&self) -> Result<Vec<(String, Vec<String>)>, Reason> {
        let read = || {
            let token = match self.0.get("vp_token")? {
                Value::Object(map) => map.clone(),
                Value::String(text) => parse_object(text.as_bytes(), ANSWER_JSON).ok()?,
                _ => return None,
            };
            let of_one = |(id, list): (String, Value)| {
                let list = list.as_array().filter(|list| !list.is_empty())?;
                Some((id, list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?))
            };
            let all = token.into_iter().map(of_one).collect::<Option<Vec<_>>>()?;
            let count: usize = all.iter().map(|(_, list)| list.len()).sum();
            (1..=PRESENTATIONS).contains(&count).then_some(all)
        };
        read().ok_or(Reason::VpTokenMalformed)
    }

    /// `vp_token` of TWDIW: the one JWS, alone or in an array of one.
    ///
    /// # Errors
    /// [`Reason::VpTokenMalformed`].
    pub fn presentation(&self) -> Result<String, Reason> {
        let text = self.0.get("vp_token").and_then(Value::as_str).ok_or(Reason::VpTokenMalformed)?;
        if !text.starts_with('[') {
            return Ok(text.to_owned());
        }
        let list = claimgate_packet::jose::json::parse(text.as_bytes(), ANSWER_JSON);
        let list: Vec<Value> = match list {
            Ok(Value::Array(list)) => list,
            _ => return Err(Reason::VpTokenMalformed),
        };
        match list.as_slice() {
            [Value::String(one)] => Ok(one.clone()),
            _ => Err(Reason::VpTokenMalformed),
        }
    }

    /// `presentation_submission` of TWDIW.
    ///
    /// # Errors
    /// [`Reason::VpTokenMalformed`].
    pub fn submission(&self) -> Result<Map<String, Value>, Reason> {
        let text = self.0.get("presentation_submission").and_then(Value::as_str).ok_or(Reason::VpTokenMalformed)?;
        parse_object(text.as_bytes(), ANSWER_JSON).map_err(|_| Reason::VpTokenMalformed)
    }
}

/// What a wallet says went wrong (OpenID4VP 1.0 §8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletFault {
    /// The person said no, or has no such credential.
    AccessDenied,
    /// The wallet finds a fault in our request or in who we are.
    OurRequest,
    /// The wallet cannot do what was asked.
    NotSupported,
    /// No wallet is there.
    Unavailable,
    /// A code no specification has.
    Other,
}

impl WalletFault {
    /// Of a code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "access_denied" => Self::AccessDenied,
            "invalid_request"
            | "invalid_client"
            | "invalid_scope"
            | "invalid_request_uri_method"
            | "invalid_transaction_data" => Self::OurRequest,
            "vp_formats_not_supported" | "unsupported_response_type" => Self::NotSupported,
            "wallet_unavailable" => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

/// Reads `%XX` and `+`; `None` for a broken escape or what is not UTF-8.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                high << 4 | low
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}
