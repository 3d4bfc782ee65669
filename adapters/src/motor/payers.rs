//! Who must pay whom: for each person the exact set of payers, what is excluded, and the articles (docs/motor-rules.md).
//!
//! In: facts that were checked ([`Accident::check`]). Out: a [`Verdict`] for each person. Four tables decide: what a vehicle's
//! cover makes answer for it, whose vehicles a person may turn to, how several payers answer together, what excludes.

use claimgate_packet::words::Line;
use serde::Serialize;

use super::accident::{Accident, CoverKind, Person, Vehicle};
use super::{Basis, Fraction, once};

mod tables;

pub(super) use tables::{Answers, COVERS, Count, CoverRow, EXCLUSIONS, HINTS, OUTCOMES, OutcomeRow, POSITIONS, Which};

use tables::ALL_OF_40;

/// Who answers for a vehicle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPayerName"))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Who {
    /// An insurer (保險人), by the word the facts have for it.
    Insurer {
        /// That word.
        id: String,
    },
    /// The Motor Vehicle Accident Compensation Fund (財團法人汽車交通事故特別補償基金).
    Fund,
    /// Not known until the vehicle's cover is.
    NotKnown,
}

words! {
    /// How the payers of a person answer.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorOutcome"))]
    Outcome {
        /// One insurer alone.
        Insurer = "insurer", "由保險人給付";
        /// Several insurers jointly: any of them may be asked for all.
        Insurers = "insurers-jointly", "各保險人連帶給付";
        /// The fund alone.
        Fund = "fund", "向特別補償基金請求補償";
        /// Insurers and the fund jointly.
        Mixed = "insurers-and-fund-jointly", "保險人與特別補償基金連帶給付";
        /// Nobody under compulsory cover.
        Nobody = "nobody", "不得依強制險請求";
        /// Not before the cover of a vehicle is known.
        NotKnown = "not-known", "待查明投保情形";
    }
}

/// A payer of a person's claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPayer"))]
pub struct Payer {
    /// Who.
    pub who: Who,
    /// The vehicles it answers for, by the ids of the facts.
    pub vehicles: Vec<String>,
    /// What it bears in the end among the payers (§36 II): by vehicles, never by fault. The claimant may ask it for all.
    pub share: Fraction,
}

words! {
    /// Why something is not claimed under compulsory cover.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorExclusionCode"))]
    ExclusionCode {
        /// Things alone were damaged.
        DamageOnly = "damage-only", "僅財物損失";
        /// The victim's own intent.
        Intent = "intent", "受害人故意行為";
        /// The victim's own crime.
        Crime = "crime", "受害人從事犯罪行為";
        /// The driver of the only vehicle.
        SingleVehicleDriver = "single-vehicle-driver", "單一汽車事故之駕駛人";
        /// A driver, where no vehicle need be insured.
        NotRequiredDriver = "not-required-driver", "全部為無須投保汽車之駕駛人";
        /// The own vehicle's insurer or what stands in its place; the others answer.
        OwnVehicle = "own-vehicle", "所駕駛汽車之保險人除外";
    }
}

/// Something that is not claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorExclusion"))]
pub struct Exclusion {
    /// Why.
    pub code: ExclusionCode,
    /// Whether nothing is left to claim by it.
    pub whole: bool,
    /// By which article.
    pub basis: Basis,
}

/// A voluntary cover (任意險) to ask about, where somebody bought it; what its policy says is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorHint"))]
pub struct Hint {
    /// The line.
    pub line: Line,
    /// Of which vehicle.
    pub of: Whose,
}

words! {
    /// Which vehicles are meant.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorWhose"))]
    Whose {
        /// That of the person.
        Own = "own", "所乘汽車";
        /// All but that.
        Others = "others", "其他汽車";
        /// All of them.
        All = "all", "全部事故汽車";
    }
}

/// Who must pay a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorVerdict"))]
pub struct Verdict {
    /// The person, by the id of the facts.
    pub person: String,
    /// How the payers answer.
    pub outcome: Outcome,
    /// The payers, each once, in the order of their vehicles; none where nobody pays.
    pub payers: Vec<Payer>,
    /// What is not claimed.
    pub exclusions: Vec<Exclusion>,
    /// Voluntary covers to ask about.
    pub hints: Vec<Hint>,
    /// All articles, each once.
    pub basis: Vec<Basis>,
}

/// The duty of the insurer that receives first.
pub const NOTICE: Basis = handling!("§14 III");

/// Who must pay each person, in the order of the facts. The facts hold together: see [`Accident::check`].
#[must_use]
pub fn payers(accident: &Accident) -> Vec<Verdict> {
    accident.persons.iter().map(|person| verdict(accident, person)).collect()
}

