//! A made-up authority with an intermediate and a hospital's certificate, and PKCS#7 signatures with them.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SignatureAlgorithm, SigningKey,
    date_time_ymd,
};

use super::INSTITUTION;
use crate::signature::Authorities;
use crate::signature::key::Hash;

/// `2026-08-21T09:59:00Z` as a `UTCTime`.
const SIGNING_TIME: &[u8] = b"260821095900Z";

type Ca = CertifiedIssuer<'static, KeyPair>;

pub(super) struct Hierarchy {
    pub(super) root: Ca,
    pub(super) middle: Ca,
    pub(super) leaf: Vec<u8>,
    pub(super) key: KeyPair,
}

/// An authority's certificate.
pub(super) fn ca(name: &str, by: Option<&Issuer<'_, KeyPair>>) -> Ca {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    let key = KeyPair::generate().unwrap();
    match by {
        Some(by) => Ca::signed_by(params, key, by).unwrap(),
        None => Ca::self_signed(params, key).unwrap(),
    }
}

/// A hospital's certificate as it should be.
pub(super) fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "範例醫院");
    params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), INSTITUTION);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    // The first bit set, so that its DER begins with a zero.
    params.serial_number = Some(SerialNumber::from_slice(&[0x91, 2, 3, 4]));
    params
}

impl Hierarchy {
    pub(super) fn new() -> Self {
        Self::with(&leaf_params(), &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    pub(super) fn with(params: &CertificateParams, algorithm: &'static SignatureAlgorithm) -> Self {
        let root = ca("Made-up Root", None);
        let middle = ca("Made-up 醫事憑證管理中心", Some(&root));
        let key = KeyPair::generate_for(algorithm).unwrap();
        let leaf = params.signed_by(&key, &middle).unwrap().der().to_vec();
        Self { root, middle, leaf, key }
    }

    pub(super) fn authorities(&self) -> Authorities {
        Authorities::new(&[self.root.der().to_vec()], &[], &[]).unwrap()
    }

    pub(super) fn with_lists(&self, lists: &[Vec<u8>]) -> Authorities {
        Authorities::new(&[self.root.der().to_vec()], lists, &[]).unwrap()
    }

    pub(super) fn cms(&self) -> Cms<'_> {
        Cms {
            hash: Hash::Sha256,
            algorithm: ECDSA_SHA256,
            certificates: vec![self.leaf.clone(), self.middle.der().to_vec()],
            content_type: DATA,
            twice: false,
            attributes: true,
            key: &self.key,
        }
    }

    pub(super) fn sign(&self, content: &[u8]) -> Vec<u8> {
        self.cms().sign(content)
    }
}

/// A revocation list of an authority, in force at the tests' time unless it ended in another year.
pub(super) fn list(by: &Ca, revoked: &[&[u8]], until: i32) -> Vec<u8> {
    list_issued(by, revoked, 1, until)
}

/// Issued on that day of January 2026, good until a year.
pub(super) fn list_issued(by: &Ca, revoked: &[&[u8]], day: u8, until: i32) -> Vec<u8> {
    let revoked = revoked.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from_slice(serial),
        revocation_time: date_time_ymd(2026, 2, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, day),
        next_update: date_time_ymd(until, 1, 2),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(by).unwrap().der().to_vec()
}

pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
pub(super) const ECDSA_SHA256: &[u64] = &[1, 2, 840, 10_045, 4, 3, 2];

/// A PKCS#7 signature in the making; each field can be made wrong.
pub(super) struct Cms<'a> {
    pub(super) hash: Hash,
    pub(super) algorithm: &'static [u64],
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) content_type: &'static [u64],
    pub(super) twice: bool,
    pub(super) attributes: bool,
    pub(super) key: &'a KeyPair,
}

impl Cms<'_> {
    pub(super) fn sign(&self, content: &[u8]) -> Vec<u8> {
        let hash = sequence(&[oid(&[2, 16, 840, 1, 101, 3, 4, 2, u64::from(self.hash.bytes()) / 16 - 1])]);
        let attribute =
            |name: u64, value: Vec<u8>| sequence(&[oid(&[1, 2, 840, 113_549, 1, 9, name]), tlv(0x31, &[value])]);
        let digest = attribute(4, tlv(4, &[self.hash.digest(content).as_ref().to_vec()]));
        let mut attributes = vec![
            attribute(3, oid(self.content_type)),
            attribute(5, tlv(0x17, &[SIGNING_TIME.to_vec()])),
            digest.clone(),
        ];
        if self.twice {
            attributes.push(digest);
        }
        let signed = if self.attributes { tlv(0x31, &attributes) } else { content.to_vec() };
        let signature = self.key.sign(&signed).unwrap();
        let body = element_at(&self.certificates[0], 0);
        let (serial, issuer) = (element_at(&body, 1), element_at(&body, 3));
        let mut info = vec![tlv(2, &[vec![1]]), sequence(&[issuer, serial]), hash.clone()];
        if self.attributes {
            info.push(tlv(0xA0, &attributes));
        }
        info.extend([sequence(&[oid(self.algorithm)]), tlv(4, &[signature])]);
        let data = sequence(&[
            tlv(2, &[vec![1]]),
            tlv(0x31, &[hash]),
            sequence(&[oid(DATA)]),
            tlv(0xA0, &self.certificates),
            tlv(0x31, &[sequence(&info)]),
        ]);
        sequence(&[oid(&[1, 2, 840, 113_549, 1, 7, 2]), tlv(0xA0, &[data])])
    }
}

/// One of the elements inside an element, whole.
fn element_at(der: &[u8], at: usize) -> Vec<u8> {
    let outer = crate::signature::tlv::element(der).unwrap();
    crate::signature::tlv::elements(outer.value).unwrap()[at].whole.to_vec()
}

pub(super) fn tlv(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut der = vec![tag];
    match length {
        0..128 => der.push(u8::try_from(length).unwrap()),
        128..256 => der.extend([0x81, u8::try_from(length).unwrap()]),
        _ => der.extend([vec![0x82], u16::try_from(length).unwrap().to_be_bytes().to_vec()].concat()),
    }
    der.extend(content);
    der
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub(super) fn oid(parts: &[u64]) -> Vec<u8> {
    let text = parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
    let oid: der::asn1::ObjectIdentifier = text.parse().unwrap();
    tlv(6, &[oid.as_bytes().to_vec()])
}
