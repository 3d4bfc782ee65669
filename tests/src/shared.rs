//! Real examples that lie beside the project; a test that needs them prints that it skipped where they are not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of the shared data (`CLAIMGATE_SHARED`, default `../shared` beside the project), if it is there.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests find their data by the environment and say so"
)]
pub fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| project().join("../shared"), PathBuf::from);
    let file = root.join("data").join(path);
    let found = std::fs::read(&file).ok();
    if found.is_none() {
        println!("skipped: {path} is not here (CLAIMGATE_SHARED names the folder)");
    }
    found
}

/// The project's root folder.
#[must_use]
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The built `claimgate`, which lies beside the test binary's folder.
///
/// # Panics
/// It was not built: `cargo build --bin claimgate` first, as `make test` does.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let built = test.ancestors().nth(2).map(|profile| profile.join("claimgate")).unwrap_or_default();
    assert!(built.exists(), "cargo build --bin claimgate first, as make test does");
    built
}

/// Runs the built `claimgate` in a folder, with its data in `data` there.
///
/// # Panics
/// It does not start.
#[must_use]
pub fn claimgate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env("CLAIMGATE_GATEWAY__DATA_DIR", folder.join("data"));
    command.output().unwrap_or_else(|error| panic!("claimgate does not start: {error}"))
}

/// Says what a test measured or skipped to whoever runs it.
#[expect(clippy::print_stdout, reason = "figures and skips are for who runs the tests")]
pub fn tell(words: &str) {
    println!("{words}");
}
