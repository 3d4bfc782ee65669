//! What came of asking: a verified paper with the gateway's receipt of the check, a later day, another jurisdiction, or
//! nothing yet. Every claim of the accident learns of it with the same change.

use claimgate_adapters::police::api::{Answer, Listed, Operation, Outcome, Paper};
use claimgate_packet::evidence::AccidentPaperCheck;
use claimgate_packet::evidence::accident::CheckResult;
use jiff::civil::Date;

use super::Opened;
use super::ask::{Asked, Came, REFUSED, step};
use crate::core::accident::calendar::first_instant;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{
    AccidentWrite, ArrivedPaper, MOST_MOVES, Moved, PaperState, PaperStep, again, again_for_unknown, again_for_withheld,
};
use crate::core::change::{Change, Write};
use crate::flows::{Engine, Fault};

/// A paper or its check, with the version and digest the source signed.
struct Verified<'a> {
    version: u32,
    digest: Option<&'a String>,
    paper: Option<&'a Paper>,
}

impl Engine {
    /// Writes down what came of asking for a paper.
    pub(super) async fn settle_paper(&self, asked: &Asked, came: Came) -> Result<(), Fault> {
        let (now, paper) = (self.now(), &asked.paper);
        let (answer, digest) = match came {
            Came::Answer(answer, digest) => (answer, digest),
            Came::Nothing(reason, retry_after) => {
                let due_at = Some(again(now, paper.tries, retry_after));
                let state = paper.state_while_asked();
                return self
                    .settled(asked, None, |step| {
                        (step.state, step.due_at, step.reason) = (state, due_at, Some(reason));
                    })
                    .await;
            }
        };
        match answer.outcome {
            Outcome::Found => self.paper_found(asked, &answer, &digest).await,
            Outcome::Elsewhere => self.elsewhere(asked, &answer).await,
            Outcome::NotYet => {
                let on = answer.from.filter(|on| first_instant(*on).is_some_and(|at| at > now));
                let due_at = on.and_then(first_instant).unwrap_or_else(|| again_for_unknown(now, 0).unwrap_or(now));
                let told = ("expected", on.unwrap_or(paper.on));
                self.settled(asked, on.filter(|on| *on != paper.on).map(|_| told), |step| {
                    (step.state, step.due_at, step.on) = (PaperState::Expected, Some(due_at), on);
                    step.tries = 0;
                })
                .await
            }
            Outcome::Withheld => {
                let news = (paper.reason.as_deref() != Some("withheld")).then_some(("withheld", paper.on));
                self.settled(asked, news, |step| {
                    (step.state, step.due_at) = (PaperState::Withheld, Some(again_for_withheld(now)));
                    step.reason = Some("withheld");
                })
                .await
            }
            Outcome::Unknown => {
                let due_at = again_for_unknown(now, paper.tries);
                let news = due_at.is_none().then_some(("not-available", paper.on));
                self.settled(asked, news, |step| {
                    step.state = if due_at.is_some() { PaperState::Asked } else { PaperState::NotAvailable };
                    (step.due_at, step.reason) = (due_at, Some("unknown"));
                })
                .await
            }
            Outcome::Refused if asked.op == Operation::Fetch && paper.handed_in => {
                // Somebody has handed it in: about its number a source may be asked without a ground.
                self.settled(asked, None, |step| {
                    (step.state, step.due_at, step.reason) = (paper.state_while_asked(), Some(now), Some(REFUSED));
                })
                .await
            }
            Outcome::Refused => {
                self.settled(asked, Some(("not-available", paper.on)), |step| {
                    (step.state, step.due_at) = (PaperState::NotAvailable, None);
                    step.reason = Some(REFUSED);
                })
                .await
            }
        }
    }

