//! The audit trail's actions: what the code writes is what docs/operating.md lists, and nothing else is listed.

use std::collections::BTreeSet;
use std::path::Path;

use claimgate_tests::shared::project;

/// Where the action of a line is no literal of its call, the actions it can be.
const INDIRECT: [(&str, &[&str]); 9] = [
    ("endpoint.rs", &["endpoint.switched-off", "endpoint.switched-on"]),
    ("insurer.rs", &["delivery.fetched", "delivery.pushed"]),
    ("insurer/acknowledge.rs", &["delivery.acknowledged", "delivery.receipted"]),
    ("insurer/attachments.rs", &["attachment.fetched", "attachment-key.fetched"]),
    (
        "registry.rs",
        &["party.consent-changed", "party.disabled", "party.enabled", "party.replaced", "party.state-changed"],
    ),
    ("registry/change.rs", &["party.disabled", "party.enabled", "party.replaced", "party.state-changed"]),
    ("registry/proposals.rs", &["endpoint.rejected", "endpoint.withdrawn", "party.rejected", "party.withdrawn"]),
    ("registry/trust.rs", &["trust.rejected", "trust.withdrawn"]),
    ("upload.rs", &["upload.given-up", "upload.kind-differs"]),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let name = path.strip_prefix(project().join("gateway/src/flows")).unwrap().display().to_string();
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((name, text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned()));
        }
    }
}

/// The second argument of a call whose arguments begin here: what stands between its first two commas of this depth.
fn second(call: &str) -> &str {
    let (mut depth, mut commas) = (0, Vec::new());
    for (at, sign) in call.char_indices() {
        match sign {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => commas.push(at),
            _ => {}
        }
        if commas.len() == 2 || depth < 0 {
            break;
        }
    }
    call[commas[0] + 1..commas[1]].trim()
}

#[test]
fn every_action_of_the_trail_is_listed() {
    let mut found = Vec::new();
    sources(&project().join("gateway/src/flows"), &mut found);
    let whole: String = found.iter().map(|(_, text)| text.as_str()).collect();
    let (mut written, mut indirect) = (BTreeSet::new(), BTreeSet::new());
    for (name, text) in &found {
        for call in text.split(".audit(").skip(1) {
            let action = second(call);
            if let Some(action) = action.strip_prefix('"').and_then(|action| action.strip_suffix('"')) {
                written.insert(action);
            } else {
                indirect.insert(name.as_str());
            }
        }
    }
    let known: BTreeSet<&str> = INDIRECT.iter().map(|(name, _)| *name).collect();
    assert_eq!(indirect, known, "say here which actions a call without a literal writes");
    for action in INDIRECT.iter().flat_map(|(_, actions)| *actions) {
        assert!(whole.contains(&format!("\"{action}\"")), "{action} is written no more");
        written.insert(action);
    }
    let page = std::fs::read_to_string(project().join("docs/operating.md")).unwrap();
    let list = page.split("\nActions: ").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, written, "docs/operating.md lists the actions of the audit trail");
}
