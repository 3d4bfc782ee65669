//! A package as the platform makes it: manifest, outer archive, JWE with the key of the transfer; each part can be wrong.

use std::fmt::Write as _;

use aws_lc_rs::cipher::{AES_256 as CBC_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use claimgate_adapters::mydata::{DataFile, pack};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256;
use serde::Deserialize;
use serde_json::json;

use crate::id::Random;

/// What is wrong with a package, or with the answer that should bring it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// The provider's certificate is its own issuer.
    SelfSigned,
    /// The signature is over another manifest.
    Signature,
    /// A file was changed after it was signed.
    Digest,
    /// A file nobody listed lies in the provider's archive.
    Unlisted,
    /// A file's name leads upwards.
    Traversal,
    /// The provider's manifest declares a document type.
    Dtd,
    /// Another data set than the one asked for.
    OtherResource,
    /// The encrypted text was changed.
    Tampered,
    /// No data: code 204.
    NoData,
    /// Fetched before: 201.
    Fetched,
    /// An unknown ticket: 403.
    Unknown,
    /// Every provider failed: 504.
    Failed,
    /// The first fetch is told to come again: 429.
    Busy,
    /// The package comes after a while.
    Slow,
    /// The connection breaks in the middle of the package.
    Broken,
}

impl Wrong {
    /// All, in their order.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::SelfSigned, "self-signed"),
        (Self::Signature, "signature"),
        (Self::Digest, "digest"),
        (Self::Unlisted, "unlisted"),
        (Self::Traversal, "traversal"),
        (Self::Dtd, "dtd"),
        (Self::OtherResource, "other-resource"),
        (Self::Tampered, "tampered"),
        (Self::NoData, "no-data"),
        (Self::Fetched, "fetched"),
        (Self::Unknown, "unknown"),
        (Self::Failed, "failed"),
        (Self::Busy, "busy"),
        (Self::Slow, "slow"),
        (Self::Broken, "broken"),
    ];

    /// Whether it stands in the provider's archive.
    #[must_use]
    pub fn is_of_provider(self) -> bool {
        matches!(self, Self::SelfSigned | Self::Signature | Self::Digest | Self::Unlisted | Self::Traversal | Self::Dtd)
    }

    /// A provider's archive with this fault.
    pub(super) fn archive(
        self,
        files: &[DataFile],
        sign: impl Fn(&[u8]) -> Option<Vec<u8>>,
        certificate: &str,
    ) -> Option<Vec<u8>> {
        let mut data: Vec<(String, Vec<u8>)> = files.iter().map(|one| (one.name.clone(), one.bytes.clone())).collect();
        if self == Self::Traversal {
            data.push(("../../etc/cron.d/x".to_owned(), b"x".to_vec()));
        }
        let mut manifest = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned();
        if self == Self::Dtd {
            manifest.push_str("<!DOCTYPE files [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>");
        }
        manifest.push_str("<files>");
        for (name, bytes) in &data {
            let _ = write!(manifest, "<file><filename>{name}</filename><digest>");
            for byte in sha256(bytes) {
                let _ = write!(manifest, "{byte:02x}");
            }
            manifest.push_str("</digest></file>");
        }
        manifest.push_str("</files>");
        let signature = sign(if self == Self::Signature { b"another manifest" } else { manifest.as_bytes() })?;
        match self {
            Self::Digest => data.first_mut()?.1.push(b' '),
            Self::Unlisted => data.push(("more.json".to_owned(), b"{}".to_vec())),
            _ => {}
        }
        let mut all: Vec<(&str, &[u8])> = data.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        all.push(("META-INFO/manifest.xml", manifest.as_bytes()));
        all.push(("META-INFO/certificate.cer", certificate.as_bytes()));
        all.push(("META-INFO/manifest.sha256withrsa", &signature));
        pack(&all)
    }
}

/// One data set in a package: its id, and the provider's archive; none is code 204.
pub type Delivered = (String, Option<Vec<u8>>);

/// The outer archive.
#[must_use]
pub fn outer(datasets: &[Delivered]) -> Option<Vec<u8>> {
    let mut manifest = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><files>".to_owned();
    let names: Vec<String> = datasets.iter().map(|(id, _)| format!("{id}.zip")).collect();
    for (id, archive) in datasets {
        let code = if archive.is_some() { 200 } else { 204 };
        let _ = write!(
            manifest,
            "<file><filename>{id}.zip</filename><resource_id>{id}</resource_id><resource_name>示範資料</resource_name>\
             <code>{code}</code></file>"
        );
    }
    manifest.push_str("</files>");
    let mut all: Vec<(&str, &[u8])> = vec![("META-INFO/manifest.xml", manifest.as_bytes())];
    all.extend(
        names.iter().zip(datasets).filter_map(|(name, (_, archive))| Some((name.as_str(), archive.as_deref()?))),
    );
    pack(&all)
}

/// Encrypts an outer archive for a service provider: A256KW, A256CBC-HS512 (RFC 7518 §4.4, §5.2.5).
#[must_use]
pub fn encrypted(outer: &[u8], client: &str, key: &[u8; 32], random: &Random) -> Option<String> {
    let data = format!("application/zip;data:{}", base64url::encode(outer));
    let mut buffer = json!({ "filename": format!("{client}.zip"), "data": data }).to_string().into_bytes();
    let protected = base64url::encode(br#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#);
    let content = random.bytes::<64>();
    let (mac_key, cipher_key) = content.split_at_checked(32)?;
    let mut wrapped = [0; 72];
    KeyEncryptionKey::new(&AES_256, key).ok()?.wrap(&content, &mut wrapped).ok()?;
    let cipher = UnboundCipherKey::new(&CBC_256, cipher_key).ok()?;
    let used = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).ok()?.encrypt(&mut buffer).ok()?;
    let DecryptionContext::Iv128(iv) = used else { return None };
    let length = u64::try_from(protected.len().checked_mul(8)?).ok()?.to_be_bytes();
    let authenticated = [protected.as_bytes(), iv.as_ref(), &buffer, &length].concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, mac_key), &authenticated);
    let parts = [&wrapped[..], iv.as_ref(), &buffer, mac.as_ref().get(..32)?].map(base64url::encode);
    Some(format!("{protected}.{}", parts.join(".")))
}
