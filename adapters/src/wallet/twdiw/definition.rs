//! The presentation definition TWDIW's wallet reads, and whether a submission answers it (checks Q1 and T3).
//!
//! Only the dialect: the first field names the type, every other one claim of the subject.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::wallet::credential::Credential;
use crate::wallet::limits::PRESENTATIONS;
use crate::wallet::oid4vp::dcql::PathElement;
use crate::wallet::oid4vp::dcql::evaluate::drop_surplus;
use crate::wallet::reason::Reason;
use crate::wallet::session::Presented;

/// A definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// `<businessId>_<serial>`: the verifier's `ref`.
    pub id: String,
    /// Why: shown to the person.
    pub purpose: Purpose,
    /// What may be presented.
    pub descriptors: Vec<Descriptor>,
    /// How many of each group; without any, every descriptor is needed.
    #[serde(default)]
    pub requirements: Vec<Requirement>,
}

/// What the person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// Who asks.
    pub client: String,
    /// The address of the terms.
    pub terms_uri: String,
    /// The occasion.
    pub scenario: String,
    /// The reason.
    pub purpose: String,
}

/// One credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// `<businessId>_<serial>_<n>`.
    pub id: String,
    /// The type id of the credential.
    pub kind: String,
    /// The issuer's name in Chinese.
    pub issuer_name: String,
    /// The credential's name.
    pub credential_name: String,
    /// Groups it belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The claims (`ename`) that are asked for.
    pub claims: Vec<String>,
}

/// How many of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Its name.
    pub name: String,
    /// The group.
    pub from: String,
    /// At most so many, at least one; none for all.
    #[serde(default)]
    pub pick: Option<usize>,
}

/// Characters of an id at most; claims of one descriptor.
const LONGEST: usize = 100;
const CLAIMS: usize = 64;

/// Why a definition cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// No descriptors, too many, or too many claims.
    #[error("a definition has 1 to 16 descriptors with 1 to 64 claims each")]
    Count,
    /// An id that is empty, too long or twice there.
    #[error("id {0}: ids have 1 to 100 characters, and each stands once")]
    Id(String),
    /// A requirement of a group nobody belongs to, or of none of it.
    #[error("requirement {0}: from names a group of a descriptor, pick is at least 1")]
    Requirement(String),
}

impl Definition {
    /// Whether it can be asked and its answer verified.
    ///
    /// # Errors
    /// [`DefinitionError`].
    pub fn check(&self) -> Result<(), DefinitionError> {
        let claims = self.descriptors.iter().all(|one| (1..=CLAIMS).contains(&one.claims.len()));
        if !(1..=PRESENTATIONS).contains(&self.descriptors.len()) || !claims {
            return Err(DefinitionError::Count);
        }
        let mut seen = HashSet::new();
        for id in self.descriptors.iter().map(|one| &one.id).chain([&self.id]) {
            if !(1..=LONGEST).contains(&id.len()) || !seen.insert(id) {
                return Err(DefinitionError::Id(id.clone()));
            }
        }
        let known = |one: &&Requirement| {
            self.descriptors.iter().any(|descriptor| descriptor.groups.contains(&one.from)) && one.pick != Some(0)
        };
        match self.requirements.iter().find(|one| !known(one)) {
            None => Ok(()),
            Some(one) => Err(DefinitionError::Requirement(one.name.clone())),
        }
    }

