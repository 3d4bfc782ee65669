//! Certificates (RFC 5280): from a signer up to an authority the operator trusts, and whose institution it is.
//!
//! The path is rustls-webpki's to judge; key usage, institution and what a missing revocation list means are ours.

use std::cmp::Reverse;
use std::time::Duration;

use claimgate_packet::jose::digest;
use claimgate_packet::opaque_debug;
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Encode, Tagged};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde::{Deserialize, Serialize};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    aws_lc_rs,
};
use x509_cert::ext::pkix::{KeyUsage, SubjectDirectoryAttributes, SubjectKeyIdentifier};

use super::fault::{Fault, invalid, not_checked};
use super::key::PublicKey;

mod dates;
mod files;

use dates::Dates;

pub use dates::Standing;
pub use files::{certificates_in, lists_in};

/// Where certificates carry the institution code unless the operator says otherwise: serialNumber, organizationalUnitName.
const INSTITUTION_ATTRIBUTES: [&str; 2] = ["2.5.4.5", "2.5.4.11"];
/// Authorities between the signer and the trusted one; the path is four certificates at most.
const INTERMEDIATES: usize = 2;
/// Trusted authorities, and revocation lists.
const MOST: usize = 64;

const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 10] = [
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
    aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    aws_lc_rs::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    aws_lc_rs::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    aws_lc_rs::ECDSA_P256_SHA256,
    aws_lc_rs::ECDSA_P256_SHA384,
    aws_lc_rs::ECDSA_P384_SHA256,
    aws_lc_rs::ECDSA_P384_SHA384,
];

/// Whether the certificates of a signer were still in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// The operator's lists cover the whole path and name none of it.
    Good,
    /// There is no list in force for every certificate of the path.
    Unchecked,
}

/// Why the operator's certificates or lists cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// A trusted certificate is not X.509 in DER.
    #[error("authority {0}: not an X.509 certificate in DER")]
    Certificate(usize),
    /// A list is not a complete CRL in DER.
    #[error("revocation list {0}: not a complete X.509 CRL (version 2) in DER")]
    RevocationList(usize),
    /// An attribute is no object identifier.
    #[error("institution attribute {0}: not an object identifier such as 2.5.4.5")]
    Attribute(usize),
    /// None, or more than 64.
    #[error("there must be 1 to 64 authorities, and at most 64 revocation lists and attributes")]
    Count,
}

