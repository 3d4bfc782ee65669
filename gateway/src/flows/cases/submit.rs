//! Sending a case: the consent screen's data, then each claim with its consent becomes a filing of one accident, once nothing is
//! missing or at once; what was edited since goes to every insurer as its next revision.

use claimgate_adapters::police::api::GroundKind;
use claimgate_packet::evidence::{ACCIDENT_NOTICE, ACCIDENT_STATEMENT, Document, Evidence, Source, Verification};
use claimgate_packet::words::{Line, Purpose};
use jiff::Timestamp;

use super::{Case, CaseSeen, NotCased};
use crate::core::accident::{AccidentWrite, Filed, FiledRecipient};
use crate::core::cases::facts::{notice, statement};
use crate::core::cases::field::PlannedClaim;
use crate::core::cases::plan::{line, plans, subject};
use crate::core::cases::{CaseWrite, FiledClaim, MOST_CLAIMS, Said, papers};
use crate::core::change::{Change, NextRevision, Write};
use crate::core::disclosure::Addressee;
use crate::core::disclosure::explain::{OfKind, explain};
use crate::core::route::addressee;
use crate::core::timeline::{Event, entries};
use crate::flows::accident::{FILED_FORM, Filing, Opening, Revising};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{AccidentId, CaseId, ClaimId};
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};
use crate::store::ClaimHead;

/// The form of a notice.
const NOTICE_FORM: &str = "claimgate-case-1";

/// What a person is asked to consent to for one claim.
#[derive(Debug)]
pub struct ConsentAsked {
    /// The claim's key in the draft.
    pub claim: String,
    /// Who gets it.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// Whether the person has consented already.
    pub given: bool,
    /// What it gets, by evidence type.
    pub gets: Vec<OfKind>,
}

/// What a person sends.
#[derive(Clone, Debug)]
pub struct Submitting {
    /// Claims by their keys, each with the app's number of the consent.
    pub consents: Vec<(String, String)>,
    /// The policy that was shown with the consents.
    pub policy: Option<String>,
    /// Whether claims go before nothing is missing.
    pub early: bool,
}

/// Where a claim stands that is to be filed.
struct Ready {
    plan: PlannedClaim,
    said: Said,
}

impl Engine {
    /// Who gets what for what: one consent for each claim.
    ///
    /// # Errors
    /// Another's case, or a fault of ours.
    pub async fn consents_of_case(&self, app: &PartyId, id: CaseId) -> Result<Vec<ConsentAsked>, NotCased> {
        let case = self.own_case(app, id).await?;
        let mut asked = Vec::new();
        for (key, plan) in plans(&case.body.draft) {
            let line = line(plan.kind);
            let Ok(party) = plan.insurer.parse::<PartyId>() else { continue };
            let to = match self.store.party(&party).await? {
                Some(known) => addressee(known.role(), line),
                None => Addressee::Line(line),
            };
            let given = case.body.claims.contains_key(&key);
            let mut gets = explain(&self.policy, to, Purpose::ClaimAssessment);
            gets.retain(|one| one.kind.starts_with("accident-") || one.given);
            asked.push(ConsentAsked { claim: key, party, line, given, gets });
        }
        Ok(asked)
    }

    /// Sends a case: new claims are filed, what was edited since goes out as corrections.
    ///
    /// # Errors
    /// Another's case, what is missing, values that wait for a choice, or a fault of ours. Claims that were filed before it
    /// failed stay filed; sent again, it goes on.
    pub async fn submit_case(&self, app: &Party, id: CaseId, asked: &Submitting) -> Result<CaseSeen, NotCased> {
        let _turn = self.turns.of(id.uuid().as_bytes()).await;
        if !asked.consents.is_empty() && asked.policy.as_deref() != Some(self.policy.digest()) {
            return Err(NotCased::Policy);
        }
        self.note_consents(app, id, asked).await?;
        let case = self.own_case(&app.id, id).await?;
        for key in case.body.claims.keys() {
            self.file_claim(app, id, key).await?;
        }
        self.correct(app, id).await?;
        self.case_seen(&app.id, id).await
    }