/// Who must pay one person.
#[must_use]
pub fn verdict(accident: &Accident, person: &Person) -> Verdict {
    let (vehicles, position) = (&accident.vehicles, person.position.kind());
    let exclusions: Vec<Exclusion> = EXCLUSIONS
        .iter()
        .filter(|row| {
            row.position.is_none_or(|of| of == position)
                && row.harm.is_none_or(|of| of == person.harm)
                && row.conduct.is_none_or(|of| of == person.conduct)
                && row.vehicles.fits(vehicles)
        })
        .map(|row| Exclusion { code: row.code, whole: row.whole, basis: row.basis })
        .collect();
    let excluded = exclusions.iter().any(|one| one.whole);
    let row = POSITIONS.iter().find(|row| row.position == position && row.vehicles == Count::of(vehicles.len()));
    let own = person.position.vehicle();
    let asked = vehicles.iter().filter(|one| match row.map(|row| row.of) {
        _ if excluded => false,
        Some(Whose::All) => true,
        Some(Whose::Others) => Some(one.id.as_str()) != own,
        Some(Whose::Own) => Some(one.id.as_str()) == own,
        None => false,
    });
    let asked: Vec<&Vehicle> = asked.collect();
    let payers = paying(&asked);
    let insurers = payers.iter().filter(|payer| matches!(payer.who, Who::Insurer { .. })).count();
    let (insurers, fund) = (Count::of(insurers), payers.iter().any(|payer| payer.who == Who::Fund));
    let not_known = payers.iter().any(|payer| payer.who == Who::NotKnown);
    let fits =
        |row: &&OutcomeRow| row.insurers.contains(&insurers) && row.fund.contains(&fund) && row.not_known == not_known;
    let answer = OUTCOMES.iter().find(fits);
    let outcome = answer.map_or(Outcome::Nobody, |row| row.outcome);
    let of_40 = !asked.is_empty() && vehicles.len() > 1 && vehicles.iter().all(|one| by_fund(one.cover.kind()));
    let mut basis: Vec<Basis> = Vec::new();
    if !asked.is_empty() {
        // §14 of the regulations is for accidents with an insured vehicle; where there is none, the Act's own §13 and §36.
        let position = row.map(|row| row.basis).filter(|_| !of_40);
        basis.extend(position.or(of_40.then_some(ALL_OF_40)));
        basis.extend(answer.iter().flat_map(|row| row.basis).copied());
        basis.extend(asked.iter().filter_map(|one| cover_row(one.cover.kind())).map(|row| row.basis));
    }
    basis.extend(exclusions.iter().map(|one| one.basis));
    let hints = HINTS.iter().find(|row| row.position == position && row.bodily == person.harm.is_bodily());
    Verdict {
        person: person.id.clone(),
        outcome,
        payers,
        exclusions,
        hints: hints.map_or_else(Vec::new, |row| {
            row.hints.iter().copied().filter(|hint| hint.of != Whose::Others || vehicles.len() > 1).collect()
        }),
        basis: once(basis),
    }
}

/// Whom the first payer that receives a claim must notify of it at once (承保及理賠作業處理辦法 §14 III, [`NOTICE`]): who answers
/// for the other vehicles, each once; nobody where one vehicle had a part in it or nobody was hurt.
#[must_use]
pub fn to_notify(accident: &Accident, first: &Who) -> Vec<Who> {
    let hurt = accident.persons.iter().any(|person| person.harm.is_bodily());
    if accident.vehicles.len() < 2 || !hurt {
        return Vec::new();
    }
    let vehicles: Vec<&Vehicle> = accident.vehicles.iter().collect();
    let all = paying(&vehicles).into_iter().map(|payer| payer.who);
    all.filter(|who| who != first && *who != Who::NotKnown).collect()
}

pub(super) fn cover_row(kind: CoverKind) -> Option<&'static CoverRow> {
    COVERS.iter().find(|row| row.cover == kind)
}

fn by_fund(kind: CoverKind) -> bool {
    cover_row(kind).is_some_and(|row| row.answers == Answers::Fund)
}

/// Who answers for these vehicles, each once, with its part of them.
fn paying(vehicles: &[&Vehicle]) -> Vec<Payer> {
    let over = u32::try_from(vehicles.len()).unwrap_or(u32::MAX);
    let mut payers: Vec<Payer> = Vec::new();
    for vehicle in vehicles {
        let who = match cover_row(vehicle.cover.kind()).map(|row| row.answers) {
            Some(Answers::Insurer) => Who::Insurer { id: vehicle.cover.insurer().unwrap_or_default().to_owned() },
            Some(Answers::Fund) => Who::Fund,
            Some(Answers::NotKnown) | None => Who::NotKnown,
        };
        match payers.iter_mut().find(|payer| payer.who == who) {
            Some(payer) => {
                payer.vehicles.push(vehicle.id.clone());
                payer.share.of += 1;
            }
            None => payers.push(Payer { who, vehicles: vec![vehicle.id.clone()], share: Fraction { of: 1, over } }),
        }
    }
    payers
}
