//! Drafts of cases (車禍理賠案件) that nothing became of: they go as long after their last change as unused applications do.

use super::{BATCH, DueKind, Operator, Ran, before};
use crate::config::Retention;
use crate::core::change::{Change, Write};
use crate::core::retention::RetentionWrite;
use crate::flows::{Engine, Fault};
use crate::store::{Expired, StoreError};

impl Engine {
    /// How many drafts are due to go.
    pub(super) async fn drafts_due(&self, settings: &Retention) -> Result<DueKind, Fault> {
        let days = settings.application_days;
        let found = match days {
            0 => Expired { count: 0, oldest: None },
            days => self.store.count_unused_cases(before(self.now(), days)).await?,
        };
        let source = settings.application_source.clone();
        Ok(DueKind { kind: "unused-cases", days, source, due: found.count, oldest: found.oldest })
    }

    /// Deletes drafts of cases (車禍理賠案件) that nothing became of. One that is filed while this runs stays.
    pub(super) async fn forget_cases(
        &self,
        by: &Operator,
        days: i64,
        (ran, progress): (&mut Ran, &mut impl FnMut(&Ran)),
    ) -> Result<(), Fault> {
        if days == 0 {
            return Ok(());
        }
        let until = before(self.now(), days);
        loop {
            let batch = self.store.unused_cases(until, BATCH).await?;
            let count = batch.len();
            if count == 0 {
                return Ok(());
            }
            let mut change = Change::new("delete_cases");
            change.writes = batch.into_iter().map(|id| Write::Retention(RetentionWrite::Case(id))).collect();
            let detail = [("count", count.to_string()), ("before", until.to_string())];
            change.push(self.audit(&by.actor(), "retention.cases-deleted", &"motor_case", detail));
            match self.store.commit(change).await {
                Ok(()) => ran.cases += u64::try_from(count).unwrap_or(u64::MAX),
                // What was filed meanwhile is no draft any more.
                Err(StoreError::Conflict { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            progress(ran);
        }
    }
}
