//! Sections `alerts` and `mail`: what somebody is told of, and how mail leaves.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Section `alerts`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Minutes an endpoint may have no success.
    pub endpoint_failing_minutes: i64,
    /// Minutes a deferred step may be due with nobody doing it.
    pub work_overdue_minutes: i64,
    /// Seconds between two looks.
    pub look_seconds: u64,
    /// Hours between two whole checks of audit trail and log.
    pub check_hours: u64,
}

impl Alerts {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let fits = (1..=10_080).contains(&self.endpoint_failing_minutes)
            && (1..=10_080).contains(&self.work_overdue_minutes)
            && (1..=3_600).contains(&self.look_seconds)
            && (1..=720).contains(&self.check_hours);
        (!fits).then_some("alerts: minutes are 1 to 10080, look_seconds 1 to 3600, check_hours 1 to 720")
    }
}

/// How a mail's way is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS is demanded before anything is said.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear.
    None,
}

/// Section `mail`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server; empty means no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: MailTls,
    /// Name at the server; empty means none is given.
    pub user: String,
    password: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// File with further certificate authorities (PEM).
    pub authorities: PathBuf,
    /// Sender.
    pub from: String,
    /// The operators' addresses.
    pub operators: Vec<String>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Mail {
    /// The password, where it stands in the configuration itself.
    #[must_use]
    pub fn password(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(self.password.clone())
    }

    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let near = ["localhost", "127.0.0.1", "::1"].contains(&self.host.as_str());
        let rules = [
            (!self.host.is_empty() && self.from.is_empty(), "mail.from is needed with mail.host"),
            (
                !self.password.is_empty() && !self.password_file.as_os_str().is_empty(),
                "mail.password and mail.password_file exclude each other",
            ),
            (
                self.tls == MailTls::None && !self.host.is_empty() && !near,
                "mail.tls is \"none\" only for a server on this machine (localhost)",
            ),
            (self.operators.len() > 12, "mail.operators: at most 12"),
        ];
        rules.into_iter().find(|(broken, _)| *broken).map(|(_, rule)| rule)
    }
}
