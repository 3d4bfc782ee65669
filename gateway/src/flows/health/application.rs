//! Applications of patients (院內申請): taken before or after the documents, read, and taken back for a recipient.

use claimgate_adapters::hospital::CaseIdentifier;
use claimgate_packet::evidence::application::SignatureKind;
use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::consented::patient;
use super::page::OpenPage;
use super::{evidence, recall};
use crate::core::application::{ApplicationWrite, Faulty, NewApplication, Signed};
use crate::core::change::{Change, IdempotencyRow, Write};
use crate::core::master::Encrypted;
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{ApplicationId, ClaimId};
use crate::keys::index::Mac;
use crate::party::{ConsentBasis, Party, PartyId, Role};
use crate::store::{ClaimHead, SentView};

/// Why an application is not taken, shown or taken back.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// No such application, or another hospital's; or it names no such recipient. Or the page it was signed on is another one
    /// by now.
    #[error("no such application")]
    NotFound,
    /// It does not hold together.
    #[error("{}", .0.text)]
    Faulty(Faulty),
    /// One recipient does not, by its place among them.
    #[error("{}", .1.text)]
    Recipient(usize, Faulty),
    /// The `Idempotency-Key` was used for another application.
    #[error("the Idempotency-Key was used for another application")]
    KeyReused,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// How an application came.
#[derive(Clone, Copy)]
pub enum Came<'a> {
    /// From the hospital's own system, in these bytes, under this `Idempotency-Key`.
    Sent(&'a [u8], Option<&'a str>),
    /// From a page of the gateway's own, as it was read; a wallet's signature was looked at there.
    ByPage(&'a OpenPage),
}

