//! How the person of a claim is identified (身分確認): by wallet sessions and MyData transactions, which write it themselves, and by
//! what an app reports of its own login, with what was signed there; and which recipients wait for a surer identity.
//!
//! In: an app's report with a signature over a challenge of ours. Out: an identification of the claim, which wakes what waits.
//! A number goes into keyed digests and is kept nowhere.

use claimgate_adapters::signature::{
    AssertionAsked, Claimed, NotPerson, PersonSigner, Revocation, check_assertion, check_person,
};
use claimgate_fhir::taiwan::{NationalId, ResidentNumber};
use claimgate_packet::jose::base64url;
use claimgate_packet::words::Line;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Engine, Fault};
use crate::core::change::{Change, SearchName, Write};
use crate::core::identity::{Capacity, Identification, Identified, IdentityWrite, Source};
use crate::core::wallet::{Assurance, Outcome, Session};
use crate::id::{ClaimId, IdentificationId};
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::StoreError;

mod policy;

pub use policy::{IdentityError, IdentityProvider, Setup};

/// How long a challenge can be signed.
const CHALLENGE: SignedDuration = SignedDuration::from_mins(10);
/// What a challenge begins with: whoever signs can see what for.
const PREFIX: &str = "claimgate-identity-1";

/// A challenge.
#[derive(Clone, Debug)]
pub struct Challenged {
    /// What is signed, byte for byte; the `nonce` of an identity provider's assertion.
    pub challenge: String,
    /// Until when.
    pub until: Timestamp,
}

/// What an app reports.
pub struct NewIdentification {
    /// The claim.
    pub claim: ClaimId,
    /// The means.
    pub method: Assurance,
    /// The scheme of the number: `tw_national_id`, `tw_arc`, `passport`.
    pub scheme: String,
    /// The person's number.
    pub number: String,
    /// The person's name, as a card writes it.
    pub name: Option<String>,
    /// For whom the person stands.
    pub capacity: Capacity,
    /// By what a representative is one.
    pub ground: Option<String>,
    /// The challenge that was signed.
    pub challenge: Option<String>,
    /// A detached PKCS#7 signature over the challenge (自然人憑證).
    pub signature: Option<Vec<u8>>,
    /// An identity provider's assertion (`TW FidO`).
    pub assertion: Option<String>,
}

claimgate_packet::opaque_debug!(NewIdentification);

/// Why nobody was identified.
#[derive(Debug, thiserror::Error)]
pub enum NotIdentified {
    /// The app is not linked to the claim.
    #[error("there is no such claim")]
    Claim,
    /// No authority or provider is registered for this means.
    #[error("nothing signed in this way can be checked here")]
    Off,
    /// Not on an app's word.
    #[error("this means of identification counts with something signed alone, or not by an app's word")]
    Method,
    /// What has to go with the means is not there.
    #[error("{0}")]
    Form(&'static str),
    /// Unknown, over, another's or used.
    #[error("the challenge is not one of this claim, is over, or was used")]
    Challenge,
    /// The signature or assertion.
    #[error("{0}")]
    Proof(String),
    /// It is not the claim's person.
    #[error("the person is another than the claim's")]
    OtherPerson,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What is kept, sealed, of an app's report.
#[derive(Serialize)]
struct Body<'a> {
    scheme: &'a str,
    ground: Option<&'a str>,
    signer: Option<PersonSigner>,
    assertion_key: Option<String>,
}

/// A recipient's need that is not met.
pub(super) struct Weak {
    /// What it needs.
    pub(super) least: Assurance,
    /// Whether it was held before.
    pub(super) known: bool,
}

/// A claim's identity, as sending looks at it.
#[derive(Default)]
pub(super) struct Standing {
    identified: Identified,
    level: Option<Assurance>,
}

impl Standing {
    /// What stands against sending to a recipient.
    pub(super) fn weak(&self, engine: &Engine, party: &PartyId, line: Line) -> Option<Weak> {
        let least = engine.identity.needed(party, line)?;
        let reached = self.level.is_some_and(|level| level.reaches(least));
        (!reached).then(|| Weak { least, known: self.identified.waits(party, line).is_some() })
    }

