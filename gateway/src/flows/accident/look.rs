//! How an accident stands, for who may see it: the filer and each recipient, and a source for its own papers.

use claimgate_adapters::police::api::{Item, document};
use claimgate_packet::evidence::Document;

use super::ask::step;
use super::hand_in::is_scan;
use super::{AccidentSeen, MYDATA_FORM, NotOpened, PaperSeen, RecipientSeen, filed};
use crate::core::accident::calendar::{release, share};
use crate::core::accident::compare::{Point, compare};
use crate::core::accident::source::{Jurisdiction, POLICE_JURISDICTION};
use crate::core::accident::{AccidentWrite, FiledRecipient, PaperState};
use crate::core::change::{Change, Write};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{ClaimId, UseId};
use crate::party::{Party, PartyId};
use crate::store::{StoreError, UseView};

impl Engine {
    /// An accident as its filer sees it.
    ///
    /// # Errors
    /// Another's, or a fault of ours.
    pub async fn accident_of_filer(&self, filer: &PartyId, claim: ClaimId) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?;
        filing.filter(|filing| filing.opener == *filer).ok_or(NotOpened::NotFound)?;
        self.accident_seen(claim, None).await
    }

    /// An accident as one of its recipients, or the insurer that filed it, sees it.
    ///
    /// # Errors
    /// None of its, or a fault of ours.
    pub async fn accident_of_insurer(&self, insurer: &PartyId, claim: ClaimId) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?.ok_or(NotOpened::NotFound)?;
        let own = |(party, _, _, ended): &(PartyId, _, _, Option<_>)| party == insurer && ended.is_none();
        let receives = self.store.accident_recipients(claim).await?.iter().any(own);
        if filing.opener != *insurer && !receives {
            return Err(NotOpened::NotFound);
        }
        self.accident_seen(claim, Some(insurer)).await
    }

    /// A ground is taken back: what has not left for this recipient stays here, what has left cannot be called back.
    ///
    /// # Errors
    /// Another's accident, one that does not name this recipient, or a fault of ours.
    pub async fn end_ground(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        party: &PartyId,
    ) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?;
        filing.filter(|filing| filing.opener == *filer).ok_or(NotOpened::NotFound)?;
        let recipients = self.store.accident_recipients(claim).await?;
        if !recipients.iter().any(|(of, ..)| of == party) {
            return Err(NotOpened::NotFound);
        }
        if recipients.iter().any(|(of, _, _, ended)| of == party && ended.is_none()) {
            // A delivery that waits is taken back when it is fetched: whether it may leave is looked at then.
            let mut change = Change::new("end_accident_ground");
            change.push(Write::Accident(AccidentWrite::End(claim, party.clone(), self.now())));
            let of = [("party", party.to_string())];
            change.push(self.audit(filer.as_str(), "accident.ground-ended", &claim, of));
            self.store.commit(change).await?;
        }
        self.accident_seen(claim, None).await
    }

    /// With `of`, no recipient but this one is named, and the comparison is shown where its ground carries the papers.
    pub(super) async fn accident_seen(&self, claim: ClaimId, of: Option<&PartyId>) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?.ok_or(NotOpened::NotFound)?;
        let head = match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) => return Err(NotOpened::NotFound),
            found => found?.ok_or(NotOpened::NotFound)?,
        };
        let kept = self.store.accident(filing.accident).await?.ok_or(NotOpened::NotFound)?;
        let opened = self.opened_accident(kept)?;
        let mut recipients = self.store.accident_recipients(claim).await?;
        recipients.retain(|(party, _, _, ended)| ended.is_none() && of.is_none_or(|of| of == party));
        let mut papers = self.store.accident_papers(filing.accident).await?;
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let filed = filed(&key, &filing)?;
        let scans = match of {
            None => self.revising(claim).await?.map(|revising| revising.evidence).unwrap_or_default(),
            Some(_) => Vec::new(),
        };
        let comparison = if recipients.iter().any(|(_, _, ground, _)| ground.is_some()) {
            let mut documents = Vec::new();
            for paper in &papers {
                let compared = matches!(paper.item, Item::AccidentRegistrationSlip | Item::AccidentPreliminaryAnalysis);
                if compared && let Some(content) = self.paper_of(&opened, paper).await? {
                    documents.extend(said(paper.item, &content)?);
                }
            }
            if documents.is_empty() {
                // What the person had sent by MyData stands in this claim alone.
                let revising = self.revising(claim).await?;
                let came = revising.into_iter().flat_map(|revising| revising.evidence);
                documents.extend(came.filter(|one| one.source.form == MYDATA_FORM).map(|one| one.document));
            }
            compare(&filed.statement, &documents)
        } else {
            Vec::<Point>::new()
        };
        let label = |item| {
            let scan = scans.iter().rev().find(|one| is_scan(one, item))?;
            Some((scan.verified.method.clone(), scan.verified.result.clone()))
        };
        let seen = papers.drain(..).map(|paper| PaperSeen {
            handed_in: label(paper.item),
            article: release(paper.item, opened.known.on).map_or("", |due| due.article),
            item: paper.item,
            state: paper.state,
            on: paper.on,
            reason: paper.reason,
            version: paper.paper_version,
            holds_until: paper.holds_until,
        });
        Ok(AccidentSeen {
            claim,
            accident: filing.accident,
            jurisdiction: opened.kept.jurisdiction,
            papers: seen.collect(),
            recipients: recipients
                .into_iter()
                .map(|(party, line, ground, _)| {
                    let own = |one: &&FiledRecipient| one.party == party.as_str() && one.line == line;
                    let number = filed.recipients.iter().find(own).and_then(|one| one.number.clone());
                    RecipientSeen { party, line, share: share(ground).as_str(), number }
                })
                .collect(),
            linking: of.is_none().then(|| match filing.linking {
                Some(answer) => answer.as_str(),
                None if self.traces(&filed.statement).is_empty() => "not-possible",
                None => "open",
            }),
            comparison,
        })
    }

    /// Who got what of a source's papers.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn police_uses(&self, source: &PartyId, after: Option<UseId>, limit: i64) -> Result<Vec<UseView>, Fault> {
        Ok(self.store.uses_of_source(source, after, limit).await?)
    }

    /// A source says that it changed a paper: what is here is superseded, and the new version is fetched. `false` where
    /// nobody here has that paper; what is here is not told.
    ///
    /// # Errors
    /// Another source's jurisdiction, or a fault of ours.
    pub async fn police_notice(
        &self,
        source: &Party,
        (jurisdiction, number): (Jurisdiction, &str),
        item: Item,
    ) -> Result<bool, NotOpened> {
        let own = |known: &crate::party::PartyIdentifier| {
            known.system == POLICE_JURISDICTION && known.value == jurisdiction.as_str()
        };
        if !source.registration().identifiers.iter().any(own) {
            return Err(NotOpened::NotFound);
        }
        let case = self.accident_case(jurisdiction, number);
        for _ in 0..TRIES {
            let Some(kept) = self.store.accident_of_case(&case).await? else { return Ok(false) };
            let papers = self.store.accident_papers(kept.id).await?;
            let here = papers.iter().find(|paper| paper.item == item && paper.receipt.is_some());
            let Some(paper) = here else { return Ok(false) };
            let mut change = Change::new("police_notice");
            change.push(step(self.now(), kept.id, paper, |step| {
                (step.state, step.due_at, step.tries) = (PaperState::Asked, Some(self.now()), 0);
                (step.reason, step.superseded) = (Some("superseded"), true);
            }));
            self.tell_of_paper(kept.id, (item, "superseded", paper.on), &mut change).await?;
            let of = [("item", item.as_str().to_owned())];
            change.push(self.audit(source.id.as_str(), "police.notice", &kept.id, of));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(true);
            }
        }
        Err(Fault::Contended.into())
    }
}

pub(super) fn said(item: Item, paper: &claimgate_adapters::police::api::Paper) -> Result<Option<Document>, Fault> {
    let (bytes, _) = paper.bytes().map_err(|_| Fault::Stored("accident_paper"))?;
    document(item, &bytes, &[]).map(Some).map_err(|_| Fault::Stored("accident_paper"))
}
