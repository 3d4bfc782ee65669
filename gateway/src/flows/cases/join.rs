//! Other persons of the accident join by a one-time code: each states for themselves, and sees what is joint of the others.

use jiff::Timestamp;

use super::{CaseSeen, NotCased};
use crate::core::cases::joint::JOINT;
use crate::core::cases::{CaseWrite, INVITATION_DAYS, MOST_INVITATIONS, MOST_JOINED};
use crate::core::change::{Change, Write};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{CaseId, ClaimId};
use crate::keys::index::Mac;
use crate::keys::tracking;
use crate::party::{Party, PartyId};

/// An invitation.
pub struct Invited {
    /// The code: 25 letters and digits in groups of five; it works once.
    pub code: String,
    /// Until when.
    pub expires: Timestamp,
}

claimgate_packet::opaque_debug!(Invited);

impl Engine {
    fn invitation_index(&self, typed: &str) -> Mac {
        self.index.text("case.invitation", &[&tracking::normal(typed)])
    }

    /// Invites another person of the accident.
    ///
    /// # Errors
    /// Another's case, too many invitations, or a fault of ours.
    pub async fn invite_to_case(&self, app: &PartyId, id: CaseId) -> Result<Invited, NotCased> {
        let case = self.own_case(app, id).await?;
        let full = self.store.cases_of_group(case.kept.group).await?.len() >= MOST_JOINED;
        if full || self.store.open_invitations(id, self.now()).await? >= MOST_INVITATIONS {
            return Err(NotCased::TooMany);
        }
        // A code of its own id: nothing leads from it to the case but the digest that is kept.
        let code = self.tracking.code(ClaimId::new(self.now(), &self.random));
        let expires = self.in_days(INVITATION_DAYS);
        let mut change = Change::new("invite_to_case");
        change.push(Write::Case(CaseWrite::Invite(self.invitation_index(&code), id, expires)));
        change.push(self.audit(app.as_str(), "case.invited", &id, []));
        self.store.commit(change).await?;
        Ok(Invited { code, expires })
    }

    /// Joins a case to that of whoever invited. What both know of the accident is filled in where this one says nothing.
    ///
    /// # Errors
    /// Another's case, a code that does not hold, the person's own invitation, a case that is joined already, or a fault of
    /// ours. The code is used up by nothing but success.
    pub async fn join_case(&self, app: &Party, id: CaseId, typed: &str) -> Result<CaseSeen, NotCased> {
        let code = self.invitation_index(typed);
        for _ in 0..TRIES {
            let mut case = self.own_case(&app.id, id).await?;
            let inviter = self.store.case_of_invitation(&code, self.now()).await?.ok_or(NotCased::Code)?;
            let inviter = self.store.case(inviter).await?.ok_or(NotCased::Code)?;
            let same_person = inviter.party == case.kept.party && inviter.person == case.kept.person;
            if inviter.group == case.kept.group || same_person {
                return Err(NotCased::OwnInvitation);
            }
            if self.store.cases_of_group(case.kept.group).await?.len() > 1 {
                return Err(NotCased::Joined);
            }
            if self.store.cases_of_group(inviter.group).await?.len() >= MOST_JOINED {
                return Err(NotCased::TooMany);
            }
            let inviter = self.opened_case(inviter)?;
            for name in JOINT {
                if let Some(value) = inviter.body.draft.get(name) {
                    case.body.draft.fill(name, value, self.now());
                }
            }
            case.kept.group = inviter.kept.group;
            let mut change = Change::new("join_case");
            change.push(Write::Case(CaseWrite::Taken(code, self.now())));
            change.push(Write::Case(CaseWrite::Step(Box::new(case.step(self)?))));
            let of = [("with", inviter.kept.group.to_string())];
            change.push(self.audit(app.id.as_str(), "case.joined", &id, of));
            if self.commit_or_redo(change).await?.is_some() {
                return self.case_seen(&app.id, id).await;
            }
        }
        Err(Fault::Contended.into())
    }
}
