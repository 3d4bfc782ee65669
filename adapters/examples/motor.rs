//! Writes the tables of motor rules into their page: `cargo run -p claimgate-adapters --example motor docs/motor-rules.md`.

use std::process::ExitCode;

use claimgate_adapters::motor::page::tables;

/// The tables stand between these lines.
const MARKS: (&str, &str) = ("<!-- tables -->\n\n", "<!-- end of tables -->");

fn main() -> ExitCode {
    let written = std::env::args_os().nth(1).and_then(|path| {
        let page = std::fs::read_to_string(&path).ok()?;
        let (before, rest) = page.split_once(MARKS.0)?;
        let (_, after) = rest.split_once(MARKS.1)?;
        std::fs::write(path, format!("{before}{}{}\n{}{after}", MARKS.0, tables(), MARKS.1)).ok()
    });
    if written.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
