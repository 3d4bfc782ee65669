//! Section `wallet`: how credentials are asked of wallets (數位憑證皮夾), and whose count.

use std::path::PathBuf;

use serde::Deserialize;

/// Section `wallet`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// The https address wallets reach this gateway at; empty: `gateway.base_url`.
    pub address: String,
    /// The certificate that signs requests, with those between it and its authority (PEM); empty: none.
    pub certificate: PathBuf,
    /// Its private key, P-256 (PKCS#8 PEM).
    pub key: PathBuf,
    /// How the certificate names the gateway.
    pub client: ClientName,
    /// The wallet's https address for links; empty: none.
    pub universal_link: String,
    /// The file of queries; empty: the built-in ones.
    pub queries: PathBuf,
    /// The file of trusted issuers; empty: nobody is trusted.
    pub trust: PathBuf,
    /// In a sandbox, where status lists are fetched instead of from their own hosts; empty: from those.
    pub stand_in: String,
    /// Folder of the authorities whose certificates count on signed documents, PEM or DER; empty: none.
    pub document_authorities_dir: PathBuf,
    /// Folder of their revocation lists; empty: none.
    pub document_revocation_lists_dir: PathBuf,
    /// The address of the operator's own verifier module (TWDIW); empty: none.
    pub module_address: String,
    /// The file with its access token.
    pub module_token_file: PathBuf,
    /// Seconds a session is open.
    pub session_seconds: i64,
    /// Hours a session is kept that belongs to no claim, or proved nothing.
    pub keep_hours: i64,
}

/// The prefix of the client id (OpenID4VP 1.0 §5.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientName {
    /// By the certificate's digest (HAIP).
    X509Hash,
    /// By its DNS name, which is that of the address.
    X509SanDns,
    /// By its key as a `did:key`.
    DecentralizedIdentifier,
}

impl Wallet {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let address = |text: &str| text.is_empty() || (text.starts_with("https://") && !text.ends_with('/'));
        let rules = [
            (address(&self.address), "wallet.address starts with https:// and has no trailing slash"),
            (address(&self.universal_link), "wallet.universal_link starts with https:// and has no trailing slash"),
            ((300..=600).contains(&self.session_seconds), "wallet.session_seconds is 300 to 600"),
            ((1..=720).contains(&self.keep_hours), "wallet.keep_hours is 1 to 720"),
            (
                self.module_address.is_empty() == self.module_token_file.as_os_str().is_empty(),
                "wallet.module_address and wallet.module_token_file go together",
            ),
            (
                self.certificate.as_os_str().is_empty() == self.key.as_os_str().is_empty(),
                "wallet.certificate and wallet.key go together",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}