    async fn settled(
        &self,
        asked: &Asked,
        news: Option<(&'static str, Date)>,
        change_step: impl FnOnce(&mut PaperStep),
    ) -> Result<(), Fault> {
        let mut change = Change::new("settle_police");
        change.push(step(self.now(), asked.opened.kept.id, &asked.paper, change_step));
        if let Some((state, on)) = news {
            self.tell_of_paper(asked.opened.kept.id, (asked.paper.item, state, on), &mut change).await?;
            if state == PaperState::NotAvailable.as_str() {
                self.remind_of_mydata(&asked.opened, &asked.paper, &mut change).await?;
                // What was handed in of it is labelled by what its source said.
                for (claim, _) in self.store.claims_of_accident(asked.opened.kept.id).await? {
                    change.push(self.due(claim));
                }
            }
        }
        Ok(self.store.commit(change).await?)
    }

    async fn paper_found(&self, asked: &Asked, answer: &Answer, digest: &str) -> Result<(), Fault> {
        let (now, kept) = (self.now(), &asked.paper);
        let verified = match (&answer.paper, answer.papers.first()) {
            (Some(paper), _) => Verified { version: paper.version, digest: Some(&paper.digest), paper: Some(paper) },
            (None, Some(Listed { version: Some(version), digest, .. })) => {
                Verified { version: *version, digest: digest.as_ref(), paper: None }
            }
            _ => return Err(Fault::Stored("police answer")),
        };
        let before = asked.opened.check(kept)?;
        let same = before.as_ref().is_some_and(|before| {
            before.version == Some(verified.version) && before.digest.as_ref() == verified.digest
        });
        if kept.whole && verified.paper.is_none() && !same {
            // The record was changed: what is here is superseded, the new version comes next.
            return self
                .settled(asked, Some(("superseded", kept.on)), |step| {
                    (step.state, step.due_at) = (PaperState::Asked, Some(now));
                    (step.tries, step.reason, step.superseded) = (0, Some("superseded"), true);
                })
                .await;
        }
        let arrived = self.arrived_paper(asked, &verified, (same, digest))?;
        // What came over another channel before was no version of this source's.
        let amended = !same && before.is_some_and(|before| before.source == asked.source.id.as_str());
        let state = if amended { "amended" } else { PaperState::Arrived.as_str() };
        let id = asked.opened.kept.id;
        let mut change = Change::new("police_paper_arrived");
        change.push(step(now, id, kept, |step| {
            (step.state, step.due_at, step.tries) = (PaperState::Arrived, None, 0);
            step.arrived = Some(arrived);
        }));
        if !same {
            self.tell_of_paper(id, (kept.item, state, kept.on), &mut change).await?;
        }
        for (claim, _) in self.store.claims_of_accident(id).await? {
            change.push(self.due(claim));
        }
        let item = ("item", kept.item.as_str().to_owned());
        let of = [item, ("version", verified.version.to_string()), ("answer", digest.to_owned())];
        change.push(self.audit(asked.source.id.as_str(), "police.answered", &id, of));
        Ok(self.store.commit(change).await?)
    }

    /// What is kept: the paper, and the check with the gateway's receipt, both sealed under the accident's key.
    fn arrived_paper(
        &self,
        asked: &Asked,
        verified: &Verified<'_>,
        (same, answer): (bool, &str),
    ) -> Result<ArrivedPaper, Fault> {
        let (now, until) = self.check_times()?;
        let (item, opened) = (asked.paper.item, &asked.opened);
        let checked = self.signed_check(AccidentPaperCheck {
            accident: opened.kept.id.to_string(),
            paper: item.as_str().to_owned(),
            jurisdiction: opened.kept.jurisdiction.map(Jurisdiction::as_str).unwrap_or_default().to_owned(),
            source: asked.source.id.to_string(),
            method: if asked.op == Operation::Fetch { "police-api" } else { "number-check" }.to_owned(),
            result: CheckResult::Authentic,
            version: Some(verified.version),
            digest: verified.digest.cloned(),
            answer: answer.to_owned(),
            checked_at: now,
            valid_until: until,
            receipt: None,
        })?;
        let json = |error: serde_json::Error| Fault::Packet(error.into());
        let content = match verified.paper.filter(|_| !same || !asked.paper.whole) {
            Some(paper) => Some(opened.seal(item, "content", &serde_json::to_vec(paper).map_err(json)?)?),
            None => None,
        };
        let check = opened.seal(item, "receipt", &serde_json::to_vec(&checked).map_err(json)?)?;
        Ok(ArrivedPaper { version: Some(i64::from(verified.version)), content, check, until })
    }

    /// The source names whose record it is: the accident passes there, into the one that is known there already.
    async fn elsewhere(&self, asked: &Asked, answer: &Answer) -> Result<(), Fault> {
        let Opened { kept, known, .. } = &asked.opened;
        let to: Option<Jurisdiction> = answer.jurisdiction.as_deref().and_then(|word| word.parse().ok());
        let to = to.filter(|to| Some(*to) != kept.jurisdiction && kept.moves < MOST_MOVES);
        let (Some(to), Some(number)) = (to, &known.number) else {
            return self
                .settled(asked, Some(("not-available", asked.paper.on)), |step| {
                    (step.state, step.due_at) = (PaperState::NotAvailable, None);
                    step.reason = Some("elsewhere");
                })
                .await;
        };
        let case = self.accident_case(to, number);
        let mut change = Change::new("pass_accident_on");
        if let Some(there) = self.store.accident_of_case(&case).await? {
            self.join_accidents(&asked.opened, &self.opened_accident(there)?, &mut change).await?;
        } else {
            let (id, version, jurisdiction, at) = (kept.id, kept.version, to, self.now());
            let moved = Moved { id, version, jurisdiction, case, at };
            change.push(Write::Accident(AccidentWrite::Moved(Box::new(moved))));
            for (claim, _) in self.store.claims_of_accident(id).await? {
                change.push(self.due(claim));
            }
        }
        let of = [("jurisdiction", to.as_str().to_owned())];
        change.push(self.audit(asked.source.id.as_str(), "police.elsewhere", &kept.id, of));
        Ok(self.store.commit(change).await?)
    }
}

impl crate::store::KeptPaper {
    /// What it is while the source is asked again: a paper that is here stays here.
    fn state_while_asked(&self) -> PaperState {
        if self.state == PaperState::Arrived { PaperState::Arrived } else { PaperState::Asked }
    }
}
