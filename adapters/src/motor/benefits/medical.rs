//! Medical costs (傷害醫療費用給付, 給付標準 §2): each kind within its caps, all within the limit.

use super::{Asked, Basis, Cents, Cost, CostKind, Sheet, plus, twd};

/// What a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::motor) enum Unit {
    Day,
    Limb,
    Tooth,
    Eye,
}

impl Unit {
    pub(in crate::motor) fn chinese(self) -> &'static str {
        match self {
            Self::Day => "每日",
            Self::Limb => "每一上肢或下肢",
            Self::Tooth => "每缺損一齒",
            Self::Eye => "每顆",
        }
    }
}

/// Caps of a kind of cost, in whole dollars.
pub(in crate::motor) struct CostRow {
    pub(in crate::motor) kind: CostKind,
    pub(in crate::motor) unit: Option<Unit>,
    pub(in crate::motor) each: Option<i64>,
    pub(in crate::motor) together: Option<i64>,
    /// Days in all, those of the other kinds with such a cap too.
    pub(in crate::motor) most_units: Option<u32>,
    pub(in crate::motor) rule: Rule,
    pub(in crate::motor) basis: Basis,
}

/// What else a kind needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::motor) enum Rule {
    /// Nothing.
    Plain,
    /// A doctor's certificate.
    ByDoctor,
    /// It is not the claimant's.
    NotTheirs,
}

const fn row(kind: CostKind, basis: Basis) -> CostRow {
    CostRow { kind, unit: None, each: None, together: None, most_units: None, rule: Rule::Plain, basis }
}

/// The average of what NHI refunds (全民健康保險自墊醫療費用核退辦法) caps it, and is not known here.
const PRIVATE: Basis = Basis::unverified("強制汽車責任保險給付標準 §2 II (2) 2");

/// Every kind.
pub(in crate::motor) const COSTS: [CostRow; 15] = [
    row(CostKind::Emergency, standard!("§2 II (1)")),
    row(CostKind::Treatment, standard!("§2 II (2) 1")),
    row(CostKind::PrivateTreatment, PRIVATE),
    CostRow { rule: Rule::NotTheirs, ..row(CostKind::NhiPaid, standard!("§2 VI")) },
    row(CostKind::Registration, standard!("§2 II (2) 1")),
    row(CostKind::Certificate, standard!("§2 II (2) 1")),
    CostRow { unit: Some(Unit::Day), each: Some(1_500), ..row(CostKind::WardDifference, standard!("§2 III (1)")) },
    CostRow { unit: Some(Unit::Day), each: Some(180), ..row(CostKind::Meals, standard!("§2 III (2)")) },
    CostRow { unit: Some(Unit::Limb), each: Some(50_000), ..row(CostKind::Prosthesis, standard!("§2 III (3)")) },
    CostRow {
        unit: Some(Unit::Tooth),
        each: Some(10_000),
        together: Some(50_000),
        ..row(CostKind::Denture, standard!("§2 III (4)"))
    },
    CostRow { unit: Some(Unit::Eye), each: Some(10_000), ..row(CostKind::ArtificialEye, standard!("§2 III (5)")) },
    CostRow { together: Some(20_000), ..row(CostKind::Materials, standard!("§2 III (6)")) },
    CostRow { together: Some(20_000), ..row(CostKind::Transport, standard!("§2 IV")) },
    CostRow {
        unit: Some(Unit::Day),
        each: Some(1_200),
        most_units: Some(30),
        ..row(CostKind::Nursing, standard!("§2 V"))
    },
    CostRow {
        unit: Some(Unit::Day),
        each: Some(1_200),
        most_units: Some(30),
        rule: Rule::ByDoctor,
        ..row(CostKind::HomeNursing, standard!("§2 II (4), V"))
    },
];

/// The fund pays nothing that NHI paid.
const NOT_BY_FUND: Basis = act!("§40 VI");

/// Each kind that stands among the costs, in the order of the table; then all of them within the limit.
pub(super) fn costs(sheet: &mut Sheet, costs: &[Cost]) -> Cents {
    let (mut sum, mut days_left) = (0, 30);
    for row in &COSTS {
        let of_kind: Vec<&Cost> = costs.iter().filter(|cost| cost.kind == row.kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let claimed: Cents = of_kind.iter().map(|cost| cost.amount.hundredths()).sum();
        let (allowed, calculation) = kind(row, &of_kind, &mut days_left);
        let status = row.basis.status.max(sheet.limits.rest);
        let by_fund = row.rule == Rule::NotTheirs && sheet.asked == Asked::Fund;
        let basis = Basis { status, ..if by_fund { NOT_BY_FUND } else { row.basis } };
        sheet.step((row.kind.as_str(), row.kind.chinese()), (claimed, allowed), calculation, basis);
        sum += allowed;
    }
    if costs.is_empty() {
        return 0;
    }
    let most = sheet.limits.medical * 100;
    let allowed = sum.min(most);
    let basis = Basis { status: sheet.limits.rest, ..standard!("§2 I") };
    let calculation = format!("min({}, {}) = {}", twd(sum), twd(most), twd(allowed));
    sheet.step(("medical-limit", "傷害醫療費用給付總額上限"), (sum, allowed), calculation, basis);
    allowed
}

fn kind(row: &CostRow, costs: &[&Cost], days_left: &mut u32) -> (Cents, String) {
    if row.rule == Rule::NotTheirs {
        return (0, "0".to_owned());
    }
    let (mut sum, mut text) = (0, String::new());
    for cost in costs {
        let amount = cost.amount.hundredths();
        if row.rule == Rule::ByDoctor && !cost.by_doctor {
            plus(&mut text, "0 (no doctor's certificate 無醫師證明)");
            continue;
        }
        let mut units = cost.units.unwrap_or(1);
        if row.most_units.is_some() {
            units = units.min(*days_left);
            *days_left -= units;
        }
        if let Some(each) = row.each {
            sum += amount.min(each * 100 * i64::from(units));
            plus(&mut text, &format!("min({}, {units} × {each})", cost.amount));
        } else {
            sum += amount;
            plus(&mut text, &cost.amount.to_string());
        }
    }
    let allowed = row.together.map_or(sum, |most| sum.min(most * 100));
    if let Some(most) = row.together {
        text = format!("min({text}, {most})");
    }
    (allowed, format!("{text} = {}", twd(allowed)))
}
