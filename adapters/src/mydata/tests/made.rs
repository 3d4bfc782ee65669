//! Packages as the platform makes them, with throw-away keys; each part can be made wrong.

use std::collections::BTreeMap;
use std::io::Write;

use aws_lc_rs::cipher::{AES_256 as CBC_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use claimgate_packet::jose::base64url;
use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SigningKey, date_time_ymd,
};
use serde_json::json;

use crate::mydata::{Package, Refusal, Transfer, Trust, open};
use crate::signature::Authorities;

pub(in crate::mydata) const CLIENT: &str = "CLI.Made_up";
pub(in crate::mydata) const VEHICLE: &str = "API.60GGfgGX1A";
pub(in crate::mydata) const SLIP: &str = "API.MadeUpSlip";
const KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";
const CONTENT: [u8; 64] = [7; 64];

/// One file of an archive in the making.
#[derive(Clone)]
pub(in crate::mydata) struct File {
    pub(in crate::mydata) name: Vec<u8>,
    pub(in crate::mydata) bytes: Vec<u8>,
    pub(in crate::mydata) deflated: bool,
    pub(in crate::mydata) flags: u16,
    pub(in crate::mydata) outside: u32,
    /// Sizes behind the file, as programs write that do not know them before.
    pub(in crate::mydata) streamed: bool,
}

pub(in crate::mydata) fn file(name: &str, bytes: &[u8]) -> File {
    let (name, bytes) = (name.as_bytes().to_vec(), bytes.to_vec());
    File { name, bytes, deflated: false, flags: 0x800, outside: 0, streamed: false }
}

/// An archive.
pub(in crate::mydata) fn zip(files: &[File]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let packed = if file.deflated { deflate(&file.bytes) } else { file.bytes.clone() };
        let mut crc = Crc::new();
        crc.update(&file.bytes);
        let sizes = [crc.sum(), int(packed.len()), int(file.bytes.len())].map(u32::to_le_bytes).concat();
        let flags = file.flags | if file.streamed { 8 } else { 0 };
        let method = if file.deflated { 8_u16 } else { 0 };
        let head = [20, flags, method, 0, 0].map(u16::to_le_bytes).concat();
        let name = u16::try_from(file.name.len()).unwrap().to_le_bytes();
        let offset = int(archive.len());
        archive.extend(0x0403_4B50_u32.to_le_bytes());
        archive.extend(&head);
        archive.extend(if file.streamed { vec![0; 12] } else { sizes.clone() });
        archive.extend([&name[..], &[0, 0], &file.name, &packed].concat());
        if file.streamed {
            archive.extend([&0x0807_4B50_u32.to_le_bytes()[..], &sizes].concat());
        }
        directory.extend(0x0201_4B50_u32.to_le_bytes());
        directory.extend([&20_u16.to_le_bytes()[..], &head, &sizes, &name, &[0; 8]].concat());
        directory.extend([&file.outside.to_le_bytes()[..], &offset.to_le_bytes(), &file.name].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (size, start) = (int(directory.len()).to_le_bytes(), int(archive.len()).to_le_bytes());
    let end = [&0x0605_4B50_u32.to_le_bytes()[..], &[0; 4], &count, &count, &size, &start, &[0, 0]].concat();
    [archive, directory, end].concat()
}

fn int(number: usize) -> u32 {
    number.try_into().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A data provider's certificate in the making.
pub(in crate::mydata) struct Provider {
    pub(in crate::mydata) ca: CertifiedIssuer<'static, KeyPair>,
    pub(in crate::mydata) certificate: Vec<u8>,
    pub(in crate::mydata) key: KeyPair,
}

pub(in crate::mydata) fn provider_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Made-up bureau");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[1, 2, 3]));
    params
}

impl Provider {
    pub(in crate::mydata) fn new() -> Self {
        Self::with(&provider_params())
    }

    pub(in crate::mydata) fn with(params: &CertificateParams) -> Self {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "Made-up GCA");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.not_before = date_time_ymd(2020, 1, 1);
        authority.not_after = date_time_ymd(2040, 1, 1);
        let ca = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap().der().to_vec();
        Self { ca, certificate, key }
    }

    /// A revocation list of the authority.
    pub(in crate::mydata) fn list(&self, revoked: &[&[u8]]) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: date_time_ymd(2026, 2, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2027, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.ca).unwrap().der().to_vec()
    }

    /// A provider's archive: data files, their manifest, signature and certificate.
    pub(in crate::mydata) fn archive(&self, data: &[File]) -> Vec<File> {
        self.signed(data, &inner_manifest(data))
    }

    /// The same with a manifest of one's own.
    pub(in crate::mydata) fn signed(&self, data: &[File], manifest: &str) -> Vec<File> {
        let signature = self.key.sign(manifest.as_bytes()).unwrap();
        let mut files = data.to_vec();
        files.push(file("META-INFO/manifest.xml", manifest.as_bytes()));
        files.push(file("META-INFO/certificate.cer", &self.certificate));
        files.push(file("META-INFO/manifest.sha256withrsa", &signature));
        files
    }
}

