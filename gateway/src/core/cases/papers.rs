//! Completeness (降低補件率): which documents a claim needs, what is there, what comes on which day, what is missing and how to
//! get it. Pure.
//!
//! In: the list of what is needed, the draft with its files, the day police papers are given. Out: each with its state. A
//! claim is complete where nothing is missing; what comes by itself follows as a revision and holds nothing up.

use std::collections::BTreeSet;

use claimgate_adapters::police::api::Item;
use claimgate_packet::evidence::accident::NoticeKind;
use jiff::civil::Date;

use super::draft::Draft;
use super::facts::{day, statement};
use super::field::{FileItem, FileKind, PlannedClaim};
use super::plan::{is_damage, person};
use crate::core::accident::calendar::release;

/// What gives a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Any of these files of the person.
    Files(&'static [FileKind]),
    /// These fields of the draft, or one of these files.
    Fields(&'static [&'static str], &'static [FileKind]),
    /// The police, to the gateway itself.
    Police(Item),
    /// The claimant's name and identity.
    Claimant,
}

/// A document that a claim needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// A stable word.
    pub what: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
    /// What gives it.
    pub given: Given,
    /// How to get it, in English and Chinese.
    pub how: (&'static str, &'static str),
}

/// How a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is here.
    There,
    /// It comes by itself, from that day on.
    Coming(Date),
    /// The person has to get it.
    Missing,
}

const NOTICE: Needed = Needed {
    what: "application",
    chinese: "理賠申請書",
    given: Given::Claimant,
    how: ("fill in who claims: name and identity number", "請填寫請求權人姓名與身分證號"),
};
const IDENTITY: Needed = Needed {
    what: "identity-proof",
    chinese: "請求權人身分證明",
    given: Given::Files(&[FileKind::IdentityProof]),
    how: ("photograph both sides of the identity card", "請拍攝身分證正反面"),
};
const ACCOUNT: Needed = Needed {
    what: "account",
    chinese: "存摺影本或匯款帳號",
    given: Given::Fields(&["payout.bank", "payout.account", "payout.holder"], &[FileKind::BankBook]),
    how: ("fill in the claimant's own account", "請填寫請求權人本人之帳戶"),
};
const POLICE: Needed = Needed {
    what: "police-paper",
    chinese: "警憲機關處理證明文件",
    given: Given::Police(Item::AccidentRegistrationSlip),
    how: (
        "fill in the police unit and case number of the registration slip; without a record, report to the police",
        "請填寫登記聯單之警察單位與案件編號；未報案者請先報案",
    ),
};
const DIAGNOSIS: Needed = Needed {
    what: "diagnosis-certificate",
    chinese: "合格醫師診斷書",
    given: Given::Files(&[FileKind::DiagnosisCertificate]),
    how: ("ask the hospital for a certificate of diagnosis", "請向就診醫院申請診斷證明書"),
};
const RECEIPT: Needed = Needed {
    what: "medical-receipt",
    chinese: "醫療費用收據",
    given: Given::Files(&[FileKind::MedicalReceipt]),
    how: (
        "photograph the receipt, or ask the hospital for a certified copy",
        "請拍攝收據，或向醫院申請加蓋與正本相符之副本",
    ),
};
const DEATH: Needed = Needed {
    what: "death-certificate",
    chinese: "相驗屍體證明書或死亡證明書",
    given: Given::Files(&[FileKind::DeathCertificate]),
    how: ("get it from the prosecutor's office or the hospital", "請向地檢署或醫院申請"),
};
const HOUSEHOLD: Needed = Needed {
    what: "household-record",
    chinese: "除戶及請求權人戶籍謄本",
    given: Given::Files(&[FileKind::HouseholdRecord]),
    how: ("get it from any household registration office", "請向戶政事務所申請"),
};
const ESTIMATE: Needed = Needed {
    what: "estimate",
    chinese: "修車估價單或發票",
    given: Given::Files(&[FileKind::Estimate, FileKind::RepairInvoice]),
    how: ("ask the repair shop for an estimate", "請向維修廠索取估價單"),
};
const PICTURES: Needed = Needed {
    what: "damage-photos",
    chinese: "車損照片",
    given: Given::Files(&[FileKind::DamagePhoto]),
    how: ("photograph the damage", "請拍攝車損部位"),
};
const VEHICLE: Needed = Needed {
    what: "vehicle-licence",
    chinese: "行照",
    given: Given::Files(&[FileKind::VehicleLicence]),
    how: (
        "photograph the vehicle licence, or get the registration from MyData",
        "請拍攝行照，或由 MyData 取得車籍資料",
    ),
};
const LICENCE: Needed = Needed {
    what: "driving-licence",
    chinese: "駕照",
    given: Given::Files(&[FileKind::DrivingLicence]),
    how: ("photograph the driving licence", "請拍攝駕照"),
};

