//! The ordered checks of a mandate (M1 to M11): may this presenter do this, for this person, now?
//!
//! In: the mandate's credential, its status, who presents it and what for. Out: allowed, with notes, or one reason.
//! Recording the decision and counting uses (M12) is the caller's.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::opaque_debug;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::Mandate;
use super::scope::Action;
use super::terms::{Level, Person, Substitution};
use crate::wallet::credential::Credential;
use crate::wallet::key::PublicKey;
use crate::wallet::reason::Reason;
use crate::wallet::status::Outcome;

pub mod items;

/// Hours east of UTC in Taiwan, where the day of signing is written.
const TAIPEI: i8 = 8;

/// The mandate that is used, and what is known of it.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// Its credential, verified for the types of mandates.
    pub credential: &'a Credential,
    /// Whether its issuer counts for mandates: by the registry, or because the issuer is the mandator, whose key a valid
    /// credential of the mandator proved.
    pub issuer_trusted: bool,
    /// What its status list says.
    pub status: Outcome,
    /// The mandate it was passed on from, with what is known of that one.
    pub parent: Option<&'a Grounds<'a>>,
    /// The signed documents at hand: each must be one the mandate names.
    pub documents: &'a [&'a [u8]],
    /// How often it was used before, as the store counted.
    pub uses: u64,
}

opaque_debug!(Grounds<'_>);

/// Who presents and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The presenter as its own credential or registration proves it.
    pub presenter: &'a Person,
    /// The key the presenter proved: a wallet's, or a party's registered one.
    pub presenter_key: &'a PublicKey,
    /// The person of the case: policyholder, insured or vehicle owner.
    pub principal: &'a Person,
}

/// An action that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The mandate that was used.
    pub used: Used,
    /// The one it was passed on from, which is used with it.
    pub above: Option<Used>,
    /// The level it was given at; of a mandate and the one above it the lower.
    pub level: Level,
    /// What is worth recording and changes nothing.
    pub notes: Vec<Reason>,
}

/// A mandate as it is used once more: the caller counts, in the transaction of the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its id, for the record.
    pub id: String,
    /// How often it may be used.
    pub most: Option<u64>,
}

/// Decides.
///
/// # Errors
/// The first [`Reason`], in the order of the checks; those of [`Effect::Hold`](crate::wallet::reason::Effect) hold.
pub fn decide(
    grounds: &Grounds<'_>,
    parties: &Parties<'_>,
    action: &Action<'_>,
    now: Timestamp,
) -> Result<Allowed, Reason> {
    let mandate = in_force(grounds, now)?;
    check_presenter(&mandate, grounds.credential, parties.presenter, parties.presenter_key)?;
    let parent = grounds.parent.map(|parent| in_force(parent, now)).transpose()?;
    // Passed on, it is the first mandator whose case it is.
    let principal = parent.as_ref().map_or(&mandate.mandator, |parent| &parent.mandator);
    if !is_one(principal, parties.principal) {
        return Err(Reason::MandatorMismatch);
    }
    mandate.allows(action)?;
    check_uses(&mandate, grounds)?;
    if let (Some(parent), Some(above)) = (&parent, grounds.parent) {
        check_passed_on(parent, above, &mandate)?;
        check_uses(parent, above)?;
    }
    check_documents(&mandate, grounds.documents)?;
    let level = level_of(&mandate, parent.as_ref());
    check_assurance(level, action)?;
    let oneself = is_one(&mandate.mandator, &mandate.mandatary);
    Ok(Allowed {
        used: Used::of(mandate),
        above: parent.map(Used::of),
        level,
        notes: if oneself { vec![Reason::MandateToOneself] } else { Vec::new() },
    })
}

impl Used {
    fn of(mandate: Mandate) -> Self {
        Self { id: mandate.id, most: mandate.limits.max_uses }
    }
}

/// Check M8, as far as uses go: what was passed on several times has one limit above all.
fn check_uses(mandate: &Mandate, grounds: &Grounds<'_>) -> Result<(), Reason> {
    let left = mandate.limits.max_uses.is_none_or(|most| grounds.uses < most);
    if left { Ok(()) } else { Err(Reason::MandateScopeExceeded) }
}