    /// The JSON of the request.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let purpose = &self.purpose;
        let purpose = json!({
            "client": purpose.client, "terms_uri": purpose.terms_uri,
            "scenario": purpose.scenario, "purpose": purpose.purpose,
        });
        let requirement = |one: &Requirement| match one.pick {
            None => json!({ "name": one.name, "rule": "all", "from": one.from }),
            Some(most) => json!({ "name": one.name, "rule": "pick", "max": most, "from": one.from }),
        };
        let mut whole = json!({
            // A JSON text inside the JSON: the wallet reads it so.
            "id": self.id, "purpose": purpose.to_string(),
            "input_descriptors": self.descriptors.iter().map(Descriptor::to_json).collect::<Vec<_>>(),
        });
        if let (Some(map), false) = (whole.as_object_mut(), self.requirements.is_empty()) {
            let all: Vec<Value> = self.requirements.iter().map(requirement).collect();
            map.insert("submission_requirements".to_owned(), all.into());
        }
        whole
    }

    /// The type ids of all descriptors.
    #[must_use]
    pub fn types(&self) -> Vec<String> {
        self.descriptors.iter().map(|one| one.kind.clone()).collect()
    }

    /// Pairs the credentials of a presentation with the descriptors a submission names for them.
    ///
    /// # Errors
    /// [`Reason::VpTokenMalformed`] for a submission of another definition or one that leads nowhere,
    /// [`Reason::CredentialTypeMismatch`], [`Reason::QueryNotSatisfied`].
    pub fn answered_by(
        &self,
        submission: &Map<String, Value>,
        credentials: &[Credential],
    ) -> Result<Vec<Presented>, Reason> {
        let ours = submission.get("definition_id").and_then(Value::as_str) == Some(self.id.as_str());
        let entries = submission.get("descriptor_map").and_then(Value::as_array);
        let entries = entries.filter(|entries| ours && (1..=PRESENTATIONS).contains(&entries.len()));
        let pairs = entries.and_then(|entries| entries.iter().map(pair).collect::<Option<Vec<_>>>());
        let pairs = pairs.ok_or(Reason::VpTokenMalformed)?;
        let (ids, places): (HashSet<_>, HashSet<_>) = pairs.iter().copied().unzip();
        if ids.len() != pairs.len() || places.len() != credentials.len() {
            return Err(Reason::VpTokenMalformed);
        }
        let mut presented = Vec::new();
        for (id, place) in pairs {
            let descriptor = self.descriptors.iter().find(|one| one.id == id).ok_or(Reason::VpTokenMalformed)?;
            let credential = credentials.get(place).cloned().ok_or(Reason::VpTokenMalformed)?;
            presented.push(descriptor.answered_by(credential)?);
        }
        self.check_complete(&presented.iter().map(|one| one.query.as_str()).collect())?;
        Ok(presented)
    }

    fn check_complete(&self, answered: &HashSet<&str>) -> Result<(), Reason> {
        let has = |one: &Descriptor| answered.contains(one.id.as_str());
        let kept = |one: &Requirement| {
            let group: Vec<_> =
                self.descriptors.iter().filter(|descriptor| descriptor.groups.contains(&one.from)).collect();
            let given = group.iter().filter(|descriptor| has(descriptor)).count();
            one.pick.map_or(given == group.len(), |most| (1..=most).contains(&given))
        };
        let enough = if self.requirements.is_empty() {
            self.descriptors.iter().all(has)
        } else {
            self.requirements.iter().all(kept)
        };
        if enough { Ok(()) } else { Err(Reason::QueryNotSatisfied) }
    }
}

impl Descriptor {
    fn to_json(&self) -> Value {
        let name = json!({ "org_tw_name": self.issuer_name, "vc_name": self.credential_name });
        let kind = json!({
            "path": ["$.type"], "filter": { "type": "array", "contains": { "const": self.kind } },
        });
        let claim = |name: &String| json!({ "path": [format!("$.credentialSubject.{name}")] });
        let fields: Vec<Value> = std::iter::once(kind).chain(self.claims.iter().map(claim)).collect();
        json!({
            "id": self.id, "name": name.to_string(), "group": self.groups,
            "constraints": { "limit_disclosure": "required", "fields": fields },
        })
    }

    fn answered_by(&self, mut credential: Credential) -> Result<Presented, Reason> {
        if credential.kind != self.kind {
            return Err(Reason::CredentialTypeMismatch);
        }
        if !self.claims.iter().all(|name| credential.claims.contains_key(name)) {
            return Err(Reason::QueryNotSatisfied);
        }
        // The wallet finds claims by parts of their names and may disclose more than was asked for.
        let asked: Vec<[PathElement; 1]> = self.claims.iter().map(|name| [PathElement::Name(name.clone())]).collect();
        let asked: Vec<&[PathElement]> = asked.iter().map(<[PathElement; 1]>::as_slice).collect();
        let surplus = drop_surplus(&mut credential.claims, &credential.disclosed, &asked);
        Ok(Presented { query: self.id.clone(), credential, surplus })
    }
}

/// The descriptor's id and the place of its credential, from one entry of a submission.
fn pair(entry: &Value) -> Option<(&str, usize)> {
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let nested = entry.get("path_nested")?;
    let right = text(entry, "format")? == "jwt_vp"
        && text(entry, "path")? == "$"
        && text(nested, "format")?.starts_with("jwt_vc");
    let path = nested.get("path")?.as_str()?;
    let place = path.strip_prefix("$.vp.verifiableCredential[")?.strip_suffix(']')?;
    Some((entry.get("id")?.as_str().filter(|_| right)?, place.parse().ok()?))
}
