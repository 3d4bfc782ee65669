//! Consent (同意書): from a hospital's basis, or an accident's filing, to the permit that alone opens the way to a recipient. Pure.
//!
//! In: the pushing hospital and the recipients its coverages name. Out: a [`Permit`], or the reason for none.

use claimgate_packet::words::{Line, Purpose};

use crate::id::ConsentId;
use crate::party::{ConsentBasis, Party, PartyId};

mod limits;

pub use limits::Limits;

/// Proof that a consent covers handing evidence of one claim to these recipients for this purpose.
/// Only [`permit`], [`of_accident`] and [`by_record_consent`] make one.
#[derive(Clone, Debug)]
pub struct Permit {
    consent: ConsentId,
    basis: &'static str,
    reference: String,
    purpose: Purpose,
    recipients: Vec<(PartyId, Line)>,
    limits: Vec<((PartyId, Line), Limits)>,
}

/// A recipient the patient consents to, and what the consent takes away.
#[derive(Clone, Debug)]
pub struct Given {
    /// Who.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// What is taken away.
    pub limits: Limits,
}

/// What the patient says of a case.
#[derive(Clone, Debug)]
pub enum ByPatient {
    /// Nothing, or nothing any more.
    Nothing,
    /// What was signed is of another person than the documents.
    OtherPerson,
    /// Consent to these.
    Given(Vec<Given>),
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPermit {
    /// The hospital has no consent basis: the claim is accepted and held.
    #[error("the hospital has no registered consent basis")]
    NoBasis,
    /// The patient's consent is needed and names none of the recipients.
    #[error("no consent of the patient names a recipient")]
    NotGiven,
    /// It is another person's.
    #[error("the consent is another person's")]
    OtherPerson,
}

impl Permit {
    /// The consent it rests on.
    #[must_use]
    pub fn consent(&self) -> ConsentId {
        self.consent
    }

    /// On what it rests: `hospital-attested`, `patient`, `accident` (the grounds of a filing) or `record-consent`.
    #[must_use]
    pub fn basis(&self) -> &'static str {
        self.basis
    }

    /// Which agreement or form the hospital attested.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// For what.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// For whom.
    #[must_use]
    pub fn recipients(&self) -> &[(PartyId, Line)] {
        &self.recipients
    }

    /// Whether it covers this recipient.
    #[must_use]
    pub fn covers(&self, party: &PartyId, line: Line) -> bool {
        self.recipients.iter().any(|(known, of)| known == party && *of == line)
    }

    /// The same permit with less for a recipient. Limits add up; none can be taken off again.
    #[must_use]
    pub fn limited(mut self, party: &PartyId, line: Line, limits: &Limits) -> Self {
        match self.limits.iter_mut().find(|((known, of), _)| known == party && *of == line) {
            Some((_, before)) => *before = std::mem::take(before).and(limits),
            None => self.limits.push(((party.clone(), line), limits.clone())),
        }
        self
    }

    /// What it takes away from a recipient, where it takes away anything.
    #[must_use]
    pub fn limits(&self, party: &PartyId, line: Line) -> Option<&Limits> {
        self.limits.iter().find(|((known, of), _)| known == party && *of == line).map(|(_, limits)| limits)
    }
}

/// A permit for the payors of the coverages a hospital pushed, on the hospital's own attestation
/// (`hospital-attested`; 保險法 §177-1 asks for the person's written consent, which the hospital holds).
///
/// # Errors
/// [`NoPermit::NoBasis`] where the hospital carries none; where its basis is the patient's consent, and that is not there.
pub fn permit(
    hospital: &Party,
    consent: ConsentId,
    recipients: &[(PartyId, Line)],
    patient: &ByPatient,
) -> Result<Permit, NoPermit> {
    match &hospital.registration().consent {
        Some(ConsentBasis::HospitalAttested { reference }) => Ok(Permit {
            consent,
            basis: "hospital-attested",
            reference: reference.clone(),
            purpose: Purpose::ClaimAssessment,
            recipients: recipients.to_vec(),
            limits: Vec::new(),
        }),
        Some(ConsentBasis::Patient { reference }) => match patient {
            ByPatient::Nothing => Err(NoPermit::NotGiven),
            ByPatient::OtherPerson => Err(NoPermit::OtherPerson),
            ByPatient::Given(given) => by_patient((consent, reference), recipients, given),
        },
        None => Err(NoPermit::NoBasis),
    }
}

/// A permit for the recipients a filing of an accident names, each on its own ground: a party's consent or mandate, or the
/// insurer's statutory inquiry (強制汽車責任保險法 §4). Who has none is limited to what a check found.
#[must_use]
pub fn of_accident(
    consent: ConsentId,
    reference: &str,
    recipients: impl IntoIterator<Item = (PartyId, Line, Limits)>,
) -> Permit {
    let (recipients, limits) = recipients
        .into_iter()
        .map(|(party, line, limits)| ((party.clone(), line), ((party, line), limits)))
        .unzip::<_, _, Vec<_>, Vec<_>>();
    Permit {
        consent,
        basis: "accident",
        reference: reference.to_owned(),
        purpose: Purpose::ClaimAssessment,
        recipients,
        limits: limits.into_iter().filter(|(_, limits)| *limits != Limits::default()).collect(),
    }
}

/// A permit for the one insurer that asked for records (病歷調閱), on the person's own consent to that request; `reference` is
/// the record request. Whether the consent counts is looked at by who asks, and again before the first byte leaves.
#[must_use]
pub fn by_record_consent(consent: ConsentId, reference: &str, to: (PartyId, Line)) -> Permit {
    Permit {
        consent,
        basis: "record-consent",
        reference: reference.to_owned(),
        purpose: Purpose::RecordRequest,
        recipients: vec![to],
        limits: Vec::new(),
    }
}

fn by_patient(
    (consent, reference): (ConsentId, &str),
    recipients: &[(PartyId, Line)],
    given: &[Given],
) -> Result<Permit, NoPermit> {
    let named = |(party, line): &(PartyId, Line)| given.iter().find(|one| one.party == *party && one.line == *line);
    let both: Vec<_> = recipients.iter().filter_map(|one| Some((one.clone(), named(one)?))).collect();
    if both.is_empty() {
        return Err(NoPermit::NotGiven);
    }
    let limited = both.iter().filter(|(_, given)| given.limits != Limits::default());
    Ok(Permit {
        consent,
        basis: "patient",
        reference: reference.to_owned(),
        purpose: Purpose::ClaimAssessment,
        limits: limited.map(|(one, given)| (one.clone(), given.limits.clone())).collect(),
        recipients: both.into_iter().map(|(one, _)| one).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[test]
    fn a_permit_says_on_what_it_rests() {
        let consent = ConsentId::new(jiff::Timestamp::UNIX_EPOCH, &Random::system());
        let to: (PartyId, Line) = ("insurer-a".parse().unwrap(), Line::HealthReimbursement);
        let given = [Given { party: to.0.clone(), line: to.1, limits: Limits::default() }];
        let patient = by_patient((consent, "agreement"), std::slice::from_ref(&to), &given).unwrap();
        let filed = of_accident(consent, "filing", [(to.0.clone(), to.1, Limits::default())]);
        let asked = by_record_consent(consent, "rec", to);
        assert_eq!([patient.basis(), filed.basis(), asked.basis()], ["patient", "accident", "record-consent"]);
    }
}