    /// Writes down what the person said of each claim, once all of it holds together.
    async fn note_consents(&self, app: &Party, id: CaseId, asked: &Submitting) -> Result<(), NotCased> {
        for _ in 0..TRIES {
            let mut case = self.own_case(&app.id, id).await?;
            if let Some(name) = case.body.draft.disputed().next() {
                return Err(NotCased::Disputed(name.to_owned()));
            }
            if statement(&case.body.draft).is_none() {
                let text = "Say the day of the accident before you send it";
                return Err(NotCased::NotReady { at: "/fields/occurrence.date".to_owned(), text });
            }
            let plans = plans(&case.body.draft);
            if plans.is_empty() || plans.len() > MOST_CLAIMS {
                let text = "Plan 1 to 32 claims before you send it: fields named claim.<key>";
                return Err(NotCased::NotReady { at: "/fields/claim".to_owned(), text });
            }
            let mut change = Change::new("consent_to_claims");
            for (place, (key, reference)) in asked.consents.iter().enumerate() {
                let Some((_, plan)) = plans.iter().find(|(known, _)| known == key) else {
                    let text = "There is no claim of this key in the draft";
                    return Err(NotCased::NotReady { at: format!("/consents/{place}/claim"), text });
                };
                let said = Said {
                    reference: reference.clone(),
                    policy: self.policy.digest().to_owned(),
                    at: self.now(),
                    early: asked.early,
                    claim: None,
                };
                let filed = case.body.claims.get(key).is_some_and(|known| known.claim.is_some());
                if !filed {
                    let of = [("party", plan.insurer.clone()), ("line", line(plan.kind).to_string())];
                    change.push(self.audit(app.id.as_str(), "case.consented", &id, of));
                    case.body.claims.insert(key.clone(), said);
                }
            }
            if change.writes.is_empty() {
                return Ok(());
            }
            change.push(Write::Case(CaseWrite::Step(Box::new(case.step(self)?))));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::Contended.into())
    }

    /// Files a claim, if its time has come and it is not filed yet.
    async fn file_claim(&self, app: &Party, id: CaseId, key: &str) -> Result<(), NotCased> {
        for _ in 0..TRIES {
            let mut case = self.own_case(&app.id, id).await?;
            let Some(ready) = ready(&case, key) else { return Ok(()) };
            let Ready { plan, said } = &ready;
            let opening = opening(&case, key, &ready)?;
            let checked = self.checked_filing(app, opening).await?;
            let of = self.accident_of_group(&case).await?;
            let Filing { claim, accident, key: claim_key, wrapped_key, mut change } =
                self.filing_change(app, &checked, of).await?;
            let head = ClaimHead { id: claim, hospital: app.id.clone(), revision: 1, version: 1, wrapped_key };
            let mut revising = Revising { head, key: claim_key, revision: 1, evidence: Vec::new(), writes: Vec::new() };
            let told = self.notice_of(app, &case, plan, &mut revising).await?;
            self.add_evidence(&mut revising, told)?;
            change.writes.append(&mut revising.writes);
            let subject = self.subject_of(&case, plan, claim);
            self.tell_of_same_damage((app, claim, plan), &subject, &mut change).await?;
            case.kept.accident = Some(accident);
            let said = Said { claim: Some(claim.to_string()), ..said.clone() };
            case.body.claims.insert(key.to_owned(), said);
            change.push(Write::Case(CaseWrite::Filed(Box::new(FiledClaim {
                claim,
                case: id,
                subject,
                party: plan.insurer.parse().map_err(|_| Fault::Stored("motor_case"))?,
                line: line(plan.kind),
                at: self.now(),
            }))));
            change.push(Write::Case(CaseWrite::Step(Box::new(case.step(self)?))));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::Contended.into())
    }

