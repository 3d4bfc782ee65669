//! The coordination element (損害填補): what a recipient that reimburses expenses may know of the others, under a consent
//! that names it. It names no other recipient.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::amount::Twd;
use crate::evidence::{CopyKind, ReceiptKey};
use crate::opaque_debug;

/// How the expenses of a claim are shared, as one recipient may know it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coordination {
    /// The receipts (收據) this recipient gets, by their keys; one without a key is not listed.
    pub receipts: Vec<SharedReceipt>,
    /// Whether this recipient's is the original or a copy (正本、副本).
    pub copy: CopyKind,
    /// The how-manieth printing it is, from 1: the original is the first.
    pub number: u32,
    /// How many recipients reimburse these expenses, this one among them.
    pub of: u32,
    /// How many others do: `of` less one.
    pub others: u32,
    /// What the others have paid of this claim, less what came back.
    pub paid_by_others: Twd,
    /// As of when (UTC).
    pub as_of: Timestamp,
}

/// A receipt that several recipients may reimburse.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SharedReceipt {
    /// Its key (收據鍵).
    pub key: ReceiptKey,
    /// Whether the same receipt stands in another claim of the same hospital too (重複申請).
    pub elsewhere: bool,
}

opaque_debug!(Coordination, SharedReceipt);
