//! Programs of the system that make faults: `strace`, `nft`, `libfaketime`. Where one cannot work, a test says so and is
//! skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::gateway::must;

/// A program of the system; none, with a printed word, where it is not there.
#[must_use]
#[expect(clippy::print_stdout, reason = "says what was skipped")]
pub fn found(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: {name} is not here (deploy/prepare test)");
    }
    found
}

/// Sends a signal to a process.
///
/// # Panics
/// It is not there.
pub fn signal(process: u32, name: &str) {
    let sent = must(Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status());
    assert!(sent.success(), "kill -{name} {process}");
}

/// System calls of a running process that fail, until it is let go.
#[derive(Debug)]
pub struct Failing(Child);

impl Failing {
    /// Lets these calls of a process on these files fail from now on; none, with a printed word, where no process may
    /// be looked into.
    ///
    /// # Panics
    /// `strace` does not start.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "says what was skipped")]
    pub fn attach(process: u32, (calls, error): (&str, &str), files: &[PathBuf]) -> Option<Self> {
        let mut command = Command::new(found("strace")?);
        command.args(["-f", "-p", &process.to_string(), "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        command.args(["-e", &format!("inject={calls}:error={error}")]);
        for file in files {
            command.arg("-P").arg(file);
        }
        let mut child = must(command.stderr(Stdio::piped()).spawn());
        let mut said = BufReader::new(child.stderr.take().unwrap_or_else(|| panic!("no words"))).lines();
        let attached =
            said.by_ref().map_while(Result::ok).find(|line| line.contains(" attached") || line.contains("not"));
        if !attached.as_ref().is_some_and(|line| line.contains(" attached")) {
            println!("skipped: strace may not look into another process: {}", attached.unwrap_or_default());
            let _ = child.wait();
            return None;
        }
        std::thread::spawn(move || said.for_each(drop));
        Some(Self(child))
    }

    /// Lets the process go; its calls succeed again.
    ///
    /// # Panics
    /// It is not let go.
    pub fn detach(mut self) {
        signal(self.0.id(), "INT");
        must(self.0.wait());
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
