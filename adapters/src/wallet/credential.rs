//! A credential that was verified: what its issuer says, and of whom.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::jws::seconds;
use super::key::PublicKey;
use super::reason::Reason;
use super::sdjwt::unfold::Path;
use super::status::Reference;

/// Seconds an issuer's clock may be ahead.
const SKEW: i64 = 30;

/// A credential whose signature, disclosures and dates are right. Its status is not looked at yet.
#[derive(Clone)]
pub struct Credential {
    /// `iss` as the registry knows it.
    pub issuer: String,
    /// `vct`, or the TWDIW type id; empty in the raw dialect where there is none.
    pub kind: String,
    /// The claims: of SD-JWT VC all of them, of TWDIW those of the subject.
    pub claims: Map<String, Value>,
    /// The key it is bound to, proved by the presenter where the policy asks.
    pub holder: Option<PublicKey>,
    /// `nbf`, or `iat`.
    pub valid_from: Option<Timestamp>,
    /// `exp`.
    pub valid_until: Option<Timestamp>,
    /// Where its status stands; empty where the issuer keeps none.
    pub status: Vec<Reference>,
    /// `vct#integrity`.
    pub integrity: Option<String>,
    /// The claims that came by a disclosure.
    pub disclosed: Vec<Path>,
    /// Where more could be hidden.
    pub concealing: Vec<Path>,
    /// SHA-256 of the issuer's JWT, base64url: the same for every presentation of one credential.
    pub digest: String,
}

opaque_debug!(Credential);

impl Credential {
    /// Whether it was valid at an event too (check P1); without dates it always was.
    ///
    /// # Errors
    /// [`Reason::NotValidAtEvent`].
    pub fn check_valid_at(&self, event: Timestamp) -> Result<(), Reason> {
        let begun = self.valid_from.is_none_or(|from| from <= event);
        let lasts = self.valid_until.is_none_or(|until| event < until);
        if begun && lasts { Ok(()) } else { Err(Reason::NotValidAtEvent) }
    }
}

/// From when to when a credential counts.
pub(super) struct Term {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Term {
    /// Reads and checks `nbf`, `iat` and `exp` (check S11).
    pub(super) fn check(payload: &Map<String, Value>, needs_end: bool, now: Timestamp) -> Result<Self, Reason> {
        let date = |name: &str| seconds(payload, name).map_err(|()| Reason::CredentialMalformed);
        let (from, issued, until) = (date("nbf")?, date("iat")?, date("exp")?);
        if needs_end && until.is_none() {
            return Err(Reason::CredentialMalformed);
        }
        let now = now.as_second();
        if from.is_some_and(|from| from > now + SKEW) || issued.is_some_and(|issued| issued > now + SKEW) {
            return Err(Reason::CredentialNotYetValid);
        }
        // At its end no clock gets the benefit of the doubt.
        if until.is_some_and(|until| until <= now) {
            return Err(Reason::CredentialExpired);
        }
        // Some issuers write years no calendar has: they mean "never".
        let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        Ok(Self { from: from.or(issued).map(time), until: until.map(time) })
    }
}
