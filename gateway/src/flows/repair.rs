//! Repairs (維修): the owner's app invites shops to a claim of an accident, shop and insurer make their steps, the owner has the
//! vehicle back. Every step is audited and told; all that was said is sealed under the claim's key.
//!
//! A shop is let in by its own job alone and as long as the owner's mandate holds: that is looked at in each of its calls.
//! `invite` has what the owner does to several jobs at once.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::accident::filed;
use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Write};
use crate::core::repair::{Invoiced, NotRepair, Repair, RepairRow, RepairState, RepairWrite, Step};
use crate::core::timeline::{Event, entries};
use crate::id::{ClaimId, MandateId, RepairId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::{KeptRepair, RepairOf, StoreError};

mod invite;

pub use invite::Invitation;

/// What a mandate that is recorded here must be trusted for.
const PURPOSE: &str = "motor-claim";

/// A job as it was read or left.
pub struct Seen {
    /// Id.
    pub id: RepairId,
    /// The claim.
    pub claim: ClaimId,
    /// The shop.
    pub shop: PartyId,
    /// When it was changed last.
    pub changed: Timestamp,
    /// The job.
    pub repair: Repair,
}

claimgate_packet::opaque_debug!(Seen);

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NotRepaired {
    /// Not there, or another party's.
    #[error("not found")]
    NotFound,
    /// The job takes no such step.
    #[error(transparent)]
    Refused(#[from] NotRepair),
    /// No shop of this id takes part here.
    #[error("no repair shop of this id takes part here")]
    Shop,
    /// The mandate is none that is recorded and in force.
    #[error("no mandate of this id was recorded by you and is in force")]
    Mandate,
    /// Nobody to approve an estimate.
    #[error("the claim names no insurer of the line motor-damage as recipient")]
    NoInsurer,
    /// The shop has a job of this claim.
    #[error("the shop has a job of this claim that was asked for otherwise; take that back first")]
    Asked,
    /// Another shop repairs.
    #[error("another shop repairs this vehicle; take its mandate back first")]
    Chosen,
    /// Too many shops.
    #[error("as many shops as may be were asked about this claim")]
    Full,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotRepaired {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl Engine {
    /// A job as it stands. A shop whose mandate has ended is told that alone.
    ///
    /// # Errors
    /// Not there, the mandate ended, or a fault of ours.
    pub async fn repair(&self, of: RepairOf<'_>, id: RepairId) -> Result<Seen, NotRepaired> {
        let (kept, _, repair) = self.read_repair(of, id).await?;
        Ok(seen(&kept, repair))
    }

    /// A shop's or an insurer's jobs after an id, oldest first. Of those a shop is out of nothing but that is told.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn repairs(
        &self,
        of: RepairOf<'_>,
        after: Option<RepairId>,
        limit: i64,
    ) -> Result<Vec<(KeptRepair, Option<Seen>)>, NotRepaired> {
        let mut all = Vec::new();
        for kept in self.store.repairs_after(of, after, limit).await? {
            let (_, repair) = self.opened_repair(&kept)?;
            let out = match of {
                RepairOf::Shop(_) => !self.lets_shop_in(&kept, &repair).await?,
                RepairOf::Insurer(_) | RepairOf::Owner(_) => false,
            };
            let seen = (!out).then(|| seen(&kept, repair));
            all.push((kept, seen));
        }
        Ok(all)
    }

    /// Makes a step; the same step again answers the job as it is.
    ///
    /// # Errors
    /// Not there, a step that is refused, or a fault of ours.
    pub async fn step_repair(&self, of: RepairOf<'_>, id: RepairId, step: &Step) -> Result<Seen, NotRepaired> {
        for _ in 0..TRIES {
            let (kept, key, mut repair) = self.read_repair(of, id).await?;
            if !repair.take(step, self.now())? {
                return Ok(seen(&kept, repair));
            }
            let mut change = Change::new("step_repair");
            if let (Step::Invoice(..), Some(invoiced)) = (step, &repair.invoice) {
                self.book_number(id, invoiced, &mut change).await?;
            }
            let (RepairOf::Shop(actor) | RepairOf::Insurer(actor) | RepairOf::Owner(actor)) = of;
            let changed = self.write_repair((&kept, &key), &repair, (step.name(), actor), &mut change).await?;
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(Seen { changed, ..seen(&kept, repair) });
            }
        }
        Err(Fault::Contended.into())
    }

    /// The number of an invoice belongs to one job. Numbers come again after years: so the year stands in the digest.
    async fn book_number(&self, id: RepairId, invoiced: &Invoiced, change: &mut Change) -> Result<(), NotRepaired> {
        let invoice = &invoiced.invoice;
        let number = invoice.plain_number().unwrap_or_default();
        let year = invoice.on.year().to_string();
        let parts = [invoice.seller.as_bytes(), number.as_bytes(), year.as_bytes()];
        let digest: Mac = self.index.exact("repair_invoice.number", &parts);
        match self.store.repair_of_invoice(&digest).await? {
            Some(known) if known == id => {}
            Some(_) => return Err(NotRepair::InvoiceUsed.into()),
            None => change.push(Write::Repair(RepairWrite::Invoice(id, digest, self.now()))),
        }
        Ok(())
    }

    async fn read_repair(&self, of: RepairOf<'_>, id: RepairId) -> Result<(KeptRepair, ClaimKey, Repair), NotRepaired> {
        let kept = self.store.repair(of, id).await?.ok_or(NotRepaired::NotFound)?;
        let (key, repair) = self.opened_repair(&kept)?;
        if matches!(of, RepairOf::Shop(_)) && !self.lets_shop_in(&kept, &repair).await? {
            return Err(NotRepair::MandateEnded.into());
        }
        Ok((kept, key, repair))
    }

    fn opened_repair(&self, kept: &KeptRepair) -> Result<(ClaimKey, Repair), Fault> {
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key)?;
        let plain = key.open(place(&kept.id.to_string()), &kept.body)?;
        let repair = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("repair"))?;
        Ok((key, repair))
    }

    /// Whether the owner's mandate holds: it was not taken back here, and where it is recorded it is in force.
    async fn lets_shop_in(&self, kept: &KeptRepair, repair: &Repair) -> Result<bool, Fault> {
        if matches!(repair.state(), RepairState::Withdrawn | RepairState::NotChosen) {
            return Ok(false);
        }
        let Ok(mandate) = repair.mandate.parse::<MandateId>() else { return Ok(true) };
        let Some(filing) = self.store.filing(kept.claim).await? else { return Ok(false) };
        self.mandate_holds(&filing.opener, mandate, PURPOSE).await
    }

    /// Writes a job as it is now, and what is told of it; when that was.
    async fn write_repair(
        &self,
        (kept, key): (&KeptRepair, &ClaimKey),
        repair: &Repair,
        (step, actor): (&'static str, &PartyId),
        change: &mut Change,
    ) -> Result<Timestamp, Fault> {
        let at = self.now();
        let row = RepairRow {
            id: kept.id,
            claim: kept.claim,
            shop: kept.shop.clone(),
            state: repair.state(),
            version: kept.version,
            body: sealed(key, kept.id, repair)?,
            at,
        };
        self.tell_repair(&row, (step, actor), change).await?;
        change.push(Write::Repair(RepairWrite::Step(Box::new(row))));
        Ok(at)
    }

    async fn tell_repair(
        &self,
        row: &RepairRow,
        (step, actor): (&'static str, &PartyId),
        change: &mut Change,
    ) -> Result<(), Fault> {
        let filing = self.store.filing(row.claim).await?.ok_or(Fault::Stored("accident_filing"))?;
        let (state, shop) = (row.state.as_str(), row.shop.clone());
        let event = Event::Repair { repair: row.id, shop, step, state, insurers: self.bearing(row.claim).await? };
        change.tell(entries(row.claim, &filing.opener, &event, self.now(), &self.random));
        let detail = [("step", step.to_owned()), ("state", state.to_owned()), ("claim", row.claim.to_string())];
        change.push(self.audit(actor.as_str(), "repair.step", &row.id, detail));
        Ok(())
    }

    /// The insurers that bear damage of the owner's vehicle under a claim.
    async fn bearing(&self, claim: ClaimId) -> Result<Vec<PartyId>, Fault> {
        let recipients = self.store.accident_recipients(claim).await?;
        let bears = recipients.into_iter().filter(|(_, line, _, ended)| *line == Line::MotorDamage && ended.is_none());
        Ok(bears.map(|(party, ..)| party).collect())
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "repair", row, column: "body" }
}

fn sealed(key: &ClaimKey, id: RepairId, repair: &Repair) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(repair).map_err(|_| Fault::Stored("repair"))?;
    Ok(key.seal(place(&id.to_string()), &plain)?)
}

fn seen(kept: &KeptRepair, repair: Repair) -> Seen {
    Seen { id: kept.id, claim: kept.claim, shop: kept.shop.clone(), changed: kept.changed, repair }
}
