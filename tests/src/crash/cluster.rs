//! A PostgreSQL of the harness's own, by `deploy/with-postgres`: it syncs, it is stopped as by a power cut and started again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::gateway::must;
use crate::shared::project;

/// What runs beside the server and does as it is told, a word per line.
const OBEY: &str = r#"cd /
echo "$CLAIMGATE_TEST_POSTGRES"
while read -r word; do
    case $word in
    stop) $CLAIMGATE_TEST_PG_CTL -m immediate stop >/dev/null 2>&1 ;;
    start) $CLAIMGATE_TEST_PG_CTL -w start >/dev/null 2>&1 ;;
    esac
    echo "$word $?"
done"#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    shell: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Address of its database.
    pub url: String,
}

impl Cluster {
    /// Starts one in a temporary folder.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut command = Command::new("sh");
        command.arg(project().join("deploy/with-postgres")).args(["sh", "-c", OBEY]);
        let mut shell = must(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn());
        let (words, answers) = (shell.stdin.take(), shell.stdout.take());
        let mut answers = BufReader::new(answers.unwrap_or_else(|| panic!("no answers")));
        let url = line(&mut answers);
        assert!(url.starts_with("postgres:"), "PostgreSQL does not start");
        Self { shell, words, answers, url }
    }

    /// Stops it at once, without a checkpoint; its connections break.
    ///
    /// # Panics
    /// It does not stop.
    pub fn stop(&mut self) {
        self.say("stop");
    }

    /// Starts it again; it recovers from its log.
    ///
    /// # Panics
    /// It does not come back.
    pub fn begin(&mut self) {
        self.say("start");
    }

    fn say(&mut self, word: &str) {
        let said = tokio::task::block_in_place(|| {
            must(self.words.as_mut().map_or(Ok(()), |words| writeln!(words, "{word}")));
            line(&mut self.answers)
        });
        assert_eq!(said, format!("{word} 0"), "pg_ctl");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At the end of its input the shell ends, and the script removes the server.
        self.words = None;
        let _ = self.shell.wait();
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> String {
    let mut text = String::new();
    must(answers.read_line(&mut text));
    text.trim().to_owned()
}
