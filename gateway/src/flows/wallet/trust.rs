//! The registry of trusted issuers as sessions use it: the file, and before it what operators agreed on, as it is in the
//! database at this moment. One small read for each answer, so that a revoked issuer counts nowhere from its commit on.

use std::sync::Arc;

use claimgate_adapters::wallet::trust::Trust;

use crate::flows::{Engine, Fault};
use crate::keys::issuers::IssuerDocument;

impl Engine {
    /// Who counts for a purpose now.
    ///
    /// # Errors
    /// The database is away, or a document cannot be read: nobody is trusted by guess.
    pub(in crate::flows) async fn trusted(&self, purpose: &str) -> Result<Arc<Trust>, Fault> {
        self.follow_trust().await?;
        Ok(self.wallet.issuers.trust(purpose))
    }

    /// Takes in what was agreed on since, on this gateway or another.
    ///
    /// # Errors
    /// As [`Engine::trusted`].
    pub(in crate::flows) async fn follow_trust(&self) -> Result<(), Fault> {
        let issuers = &self.wallet.issuers;
        if self.store.trust_version().await? == issuers.version() {
            return Ok(());
        }
        let damaged = || Fault::Stored("trust_issuer.document");
        let rows = self.store.trust_issuers().await?;
        let version = rows.iter().map(|row| row.version).sum();
        let read = |text: &str| serde_json::from_str::<IssuerDocument>(text).map_err(|_| damaged());
        let all = rows.iter().map(|row| read(&row.document)).collect::<Result<Vec<_>, _>>()?;
        issuers.agree(version, all).map_err(|_| damaged())
    }
}
