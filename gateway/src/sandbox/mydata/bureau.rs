//! A made-up data provider under a made-up authority: it signs archives as the contract has it, and wrongly on demand.

use claimgate_adapters::mydata::{DataFile, Signer};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use serde_json::json;

use super::package::Wrong;

/// Who signs, and who stands above.
pub struct Bureau {
    anchor: String,
    list: String,
    certificate: String,
    key: String,
    signer: Signer,
    stranger: Signer,
}

claimgate_packet::opaque_debug!(Bureau);

/// The made-up bureau cannot be made, or cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the made-up data provider cannot be made, or cannot sign")]
pub struct BureauError;

impl From<rcgen::Error> for BureauError {
    fn from(_: rcgen::Error) -> Self {
        Self
    }
}

impl Bureau {
    /// One with keys of its own.
    ///
    /// # Errors
    /// [`BureauError`].
    pub fn new() -> Result<Self, BureauError> {
        let mut root = CertificateParams::default();
        root.distinguished_name.push(DnType::CommonName, "Sandbox government CA");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let leaf = leaf();
        let own = leaf.signed_by(&key, &root)?;
        let selfsigned = leaf.self_signed(&key)?;
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&root)?;
        let der = key.serialize_der();
        let signer = |certificate: &[u8]| Signer::new(certificate, &der).map_err(|_| BureauError);
        Ok(Self {
            anchor: root.pem(),
            list: list.pem()?,
            certificate: own.pem(),
            key: key.serialize_pem(),
            signer: signer(own.der())?,
            stranger: signer(selfsigned.der())?,
        })
    }

    /// Its authority's certificate (PEM): what a gateway pins.
    #[must_use]
    pub fn anchor(&self) -> &str {
        &self.anchor
    }

    /// Its authority's revocation list (PEM), which names nobody.
    #[must_use]
    pub fn list(&self) -> &str {
        &self.list
    }

    /// Its certificate and key (PEM), for a provider that runs elsewhere.
    #[must_use]
    pub fn identity(&self) -> (&str, &str) {
        (&self.certificate, &self.key)
    }

    /// A signed archive of files, perhaps wrong.
    ///
    /// # Errors
    /// [`BureauError`].
    pub fn archive(&self, files: &[DataFile], wrong: Option<Wrong>) -> Result<Vec<u8>, BureauError> {
        match wrong {
            Some(Wrong::SelfSigned) => self.stranger.pack(files).map_err(|_| BureauError),
            Some(wrong) if wrong.is_of_provider() => {
                wrong.archive(files, |message| self.signer.sign(message), &self.certificate).ok_or(BureauError)
            }
            _ => self.signer.pack(files).map_err(|_| BureauError),
        }
    }
}

fn leaf() -> CertificateParams {
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(DnType::CommonName, "Sandbox bureau");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf
}

/// A made-up vehicle of a person, as the highway bureau writes it.
#[must_use]
pub fn vehicle(person: &str) -> DataFile {
    let vehicle = json!([{
        "plateNo": "ABC-1234", "ownerName": "陳筱玲", "ownerId": person, "birthday": "079-01-01",
        "bodyNo": "SANDBOX0001", "brandNo": 1, "brandName": "示範", "carType": "1", "cc": 1998, "colorName": "白色",
        "txnName": "正常", "txnNo": "1", "licEffectDt": "2024-07-13T13:16:10+08:00", "permZipName": "臺北市",
        "permAddr": "測試路1號", "permZipNo": 100, "telNo": "",
    }]);
    DataFile { name: "車籍資料.json".to_owned(), bytes: vehicle.to_string().into_bytes() }
}
