//! Every code comes back, and what loses something is not converted.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

const SYSTEMS: [PoliceCodeSystem; 3] =
    [PoliceCodeSystem::FormBefore202307, PoliceCodeSystem::FormSince202307, PoliceCodeSystem::TaichungOpenData];

fn coded(system: &PoliceCodeSystem, field: Field, code: &str) -> PoliceCode {
    read(system.clone(), field, code, None)
}

#[test]
fn every_line_of_the_lists_is_an_entry_and_no_code_stands_twice() {
    for (form, text) in [
        (Form::Before202307, include_str!("before-2023-07.txt")),
        (Form::Since202307, include_str!("since-2023-07.txt")),
    ] {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[', '=']));
        let found: usize = Field::ALL.iter().map(|field| entries(form, *field).len()).sum();
        assert_eq!(found, lines.count());
        let heads = text.lines().filter(|line| line.starts_with('[')).count();
        assert_eq!(Field::ALL.iter().filter(|field| !entries(form, **field).is_empty()).count(), heads);
        for field in Field::ALL {
            let mut codes: Vec<_> = entries(form, *field).iter().map(|entry| entry.code).collect();
            codes.sort_unstable();
            let many = codes.len();
            codes.dedup();
            assert_eq!(codes.len(), many, "{}", field.as_str());
        }
    }
}

#[test]
fn every_code_round_trips_through_its_own_system() {
    let mut many = [0; 3];
    for (system, many) in SYSTEMS.iter().zip(&mut many) {
        for field in Field::ALL {
            let codes: Vec<String> = match system {
                PoliceCodeSystem::FormBefore202307 => own(Form::Before202307, *field),
                PoliceCodeSystem::FormSince202307 => own(Form::Since202307, *field),
                _ if TAICHUNG.contains(field) => {
                    (1..=printed(*field).count()).map(|number| number.to_string()).collect()
                }
                _ => Vec::new(),
            };
            for code in codes {
                let found = coded(system, *field, &code);
                assert!(!found.unlisted && found.name.is_some(), "{} {code}", field.as_str());
                let again = read(system.clone(), *field, &code, found.name.as_deref());
                assert!(again == found && again.code.as_deref() == Some(&code));
                *many += 1;
            }
        }
    }
    assert_eq!(many, [413, 469, 237]);
}

fn own(form: Form, field: Field) -> Vec<String> {
    entries(form, field).iter().map(|entry| entry.code.to_owned()).collect()
}

#[test]
fn one_number_means_three_things() {
    let names = SYSTEMS.each_ref().map(|system| coded(system, Field::Weather, "7").name.unwrap());
    assert_eq!(names, ["陰", "陰", "晴"]);
    let turns = SYSTEMS.each_ref().map(|system| coded(system, Field::Cause, "23").name);
    assert_eq!(turns.map(Option::unwrap_or_default), ["未注意車前狀態", "", "闖紅燈左轉(或迴轉)"]);
    // A list that Taichung does not number anew is not read by the form's.
    assert!(coded(&SYSTEMS[2], Field::PartyAction, "5").unlisted);
}

#[test]
fn an_unknown_code_is_kept_and_marked() {
    for (code, name) in [("99", None), ("8 ", None), ("08", None), ("8", Some("雨")), ("", None)] {
        let found = read(PoliceCodeSystem::FormSince202307, Field::Weather, code, name);
        assert!(found.unlisted && found.code.as_deref() == Some(code) && found.name.as_deref() == name, "{code}");
        assert!(convert(&found, Field::Weather, &SYSTEMS[2]).is_none());
    }
    assert!(coded(&SYSTEMS[2], Field::Weather, "08").unlisted && coded(&SYSTEMS[2], Field::Weather, "0").unlisted);
    assert!(named(Field::Cause, None, "天外飛來").unlisted && !named(Field::Cause, None, "未注意車前狀態").unlisted);
    // A name of one field says nothing in another.
    assert!(named(Field::Weather, None, "未注意車前狀態").unlisted);
}

#[test]
fn taichung_converts_both_ways_and_says_from_what() {
    let [_, form, taichung] = SYSTEMS;
    for field in TAICHUNG {
        for number in 1..=printed(field).count() {
            let source = coded(&taichung, field, &number.to_string());
            let converted = convert(&source, field, &form).unwrap();
            let from = converted.converted_from.clone().unwrap();
            assert!(from.system == taichung && from.code == number.to_string() && converted.name == source.name);
            // A conversion of a conversion would forget what the source wrote.
            assert!(convert(&converted, field, &taichung).is_none());
            let back = convert(&coded(&form, field, converted.code.as_deref().unwrap()), field, &taichung).unwrap();
            assert_eq!(back.code, source.code);
        }
    }
}

#[test]
fn between_the_forms_only_what_stayed_the_same_converts() {
    let [before, since, taichung] = SYSTEMS;
    let to = |field, code| convert(&coded(&before, field, code), field, &since);
    assert_eq!(to(Field::Weather, "8").unwrap().code.as_deref(), Some("8"));
    for (field, code) in [
        // Split in 2023: 06 未依規定讓車 into 70 to 80; 23 未注意車前狀態 has no successor.
        (Field::Cause, "06"),
        (Field::Cause, "23"),
        // The same number, and other words or limits.
        (Field::Drinking, "4"),
        (Field::SurfaceDefect, "2"),
        (Field::Cause, "13"),
        // The rest of a shorter list is more than the rest of a longer one.
        (Field::AccidentType, "29"),
        (Field::RoadClass, "8"),
    ] {
        assert!(to(field, code).is_none(), "{} {code}", field.as_str());
    }
    assert!(convert(&coded(&before, Field::Weather, "8"), Field::Weather, &taichung).is_none());
    let name = named(Field::Weather, None, "晴");
    assert!(convert(&name, Field::Weather, &since).is_none());
}

fn shared(file: &str) -> Option<Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("CLAIMGATE_SHARED").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("data/motor").join(file));
    if text.is_err() {
        println!("skipped: there is no data/motor/{file}");
    }
    serde_json::from_str(&text.ok()?).ok()
}

