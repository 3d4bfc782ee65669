//! A record request that rests on the person's mandate (委託) to the insurer: allowed kind by kind, counted where the mandate may run
//! out, and over with it.
//!
//! In: a request that is within what its consent says. Out: the same with the kinds the mandate allows, those it does not, and
//! what has to be written with it.

use claimgate_adapters::insurer::records::{KindRefused, RecordsBody};
use claimgate_adapters::insurer::request::DocumentKind;
use claimgate_adapters::wallet::mandate::decision::items::Finding;
use claimgate_adapters::wallet::mandate::terms::Power;
use claimgate_packet::evidence::Patient;

use super::super::{Engine, NotDone};
use crate::core::ledger::day;
use crate::core::records::{Unfit, unfit};
use crate::core::wallet::{Act, MandateUse};
use crate::flows::mandate::{Decision, Given, NewCheck, NotChecked, Verdict, Which};
use crate::keys::index::Mac;
use crate::party::Party;

/// What issuers of mandates are trusted for here.
const PURPOSE: &str = "health-claim";
const BEYOND: &str = "records.beyond-consent";

/// What a request rests on beside its consent.
#[derive(Default)]
pub(super) struct Resting {
    /// The mandate, as it is shown to hospitals.
    pub text: Option<String>,
    /// Itself and its mandator, by the digests under which their end would stand.
    pub macs: Option<(Mac, Mac)>,
    /// One use of one that may run out.
    pub uses: Option<MandateUse>,
    /// The kinds it does not allow.
    pub refused: Vec<KindRefused>,
}

claimgate_packet::opaque_debug!(Resting);

impl Engine {
    /// Leaves of a request what the mandate it names allows.
    pub(super) async fn under_mandate(
        &self,
        insurer: &Party,
        body: &mut RecordsBody,
        wrong: &mut Vec<Unfit>,
    ) -> Result<Resting, NotDone> {
        let Some((consent, named)) = body.consent.as_ref().and_then(|one| Some((one, one.mandate.as_ref()?))) else {
            return Ok(Resting::default());
        };
        let mut refuse = |text| {
            wrong.push(unfit(BEYOND, "/consent/mandate", text));
            Ok(Resting::default())
        };
        let Ok(id) = named.mandate_id.parse() else { return refuse("There is no such mandate of yours") };
        let Some(principal) = number_of(&body.person) else {
            return refuse("Under a mandate the person is known by a national ID or resident number");
        };
        let mut kinds: Vec<DocumentKind> = Vec::new();
        for wanted in body.hospitals.iter().flat_map(|asked| &asked.documents) {
            if !kinds.contains(&wanted.kind) {
                kinds.push(wanted.kind);
            }
        }
        let asked = NewCheck {
            which: Some(Which::Recorded(id)),
            parent: None,
            proof: None,
            mandator: None,
            purpose: PURPOSE.to_owned(),
            act: Some(Act {
                power: Power::ObtainRecords,
                case_system: named.case_system.clone(),
                case_number: body.case_number.clone(),
                insurer: Some(insurer.id.to_string()),
                policy_number: named.policy_number.clone(),
                plate: None,
                accident_on: named.accident_on,
                record_kind: None,
                amount: None,
            }),
            kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            principal: Some(principal),
            presenter: None,
            presented_by: None,
            documents: Vec::new(),
            counts: false,
        };
        let verdict = match self.check_mandate(insurer, &asked).await {
            Ok(verdict) => verdict,
            Err(NotChecked::Unknown | NotChecked::Nothing) => return refuse("There is no such mandate of yours"),
            Err(NotChecked::Fault(fault)) => return Err(fault.into()),
        };
        let Verdict { decision: Decision::Granted | Decision::Partly, looked: Some(looked), records, .. } = verdict
        else {
            return refuse(match verdict.decision {
                Decision::Held => "Nobody can say now whether the mandate counts: ask again later",
                _ => "The mandate allows none of it; POST /mandates/v1/check says why",
            });
        };
        if consent.valid_until > day(looked.mandate.valid_until) {
            return refuse("The consent is said to count longer than the mandate it rests on");
        }
        let whats = self.mandate_indices(&looked.issuer, &looked.mandate);
        let kept = self.store.mandate(id).await?.ok_or(NotDone::NotFound)?;
        let uses = looked.mandate.limits.max_uses.zip(whats.first().copied());
        let resting = Resting {
            text: Some(self.recorded_document(&kept)?.credential),
            macs: whats.first().copied().zip(whats.get(1).copied()),
            uses: uses.map(|(most, mandate)| MandateUse { mandate, most, until: looked.mandate.valid_until }),
            refused: kinds
                .iter()
                .copied()
                .zip(&records)
                .filter_map(|(kind, (_, finding))| refused(kind, *finding))
                .collect(),
        };
        let allowed = |kind: DocumentKind| !resting.refused.iter().any(|one| one.kind == kind);
        for (place, asked) in body.hospitals.iter_mut().enumerate() {
            asked.documents.retain(|wanted| allowed(wanted.kind));
            if asked.documents.is_empty() {
                let text = "The mandate allows no kind of record this hospital is asked for";
                wrong.push(unfit(BEYOND, format!("/hospitals/{place}/documents"), text));
            }
        }
        Ok(resting)
    }
}

fn refused(kind: DocumentKind, finding: Finding) -> Option<KindRefused> {
    match finding {
        Finding::Passed => None,
        Finding::Failed(reason) | Finding::Unknown(reason) => {
            Some(KindRefused { kind, reason: reason.code().to_owned() })
        }
        Finding::NotReached => Some(KindRefused { kind, reason: String::new() }),
    }
}

/// The person's number in the words of mandates.
fn number_of(person: &Patient) -> Option<Given> {
    person.identifiers.iter().find_map(|one| {
        let scheme = match one.kind.as_deref()? {
            "national-id" => "tw_national_id",
            "resident-certificate" => "tw_arc",
            _ => return None,
        };
        Some(Given { scheme: scheme.to_owned(), value: one.value.trim().to_owned() })
    })
}
