//! Section `mydata`: how data sets are fetched from MyData (個人化資料自主運用平臺), and whose count.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Section `mydata`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mydata {
    /// The platform's address; empty: nothing is fetched from it.
    pub platform: String,
    /// The gateway's id there as a service provider.
    pub client_id: String,
    client_secret: String,
    /// File with the secret.
    pub client_secret_file: PathBuf,
    /// The IV of the contract.
    pub cbc_iv: String,
    /// The return address registered there; empty: the gateway's own.
    pub return_url: String,
    notification_key: String,
    /// File with the key the platform shows.
    pub notification_key_file: PathBuf,
    /// SHA-256 of the platform's client certificate, base64url; empty: none is asked for.
    pub notification_certificate: String,
    /// The file of data sets; empty: the built-in ones.
    pub datasets: PathBuf,
    /// Pages of apps a person may be sent back to.
    pub return_pages: Vec<String>,
    /// Folder of the pinned authorities' certificates.
    pub authorities_dir: PathBuf,
    /// Folder of their revocation lists.
    pub revocation_lists_dir: PathBuf,
    /// Whether a path no list in force covers is refused.
    pub revocation_required: bool,
    /// Minutes a person has to consent, and the platform to notify.
    pub consent_minutes: i64,
    /// Seconds one fetch may take.
    pub fetch_seconds: u32,
    /// Hours what was proved is kept where no claim took it.
    pub keep_hours: i64,
}

impl fmt::Debug for Mydata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mydata").field("platform", &self.platform).finish_non_exhaustive()
    }
}

impl Mydata {
    /// Whether data sets are fetched at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.platform.is_empty()
    }

    /// The secret, where it stands in the configuration itself.
    #[must_use]
    pub fn client_secret(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(self.client_secret.clone())
    }

    /// The key the platform shows, where it stands in the configuration itself.
    #[must_use]
    pub fn notification_key(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(self.notification_key.clone())
    }

    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let web = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        let named = |path: &PathBuf| !path.as_os_str().is_empty();
        let page = |text: &String| {
            web(text) && !text.contains(['#', '\\', '"', '<', '>']) && text.chars().all(|c| c.is_ascii_graphic())
        };
        let rules = [
            (
                !self.is_on() || web(&self.platform) && !self.platform.ends_with('/'),
                "mydata.platform starts with https:// and has no trailing slash",
            ),
            (self.return_url.is_empty() || web(&self.return_url), "mydata.return_url is a web address"),
            (self.return_pages.iter().all(page), "mydata.return_pages are web addresses in ASCII without a fragment"),
            (
                self.client_secret.is_empty() || !named(&self.client_secret_file),
                "mydata.client_secret and mydata.client_secret_file exclude each other",
            ),
            (
                self.notification_key.is_empty() || !named(&self.notification_key_file),
                "mydata.notification_key and mydata.notification_key_file exclude each other",
            ),
            (!self.is_on() || named(&self.authorities_dir), "mydata.authorities_dir is needed with mydata.platform"),
            ((5..=480).contains(&self.consent_minutes), "mydata.consent_minutes is 5 to 480"),
            ((10..=600).contains(&self.fetch_seconds), "mydata.fetch_seconds is 10 to 600"),
            ((1..=2_160).contains(&self.keep_hours), "mydata.keep_hours is 1 to 2160"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}