    /// The accident of the first case of a group that has filed.
    async fn accident_of_group(&self, case: &Case) -> Result<Option<AccidentId>, Fault> {
        if case.kept.accident.is_some() {
            return Ok(case.kept.accident);
        }
        let group = self.store.cases_of_group(case.kept.group).await?;
        Ok(group.into_iter().find_map(|other| other.accident))
    }

    /// The notice of a claim as evidence, with the files that belong to it.
    async fn notice_of(
        &self,
        app: &Party,
        case: &Case,
        plan: &PlannedClaim,
        revising: &mut Revising,
    ) -> Result<Evidence, Fault> {
        let (files, attachments) = self.claim_files(case, plan, revising).await?;
        let document = notice(&case.body.draft, plan, files, case.body.filed_by.as_ref());
        Ok(Evidence {
            id: String::new(),
            source: Source { party: app.id.to_string(), form: NOTICE_FORM.to_owned() },
            obtained: self.now(),
            verified: stated(self.now()),
            attachments,
            document: Document::AccidentNotice(Box::new(document)),
        })
    }

    /// A keyed digest of the damage; a claim whose draft does not say which is like no other.
    pub(super) fn subject_of(&self, case: &Case, plan: &PlannedClaim, claim: ClaimId) -> Mac {
        match subject(&case.body.draft, plan) {
            Some([kind, who, day]) => self.index.text("case.subject", &[&kind, &who, &day]),
            None => self.index.text("case.subject", &[&claim.to_string()]),
        }
    }

    /// Tells the insurers of two claims of one damage that there is another claim, and not whose.
    async fn tell_of_same_damage(
        &self,
        (app, claim, plan): (&Party, ClaimId, &PlannedClaim),
        subject: &Mac,
        change: &mut Change,
    ) -> Result<(), Fault> {
        let others = self.store.claims_of_subject(subject).await?;
        if others.is_empty() {
            return Ok(());
        }
        let mut tell = |of: ClaimId, party: PartyId, line: Line| {
            change.tell(entries(of, &app.id, &Event::SameDamage { party, line }, self.now(), &self.random));
        };
        if let Ok(party) = plan.insurer.parse() {
            tell(claim, party, line(plan.kind));
        }
        for other in others {
            if let Some(known) = self.store.case_claim(other).await? {
                tell(other, known.party, known.line);
            }
        }
        change.push(self.audit("gateway", "case.same-damage", &claim, []));
        Ok(())
    }

    /// Sends what was edited since to the insurer of each claim that was filed, as its next revision.
    async fn correct(&self, app: &Party, id: CaseId) -> Result<(), NotCased> {
        let case = self.own_case(&app.id, id).await?;
        if case.unsent().is_empty() {
            return Ok(());
        }
        let versions = case.versions();
        for (key, plan) in plans(&case.body.draft) {
            let Some(said) = case.body.claims.get(&key) else { continue };
            let Some(claim) = said.claim.as_ref().and_then(|claim| claim.parse().ok()) else { continue };
            let ready = Ready { plan, said: said.clone() };
            let opening = opening(&case, &key, &ready)?;
            self.correct_claim(app, &case, (claim, &ready.plan), &opening).await?;
        }
        let accident = self.record_named(app, &case).await?;
        for _ in 0..TRIES {
            let mut case = self.own_case(&app.id, id).await?;
            case.body.sent.clone_from(&versions);
            case.kept.accident = accident;
            let mut change = Change::new("case_sent");
            change.push(Write::Case(CaseWrite::Step(Box::new(case.step(self)?))));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::Contended.into())
    }

