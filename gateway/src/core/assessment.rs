//! An assessment (試算) of an accident by the rules of compulsory motor insurance: who must pay whom, who may claim, about how
//! much, with which papers. Pure; nothing is kept and nothing is decided by it.
//!
//! In: facts as an app or an insurer states them, the present day. Out: answers with their articles, or every fault of the facts.

use claimgate_adapters::motor::accident::{Accident, Harm};
use claimgate_adapters::motor::benefits::{Asked, CostKind, Estimate, Losses, estimate};
use claimgate_adapters::motor::claimants::{Capacity, Claimants, Funeral, Identity, Relative, Victim, claimants};
use claimgate_adapters::motor::documents::{Claimed, Standing, is_complete, needed, standing};
use claimgate_adapters::motor::payers::{NOTICE, Outcome, Verdict, Who, payers, to_notify};
use claimgate_adapters::motor::{Basis, Fault};
use claimgate_adapters::police::api::Item;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::accident::calendar::release;

/// Codes of papers of one victim.
const MOST_DOCUMENTS: usize = 100;

/// What is asked.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewAssessment"))]
#[serde(deny_unknown_fields)]
pub struct Assessing {
    /// The accident.
    pub accident: Accident,
    /// For which of its persons claimants, an estimate and papers are wanted too.
    #[serde(default)]
    pub victims: Vec<VictimFacts>,
    /// The payer that receives the claim first: an insurer as `by` names it, or `fund`.
    #[serde(default)]
    pub first: Option<String>,
}

/// More of a person who was hurt.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AssessedVictim"))]
#[serde(deny_unknown_fields)]
pub struct VictimFacts {
    /// The person's `id`.
    pub id: String,
    /// Whether they act for themselves.
    #[serde(default)]
    pub capacity: Option<Capacity>,
    /// By what they prove who they are.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// On death: relatives who live, up to 40.
    #[serde(default)]
    pub relatives: Vec<Relative>,
    /// On death without such relatives: who paid the funeral.
    #[serde(default)]
    pub funeral: Option<Funeral>,
    /// What they lost, and what was paid of it. That somebody died says the person's `harm`.
    #[serde(default)]
    pub losses: Losses,
    /// Codes of the papers that are there, up to 100.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// The answers.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assessment {
    /// Always `not-a-decision`.
    pub standing: &'static str,
    /// Who must pay each person, in the order of the facts.
    pub persons: Vec<Verdict>,
    /// More of the victims that were named, in their order.
    pub victims: Vec<VictimAssessed>,
    /// Whom the payer that receives first tells at once; only where `first` was named.
    pub notify: Option<Notify>,
}

/// Whom to tell.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorNotice"))]
pub struct Notify {
    /// Each once; none where one vehicle had a part in it.
    pub payers: Vec<Who>,
    /// By which article.
    pub basis: Basis,
}

/// More of a victim.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VictimAssessed {
    /// The person's `id`.
    pub id: String,
    /// Who may claim; absent where nobody pays.
    pub claimants: Option<Claimants>,
    /// About how much; absent where nobody pays.
    pub estimate: Option<Estimate>,
    /// The papers, each with how it stands.
    pub documents: Vec<Standing>,
    /// Whether nothing but optional papers is wanting.
    pub complete: bool,
}

claimgate_packet::opaque_debug!(Assessing, VictimFacts, Assessment, VictimAssessed, Notify);

