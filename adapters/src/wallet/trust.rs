//! Which issuers count, for which types of credential, and how the key of each is found.
//!
//! In: the operator's registry, with key sets, certificates and registry answers that were fetched before. Out: the key
//! of one credential, or why there is none. The registry decides how a key is found, never the credential.

use jiff::Timestamp;
use serde_json::Value;

use super::jws::Compact;
use super::key::{Keys, PublicKey};
use super::reason::Reason;

pub mod chain;
pub mod metadata;

use chain::Anchors;

/// Which world an issuer belongs to. They never mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Domain {
    /// Real issuers.
    #[default]
    Production,
    /// Demo, UAT and sandbox issuers: anyone can get any credential of theirs.
    Demo,
}

/// How an issuer's key is found.
#[derive(Debug)]
pub enum IssuerKeys {
    /// By the certificates in `x5c`, which must lead to these and name the issuer's host.
    Certificates(Anchors),
    /// Among keys the issuer published (JWT VC issuer metadata) or the operator registered, by `kid`.
    Published(Keys),
    /// In the issuer's own `did:key`, as the TWDIW registry lists it.
    Registered(Registered),
}

/// What the registry and the operator say of a TWDIW issuer.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The registry's `status`: 1 is effective, everything else is not.
    pub status: u8,
    /// The one host of its `jku`, status lists and schemas, pinned by the operator.
    pub host: String,
    /// The keys of that host's `jku`, for status lists: they are in no DID.
    pub list_keys: Keys,
}

/// One trusted issuer.
#[derive(Debug)]
pub struct Issuer {
    /// `iss`: an https address or a DID. In the raw dialect empty for any issuer.
    pub id: String,
    /// The types (`vct`, or the TWDIW type id) it counts for; empty for all.
    pub types: Vec<String>,
    /// Its world.
    pub domain: Domain,
    /// Its keys.
    pub keys: IssuerKeys,
}

/// The registry of trusted issuers at one moment.
#[derive(Debug, Default)]
pub struct Trust {
    /// The issuers.
    pub issuers: Vec<Issuer>,
    /// The world this gateway is in: production refuses demo issuers, and a demo refuses real ones.
    pub domain: Domain,
}

impl Trust {
    /// A registry in which one set of keys counts for every issuer: the raw dialect's, for files and tests.
    #[must_use]
    pub fn of_keys(keys: Keys) -> Self {
        let any = Issuer {
            id: String::new(),
            types: Vec::new(),
            domain: Domain::Production,
            keys: IssuerKeys::Published(keys),
        };
        Self { issuers: vec![any], domain: Domain::Production }
    }

    /// The issuer of a name, if it belongs to this world; an empty name in the registry stands for any.
    pub(super) fn find(&self, id: &str) -> Option<&Issuer> {
        let same = |issuer: &&Issuer| issuer.id == id || issuer.id.is_empty();
        self.issuers.iter().filter(|issuer| issuer.domain == self.domain).find(same)
    }

    /// Whether an issuer counts for a type now: for what was verified a while ago.
    #[must_use]
    pub fn counts(&self, id: &str, kind: &str) -> bool {
        let did = super::twdiw::did::key_of(id);
        let same = |issuer: &&Issuer| {
            issuer.id == id
                || did.as_ref().is_some_and(|key| super::twdiw::did::key_of(&issuer.id).as_ref() == Some(key))
        };
        let effective = |issuer: &Issuer| match &issuer.keys {
            IssuerKeys::Registered(registered) => registered.status == 1,
            IssuerKeys::Certificates(_) | IssuerKeys::Published(_) => true,
        };
        let mut all = self.issuers.iter().filter(|issuer| issuer.domain == self.domain).filter(same);
        all.any(|issuer| effective(issuer) && issuer.counts_for(kind))
    }

    /// The issuer with a key in its DID, whatever the spelling of the DID.
    pub(super) fn registered(&self, key: &PublicKey) -> Option<(&Issuer, &Registered)> {
        self.issuers.iter().filter(|issuer| issuer.domain == self.domain).find_map(|issuer| match &issuer.keys {
            IssuerKeys::Registered(registered) => {
                let known = super::twdiw::did::key_of(&issuer.id)?;
                (known == *key).then_some((issuer, registered))
            }
            IssuerKeys::Certificates(_) | IssuerKeys::Published(_) => None,
        })
    }

    /// The issuer of a JWT and the key it must be signed with (check S4). `certified` asks for certificates (HAIP).
    ///
    /// # Errors
    /// [`Reason::IssuerUntrusted`], [`Reason::IssuerKeyUnresolved`].
    pub(super) fn resolve(
        &self,
        jwt: &Compact<'_>,
        certified: bool,
        now: Timestamp,
    ) -> Result<(String, &Issuer, PublicKey), Reason> {
        let named = match jwt.payload.get("iss") {
            None => None,
            Some(Value::String(iss)) => Some(iss.clone()),
            Some(_) => return Err(Reason::IssuerKeyUnresolved),
        };
        let certificates = chain::included(&jwt.header)?;
        let by_certificate = || chain::first_host(certificates.first()?).map(|host| format!("https://{host}"));
        let found = self.issuers.iter().any(|issuer| issuer.id.is_empty());
        let id = named.or_else(by_certificate).or_else(|| found.then(String::new));
        let id = id.ok_or(Reason::IssuerKeyUnresolved)?;
        let issuer = self.find(&id).ok_or(Reason::IssuerUntrusted)?;
        let key = match &issuer.keys {
            IssuerKeys::Certificates(anchors) => anchors.key_of(&certificates, &id, now)?,
            IssuerKeys::Published(keys) if !certified => {
                keys.find(jwt.header("kid")).cloned().ok_or(Reason::IssuerKeyUnresolved)?
            }
            IssuerKeys::Published(_) | IssuerKeys::Registered(_) => return Err(Reason::IssuerKeyUnresolved),
        };
        Ok((id, issuer, key))
    }
}

impl Issuer {
    /// Whether it counts for a type (check S6).
    pub(super) fn counts_for(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|known| known == kind)
    }
}

/// The host of an https address, without port, lower case; `None` for any other address.
#[must_use]
pub fn host_of(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://").filter(|_| address.len() <= super::limits::TEXT_BYTES)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains(['@', '\\', '[', ' ']) {
        return None;
    }
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let fits = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    fits.then(|| host.to_ascii_lowercase())
}
