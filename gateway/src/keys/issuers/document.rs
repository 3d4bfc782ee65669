//! One trusted issuer as operators agree on it: JSON with everything in it, so that it can be proposed, kept, exported and
//! read again elsewhere.
//!
//! In: a document. Out: an [`Issuer`] for one purpose, or the rule it breaks. A document of another world than the
//! gateway's is refused: demo anchors never stand in a production registry, not even unused.

use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::trust::chain::Anchors;
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Registered, host_of};
use claimgate_adapters::wallet::twdiw::did;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Types of one grant, purposes of one grant, grants of one issuer.
const MOST: usize = 32;
/// Characters of a type, a purpose, a name.
const TEXT: usize = 256;
/// Characters of certificates in PEM.
const PEM: usize = 64 << 10;
/// What the subject of the sandbox's own anchors says.
const SANDBOX: &str = "Sandbox issuers";

/// Which world an issuer belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// Real issuers.
    #[default]
    Production,
    /// Demo, UAT and sandbox issuers.
    Demo,
}

impl From<World> for Domain {
    fn from(world: World) -> Self {
        match world {
            World::Production => Self::Production,
            World::Demo => Self::Demo,
        }
    }
}

/// Whether an issuer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum IssuerState {
    /// It does.
    #[default]
    Trusted,
    /// It does not any more, whatever the operator's file says.
    Revoked,
}

/// For which types, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// `vct`, or TWDIW's type ids.
    pub types: Vec<String>,
    /// Purposes, as the queries name them; empty for every one.
    #[serde(default)]
    pub purposes: Vec<String>,
}

/// What a TWDIW issuer needs beside its DID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisteredHost {
    /// The one host of its `jku` and status lists.
    pub host: String,
    /// The key set of that host's `jku`; without it the status of its credentials stays unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_keys: Option<Value>,
}

/// A trusted issuer (信任的發行者). Exactly one of `certificates`, `jwks` and `registered` says how its key is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TrustedIssuer"))]
#[serde(deny_unknown_fields)]
pub struct IssuerDocument {
    /// `iss` (https), or the DID of a TWDIW issuer.
    pub id: String,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its world: `production`, or `demo` in a sandbox.
    #[serde(default)]
    pub domain: World,
    /// `trusted` or `revoked`.
    #[serde(default)]
    pub state: IssuerState,
    /// For which types of credential, and what for.
    pub grants: Vec<Grant>,
    /// Anchors of its certificates, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<String>,
    /// Its keys, a JWK set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Of a TWDIW issuer, whose key is in its DID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<RegisteredHost>,
}

/// The rule a document breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The id.
    #[error("id: an https address, or the did:key (P-256) of a TWDIW issuer")]
    Id,
    /// A text is too long.
    #[error("name, types and purposes: at most 256 characters each, 32 types and purposes of a grant, 32 grants")]
    Text,
    /// It counts for nothing.
    #[error("grants: at least one, each with at least one type")]
    Grants,
    /// Another world.
    #[error("domain: demo, UAT and sandbox issuers count in a sandbox alone, and there no others do")]
    Domain,
    /// How its key is found.
    #[error(
        "say exactly one of certificates (PEM), jwks and registered; registered goes with a DID, the others with https"
    )]
    Keys,
    /// Certificates.
    #[error("certificates: 1 to 16 X.509 certificates in PEM")]
    Certificates,
    /// A key set.
    #[error("jwks, registered.list_keys: a JWK set with at least one P-256 key for signatures, and no private key")]
    KeySet,
    /// A host.
    #[error("registered.host: one DNS name, without scheme or port")]
    Host,
}

impl IssuerDocument {
    /// Checks it for a gateway of this world.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn check(&self, world: Domain) -> Result<(), DocumentError> {
        let short = |text: &String| text.chars().count() <= TEXT && !text.contains(char::is_control);
        let texts = self.grants.iter().flat_map(|grant| grant.types.iter().chain(&grant.purposes));
        let few = self.grants.iter().all(|grant| grant.types.len() <= MOST && grant.purposes.len() <= MOST);
        if !short(&self.name) || !texts.into_iter().all(short) || !few || self.grants.len() > MOST {
            return Err(DocumentError::Text);
        }
        // An empty list of types would count for all.
        let named = |grant: &Grant| !grant.types.is_empty() && grant.types.iter().all(|kind| !kind.is_empty());
        if self.grants.is_empty() || !self.grants.iter().all(named) {
            return Err(DocumentError::Grants);
        }
        if Domain::from(self.domain) != world {
            return Err(DocumentError::Domain);
        }
        let certificates = self.certificates.as_deref().map(certificates).transpose()?;
        if world == Domain::Production && certificates.iter().flatten().any(|der| is_of_sandbox(der)) {
            return Err(DocumentError::Domain);
        }
        self.keys().map(|_| ())
    }

    /// The types it counts for, for a purpose.
    #[must_use]
    pub fn types_for(&self, purpose: Option<&str>) -> Vec<String> {
        let counts = |grant: &&Grant| {
            grant.purposes.is_empty() || purpose.is_some_and(|purpose| grant.purposes.iter().any(|one| one == purpose))
        };
        let mut types: Vec<String> =
            self.grants.iter().filter(counts).flat_map(|grant| grant.types.iter().cloned()).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The issuer for a purpose; none where it counts for nothing there.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn issuer(&self, purpose: Option<&str>) -> Result<Option<Issuer>, DocumentError> {
        let types = self.types_for(purpose);
        if types.is_empty() || self.state == IssuerState::Revoked {
            return Ok(None);
        }
        Ok(Some(Issuer { id: self.id.clone(), types, domain: self.domain.into(), keys: self.keys()? }))
    }

    fn keys(&self) -> Result<IssuerKeys, DocumentError> {
        let set = |value: &Value| Keys::from_json(value).filter(|keys| *keys != Keys::default());
        match (&self.certificates, &self.jwks, &self.registered) {
            (Some(pem), None, None) => {
                host_of(&self.id).ok_or(DocumentError::Id)?;
                Anchors::new(&certificates(pem)?).map(IssuerKeys::Certificates).ok_or(DocumentError::Certificates)
            }
            (None, Some(jwks), None) => {
                host_of(&self.id).ok_or(DocumentError::Id)?;
                set(jwks).map(IssuerKeys::Published).ok_or(DocumentError::KeySet)
            }
            (None, None, Some(registered)) => {
                did::key_of(&self.id).ok_or(DocumentError::Id)?;
                let host = host_of(&format!("https://{}", registered.host));
                let host = host.filter(|host| *host == registered.host).ok_or(DocumentError::Host)?;
                let list_keys = match &registered.list_keys {
                    None => Keys::default(),
                    Some(keys) => set(keys).ok_or(DocumentError::KeySet)?,
                };
                Ok(IssuerKeys::Registered(Registered { status: 1, host, list_keys }))
            }
            _ => Err(DocumentError::Keys),
        }
    }
}