/// Assesses an accident.
///
/// # Errors
/// Every fault of the facts; nothing is answered then.
pub fn assess(asked: &Assessing, today: Date) -> Result<Assessment, Vec<Fault>> {
    let accident = &asked.accident;
    let mut faults: Vec<Fault> = accident.check().err().unwrap_or_default();
    for fault in &mut faults {
        fault.at.insert_str(0, "/accident");
    }
    if accident.on > today {
        faults.push(fault("/accident/on", "The accident lies in the future", "事故日期在未來"));
    }
    if asked.first.as_deref().is_some_and(|first| first != FUND && !insures(accident, first)) {
        faults.push(fault(
            "/first",
            "Name an insurer of one of the vehicles, or fund",
            "請填其中一輛車之保險人，或 fund",
        ));
    }
    if asked.victims.len() > accident.persons.len() {
        faults.push(fault("/victims", "Name each person at most once", "每人至多列一次"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let persons = payers(accident);
    let mut victims = Vec::new();
    for (number, facts) in asked.victims.iter().enumerate() {
        let found = persons.iter().find(|verdict| verdict.person == facts.id);
        let again = asked.victims.iter().take(number).any(|other| other.id == facts.id);
        match found.filter(|_| !again) {
            Some(verdict) => match victim(accident, verdict, facts, today) {
                Ok(assessed) => victims.push(assessed),
                Err(found) => faults.extend(found.into_iter().map(|mut fault| {
                    fault.at.insert_str(0, &format!("/victims/{number}"));
                    fault
                })),
            },
            None => faults.push(fault(
                &format!("/victims/{number}/id"),
                "No person has this id, or it stands twice",
                "查無此人，或重複列出",
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let notify = asked.first.as_ref().map(|first| {
        let first = if first == FUND { Who::Fund } else { Who::Insurer { id: first.clone() } };
        Notify { payers: to_notify(accident, &first), basis: NOTICE }
    });
    Ok(Assessment { standing: "not-a-decision", persons, victims, notify })
}

/// The fund's word among payers.
const FUND: &str = "fund";

fn fault(at: &str, text: &'static str, chinese: &'static str) -> Fault {
    Fault { at: at.to_owned(), text, chinese }
}

fn insures(accident: &Accident, by: &str) -> bool {
    accident.vehicles.iter().any(|vehicle| vehicle.cover.insurer() == Some(by))
}

fn victim(
    accident: &Accident,
    verdict: &Verdict,
    facts: &VictimFacts,
    today: Date,
) -> Result<VictimAssessed, Vec<Fault>> {
    let harm = accident.persons.iter().find(|person| person.id == facts.id).map_or(Harm::Damage, |person| person.harm);
    let victim = Victim {
        id: facts.id.clone(),
        harm,
        capacity: facts.capacity.unwrap_or(Capacity::Full),
        identity: facts.identity.unwrap_or(Identity::National),
        relatives: facts.relatives.clone(),
        funeral: facts.funeral.clone(),
    };
    let by = if verdict.outcome == Outcome::Fund { Asked::Fund } else { Asked::Insurer };
    let died = harm == Harm::Death;
    let mut faults = victim.check().err().unwrap_or_default();
    if facts.losses.died && !died {
        faults.push(fault("/losses/died", "The person's harm says otherwise", "與該人之傷亡情形不符"));
    }
    if facts.documents.len() > MOST_DOCUMENTS {
        faults.push(fault("/documents", "At most 100 codes", "文件代碼至多 100 個"));
    }
    let losses = Losses { died, ..facts.losses.clone() };
    let owed = estimate(accident.on, by, &losses).map_err(|found| {
        found.into_iter().map(|mut fault| {
            fault.at.insert_str(0, "/losses");
            fault
        })
    });
    let owed = match owed {
        Ok(owed) if faults.is_empty() => owed,
        Ok(_) => return Err(faults),
        Err(found) => {
            faults.extend(found);
            return Err(faults);
        }
    };
    if verdict.outcome == Outcome::Nobody {
        let id = facts.id.clone();
        return Ok(VictimAssessed { id, claimants: None, estimate: None, documents: Vec::new(), complete: false });
    }
    let found = claimants(&victim, died.then_some(owed.death));
    let costs: Vec<CostKind> = losses.costs.iter().map(|cost| cost.kind).collect();
    let papers = needed(&Claimed::of(accident, &victim, &found, by, &costs));
    let days: Vec<(&str, Date)> =
        Item::ALL.iter().filter_map(|item| Some((item.as_str(), release(*item, accident.on)?.on))).collect();
    let there: Vec<&str> = facts.documents.iter().map(String::as_str).collect();
    let documents = standing(&papers, &there, &days, today);
    Ok(VictimAssessed {
        id: facts.id.clone(),
        claimants: Some(found),
        estimate: Some(owed),
        complete: is_complete(&documents),
        documents,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    fn asking(change: &Value) -> Assessing {
        let mut body = json!({
            "accident": {
                "on": "2026-11-01",
                "vehicles": [
                    { "id": "a", "cover": { "state": "insured", "by": "insurer-a" } },
                    { "id": "b", "cover": { "state": "uninsured" } },
                ],
                "persons": [
                    { "id": "driver", "position": { "as": "driver", "of": "a" }, "harm": "injury" },
                    { "id": "dead", "position": { "as": "outside" }, "harm": "death" },
                ],
            },
            "victims": [{ "id": "dead", "relatives": [{ "id": "mother", "kinship": "parent" },
                { "id": "son", "kinship": "child", "capacity": "minor" }] }],
            "first": "insurer-a",
        });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn each_person_is_answered_and_each_victim_in_full() {
        let found = assess(&asking(&json!({})), date(2026, 11, 2)).unwrap();
        let found = serde_json::to_value(found).unwrap();
        assert_eq!(found["persons"][0]["outcome"], "fund");
        assert_eq!(found["persons"][1]["outcome"], "insurers-and-fund-jointly");
        let victim = &found["victims"][0];
        assert_eq!(victim["claimants"]["claimants"][1]["share"], json!({ "of": 1, "over": 2 }));
        assert_eq!(victim["claimants"]["claimants"][1]["by_representative"], true);
        assert_eq!(
            (&victim["estimate"]["due"], &victim["claimants"]["claimants"][0]["amount"]),
            (&json!("3000000"), &json!("1500000"))
        );
        let coming =
            victim["documents"].as_array().unwrap().iter().find(|one| one["code"] == "accident-preliminary-analysis");
        assert_eq!((&coming.unwrap()["state"], &coming.unwrap()["on"]), (&json!("coming"), &json!("2026-12-01")));
        assert_eq!(found["notify"]["payers"], json!([{ "kind": "fund" }]));
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let faults = |change: Value| -> Vec<String> {
            let found = assess(&asking(&change), date(2026, 11, 2)).err().unwrap_or_default();
            found.into_iter().map(|fault| fault.at).collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(faults(json!({})), none);
        assert_eq!(
            faults(json!({ "first": "insurer-b", "victims": [{ "id": "x" }, { "id": "y" }, { "id": "z" }] })),
            ["/first", "/victims"]
        );
        assert_eq!(faults(json!({ "victims": [{ "id": "nobody" }] })), ["/victims/0/id"]);
        let wrong = json!({ "victims": [{ "id": "driver", "losses": { "died": true, "disability_levels": [16] },
            "relatives": [{ "id": "x", "kinship": "child" }] }] });
        assert_eq!(
            faults(wrong),
            ["/victims/0/relatives", "/victims/0/losses/died", "/victims/0/losses/disability_levels"]
        );
        let late = assess(&asking(&json!({})), date(2026, 10, 31)).err().unwrap();
        assert_eq!(late[0].at, "/accident/on");
    }
}
