//! Scene sketch (現場圖), 7 days after the accident: 道路交通事故處理辦法 §13(2). The drawing itself is an attachment.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::place::{Occurrence, PoliceUnit};
use crate::opaque_debug;

/// Scene sketch (現場圖): a drawing to scale with positions, marks and measurements.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentSceneSketch {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// Day it was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_on: Option<Date>,
    /// Scale as written, for example `1:200`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// Id of the attachment that is the drawing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
    /// Remarks on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

opaque_debug!(AccidentSceneSketch);
