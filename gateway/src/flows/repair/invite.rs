//! What the owner's app does: invites shops, chooses among quotes, takes a mandate back. What it does to one job of a claim may
//! end others, so every such change goes by the claim's version.

use super::{Engine, Fault, NotRepaired, PURPOSE, Seen, filed, sealed, seen};
use crate::core::change::{Change, Write};
use crate::core::ledger::day;
use crate::core::repair::{MOST_JOBS, MOST_SHOPS, Repair, RepairPurpose, RepairRow, RepairState, RepairWrite, Step};
use crate::flows::TRIES;
use crate::id::{ClaimId, MandateId, RepairId};
use crate::party::{PartyId, Role};
use crate::store::{ClaimHead, FilingView, KeptRepair, StoreError};

/// How a shop is invited.
#[derive(Clone)]
pub struct Invitation {
    /// Its party id.
    pub shop: String,
    /// What it is asked for.
    pub purpose: RepairPurpose,
    /// The number of the owner's mandate, or the id of one that is recorded here.
    pub mandate: String,
    /// What the owner says to it.
    pub note: Option<String>,
}

claimgate_packet::opaque_debug!(Invitation);

impl Engine {
    /// Invites a shop; `false` where it was invited so before.
    ///
    /// # Errors
    /// See [`NotRepaired`]; nothing was written then.
    pub async fn invite_shop(
        &self,
        app: &PartyId,
        claim: ClaimId,
        invitation: &Invitation,
    ) -> Result<(Seen, bool), NotRepaired> {
        for _ in 0..TRIES {
            let (head, filing) = self.own_accident(app, claim).await?;
            let shop = match invitation.shop.parse::<PartyId>() {
                Ok(id) => self.store.party(&id).await?,
                Err(_) => None,
            };
            let shop = shop.filter(|party| party.role() == Role::Shop && self.lets_in(party));
            let shop = shop.ok_or(NotRepaired::Shop)?;
            let jobs = self.store.repairs_of_claim(claim).await?;
            if let Some(kept) = jobs.iter().find(|kept| kept.shop == shop.id && !kept.state.is_over()) {
                let (_, repair) = self.opened_repair(kept)?;
                let same = (repair.purpose, &repair.mandate, &repair.note)
                    == (invitation.purpose, &invitation.mandate, &invitation.note);
                return if same { Ok((seen(kept, repair), false)) } else { Err(NotRepaired::Asked) };
            }
            let open = jobs.iter().filter(|kept| !kept.state.is_over());
            if jobs.len() >= MOST_JOBS || open.clone().count() >= MOST_SHOPS {
                return Err(NotRepaired::Full);
            }
            if invitation.purpose == RepairPurpose::Repair {
                self.no_other_repairs(open, None)?;
            }
            if let Ok(mandate) = invitation.mandate.parse::<MandateId>()
                && !self.mandate_holds(app, mandate, PURPOSE).await?
            {
                return Err(NotRepaired::Mandate);
            }
            if self.bearing(claim).await?.is_empty() {
                return Err(NotRepaired::NoInsurer);
            }
            let mut change = Change::new("invite_shop");
            change.push(Write::RelyOnParty(shop.id.clone(), shop.version));
            change.push(Write::TouchClaim(claim, head.version, self.now()));
            let (id, repair) = (RepairId::new(self.now(), &self.random), self.invited(&head, &filing, invitation)?);
            let key = self.vault.open_claim_key(claim, &head.wrapped_key).map_err(Fault::from)?;
            let row = RepairRow {
                id,
                claim,
                shop: shop.id.clone(),
                state: repair.state(),
                version: 0,
                body: sealed(&key, id, &repair)?,
                at: self.now(),
            };
            self.tell_repair(&row, ("invite", app), &mut change).await?;
            let changed = row.at;
            change.push(Write::Repair(RepairWrite::New(Box::new(row))));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((Seen { id, claim, shop: shop.id, changed, repair }, true));
            }
        }
        Err(Fault::Contended.into())
    }

    /// The jobs of a claim as its owner's app sees them.
    ///
    /// # Errors
    /// Another's claim, or a fault of ours.
    pub async fn repairs_of_owner(&self, app: &PartyId, claim: ClaimId) -> Result<Vec<Seen>, NotRepaired> {
        self.own_accident(app, claim).await?;
        let jobs = self.store.repairs_of_claim(claim).await?;
        let open = |kept: &KeptRepair| Ok(seen(kept, self.opened_repair(kept)?.1));
        jobs.iter().map(open).collect()
    }

    /// The owner chooses a quote: that shop repairs, and every other job of the claim that is open ends.
    ///
    /// # Errors
    /// As [`Engine::invite_shop`].
    pub async fn choose_shop(&self, app: &PartyId, claim: ClaimId, id: RepairId) -> Result<Seen, NotRepaired> {
        for _ in 0..TRIES {
            let (head, _) = self.own_accident(app, claim).await?;
            let jobs = self.store.repairs_of_claim(claim).await?;
            let chosen = jobs.iter().find(|kept| kept.id == id).ok_or(NotRepaired::NotFound)?;
            let open = jobs.iter().filter(|kept| !kept.state.is_over());
            self.no_other_repairs(open.clone(), Some(id))?;
            let (key, mut repair) = self.opened_repair(chosen)?;
            if !repair.take(&Step::Choose, self.now())? {
                return Ok(seen(chosen, repair));
            }
            let mut change = Change::new("choose_shop");
            change.push(Write::TouchClaim(claim, head.version, self.now()));
            let made = (Step::Choose.name(), app);
            let changed = self.write_repair((chosen, &key), &repair, made, &mut change).await?;
            for other in open.filter(|kept| kept.id != id) {
                let (key, mut repair) = self.opened_repair(other)?;
                if repair.take(&Step::PassOver, self.now())? {
                    self.write_repair((other, &key), &repair, (Step::PassOver.name(), app), &mut change).await?;
                }
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(Seen { changed, ..seen(chosen, repair) });
            }
        }
        Err(Fault::Contended.into())
    }

    /// Refuses where another job of the claim is a repair.
    fn no_other_repairs<'a>(
        &self,
        open: impl Iterator<Item = &'a KeptRepair>,
        but: Option<RepairId>,
    ) -> Result<(), NotRepaired> {
        for kept in open.filter(|kept| Some(kept.id) != but) {
            if self.opened_repair(kept)?.1.purpose == RepairPurpose::Repair {
                return Err(NotRepaired::Chosen);
            }
        }
        Ok(())
    }

    async fn own_accident(&self, app: &PartyId, claim: ClaimId) -> Result<(ClaimHead, FilingView), NotRepaired> {
        let filing = self.store.filing(claim).await?.filter(|filing| filing.opener == *app);
        let filing = filing.ok_or(NotRepaired::NotFound)?;
        match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) | Ok(None) => Err(NotRepaired::NotFound),
            Ok(Some(head)) => Ok((head, filing)),
            Err(error) => Err(error.into()),
        }
    }

    fn invited(&self, head: &ClaimHead, filing: &FilingView, invitation: &Invitation) -> Result<Repair, Fault> {
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let statement = filed(&key, filing)?.statement;
        let own = statement.vehicles.into_iter().filter(|vehicle| vehicle.own);
        Ok(Repair {
            purpose: invitation.purpose,
            mandate: invitation.mandate.clone(),
            plates: own.map(|vehicle| vehicle.plate).collect(),
            accident_on: statement.occurrence.on.or_else(|| statement.occurrence.at.map(day)),
            note: invitation.note.clone(),
            accepted_at: None,
            inspection: None,
            versions: Vec::new(),
            rulings: std::collections::BTreeMap::new(),
            decisions: Vec::new(),
            invoice: None,
            former_invoices: Vec::new(),
            handover: None,
            end: None,
            history: vec![crate::core::repair::Noted {
                at: self.now(),
                step: "invite".to_owned(),
                state: RepairState::Invited,
            }],
        })
    }
}
