//! Writes the page of all codes of findings: `cargo run -p claimgate-fhir --example issues docs/fhir-issues.md`.

use std::process::ExitCode;

use claimgate_fhir::outcome::page;

fn main() -> ExitCode {
    match std::env::args_os().nth(1).map(|path| std::fs::write(path, page())) {
        Some(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
