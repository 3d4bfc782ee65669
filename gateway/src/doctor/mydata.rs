//! `doctor` on MyData: whether it can be fetched from, and whether the authorities of data providers are in force.

use std::path::Path;

use super::Findings;
use crate::flows::Engine;

pub(super) fn examine(engine: &Engine, findings: &mut Findings) {
    let Some(setup) = &engine.mydata else { return };
    let Some(loaded) = setup.authorities() else { return };
    let standing = loaded.standing(engine.now());
    findings.good(&format!(
        "MyData: {} data sets, {} authorities of providers, {} revocation lists",
        setup.datasets().len(),
        standing.authorities,
        standing.lists
    ));
    let name = |path: Option<&Path>| path.map(|path| path.display().to_string()).unwrap_or_default();
    for place in &standing.ended_authorities {
        findings.wrong(&format!(
            "authority {} is not in force: no data provider counts by it. Lay the renewed certificate into \
             mydata.authorities_dir and take this one out",
            name(loaded.certificate_file(*place))
        ));
    }
    for place in &standing.ended_lists {
        findings.wrong(&format!(
            "revocation list {} is not in force: packages it should cover are refused, or taken unchecked. Lay the \
             authority's new list into mydata.revocation_lists_dir",
            name(loaded.list_file(*place))
        ));
    }
    if standing.lists == 0 && setup.demands_lists() {
        findings.wrong("no revocation lists of data providers: every package is refused (mydata.revocation_lists_dir)");
    }
    for name in setup.unregistered() {
        findings.advice(&format!(
            "data set {name}: no provider is registered for it, any under the pinned authorities may sign it \
             (mydata.datasets)"
        ));
    }
}
