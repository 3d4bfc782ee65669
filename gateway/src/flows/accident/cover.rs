//! Looking up who covers a vehicle of an accident (投保查詢): the institute's certificate check for compulsory cover, and each
//! insurer that takes part by a digest only it and this gateway can make.
//!
//! The plate is disclosed by it: so there is an accident, filed by who asks, that names the vehicle, a consent, a bound and a line
//! in the audit trail for each who is asked, all written before anything leaves. Who does not answer in time is unknown.

use std::time::Duration;

use claimgate_adapters::exchange::{self, Expected, Form, MEDIA_TYPE, MOST_BYTES, Question, Sent};
use claimgate_adapters::institute::{self, CertificateAnswer, CertificateQuestion, Found, plain_plate};
use claimgate_adapters::insurer::cover::{self, CoverAnswer, CoverQuestion, Covers, PairKey};
use claimgate_adapters::police::api::{Ground, GroundKind, Item};
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::base64url;
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::filed;
use super::look::said;
use crate::core::accident::AccidentWrite;
use crate::core::accident::cover::{
    CompulsoryFound, CoverFound, InsurerFound, KeptLookUp, LookUpWrite, Wish, place_of_cover, wish,
};
use crate::core::change::{Change, Write};
use crate::core::ledger::day;
use crate::flows::{Engine, Fault, TRIES};
use crate::id::ClaimId;
use crate::keys::at_rest::ClaimKey;
use crate::keys::ring::SigningUse;
use crate::party::{Party, PartyId, Role};
use crate::sender::Target;
use crate::sender::exchange::Ask;
use crate::store::{FilingView, StoreError};

/// How long anybody may take for an answer: somebody waits for all of them.
const WITHIN: Duration = Duration::from_secs(4);
/// Asked at once.
const SIDE_BY_SIDE: usize = 32;
/// The namespace of a 統一編號.
const UBN: &str = "https://gcis.nat.gov.tw";

/// A look-up as its app sees it.
#[derive(Debug)]
pub struct LookUp {
    /// Its number in the claim.
    pub number: i64,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it was answered; none where that was not written down.
    pub answered_at: Option<Timestamp>,
    /// What was found.
    pub found: CoverFound,
}

