//! The form of a CMS `SignedData` (RFC 5652 §5): read strictly, element by element, without trusting any of it.

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Tag};
use jiff::Timestamp;
use x509_cert::time::Time;

use crate::signature::authority::Certificate;
use crate::signature::fault::{Fault, invalid};
use crate::signature::key::{Hash, Scheme};
use crate::signature::tlv::{self, Tlv};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// The version numbers that go with naming the signer by issuer and serial number (RFC 5652 §5.1, §5.3).
const ISSUER_AND_SERIAL: &[u8] = &[2, 1, 1];
/// Those that go with naming it by key identifier.
const KEY_ID: &[u8] = &[2, 1, 3];
/// Certificates that may be included.
const CERTIFICATES: usize = 8;

const FORM: Fault = invalid(
    "Not a detached PKCS#7 signature in DER (RFC 5652 SignedData, one signer, no content inside). Make it with \
     `openssl cms -sign -binary -outform DER` or with detached mode of the card's library.",
);
const ATTRIBUTES: Fault = invalid(
    "The PKCS#7 signature lacks signed attributes, or has one twice or misshapen: contentType (data) and messageDigest \
     are needed, signingTime may be there, each once. Do not switch them off.",
);
const ALGORITHM: Fault = invalid(
    "The PKCS#7 signature uses an algorithm that is not taken. Use SHA-256, SHA-384 or SHA-512 with RSA (PKCS#1 v1.5, \
     or PSS with the same hash in MGF1 and a salt as long as the hash) or ECDSA.",
);

/// The parts of a signature.
pub(super) struct Signed<'a> {
    /// The certificates included, in DER.
    pub(super) certificates: Vec<&'a [u8]>,
    /// How the attributes are signed.
    pub(super) scheme: Scheme,
    /// The signed attributes as they were signed: a DER set.
    pub(super) attributes: Vec<u8>,
    /// The signature.
    pub(super) signature: &'a [u8],
    /// signingTime (RFC 5652 §11.3).
    pub(super) time: Option<Timestamp>,
    hash: Hash,
    digest: &'a [u8],
    signer: Tlv<'a>,
}

impl<'a> Signed<'a> {
    /// Reads the form.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Fault> {
        let Outer { version, digests, certificates, info } = Outer::read(der).ok_or(FORM)?;
        let parts = info.inside(Tag::Sequence).ok_or(FORM)?;
        let [info_version, signer, digest_algorithm, attributes, algorithm, signature, rest @ ..] = parts.as_slice()
        else {
            return Err(if parts.len() == 5 { ATTRIBUTES } else { FORM });
        };
        // What stands in unsigned attributes is nobody's word; a countersignature or time stamp is not read yet.
        let expected = if signer.tag == Tag::Sequence { ISSUER_AND_SERIAL } else { KEY_ID };
        if version.whole != expected || info_version.whole != expected {
            return Err(FORM);
        }
        if !rest.iter().all(|part| part.is_context(1)) || signature.tag != Tag::OctetString {
            return Err(FORM);
        }
        if !attributes.is_context(0) {
            return Err(ATTRIBUTES);
        }
        let hash = hash(digest_algorithm).filter(|found| hash(&digests) == Some(*found)).ok_or(ALGORITHM)?;
        let scheme = scheme(algorithm, hash).ok_or(ALGORITHM)?;
        let said = Attributes::read(attributes.value).ok_or(ATTRIBUTES)?;
        Ok(Self {
            certificates,
            scheme,
            attributes: as_set(attributes.whole),
            signature: signature.value,
            time: said.signed_at,
            hash,
            digest: said.digest,
            signer: *signer,
        })
    }

    /// Whether the digest that was signed is that of this content.
    pub(super) fn covers(&self, content: &[u8]) -> bool {
        self.hash.digest(content).as_ref() == self.digest
    }

    /// The signer's certificate among those included.
    pub(super) fn certificate(&self) -> Result<Certificate<'a>, Fault> {
        let missing = invalid("The PKCS#7 signature does not include the signer's certificate. Include it.");
        let mut read = self.certificates.iter().filter_map(|der| Certificate::read(der));
        let issuer = self.signer.inside(Tag::Sequence);
        let found = match issuer.as_deref() {
            Some([issuer, serial]) if serial.tag == Tag::Integer => read.find(|one| one.is(issuer.whole, serial.value)),
            Some(_) => None,
            None => read.find(|one| self.signer.is_plain_context(0) && one.has_key_id(self.signer.value)),
        };
        found.ok_or(missing)
    }

    /// The word for how it is signed.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.scheme {
            Scheme::RsaPkcs1(Hash::Sha256) => "rsassa-pkcs1-v1_5-sha256",
            Scheme::RsaPkcs1(Hash::Sha384) => "rsassa-pkcs1-v1_5-sha384",
            Scheme::RsaPkcs1(Hash::Sha512) => "rsassa-pkcs1-v1_5-sha512",
            Scheme::RsaPss(Hash::Sha256) => "rsassa-pss-sha256",
            Scheme::RsaPss(Hash::Sha384) => "rsassa-pss-sha384",
            Scheme::RsaPss(Hash::Sha512) => "rsassa-pss-sha512",
            Scheme::EcdsaDer(Hash::Sha256) | Scheme::EcdsaFixed(Hash::Sha256) => "ecdsa-sha256",
            Scheme::EcdsaDer(Hash::Sha384) | Scheme::EcdsaFixed(Hash::Sha384) => "ecdsa-sha384",
            Scheme::EcdsaDer(Hash::Sha512) | Scheme::EcdsaFixed(Hash::Sha512) => "ecdsa-sha512",
            Scheme::Ed25519 => "ed25519",
        }
    }
}

