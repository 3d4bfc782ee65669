//! Papers that are due are asked for: each by one gateway at a time, under a lease, whoever files meanwhile.

use std::time::Duration;

use claimgate_adapters::police::api::{
    self, Answer, Expected, Ground, GroundKind, MEDIA_TYPE, MOST_BYTES, Operation, Reason, Request, Sent,
};
use claimgate_packet::jose::base64url;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::{Opened, filed};
use crate::core::accident::source::POLICE_JURISDICTION;
use crate::core::accident::{AccidentWrite, PaperState, PaperStep, again};
use crate::core::change::{Change, Write};
use crate::flows::{Engine, Fault};
use crate::id::AccidentId;
use crate::keys::ring::SigningUse;
use crate::party::{Party, Role};
use crate::sender::Target;
use crate::sender::exchange::Ask;
use crate::store::{DuePaper, KeptPaper};

/// How long a paper is leased to who asks for it: longer than any answer may take.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long a source may take for one answer: well within the lease.
const WITHIN: Duration = Duration::from_secs(30);
/// Papers looked at in one go, and sources asked at once.
const AT_ONCE: i64 = 64;
const SIDE_BY_SIDE: usize = 8;
/// Why a paper is not asked for that nobody is to get any more.
pub(super) const NOBODY: &str = "no-recipient";
/// Why one is not asked for whose accident has no number yet.
pub(super) const NO_NUMBER: &str = "no-number";
/// Why one waits whose source nobody is registered as.
const NO_SOURCE: &str = "no-source";
/// Why the source is asked about the number of a paper alone: it would not give the paper itself.
pub(super) const REFUSED: &str = "refused";

/// What came of asking.
pub(super) enum Came {
    /// An answer that counts, with the digest of what was signed.
    Answer(Box<Answer>, String),
    /// Nothing to rely on: it is asked again. A stable word, and the seconds the source wants to be left alone.
    Nothing(&'static str, Option<i64>),
}

/// Whom a paper is asked of, and what it is.
pub(super) struct Asked {
    pub opened: Opened,
    pub paper: KeptPaper,
    pub source: Party,
    pub op: Operation,
}

impl Engine {
    /// Asks for every paper that is due.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn ask_police(&self) -> Result<(), Fault> {
        let due = self.store.papers_due(self.now(), AT_ONCE).await?;
        let asking = futures_util::stream::iter(due).map(async |one| match self.ask_for(one).await {
            Err(fault) if !fault.is_conflict() => {
                tracing::error!(error = %fault, accident = %one.accident, item = one.item.as_str(),
                    "a police paper could not be asked for; it stays due");
            }
            _ => {}
        });
        asking.buffer_unordered(SIDE_BY_SIDE).for_each(async |()| {}).await;
        Ok(())
    }

    async fn ask_for(&self, due: DuePaper) -> Result<(), Fault> {
        let Some(kept) = self.store.accident(due.accident).await? else { return Ok(()) };
        let opened = self.opened_accident(kept)?;
        let papers = self.store.accident_papers(due.accident).await?;
        let now = self.now();
        let paper = papers.into_iter().find(|paper| paper.item == due.item);
        let Some(mut paper) = paper.filter(|paper| paper.due_at.is_some_and(|at| at <= now)) else { return Ok(()) };
        if opened.known.number.is_none() {
            return self.wait_for_person(&opened, &paper, (None, NO_NUMBER)).await;
        }
        let Some((source, url)) = self.source_of(&opened).await? else {
            let again = again(now, paper.tries + 1, None);
            return self.wait_for_person(&opened, &paper, (Some(again), NO_SOURCE)).await;
        };
        let (ground, awaited) = self.ground_for(due.accident).await?;
        if !awaited {
            return self.leave_paper(&opened, &paper).await;
        }
        let refused = paper.reason.as_deref() == Some(REFUSED);
        let fetch = ground.is_some() && !refused && (paper.state != PaperState::Arrived || !paper.whole);
        let op = if fetch { Operation::Fetch } else { Operation::Check };
        // Who writes this first asks; whoever else saw it due meets a conflict.
        let mut change = Change::new("ask_police");
        let state = if paper.state == PaperState::Arrived { PaperState::Arrived } else { PaperState::Asked };
        change.push(step(now, due.accident, &paper, |step| {
            (step.state, step.due_at, step.asks) = (state, now.checked_add(LEASE).ok(), true);
            step.tries = paper.tries + 1;
        }));
        let item = ("item", due.item.as_str().to_owned());
        change.push(self.audit("gateway", "police.asked", &due.accident, [item, ("source", source.id.to_string())]));
        self.store.commit(change).await?;
        (paper.version, paper.tries, paper.asked) = (paper.version + 1, paper.tries + 1, paper.asked + 1);
        let asked = Asked { opened, paper, source, op };
        let came = self.exchanged(&asked, &url, ground).await?;
        self.settle_paper(&asked, came).await
    }

    /// The police party of an accident's jurisdiction, and where it answers.
    async fn source_of(&self, opened: &Opened) -> Result<Option<(Party, String)>, Fault> {
        let Some(jurisdiction) = opened.kept.jurisdiction else { return Ok(None) };
        let found = self.store.party_by_identifier(POLICE_JURISDICTION, jurisdiction.as_str()).await?;
        let found = found.filter(|party| party.role() == Role::Police && self.lets_in(party));
        Ok(found.and_then(|party| {
            let url = party.registration().records_url.clone()?;
            Some((party, url))
        }))
    }

