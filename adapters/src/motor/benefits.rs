//! What compulsory cover owes for a victim (保險給付試算): an estimate, line by line, each with its article and how sure it is.
//!
//! In: the day, costs as receipts have them, levels of disability, what was paid before by anybody (the victim's ledger). Out: an
//! [`Estimate`]. Caps are those of the day of the accident. Whether a cost was necessary and reasonable people decide, not this.

use std::fmt::Write as _;

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::limits::{Limits, limits};
use super::{Basis, Fault, Status};

mod check;
mod disability;
mod medical;

pub(super) use disability::COMBINATIONS;
pub use disability::{Combined, combined};
pub(super) use medical::{COSTS, Rule};

/// Costs of one victim.
pub const MOST_COSTS: usize = 300;
/// Levels, and entries of the ledger, of one victim.
pub const MOST_LEVELS: usize = 30;
/// Days, limbs, teeth or eyes of one cost.
const MOST_UNITS: u32 = 3_660;

words! {
    /// A cost of treatment (傷害醫療費用).
    #[cfg_attr(feature = "schema", schemars(rename = "MotorCostKind"))]
    CostKind {
        /// Rescue, ambulance and who goes with it.
        Emergency = "emergency", "急救費用";
        /// What the patient bears of what NHI covers.
        Treatment = "treatment", "全民健康保險診療之自行負擔費用";
        /// Treatment not as an NHI patient.
        PrivateTreatment = "private-treatment", "非以健保身分之診療費用";
        /// What NHI paid: it is not the claimant's.
        NhiPaid = "nhi-paid", "全民健康保險給付之費用";
        /// Registration fee.
        Registration = "registration", "掛號費";
        /// Fee for certificates of diagnosis.
        Certificate = "certificate", "診斷證明書費";
        /// Difference of ward, by the day.
        WardDifference = "ward-difference", "病房費差額";
        /// Meals in hospital, by the day.
        Meals = "meals", "膳食費";
        /// Artificial limbs, by the limb.
        Prosthesis = "prosthesis", "義肢器材及裝置費";
        /// Dentures, by the tooth.
        Denture = "denture", "義齒器材及裝置費";
        /// Artificial eyes, each.
        ArtificialEye = "artificial-eye", "義眼器材及裝置費";
        /// Other materials, aids and devices NHI does not cover, that a doctor finds necessary.
        Materials = "materials", "其他非健保給付之醫療材料及裝具";
        /// The way to hospital and back.
        Transport = "transport", "接送費用";
        /// Nursing in hospital, by the day.
        Nursing = "nursing", "看護費用";
        /// Nursing at home, by the day, that a doctor finds necessary.
        HomeNursing = "home-nursing", "居家看護費用";
    }
}

words! {
    /// A benefit (給付項目, §27 I).
    #[cfg_attr(feature = "schema", schemars(rename = "MotorBenefit"))]
    Benefit {
        /// Medical costs.
        Medical = "medical", "傷害醫療費用給付";
        /// Disability.
        Disability = "disability", "失能給付";
        /// Death.
        Death = "death", "死亡給付";
    }
}

/// What a victim lost.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorLosses"))]
#[serde(deny_unknown_fields)]
pub struct Losses {
    /// Costs as receipts have them, up to 300.
    #[serde(default)]
    pub costs: Vec<Cost>,
    /// Levels of disability (失能等級) a doctor found, one for each item of the table, 1 to 15; up to 30.
    #[serde(default)]
    pub disability_levels: Vec<u8>,
    /// The level the victim had before the accident, where it grew worse.
    #[serde(default)]
    pub level_before: Option<u8>,
    /// The level the insurer has decided, where others are still in dispute: it is paid ahead (§35 II).
    #[serde(default)]
    pub level_decided: Option<u8>,
    /// Whether the victim died of it.
    #[serde(default)]
    pub died: bool,
    /// What was paid already, by all insurers, the fund, the insured and who is liable; up to 30.
    #[serde(default)]
    pub paid: Vec<Paid>,
}

/// A cost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorCost"))]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Which.
    pub kind: CostKind,
    /// How much.
    pub amount: Twd,
    /// Days, limbs, teeth or eyes: for the kinds that are capped by them, 1 to 3660.
    #[serde(default)]
    pub units: Option<u32>,
    /// Whether a doctor certified that nursing at home is necessary.
    #[serde(default)]
    pub by_doctor: bool,
}

/// Something that was paid.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPaid"))]
#[serde(deny_unknown_fields)]
pub struct Paid {
    /// For which benefit.
    pub benefit: Benefit,
    /// How much.
    pub amount: Twd,
    /// By whom.
    pub by: PaidBy,
    /// Whether claimant and insured agreed that it is not deducted (§31 I).
    #[serde(default)]
    pub not_deducted: bool,
}