/// Checks M1 to M4.
fn in_force(grounds: &Grounds<'_>, now: Timestamp) -> Result<Mandate, Reason> {
    check_issuer(grounds)?;
    let mandate = Mandate::read(grounds.credential)?;
    check_term(&mandate, grounds.credential, now)?;
    check_status(grounds)?;
    Ok(mandate)
}

/// Check M1.
fn check_issuer(grounds: &Grounds<'_>) -> Result<(), Reason> {
    if grounds.issuer_trusted { Ok(()) } else { Err(Reason::MandateIssuerUntrusted) }
}

/// Check M3.
fn check_term(mandate: &Mandate, credential: &Credential, now: Timestamp) -> Result<(), Reason> {
    let day = TimeZone::fixed(Offset::constant(TAIPEI)).to_datetime(mandate.valid_from).date();
    let skew = SignedDuration::from_secs(30);
    let begun = mandate.valid_from.saturating_sub(skew).is_ok_and(|from| from <= now);
    let ends = credential.valid_until.is_some_and(|until| until <= mandate.valid_until);
    let in_order = mandate.executed_on <= day && mandate.valid_from < mandate.valid_until;
    let fits = in_order && begun && now < mandate.valid_until && ends;
    if fits { Ok(()) } else { Err(Reason::MandateNotValid) }
}

/// Check M4.
fn check_status(grounds: &Grounds<'_>) -> Result<(), Reason> {
    match grounds.status {
        Outcome::Valid => Ok(()),
        Outcome::Refused(Reason::CredentialRevoked | Reason::CredentialSuspended) => Err(Reason::MandateRevoked),
        Outcome::Refused(reason) | Outcome::Unknown(reason) => Err(reason),
    }
}

/// Of a mandate and the one above it the lower.
fn level_of(mandate: &Mandate, above: Option<&Mandate>) -> Level {
    let own = mandate.assurance.level;
    above.map_or(own, |above| own.min(above.assurance.level))
}

/// Check M11.
fn check_assurance(level: Level, action: &Action<'_>) -> Result<(), Reason> {
    let enough = !action.power.is_special() || level >= Level::IssuerVerifiedDigitalSignature;
    if enough { Ok(()) } else { Err(Reason::AssuranceInsufficient) }
}

/// Check M5: the key the credential is bound to, and the person.
fn check_presenter(
    mandate: &Mandate,
    credential: &Credential,
    presenter: &Person,
    key: &PublicKey,
) -> Result<(), Reason> {
    let bound = credential.holder.as_ref() == Some(key);
    let thumbprint = key.thumbprint();
    let named = mandate.mandatary.key_thumbprint.as_ref().is_none_or(|named| *named == thumbprint);
    let by_key = mandate.mandatary.key_thumbprint.is_some() && mandate.mandatary.id.is_none();
    let person = by_key || is_one(&mandate.mandatary, presenter);
    if bound && named && person { Ok(()) } else { Err(Reason::MandataryMismatch) }
}

/// Check M9: leave was given, once, to whom held it, and nothing grew.
fn check_passed_on(parent: &Mandate, above: &Grounds<'_>, mandate: &Mandate) -> Result<(), Reason> {
    // What a limited leave allows is a text for people: a machine does not pass it.
    let leave = parent.substitution == Substitution::Allowed && above.parent.is_none();
    let by_holder = is_one(&parent.mandatary, &mandate.mandator);
    if leave && by_holder && parent.contains(mandate) { Ok(()) } else { Err(Reason::SubstitutionNotAllowed) }
}

/// Check M10, as far as bytes go: their signatures are another's to verify.
fn check_documents(mandate: &Mandate, documents: &[&[u8]]) -> Result<(), Reason> {
    let named = |document: &&[u8]| {
        let hash = sha256_text(document);
        mandate.evidence.iter().any(|one| one.sha256 == hash)
    };
    if documents.iter().all(named) { Ok(()) } else { Err(Reason::EvidenceMismatch) }
}

/// Two descriptions of one person: the same identifier, or the same key. A name alone proves nobody.
fn is_one(left: &Person, right: &Person) -> bool {
    let id = |person: &Person| {
        let id = person.id.as_ref()?;
        Some((id.scheme.clone(), id.value.clone()?))
    };
    match (id(left), id(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left.key_thumbprint.is_some() && left.key_thumbprint == right.key_thumbprint,
    }
}
