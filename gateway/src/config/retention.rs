//! Section `retention`: how long things are kept, and by what rule. The rules are the operator's to verify: a period is
//! a setting with a note of its source, never a constant.

use std::path::PathBuf;

use serde::Deserialize;

/// Section `retention`. A period of 0 days means for ever; a duty of 0 days means none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days a closed claim is kept after something last happened to it.
    pub closed_days: i64,
    /// Where that comes from.
    pub closed_source: String,
    /// Days a claim that never closes is kept after something last happened to it.
    pub idle_days: i64,
    /// Where that comes from.
    pub idle_source: String,
    /// Days an application is kept whose case never got any documents.
    pub application_days: i64,
    /// Where that comes from.
    pub application_source: String,
    /// Days attempts to reach endpoints are kept.
    pub attempt_days: i64,
    /// Where that comes from.
    pub attempt_source: String,
    /// Days a closed claim must be kept, whoever asks for its erasure.
    pub duty_days: i64,
    /// Where that comes from.
    pub duty_source: String,
    /// The list of erasures; empty means in the data directory.
    pub erasures_file: PathBuf,
}

impl Retention {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let all = [self.closed_days, self.idle_days, self.application_days, self.attempt_days, self.duty_days];
        if !all.iter().all(|days| (0..=36_525).contains(days)) {
            return Some("retention: days are 0 to 36525");
        }
        (self.closed_days != 0 && self.closed_days < self.duty_days)
            .then_some("retention.closed_days is 0 or at least retention.duty_days")
    }
}
