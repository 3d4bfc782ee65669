//! Seeding: insurers that are known by code and name become invited parties, to be completed one by one.
//!
//! In: a file of codes and names. Out: who was added, who is known, what was refused and what was not read. An invited
//! party gets no token and no packet, and no hospital can name it: seeding needs no second operator.

use claimgate_fhir::taiwan::{Namespace, Ubn};
use claimgate_packet::jose::json::{JsonError, Limits, parse_object};
use claimgate_packet::words::Line;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::NotRegistered;
use crate::flows::Engine;
use crate::party::{INSURER_CODE, PartyId, PartyIdentifier, PartyState, Registration, Role};
use crate::store::StoreError;

const BOUNDS: Limits = Limits { bytes: 1 << 20, depth: 4, members: 20_000 };

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Parties that are new.
    pub added: Vec<PartyId>,
    /// Parties that were there; nothing of them was changed.
    pub known: Vec<PartyId>,
    /// Code and reason of what was refused.
    pub refused: Vec<(String, String)>,
    /// Members of the file that are no insurers.
    pub unread: Vec<String>,
}

/// An insurer of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    name: String,
    #[serde(default)]
    ubn: Option<String>,
    #[serde(default)]
    lines: Vec<Line>,
}

impl Engine {
    /// Adds every insurer of a file that is not known yet, as invited party. The same file again adds nothing.
    ///
    /// # Errors
    /// A file that is no such object at all, or a fault of ours; what is wrong with one insurer refuses that one alone.
    pub async fn seed(&self, text: &[u8]) -> Result<Seeded, NotRegistered> {
        let file = parse_object(text, BOUNDS).map_err(|error| {
            NotRegistered::Seed(match error {
                JsonError::DuplicateMember => "a member stands twice",
                JsonError::TooLarge | JsonError::TooManyMembers | JsonError::TooDeep => "it is larger than any list",
                JsonError::Malformed | JsonError::NotAnObject => "it is no JSON object",
            })
        })?;
        let mut seeded = Seeded::default();
        for (section, value) in file {
            // 產險 and 壽險 number their members apart; the letters are those the life insurers' own platform uses.
            let letter = match section.as_str() {
                "non_life" => 'N',
                "life" | "life_seen" => 'L',
                _ => {
                    seeded.unread.push(section);
                    continue;
                }
            };
            let Value::Object(insurers) = value else {
                seeded.refused.push((section, "it is an object of codes and names".to_owned()));
                continue;
            };
            self.seed_section(letter, insurers, &mut seeded).await?;
        }
        Ok(seeded)
    }

    async fn seed_section(
        &self,
        letter: char,
        insurers: Map<String, Value>,
        seeded: &mut Seeded,
    ) -> Result<(), NotRegistered> {
        for (code, value) in insurers {
            let shown: String = code.chars().filter(|sign| !sign.is_control()).take(16).collect();
            let registration = match registration(letter, &code, value) {
                Ok(registration) => registration,
                Err(reason) => {
                    seeded.refused.push((format!("{letter}{shown}"), reason.to_owned()));
                    continue;
                }
            };
            if let Some(known) = self.known(&registration).await? {
                seeded.known.push(known);
                continue;
            }
            match self.add(registration, PartyState::Invited, None).await {
                Ok(party) => seeded.added.push(party.id),
                Err(NotRegistered::Fault(fault)) => return Err(fault.into()),
                Err(reason) => seeded.refused.push((format!("{letter}{shown}"), reason.to_string())),
            }
        }
        Ok(())
    }

    async fn known(&self, registration: &Registration) -> Result<Option<PartyId>, StoreError> {
        for known in &registration.identifiers {
            if let Some(party) = self.store.party_by_identifier(&known.system, &known.value).await? {
                return Ok(Some(party.id));
            }
        }
        Ok(None)
    }
}

fn registration(letter: char, code: &str, value: Value) -> Result<Registration, &'static str> {
    if !(1..=8).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return Err("a code has 1 to 8 digits and capital letters");
    }
    let known = match value {
        Value::String(name) => Known { name, ubn: None, lines: Vec::new() },
        other => {
            serde_json::from_value(other).map_err(|_| "an insurer is a name, or an object of name, ubn and lines")?
        }
    };
    let code = format!("{letter}{code}");
    let id = format!("insurer-{}", code.to_ascii_lowercase());
    let mut registration = Registration::new(&id, Role::Insurer, &known.name, Value::Null);
    let number = |system: &str, value: String| PartyIdentifier { system: system.to_owned(), value };
    registration.identifiers.push(number(INSURER_CODE, code));
    if let Some(ubn) = known.ubn {
        let ubn: Ubn = ubn.parse().map_err(|_| "ubn is no 統一編號: eight digits whose check digit fits")?;
        registration.identifiers.push(number(Namespace::Ubn.uri(), ubn.as_str().to_owned()));
    }
    registration.lines = known.lines;
    Ok(registration)
}
