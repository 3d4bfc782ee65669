//! Repairs (維修案): one shop's job on a claim of an accident, from the owner's invitation to the handover. Values only.
//!
//! In: what owner, shop and insurer say. Out: where the job stands, what was approved, how the invoice compares. The steps
//! stand in `step`, what is kept of them in `row`. It must not know who calls, HTTP, the store.

use claimgate_adapters::shop::{
    Comparison, Estimate, Figures, Invoice, RepairDecision, Rulings, compare, figures as figures_of,
};
use claimgate_packet::amount::Twd;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

mod row;
mod step;

pub use row::{RepairRow, RepairWrite};
pub use step::{Asked, Inspected, NotRepair, Outcome, Step};

/// The most shops that are asked about a claim at once.
pub const MOST_SHOPS: usize = 10;
/// The most jobs of a claim, over ones too.
pub const MOST_JOBS: usize = 50;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $word:literal, $chinese:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$one])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in interfaces and the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The Chinese term.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese),+ }
            }
        }
    };
}

words! {
    /// Where a job stands.
    RepairState {
        /// The shop has not answered.
        Invited = "invited", "已邀請";
        /// The shop takes it.
        Accepted = "accepted", "已接案";
        /// Its quote is in, and it is asked for no more.
        Quoted = "quoted", "已報價";
        /// Lines wait for the insurer's decision.
        Estimated = "estimated", "待核定";
        /// Every line is decided.
        Approved = "approved", "已核定";
        /// It is not repaired.
        TotalLoss = "total-loss", "全損";
        /// The invoice is in.
        Invoiced = "invoiced", "已開立發票";
        /// The insurer gave the invoice back with its reason.
        InvoiceDisputed = "invoice-disputed", "發票有異議";
        /// The invoice is accepted and the owner has the vehicle.
        Done = "done", "已交車結案";
        /// The shop does not take it.
        Declined = "declined", "婉拒";
        /// Another shop's quote was chosen.
        NotChosen = "not-chosen", "未獲選";
        /// The owner took the mandate back.
        Withdrawn = "withdrawn", "委託已撤回";
    }
}

words! {
    /// What a shop is asked for.
    RepairPurpose {
        /// A quote alone (報價).
        Quote = "quote", "報價";
        /// The repair (維修).
        Repair = "repair", "維修";
    }
}

words! {
    /// How a vehicle is inspected (勘車).
    InspectionKind {
        /// At a place and a time.
        Appointment = "appointment", "現場勘車";
        /// By photos or video.
        Remote = "remote", "遠距勘車";
        /// Not at all.
        Waiver = "waiver", "免勘車";
    }
}

words! {
    /// Where an inspection stands.
    InspectionState {
        /// The insurer has not answered.
        Asked = "asked", "待答覆";
        /// It is to be so.
        Agreed = "agreed", "已約定";
        /// It has been.
        Done = "done", "已勘車";
        /// It need not be.
        Waived = "waived", "免勘";
    }
}

words! {
    /// What an insurer says of an invoice.
    InvoiceResult {
        /// It counts.
        Accepted = "accepted", "接受";
        /// It does not; the shop sends another.
        Disputed = "disputed", "有異議";
    }
}

impl std::str::FromStr for RepairState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word).ok_or(())
    }
}

impl RepairState {
    /// Whether the shop is out.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Declined | Self::NotChosen | Self::Withdrawn)
    }
}

/// An inspection, as it was asked for and answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// How.
    pub kind: InspectionKind,
    /// When, of an appointment.
    pub at: Option<Timestamp>,
    /// Where, of an appointment.
    pub place: Option<String>,
    /// What the shop or the insurer said of it.
    pub note: Option<String>,
    /// Where it stands.
    pub state: InspectionState,
}

/// A version of the estimate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// From 1; each later one is a supplement.
    pub version: u32,
    /// When it came.
    pub at: Timestamp,
    /// It.
    pub estimate: Estimate,
}

/// A decision that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// It.
    pub decision: RepairDecision,
}

/// An invoice, and what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoiced {
    /// When it came.
    pub at: Timestamp,
    /// It.
    pub invoice: Invoice,
    /// What the insurer said of it.
    pub result: Option<InvoiceResult>,
    /// Why.
    pub reason: Option<String>,
}