    async fn correct_claim(
        &self,
        app: &Party,
        case: &Case,
        (claim, plan): (ClaimId, &PlannedClaim),
        opening: &Opening,
    ) -> Result<(), NotCased> {
        for _ in 0..TRIES {
            // A claim that is restricted or erased stays as it is.
            let Some(mut revising) = self.revising(claim).await? else { return Ok(()) };
            let stated = self.stated(app, &opening.statement);
            let told = self.notice_of(app, case, plan, &mut revising).await?;
            let mut changed = false;
            for (kind, form, new) in [(ACCIDENT_STATEMENT, FILED_FORM, stated), (ACCIDENT_NOTICE, NOTICE_FORM, told)] {
                let own = |one: &Evidence| one.document.kind() == kind && one.source.form == form;
                if revising.evidence.iter().any(|one| own(one) && one.document == new.document) {
                    continue;
                }
                revising.supersede(own)?;
                self.add_evidence(&mut revising, new)?;
                changed = true;
            }
            if !changed {
                return Ok(());
            }
            let mut change = Change::new("correct_claim");
            let (version, revision) = (revising.head.version, revising.revision);
            change.push(Write::NextRevision(NextRevision { id: claim, version, revision, at: self.now() }));
            change.writes.append(&mut revising.writes);
            let filed = Filed {
                reference: opening.reference.clone(),
                statement: opening.statement.clone(),
                recipients: opening.recipients.clone(),
            };
            let text = serde_json::to_vec(&filed).map_err(|_| Fault::Stored("accident_filing"))?;
            let row = claim.to_string();
            let place = Place { table: "accident_filing", row: &row, column: "body" };
            let body = revising.key.seal(place, &text)?;
            change.push(Write::Accident(AccidentWrite::Refiled(claim, body)));
            change.push(self.due(claim));
            change.push(self.audit(app.id.as_str(), "case.corrected", &claim, [("revision", revision.to_string())]));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::Contended.into())
    }

    /// A police record that is named only after the accident was filed: its papers are asked for from now on.
    async fn record_named(&self, app: &Party, case: &Case) -> Result<Option<AccidentId>, NotCased> {
        let named = statement(&case.body.draft).is_some_and(|stated| stated.record.number.is_some());
        let Some(accident) = case.kept.accident.filter(|_| named) else { return Ok(case.kept.accident) };
        let mut filings = Vec::new();
        for (key, plan) in plans(&case.body.draft) {
            let Some(said) = case.body.claims.get(&key).filter(|said| said.claim.is_some()) else { continue };
            let opening = opening(case, &key, &Ready { plan, said: said.clone() })?;
            filings.push(self.checked_filing(app, opening).await?);
        }
        Ok(Some(self.record_accident(app, accident, &filings).await?))
    }
}

/// What is filed for one claim.
fn opening(case: &Case, key: &str, Ready { plan, said }: &Ready) -> Result<Opening, Fault> {
    let statement = statement(&case.body.draft).ok_or(Fault::Stored("motor_case"))?;
    let mandate = case.body.filed_by.as_ref().and_then(|by| by.mandate.clone());
    let ground =
        mandate.map_or_else(|| (GroundKind::Consent, said.reference.clone()), |mandate| (GroundKind::Mandate, mandate));
    let recipient = FiledRecipient {
        party: plan.insurer.clone(),
        line: line(plan.kind),
        number: plan.number.clone(),
        ground: Some(ground),
    };
    Ok(Opening { reference: format!("{}/{key}", case.kept.id), statement, recipients: vec![recipient] })
}

/// A claim that is to be filed now: consented to, not filed, and nothing missing or sent all the same.
fn ready(case: &Case, key: &str) -> Option<Ready> {
    let said = case.body.claims.get(key).filter(|said| said.claim.is_none())?;
    let (_, plan) = plans(&case.body.draft).into_iter().find(|(known, _)| known == key)?;
    let list = papers::needed(&case.body.draft, &plan);
    let complete = papers::is_complete(&papers::standing(&list, &case.body.draft, &plan));
    (said.early || complete).then(|| Ready { plan, said: said.clone() })
}

fn stated(at: Timestamp) -> Verification {
    Verification { method: "stated".to_owned(), result: "unverified".to_owned(), at, key: None }
}
