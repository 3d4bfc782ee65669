//! How long each named statement took and how often it ran, waiting for a connection included.
//!
//! In: a statement's text, whose first line names it (`-- read::party`). Out: one metric of this process. It must not
//! know what a statement says beyond its name.

use std::sync::LazyLock;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramTimer, HistogramVec};

/// The name of a statement that has none.
const NAMELESS: &str = "nameless";

static SECONDS: LazyLock<Option<HistogramVec>> = LazyLock::new(|| {
    let options = HistogramOpts::new("claimgate_store_statement_seconds", "Time of statements, waiting included");
    HistogramVec::new(options.buckets(vec![0.001, 0.01, 0.1, 1.0]), &["statement"]).ok()
});

/// The metric, to be registered once.
pub(in crate::store) fn collector() -> Option<Box<dyn Collector>> {
    SECONDS.as_ref().map(|seconds| -> Box<dyn Collector> { Box::new(seconds.clone()) })
}

/// A statement begins; its time counts under its name when what this gives is dropped.
pub(super) fn running(name: &'static str) -> Option<HistogramTimer> {
    SECONDS.as_ref().map(|seconds| seconds.with_label_values(&[name]).start_timer())
}

/// A statement's name: what stands behind `-- ` in its first line.
pub(super) fn name(sql: &'static str) -> &'static str {
    sql.strip_prefix("-- ").and_then(|rest| rest.split('\n').next()).map_or(NAMELESS, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_line() {
        assert_eq!(name("-- read::party\nselect 1"), "read::party");
        assert_eq!(name("-- read::party\n            select 1 -- other"), "read::party");
        assert_eq!(name("select 1 -- read::party"), NAMELESS);
    }

    #[test]
    fn a_run_is_counted_under_its_name_at_its_end() {
        let count = || SECONDS.as_ref().unwrap().with_label_values(&["tests::counted"]).get_sample_count();
        let one = running("tests::counted");
        assert_eq!(count(), 0);
        drop(one);
        assert_eq!(count(), 1);
    }
}
