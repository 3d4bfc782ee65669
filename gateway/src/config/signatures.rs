//! Section `signatures`: whose certificates count for what hospitals sign.

use std::path::PathBuf;

use serde::Deserialize;

/// Section `signatures`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// Folder of trusted authorities' certificates, PEM or DER; empty: no certificate counts.
    pub authorities_dir: PathBuf,
    /// Folder of their revocation lists, PEM or DER; empty: none.
    pub revocation_lists_dir: PathBuf,
    /// Object identifiers of the attributes that carry the institution code; empty: serialNumber and
    /// organizationalUnitName.
    pub institution_attributes: Vec<String>,
}
