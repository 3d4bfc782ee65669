//! The holder's JWT behind an SD-JWT (RFC 9901 §4.3): who presents, to whom, now, and exactly this (checks K1 to K8).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use claimgate_packet::jose::digest::sha256_text;
use jiff::Timestamp;
use serde_json::Value;

use crate::wallet::jws::{Compact, seconds};
use crate::wallet::key::PublicKey;
use crate::wallet::limits::DISCLOSURE_JSON;
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::SdJwt;

/// Seconds a proof may be old.
pub const OLDEST: i64 = 600;
/// Seconds a proof may be ahead of the clock.
pub const AHEAD: i64 = 60;

/// What a holder must prove.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The nonce of the request.
    pub nonce: &'a str,
    /// The verifier's whole client id.
    pub audience: &'a str,
    /// The transactions of the request that name this credential, as they were sent.
    pub transactions: &'a [String],
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The nonce is what an attacker would need.
        write!(f, "Proof({}, ..)", self.audience)
    }
}

impl Proof<'_> {
    /// Checks the holder's JWT of a presentation.
    pub(super) fn check(&self, parts: &SdJwt<'_>, key: &PublicKey, now: Timestamp) -> Result<(), Reason> {
        let binding = parts.binding.ok_or(Reason::KeyBindingMissing)?;
        let jwt = Compact::parse(binding, DISCLOSURE_JSON).ok_or(Reason::SdJwtMalformed)?;
        jwt.check_algorithm()?;
        if !jwt.verified_by(key) {
            return Err(Reason::KeyBindingSignatureInvalid);
        }
        if !jwt.has_typ(&["kb+jwt"]) {
            return Err(Reason::KeyBindingTyp);
        }
        let made = seconds(&jwt.payload, "iat").ok().flatten().ok_or(Reason::KeyBindingStale)?;
        let now = now.as_second();
        if made < now - OLDEST {
            return Err(Reason::KeyBindingStale);
        }
        if made > now + AHEAD {
            return Err(Reason::KeyBindingFuture);
        }
        check_nonce(jwt.text("nonce"), self.nonce)?;
        if jwt.text("aud") != Some(self.audience) {
            return Err(Reason::AudienceMismatch);
        }
        if jwt.text("sd_hash") != Some(parts.sd_hash().as_str()) {
            return Err(Reason::SdHashMismatch);
        }
        self.check_transactions(&jwt)
    }

    fn check_transactions(&self, jwt: &Compact<'_>) -> Result<(), Reason> {
        let algorithm = jwt.payload.get("transaction_data_hashes_alg");
        let hashes = match jwt.payload.get("transaction_data_hashes") {
            None => Some(Vec::new()),
            Some(Value::Array(hashes)) => hashes.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        let mut hashes: Vec<&str> = hashes.ok_or(Reason::TransactionDataMismatch)?;
        let mut expected: Vec<String> = self.transactions.iter().map(|sent| sha256_text(sent.as_bytes())).collect();
        hashes.sort_unstable();
        expected.sort_unstable();
        let same = hashes == expected && algorithm.is_none_or(|algorithm| algorithm == "sha-256");
        if same { Ok(()) } else { Err(Reason::TransactionDataMismatch) }
    }
}

/// Compares a nonce in constant time (check K5).
pub(in crate::wallet) fn check_nonce(found: Option<&str>, expected: &str) -> Result<(), Reason> {
    let found = found.unwrap_or_default();
    let same = !expected.is_empty() && verify_slices_are_equal(found.as_bytes(), expected.as_bytes()).is_ok();
    if same { Ok(()) } else { Err(Reason::NonceMismatch) }
}