    /// Who waited and is not among these any more.
    pub(super) fn released<'a>(&'a self, weak: &[(PartyId, Line)]) -> impl Iterator<Item = (&'a PartyId, Line)> {
        let held = self.identified.held.iter().map(|hold| (&hold.party, hold.line));
        let gone: Vec<_> =
            held.filter(|(party, line)| !weak.iter().any(|(of, on)| of == *party && on == line)).collect();
        gone.into_iter()
    }
}

impl Engine {
    /// How sure the person of a claim is, where any recipient needs that.
    pub(super) async fn identity_standing(&self, claim: ClaimId) -> Result<Standing, Fault> {
        if !self.identity.is_on() {
            return Ok(Standing::default());
        }
        let identified = self.store.identified(claim).await?;
        let level = identified.level(self.identity.represented);
        Ok(Standing { identified, level })
    }

    /// A challenge for a claim's person to sign.
    ///
    /// # Errors
    /// [`NotIdentified::Claim`], or a fault of ours.
    pub async fn identity_challenge(&self, app: &PartyId, claim: ClaimId) -> Result<Challenged, NotIdentified> {
        self.store.claim_of_app(app, claim).await.map_err(Fault::from)?.ok_or(NotIdentified::Claim)?;
        let now = self.now();
        let until = now.saturating_add(CHALLENGE).unwrap_or(Timestamp::MAX);
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        let id = IdentificationId::new(now, &self.random).uuid().to_string();
        let mark = self.challenge_mark(app, claim, (&id, until));
        Ok(Challenged { challenge: format!("{PREFIX}.{id}.{}.{mark}", until.as_second()), until })
    }

    fn challenge_mark(&self, app: &PartyId, claim: ClaimId, (id, until): (&str, Timestamp)) -> String {
        let until = until.as_second().to_string();
        let parts = [app.as_str(), &claim.to_string(), id, &until];
        base64url::encode(&self.index.exact("identity.challenge", &parts.map(str::as_bytes)))
    }

    /// Whether a challenge is one of this app and claim, and can be signed still.
    fn knows_challenge(&self, app: &PartyId, claim: ClaimId, challenge: &str) -> bool {
        let known = || {
            let mut parts = challenge.strip_prefix(PREFIX)?.strip_prefix('.')?.splitn(3, '.');
            let (id, until, mark) = (parts.next()?, parts.next()?, parts.next()?);
            let until = Timestamp::from_second(until.parse().ok()?).ok()?;
            Some(self.now() < until && self.challenge_mark(app, claim, (id, until)) == mark)
        };
        known().unwrap_or(false)
    }

