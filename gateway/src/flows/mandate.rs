//! Mandates (委託) handed in to be checked: may this presenter do this for that person, now, answered check by check.
//!
//! In: a mandate as its mandatary presents it, or one that was recorded before; the action; who the caller says presents
//! and whose case it is; signed documents. Out: twelve answers, a decision, and where asked one use counted, of a mandate
//! that was passed on two. What a mandate says of persons is shown to who handed it in and stands in no log.

use claimgate_adapters::signature::{PdfStanding, check_pdf};
use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::credential::Credential;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::decision::items::{Check, Finding, Known, items};
use claimgate_adapters::wallet::mandate::decision::{Grounds, Parties, decide};
use claimgate_adapters::wallet::mandate::own::issuer_of;
use claimgate_adapters::wallet::mandate::terms::{CaseRef, Identifier, Person};
use claimgate_adapters::wallet::status::Outcome as Status;
use claimgate_adapters::wallet::trust::Trust;
use claimgate_adapters::wallet::verify::binding::Proof;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use claimgate_fhir::taiwan::Namespace;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::KeyUse;
use jiff::Timestamp;

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::mandate::{Ending, MandateWrite, MandatorProof};
use crate::core::wallet::{Act, MandateUse, Proved};
use crate::keys::index::Mac;
use crate::party::{INSURER_CODE, Party, Role};
use crate::store::StoreError;

mod give;
mod own;
mod record;
mod verdict;

pub use give::{GIVE, NotGiven};
pub use record::{Ended, NotRecorded, Recorded, Recording};
pub use verdict::{Decision, DocumentStanding, Given, Looked, NewCheck, NotChecked, Verdict, Which};

use verdict::{OfKind, decision, refusal};

/// A mandate and the one above it, verified.
struct Read {
    child: Credential,
    parent: Option<Credential>,
    /// Of one its mandator signed: whose key that is.
    mandator: Option<MandatorProof>,
}

impl Engine {
    /// Checks a mandate, and counts a use where asked and granted.
    ///
    /// # Errors
    /// [`NotChecked`].
    pub async fn check_mandate(&self, by: &Party, asked: &NewCheck) -> Result<Verdict, NotChecked> {
        let now = self.now();
        let documents = self.look_at_documents(&asked.documents, now);
        let (which, act) = match (&asked.which, &asked.act) {
            (Some(which), Some(act)) => (which, act),
            (None, None) if !documents.is_empty() => return Ok(Verdict::of(Decision::Manual, documents, now)),
            _ => return Err(NotChecked::Nothing),
        };
        let trust = self.trusted(&asked.purpose).await?;
        let (text, recorded) = self.text_of(by, which).await?;
        let read = match self.read_mandates((&text, recorded), asked, &trust, now) {
            Ok(read) => read,
            Err(reason) => {
                let mut verdict = Verdict::of(Decision::Refused, documents, now).without_credential(reason);
                let recorded = self.note_check(by, act, &verdict, None, Vec::new()).await?;
                verdict.recorded(recorded);
                return Ok(verdict);
            }
        };
        self.decide_mandate(by, asked, act, read, &trust, documents, now).await
    }

    /// The text of a mandate; a recorded one only for who recorded it, its mandatary, and a police source.
    async fn text_of(&self, by: &Party, which: &Which) -> Result<(String, Option<MandatorProof>), NotChecked> {
        let id = match which {
            Which::Presented(text) => return Ok((text.clone(), None)),
            Which::Recorded(id) => *id,
        };
        let kept = self.store.mandate(id).await.map_err(Fault::from)?.ok_or(NotChecked::Unknown)?;
        let document = self.recorded_document(&kept)?;
        let holds = |thumbprint: &String| by.keys().iter().any(|key| key.thumbprint() == *thumbprint);
        let may = kept.party == by.id || by.role() == Role::Police || document.holder.as_ref().is_some_and(holds);
        if may { Ok((document.credential, document.mandator)) } else { Err(NotChecked::Unknown) }
    }

