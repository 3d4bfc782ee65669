//! Section `identity`: how sure the person of a claim must be identified before a packet leaves.

use std::path::PathBuf;

use serde::Deserialize;

/// Section `identity`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The file that says which level a recipient and line needs, and which means count; empty: nothing is needed.
    pub policy: PathBuf,
}
