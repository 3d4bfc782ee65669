//! `grow [--claims 100000] [--folder PATH] [--curve yes]`: a gateway's folder with so many claims, by the store's own
//! functions. It says first what disk it needs. With `--curve yes` the latency of a push, a pull, a status report and a
//! timeline is measured at a tenth of the claims and at all of them, on PostgreSQL where `deploy/with-postgres` runs it;
//! else the folder is kept.

use std::path::PathBuf;
use std::process::ExitCode;

use claimgate_tests::bench::{curve, grow};
use claimgate_tests::database::server;

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that says what it does")]
async fn main() -> ExitCode {
    let (mut claims, mut folder, mut measured) = (100_000, std::env::temp_dir(), false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--claims", Some(value)) if value.parse::<u64>().is_ok_and(|claims| claims > 0) => {
                claims = value.parse().unwrap_or(claims);
            }
            ("--folder", Some(value)) => folder = PathBuf::from(value),
            ("--curve", Some(value)) if value == "yes" => measured = true,
            _ => {
                eprintln!("grow [--claims 100000] [--folder PATH] [--curve yes]");
                return ExitCode::from(2);
            }
        }
    }
    let need = grow::need(claims) / 1_000_000;
    println!("{claims} claims need about {need} MB of disk under {}", folder.display());
    let steps: Vec<u64> = if measured { vec![claims.div_ceil(10), claims] } else { vec![claims] };
    let url = server().filter(|_| measured);
    let place = (folder.as_path(), url.as_deref());
    for line in Box::pin(curve::run(place, &steps, measured, grow::bar)).await {
        println!("{line}");
    }
    ExitCode::SUCCESS
}
