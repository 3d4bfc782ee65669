//! `doctor` on certificates, and on keys that parties publish at a URL.

use jiff::SignedDuration;

use super::Findings;
use crate::flows::Engine;
use crate::keys::published::STALE;
use crate::party::{CertificateRule, Party};
use crate::store::StoreError;

/// Days before the end of the gateway's certificate at which one is told.
const SOON: i64 = 21;

pub(super) fn certificates(engine: &Engine, parties: &[Party], findings: &mut Findings) {
    let now = engine.now();
    match engine.tls.ends() {
        Some(ends) if ends <= now => {
            findings.wrong(&format!("the gateway's certificate ended at {ends} (tls.certificate)"));
        }
        Some(ends) if ends < now + SignedDuration::from_hours(24 * SOON) => {
            findings.advice(&format!("the gateway's certificate ends at {ends}: renew it (tls.certificate)"));
        }
        Some(ends) => findings.good(&format!("TLS: the gateway's certificate ends at {ends}")),
        None => {}
    }
    for party in parties {
        let by_name = match &party.registration().certificate {
            None | Some(CertificateRule::SelfSigned) => false,
            Some(_) => true,
        };
        if by_name && !engine.tls.knows_authorities() {
            let id = &party.id;
            findings.wrong(&format!(
                "{id} proves itself by a certificate of an authority, and none is trusted (tls.client_authorities)"
            ));
        }
    }
}

pub(super) async fn keys(engine: &Engine, parties: &[Party], findings: &mut Findings) -> Result<(), StoreError> {
    let now = engine.now();
    for party in parties {
        let Some(url) = &party.registration().jwks_url else { continue };
        let id = &party.id;
        if let Err(error) = engine.keys_target(url) {
            findings.wrong(&format!("{id}: jwks_url may not be asked: {error}"));
            continue;
        }
        let Some(row) = engine.store.published(id).await?.filter(|row| row.url == *url) else {
            findings.advice(&format!("{id}: jwks_url was not asked yet: it is at the first token"));
            continue;
        };
        let counts = row.fetched_at.map(|at| at.saturating_add(STALE).unwrap_or(jiff::Timestamp::MAX));
        match (row.failure, counts) {
            (None, _) => findings.good(&format!("{id}: jwks_url answered at {}", row.tried_at)),
            (Some(failure), Some(until)) if now < until => findings.advice(&format!(
                "{id}: jwks_url failed at {}: {failure}. Keys fetched before count until {until}; tell its contact",
                row.tried_at
            )),
            (Some(failure), _) => findings.wrong(&format!(
                "{id}: jwks_url failed at {}: {failure}. It gets no token until the URL answers; tell its contact",
                row.tried_at
            )),
        }
    }
    Ok(())
}
