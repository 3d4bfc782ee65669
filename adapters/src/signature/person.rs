//! A person who signs with the own card (自然人憑證) what a gateway gave to sign: whose certificate it is.
//!
//! In: a detached PKCS#7 signature, the bytes, who the person is said to be, the authorities. Out: the signer, or why it is
//! not this person's. The card names its holder (`commonName`) and the last four characters of the national ID (身分證後四碼), so
//! that is what is compared: a name alone is not enough, and neither is the number of another holder of that name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authority::{Authorities, Revocation};
use super::cms;

/// The attributes of a 自然人憑證 that say whose it is: `commonName`, and the last four of the national ID in
/// `subjectDirectoryAttributes` (of the 政府機關公開金鑰基礎建設 profile).
pub const PERSON_ATTRIBUTES: [&str; 2] = ["2.5.4.3", "2.16.886.1.100.2.51"];
/// Characters of a national ID that the certificate holds.
const TAIL: usize = 4;

/// Who a person is said to be.
#[derive(Clone, Copy)]
pub struct Claimed<'a> {
    /// The name, as the card writes it.
    pub name: &'a str,
    /// The national ID (身分證字號).
    pub number: &'a str,
}

claimgate_packet::opaque_debug!(Claimed<'_>);

/// A signature that verifies and is this person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSigner {
    /// SHA-256 of the certificate, base64url.
    pub certificate: String,
    /// How it is signed, for example `rsassa-pkcs1-v1_5-sha256`.
    pub algorithm: String,
    /// When, by the signer's own clock.
    pub signed_at: Option<Timestamp>,
    /// Whether the certificates were still in force.
    pub revocation: Revocation,
}

/// Why a signature is not this person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPerson {
    /// The signature, or its certificate.
    Invalid(&'static str),
    /// It is somebody else's, or an organisation's.
    Other,
}

/// Checks a signature over some content. `authorities` look for [`PERSON_ATTRIBUTES`].
///
/// # Errors
/// [`NotPerson`].
pub fn check_person(
    der: &[u8],
    content: &[u8],
    person: Claimed<'_>,
    authorities: Option<&Authorities>,
    now: Timestamp,
) -> Result<PersonSigner, NotPerson> {
    let verified = cms::verify(der, &[content], authorities, now).map_err(|fault| NotPerson::Invalid(fault.text()))?;
    let number = person.number.trim();
    let tail = number.len().checked_sub(TAIL).and_then(|from| number.get(from..)).ok_or(NotPerson::Other)?;
    let name = person.name.trim();
    if name.is_empty() || !verified.signer.says(name) || !verified.signer.says(tail) {
        return Err(NotPerson::Other);
    }
    Ok(PersonSigner {
        certificate: verified.signer.fingerprint,
        algorithm: verified.algorithm.to_owned(),
        signed_at: verified.signed_at,
        revocation: verified.signer.revocation,
    })
}
