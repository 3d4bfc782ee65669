//! `doctor` on the server a database is on: whether it keeps what it says it keeps, and who can read along.

use super::Findings;
use crate::config::Config;
use crate::store::{Store, StoreError};

pub(super) async fn examine(config: &Config, store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let Some(server) = store.server().await? else { return Ok(()) };
    // Readers, two that write, one that listens.
    let (each, most) = (i64::from(config.store.readers) + 3, server.connections);
    findings.good(&format!(
        "{}: PostgreSQL {}; a gateway takes up to {each} of its {most} connections",
        config.database(),
        server.version
    ));
    if !server.durable {
        findings
            .wrong("the server's fsync or full_page_writes is off: what was answered 2xx may be lost in a power cut");
    }
    if !server.private {
        findings.wrong("the connection to the server is not encrypted: add sslmode=verify-full to store.url");
    }
    Ok(())
}
