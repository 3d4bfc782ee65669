//! Opening: a filing becomes a claim of an accident, which is found by its record or is new. Papers a recipient may get are
//! put down with their days; those that are here already are not asked for again.

use claimgate_adapters::police::api::{GroundKind, Item, is_case_number};
use claimgate_packet::evidence::accident::AccidentStatement;
use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use claimgate_packet::words::{ClaimKind, Line, Purpose};
use jiff::civil::Date;

use super::AccidentSeen;
use super::join::Wanting;
use crate::core::accident::calendar::release;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{
    AccidentWrite, Filed, FiledRecipient, Known, NewAccident, NewFiling, NewPaper, PaperState, key_of,
};
use crate::core::application::Faulty;
use crate::core::change::{Change, NewClaim, Write};
use crate::core::ledger::day;
use crate::core::route::Recipient;
use crate::core::timeline::{Event, entries};
use crate::flows::health::{evidence_row, evidence_text};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{AccidentId, ClaimId, EvidenceId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId, Role};
use crate::store::StoreError;

/// The form of a statement that was filed.
pub(in crate::flows) const FILED_FORM: &str = "claimgate-accident-1";
/// The most recipients of a filing.
const MOST_RECIPIENTS: usize = 32;

/// What somebody files.
#[derive(Clone)]
pub struct Opening {
    /// The filer's own number: the same again is the filing that is there.
    pub reference: String,
    /// What the party says.
    pub statement: AccidentStatement,
    /// Who is to get it.
    pub recipients: Vec<FiledRecipient>,
}

claimgate_packet::opaque_debug!(Opening);

