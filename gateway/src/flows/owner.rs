//! The owner's eyes: an app backend redeems a tracking code once and then follows the claim (`timeline`); a person follows it
//! on a page (`page`); both are told of what happens (`notify`, `push`).

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::id::ClaimId;
use crate::keys::tracking;
use crate::party::PartyId;
use crate::store::{AppView, StoreError};

mod notify;
mod page;

pub use notify::NotNoted;
pub use page::{BegunOwnerPage, OpenOwnerPage, OwnerNotLetIn, SESSION, Shown};

impl Engine {
    /// Links an app backend to the claim of a one-time tracking code. `None`: unknown, used or expired, not told apart.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn redeem(&self, app: &PartyId, typed: &str) -> Result<Option<ClaimId>, Fault> {
        let code = self.index.text("tracking.code", &[&tracking::normal(typed)]);
        let Some(claim) = self.store.claim_of_code(&code, self.now()).await? else { return Ok(None) };
        let mut change = Change::new("redeem_tracking_code");
        change.push(Write::Redeem(code, claim, app.clone(), self.now()));
        change.push(self.audit(app.as_str(), "claim.linked", &claim, []));
        match self.store.commit(change).await {
            Ok(()) => Ok(Some(claim)),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What a linked app backend sees of a claim.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn app_view(&self, app: &PartyId, claim: ClaimId) -> Result<Option<AppView>, Fault> {
        Ok(self.store.app_view(app, claim).await?)
    }
}
