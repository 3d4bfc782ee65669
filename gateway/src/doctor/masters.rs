//! `doctor` on master keys: which one encrypts, which are still needed, which may go.

use super::Findings;
use crate::flows::{Engine, Fault};
use crate::keys::master::MasterKey;

pub(super) async fn examine(engine: &Engine, findings: &mut Findings) -> Result<(), Fault> {
    let former = engine.store.master_keys().await?;
    let configured = engine.masters.read()?.first().map(MasterKey::id);
    if let Some(id) = configured.filter(|id| former.last().is_some_and(|row| row.id != *id)) {
        findings.advice(&format!(
            "the configured master key {id} encrypts no more: claimgate keys rotate-at-rest on this machine as well, \
             which exchanges it and encrypts the key files anew"
        ));
    }
    for (id, needed) in engine.masters_needed().await? {
        let values = needed.values;
        match (needed.leads, needed.here, values) {
            (true, false, _) => findings.wrong(&format!(
                "master key {id} encrypts what is new and is not here: this gateway refuses what it would have to \
                 encrypt; lay master-{id}.key into keys.dir"
            )),
            (true, true, _) => findings.good(&format!("master key {id} encrypts what is new; {values} values are under it")),
            (false, false, _) => findings.wrong(&format!(
                "{values} values need master key {id}, which is not here: lay master-{id}.key into keys.dir"
            )),
            (false, true, 0) if configured == Some(id) => {}
            (false, true, 0) if former.iter().any(|row| row.id == id) => findings.advice(&format!(
                "master key {id} is needed by nothing in this database any more: keep it as long as a backup from its \
                 time is kept, then remove master-{id}.key"
            )),
            (false, true, 0) => findings.advice(&format!(
                "master key {id} is prepared: once it is on every gateway, claimgate keys rotate-at-rest lets it encrypt"
            )),
            (false, true, _) => findings.advice(&format!(
                "{values} values still need master key {id}: claimgate keys rotate-at-rest encrypts them anew"
            )),
        }
    }
    Ok(())
}
