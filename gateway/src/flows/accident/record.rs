//! The police's record of an accident that was filed without one: named later, its papers are asked for from then on.

use claimgate_packet::evidence::AccidentRegistrationSlip;
use claimgate_packet::evidence::Document;

use super::look::said;
use super::open::Checked;
use super::{Item, NotOpened};
use crate::flows::{Engine, Fault};
use crate::id::AccidentId;
use crate::party::Party;

impl Engine {
    /// Names the record of an accident that has none: it is the accident that is known by the record, where one is.
    pub(in crate::flows) async fn record_accident(
        &self,
        app: &Party,
        id: AccidentId,
        filings: &[Checked],
    ) -> Result<AccidentId, NotOpened> {
        let named = filings.iter().find_map(|one| {
            let number = one.filed.statement.record.number.as_deref()?;
            Some((one.jurisdiction?, number))
        });
        let claim = self.store.claims_of_accident(id).await?.first().map(|(claim, _)| *claim);
        let (Some(record), Some(claim)) = (named, claim) else { return Ok(id) };
        self.name_accident(&app.id, claim, record).await?;
        let filing = self.store.filing(claim).await?.ok_or(Fault::Stored("accident_filing"))?;
        Ok(filing.accident)
    }

    /// The registration slip of an accident, where it is here.
    pub(in crate::flows) async fn slip_of(&self, id: AccidentId) -> Result<Option<AccidentRegistrationSlip>, Fault> {
        let Some(kept) = self.store.accident(id).await? else { return Ok(None) };
        let opened = self.opened_accident(kept)?;
        for paper in self.store.accident_papers(id).await? {
            if paper.item == Item::AccidentRegistrationSlip
                && let Some(content) = self.paper_of(&opened, &paper).await?
                && let Some(Document::AccidentRegistrationSlip(slip)) = said(paper.item, &content)?
            {
                return Ok(Some(slip));
            }
        }
        Ok(None)
    }
}