/// The certificate authorities a gateway trusts for signatures, with their revocation lists.
#[derive(Debug)]
pub struct Authorities {
    anchors: Vec<(TrustAnchor<'static>, Dates)>,
    lists: Vec<(CertRevocationList<'static>, Dates)>,
    attributes: Vec<ObjectIdentifier>,
}

impl Authorities {
    /// Reads the operator's files once, in DER. `attributes` are object identifiers of the subject or of
    /// `subjectDirectoryAttributes` that carry the institution code (醫事機構代碼); empty means serialNumber and
    /// organizationalUnitName.
    ///
    /// # Errors
    /// [`AuthorityError`] with the position, from 0.
    pub fn new(certificates: &[Vec<u8>], lists: &[Vec<u8>], attributes: &[String]) -> Result<Self, AuthorityError> {
        if certificates.is_empty()
            || [certificates.len(), lists.len(), attributes.len()].iter().any(|many| *many > MOST)
        {
            return Err(AuthorityError::Count);
        }
        let anchor = |(place, der): (usize, &Vec<u8>)| {
            let wrong = AuthorityError::Certificate(place);
            let dates = Dates::of_certificate(der).ok_or(wrong)?;
            let der = CertificateDer::from(der.as_slice());
            let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| wrong)?;
            Ok((anchor.to_owned(), dates))
        };
        let list = |(place, der): (usize, &Vec<u8>)| {
            let wrong = AuthorityError::RevocationList(place);
            let dates = Dates::of_list(der).ok_or(wrong)?;
            let list = OwnedCertRevocationList::from_der(der).map_err(|_| wrong)?;
            Ok((CertRevocationList::from(list), dates))
        };
        let attribute = |(place, text): (usize, &str)| text.parse().map_err(|_| AuthorityError::Attribute(place));
        let attributes = match attributes {
            [] => INSTITUTION_ATTRIBUTES.into_iter().enumerate().map(attribute).collect::<Result<_, _>>(),
            given => given.iter().map(String::as_str).enumerate().map(attribute).collect(),
        };
        Ok(Self {
            anchors: certificates.iter().enumerate().map(anchor).collect::<Result<_, _>>()?,
            lists: lists.iter().enumerate().map(list).collect::<Result<_, _>>()?,
            attributes: attributes?,
        })
    }

    /// How they stand at a time: for an operator, who has to renew what ended.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let ended = |dates: Vec<Dates>| {
            let places = dates.iter().enumerate().filter(|(_, dates)| !dates.hold(now));
            places.map(|(place, _)| place).collect()
        };
        Standing {
            authorities: self.anchors.len(),
            lists: self.lists.len(),
            ended_authorities: ended(self.anchors.iter().map(|(_, dates)| *dates).collect()),
            ended_lists: ended(self.lists.iter().map(|(_, dates)| *dates).collect()),
        }
    }

    /// Follows the path from a signer's certificate to an authority.
    pub(super) fn trust(
        &self,
        certificate: &Certificate<'_>,
        included: &[&[u8]],
        now: Timestamp,
    ) -> Result<Signer, Fault> {
        self.follow(certificate, included, now).map_err(fault)
    }

    /// The same, with the reason as a value.
    pub(super) fn follow(
        &self,
        certificate: &Certificate<'_>,
        included: &[&[u8]],
        now: Timestamp,
    ) -> Result<Signer, Untrusted> {
        if !certificate.may_sign() {
            return Err(Untrusted::Usage);
        }
        let der = CertificateDer::from(certificate.der);
        let end = EndEntityCert::try_from(&der).map_err(|error| Untrusted::of(&error))?;
        let others: Vec<_> = included.iter().map(|der| CertificateDer::from(*der)).collect();
        // A trusted certificate is no part of the path that is judged: its dates are ours to look at.
        let anchors = self.anchors.iter().filter(|(_, dates)| dates.hold(now));
        let anchors: Vec<_> = anchors.map(|(anchor, _)| anchor.clone()).collect();
        // The path asks the first list of an issuer and no other: that has to be its newest (RFC 5280, section 5).
        let mut lists: Vec<_> = self.lists.iter().filter(|(_, dates)| dates.begun(now)).collect();
        lists.sort_by_key(|(_, dates)| Reverse(dates.from()));
        let lists: Vec<_> = lists.into_iter().map(|(list, _)| list).collect();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let path = |status, expiration| {
            let options = RevocationOptionsBuilder::new(&lists).ok().map(|builder| {
                let builder = builder.with_depth(RevocationCheckDepth::Chain);
                builder.with_status_policy(status).with_expiration_policy(expiration).build()
            });
            let path = end.verify_for_usage(&ALGORITHMS, &anchors, &others, now, Purpose, options, Some(&short));
            path.map(|_| ())
        };
        let revocation = match path(UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce) {
            Ok(()) if lists.is_empty() => Revocation::Unchecked,
            Ok(()) => Revocation::Good,
            // Not all of the path is covered by lists in force. What a list does say still counts.
            Err(Error::UnknownRevocationStatus | Error::CrlExpired { .. }) => {
                path(UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore).map_err(|error| Untrusted::of(&error))?;
                Revocation::Unchecked
            }
            Err(error) => return Err(Untrusted::of(&error)),
        };
        Ok(Signer {
            fingerprint: digest::sha256_text(certificate.der),
            revocation,
            codes: certificate.values(&self.attributes),
        })
    }
}

/// Who signed, by a trusted certificate.
pub(super) struct Signer {
    /// SHA-256 of the certificate, base64url.
    pub(super) fingerprint: String,
    /// Whether the path was in force.
    pub(super) revocation: Revocation,
    codes: Vec<String>,
}

opaque_debug!(Signer);

impl Signer {
    /// Whether one of the attributes that are looked at has this value.
    pub(super) fn says(&self, value: &str) -> bool {
        self.codes.iter().any(|found| found == value)
    }

    /// Whether the certificate is this institution's (醫事機構代碼).
    pub(super) fn is_institution(&self, code: &str) -> Result<bool, Fault> {
        if self.codes.is_empty() {
            return Err(not_checked(
                "The signer's certificate carries no institution code where this gateway looks for it: a person's card \
                 (醫事人員憑證) does not sign for the hospital. Sign with the institution's (醫事機構憑證), or ask the \
                 operator to name the attribute that carries the code.",
            ));
        }
        Ok(self.codes.iter().any(|found| found == code))
    }
}

/// A certificate that came with a signature, read and not yet trusted.
pub(super) struct Certificate<'a> {
    der: &'a [u8],
    read: x509_cert::Certificate,
}

