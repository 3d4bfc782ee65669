//! A repair as its shop and its insurer read it, with every line; and as the owner's app does, in figures.

use claimgate_adapters::shop::{Comparison, Estimate, Figures, Invoice, LineDecision, TotalLoss};
use claimgate_packet::amount::Twd;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::core::repair::{
    Handover, Inspection, InspectionKind, InspectionState, InvoiceResult, Invoiced, RepairPurpose, RepairState,
};
use crate::flows::repair::Seen;
use crate::store::KeptRepair;

/// Jobs, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairPage"))]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobListed>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<String>,
}

/// A job in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ListedRepair"))]
pub struct JobListed {
    /// Id, `rpr_` and a UUID.
    pub repair_id: String,
    /// The shop.
    pub shop: String,
    /// Where it stands.
    pub state: RepairState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// Whether the shop is out of it: nothing more of it is told then.
    pub out: bool,
    /// The claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<String>,
    /// What the shop is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<RepairPurpose>,
    /// The newest version of the estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// When it was changed last (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub changed_at: Timestamp,
}

impl JobPage {
    pub(super) fn of(all: &[(KeptRepair, Option<Seen>)], page: i64) -> Self {
        let full = i64::try_from(all.len()).is_ok_and(|count| count >= page);
        let listed = |(kept, seen): &(KeptRepair, Option<Seen>)| JobListed {
            repair_id: kept.id.to_string(),
            shop: kept.shop.to_string(),
            state: kept.state,
            state_zh: kept.state.chinese(),
            out: seen.is_none(),
            claim_id: seen.as_ref().map(|seen| seen.claim.to_string()),
            purpose: seen.as_ref().map(|seen| seen.repair.purpose),
            version: seen.as_ref().and_then(|seen| seen.repair.versions.last().map(|newest| newest.version)),
            changed_at: kept.changed,
        };
        Self {
            jobs: all.iter().map(listed).collect(),
            next_after: all.last().filter(|_| full).map(|(kept, _)| kept.id.to_string()),
        }
    }
}

/// An inspection (勘車).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Inspection"))]
pub struct InspectionView {
    /// How.
    pub kind: InspectionKind,
    /// Where it stands.
    pub state: InspectionState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// When, of an appointment.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub at: Option<Timestamp>,
    /// Where, of an appointment.
    pub place: Option<String>,
    /// What was said of it.
    pub note: Option<String>,
}

impl InspectionView {
    fn of(one: &Inspection) -> Self {
        Self {
            kind: one.kind,
            state: one.state,
            state_zh: one.state.chinese(),
            at: one.at,
            place: one.place.clone(),
            note: one.note.clone(),
        }
    }
}

/// A version of the estimate.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EstimateVersion"))]
pub struct VersionView {
    /// From 1; each later one is a supplement.
    pub version: u32,
    /// When it came (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
    /// It, whole.
    pub estimate: Estimate,
}

/// What counts of the insurer's decisions for a line.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairRuling"))]
pub struct RulingView {
    /// The version it was made of.
    pub version: u32,
    /// What was said.
    pub decision: LineDecision,
}

/// An invoice.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InvoiceStanding"))]
pub struct InvoiceView {
    /// When it came (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
    /// It, whole.
    pub invoice: Invoice,
    /// What the insurer said of it; none: nothing yet.
    pub result: Option<InvoiceResult>,
    /// Why.
    pub reason: Option<String>,
}

impl InvoiceView {
    fn of(one: &Invoiced) -> Self {
        Self { at: one.at, invoice: one.invoice.clone(), result: one.result, reason: one.reason.clone() }
    }
}

/// The handover (交車).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Handover"))]
pub struct HandoverView {
    /// The day.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// What the odometer shows.
    pub odometer_km: Option<u32>,
    /// Whether the owner has the vehicle and finds it well; none: not answered.
    pub confirmed: Option<bool>,
    /// What the owner says.
    pub reason: Option<String>,
}

impl HandoverView {
    fn of(one: &Handover) -> Self {
        Self { on: one.on, odometer_km: one.odometer_km, confirmed: one.confirmed, reason: one.reason.clone() }
    }
}

/// A step that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairStep"))]
pub struct StepView {
    /// When (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
    /// Which, as a stable word.
    pub step: String,
    /// Where it led to.
    pub state: RepairState,
}

/// A job as its shop and its insurer read it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Repair"))]
pub struct JobView {
    /// Id, `rpr_` and a UUID.
    pub repair_id: String,
    /// The claim.
    pub claim_id: String,
    /// The shop.
    pub shop: String,
    /// What it is asked for.
    pub purpose: RepairPurpose,
    /// Where it stands.
    pub state: RepairState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// What people should know: `plate-not-compared`, `beyond-repair`, `invoice-differs`, `handover-refused`.
    pub flags: Vec<&'static str>,
    /// The plates the filing calls the owner's own.
    pub plates: Vec<String>,
    /// The day of the accident.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub accident_on: Option<Date>,
    /// What the owner says to the shop.
    pub note: Option<String>,
    /// The inspection.
    pub inspection: Option<InspectionView>,
    /// The estimate and its supplements, oldest first.
    pub estimates: Vec<VersionView>,
    /// What counts of the decisions, by line of the newest version.
    pub rulings: Vec<RulingView>,
    /// That it is not repaired, as the insurer said last.
    pub total_loss: Option<TotalLoss>,
    /// What the insurer said last besides.
    pub remarks: Option<String>,
    /// What the newest version and its decisions come to.
    pub figures: Option<Figures>,
    /// The invoice that counts.
    pub invoice: Option<InvoiceView>,
    /// That beside what was approved.
    pub comparison: Option<Comparison>,
    /// Invoices that were disputed and replaced, oldest first.
    pub former_invoices: Vec<InvoiceView>,
    /// The handover.
    pub handover: Option<HandoverView>,
    /// Every step, oldest first.
    pub history: Vec<StepView>,
    /// When it was changed last (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub changed_at: Timestamp,
}

