//! An issuer of credentials with a certificate of its own and a status list: SD-JWT VC (RFC 9901) for a wallet's key.
//!
//! Everything it says is made up. Its anchor goes into a sandbox's file of trusted issuers, as of the demo world.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::trust::host_of;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::id::Random;

/// The name of the list that is in order.
const GOOD: &str = "1";
/// Entries of its status list.
const ENTRIES: usize = 1_024;
/// Seconds a credential lasts.
const LIFE: i64 = 86_400;

/// An issuer.
pub struct Issuer {
    id: String,
    anchor: String,
    leaf: Vec<u8>,
    key: PrivateJwk,
    /// A key of nobody, for what is signed wrongly.
    foreign: PrivateJwk,
    random: Random,
}

claimgate_packet::opaque_debug!(Issuer);

/// It cannot be made, or cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the made-up issuer cannot be made, or cannot sign")]
pub struct IssuerError;

/// What it issues for.
pub struct Order<'a> {
    /// The type.
    pub vct: &'a str,
    /// The claims, each disclosed selectively.
    pub claims: &'a Map<String, Value>,
    /// The claims that stand in the clear.
    pub clear: Option<&'a Map<String, Value>>,
    /// The wallet's public key, bare.
    pub holder: &'a Value,
    /// The entry of its status list; none for a credential without status.
    pub index: Option<u64>,
}

/// What an issuer does wrong on demand, in one credential or in the status list it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Its time is over.
    Expired,
    /// Revoked in the list.
    Revoked,
    /// Suspended in the list.
    Suspended,
    /// An entry that means neither valid nor revoked.
    Unknown,
    /// The list has expired.
    Stale,
    /// The list's host answers 503.
    Down,
    /// The list comes after twenty seconds.
    Slow,
    /// The list is signed with another key than the issuer's.
    ForgedList,
    /// The credential is signed with another key than the issuer's.
    WrongKey,
    /// The issuer is in no registry.
    Stranger,
}

impl Fault {
    /// All, in their order.
    pub const ALL: [Self; 10] = [
        Self::Expired,
        Self::Revoked,
        Self::Suspended,
        Self::Unknown,
        Self::Stale,
        Self::Down,
        Self::Slow,
        Self::ForgedList,
        Self::WrongKey,
        Self::Stranger,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Down => "down",
            Self::Slow => "slow",
            Self::ForgedList => "forged-list",
            Self::WrongKey => "wrong-key",
            Self::Stranger => "stranger",
        }
    }

    /// The fault of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == word)
    }

    /// The list its credential names, and the entry there.
    fn entry(self) -> (&'static str, u64) {
        match self {
            Self::Revoked => (GOOD, 1),
            Self::Suspended => (GOOD, 2),
            Self::Unknown => (GOOD, 3),
            Self::Stale | Self::Down | Self::Slow | Self::ForgedList => (self.as_str(), 0),
            Self::Expired | Self::WrongKey | Self::Stranger => (GOOD, 0),
        }
    }
}

