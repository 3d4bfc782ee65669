//! Scene photos (現場照片), 7 days after the accident: 道路交通事故處理辦法 §13(2). The pictures are attachments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::place::{Occurrence, PoliceUnit, Wgs84};
use crate::opaque_debug;

/// Scene photos (現場照片).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentScenePhotos {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// The photos in the order of the paper.
    pub photos: Vec<ScenePhoto>,
}

/// One photo.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScenePhoto {
    /// Id of the attachment that is the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
    /// When it was taken (UTC), by the police's note or the camera's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// Where, as the camera wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at_point: Option<Wgs84>,
    /// What it shows (說明).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

opaque_debug!(AccidentScenePhotos, ScenePhoto);
