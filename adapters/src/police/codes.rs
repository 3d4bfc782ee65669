//! The codes of the police's form, in the three systems in use, and the conversions between them that lose nothing.
//!
//! Before 2023-07 and since then the form has two lists that share numbers; Taichung's open data numbers the new list
//! anew, in the order it is printed. National open data has names alone, of either form. An unknown code is kept and
//! marked; a code is never read by another system's list.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use claimgate_packet::evidence::accident::{PoliceCode, PoliceCodeSystem, SourceCode};

mod lists;

pub use lists::{Entry, Field, Form};

/// What is not converted although both forms have it: everything else than the rest of the list is another thing where
/// the list is another.
const REST: &str = "其他";

/// Names of open data that the form writes otherwise: listed as they are, and left as they are.
const SPELLINGS: [(Field, &str); 7] = [
    (Field::AccidentLocation, "交叉路口內"),
    (Field::AccidentLocation, "交叉口附近"),
    (Field::DirectionDivider, "寛式(50公分以上)"),
    (Field::LaneDividerFastSlow, "寛式快慢車道分隔島(50公分以上)"),
    (Field::ProtectiveGear, "未戴案全帽或未繫安全帶(未使用幼童安全椅)"),
    (Field::PartyAction, "等待(引擎未熄火)"),
    (Field::Cause, "停車操作時，未注意其他車(人)安全"),
];

/// Fields that Taichung's open data numbers anew.
const TAICHUNG: [Field; 11] = [
    Field::Cause,
    Field::Weather,
    Field::Lighting,
    Field::RoadClass,
    Field::AccidentLocation,
    Field::AccidentType,
    Field::Obstacle,
    Field::Sight,
    Field::SurfaceDefect,
    Field::ProtectiveGear,
    Field::RoadType,
];

type Named = HashSet<(Field, &'static str)>;

static NAMED: LazyLock<Named> = LazyLock::new(|| {
    let forms = [Form::Before202307, Form::Since202307];
    let all = forms.iter().flat_map(|form| Field::ALL.iter().flat_map(|field| entries(*form, *field)));
    let mut named: Named = all.map(|entry| (entry.field, entry.name)).collect();
    named.extend(SPELLINGS);
    named
});

/// The codes of a field on one form, in the order printed. Codes of the form before that are still printed come last.
#[must_use]
pub fn entries(form: Form, field: Field) -> &'static [Entry] {
    static LISTS: LazyLock<HashMap<(Form, Field), Vec<Entry>>> = LazyLock::new(lists::all);
    LISTS.get(&(form, field)).map_or(&[], Vec::as_slice)
}

/// What a code stands for in its system; `None` where the system has no such code, or has none at all.
#[must_use]
pub fn entry(system: &PoliceCodeSystem, field: Field, code: &str) -> Option<&'static Entry> {
    match system {
        PoliceCodeSystem::FormBefore202307 => on(Form::Before202307, field, code),
        PoliceCodeSystem::FormSince202307 => on(Form::Since202307, field, code),
        PoliceCodeSystem::TaichungOpenData if TAICHUNG.contains(&field) => {
            let place = code.parse::<usize>().ok().filter(|place| place.to_string() == code)?;
            printed(field).nth(place.checked_sub(1)?)
        }
        _ => None,
    }
}

fn on(form: Form, field: Field, code: &str) -> Option<&'static Entry> {
    entries(form, field).iter().find(|entry| entry.code == code)
}

/// The list of the form of 2023-07 without what is left of the one before.
fn printed(field: Field) -> impl Iterator<Item = &'static Entry> {
    entries(Form::Since202307, field).iter().filter(|entry| !entry.former)
}

/// A code as a source wrote it, with the list's name and heading beside it. One the list does not have, or has for
/// something else than the source's name says, is kept as it came and marked.
#[must_use]
pub fn read(system: PoliceCodeSystem, field: Field, code: &str, name: Option<&str>) -> PoliceCode {
    let listed = entry(&system, field, code).filter(|entry| name.is_none_or(|name| name == entry.name));
    PoliceCode {
        system,
        code: Some(code.to_owned()),
        group: listed.and_then(|entry| entry.group).map(str::to_owned),
        name: listed.map(|entry| entry.name).or(name).map(str::to_owned),
        unlisted: listed.is_none(),
        converted_from: None,
    }
}

/// A name as open data writes it. One that is on neither form is kept and marked.
#[must_use]
pub fn named(field: Field, group: Option<&str>, name: &str) -> PoliceCode {
    let listed: &HashSet<(Field, &str)> = &NAMED;
    PoliceCode {
        system: PoliceCodeSystem::OpenDataNames,
        code: None,
        group: group.map(str::to_owned),
        name: Some(name.to_owned()),
        unlisted: !listed.contains(&(field, name)),
        converted_from: None,
    }
}

/// The same value in another system, marked with what it was made of; `None` where something would be lost or added.
///
/// Taichung's numbers and the form of 2023-07 are one list in two countings, so every code of it converts. Between the
/// forms a code converts where number, name and heading are the same and it is not the rest of its list (其他). A name
/// alone converts nowhere: open data mixes the names of both forms.
#[must_use]
pub fn convert(code: &PoliceCode, field: Field, to: &PoliceCodeSystem) -> Option<PoliceCode> {
    use PoliceCodeSystem::{FormBefore202307, FormSince202307, TaichungOpenData};
    let source = code.code.as_deref().filter(|_| !code.unlisted && code.converted_from.is_none())?;
    let found = entry(&code.system, field, source)?;
    let written = match (&code.system, to) {
        (TaichungOpenData, FormSince202307) => found.code.to_owned(),
        (FormSince202307, TaichungOpenData) if TAICHUNG.contains(&field) => {
            (printed(field).position(|one| one.code == found.code)? + 1).to_string()
        }
        (FormBefore202307, FormSince202307) | (FormSince202307, FormBefore202307) => {
            let other = entry(to, field, source)?;
            let same = (other.name, other.group) == (found.name, found.group);
            (same && !found.name.starts_with(REST)).then(|| source.to_owned())?
        }
        _ => return None,
    };
    let from = SourceCode { system: code.system.clone(), code: source.to_owned() };
    let converted = read(to.clone(), field, &written, None);
    Some(PoliceCode { converted_from: Some(from), ..converted })
}

#[cfg(test)]
mod tests;
