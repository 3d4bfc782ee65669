//! What access tokens a party may hold.

use serde::{Deserialize, Serialize};

/// Whether a party's access tokens must be bound to a key (RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRule {
    /// Whoever holds the token may use it; a party that asks with a proof gets a bound one all the same.
    #[default]
    Bearer,
    /// None without a proof (DPoP), neither given nor taken.
    Dpop,
}
