//! The list of codes as a page for integrators, written from the codes themselves.

use std::fmt::Write;

use super::codes::CODES;

const HEAD: &str = "\
# Findings on a FHIR input

Written from `fhir/src/outcome/codes.rs` by `cargo run -p claimgate-fhir --example issues docs/fhir-issues.md`; a test
compares. Each finding is an `OperationOutcome.issue`: its code stands in `details.coding` with the system
`urn:claimgate:code`, its place in `expression` as FHIRPath, what to do in `diagnostics`, and a few words of Chinese in
`details.text`. No finding repeats a value of the input.

`fatal` and `error` refuse the input; `warning` and `information` do not. A hospital's policy can make warnings errors, by
code (`patient.id-checksum`) or by family (`structure`). The code stays the same, and `diagnostics` says so.

A code is never given another meaning. Codes of HTTP, keys and routing stand in [errors.md](errors.md).
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut family = "";
    for code in CODES {
        let own = code.code.split_once('.').map_or("", |(own, _)| own);
        if own != family {
            family = own;
            // Writing into a text cannot fail.
            let _ = write!(page, "\n## {family}\n\n| code | severity | means |\n|---|---|---|\n");
        }
        let _ = writeln!(page, "| `{}` | {} | {} |", code.code, code.severity.as_str(), code.meaning);
    }
    page
}