/// The parts around the one `SignerInfo` of a `ContentInfo`.
struct Outer<'a> {
    version: Tlv<'a>,
    /// The one digest algorithm announced.
    digests: Tlv<'a>,
    certificates: Vec<&'a [u8]>,
    info: Tlv<'a>,
}

impl<'a> Outer<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let outer = tlv::element(der)?.inside(Tag::Sequence)?;
        let [kind, explicit] = outer.as_slice() else { return None };
        if kind.oid()? != SIGNED_DATA || !explicit.is_context(0) {
            return None;
        }
        let parts = tlv::element(explicit.value)?.inside(Tag::Sequence)?;
        let [version, digests, content, optional @ .., signers] = parts.as_slice() else { return None };
        // Detached: a type and nothing with it.
        let content = content.inside(Tag::Sequence)?;
        let [content] = content.as_slice() else { return None };
        if content.oid()? != DATA {
            return None;
        }
        let certificates = match optional {
            [] => Vec::new(),
            [one] if one.is_context(0) => certificates(one)?,
            // Revocation lists that come along are the sender's choice and prove nothing.
            [lists] if lists.is_context(1) => Vec::new(),
            [one, lists] if one.is_context(0) && lists.is_context(1) => certificates(one)?,
            _ => return None,
        };
        let (digests, signers) = (digests.inside(Tag::Set)?, signers.inside(Tag::Set)?);
        let ([digests], [info]) = (digests.as_slice(), signers.as_slice()) else { return None };
        Some(Self { version: *version, digests: *digests, certificates, info: *info })
    }
}

fn certificates<'a>(all: &Tlv<'a>) -> Option<Vec<&'a [u8]>> {
    let all: Vec<_> = tlv::elements(all.value)?.iter().map(|found| found.whole).collect();
    (all.len() <= CERTIFICATES).then_some(all)
}

/// What the signer says beside the signature.
struct Attributes<'a> {
    digest: &'a [u8],
    signed_at: Option<Timestamp>,
}