/// Who paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPaidBy"))]
#[serde(rename_all = "kebab-case")]
pub enum PaidBy {
    /// Compulsory cover of any insurer, or the fund: nothing is paid twice (辦法 §14 III).
    CompulsoryCover,
    /// The insured (§31 I).
    Insured,
    /// Whoever is liable, where the fund compensates (§43 II).
    Liable,
}

/// Who is asked: the fund pays nothing that NHI paid (§40 VI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorAsked"))]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// An insurer, alone or jointly.
    Insurer,
    /// The fund alone.
    Fund,
}

/// A line of the calculation.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorStep"))]
pub struct Step {
    /// A stable word: a kind of cost, `medical-limit`, `disability`, `aggravation`, `death`, `all-limit`, `paid-…`.
    pub item: &'static str,
    /// The same in Chinese.
    pub item_zh: &'static str,
    /// What goes in.
    pub claimed: Twd,
    /// What comes out.
    pub allowed: Twd,
    /// How, as a calculation.
    pub calculation: String,
    /// By which article, and how sure.
    pub basis: Basis,
}

/// What may be paid ahead (暫先給付).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorProvisional"))]
pub struct Provisional {
    /// Of which benefit.
    pub benefit: Benefit,
    /// How much.
    pub amount: Twd,
    /// Within so many working days of the proofs.
    pub working_days: u8,
    /// By which article.
    pub basis: Basis,
}

/// An estimate. It binds nobody.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorEstimate"))]
pub struct Estimate {
    /// Always true.
    pub estimate: bool,
    /// To be shown with it.
    pub notice: &'static str,
    /// The same in Chinese.
    pub notice_zh: &'static str,
    /// The limits are those of accidents from this day on.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub limits_from: Date,
    /// Line by line.
    pub steps: Vec<Step>,
    /// Medical costs, within their limit.
    pub medical: Twd,
    /// Disability; nothing where the victim died.
    pub disability: Twd,
    /// Death.
    pub death: Twd,
    /// All of them, within the limit of all.
    pub total: Twd,
    /// What of it was paid.
    pub paid: Twd,
    /// What is left to pay.
    pub due: Twd,
    /// What was paid beyond it: who paid it ahead may ask for it back (§35 IV).
    pub overpaid: Twd,
    /// What NHI may still claim from the insurer for this victim (給付標準 §2 VI).
    pub nhi_room: Twd,
    /// What may be paid ahead.
    pub provisional: Vec<Provisional>,
    /// How sure the least sure line is.
    pub status: Status,
}

opaque_debug!(Losses, Cost, Paid, Step, Provisional, Estimate);

const NOTICE: &str = "An estimate from the facts given; it binds nobody. The insurer or the fund decides.";
const NOTICE_ZH: &str = "本結果僅依所填資料試算，不具拘束力；實際金額以保險人或特別補償基金審核為準。";

/// Hundredths of a dollar while calculating.
type Cents = i64;

/// What is owed for a victim.
///
/// # Errors
/// Every fault of the facts; places begin at the losses.
pub fn estimate(on: Date, asked: Asked, losses: &Losses) -> Result<Estimate, Vec<Fault>> {
    let Some(limits) = limits(on) else { return Err(vec![check::too_early()]) };
    check::check(losses)?;
    let mut sheet = Sheet { limits, asked, steps: Vec::new() };
    let medical = medical::costs(&mut sheet, &losses.costs);
    let disability = if losses.died { 0 } else { sheet.disability(losses) };
    let death = if losses.died { sheet.death() } else { 0 };
    let total = sheet.within_all(medical + disability + death);
    let (paid, overpaid) = sheet.paid(losses, [medical, disability, death]);
    let provisional = sheet.provisional(losses, death);
    let steps = sheet.steps;
    let status = steps.iter().map(|step| step.basis.status).max().unwrap_or(Status::Confirmed);
    let room = if asked == Asked::Fund { 0 } else { (limits.medical * 100 - medical).max(0) };
    Ok(Estimate {
        estimate: true,
        notice: NOTICE,
        notice_zh: NOTICE_ZH,
        limits_from: limits.from,
        steps,
        medical: twd(medical),
        disability: twd(disability),
        death: twd(death),
        total: twd(total),
        paid: twd(paid),
        due: twd((total - paid).max(0)),
        overpaid: twd(overpaid),
        nhi_room: twd(room),
        provisional,
        status,
    })
}

/// What is calculated on.
struct Sheet {
    limits: &'static Limits,
    asked: Asked,
    steps: Vec<Step>,
}

impl Sheet {
    fn step(
        &mut self,
        (item, item_zh): (&'static str, &'static str),
        (claimed, allowed): (Cents, Cents),
        calculation: String,
        basis: Basis,
    ) {
        let (claimed, allowed) = (twd(claimed), twd(allowed));
        self.steps.push(Step { item, item_zh, claimed, allowed, calculation, basis });
    }

