//! What may be asked of wallets: a list of named queries (DCQL; definitions for TWDIW) from the operator's file, checked when it is read.
//!
//! An app names a query and never writes one: it cannot ask for more than the operator decided.

use std::collections::BTreeMap;
use std::path::Path;

use claimgate_adapters::wallet::credential::Credential;
use claimgate_adapters::wallet::oid4vp::dcql::{CredentialQuery, Query, QueryError};
use claimgate_adapters::wallet::session::{Dialect, Question, ResponseMode};
use claimgate_adapters::wallet::twdiw::definition::{Definition, DefinitionError};
use serde::Deserialize;

use crate::core::wallet::{Assurance, level};

/// The built-in file.
const BUILT_IN: &str = include_str!("../../config/wallet-queries.toml");
/// The largest file read.
const FILE_BYTES: u64 = 1 << 20;

/// Why a file of queries cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueriesError {
    /// It cannot be read, or is larger than 1 MiB.
    #[error("wallet.queries: the file cannot be read, or is larger than 1 MiB")]
    Unreadable,
    /// Not of the form.
    #[error("wallet.queries: {0}")]
    Form(String),
    /// A name stands twice, or has no purpose.
    #[error("wallet.queries: {0}: a name is letters, digits and hyphens, stands once, and has a purpose")]
    Name(String),
    /// The subject is no field.
    #[error("wallet.queries: {0}: subject is one of the fields")]
    Subject(String),
    /// What is asked cannot be.
    #[error("wallet.queries: {name}: {why}")]
    Asked {
        /// Which query.
        name: String,
        /// Why.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    query: Vec<Entry>,
    #[serde(default)]
    module: Vec<ByModule>,
}