    /// Nobody can be asked: no number is known, or nobody is registered for the jurisdiction or active, which is looked at
    /// again. Over MyData the person can have it: the owners are told once.
    async fn wait_for_person(
        &self,
        opened: &Opened,
        paper: &KeptPaper,
        (due_at, reason): (Option<Timestamp>, &'static str),
    ) -> Result<(), Fault> {
        let mut change = Change::new("wait_for_police");
        change.push(step(self.now(), opened.kept.id, paper, |step| {
            (step.due_at, step.tries, step.reason) = (due_at, paper.tries + 1, Some(reason));
        }));
        if paper.reason.as_deref() != Some(reason) && paper.state != PaperState::Arrived {
            self.remind_of_mydata(opened, paper, &mut change).await?;
        }
        Ok(self.store.commit(change).await?)
    }

    /// Nobody is to get it any more: it is not asked for, until somebody is.
    async fn leave_paper(&self, opened: &Opened, paper: &KeptPaper) -> Result<(), Fault> {
        let mut change = Change::new("leave_police_paper");
        change.push(step(self.now(), opened.kept.id, paper, |step| {
            (step.due_at, step.reason) = (None, Some(NOBODY));
        }));
        Ok(self.store.commit(change).await?)
    }

    /// The first ground on which somebody asks, and whether anybody is to get anything.
    async fn ground_for(&self, accident: AccidentId) -> Result<(Option<Ground>, bool), Fault> {
        let mut awaited = false;
        for (claim, _) in self.store.claims_of_accident(accident).await? {
            let mut recipients = self.store.accident_recipients(claim).await?;
            recipients.retain(|(_, _, _, ended)| ended.is_none());
            awaited |= !recipients.is_empty();
            let open: Vec<GroundKind> = recipients.into_iter().filter_map(|(_, _, ground, _)| ground).collect();
            if open.is_empty() {
                continue;
            }
            let (Some(head), Some(filing)) = (self.store.claim(claim).await?, self.store.filing(claim).await?) else {
                continue;
            };
            let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
            let filed = filed(&key, &filing)?;
            let ground =
                filed.recipients.into_iter().filter_map(|one| one.ground).find(|(kind, _)| open.contains(kind));
            if let Some((kind, reference)) = ground {
                return Ok((Some(Ground { kind, reference }), true));
            }
        }
        Ok((None, awaited))
    }

    async fn exchanged(&self, asked: &Asked, url: &str, ground: Option<Ground>) -> Result<Came, Fault> {
        let (Some(number), Some(jurisdiction)) = (&asked.opened.known.number, asked.opened.kept.jurisdiction) else {
            return Ok(Came::Nothing(NO_NUMBER, None));
        };
        let now = self.time_to_sign()?;
        let request = Request {
            iss: self.issuer.clone(),
            aud: asked.source.id.to_string(),
            iat: now.as_second(),
            nonce: base64url::encode(&self.random.bytes::<16>()),
            op: asked.op,
            jurisdiction: jurisdiction.as_str().to_owned(),
            case: number.clone(),
            on: Some(asked.opened.known.on),
            item: Some(asked.paper.item),
            ground: ground.filter(|_| asked.op == Operation::Fetch),
        };
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Packet, now)?;
        let sent = request.sign(key).map_err(|_| Fault::Stored("police request"))?;
        let Ok(target) =
            Target::parse(&format!("{}/{}", url.trim_end_matches('/'), asked.op.path()), self.sender.policy())
        else {
            return Ok(Came::Nothing("address", None));
        };
        let headers = [("content-type", MEDIA_TYPE.to_owned()), ("accept", MEDIA_TYPE.to_owned())];
        let body = Some(sent.text.clone().into_bytes());
        let ask = Ask { headers: &headers, body, most: MOST_BYTES, within: WITHIN };
        let got = match self.sender.ask(&target, ask).await {
            Ok(got) => got,
            Err(error) => return Ok(Came::Nothing(error.as_str(), None)),
        };
        let retry_after = got.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
        match got.status {
            429 => return Ok(Came::Nothing("source-busy", retry_after)),
            500..=599 => return Ok(Came::Nothing("source-away", retry_after)),
            _ => {}
        }
        let read = self.read_answer(&asked.source, got.status, got.body, sent).await?;
        Ok(match read {
            Ok((answer, digest)) => Came::Answer(Box::new(answer), digest),
            Err(reason) => {
                tracing::warn!(%reason, party = %asked.source.id, "an answer of a police source does not count");
                Came::Nothing(reason.code(), None)
            }
        })
    }

    /// Files are decoded and hashed: not on a thread that serves.
    async fn read_answer(
        &self,
        source: &Party,
        status: u16,
        body: Vec<u8>,
        sent: Sent,
    ) -> Result<Result<(Answer, String), Reason>, Fault> {
        let (id, keys, now) = (source.id.to_string(), source.keys().to_vec(), self.now());
        let read = tokio::task::spawn_blocking(move || {
            let expected = Expected { source: &id, keys: &keys, sent: &sent, now };
            let answer = api::read(status, &body, &expected)?;
            Ok((answer, claimgate_packet::jose::digest::sha256_text(&body)))
        });
        read.await.map_err(|_| Fault::Task)
    }
}

/// A step of a paper that changes what the closure says and nothing else.
pub(super) fn step(
    now: Timestamp,
    accident: AccidentId,
    paper: &KeptPaper,
    change: impl FnOnce(&mut PaperStep),
) -> Write {
    let mut step = PaperStep {
        accident,
        item: paper.item,
        version: paper.version,
        state: paper.state,
        due_at: paper.due_at,
        on: None,
        tries: paper.tries,
        asks: false,
        reason: None,
        arrived: None,
        superseded: false,
        at: now,
    };
    change(&mut step);
    Write::Accident(AccidentWrite::Paper(Box::new(step)))
}