impl<'a> Attributes<'a> {
    fn read(set: &'a [u8]) -> Option<Self> {
        let (mut content_type, mut digest, mut signed_at) = (None, None, None);
        for attribute in tlv::elements(set)? {
            let parts = attribute.inside(Tag::Sequence)?;
            let [name, values] = parts.as_slice() else { return None };
            let values = values.inside(Tag::Set)?;
            let slot = match name.oid()? {
                CONTENT_TYPE => &mut content_type,
                MESSAGE_DIGEST => &mut digest,
                SIGNING_TIME => &mut signed_at,
                _ => continue,
            };
            let [value] = values.as_slice() else { return None };
            if slot.replace(*value).is_some() {
                return None;
            }
        }
        if content_type?.oid()? != DATA {
            return None;
        }
        let digest = digest.filter(|digest| digest.tag == Tag::OctetString)?.value;
        let signed_at = match signed_at {
            Some(value) => Some(time(value.whole)?),
            None => None,
        };
        Some(Self { digest, signed_at })
    }
}

fn time(der: &[u8]) -> Option<Timestamp> {
    let since = <Time>::from_der(der).ok()?.to_unix_duration();
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

/// The attributes are signed under the tag of a set, not under the one they are sent with (RFC 5652 §5.4).
fn as_set(sent: &[u8]) -> Vec<u8> {
    let mut signed = sent.to_vec();
    if let Some(tag) = signed.first_mut() {
        *tag = 0x31;
    }
    signed
}

/// The hash of a digest algorithm; its parameters are absent or NULL (RFC 5754 §2).
fn hash(algorithm: &Tlv<'_>) -> Option<Hash> {
    let parts = algorithm.inside(Tag::Sequence)?;
    let (name, parameters) = parts.split_first()?;
    if !parameters.iter().all(|one| one.tag == Tag::Null) {
        return None;
    }
    hash_of(name.oid()?)
}

fn hash_of(name: ObjectIdentifier) -> Option<Hash> {
    const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
    const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
    const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
    Some(match name {
        SHA256 => Hash::Sha256,
        SHA384 => Hash::Sha384,
        SHA512 => Hash::Sha512,
        _ => return None,
    })
}

/// The scheme of a signature algorithm; where it names a hash, it is that of the digest.
fn scheme(algorithm: &Tlv<'_>, hash: Hash) -> Option<Scheme> {
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
    const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
    const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
    const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
    const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
    const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
    const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
    let parts = algorithm.inside(Tag::Sequence)?;
    let (name, parameters) = parts.split_first()?;
    let name = name.oid()?;
    if name == RSA_PSS {
        return pss_fits(parameters, hash).then_some(Scheme::RsaPss(hash));
    }
    if !parameters.iter().all(|one| one.tag == Tag::Null) {
        return None;
    }
    Some(match (name, hash) {
        (RSA, hash) => Scheme::RsaPkcs1(hash),
        (RSA_SHA256, Hash::Sha256) | (RSA_SHA384, Hash::Sha384) | (RSA_SHA512, Hash::Sha512) => Scheme::RsaPkcs1(hash),
        (ECDSA_SHA256, Hash::Sha256) | (ECDSA_SHA384, Hash::Sha384) | (ECDSA_SHA512, Hash::Sha512) => {
            Scheme::EcdsaDer(hash)
        }
        _ => return None,
    })
}

/// RSASSA-PSS parameters (RFC 4055 §3.1): one hash throughout and a salt of its length. The defaults mean SHA-1.
fn pss_fits(parameters: &[Tlv<'_>], hash: Hash) -> bool {
    let check = || {
        let [parameters] = parameters else { return None };
        let parts = parameters.inside(Tag::Sequence)?;
        let [digest, mask, salt, rest @ ..] = parts.as_slice() else { return None };
        let mask_parts = tlv::element(mask.value)?.inside(Tag::Sequence)?;
        let [generator, mask_hash] = mask_parts.as_slice() else { return None };
        let salt_length = UintRef::from_der(salt.value).ok()?;
        let places = digest.is_context(0) && mask.is_context(1) && salt.is_context(2);
        let trailer = rest.iter().all(|one| one.is_context(3));
        let one_hash = self::hash(&tlv::element(digest.value)?)? == hash && self::hash(mask_hash)? == hash;
        Some(places && trailer && one_hash && generator.oid()? == MGF1 && salt_length.as_bytes() == [hash.bytes()])
    };
    check().unwrap_or(false)
}