    fn read_mandates(
        &self,
        (text, recorded): (&str, Option<MandatorProof>),
        asked: &NewCheck,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Read, Reason> {
        let types = self.wallet.mandate_types();
        let proof = asked.proof.as_ref().map(|(nonce, audience)| Proof { nonce, audience, transactions: &[] });
        let expected = |proof| Expected { strictness: Strictness::Credential, types: &types, proof };
        let mandator = match (recorded, &asked.mandator) {
            (Some(recorded), _) => Some(recorded),
            (None, Some(credential)) => Some(self.mandator_of(credential, trust, now)?),
            (None, None) => None,
        };
        let child = match &mandator {
            Some(mandator) => own::verified(text, &expected(proof), mandator, trust.domain, now)?,
            None => self.issued(text, &expected(proof), trust, now)?,
        };
        let parent = asked.parent.as_deref().map(|text| self.issued(text, &expected(None), trust, now)).transpose()?;
        Ok(Read { child, parent, mandator })
    }

    /// Verifies a mandate of an issuer of the registry, or of this gateway itself.
    pub(super) fn issued(
        &self,
        text: &str,
        expected: &Expected<'_>,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Credential, Reason> {
        match issuer_of(text) {
            Some(issuer) if issuer == self.issuer => verify(text, expected, &self.own_trust(trust.domain), now),
            _ => verify(text, expected, trust, now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step, taken apart for its length alone")]
    async fn decide_mandate(
        &self,
        by: &Party,
        asked: &NewCheck,
        act: &Act,
        read: Read,
        trust: &Trust,
        documents: Vec<DocumentStanding>,
        now: Timestamp,
    ) -> Result<Verdict, NotChecked> {
        let Read { child, parent, mandator } = read;
        let mandate = Mandate::read(&child).ok();
        let above = parent.as_ref().and_then(|parent| Mandate::read(parent).ok());
        let (used, used_above) = (
            self.uses_of(&child, mandate.as_ref()).await?,
            match &parent {
                Some(parent) => self.uses_of(parent, above.as_ref()).await?,
                None => 0,
            },
        );
        let status_above = match &parent {
            Some(parent) => Some(self.standing_of(parent, above.as_ref(), trust).await?),
            None => None,
        };
        let bytes: Vec<&[u8]> = asked.documents.iter().map(Vec::as_slice).collect();
        let above_grounds = parent.as_ref().zip(status_above).map(|(credential, status)| Grounds {
            credential,
            issuer_trusted: true,
            status,
            parent: None,
            documents: &[],
            uses: used_above,
        });
        let (issuer_trusted, status) = match &mandator {
            Some(mandator) => self.standing_of_own((mandator, &child), mandate.as_ref(), trust).await?,
            None => (true, self.standing_of(&child, mandate.as_ref(), trust).await?),
        };
        let grounds = Grounds {
            credential: &child,
            issuer_trusted,
            status,
            parent: above_grounds.as_ref(),
            documents: &bytes,
            uses: used,
        };
        let (presenter, proved_by) = self.presenter_of(by, asked, &child, mandate.as_ref()).await?;
        let principal = asked.principal.as_ref().map(Given::person);
        let key = child.holder.as_ref().filter(|_| proved_by.is_some());
        let known = Known { presenter: presenter.as_ref(), presenter_key: key, principal: principal.as_ref() };
        let genuine = documents_count(&documents, mandate.as_ref());
        let judge = |kind: Option<&str>| judge(&grounds, &known, (act, kind), genuine, now);
        let all: Vec<OfKind> = if asked.kinds.is_empty() {
            vec![(None, judge(act.record_kind.as_deref()))]
        } else {
            asked.kinds.iter().map(|kind| (Some(kind.clone()), judge(Some(kind)))).collect()
        };
        let level = mandate.as_ref().map(|one| one.assurance.level);
        let level = level.map(|own| above.as_ref().map_or(own, |above| own.min(above.assurance.level)));
        let mut verdict = Verdict { credential: Finding::Passed, ..Verdict::of(decision(&all), documents, now) };
        let best = all.iter().find(|(_, items)| refusal(items).is_none()).or(all.first());
        verdict.items = best.map(|(_, items)| items.clone()).unwrap_or_default();
        verdict.records = all
            .iter()
            .filter_map(|(kind, items)| Some((kind.clone()?, refusal(items).unwrap_or(Finding::Passed))))
            .collect();
        let counting = if asked.counts && matches!(verdict.decision, Decision::Granted | Decision::Partly) {
            let of = |credential: &Credential, mandate: &Mandate| {
                let most = mandate.limits.max_uses?;
                let index = self.mandate_index(&credential.issuer, &mandate.id);
                Some(MandateUse { mandate: index, most, until: mandate.valid_until })
            };
            let own = mandate.as_ref().and_then(|mandate| of(&child, mandate));
            let above = parent.as_ref().zip(above.as_ref()).and_then(|(parent, above)| of(parent, above));
            verdict.counted = true;
            own.into_iter().chain(above).collect()
        } else {
            Vec::new()
        };
        verdict.looked = mandate.zip(level).map(|(mandate, level)| Looked {
            issuer: child.issuer.clone(),
            mandate,
            above,
            level,
            used,
            used_above,
            proved_by,
        });
        let recorded = self.note_check(by, act, &verdict, Some(&child), counting).await?;
        verdict.recorded(recorded);
        Ok(verdict)
    }

    /// Writes that it was checked, and counts. What cannot be counted is not allowed.
    async fn note_check(
        &self,
        by: &Party,
        act: &Act,
        verdict: &Verdict,
        credential: Option<&Credential>,
        uses: Vec<MandateUse>,
    ) -> Result<Result<(), Reason>, NotChecked> {
        let looked = verdict.looked.as_ref();
        let index = credential.zip(looked).map(|(credential, looked)| {
            base64url::encode(self.mandate_index(&credential.issuer, &looked.mandate.id).as_slice())
        });
        let person = |person: Option<&Person>| {
            let id = person.and_then(|person| person.id.as_ref());
            let number = id.and_then(|id| Some((id.scheme.as_str(), id.value.as_deref()?)));
            number.map_or_else(String::new, |(scheme, value)| {
                base64url::encode(self.person_index(scheme, value).as_slice())
            })
        };
        let power = serde_json::to_value(act.power).ok().and_then(|word| Some(word.as_str()?.to_owned()));
        let detail = [
            ("decision", verdict.decision.as_str().to_owned()),
            ("power", power.unwrap_or_default()),
            ("use", verdict.counted.to_string()),
            // Both persons, as nobody else can read them.
            ("mandator", person(looked.map(|looked| &looked.above.as_ref().unwrap_or(&looked.mandate).mandator))),
            ("mandatary", person(looked.map(|looked| &looked.mandate.mandatary))),
            ("key", credential.and_then(|one| one.holder.as_ref()).map_or_else(String::new, PublicKey::thumbprint)),
        ];
        let mut change = Change::new("check_mandate");
        for one in uses {
            change.push(Write::Mandate(MandateWrite::Use(one)));
        }
        let subject = index.unwrap_or_else(|| "mandate".to_owned());
        change.push(self.audit(by.id.as_str(), "mandate.checked", &subject, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(Ok(())),
            Err(StoreError::Conflict { table: "mandate_use" }) => Ok(Err(Reason::MandateScopeExceeded)),
            Err(StoreError::Conflict { table: "mandate_end" }) => Ok(Err(Reason::MandateRevoked)),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// Who presents and how that is proved: a wallet's key by a proof made for the caller, a party's by its registration.
    async fn presenter_of(
        &self,
        by: &Party,
        asked: &NewCheck,
        credential: &Credential,
        mandate: Option<&Mandate>,
    ) -> Result<(Option<Person>, Option<&'static str>), NotChecked> {
        let (Some(key), Some(mandate)) = (credential.holder.as_ref(), mandate) else { return Ok((None, None)) };
        let by_proof = asked.proof.is_some();
        let party = match &asked.presented_by {
            Some(id) if *id != by.id => self.store.party(id).await.map_err(Fault::from)?,
            _ => Some(by.clone()),
        };
        let now = self.now();
        let thumbprint = key.thumbprint();
        let registered = |party: &Party| {
            let is_it = |key: &&claimgate_packet::jose::jwk::PublicJwk| {
                key.usage == KeyUse::Sig && key.valid_at(now) && key.thumbprint() == thumbprint
            };
            self.lets_in(party) && party.keys().iter().any(|key| is_it(&key))
        };
        // Another party is taken at a police source's word, which let it in; at nobody else's.
        let own_word = |party: &Party| party.id == by.id || by.role() == Role::Police || by_proof;
        match party.filter(|party| registered(party) && own_word(party)) {
            Some(party) => {
                let how = if by_proof { "key-binding" } else { "registered-key" };
                Ok((Some(person_of(&party, mandate, &thumbprint)), Some(how)))
            }
            None if asked.presented_by.is_some() || !by_proof => Ok((None, None)),
            None => Ok((asked.presenter.as_ref().map(Given::person), Some("key-binding"))),
        }
    }

    /// Whether it goes on: not ended, and valid by its status list.
    async fn standing_of(
        &self,
        credential: &Credential,
        mandate: Option<&Mandate>,
        trust: &Trust,
    ) -> Result<Status, NotChecked> {
        if let Some(mandate) = mandate
            && let Some(reason) = self.mandate_ended(&credential.issuer, mandate).await?
        {
            return Ok(Status::Refused(reason));
        }
        Ok(self.credentials_standing(&[Proved::of("mandate", credential)], trust).await)
    }

    /// Why a mandate ended before its time (民法第 549、550 條), where it did.
    ///
    /// # Errors
    /// A fault of ours.
    pub(in crate::flows) async fn mandate_ended(
        &self,
        issuer: &str,
        mandate: &Mandate,
    ) -> Result<Option<Reason>, Fault> {
        self.any_ended(&self.mandate_indices(issuer, mandate)).await
    }

    /// The digests under which a mandate's end would stand: itself, and both persons.
    pub(in crate::flows) fn mandate_indices(&self, issuer: &str, mandate: &Mandate) -> Vec<Mac> {
        let number = |person: &Person| {
            let id = person.id.as_ref()?;
            Some(self.person_index(&id.scheme, id.value.as_deref()?))
        };
        let mut whats = vec![self.mandate_index(issuer, &mandate.id)];
        whats.extend([&mandate.mandator, &mandate.mandatary].into_iter().filter_map(number));
        whats
    }

    /// Why one of these ended, where one did.
    pub(in crate::flows) async fn any_ended(&self, whats: &[Mac]) -> Result<Option<Reason>, Fault> {
        Ok(self.store.mandate_ends(whats).await?.map(|ending| match ending {
            Ending::Revoked => Reason::MandateRevoked,
            Ending::Died => Reason::MandateEndedByDeath,
        }))
    }

    async fn uses_of(&self, credential: &Credential, mandate: Option<&Mandate>) -> Result<u64, NotChecked> {
        let Some(mandate) = mandate else { return Ok(0) };
        let index = self.mandate_index(&credential.issuer, &mandate.id);
        Ok(self.store.mandate_uses(&index).await.map_err(Fault::from)?)
    }

    fn look_at_documents(&self, documents: &[Vec<u8>], now: Timestamp) -> Vec<DocumentStanding> {
        let authorities = self.wallet.document_authorities();
        let authorities = authorities.as_ref().map(|loaded| &loaded.authorities);
        let look = |file: &Vec<u8>| DocumentStanding {
            sha256: sha256_text(file),
            standing: check_pdf(file, authorities, now),
        };
        documents.iter().map(look).collect()
    }

    /// A mandate by a digest of its issuer and id: its id is unique there.
    pub(in crate::flows) fn mandate_index(&self, issuer: &str, id: &str) -> Mac {
        self.index.exact("mandate_use.mandate", &[issuer.as_bytes(), id.as_bytes()])
    }

    /// A person by a digest of their number.
    pub(in crate::flows) fn person_index(&self, scheme: &str, value: &str) -> Mac {
        self.index.exact("mandate_end.person", &[scheme.as_bytes(), value.as_bytes()])
    }
}

/// A party as a mandate may name it: by its registered key, and by the number of the scheme the mandate uses.
fn person_of(party: &Party, mandate: &Mandate, thumbprint: &str) -> Person {
    let scheme = mandate.mandatary.id.as_ref().map(|id| id.scheme.as_str());
    let system = match scheme {
        Some("tw_ubn") => Some(Namespace::Ubn.uri()),
        Some("insurer_code") => Some(INSURER_CODE),
        _ => None,
    };
    let mut numbers = party.registration().identifiers.iter();
    let number = system.and_then(|system| numbers.find(|known| known.system == system));
    Person {
        entity: "legal".to_owned(),
        name: None,
        id: number
            .zip(scheme)
            .map(|(known, scheme)| Identifier { scheme: scheme.to_owned(), value: Some(known.value.clone()) }),
        birthdate: None,
        key_thumbprint: Some(thumbprint.to_owned()),
        role: Some(party.role().as_str().to_owned()),
    }
}

/// The twelve checks for one kind of record. They and the decision must agree: what one of them refuses is refused.
fn judge(
    grounds: &Grounds<'_>,
    known: &Known<'_>,
    (act, kind): (&Act, Option<&str>),
    genuine: bool,
    now: Timestamp,
) -> Vec<(Check, Finding)> {
    let case = CaseRef::from(act);
    let action = claimgate_adapters::wallet::mandate::scope::Action { record_kind: kind, ..act.action(&case) };
    let mut all = items(grounds, known, &action, now);
    let nobody = Person::default();
    if let Some(key) = known.presenter_key {
        let parties = Parties {
            presenter: known.presenter.unwrap_or(&nobody),
            presenter_key: key,
            principal: known.principal.unwrap_or(&nobody),
        };
        if let (Err(reason), None) = (decide(grounds, &parties, &action, now), refusal(&all)) {
            all = all.into_iter().map(|(check, _)| (check, Finding::Failed(reason))).collect();
        }
    }
    let document = |(check, finding)| match (check, finding) {
        (Check::Documents, Finding::Passed) if !genuine => (check, Finding::Failed(Reason::EvidenceMismatch)),
        other => other,
    };
    all.into_iter().map(document).collect()
}

/// A document whose signature is wrong, or another's than the mandate names, is none of its documents.
fn documents_count(documents: &[DocumentStanding], mandate: Option<&Mandate>) -> bool {
    documents.iter().all(|one| match &one.standing {
        PdfStanding::Invalid(_) => false,
        PdfStanding::Unsigned | PdfStanding::Unchecked(_) => true,
        PdfStanding::Signed(signer) => {
            let named = mandate.iter().flat_map(|mandate| &mandate.evidence).find(|named| named.sha256 == one.sha256);
            let wanted = named.and_then(|named| named.signer_cert_sha256.as_ref());
            wanted.is_none_or(|wanted| *wanted == signer.certificate)
        }
    })
}