/// Why nothing was filed or shown.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Not there, or another party's.
    #[error("not found")]
    NotFound,
    /// It does not hold together.
    #[error("{}", .0.text)]
    Faulty(Faulty),
    /// The reference was used for another filing.
    #[error("the reference was used for another filing")]
    ReferenceUsed,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotOpened {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<crate::keys::at_rest::AtRestError> for NotOpened {
    fn from(error: crate::keys::at_rest::AtRestError) -> Self {
        Self::Fault(error.into())
    }
}

/// A filing that was checked.
pub(in crate::flows) struct Checked {
    pub filed: Filed,
    pub on: Date,
    pub jurisdiction: Option<Jurisdiction>,
    pub recipients: Vec<(Recipient, Option<GroundKind>)>,
    body_mac: Mac,
    case_index: Mac,
}

/// A filing on its way into the store.
pub(in crate::flows) struct Filing {
    pub claim: ClaimId,
    pub accident: AccidentId,
    pub key: ClaimKey,
    pub wrapped_key: Vec<u8>,
    pub change: Change,
}

pub(super) fn faulty(at: &'static str, text: &'static str) -> NotOpened {
    NotOpened::Faulty(Faulty { code: "accident.form", at, text, chinese: "事故申報的這一欄有誤，請更正" })
}

impl Engine {
    /// Files an accident; `true` where the filing is new. The same again is the one that is there.
    ///
    /// # Errors
    /// See [`NotOpened`]; nothing was written then.
    pub async fn open_accident(&self, opener: &Party, opening: Opening) -> Result<(AccidentSeen, bool), NotOpened> {
        let checked = self.checked_filing(opener, opening).await?;
        let _turn = self.turns.of(&checked.case_index).await;
        for _ in 0..TRIES {
            if let Some(head) = self.store.claim_by_case(&opener.id, &checked.case_index).await? {
                let filing = self.store.filing(head.id).await?.ok_or(Fault::Stored("accident_filing"))?;
                if filing.body_mac != checked.body_mac {
                    return Err(NotOpened::ReferenceUsed);
                }
                return Ok((self.accident_seen(head.id, None).await?, false));
            }
            let Filing { claim, change, .. } = self.filing_change(opener, &checked, None).await?;
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((self.accident_seen(claim, None).await?, true));
            }
        }
        Err(Fault::Contended.into())
    }

    /// Whether a filing holds together, and who its recipients are.
    pub(in crate::flows) async fn checked_filing(
        &self,
        opener: &Party,
        opening: Opening,
    ) -> Result<Checked, NotOpened> {
        let Opening { reference, statement, recipients } = opening;
        let occurrence = &statement.occurrence;
        let on = occurrence.on.or_else(|| occurrence.at.map(day));
        let on = on.ok_or_else(|| faulty("/occurrence", "Say the day or the instant of the accident"))?;
        if on > day(self.now()) {
            return Err(faulty("/occurrence", "The accident lies in the future"));
        }
        let record = &statement.record;
        let jurisdiction = match (&record.jurisdiction, &record.number) {
            _ if !record.exists => None,
            (Some(word), number) => {
                let known = word.parse().map_err(|_| {
                    faulty(
                        "/record/jurisdiction",
                        "An ISO 3166-2 code such as TW-TPE, highway-police or military-police",
                    )
                })?;
                if number.as_deref().is_some_and(|number| !is_case_number(number)) {
                    return Err(faulty("/record/number", "1 to 40 letters, digits and hyphens"));
                }
                Some(known)
            }
            (None, _) => return Err(faulty("/record/jurisdiction", "Say whose record it is, or that there is none")),
        };
        if recipients.is_empty() || recipients.len() > MOST_RECIPIENTS {
            return Err(faulty("/recipients", "Name 1 to 32 recipients"));
        }
        let short = |one: &FiledRecipient| {
            let texts = [one.number.as_ref(), one.ground.as_ref().map(|(_, reference)| reference)];
            texts.into_iter().flatten().all(|text| (1..=100).contains(&text.chars().count()))
        };
        if !recipients.iter().all(short) {
            return Err(faulty("/recipients", "A number or reference has 1 to 100 characters"));
        }
        let mut found: Vec<(Recipient, Option<GroundKind>)> = Vec::new();
        for one in &recipients {
            let recipient = self.filed_recipient(one).await?;
            let ground = one.ground.as_ref().map(|(kind, _)| *kind);
            let own = opener.role() != Role::App && recipient.party.id == opener.id;
            let fits = match ground {
                None => opener.role() == Role::App || own,
                Some(GroundKind::Consent | GroundKind::Mandate) => opener.role() == Role::App,
                // The statute is that of compulsory cover.
                Some(GroundKind::Statutory) => own && one.line == Line::MotorCompulsory,
            };
            if !fits {
                return Err(faulty(
                    "/recipients",
                    "A party's app names consents and mandates, an insurer itself by statutory inquiry in compulsory cover",
                ));
            }
            if found.iter().any(|(known, _)| known.party.id == recipient.party.id && known.line == recipient.line) {
                return Err(faulty("/recipients", "A recipient and line stands twice"));
            }
            found.push((recipient, ground));
        }
        let filed = Filed { reference, statement, recipients };
        let bytes = serde_json::to_vec(&filed).map_err(|_| Fault::Stored("accident_filing"))?;
        let opener = opener.id.as_str();
        Ok(Checked {
            body_mac: self.index.exact("accident.body", &[opener.as_bytes(), &bytes]),
            case_index: self.index.text("accident.filing", &[opener, &filed.reference]),
            filed,
            on,
            jurisdiction,
            recipients: found,
        })
    }

    async fn filed_recipient(&self, one: &FiledRecipient) -> Result<Recipient, NotOpened> {
        let party = match one.party.parse::<PartyId>() {
            Ok(id) => self.store.party(&id).await?,
            Err(_) => None,
        };
        let takes = |party: &Party| party.role().receives() && party.registration().lines.contains(&one.line);
        let of_accidents = matches!(
            one.line,
            Line::Accident
                | Line::MotorCompulsory
                | Line::MotorLiability
                | Line::MotorDamage
                | Line::MotorDriverInjury
                | Line::MotorPassenger
        );
        match party.filter(|party| of_accidents && takes(party)) {
            Some(party) => Ok(Recipient { party: std::sync::Arc::new(party), line: one.line }),
            None => Err(faulty(
                "/recipients",
                "A recipient is no registered insurer, or does not take this line of motor or accident insurance here",
            )),
        }
    }

    /// A filing as a change. One without a record is of the accident `of`, where that is said; otherwise of a new one.
    pub(in crate::flows) async fn filing_change(
        &self,
        opener: &Party,
        checked: &Checked,
        of: Option<AccidentId>,
    ) -> Result<Filing, NotOpened> {
        let now = self.now();
        let mut change = Change::new("open_accident");
        change.push(Write::RelyOnParty(opener.id.clone(), opener.version));
        let number = checked.filed.statement.record.number.as_deref().filter(|_| checked.jurisdiction.is_some());
        let case = checked.jurisdiction.zip(number).map(|(of, number)| self.accident_case(of, number));
        let known = match (&case, of) {
            (Some(case), _) => self.store.accident_of_case(case).await?,
            (None, Some(of)) => self.store.accident(of).await?,
            (None, None) => None,
        };
        let wanting = Wanting::of(&checked.recipients);
        let (accident, papers) = if let Some(kept) = known {
            let there = self.opened_accident(kept)?;
            // Whoever erases or joins it at this moment is waited for, or the filing is done again.
            change.push(Write::Accident(AccidentWrite::Rely(there.kept.id, there.kept.version)));
            let recorded = there.kept.jurisdiction.is_some();
            let papers = if recorded { self.want_papers(&there, &wanting, &mut change).await? } else { Vec::new() };
            (there.kept.id, papers)
        } else {
            let id = self.new_accident(checked, number, case, &mut change)?;
            let recorded = checked.jurisdiction.is_some();
            let papers = if recorded { self.wanted_papers(&wanting.recipients, checked.on) } else { Vec::new() };
            change.push(Write::Accident(AccidentWrite::Papers(id, papers.clone(), now)));
            (id, papers)
        };
        let claim = ClaimId::new(now, &self.random);
        let (key, wrapped_key) = self.vault.new_claim_key(claim)?;
        change.push(Write::NewClaim(NewClaim {
            id: claim,
            hospital: opener.id.clone(),
            kind: ClaimKind::Motor,
            case_index: checked.case_index,
            wrapped_key: wrapped_key.clone(),
            at: now,
        }));
        let row = claim.to_string();
        let plain = serde_json::to_vec(&checked.filed).map_err(|_| Fault::Stored("accident_filing"))?;
        let body = key.seal(Place { table: "accident_filing", row: &row, column: "body" }, &plain)?;
        let recipients = checked.recipients.iter();
        change.push(Write::Accident(AccidentWrite::Filing(Box::new(NewFiling {
            claim,
            accident,
            opener: opener.id.clone(),
            follows: opener.role() == Role::App,
            body_mac: checked.body_mac,
            body,
            recipients: recipients.map(|(one, ground)| (one.party.id.clone(), one.line, *ground)).collect(),
            traces: self.traces(&checked.filed.statement),
            at: now,
        }))));
        let insurers: Vec<PartyId> = checked.recipients.iter().map(|(one, _)| one.party.id.clone()).collect();
        let mut tell = |event: Event| change.tell(entries(claim, &opener.id, &event, now, &self.random));
        tell(Event::AccidentOpened { recorded: checked.jurisdiction.is_some(), insurers: insurers.clone() });
        for paper in &papers {
            let (item, insurers) = (paper.item.as_str(), insurers.clone());
            tell(Event::AccidentPaper { item, state: PaperState::Expected.as_str(), on: paper.on, insurers });
        }
        let statement = self.stated(opener, &checked.filed.statement);
        change.push(Write::Evidence(evidence_row(&key, (claim, 1), (&statement, &evidence_text(&statement)?))?));
        change.push(self.due(claim));
        let of = [("accident", accident.to_string()), ("recipients", checked.recipients.len().to_string())];
        change.push(self.audit(opener.id.as_str(), "accident.filed", &claim, of));
        Ok(Filing { claim, accident, key, wrapped_key, change })
    }

    fn new_accident(
        &self,
        checked: &Checked,
        number: Option<&str>,
        case: Option<Mac>,
        change: &mut Change,
    ) -> Result<AccidentId, NotOpened> {
        let id = AccidentId::new(self.now(), &self.random);
        let (key, wrapped_key) = self.vault.new_claim_key(key_of(id))?;
        let known = Known { number: number.map(ToOwned::to_owned), on: checked.on };
        let plain = serde_json::to_vec(&known).map_err(|_| Fault::Stored("accident"))?;
        let row = id.to_string();
        let body = key.seal(Place { table: "accident", row: &row, column: "body" }, &plain)?;
        change.push(Write::Accident(AccidentWrite::New(Box::new(NewAccident {
            id,
            jurisdiction: checked.jurisdiction,
            case,
            wrapped_key,
            body,
            at: self.now(),
        }))));
        Ok(id)
    }

    /// The papers some recipient may get at all: nothing is asked for that nobody may see.
    pub(in crate::flows) fn wanted_papers(&self, recipients: &[Recipient], on: Date) -> Vec<NewPaper> {
        let may_get = |item: &Item| {
            let given = |one: &Recipient| self.policy.grant(one.addressee(), Purpose::ClaimAssessment, item.as_str());
            recipients.iter().any(|one| given(one).is_some())
        };
        let due = |item: Item| {
            let due = release(item, on)?;
            Some(NewPaper { item, on: due.on, due_at: Some(due.at) })
        };
        Item::ALL.into_iter().filter(may_get).filter_map(due).collect()
    }

    pub(in crate::flows) fn stated(&self, opener: &Party, statement: &AccidentStatement) -> Evidence {
        Evidence {
            id: EvidenceId::new(self.now(), &self.random).to_string(),
            source: Source { party: opener.id.to_string(), form: FILED_FORM.to_owned() },
            obtained: self.now(),
            verified: Verification {
                method: "stated".to_owned(),
                result: "unverified".to_owned(),
                at: self.now(),
                key: None,
            },
            attachments: Vec::new(),
            document: Document::AccidentStatement(Box::new(statement.clone())),
        }
    }
}