impl Issuer {
    /// An issuer of this https address.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn new(id: &str, now: Timestamp, random: Random) -> Result<Self, IssuerError> {
        let host = host_of(id).ok_or(IssuerError)?;
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now).map_err(|_| IssuerError)?;
        let pkcs8 = key.pkcs8_der().map_err(|_| IssuerError)?;
        let make = || {
            let mut root = CertificateParams::default();
            root.distinguished_name.push(DnType::CommonName, "Sandbox issuers");
            root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
            let mut leaf = CertificateParams::new(vec![host])?;
            leaf.distinguished_name.push(DnType::CommonName, "Sandbox issuer");
            leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            let leaf = leaf.signed_by(&KeyPair::try_from(pkcs8.as_slice())?, &root)?;
            Ok::<_, rcgen::Error>((root.pem(), leaf.der().to_vec()))
        };
        let (anchor, leaf) = make().map_err(|_| IssuerError)?;
        let foreign = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now).map_err(|_| IssuerError)?;
        Ok(Self { id: id.to_owned(), anchor, leaf, key, foreign, random })
    }

    /// Its authority's certificate (PEM): what a verifier trusts.
    #[must_use]
    pub fn anchor(&self) -> &str {
        &self.anchor
    }

    /// The address of its status list.
    #[must_use]
    pub fn status_uri(&self) -> String {
        self.list_uri(GOOD)
    }

    fn list_uri(&self, name: &str) -> String {
        format!("{}/status/{name}", self.id)
    }

    /// Issues a credential: the JWT and every disclosure, each followed by `~`.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn issue(&self, order: &Order<'_>, now: Timestamp) -> Result<String, IssuerError> {
        let status = order.index.map(|index| (self.status_uri(), index));
        self.written(order, status, now.as_second(), &self.key)
    }

    /// Issues a credential with a fault; every one has an entry of a status list.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn issue_wrongly(&self, order: &Order<'_>, fault: Fault, now: Timestamp) -> Result<String, IssuerError> {
        let (list, index) = fault.entry();
        let begins = if fault == Fault::Expired { now.as_second() - LIFE - 60 } else { now.as_second() };
        let key = if fault == Fault::WrongKey { &self.foreign } else { &self.key };
        self.written(order, Some((self.list_uri(list), index)), begins, key)
    }

    fn written(
        &self,
        order: &Order<'_>,
        status: Option<(String, u64)>,
        begins: i64,
        key: &PrivateJwk,
    ) -> Result<String, IssuerError> {
        let disclose = |(name, value): (&String, &Value)| {
            let salt = base64url::encode(&self.random.bytes::<16>());
            base64url::encode(json!([salt, name, value]).to_string().as_bytes())
        };
        let disclosures: Vec<String> = order.claims.iter().map(disclose).collect();
        let mut digests: Vec<String> = disclosures.iter().map(|one| sha256_text(one.as_bytes())).collect();
        // Their order would tell that of the claims.
        digests.sort_unstable();
        let mut payload = json!({
            "iss": self.id, "iat": begins, "nbf": begins, "exp": begins + LIFE,
            "vct": order.vct, "cnf": { "jwk": order.holder },
        });
        // An empty list of digests would say that something could hide there.
        if let (false, Some(members)) = (digests.is_empty(), payload.as_object_mut()) {
            members.insert("_sd".to_owned(), digests.into());
            members.insert("_sd_alg".to_owned(), "sha-256".into());
        }
        if let (Some((uri, index)), Some(members)) = (status, payload.as_object_mut()) {
            let status = json!({ "status_list": { "idx": index, "uri": uri } });
            members.insert("status".to_owned(), status);
        }
        if let (Some(clear), Some(members)) = (order.clear, payload.as_object_mut()) {
            members.extend(clear.clone());
        }
        let jwt = self.signed("dc+sd-jwt", &payload, key)?;
        Ok(disclosures.iter().fold(format!("{jwt}~"), |text, one| format!("{text}{one}~")))
    }

    /// Its status list (Token Status List, 2 bits): every entry valid but these.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn status_list(&self, entries: &[(usize, u8)], now: Timestamp, life: i64) -> Result<String, IssuerError> {
        self.list(GOOD, entries, now.as_second(), life, &self.key)
    }

    /// The status list of a name, as faults need it; none where no list of this name is told.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn told_list(&self, name: &str, now: Timestamp) -> Result<Option<String>, IssuerError> {
        let now = now.as_second();
        let (begins, key) = match (name, Fault::of(name)) {
            (GOOD, _) | (_, Some(Fault::Slow)) => (now, &self.key),
            (_, Some(Fault::Stale)) => (now - LIFE - 60, &self.key),
            (_, Some(Fault::ForgedList)) => (now, &self.foreign),
            _ => return Ok(None),
        };
        self.list(name, &[(1, 1), (2, 2), (3, 3)], begins, LIFE, key).map(Some)
    }

    fn list(
        &self,
        name: &str,
        entries: &[(usize, u8)],
        begins: i64,
        life: i64,
        key: &PrivateJwk,
    ) -> Result<String, IssuerError> {
        let mut bytes = vec![0_u8; ENTRIES / 4];
        for (index, value) in entries {
            let byte = bytes.get_mut(index / 4).ok_or(IssuerError)?;
            *byte |= (value & 3) << ((index % 4) * 2);
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&bytes).map_err(|_| IssuerError)?;
        let list = base64url::encode(&packed.finish().map_err(|_| IssuerError)?);
        let payload = json!({
            "sub": self.list_uri(name), "iat": begins, "exp": begins + life, "ttl": 60,
            "status_list": { "bits": 2, "lst": list },
        });
        self.signed("statuslist+jwt", &payload, key)
    }

    fn signed(&self, typ: &str, payload: &Value, key: &PrivateJwk) -> Result<String, IssuerError> {
        let header = [("typ", Value::from(typ)), ("x5c", json!([STANDARD.encode(&self.leaf)]))];
        let header = header.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        sign_under(header, payload.to_string().as_bytes(), key).map_err(|_| IssuerError)
    }
}
