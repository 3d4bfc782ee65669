//! Section `reports`: what a report assumes. An assumption is a setting with a note of its source, never a constant.

use serde::Deserialize;

/// Section `reports`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Trips (往返) a claim on paper takes.
    pub trips_per_submission: u32,
    /// Trips papers take that are brought later.
    pub trips_per_supplement: u32,
    /// Where that comes from.
    pub trips_source: String,
}

impl Reports {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let fits = self.trips_per_submission <= 10 && self.trips_per_supplement <= 10;
        (!fits).then_some("reports: trips are 0 to 10")
    }
}
