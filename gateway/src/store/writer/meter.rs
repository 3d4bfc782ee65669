//! How many changes share a commit: their quotient says how well waiting is shared.

use std::sync::LazyLock;

use prometheus::IntCounter;
use prometheus::core::Collector;

static METER: LazyLock<Option<Meter>> = LazyLock::new(|| Meter::new().ok());

struct Meter {
    groups: IntCounter,
    changes: IntCounter,
}

impl Meter {
    fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            groups: IntCounter::new("claimgate_store_groups_total", "Transactions of the writer that hold changes")?,
            changes: IntCounter::new("claimgate_store_changes_total", "Changes in them")?,
        })
    }
}

/// The metrics, to be registered once.
pub(in crate::store) fn collectors() -> Vec<Box<dyn Collector>> {
    let both = |meter: &Meter| -> [Box<dyn Collector>; 2] {
        [Box::new(meter.groups.clone()), Box::new(meter.changes.clone())]
    };
    METER.iter().flat_map(both).collect()
}

/// So many changes are committed together.
pub(super) fn group(changes: usize) {
    if let Some(meter) = &*METER {
        meter.groups.inc();
        meter.changes.inc_by(changes.try_into().unwrap_or(u64::MAX));
    }
}
