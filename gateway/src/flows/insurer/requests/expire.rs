//! What becomes of a request for papers whose last day is over: it expires, and the submission that waited for nothing else is
//! closed as incomplete (資料不齊結案).

use super::{Engine, NotDone};
use crate::core::change::Change;
use crate::core::request::RequestState;
use crate::core::submission::SubmissionState;

/// How many are looked at in one go.
const AT_ONCE: i64 = 50;

impl Engine {
    /// Ends requests whose last day is over. Any number of gateways may do so at once: the versions of the rows let one of
    /// them win, and what the others read is read again the next time.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn expire_requests(&self) -> Result<(), NotDone> {
        for kept in self.store.requests_over(self.now(), AT_ONCE).await? {
            let Ok(state) = kept.state.step(RequestState::Expired) else { continue };
            let all = self.store.requests_of_submission(&kept.insurer, kept.submission).await?;
            let mut change = Change::new("expire_request");
            self.request_step("gateway", &kept, (state, None, None), &mut change);
            if !all.iter().any(|other| other.id != kept.id && other.state.is_open()) {
                let of = ("gateway", &kept.insurer, kept.submission);
                let steps = (SubmissionState::SupplementRequested, SubmissionState::ClosedIncomplete);
                self.submission_follows(of, steps, &mut change).await?;
            }
            self.commit_or_redo(change).await?;
        }
        Ok(())
    }
}