claimgate_packet::opaque_debug!(Came<'_>);

/// The route keys are remembered under.
const ROUTE: &str = "POST /hospital/v1/applications";

impl From<crate::store::StoreError> for NotApplied {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// An application as it stands.
#[derive(Debug)]
pub struct Applied {
    /// Id.
    pub id: ApplicationId,
    /// When it came.
    pub created: Timestamp,
    /// The claim of its case, once there is one.
    pub claim: Option<ClaimId>,
    /// Whom it consents to, and since when no more.
    pub recipients: Vec<(PartyId, Line, Option<Timestamp>)>,
    /// What was made for whom, and whether it left.
    pub sent: Vec<SentView>,
}

fn recipient(place: usize, text: &'static str) -> NotApplied {
    match faulty("application.recipient", "/recipients", text) {
        NotApplied::Faulty(fault) => NotApplied::Recipient(place, fault),
        other => other,
    }
}

fn faulty(code: &'static str, at: &'static str, text: &'static str) -> NotApplied {
    let chinese = match code {
        "application.other-person" => "申請書之被保險人與本案文件之病人不符，未保存",
        "application.signature" => "皮夾簽署僅限於本平台頁面，請改用其他方式",
        "application.superseded" => "病人已另簽較晚之申請書，或已撤回此項同意，未保存",
        _ => "請至少選擇一家參加之保險公司，每家每險種一次",
    };
    NotApplied::Faulty(Faulty { code, text, chinese, at })
}

impl Engine {
    /// Takes an application; `true` where it is new. The one that is there already is given back. It replaces those before:
    /// what was made under them and has not left is taken back, and made anew.
    ///
    /// # Errors
    /// [`NotApplied`]; nothing was written then.
    pub async fn apply(
        &self,
        hospital: &PartyId,
        case: &CaseIdentifier,
        signed: Signed,
        by: Came<'_>,
    ) -> Result<(ApplicationId, bool), NotApplied> {
        signed.check(self.now()).map_err(NotApplied::Faulty)?;
        let memory = match by {
            Came::ByPage(_) => None,
            Came::Sent(..) if signed.application.signature.kind == SignatureKind::Wallet => {
                let text = "A wallet signs on the page of the gateway alone; sign in another way";
                return Err(faulty("application.signature", "/signature", text));
            }
            Came::Sent(bytes, key) => key.map(|key| self.application_memory(hospital, key, bytes)),
        };
        let recipients = self.applied_to(&signed).await?;
        let case_index = self.case_index(hospital, case);
        let _turn = self.turns.of(&case_index).await;
        for _ in 0..TRIES {
            if let Some((key, request)) = &memory
                && let Some(known) = self.store.remembered(hospital, ROUTE, key, self.now()).await?
            {
                if known.body_mac != *request {
                    return Err(NotApplied::KeyReused);
                }
                return Ok((known.answer.parse().map_err(|_| Fault::Stored("idempotency"))?, false));
            }
            if let Came::ByPage(page) = by
                && let Some(id) = self.signed_on(page).await?
            {
                return Ok((id, false));
            }
            let mut signed = signed.clone();
            if let Some(view) = self.store.application_of_case(hospital, &case_index).await? {
                number(&mut signed, &view.id.to_string());
                let counts = self.signed(&view)?;
                if counts == signed {
                    return Ok((view.id, false));
                }
                let consents = self.store.application_recipients(view.id).await?;
                if is_superseded(&signed, &recipients, &counts, &consents) {
                    let text = "The patient has signed another application since, or taken this consent back: nothing was \
                                kept; send what was signed last";
                    return Err(faulty("application.superseded", "/signed_at", text));
                }
            }
            let head = self.store.claim_by_case(hospital, &case_index).await?;
            let mut change = Change::new("apply_for_claim");
            if let Some(head) = &head {
                self.check_person(head, &signed).await?;
                change.push(Write::TouchClaim(head.id, head.version, self.now()));
                change.push(self.due(head.id));
            }
            let id = ApplicationId::new(self.now(), &self.random);
            if let Some(head) = &head {
                self.replaced(hospital, (head.id, id), &mut change).await?;
            }
            let row = id.to_string();
            number(&mut signed, &row);
            let json = serde_json::to_vec(&signed).map_err(|_| Fault::Stored("application"))?;
            let place = Encrypted::Application.place(&row);
            let body = self.vault.seal_registry(place, &json).map_err(Fault::from)?;
            change.push(Write::Application(ApplicationWrite::New(Box::new(NewApplication {
                id,
                hospital: hospital.clone(),
                case_index,
                body,
                recipients: recipients.clone(),
                at: self.now(),
            }))));
            if let Some((key, request)) = memory {
                change.push(Write::Idempotency(IdempotencyRow {
                    party: hospital.clone(),
                    route: ROUTE,
                    key,
                    body_mac: request,
                    answer: row,
                    at: self.now(),
                    expires_at: self.in_days(self.rules.idempotency_days),
                }));
            }
            if let Came::ByPage(page) = by {
                change.push(self.page_saved(page, Some(id))?);
            }
            let count = recipients.len().to_string();
            change.push(self.audit(hospital.as_str(), "application.received", &id, [("recipients", count)]));
            match self.store.commit(change).await.map_err(Fault::from) {
                Ok(()) => return Ok((id, true)),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Fault::Contended.into())
    }

    /// A key and the bytes it belongs to, as keyed digests.
    fn application_memory(&self, hospital: &PartyId, key: &str, bytes: &[u8]) -> (Mac, Mac) {
        let party = hospital.as_str().as_bytes();
        let key = self.index.exact("idempotency.key", &[party, key.as_bytes()]);
        (key, self.index.exact("application.request", &[party, bytes]))
    }

    /// Each consent names an insurer that takes part in that line, once, and leaves out types that exist.
    async fn applied_to(&self, signed: &Signed) -> Result<Vec<(PartyId, Line)>, NotApplied> {
        let mut found: Vec<(PartyId, Line)> = Vec::new();
        for (place, consent) in signed.consents.iter().enumerate() {
            let party: Option<Party> = match consent.insurer.parse() {
                Ok(id) => self.store.party(&id).await?,
                Err(_) => None,
            };
            let takes = |party: &Party| {
                matches!(party.role(), Role::Insurer | Role::Fund)
                    && party.state.can_be_named()
                    && party.registration().lines.contains(&consent.line)
            };
            let Some(party) = party.filter(takes) else {
                let text = "A recipient is no registered insurer, or does not take this line of insurance here";
                return Err(recipient(place, text));
            };
            let known = |kind: &String| self.policy.kinds().iter().any(|one| one.name == kind.as_str());
            if !consent.without.iter().all(known) {
                let text = "What a consent leaves out are evidence types, as docs/disclosure.md names them";
                return Err(recipient(place, text));
            }
            let one = (party.id, consent.line);
            if found.contains(&one) {
                return Err(recipient(place, "A recipient and line stands twice"));
            }
            found.push(one);
        }
        if found.is_empty() {
            return Err(faulty("application.recipient", "/recipients", "Name at least one recipient"));
        }
        Ok(found)
    }

    async fn check_person(&self, head: &ClaimHead, signed: &Signed) -> Result<(), NotApplied> {
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key).map_err(Fault::from)?;
        for (id, body) in self.store.current_evidence(head.id).await? {
            let one = evidence::from_row(&key, id, &body)?;
            if patient(&one.document).is_some_and(|patient| !signed.is_of(patient)) {
                let text = "The documents of this case are of another person; nothing was kept";
                return Err(faulty("application.other-person", "/insured", text));
            }
        }
        Ok(())
    }

    /// An application and who received what.
    ///
    /// # Errors
    /// Another hospital's, or a fault of ours.
    pub async fn applied(&self, hospital: &PartyId, id: ApplicationId) -> Result<Applied, NotApplied> {
        let view = self.store.application(hospital, id).await?.ok_or(NotApplied::NotFound)?;
        let claim = self.store.claim_by_case(hospital, &view.case_index).await?.map(|head| head.id);
        let sent = match claim {
            Some(claim) => self.store.sent(hospital, claim).await?,
            None => Vec::new(),
        };
        let recipients = self.store.application_recipients(id).await?;
        Ok(Applied { id, created: view.created, claim, recipients, sent })
    }

    /// Takes back the consent for a recipient, in this application and in the one that replaced it. What has not left is
    /// withdrawn; what has left stays where it is.
    ///
    /// # Errors
    /// Another hospital's application, or one that does not name this recipient; or a fault of ours.
    pub async fn withdraw_recipient(
        &self,
        hospital: &PartyId,
        id: ApplicationId,
        party: &PartyId,
    ) -> Result<Applied, NotApplied> {
        let view = self.store.application(hospital, id).await?.ok_or(NotApplied::NotFound)?;
        let _turn = self.turns.of(&view.case_index).await;
        for _ in 0..TRIES {
            let applied = self.applied(hospital, id).await?;
            let open = |(of, _, withdrawn): &(PartyId, Line, Option<Timestamp>)| of == party && withdrawn.is_none();
            if !applied.recipients.iter().any(|(of, _, _)| of == party) {
                return Err(NotApplied::NotFound);
            }
            let mut from = Vec::new();
            if applied.recipients.iter().any(open) {
                from.push(id);
            }
            let newest = self.store.application_of_case(hospital, &view.case_index).await?.map(|newest| newest.id);
            if let Some(newest) = newest.filter(|newest| *newest != id)
                && self.store.application_recipients(newest).await?.iter().any(open)
            {
                from.push(newest);
            }
            if from.is_empty() {
                return Ok(applied);
            }
            let change = self.withdrawal(hospital, &from, &applied, party);
            match self.store.commit(change).await.map_err(Fault::from) {
                Ok(()) => return self.applied(hospital, id).await,
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Fault::Contended.into())
    }

    fn withdrawal(&self, hospital: &PartyId, from: &[ApplicationId], applied: &Applied, party: &PartyId) -> Change {
        let mut change = Change::new("withdraw_recipient");
        for id in from {
            change.push(Write::Application(ApplicationWrite::Withdrawn(*id, party.clone(), self.now())));
            let to = [("party", party.to_string())];
            change.push(self.audit(hospital.as_str(), "application.withdrawn", id, to));
        }
        let Some(claim) = applied.claim else { return change };
        if applied.recipients.iter().any(|(of, _, withdrawn)| of != party && withdrawn.is_none()) {
            // What the others may know of who shares the expenses has changed.
            change.push(self.due(claim));
        }
        let its = applied.sent.iter().filter(|one| one.party == *party);
        self.kept_back(hospital, (claim, applied.id), its, &mut change);
        change
    }

    /// Where the hospital's basis is the patient's consent, what was made under an application that is replaced now does not
    /// leave any more: what the new one says is made anew.
    async fn replaced(
        &self,
        hospital: &PartyId,
        (claim, by): (ClaimId, ApplicationId),
        change: &mut Change,
    ) -> Result<(), Fault> {
        let party = self.store.party(hospital).await?.ok_or(Fault::Stored("party"))?;
        if matches!(party.registration().consent, Some(ConsentBasis::Patient { .. })) {
            self.kept_back(hospital, (claim, by), &self.store.sent(hospital, claim).await?, change);
        }
        Ok(())
    }

    /// Takes back what of these deliveries has not left.
    fn kept_back<'s>(
        &self,
        hospital: &PartyId,
        (claim, application): (ClaimId, ApplicationId),
        sent: impl IntoIterator<Item = &'s SentView>,
        change: &mut Change,
    ) {
        for one in sent.into_iter().filter(|one| recall::waits(one)) {
            self.withdraw_unsent(hospital, (claim, one), ("application", application.to_string()), change);
        }
    }
}

/// Whether an application was signed before the one that counts, or gives a consent again that was taken back since.
fn is_superseded(
    signed: &Signed,
    recipients: &[(PartyId, Line)],
    counts: &Signed,
    consents: &[(PartyId, Line, Option<Timestamp>)],
) -> bool {
    let at = signed.application.signed_at;
    let given_again = |(party, line, withdrawn): &(PartyId, Line, Option<Timestamp>)| {
        withdrawn.is_some_and(|since| since > at) && recipients.iter().any(|(to, of)| to == party && of == line)
    };
    counts.application.signed_at > at || consents.iter().any(given_again)
}

/// The gateway's number in all that was signed.
fn number(signed: &mut Signed, text: &str) {
    text.clone_into(&mut signed.application.number);
    for consent in &mut signed.consents {
        text.clone_into(&mut consent.application);
    }
}