/// Code and name of every leaf.
fn leaves<'v>(value: &'v Value, found: &mut Vec<(&'v str, &'v str)>) {
    for (key, value) in value.as_object().unwrap() {
        match value.as_str() {
            Some(name) => found.push((key, name)),
            None => leaves(value, found),
        }
    }
}

#[test]
fn the_lists_are_those_transcribed_from_the_forms() {
    for (form, file) in [
        (Form::Before202307, "police-form-codes-before-2023-07.json"),
        (Form::Since202307, "police-form-codes-2023-07-on.json"),
    ] {
        let Some(transcribed) = shared(file) else { return };
        let lists = transcribed["codes"].as_object().unwrap();
        for (word, list) in lists {
            let field = *Field::ALL.iter().find(|field| field.as_str() == word).unwrap();
            let mut expected = Vec::new();
            leaves(list, &mut expected);
            if let Some(former) = transcribed["legacy_codes_still_printed"].get(word) {
                leaves(former, &mut expected);
            }
            let mut found: Vec<_> = entries(form, field).iter().map(|entry| (entry.code, entry.name)).collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{word}");
        }
        assert_eq!(lists.len(), Field::ALL.iter().filter(|field| !entries(form, **field).is_empty()).count());
    }
    let Some(taichung) = shared("taichung-reindexed-codes.json") else { return };
    let maps = taichung["maps"].as_object().unwrap();
    assert_eq!(maps.len(), TAICHUNG.len());
    for (name, map) in maps {
        let field = TAICHUNG
            .into_iter()
            .find(|field| field.chinese() == name || (name == "肇事因素" && *field == Field::Cause));
        let field = field.unwrap();
        assert_eq!(map.as_object().unwrap().len(), printed(field).count(), "{name}");
        for (number, listed) in map.as_object().unwrap() {
            let source = coded(&PoliceCodeSystem::TaichungOpenData, field, number);
            let converted = convert(&source, field, &PoliceCodeSystem::FormSince202307).unwrap();
            assert_eq!(converted.code.as_deref(), listed["form_code"].as_str(), "{name} {number}");
            assert_eq!(source.name.as_deref(), listed["name"].as_str(), "{name} {number}");
        }
    }
}
