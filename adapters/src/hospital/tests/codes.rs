//! Every code in the sources stands in the one list, with the severity it is reported with, and the other way round.

use std::collections::BTreeSet;

use claimgate_fhir::outcome::CODES;

use super::*;

/// Tests, the list itself, and what an insurer is told of.
const NOT_OURS: [&str; 3] = ["tests.rs", "outcome/codes.rs", "insurer.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && !NOT_OURS.iter().any(|other| path.ends_with(other))
        {
            found.push(path);
        }
    }
}

/// Production code of all readers, file by file.
fn texts() -> Vec<String> {
    let mut paths = Vec::new();
    for crate_name in ["../fhir/src", "src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(crate_name), &mut paths);
    }
    let production = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned()
    };
    // What insurers are told are events, no findings.
    paths.into_iter().filter(|path| !path.to_string_lossy().contains("insurer")).map(production).collect()
}

fn looks_like_a_code(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && !word.ends_with('-')
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'0'..=b'9'))
    };
    text.split_once('.')
        .is_some_and(|(family, rest)| !["txt", "json", "org", "info"].contains(&rest) && word(family) && word(rest))
}

/// Places of elements and header fields, which look like codes, and a code of an answer that is about no input.
const PLACES: [&str; 8] = [
    "identifier.value",
    "meta.profile",
    "text.div",
    "patient.identifier",
    "request.identifier",
    "search.cut",
    "http.content-signature",
    "http.signature",
];

#[test]
fn every_code_in_the_sources_is_listed() {
    for text in texts() {
        for literal in text.split('"').filter(|text| looks_like_a_code(text) && !PLACES.contains(text)) {
            assert!(CODES.iter().any(|code| code.code == literal), "{literal} is not in fhir/src/outcome/codes.rs");
        }
    }
}

#[test]
fn every_code_with_a_constructor_has_its_severity() {
    let mut seen = 0;
    for text in texts() {
        for (name, severity) in [
            ("Issue::error(", Severity::Error),
            ("Issue::warning(", Severity::Warning),
            ("Issue::fatal(", Severity::Fatal),
            ("Issue::information(", Severity::Information),
        ] {
            for rest in text.split(name).skip(1) {
                let call = rest.split_once(';').map_or(rest, |(call, _)| call);
                let literal = call.split('"').nth(1).filter(|text| looks_like_a_code(text) && !PLACES.contains(text));
                let Some(literal) = literal else { continue };
                let listed = CODES.iter().find(|code| code.code == literal).unwrap();
                assert_eq!(listed.severity, severity, "{literal}");
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn every_listed_code_is_used_and_listed_once() {
    let all = texts().concat();
    let mut once = BTreeSet::new();
    for code in CODES {
        assert!(once.insert(code.code), "{} twice", code.code);
        let (family, rest) = code.code.split_once('.').unwrap();
        // A receipt's family is put together with the rest of the code.
        let put_together = ["claim", "invoice"].contains(&family) && all.contains(&format!("\"{rest}\""));
        assert!(all.contains(&format!("\"{}\"", code.code)) || put_together, "{} is used nowhere", code.code);
        assert!(code.meaning.ends_with('.') && !code.meaning.contains('|'), "{}", code.code);
    }
}
