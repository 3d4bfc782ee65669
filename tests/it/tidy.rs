//! The house rules, kept by a test: the direction between crates and modules, what is named where, file sizes,
//! head comments, and that the project speaks of itself alone.

use std::path::{Path, PathBuf};

use claimgate_tests::shared::project;

/// A file may be this long before it needs a reason here.
const LONGEST: usize = 500;
/// Crates in order: a crate uses only those before it.
const CRATES: [&str; 5] = ["packet", "fhir", "adapters", "gateway", "tests"];

struct File {
    path: String,
    text: String,
}

fn files(folder: &str, extension: &str) -> Vec<File> {
    let root = project();
    let mut found = Vec::new();
    collect(&root.join(folder), extension, &mut found);
    assert!(!found.is_empty(), "{folder} has no .{extension} file");
    found
        .into_iter()
        .map(|path| File {
            path: path.strip_prefix(&root).unwrap().display().to_string(),
            text: std::fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = path.file_name().is_some_and(|name| name == "target" || name == ".git");
        if path.is_dir() && !hidden {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<File> {
    CRATES.iter().flat_map(|name| files(name, "rs")).collect()
}

/// The part of a file that is not its in-file tests.
fn production(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

#[test]
fn a_crate_uses_only_those_before_it() {
    for (place, name) in CRATES.iter().enumerate() {
        let manifest = std::fs::read_to_string(project().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
        for used in tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flat_map(toml::Table::keys) {
            let Some(used) = used.strip_prefix("claimgate-") else { continue };
            let position = CRATES.iter().position(|known| *known == used).unwrap();
            assert!(position < place, "{name} uses {used}");
        }
    }
}

#[test]
fn a_gateway_module_uses_only_those_before_it() {
    let lib = std::fs::read_to_string(project().join("gateway/src/lib.rs")).unwrap();
    let order: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 12, "{order:?}");
    for file in files("gateway/src", "rs") {
        let inside = file.path.trim_start_matches("gateway/src/").trim_end_matches(".rs");
        let module = inside.split('/').next().unwrap();
        let Some(place) = order.iter().position(|known| *known == module) else { continue };
        let text = production(&file.text);
        for used in text.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|sign| sign.is_ascii_lowercase() || *sign == '_').collect();
            if let Some(position) = order.iter().position(|known| *known == used) {
                assert!(position <= place, "{} uses {used}, which stands after {module}", file.path);
            }
        }
        // `use crate::{a, b}` would hide from the check above.
        assert!(!text.contains("use crate::{") || module == "lifecycle", "{}: one `use crate::` per module", file.path);
    }
}

#[test]
fn what_is_dangerous_is_named_in_one_place_only() {
    let rules: [(&str, &[&str]); 15] = [
        ("sqlx", &["gateway/src/store", "tests/"]),
        // The made-up issuer, platform, police and desks of cover serve too, on this machine alone.
        (
            "actix_web",
            &[
                "gateway/src/http",
                "gateway/src/lifecycle.rs",
                "gateway/src/sandbox/office",
                "gateway/src/sandbox/mydata.rs",
                "gateway/src/sandbox/cover.rs",
                "gateway/src/sandbox/police.rs",
            ],
        ),
        ("reqwest", &["gateway/src/objects/bucket.rs", "gateway/src/sender", "gateway/src/sandbox", "tests/"]),
        ("actix_tls", &["gateway/src/http/certificate.rs"]),
        ("rustls", &["gateway/src/tls", "gateway/src/sender/mail.rs", "tests/"]),
        ("jsonwebtoken", &["gateway/src/access/jwt.rs"]),
        ("sfv", &["adapters/src/signature/http"]),
        ("webpki", &["adapters/src/signature/authority.rs", "adapters/src/wallet/trust/chain.rs"]),
        ("josekit", &["packet/benches", "packet/tests"]),
        // Its Big5 reads a hospital's own signs (造字) as Hong Kong's.
        ("encoding_rs", &["adapters/src/export/decode.rs", "tests/"]),
        ("object_store", &["gateway/src/objects"]),
        ("lettre", &["gateway/src/sender/mail.rs"]),
        ("AssertSqlSafe", &[]),
        (
            "std::env::var",
            &["gateway/src/config.rs", "tests/", "packet/src/jose/wycheproof.rs", "packet/src/log/tree/tests.rs"],
        ),
        ("SystemTime", &[]),
    ];
    for file in sources() {
        let code: Vec<&str> = file.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for (word, allowed) in rules {
            let home =
                file.path.starts_with("tests/it/tidy.rs") || allowed.iter().any(|place| file.path.starts_with(place));
            let in_test = file.path.contains("/tests") || file.path.contains("tests.rs");
            let named = code.contains(&format!("{word}::")) || code.contains(&format!("{word}("));
            assert!(home || in_test || !named, "{} names {word}", file.path);
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_and_stays_short() {
    for file in sources() {
        assert!(file.text.starts_with("//!"), "{} has no head comment", file.path);
        let lines = production(&file.text).lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", file.path);
    }
}

#[test]
fn imports_of_ours_never_come_before_those_of_others() {
    for file in sources() {
        let mut ours = false;
        for line in file.text.lines().take_while(|line| !line.starts_with("mod tests")) {
            if line.starts_with("use crate::") || line.starts_with("use super::") {
                ours = true;
            } else if ours && line.starts_with("use ") && !line.starts_with("use claimgate") {
                let known = line.starts_with("use std::") || line.starts_with("use serde");
                assert!(!known, "{}: {line} stands after our own", file.path);
            }
        }
    }
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut names: Vec<String> = files("migrations/sqlite", "sql").into_iter().map(|file| file.path).collect();
    names.sort();
    for (place, name) in names.iter().enumerate() {
        let number = name.trim_start_matches("migrations/sqlite/").split('_').next().unwrap();
        assert_eq!(number, format!("{:04}", place + 1), "{name}");
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let root = project();
    let mut all: Vec<File> = sources();
    for (folder, extension) in [("docs", "md"), ("deploy", "toml"), ("migrations", "sql"), ("tests", "md")] {
        all.extend(files(folder, extension));
    }
    for name in ["README.md", "CONTRIBUTING.md", "Makefile", "Cargo.toml", "deny.toml", ".clippy.toml", ".ci/run"] {
        all.push(File { path: name.to_owned(), text: std::fs::read_to_string(root.join(name)).unwrap() });
    }
    let words = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    for file in all {
        for word in words {
            assert!(!file.text.contains(word), "{} holds {word}", file.path);
        }
    }
}

#[test]
fn every_document_is_reachable_from_the_readme() {
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    for file in files("docs", "md") {
        assert!(readme.contains(&file.path), "README.md does not link {}", file.path);
    }
    let map = std::fs::read_to_string(project().join("docs/architecture.md")).unwrap();
    assert!(map.lines().count() <= 150, "docs/architecture.md is longer than a map");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = std::fs::read_to_string(project().join("Cargo.toml")).unwrap().parse().unwrap();
    let reasons = std::fs::read_to_string(project().join("docs/dependencies.md")).unwrap();
    for name in manifest["workspace"]["dependencies"].as_table().unwrap().keys() {
        assert!(name.starts_with("claimgate-") || reasons.contains(&format!("`{name}`")), "{name} has no reason");
    }
}