/// What the notice of 2008-09-22 (金管保四字第09702563496號) asks for an injury or death, and insurers for a vehicle.
#[must_use]
pub fn needed(draft: &Draft, plan: &PlannedClaim) -> Vec<Needed> {
    let mut list = vec![NOTICE, IDENTITY, ACCOUNT];
    if is_damage(plan.kind) {
        list.extend([ESTIMATE, PICTURES]);
        if plan.kind == NoticeKind::OwnDamage {
            list.extend([VEHICLE, LICENCE]);
        }
        // Parties may settle damage to things at the scene: only a record that is there is a paper to wait for.
        if statement(draft).is_some_and(|stated| stated.record.exists) {
            list.push(POLICE);
        }
        return list;
    }
    list.push(POLICE);
    let victim = person(draft, plan.victim.as_ref().or(plan.claimant.as_ref()));
    if victim.is_some_and(|victim| victim.died == Some(true)) {
        list.extend([DEATH, HOUSEHOLD]);
    } else {
        list.extend([DIAGNOSIS, RECEIPT]);
    }
    list
}

/// How each document of a list stands.
#[must_use]
pub fn standing(list: &[Needed], draft: &Draft, plan: &PlannedClaim) -> Vec<(Needed, State)> {
    let read = |(_, value): (&str, &serde_json::Value)| serde_json::from_value::<FileItem>(value.clone()).ok();
    let files: Vec<FileKind> = draft.items("file").filter_map(read).map(|file| file.kind).collect();
    let has = |kinds: &[FileKind]| files.iter().any(|file| kinds.contains(file));
    let recorded = statement(draft).filter(|stated| stated.record.number.is_some());
    let state = |one: &Needed| match one.given {
        Given::Files(kinds) => {
            if has(kinds) {
                State::There
            } else {
                State::Missing
            }
        }
        Given::Fields(names, kinds) => {
            let there = names.iter().all(|name| draft.get(name).is_some()) || has(kinds);
            if there { State::There } else { State::Missing }
        }
        Given::Police(item) => {
            let due = recorded.as_ref().and(day(draft)).and_then(|on| release(item, on));
            due.map_or(State::Missing, |due| State::Coming(due.on))
        }
        Given::Claimant => {
            let claimant = person(draft, plan.claimant.as_ref());
            let there = claimant.is_some_and(|one| one.name.is_some() && one.identity.is_some());
            if there { State::There } else { State::Missing }
        }
    };
    list.iter().map(|one| (*one, state(one))).collect()
}

/// Whether nothing is missing.
#[must_use]
pub fn is_complete(standing: &[(Needed, State)]) -> bool {
    !standing.iter().any(|(_, state)| *state == State::Missing)
}

/// The words of what is missing, each once.
#[must_use]
pub fn missing(standing: &[(Needed, State)]) -> BTreeSet<&'static str> {
    standing.iter().filter(|(_, state)| *state == State::Missing).map(|(one, _)| one.what).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_missing_is_named_and_what_comes_by_itself_holds_nothing_up() {
        let mut draft = Draft::default();
        let fill = |draft: &mut Draft, fields: &[(&str, Value)]| {
            for (name, value) in fields {
                draft.fill(name, value, Timestamp::UNIX_EPOCH);
            }
        };
        let plan: PlannedClaim =
            serde_json::from_value(json!({ "kind": "injury-compulsory", "insurer": "motor-2", "claimant": "me" }))
                .unwrap();
        fill(
            &mut draft,
            &[
                ("occurrence.date", json!("2026-11-01")),
                (
                    "person.me",
                    json!({ "name": "王小明", "identity": { "kind": "national-id", "value": "A123456789" } }),
                ),
            ],
        );
        let all = |draft: &Draft| standing(&needed(draft, &plan), draft, &plan);
        let expected = ["account", "diagnosis-certificate", "identity-proof", "medical-receipt", "police-paper"];
        assert!(missing(&all(&draft)).into_iter().eq(expected));
        let uploaded = |kind: &str| json!({ "upload": "upl_0", "kind": kind });
        fill(
            &mut draft,
            &[
                ("file.a", uploaded("identity-proof")),
                ("file.b", uploaded("diagnosis-certificate")),
                ("file.c", uploaded("medical-receipt")),
                ("file.d", uploaded("bank-book")),
                ("police.jurisdiction", json!("TW-TPE")),
                ("police.number", json!("11511A0001")),
            ],
        );
        let now = all(&draft);
        assert!(is_complete(&now));
        assert!(
            now.iter().any(|(one, state)| one.what == "police-paper" && *state == State::Coming(date(2026, 11, 1)))
        );
        // A death asks for other papers.
        draft.fields.remove("person.me");
        fill(&mut draft, &[("person.me", json!({ "name": "王小明", "died": true }))]);
        assert!(missing(&all(&draft)).into_iter().eq(["application", "death-certificate", "household-record"]));
    }
}