    /// Takes an app's report.
    ///
    /// # Errors
    /// [`NotIdentified`]; nothing was written then.
    pub async fn identify(&self, app: &PartyId, new: &NewIdentification) -> Result<Identification, NotIdentified> {
        let of = self.store.claim_of_app(app, new.claim).await.map_err(Fault::from)?;
        let (_, wrapped) = of.ok_or(NotIdentified::Claim)?;
        check_form(new)?;
        let (signer, assertion_key) = match new.method {
            Assurance::PersonCertificate => (Some(self.by_card(app, new)?), None),
            Assurance::TwFido => (None, Some(self.by_login(app, new)?)),
            method if self.identity.takes_word_for(method) && new.challenge.is_none() => (None, None),
            _ => return Err(NotIdentified::Method),
        };
        let proved = signer.is_some() || assertion_key.is_some();
        let person = self.identity_person(new.claim, &new.number);
        if new.capacity == Capacity::Oneself {
            let known = self.store.identified(new.claim).await.map_err(Fault::from)?;
            let other = known.is_proved() && known.person() != Some(person);
            if other || self.claims_person(app, new.claim, Some(&new.number)).await? == Some(false) {
                return Err(NotIdentified::OtherPerson);
            }
        }
        let id = IdentificationId::new(self.now(), &self.random);
        let body = Body { scheme: &new.scheme, ground: new.ground.as_deref(), signer, assertion_key };
        let body = serde_json::to_vec(&body).map_err(|_| Fault::Stored("identification.body"))?;
        let row = id.to_string();
        let place = Place { table: "identification", row: &row, column: "body" };
        let key = self.vault.open_claim_key(new.claim, &wrapped).map_err(Fault::from)?;
        let once = new.challenge.clone().unwrap_or_else(|| row.clone());
        let made = Identification {
            id,
            claim: new.claim,
            party: app.clone(),
            source: Source::App,
            assurance: new.method,
            proved,
            capacity: new.capacity,
            person,
            once: self.index.exact("identity.once", &[once.as_bytes()]),
            subject: None,
            body: Some(key.seal(place, &body).map_err(Fault::from)?),
            at: self.now(),
        };
        let mut change = Change::new("identify");
        let detail = [("assurance", new.method.as_str().to_owned()), ("proved", proved.to_string())];
        change.push(self.audit(app.as_str(), "identity.reported", &id, detail));
        change.push(Write::Identity(IdentityWrite::New(Box::new(made.clone()))));
        match self.store.commit(change).await {
            Ok(()) => Ok(made),
            Err(StoreError::Conflict { table: "identification" }) => Err(NotIdentified::Challenge),
            // Erased or restricted at this moment.
            Err(StoreError::Conflict { table: "claim" }) => Err(NotIdentified::Claim),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// 自然人憑證.
    fn by_card(&self, app: &PartyId, new: &NewIdentification) -> Result<PersonSigner, NotIdentified> {
        let (Some(challenge), Some(signature), Some(name)) = (&new.challenge, &new.signature, &new.name) else {
            return Err(NotIdentified::Form("This means needs challenge, signature and name"));
        };
        let authorities = self.wallet.document_authorities().ok_or(NotIdentified::Off)?;
        if !self.knows_challenge(app, new.claim, challenge) {
            return Err(NotIdentified::Challenge);
        }
        let person = Claimed { name, number: &new.number };
        let checked = check_person(signature, challenge.as_bytes(), person, Some(&authorities.authorities), self.now());
        let signer = checked.map_err(|reason| match reason {
            NotPerson::Invalid(text) => NotIdentified::Proof(text.to_owned()),
            NotPerson::Other => NotIdentified::OtherPerson,
        })?;
        if self.identity.revocation_required && signer.revocation != Revocation::Good {
            let text = "No revocation list in force covers the certificate; the operator lays out newer ones";
            return Err(NotIdentified::Proof(text.to_owned()));
        }
        Ok(signer)
    }

    /// `TW FidO`.
    fn by_login(&self, app: &PartyId, new: &NewIdentification) -> Result<String, NotIdentified> {
        let (Some(challenge), Some(assertion)) = (&new.challenge, &new.assertion) else {
            return Err(NotIdentified::Form("This means needs challenge and assertion"));
        };
        let provider = self.identity.tw_fido.as_ref().ok_or(NotIdentified::Off)?;
        if !self.knows_challenge(app, new.claim, challenge) {
            return Err(NotIdentified::Challenge);
        }
        let IdentityProvider { issuer, audience, keys, number } = provider;
        let asked = AssertionAsked { issuer, audience, nonce: challenge, number };
        let asserted = check_assertion(assertion, asked, keys, self.now());
        let asserted = asserted.map_err(|reason| NotIdentified::Proof(reason.to_string()))?;
        if plain(&asserted.number) != plain(&new.number) {
            return Err(NotIdentified::OtherPerson);
        }
        Ok(asserted.key)
    }

    /// What is known of a claim's person, for an app that is linked to it.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn identity_shown(
        &self,
        app: &PartyId,
        claim: ClaimId,
    ) -> Result<Option<(Identified, Option<Assurance>)>, Fault> {
        if self.store.claim_of_app(app, claim).await?.is_none() {
            return Ok(None);
        }
        let known = self.store.identified(claim).await?;
        let known = Identified { held: self.identity.still(known.held), ..known };
        let level = known.level(self.identity.represented);
        Ok(Some((known, level)))
    }

    /// Whether the person of a number is the claim's patient, by keyed digests; none where one of the two is not known.
    pub(super) async fn claims_person(
        &self,
        app: &PartyId,
        claim: ClaimId,
        number: Option<&str>,
    ) -> Result<Option<bool>, Fault> {
        let Some(number) = number else { return Ok(None) };
        let Some((hospital, _)) = self.store.claim_of_app(app, claim).await? else { return Ok(None) };
        let digest = self.search_mac(&hospital, SearchName::Patient, None, number);
        Ok(self.store.claim_is_of(claim, &digest).await?)
    }

    /// The identification a verified session of a claim's person is; nothing where it names no claim, proves no number, or was
    /// somebody else's under a mandate (委託).
    pub(super) fn identity_of_session(&self, session: &Session, outcome: &Outcome) -> Option<Write> {
        let claim = session.claim.filter(|_| outcome.mandate.is_none() && outcome.person != Some(false))?;
        let named = self.wallet.subject_of(&session.query)?;
        let number = outcome.evidence.iter().find_map(|one| one.fields.get(named)?.as_str())?;
        let assurance = outcome.assurance.as_ref()?.parse().ok()?;
        let person = self.identity_person(claim, number);
        Some(self.identified_by(claim, &session.party, (Source::Wallet, assurance), (person, &session.id)))
    }

    /// An identification that rests on something of ours, once.
    pub(super) fn identified_by(
        &self,
        claim: ClaimId,
        party: &PartyId,
        (source, assurance): (Source, Assurance),
        (person, subject): (Mac, &dyn std::fmt::Display),
    ) -> Write {
        let subject = subject.to_string();
        Write::Identity(IdentityWrite::New(Box::new(Identification {
            id: IdentificationId::new(self.now(), &self.random),
            claim,
            party: party.clone(),
            source,
            assurance,
            proved: true,
            capacity: Capacity::Oneself,
            person,
            once: self.index.exact("identity.once", &[subject.as_bytes()]),
            subject: Some(subject),
            body: None,
            at: self.now(),
        })))
    }

    /// The keyed digest of a person's number within one claim.
    pub(super) fn identity_person(&self, claim: ClaimId, number: &str) -> Mac {
        self.index.text("identity.person", &[&claim.to_string(), &plain(number)])
    }
}

fn plain(number: &str) -> String {
    number.trim().to_ascii_uppercase()
}

/// Whether a report has what its number and capacity need.
fn check_form(new: &NewIdentification) -> Result<(), NotIdentified> {
    let number = plain(&new.number);
    let fits = match new.scheme.as_str() {
        "tw_national_id" => number.parse::<NationalId>().is_ok(),
        "tw_arc" => number.parse::<ResidentNumber>().is_ok(),
        "passport" => (5..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => false,
    };
    if !fits {
        return Err(NotIdentified::Form(
            "person: scheme is tw_national_id, tw_arc or passport, and value a number of that scheme",
        ));
    }
    // No card and no provider knows a passport: who has nothing else is identified by an app's word.
    let signs = matches!(new.method, Assurance::PersonCertificate | Assurance::TwFido);
    if signs && new.scheme == "passport" {
        return Err(NotIdentified::Form("This means identifies nobody by a number of that scheme"));
    }
    if (new.capacity == Capacity::Representative) != new.ground.is_some() {
        return Err(NotIdentified::Form("ground says by what a statutory representative is one, and of nobody else"));
    }
    Ok(())
}