    fn disability(&mut self, losses: &Losses) -> Cents {
        let Some(found) = combined(&losses.disability_levels, self.limits) else { return 0 };
        let gross = found.amount * 100;
        self.step(("disability", "失能給付"), (gross, gross), found.calculation, found.basis);
        let before = losses.level_before.and_then(|level| self.limits.level(level));
        let Some((before, status)) = before else { return gross };
        let net = (gross - before * 100).max(0);
        let basis = Basis { status, ..standard!("§5 I") };
        let calculation = format!("{} − {} = {}", twd(gross), twd(before * 100), twd(net));
        self.step(("aggravation", "加重失能，扣除原失能等級"), (gross, net), calculation, basis);
        net
    }

    fn death(&mut self) -> Cents {
        let amount = self.limits.death * 100;
        let basis = Basis { status: self.limits.main, ..standard!("§6") };
        self.step(("death", "死亡給付"), (amount, amount), twd(amount).to_string(), basis);
        amount
    }

    fn within_all(&mut self, sum: Cents) -> Cents {
        let most = self.limits.all * 100;
        let allowed = sum.min(most);
        let basis = Basis { status: self.limits.rest, ..standard!("§7") };
        let calculation = format!("min({}, {}) = {}", twd(sum), twd(most), twd(allowed));
        self.step(("all-limit", "每一人每次事故合計上限"), (sum, allowed), calculation, basis);
        allowed
    }

    /// What was paid of it, and what beyond. What was paid for disability counts against death (給付標準 §5 II).
    fn paid(&mut self, losses: &Losses, owed: [Cents; 3]) -> (Cents, Cents) {
        let [medical, disability, death] = owed;
        let (mut counted, mut beyond) = (0, 0);
        let mut left = [(Benefit::Medical, medical), (Benefit::Disability, disability + death)];
        for one in &losses.paid {
            let amount = one.amount.hundredths();
            let (item, item_zh, basis) = match one.by {
                PaidBy::CompulsoryCover if losses.died && one.benefit == Benefit::Disability => {
                    ("paid-disability", "已領失能給付", standard!("§5 II"))
                }
                PaidBy::CompulsoryCover => ("paid-compulsory", "強制險已給付", handling!("§14 III")),
                PaidBy::Insured => ("paid-insured", "被保險人已賠償", act!("§31 I")),
                PaidBy::Liable => ("paid-liable", "損害賠償義務人已賠償", act!("§43 II")),
            };
            if one.not_deducted && one.by == PaidBy::Insured {
                self.step((item, item_zh), (amount, 0), "agreed not to be deducted 約定不扣除".to_owned(), basis);
                continue;
            }
            let medical = one.benefit == Benefit::Medical;
            let place = left.iter_mut().find(|(benefit, _)| (*benefit == Benefit::Medical) == medical);
            let Some((_, left)) = place else { continue };
            let taken = amount.min(*left);
            *left -= taken;
            counted += taken;
            beyond += amount - taken;
            self.step((item, item_zh), (amount, taken), format!("− {}", twd(taken)), basis);
        }
        (counted, beyond)
    }

    fn provisional(&self, losses: &Losses, death: Cents) -> Vec<Provisional> {
        let paid = |benefits: &[Benefit]| -> Cents {
            let counts = losses.paid.iter().filter(|one| benefits.contains(&one.benefit) && !one.not_deducted);
            counts.map(|one| one.amount.hundredths()).sum()
        };
        let ahead = |benefit, amount: Cents, basis| {
            (amount > 0).then(|| Provisional { benefit, amount: twd(amount), working_days: 10, basis })
        };
        let half = death / 2 - paid(&[Benefit::Disability, Benefit::Death]);
        let decided = losses.level_decided.filter(|_| !losses.died).and_then(|level| self.limits.level(level));
        let level = decided.map_or(0, |(amount, _)| amount * 100 - paid(&[Benefit::Disability]));
        let status = decided.map_or(Status::Confirmed, |(_, status)| status);
        let both = [
            ahead(Benefit::Death, half, act!("§35 I")),
            ahead(Benefit::Disability, level, Basis { status, ..act!("§35 II") }),
        ];
        both.into_iter().flatten().collect()
    }
}

/// An amount; sums of bounded inputs stay far within the bound of one.
fn twd(cents: Cents) -> Twd {
    Twd::from_hundredths(cents).unwrap_or_default()
}

/// Appends a term to a sum.
fn plus(sum: &mut String, term: &str) {
    if !sum.is_empty() {
        sum.push_str(" + ");
    }
    // Writing to a text cannot fail.
    let _ = write!(sum, "{term}");
}
