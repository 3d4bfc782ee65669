//! `claimgate police`: the police's published data at the desk, without a gateway.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use claimgate_adapters::police::open_data::{BYTES, Import, Text};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{Ending, print, say};

/// Read what the police (警察機關) publish of traffic accidents.
#[derive(Debug, Subcommand)]
pub(super) enum Police {
    /// Read national open data of accidents (A1, A2): rows become accidents with their parties.
    ///
    /// Each row that is no party is listed with its line and a reason. Exit code 1: the file is not of this data at all.
    #[command(after_help = "Examples:\n  claimgate police import NPA_TMA1.csv\n  \
        claimgate police import --json NPA_TMA2.csv | jq '.rejected'\n\n\
        docs/police.md says what each reason means.")]
    Import(Run),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The file as published: CSV in UTF-8 or Big5.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Police {
    pub(super) fn run(self) -> anyhow::Result<Ending> {
        let Self::Import(run) = self;
        let bytes = bounded(&run.file, BYTES)?;
        let text = Text::decode(&bytes)?;
        drop(bytes);
        let import = Import::read(&text)?;
        if run.json {
            print(format_args!("{}", to_json(&import)));
        } else {
            show(&import);
        }
        Ok(Ending::Done)
    }
}

fn to_json(import: &Import<'_>) -> Value {
    let rejected: Vec<Value> =
        import.rejected.iter().map(|one| json!({ "row": one.row, "reason": one.reason.as_str() })).collect();
    let causes: Map<String, Value> =
        import.causes().into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    json!({
        "rows": import.rows, "accidents": import.accidents.len(), "parties": import.parties(), "rejected": rejected,
        "causes": causes,
    })
}

fn show(import: &Import<'_>) {
    print(format_args!("rows {:>10}", import.rows));
    print(format_args!("accidents {:>5}", import.accidents.len()));
    print(format_args!("parties {:>7}", import.parties()));
    print(format_args!("rejected {:>6}", import.rejected.len() + import.rejected_more));
    for one in &import.rejected {
        print(format_args!("  line {}: {}", one.row, one.reason.as_str()));
    }
    let mut causes: Vec<(&str, usize)> = import.causes().into_iter().collect();
    causes.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    if !causes.is_empty() {
        print(format_args!("main causes (肇因研判－主要) of the accidents"));
    }
    for (name, count) in causes {
        print(format_args!("{count:>6}  {name}"));
    }
    if import.rejected_more > 0 {
        say(format_args!("{} more rows were rejected than are listed", import.rejected_more));
    }
}

/// A file of at most so many bytes.
pub(super) fn bounded(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let limit = u64::try_from(most)?.saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path).with_context(unreadable)?.take(limit).read_to_end(&mut bytes).with_context(unreadable)?;
    if bytes.len() > most {
        bail!("{} has more than {most} bytes", path.display());
    }
    Ok(bytes)
}