/// Whether two ids name one issuer: the same text, or DIDs with the same key.
pub(super) fn same_issuer(left: &str, right: &str) -> bool {
    left == right || did::key_of(left).is_some_and(|key| did::key_of(right) == Some(key))
}

/// Whether a certificate is an anchor the sandbox's issuer made: anybody gets any credential under it.
pub(super) fn is_of_sandbox(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|read| read.tbs_certificate().subject().to_string().contains(SANDBOX))
}

fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, DocumentError> {
    let wrong = DocumentError::Certificates;
    if pem.len() > PEM {
        return Err(wrong);
    }
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).map(|one| Ok(one.map_err(|_| wrong)?.to_vec()));
    all.collect::<Result<Vec<_>, _>>().and_then(|all| if all.is_empty() { Err(wrong) } else { Ok(all) })
}

#[cfg(test)]
mod tests {
    use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn document() -> IssuerDocument {
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap();
        serde_json::from_value(json!({
            "id": "https://dmv.example", "name": "示範監理所",
            "grants": [{ "types": ["licence"] }, { "types": ["mandate"], "purposes": ["motor-claim"] }],
            "jwks": JwkSet(vec![key.public()]).to_json(),
        }))
        .unwrap()
    }

    #[test]
    fn a_document_counts_by_type_and_purpose() {
        let one = document();
        assert_eq!(one.check(Domain::Production), Ok(()));
        assert_eq!(one.types_for(Some("motor-claim")), ["licence", "mandate"]);
        assert_eq!(one.types_for(Some("health-claim")), ["licence"]);
        assert_eq!(one.issuer(None).unwrap().unwrap().types, ["licence"]);
        let revoked = IssuerDocument { state: IssuerState::Revoked, ..one };
        assert!(revoked.issuer(Some("motor-claim")).unwrap().is_none());
    }

    #[test]
    fn each_rule_is_kept() {
        let broken = |change: fn(&mut IssuerDocument)| {
            let mut one = document();
            change(&mut one);
            one.check(Domain::Production).unwrap_err()
        };
        assert_eq!(broken(|one| one.id = "http://dmv.example".to_owned()), DocumentError::Id);
        assert_eq!(broken(|one| one.grants.clear()), DocumentError::Grants);
        assert_eq!(broken(|one| one.grants[0].types.clear()), DocumentError::Grants, "no list would count for all");
        assert_eq!(broken(|one| one.grants[0].types[0] = "x".repeat(257)), DocumentError::Text);
        assert_eq!(broken(|one| one.jwks = None), DocumentError::Keys);
        assert_eq!(broken(|one| one.certificates = Some("x".to_owned())), DocumentError::Certificates);
        assert_eq!(broken(|one| one.jwks = Some(json!({ "keys": [] }))), DocumentError::KeySet);
        assert_eq!(broken(|one| one.domain = World::Demo), DocumentError::Domain);
        let did = |one: &mut IssuerDocument| {
            (one.jwks, one.registered) =
                (None, Some(RegisteredHost { host: "https://a.example".to_owned(), list_keys: None }));
        };
        assert_eq!(broken(did), DocumentError::Id);
        assert_eq!(document().check(Domain::Demo), Err(DocumentError::Domain));
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn the_sandboxs_own_anchor_never_counts_in_production() {
        use crate::id::Random;
        let issuer =
            crate::sandbox::issuer::Issuer::new("https://dmv.example", Timestamp::UNIX_EPOCH, Random::system());
        let anchor = issuer.unwrap().anchor().to_owned();
        let one = IssuerDocument { certificates: Some(anchor), jwks: None, ..document() };
        assert_eq!(one.check(Domain::Production), Err(DocumentError::Domain), "whatever it calls itself");
        let demo = IssuerDocument { domain: World::Demo, ..one };
        assert_eq!(demo.check(Domain::Demo), Ok(()));
    }
}