/// What is asked by the organisation's own verifier module: the request is the module's, by a reference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByModule {
    /// Its name.
    pub name: String,
    /// What it may be asked for.
    pub purposes: Vec<String>,
    /// The module's `ref`: `<businessId>_<serial>`.
    pub reference: String,
    /// The types of credentials that answer it.
    pub types: Vec<String>,
    /// The level the identity is recorded at.
    #[serde(deserialize_with = "level")]
    pub assurance: Assurance,
    /// The field that holds the person's number.
    pub subject: Option<String>,
    /// Evidence field → `ename` of the claim.
    pub fields: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    purposes: Vec<String>,
    dialect: AskedDialect,
    #[serde(default)]
    response: AskedResponse,
    #[serde(deserialize_with = "level")]
    assurance: Assurance,
    subject: Option<String>,
    mandate: Option<String>,
    dcql: Option<String>,
    definition: Option<String>,
    fields: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AskedDialect {
    Oid4vp,
    Haip,
    Twdiw,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum AskedResponse {
    #[default]
    #[serde(rename = "direct_post.jwt")]
    Encrypted,
    #[serde(rename = "direct_post")]
    Open,
}

/// One query.
#[derive(Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it may be asked for.
    pub purposes: Vec<String>,
    /// How an answer is read.
    pub dialect: Dialect,
    /// How it comes.
    pub response: ResponseMode,
    /// The level the identity is recorded at.
    pub assurance: Assurance,
    /// The field that holds the person's number.
    pub subject: Option<String>,
    /// The credential of the query that is a mandate (委託).
    pub mandate: Option<String>,
    /// What is asked.
    pub question: Question,
    /// Evidence field → the way to the claim.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// All that may be asked.
#[derive(Debug)]
pub struct Queries(Vec<Named>, Vec<ByModule>);

impl Queries {
    /// Reads a file; the built-in one where the path is empty.
    ///
    /// # Errors
    /// [`QueriesError`].
    pub fn open(path: &Path) -> Result<Self, QueriesError> {
        if path.as_os_str().is_empty() {
            return Self::parse(BUILT_IN);
        }
        let fits = std::fs::metadata(path).is_ok_and(|about| about.len() <= FILE_BYTES);
        let text = fits.then(|| std::fs::read_to_string(path).ok()).flatten();
        Self::parse(&text.ok_or(QueriesError::Unreadable)?)
    }

    fn parse(text: &str) -> Result<Self, QueriesError> {
        let file: File = toml::from_str(text).map_err(|error| QueriesError::Form(error.message().to_owned()))?;
        let mut all: Vec<Named> = Vec::new();
        for entry in file.query {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let named = (1..=64).contains(&entry.name.len()) && entry.name.bytes().all(fits);
            if !named || entry.purposes.is_empty() || all.iter().any(|one| one.name == entry.name) {
                return Err(QueriesError::Name(entry.name));
            }
            all.push(entry.read()?);
        }
        let fits = |text: &str| (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        for (place, one) in file.module.iter().enumerate() {
            let known = all.iter().any(|known| known.name == one.name)
                || file.module.iter().take(place).any(|known| known.name == one.name);
            if known || !(1..=64).contains(&one.name.len()) || one.purposes.is_empty() {
                return Err(QueriesError::Name(one.name.clone()));
            }
            if one.subject.as_ref().is_some_and(|subject| !one.fields.contains_key(subject)) {
                return Err(QueriesError::Subject(one.name.clone()));
            }
            if !fits(&one.reference) || one.types.is_empty() {
                let why = "reference is at most 100 visible characters, types names at least one".to_owned();
                return Err(QueriesError::Asked { name: one.name.clone(), why });
            }
        }
        Ok(Self(all, file.module))
    }

    /// The query by module of a name.
    #[must_use]
    pub fn by_module(&self, name: &str) -> Option<&ByModule> {
        self.1.iter().find(|one| one.name == name)
    }

    /// The query of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Named> {
        self.0.iter().find(|one| one.name == name)
    }

    /// The types of credentials that are mandates, as the queries for one name them.
    #[must_use]
    pub fn mandate_types(&self) -> Vec<String> {
        let of = |named: &Named| match (&named.question, &named.mandate) {
            (Question::Dcql(query), Some(id)) => query.find(id).map(CredentialQuery::vct_values).unwrap_or_default(),
            _ => Vec::new(),
        };
        self.0.iter().flat_map(of).collect()
    }

    /// The types of SD-JWT VC that prove a person's number, as the queries for one name them.
    #[must_use]
    pub fn identity_types(&self) -> Vec<String> {
        let types = self.identities().flat_map(|(types, _)| types);
        types.collect()
    }

    /// The person's number in a credential of such a type.
    #[must_use]
    pub fn number_in(&self, credential: &Credential) -> Option<String> {
        let mut ways = self.identities().filter(|(types, _)| types.contains(&credential.kind)).map(|(_, way)| way);
        ways.find_map(|way| super::answer::find(&credential.claims, way)?.as_str()).map(str::to_owned)
    }

    /// The types of credentials each query takes for a person's, and the way to the number in them.
    fn identities(&self) -> impl Iterator<Item = (Vec<String>, &[String])> {
        let of = |named: &'_ Named| match &named.question {
            Question::Dcql(query) if named.mandate.is_none() => {
                Some(query.credentials.iter().flat_map(CredentialQuery::vct_values).collect::<Vec<_>>())
            }
            Question::Dcql(_) | Question::Definition(_) => None,
        };
        self.0.iter().filter_map(move |named| {
            let way = named.fields.get(named.subject.as_ref()?)?;
            Some((of(named)?, way.as_slice()))
        })
    }

    /// The first query for a purpose whose wallets sign a consent and that proves a person's number, without a mandate.
    #[must_use]
    pub fn signing(&self, purpose: &str) -> Option<&str> {
        let signs =
            |one: &&Named| one.mandate.is_none() && one.subject.is_some() && matches!(one.question, Question::Dcql(_));
        let mut all = self.0.iter().filter(|one| one.purposes.iter().any(|known| known == purpose));
        all.find(signs).map(|one| one.name.as_str())
    }

    /// The names, for who asks for one that is not there.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let by_module = self.1.iter().map(|one| one.name.as_str());
        self.0.iter().map(|one| one.name.as_str()).chain(by_module).collect()
    }
}