/// The vehicle goes back to its owner (交車).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The day, as the shop says.
    pub on: Date,
    /// What the odometer shows.
    pub odometer_km: Option<u32>,
    /// Whether the owner has it and finds it well; none: not answered.
    pub confirmed: Option<bool>,
    /// What the owner says.
    pub reason: Option<String>,
}

/// A step that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub step: String,
    /// Where it led to.
    pub state: RepairState,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// What the shop is asked for.
    pub purpose: RepairPurpose,
    /// The app's number of the owner's mandate, or the id of one that is recorded here.
    pub mandate: String,
    /// The plates the filing calls the owner's own, as written there.
    pub plates: Vec<String>,
    /// The day of the accident.
    pub accident_on: Option<Date>,
    /// What the owner says to the shop.
    pub note: Option<String>,
    /// When the shop took it.
    pub accepted_at: Option<Timestamp>,
    /// The inspection.
    pub inspection: Option<Inspection>,
    /// The estimate and its supplements, oldest first.
    pub versions: Vec<Version>,
    /// What counts of the decisions, by line.
    pub rulings: Rulings,
    /// Every decision, oldest first.
    pub decisions: Vec<Decided>,
    /// The invoice that counts.
    pub invoice: Option<Invoiced>,
    /// Invoices that were disputed and replaced.
    pub former_invoices: Vec<Invoiced>,
    /// The handover.
    pub handover: Option<Handover>,
    /// How it ended for the shop, and why.
    pub end: Option<(RepairState, Option<String>)>,
    /// Every step, oldest first.
    pub history: Vec<Noted>,
}

claimgate_packet::opaque_debug!(Inspection, Version, Decided, Invoiced, Handover, Noted, Repair);

impl Repair {
    /// Where it stands: it follows from what was said.
    #[must_use]
    pub fn state(&self) -> RepairState {
        if let Some((end, _)) = &self.end {
            return *end;
        }
        let Some(newest) = self.versions.last() else {
            return if self.accepted_at.is_some() { RepairState::Accepted } else { RepairState::Invited };
        };
        if self.purpose == RepairPurpose::Quote {
            return RepairState::Quoted;
        }
        match &self.invoice {
            Some(Invoiced { result: Some(InvoiceResult::Disputed), .. }) => RepairState::InvoiceDisputed,
            Some(Invoiced { result: Some(InvoiceResult::Accepted), .. }) if self.is_handed_over() => RepairState::Done,
            Some(_) => RepairState::Invoiced,
            None if self.is_total_loss() => RepairState::TotalLoss,
            None if newest.estimate.lines.iter().any(|line| !self.rulings.contains_key(&line.line)) => {
                RepairState::Estimated
            }
            None => RepairState::Approved,
        }
    }

    /// Whether the insurer said last that it is not repaired.
    #[must_use]
    pub fn is_total_loss(&self) -> bool {
        self.decisions.last().is_some_and(|last| last.decision.total_loss.is_some())
    }

    /// Whether the insurer has seen the vehicle, or need not.
    #[must_use]
    pub fn is_inspected(&self) -> bool {
        let settled = |one: &Inspection| matches!(one.state, InspectionState::Done | InspectionState::Waived);
        self.inspection.as_ref().is_some_and(settled)
    }

    fn is_handed_over(&self) -> bool {
        self.handover.as_ref().is_some_and(|one| one.confirmed == Some(true))
    }

    /// What the insured bears, as decided last.
    #[must_use]
    pub fn deductible(&self) -> Twd {
        self.decisions.last().map_or(Twd::ZERO, |last| last.decision.deductible)
    }

    /// What the newest version and its decisions come to.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        figures_of(&self.versions.last()?.estimate, &self.rulings, self.deductible())
    }

    /// The invoice beside what was approved.
    #[must_use]
    pub fn comparison(&self) -> Option<Comparison> {
        let invoiced = self.invoice.as_ref()?;
        Some(compare(&invoiced.invoice, &self.versions.last()?.estimate, &self.rulings, self.deductible()))
    }

    /// What people should know of it.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let newest = self.versions.last();
        let compared = self.comparison();
        let flags = [
            (self.plates.is_empty() && newest.is_some(), "plate-not-compared"),
            (newest.is_some_and(|newest| newest.estimate.beyond_repair), "beyond-repair"),
            (compared.as_ref().is_some_and(|compared| compared.differs), "invoice-differs"),
            (self.handover.as_ref().is_some_and(|one| one.confirmed == Some(false)), "handover-refused"),
        ];
        flags.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).collect()
    }
}

#[cfg(test)]
mod tests;