pub(in crate::mydata) fn inner_manifest(data: &[File]) -> String {
    let each = data.iter().map(|one| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &one.bytes);
        let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let name = String::from_utf8_lossy(&one.name);
        format!("<file><filename>{name}</filename><digest>{hex}</digest></file>")
    });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><files>{}</files>", each.collect::<String>())
}

/// One line of the outer manifest: resource id and code.
pub(in crate::mydata) fn outer_manifest(rows: &[(&str, &str)]) -> String {
    let each = rows.iter().map(|(id, code)| {
        format!(
            "<file><filename>{id}.zip</filename><resource_id>{id}</resource_id><resource_name>示範資料</resource_name>\
             <code>{code}</code></file>"
        )
    });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><files>{}</files>", each.collect::<String>())
}

/// A whole package around an outer archive.
pub(in crate::mydata) fn package(outer: &[u8]) -> String {
    let data = format!("application/zip;data:{}", base64url::encode(outer));
    encrypt(json!({"filename": format!("{CLIENT}.zip"), "data": data}).to_string().as_bytes())
}

pub(in crate::mydata) fn encrypt(plain: &[u8]) -> String {
    let protected = base64url::encode(br#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#);
    let mut wrapped = [0; 72];
    KeyEncryptionKey::new(&AES_256, KEY).unwrap().wrap(&CONTENT, &mut wrapped).unwrap();
    let key = UnboundCipherKey::new(&CBC_256, &CONTENT[32..]).unwrap();
    let mut buffer = plain.to_vec();
    let context = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap().encrypt(&mut buffer).unwrap();
    let DecryptionContext::Iv128(iv) = context else { panic!("no IV") };
    let length = u64::try_from(protected.len() * 8).unwrap().to_be_bytes();
    let authenticated = [protected.as_bytes(), iv.as_ref(), &buffer, &length].concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &CONTENT[..32]), &authenticated);
    let parts = [&wrapped[..], iv.as_ref(), &buffer, &mac.as_ref()[..32]].map(base64url::encode);
    format!("{protected}.{}", parts.join("."))
}

/// How the gateway is set up.
pub(in crate::mydata) struct Setting {
    pub(in crate::mydata) authorities: Authorities,
    pub(in crate::mydata) providers: BTreeMap<String, String>,
    pub(in crate::mydata) revocation_required: bool,
    pub(in crate::mydata) at: &'static str,
    pub(in crate::mydata) resources: Vec<String>,
}

impl Setting {
    pub(in crate::mydata) fn of(provider: &Provider, lists: &[Vec<u8>]) -> Self {
        Self {
            authorities: Authorities::new(&[provider.ca.der().to_vec()], lists, &[]).unwrap(),
            providers: BTreeMap::new(),
            revocation_required: false,
            at: "2026-09-20T02:00:00Z",
            resources: vec![VEHICLE.to_owned()],
        }
    }

    pub(in crate::mydata) fn open(&self, jwe: &str) -> Result<Package, Refusal> {
        let at: Timestamp = self.at.parse().unwrap();
        let transfer = Transfer { client_id: CLIENT, resources: &self.resources, key: KEY, at };
        let trust = Trust {
            authorities: &self.authorities,
            providers: &self.providers,
            revocation_required: self.revocation_required,
        };
        open(jwe, &transfer, &trust)
    }
}

/// The outer archive of one delivered data set.
pub(in crate::mydata) fn outer(inner: &[File]) -> Vec<File> {
    let manifest = outer_manifest(&[(VEHICLE, "200")]);
    vec![file("META-INFO/manifest.xml", manifest.as_bytes()), file(&format!("{VEHICLE}.zip"), &zip(inner))]
}

/// A made-up vehicle as the highway bureau writes it.
pub(in crate::mydata) fn vehicle() -> File {
    let vehicle = json!([{
        "plateNo": "ABC-1234", "ownerName": "王小明", "ownerId": "A123456789", "birthday": "079-01-01",
        "bodyNo": "MADEUP0001", "brandNo": 1, "brandName": "示範", "carType": "1", "cc": 1998, "colorName": "白色",
        "txnName": "正常", "txnNo": "1", "licEffectDt": "2024-07-13T13:16:10+08:00", "nextExamDt": "113/07/13",
        "permAddr": "示範路1號", "permZipName": "示範市", "permZipNo": 100, "telNo": "", "newMember": "x"
    }]);
    file("車籍資料.json", vehicle.to_string().as_bytes())
}