impl Entry {
    fn read(self) -> Result<Named, QueriesError> {
        let Self { name, purposes, dialect, response, assurance, subject, mandate, dcql, definition, fields } = self;
        let wrong = |why: String| QueriesError::Asked { name: name.clone(), why };
        let question = match (dialect, &dcql, &definition) {
            (AskedDialect::Twdiw, None, Some(definition)) => by_definition(definition),
            (AskedDialect::Oid4vp | AskedDialect::Haip, Some(dcql), None) => by_dcql(dcql),
            _ => Err("twdiw asks by definition, every other dialect by dcql".to_owned()),
        };
        let question = question.map_err(wrong)?;
        if subject.as_ref().is_some_and(|subject| !fields.contains_key(subject)) {
            return Err(QueriesError::Subject(name));
        }
        let is_asked = |id: &String| matches!(&question, Question::Dcql(query) if query.find(id).is_some());
        if !mandate.iter().all(is_asked) {
            return Err(wrong("mandate is the id of one of the credentials".to_owned()));
        }
        let response = match response {
            AskedResponse::Open if dialect == AskedDialect::Haip => {
                return Err(wrong("HAIP answers are encrypted: direct_post.jwt".to_owned()));
            }
            AskedResponse::Encrypted if dialect != AskedDialect::Twdiw => ResponseMode::DirectPostJwt,
            // Today's digital wallet encrypts nothing.
            AskedResponse::Open | AskedResponse::Encrypted => ResponseMode::DirectPost,
        };
        let dialect = match dialect {
            AskedDialect::Oid4vp => Dialect::Oid4vp,
            AskedDialect::Haip => Dialect::Haip,
            AskedDialect::Twdiw => Dialect::Twdiw,
        };
        let way = |(field, claim): (String, String)| (field, claim.split('.').map(str::to_owned).collect());
        let fields = fields.into_iter().map(way).collect();
        Ok(Named { name, purposes, dialect, response, assurance, subject, mandate, question, fields })
    }
}

fn by_dcql(text: &str) -> Result<Question, String> {
    let query: Query = serde_json::from_str(text).map_err(|error| format!("dcql: {error}"))?;
    query.check().map_err(|error: QueryError| format!("dcql: {error}"))?;
    // Every session is one holder's, and may carry a consent: both are worth what is signed.
    if query.credentials.iter().any(|one| !one.require_cryptographic_holder_binding) {
        return Err("dcql: require_cryptographic_holder_binding: a holder always proves the key here".to_owned());
    }
    Ok(Question::Dcql(query))
}

fn by_definition(text: &str) -> Result<Question, String> {
    let definition: Definition = serde_json::from_str(text).map_err(|error| format!("definition: {error}"))?;
    definition.check().map_err(|error: DefinitionError| format!("definition: {error}"))?;
    Ok(Question::Definition(definition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_queries_can_be_asked_and_faults_are_told() {
        let built_in = Queries::parse(BUILT_IN).unwrap();
        assert_eq!(built_in.names(), ["driving-licence", "identity", "claim-mandate"]);
        let one = built_in.find("driving-licence").unwrap();
        assert_eq!((one.dialect, one.response), (Dialect::Haip, ResponseMode::DirectPostJwt));
        let refused = |from: &str, to: &str| {
            assert!(BUILT_IN.contains(from), "{from}");
            Queries::parse(&BUILT_IN.replacen(from, to, 1)).unwrap_err()
        };
        assert!(matches!(refused("name = \"identity\"", "name = \"driving-licence\""), QueriesError::Name(_)));
        assert!(matches!(refused("purposes = [\"motor-claim\"]", "purposes = []"), QueriesError::Name(_)));
        assert!(matches!(refused("subject = \"id_number\"", "subject = \"number\""), QueriesError::Subject(_)));
        assert!(matches!(refused("dc+sd-jwt", "jwt_vc"), QueriesError::Asked { .. }));
        let open = "dialect = \"haip\"\nresponse = \"direct_post\"";
        assert!(matches!(refused("dialect = \"haip\"", open), QueriesError::Asked { .. }));
        let unbound = "dc+sd-jwt\", \"require_cryptographic_holder_binding\": false";
        assert!(matches!(refused("dc+sd-jwt\"", unbound), QueriesError::Asked { .. }));
        let official = "dialect = \"twdiw\"";
        assert!(matches!(refused("dialect = \"haip\"", official), QueriesError::Asked { .. }), "by definition");
        assert!(matches!(refused("assurance =", "asurance ="), QueriesError::Form(_)));
        assert!(matches!(refused("assurance = \"wallet\"", "assurance = \"high\""), QueriesError::Form(_)));
    }
}