/// Why nothing was looked up.
#[derive(Debug, thiserror::Error)]
pub enum NotLookedUp {
    /// Not there, or another party's.
    #[error("not found")]
    NotFound,
    /// It is no plate, or none of the accident's.
    #[error("no plate of a vehicle of this accident")]
    Plate,
    /// No consent or mandate.
    #[error("no ground")]
    Ground,
    /// Too often for one claim; seconds until the next, none: never.
    #[error("too often")]
    TooOften(Option<i64>),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotLookedUp {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<crate::keys::at_rest::AtRestError> for NotLookedUp {
    fn from(error: crate::keys::at_rest::AtRestError) -> Self {
        Self::Fault(error.into())
    }
}

/// A case whose filer asks, opened.
struct Case {
    claim: ClaimId,
    version: i64,
    key: ClaimKey,
    on: Date,
    /// Plates of the accident in their plain form.
    plates: Vec<String>,
}

/// Whom is asked.
struct Desks {
    institute: Option<Party>,
    insurers: Vec<Party>,
}

/// A question that is to be answered: by whom, in which form, where.
struct Desk<'a> {
    party: &'a Party,
    form: Form,
    path: &'static str,
}

impl Engine {
    /// Looks up who covers a vehicle, or gives what was found of late.
    ///
    /// # Errors
    /// See [`NotLookedUp`]; nothing left then, but for a fault of ours.
    pub async fn look_up_cover(
        &self,
        filer: &Party,
        claim: ClaimId,
        plate: &str,
        (kind, reference): (GroundKind, String),
    ) -> Result<LookUp, NotLookedUp> {
        if !matches!(kind, GroundKind::Consent | GroundKind::Mandate) {
            return Err(NotLookedUp::Ground);
        }
        let plain = plain_plate(plate).ok_or(NotLookedUp::Plate)?;
        let mac = self.index.text("cover.plate", &[&claim.to_string(), &plain]);
        for _ in 0..TRIES {
            let case = self.case_of(&filer.id, claim).await?;
            if !case.plates.contains(&plain) {
                return Err(NotLookedUp::Plate);
            }
            let kept = self.store.cover_lookups(claim).await?;
            let whole = |one: &KeptLookUp| case.opened(one).is_ok_and(|found| found.is_whole());
            let number = match wish(&kept, &mac, whole, self.now()) {
                Wish::Make(number) => number,
                Wish::Wait(seconds) => return Err(NotLookedUp::TooOften(seconds)),
                Wish::Known(number) => {
                    let known = kept.iter().find(|one| one.number == number).ok_or(Fault::Stored("cover_lookup"))?;
                    return Ok(case.shown(known)?);
                }
            };
            let desks = self.desks().await?;
            let asked = CoverFound {
                plate: plate.trim().to_owned(),
                on: case.on,
                ground: (kind, reference.clone()),
                compulsory: None,
                insurers: Vec::new(),
            };
            let (begun, body) = (self.now(), case.sealed(number, &asked)?);
            let mut change = Change::new("look_up_cover");
            // Two at once would both find room for one: one of them meets a conflict.
            change.push(Write::TouchClaim(claim, case.version, begun));
            change.push(Write::Accident(AccidentWrite::LookUp(LookUpWrite::Begun {
                claim,
                number,
                plate: mac,
                body,
                at: begun,
            })));
            for (party, discloses) in desks.all() {
                let detail = [
                    ("party", party.id.to_string()),
                    ("discloses", discloses.to_owned()),
                    ("ground", kind.as_str().to_owned()),
                    ("number", number.to_string()),
                ];
                change.push(self.audit(filer.id.as_str(), "cover.asked", &claim, detail));
            }
            if self.commit_or_redo(change).await?.is_none() {
                continue;
            }
            let ground = Ground { kind, reference };
            let found = self.answers(&desks, asked, (&plain, &ground)).await?;
            let (answered, body) = (self.now(), case.sealed(number, &found)?);
            let mut change = Change::new("look_up_cover");
            let write = LookUpWrite::Answered { claim, number, body, at: answered };
            change.push(Write::Accident(AccidentWrite::LookUp(write)));
            self.store.commit(change).await?;
            return Ok(LookUp { number, asked_at: begun, answered_at: Some(answered), found });
        }
        Err(Fault::Contended.into())
    }

    /// What was looked up for a claim, oldest first.
    ///
    /// # Errors
    /// Another's claim, or a fault of ours.
    pub async fn covers_of(&self, filer: &PartyId, claim: ClaimId) -> Result<Vec<LookUp>, NotLookedUp> {
        let case = self.case_of(filer, claim).await?;
        let kept = self.store.cover_lookups(claim).await?;
        Ok(kept.iter().map(|one| case.shown(one)).collect::<Result<_, Fault>>()?)
    }

    /// The key of the pair of this gateway and an insurer, which the insurer makes digests with; giving it is audited. It is derived
    /// from the key of blind indexes, which outlives master keys.
    ///
    /// # Errors
    /// The store is away.
    pub async fn give_pair_key(&self, insurer: &PartyId) -> Result<PairKey, Fault> {
        let mut change = Change::new("give_pair_key");
        change.push(self.audit(insurer.as_str(), "cover-key.given", insurer, []));
        self.store.commit(change).await?;
        Ok(self.pair_key(insurer))
    }

    fn pair_key(&self, insurer: &PartyId) -> PairKey {
        PairKey::new(self.index.text("cover.pair", &[insurer.as_str()]))
    }

