//! A paper the insured handed in when an insurer asked for it (自行補件文件): nobody has read it, the files beside it are the
//! paper. It goes to the insurer that asked, and to nobody else.

use serde::{Deserialize, Serialize};

use crate::opaque_debug;
use crate::words::Line;

/// A paper of the insured (自行補件文件).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnerPaper {
    /// Id of the request it answers (補件通知), `tsk_` and a UUID.
    pub request: String,
    /// Party id of the insurer that asked; the packet of no other recipient holds this.
    pub insurer: String,
    /// In which line (險種) it asked.
    pub line: Line,
    /// What was asked for, as a word of the request's list of documents, for example `bank-account`.
    pub asked_for: String,
    /// How it came: `app`, an app backend sent it; `page`, it was uploaded on the gateway's page.
    pub channel: String,
    /// What identified the person at that moment: `wallet`, a digital wallet (數位憑證皮夾). Absent where only the channel
    /// was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identified_by: Option<String>,
    /// What the person says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

opaque_debug!(OwnerPaper);
