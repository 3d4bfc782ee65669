//! `doctor` on source signatures: authorities, their lists, and hospitals that must sign.

use std::path::Path;

use super::Findings;
use crate::flows::Engine;
use crate::party::Party;

pub(super) fn examine(engine: &Engine, parties: &[Party], findings: &mut Findings) {
    let required = parties.iter().filter(|party| party.registration().signature_required).count();
    if required > 0 {
        findings.good(&format!("{required} hospitals must sign what they send"));
    }
    let Some(loaded) = engine.authorities.present() else { return };
    let standing = loaded.standing(engine.now());
    findings
        .good(&format!("source signatures: {} authorities, {} revocation lists", standing.authorities, standing.lists));
    let name = |path: Option<&Path>| path.map(|path| path.display().to_string()).unwrap_or_default();
    for place in &standing.ended_authorities {
        findings.wrong(&format!(
            "authority {} is not in force: no signature counts by it. Lay the renewed certificate into \
             signatures.authorities_dir and take this one out",
            name(loaded.certificate_file(*place))
        ));
    }
    for place in &standing.ended_lists {
        findings.wrong(&format!(
            "revocation list {} is not in force: signatures are verified-revocation-unchecked. Lay the authority's new \
             list into signatures.revocation_lists_dir",
            name(loaded.list_file(*place))
        ));
    }
    if standing.lists == 0 {
        findings.advice("no revocation lists: a revoked certificate is not noticed (signatures.revocation_lists_dir)");
    }
}
