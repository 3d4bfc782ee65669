//! The list of codes as a page for integrators, written from the table itself.

use std::fmt::Write;

use super::{CODES, Family, Retryable};

const HEAD: &str = "\
# Errors: who failed, and what to do 錯誤碼

Written from `gateway/src/http/codes/list.rs` by `cargo run -p claimgate-gateway --features schema --example contract docs`; a
test compares. `GET /errors.json` gives the same list for machines; it needs no token and may be cached.

Every refusal names its code, its `family` (who failed) and whether it is `retryable`. Where they stand:

| answer | code | family, retryable |
|---|---|---|
| problem details (RFC 9457) | member `code`; `type` is `urn:claimgate:problem:<code>` | members `family`, `retryable` |
| OperationOutcome under `/fhir/` | `issue.details.coding`, system `urn:claimgate:code` | extensions `urn:claimgate:family`, `urn:claimgate:retryable` of the OperationOutcome (`valueCode`) |
| `POST /oauth/token` (RFC 6749 §5.2) | member `error` | members `family`, `retryable` |

A code never changes its meaning, and new ones may come: take one you do not know by its family and status.
";

const FINDINGS: &str = "
## Findings in a bundle

A bundle is refused with every finding at once. Those of severity `fatal` (400, 413) and `error` (413, 422) in
[fhir-issues.md](fhir-issues.md) are family `sender`, retryable `after-correction`; so is a warning that your hospital's
policy makes an error. `/errors.json` lists them all.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    words(&mut page, "family", Family::ALL.iter().map(|one| (one.as_str(), one.meaning())));
    words(&mut page, "retryable", Retryable::ALL.iter().map(|one| (one.as_str(), one.meaning())));
    for family in Family::ALL {
        // Writing into a text cannot fail.
        let _ = write!(page, "\n## {}\n\n", family.as_str());
        page.push_str("| code | status | retryable | do | 處理方式 | where |\n|---|---|---|---|---|---|\n");
        for code in CODES.iter().filter(|code| code.family == *family) {
            let status: Vec<String> = code.status.iter().map(ToString::to_string).collect();
            let places: Vec<String> = code.at.iter().map(|place| quoted(&place.describe())).collect();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} | {} |",
                code.code,
                status.join(", "),
                code.retryable.as_str(),
                code.english.replace('|', "\\|"),
                code.chinese.replace('|', "\\|"),
                places.join(", ")
            );
        }
    }
    page.push_str(FINDINGS);
    page
}

/// An address as code, words as they are.
fn quoted(place: &str) -> String {
    if place.starts_with('/') { format!("`{place}`") } else { place.to_owned() }
}

fn words<'a>(page: &mut String, name: &str, list: impl Iterator<Item = (&'a str, (&'a str, &'a str))>) {
    let _ = write!(page, "\n| {name} | means | 說明 |\n|---|---|---|\n");
    for (word, (english, chinese)) in list {
        let _ = writeln!(page, "| `{word}` | {english} | {chinese} |");
    }
}