claimgate_packet::opaque_debug!(VersionView, RulingView, InvoiceView, JobView, OwnerJob, OwnerJobs);

impl JobView {
    pub(super) fn of(seen: &Seen) -> Self {
        let repair = &seen.repair;
        let last = repair.decisions.last().map(|last| &last.decision);
        let version = |one: &crate::core::repair::Version| VersionView {
            version: one.version,
            at: one.at,
            estimate: one.estimate.clone(),
        };
        let ruling = |one: &claimgate_adapters::shop::Ruling| RulingView {
            version: one.version,
            decision: one.decision.clone(),
        };
        let step = |one: &crate::core::repair::Noted| StepView { at: one.at, step: one.step.clone(), state: one.state };
        Self {
            repair_id: seen.id.to_string(),
            claim_id: seen.claim.to_string(),
            shop: seen.shop.to_string(),
            purpose: repair.purpose,
            state: repair.state(),
            state_zh: repair.state().chinese(),
            flags: repair.flags(),
            plates: repair.plates.clone(),
            accident_on: repair.accident_on,
            note: repair.note.clone(),
            inspection: repair.inspection.as_ref().map(InspectionView::of),
            estimates: repair.versions.iter().map(version).collect(),
            rulings: repair.rulings.values().map(ruling).collect(),
            total_loss: last.and_then(|last| last.total_loss.clone()),
            remarks: last.and_then(|last| last.remarks.clone()),
            figures: repair.figures(),
            invoice: repair.invoice.as_ref().map(InvoiceView::of),
            comparison: repair.comparison(),
            former_invoices: repair.former_invoices.iter().map(InvoiceView::of).collect(),
            handover: repair.handover.as_ref().map(HandoverView::of),
            history: repair.history.iter().map(step).collect(),
            changed_at: seen.changed,
        }
    }
}

/// A version of the estimate, in a sum.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EstimateSum"))]
pub struct VersionSum {
    /// From 1.
    pub version: u32,
    /// When it came (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
    /// All of it.
    pub gross: Twd,
    /// Whether the shop finds it not worth a repair.
    pub beyond_repair: bool,
}

/// The invoice, in a sum.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InvoiceSum"))]
pub struct InvoiceSum {
    /// When it came (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
    /// All of it.
    pub gross: Twd,
    /// What the insurer bears of it.
    pub insurer_bears: Option<Twd>,
    /// Whether it differs from what was approved.
    pub differs: bool,
    /// What the insurer said of it.
    pub result: Option<InvoiceResult>,
}

/// The shops of a claim.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OwnersRepairs"))]
pub struct OwnerJobs {
    /// Every job of the claim, oldest first.
    pub shops: Vec<OwnerJob>,
}

/// A job as the owner's app reads it: sums, no lines.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OwnersRepair"))]
pub struct OwnerJob {
    /// Id, `rpr_` and a UUID.
    pub repair_id: String,
    /// The shop.
    pub shop: String,
    /// What it is asked for.
    pub purpose: RepairPurpose,
    /// Where it stands.
    pub state: RepairState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// What people should know.
    pub flags: Vec<&'static str>,
    /// The inspection.
    pub inspection: Option<InspectionView>,
    /// The estimate and its supplements, oldest first.
    pub estimates: Vec<VersionSum>,
    /// What the newest version and its decisions come to.
    pub figures: Option<Figures>,
    /// That it is not repaired, as the insurer said last.
    pub total_loss: Option<TotalLoss>,
    /// The invoice that counts.
    pub invoice: Option<InvoiceSum>,
    /// The handover.
    pub handover: Option<HandoverView>,
    /// When it was changed last (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub changed_at: Timestamp,
}

impl OwnerJob {
    pub(super) fn of(seen: &Seen) -> Self {
        let repair = &seen.repair;
        let sum = |one: &crate::core::repair::Version| VersionSum {
            version: one.version,
            at: one.at,
            gross: one.estimate.totals.gross,
            beyond_repair: one.estimate.beyond_repair,
        };
        let compared = repair.comparison();
        let invoice = |one: &Invoiced| InvoiceSum {
            at: one.at,
            gross: one.invoice.totals.gross,
            insurer_bears: compared.as_ref().map(|compared| compared.insurer_bears),
            differs: compared.as_ref().is_some_and(|compared| compared.differs),
            result: one.result,
        };
        Self {
            repair_id: seen.id.to_string(),
            shop: seen.shop.to_string(),
            purpose: repair.purpose,
            state: repair.state(),
            state_zh: repair.state().chinese(),
            flags: repair.flags(),
            inspection: repair.inspection.as_ref().map(InspectionView::of),
            estimates: repair.versions.iter().map(sum).collect(),
            figures: repair.figures(),
            total_loss: repair.decisions.last().and_then(|last| last.decision.total_loss.clone()),
            invoice: repair.invoice.as_ref().map(invoice),
            handover: repair.handover.as_ref().map(HandoverView::of),
            changed_at: seen.changed,
        }
    }
}