opaque_debug!(Certificate<'_>);

impl<'a> Certificate<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        Some(Self { der, read: x509_cert::Certificate::from_der(der).ok()? })
    }

    /// Whether it has this issuer (a whole Name in DER) and serial number.
    pub(super) fn is(&self, issuer: &[u8], serial: &[u8]) -> bool {
        let body = self.read.tbs_certificate();
        body.issuer().to_der().is_ok_and(|found| found == issuer) && body.serial_number().as_bytes() == serial
    }

    /// Whether it has this subject key identifier.
    pub(super) fn has_key_id(&self, id: &[u8]) -> bool {
        let found = self.read.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
        found.is_ok_and(|found| found.is_some_and(|(_, found)| found.0.as_bytes() == id))
    }

    /// Its public key.
    pub(super) fn key(&self) -> Result<PublicKey, Fault> {
        let spki = self.read.tbs_certificate().subject_public_key_info().to_der().ok();
        spki.and_then(|spki| PublicKey::from_spki(&spki)).ok_or(invalid(
            "The signer's certificate has a key that is not taken. Use one with RSA of 2048 bits or more, P-256 or P-384.",
        ))
    }

    fn may_sign(&self) -> bool {
        match self.read.tbs_certificate().get_extension::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.digital_signature() || usage.non_repudiation()),
            Err(_) => false,
        }
    }

    /// Whose it is, as RFC 4514 writes a name.
    pub(super) fn subject(&self) -> String {
        self.read.tbs_certificate().subject().to_string()
    }

    /// The texts of some attributes, in the subject and in `subjectDirectoryAttributes`.
    fn values(&self, attributes: &[ObjectIdentifier]) -> Vec<String> {
        let body = self.read.tbs_certificate();
        let subject =
            body.subject().iter().filter(|one| attributes.contains(&one.oid)).filter_map(|one| text(&one.value));
        let directory = body.get_extension::<SubjectDirectoryAttributes>().ok().flatten();
        let directory = directory.map(|(_, found)| found.0).unwrap_or_default();
        let directory = directory.iter().filter(|one| attributes.contains(&one.oid));
        subject.chain(directory.flat_map(|one| one.values.iter()).filter_map(text)).collect()
    }
}

/// The text of a value: any of the ASN.1 strings whose bytes are UTF-8.
fn text(value: &Any) -> Option<String> {
    use der::Tag::{Ia5String, NumericString, OctetString, PrintableString, Utf8String};
    let readable = matches!(value.tag(), Ia5String | NumericString | OctetString | PrintableString | Utf8String);
    readable.then(|| std::str::from_utf8(value.value()).ok().map(|text| text.trim().to_owned()))?
}

/// A certificate without purposes may sign; one with purposes needs one that means documents, mail or its holder.
struct Purpose;

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        const CLIENT_AUTH: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 2];
        const EMAIL_PROTECTION: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 4];
        const DOCUMENT_SIGNING: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 36];
        const ANY: &[u8] = &[0x55, 0x1D, 0x25, 0];
        let mut empty = true;
        for purpose in purposes {
            let purpose = purpose?;
            empty = false;
            if [CLIENT_AUTH, EMAIL_PROTECTION, DOCUMENT_SIGNING, ANY]
                .iter()
                .any(|one| KeyPurposeId::new(one) == purpose)
            {
                return Ok(());
            }
        }
        if empty { Ok(()) } else { Err(Error::ExtensionValueInvalid) }
    }
}

fn short(path: &webpki::VerifiedPath<'_>) -> Result<(), Error> {
    let intermediates = path.intermediate_certificates().count();
    if intermediates <= INTERMEDIATES { Ok(()) } else { Err(Error::MaximumPathDepthExceeded) }
}

/// Why no path leads from a certificate to a trusted authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untrusted {
    /// Not for signatures (keyUsage).
    Usage,
    /// Not for documents (extKeyUsage).
    Purpose,
    Expired,
    NotYetValid,
    Revoked,
    /// Nobody trusted issued it; so is a self-signed one.
    UnknownIssuer,
    TooLong,
    /// An authority's own.
    Authority,
    /// Whatever else.
    Path,
}

impl Untrusted {
    fn of(error: &Error) -> Self {
        match error {
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::CertRevoked => Self::Revoked,
            Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => Self::UnknownIssuer,
            Error::ExtensionValueInvalid => Self::Purpose,
            Error::MaximumPathDepthExceeded => Self::TooLong,
            Error::CaUsedAsEndEntity => Self::Authority,
            _ => Self::Path,
        }
    }
}

fn fault(why: Untrusted) -> Fault {
    invalid(match why {
        Untrusted::Usage => {
            "The signer's certificate is not for signatures (keyUsage). Sign with the card's signature certificate \
             (簽章用憑證), not with the one for encryption (加密用憑證)."
        }
        Untrusted::Expired => "The signer's certificate, or one of its issuers, has expired. Sign with one in force.",
        Untrusted::NotYetValid => {
            "The signer's certificate, or one of its issuers, is not valid yet. Compare the dates and the clocks."
        }
        Untrusted::Revoked => {
            "The signer's certificate, or one of its issuers, is revoked (已廢止). Sign with one in force."
        }
        Untrusted::UnknownIssuer => {
            "No path leads from the signer's certificate to an authority this gateway trusts and whose certificate is in \
             force. Include the issuing authorities' certificates, and ask the operator which authorities are registered."
        }
        Untrusted::Purpose => {
            "The signer's certificate is for another purpose (extKeyUsage). Sign with the signature certificate (簽章用憑證)."
        }
        Untrusted::TooLong => {
            "More than two authorities stand between the signer's certificate and the trusted one. Ask the operator to \
             register one closer to you."
        }
        Untrusted::Authority => "The signer's certificate is that of an authority. Sign with the institution's own.",
        Untrusted::Path => {
            "The path from the signer's certificate to a trusted authority does not verify. Check that the certificates are \
             those issued to you: version 3, signed with SHA-256 or better and keys of 2048 bits or more."
        }
    })
}