    async fn case_of(&self, filer: &PartyId, claim: ClaimId) -> Result<Case, NotLookedUp> {
        let filing = self.store.filing(claim).await?;
        let filing: FilingView = filing.filter(|filing| filing.opener == *filer).ok_or(NotLookedUp::NotFound)?;
        let head = match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) => return Err(NotLookedUp::NotFound),
            found => found?.ok_or(NotLookedUp::NotFound)?,
        };
        let kept = self.store.accident(filing.accident).await?.ok_or(NotLookedUp::NotFound)?;
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let statement = filed(&key, &filing)?.statement;
        let mut plates: Vec<String> = statement.vehicles.into_iter().map(|vehicle| vehicle.plate).collect();
        let opened = self.opened_accident(kept)?;
        let papers = self.store.accident_papers(filing.accident).await?;
        let slip = papers.iter().find(|paper| paper.item == Item::AccidentRegistrationSlip);
        if let Some(slip) = slip
            && let Some(paper) = self.paper_of(&opened, slip).await?
            && let Some(Document::AccidentRegistrationSlip(slip)) = said(Item::AccidentRegistrationSlip, &paper)?
        {
            plates.extend(slip.parties.into_iter().filter_map(|party| party.plate));
        }
        let occurrence = statement.occurrence;
        let on = occurrence.on.or_else(|| occurrence.at.map(day)).unwrap_or(opened.known.on);
        let plates = plates.iter().filter_map(|plate| plain_plate(plate)).collect();
        Ok(Case { claim, version: head.version, key, on, plates })
    }

    async fn desks(&self) -> Result<Desks, Fault> {
        let mut all = self.store.parties().await?;
        all.retain(|party| party.registration().records_url.is_some() && self.lets_in(party));
        let covers = |party: &Party| party.registration().lines.iter().any(|line| cover::LINES.contains(line));
        let institute = all.iter().find(|party| party.role() == Role::Institute).cloned();
        let insurers = all.into_iter().filter(|party| party.role() == Role::Insurer && covers(party)).collect();
        Ok(Desks { institute, insurers })
    }

    async fn answers(
        &self,
        desks: &Desks,
        asked: CoverFound,
        (plate, ground): (&str, &Ground),
    ) -> Result<CoverFound, Fault> {
        let on = asked.on;
        let certificate = async {
            match &desks.institute {
                Some(institute) => self.certificate(institute, (plate, on, ground)).await.map(Some),
                None => Ok(None),
            }
        };
        let insurers = futures_util::stream::iter(&desks.insurers)
            .map(async |insurer| self.cover_of(insurer, plate, on).await)
            .buffered(SIDE_BY_SIDE)
            .collect::<Vec<Result<InsurerFound, Fault>>>();
        let (compulsory, insurers) = futures_util::join!(certificate, insurers);
        Ok(CoverFound { compulsory: compulsory?, insurers: insurers.into_iter().collect::<Result<_, _>>()?, ..asked })
    }

    async fn certificate(
        &self,
        institute: &Party,
        (plate, on, ground): (&str, Date, &Ground),
    ) -> Result<CompulsoryFound, Fault> {
        let ask = CertificateQuestion { plate: plate.to_owned(), on, ground: ground.clone() };
        let desk = Desk { party: institute, form: institute::FORM, path: institute::PATH };
        let answer: Result<CertificateAnswer, &'static str> = self.asked_of(&desk, ask).await?;
        let answer = answer.and_then(|answer| answer.check(on).map_err(exchange::Reason::code).map(|()| answer));
        let mut found = CompulsoryFound {
            institute: institute.id.to_string(),
            covers: Covers::Unknown,
            insurer: None,
            party: None,
            certificate: None,
            term: None,
            reason: None,
        };
        match answer {
            Err(reason) => found.reason = Some(reason.to_owned()),
            Ok(answer) => match (answer.found, answer.certificate) {
                (Found::Insured, Some(one)) => {
                    let party = self.store.party_by_identifier(UBN, &one.insurer).await?;
                    found.covers = Covers::Yes;
                    found.party = party.filter(|party| party.role() == Role::Insurer).map(|party| party.id.to_string());
                    found.term = Some((one.from, one.until));
                    (found.insurer, found.certificate) = (Some(one.insurer), one.number);
                }
                (Found::NotInsured, _) => found.covers = Covers::No,
                (Found::Refused, _) => found.reason = Some("refused".to_owned()),
                (Found::Unknown | Found::Insured, _) => found.reason = Some("unknown".to_owned()),
            },
        }
        Ok(found)
    }

    async fn cover_of(&self, insurer: &Party, plate: &str, on: Date) -> Result<InsurerFound, Fault> {
        let question = CoverQuestion { on, probes: vec![self.pair_key(&insurer.id).probe(plate, on)] };
        let desk = Desk { party: insurer, form: cover::FORM, path: cover::PATH };
        let answer: Result<CoverAnswer, &'static str> = self.asked_of(&desk, question.clone()).await?;
        let answer = answer.and_then(|answer| answer.check(&question).map_err(exchange::Reason::code).map(|()| answer));
        let party = insurer.id.to_string();
        Ok(match answer.map(|answer| answer.answers.into_iter().next()) {
            Ok(Some(one)) => {
                let reason = (one.covers == Covers::Unknown).then(|| "unknown".to_owned());
                InsurerFound { party, covers: one.covers, lines: one.lines, reason }
            }
            Ok(None) => {
                InsurerFound { party, covers: Covers::Unknown, lines: Vec::new(), reason: Some("unknown".to_owned()) }
            }
            Err(reason) => {
                InsurerFound { party, covers: Covers::Unknown, lines: Vec::new(), reason: Some(reason.to_owned()) }
            }
        })
    }

    /// Asks one desk: its verified answer, or a stable word for why there is none.
    async fn asked_of<Q: Serialize, A: DeserializeOwned>(
        &self,
        desk: &Desk<'_>,
        ask: Q,
    ) -> Result<Result<A, &'static str>, Fault> {
        let now = self.time_to_sign()?;
        let question = Question {
            iss: self.issuer.clone(),
            aud: desk.party.id.to_string(),
            iat: now.as_second(),
            nonce: base64url::encode(&self.random.bytes::<16>()),
            ask,
        };
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Packet, now)?;
        let sent: Sent<Q> = question.sign(desk.form, key).map_err(|_| Fault::Stored("cover question"))?;
        let url = desk.party.registration().records_url.as_deref().unwrap_or_default().trim_end_matches('/');
        let Ok(target) = Target::parse(&format!("{url}/{}", desk.path), self.sender.policy()) else {
            return Ok(Err("address"));
        };
        let headers = [("content-type", MEDIA_TYPE.to_owned()), ("accept", MEDIA_TYPE.to_owned())];
        let body = Some(sent.text.clone().into_bytes());
        let got =
            match self.sender.ask(&target, Ask { headers: &headers, body, most: MOST_BYTES, within: WITHIN }).await {
                Ok(got) => got,
                Err(error) => return Ok(Err(error.as_str())),
            };
        match got.status {
            429 => return Ok(Err("busy")),
            500..=599 => return Ok(Err("away")),
            _ => {}
        }
        let expected = Expected { form: desk.form, keys: desk.party.keys(), sent: &sent, now: self.now() };
        Ok(exchange::read(got.status, &got.body, &expected).map_err(|reason| {
            tracing::warn!(%reason, party = %desk.party.id, "an answer on cover does not count");
            reason.code()
        }))
    }
}

impl Case {
    fn row(&self, number: i64) -> String {
        format!("{}/{number}", self.claim)
    }

    fn sealed(&self, number: i64, found: &CoverFound) -> Result<Vec<u8>, Fault> {
        let plain = serde_json::to_vec(found).map_err(|_| Fault::Stored("cover_lookup"))?;
        Ok(self.key.seal(place_of_cover(&self.row(number)), &plain)?)
    }

    fn opened(&self, kept: &KeptLookUp) -> Result<CoverFound, Fault> {
        let plain = self.key.open(place_of_cover(&self.row(kept.number)), &kept.body)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("cover_lookup"))
    }

    fn shown(&self, kept: &KeptLookUp) -> Result<LookUp, Fault> {
        let found = self.opened(kept)?;
        Ok(LookUp { number: kept.number, asked_at: kept.asked_at, answered_at: kept.answered_at, found })
    }
}

impl Desks {
    /// Everybody who is asked, and what each gets of the plate.
    fn all(&self) -> impl Iterator<Item = (&Party, &'static str)> {
        let institute = self.institute.iter().map(|party| (party, "plate"));
        institute.chain(self.insurers.iter().map(|party| (party, "digest")))
    }
}
