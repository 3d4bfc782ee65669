//! Writes the table of reasons into its page: `cargo run -p claimgate-adapters --example reasons docs/wallet.md`.

use std::process::ExitCode;

use claimgate_adapters::wallet::reason::table;

/// The table stands between these lines.
const MARKS: (&str, &str) = ("<!-- reasons -->\n", "<!-- end of reasons -->");

fn main() -> ExitCode {
    let written = std::env::args_os().nth(1).and_then(|path| {
        let page = std::fs::read_to_string(&path).ok()?;
        let (before, rest) = page.split_once(MARKS.0)?;
        let (_, after) = rest.split_once(MARKS.1)?;
        std::fs::write(path, format!("{before}{}{}{}{after}", MARKS.0, table(), MARKS.1)).ok()
    });
    if written.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
