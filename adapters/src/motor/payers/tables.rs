//! The rows that decide who must pay whom; the page shows them as they stand (docs/motor-rules.md).

use claimgate_packet::words::Line;

use super::super::accident::{Conduct, Cover, CoverKind, Harm, PositionKind, Vehicle};
use super::{Basis, ExclusionCode, Hint, Outcome, Whose};

/// Who answers for a vehicle, by its cover.
pub(in crate::motor) struct CoverRow {
    pub(in crate::motor) cover: CoverKind,
    pub(in crate::motor) answers: Answers,
    pub(in crate::motor) basis: Basis,
}

/// What answers for a vehicle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::motor) enum Answers {
    Insurer,
    Fund,
    NotKnown,
}

pub(in crate::motor) const COVERS: [CoverRow; 7] = [
    CoverRow { cover: CoverKind::Insured, answers: Answers::Insurer, basis: act!("§25 I") },
    CoverRow { cover: CoverKind::ConsentDisputed, answers: Answers::Insurer, basis: act!("§40 II") },
    CoverRow { cover: CoverKind::WithoutConsent, answers: Answers::Fund, basis: act!("§40 I (3)") },
    CoverRow { cover: CoverKind::Uninsured, answers: Answers::Fund, basis: act!("§40 I (2)") },
    CoverRow { cover: CoverKind::Untraceable, answers: Answers::Fund, basis: act!("§40 I (1)") },
    CoverRow { cover: CoverKind::NotRequired, answers: Answers::Fund, basis: act!("§40 I (4)") },
    CoverRow { cover: CoverKind::NotKnown, answers: Answers::NotKnown, basis: act!("§12 II") },
];

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::motor) enum Count {
    None,
    One,
    Two,
    More,
}

impl Count {
    pub(super) fn of(count: usize) -> Self {
        match count {
            0 => Self::None,
            1 => Self::One,
            2 => Self::Two,
            _ => Self::More,
        }
    }
}

/// Whose vehicles answer to a person, by how many there are.
pub(in crate::motor) struct PositionRow {
    pub(in crate::motor) position: PositionKind,
    pub(in crate::motor) vehicles: Count,
    pub(in crate::motor) of: Whose,
    pub(in crate::motor) basis: Basis,
}

pub(in crate::motor) const POSITIONS: [PositionRow; 9] = [
    PositionRow { position: PositionKind::Driver, vehicles: Count::One, of: Whose::Others, basis: act!("§13") },
    PositionRow {
        position: PositionKind::Driver,
        vehicles: Count::Two,
        of: Whose::Others,
        basis: handling!("§14 I (1) 1"),
    },
    PositionRow {
        position: PositionKind::Driver,
        vehicles: Count::More,
        of: Whose::Others,
        basis: handling!("§14 I (1) 2"),
    },
    PositionRow { position: PositionKind::Passenger, vehicles: Count::One, of: Whose::All, basis: act!("§13") },
    PositionRow {
        position: PositionKind::Passenger,
        vehicles: Count::Two,
        of: Whose::All,
        basis: handling!("§14 I (1) 1"),
    },
    PositionRow {
        position: PositionKind::Passenger,
        vehicles: Count::More,
        of: Whose::All,
        basis: handling!("§14 I (1) 2"),
    },
    PositionRow { position: PositionKind::Outside, vehicles: Count::One, of: Whose::All, basis: act!("§13") },
    PositionRow {
        position: PositionKind::Outside,
        vehicles: Count::Two,
        of: Whose::All,
        basis: handling!("§14 I (1) 3"),
    },
    PositionRow {
        position: PositionKind::Outside,
        vehicles: Count::More,
        of: Whose::All,
        basis: handling!("§14 I (1) 3"),
    },
];

/// How the payers answer, by what they are.
pub(in crate::motor) struct OutcomeRow {
    /// How many insurers: none, one, or (`More`) several.
    pub(in crate::motor) insurers: &'static [Count],
    pub(in crate::motor) fund: &'static [bool],
    pub(in crate::motor) not_known: bool,
    pub(in crate::motor) outcome: Outcome,
    pub(in crate::motor) basis: &'static [Basis],
}

const SEVERAL: &[Count] = &[Count::Two, Count::More];
const SOME: &[Count] = &[Count::One, Count::Two, Count::More];
const ANY: &[Count] = &[Count::None, Count::One, Count::Two, Count::More];

pub(in crate::motor) const OUTCOMES: [OutcomeRow; 6] = [
    OutcomeRow { insurers: &[Count::None], fund: &[false], not_known: false, outcome: Outcome::Nobody, basis: &[] },
    OutcomeRow {
        insurers: &[Count::One],
        fund: &[false],
        not_known: false,
        outcome: Outcome::Insurer,
        basis: &[act!("§7")],
    },
    OutcomeRow {
        insurers: SEVERAL,
        fund: &[false],
        not_known: false,
        outcome: Outcome::Insurers,
        basis: &[act!("§36 I (1)"), act!("§36 II"), handling!("§22-1 (1)")],
    },
    OutcomeRow {
        insurers: &[Count::None],
        fund: &[true],
        not_known: false,
        outcome: Outcome::Fund,
        basis: &[act!("§7")],
    },
    OutcomeRow {
        insurers: SOME,
        fund: &[true],
        not_known: false,
        outcome: Outcome::Mixed,
        basis: &[act!("§36 I (3)"), act!("§36 II"), handling!("§14 I (2)"), handling!("§22-1 (1)")],
    },
    OutcomeRow { insurers: ANY, fund: &[false, true], not_known: true, outcome: Outcome::NotKnown, basis: &[] },
];

/// A rule that holds whatever the row of the outcome says: all vehicles are of §40.
pub(in crate::motor) const ALL_OF_40: Basis = act!("§36 I (2)");

/// What excludes: every row that fits does.
pub(in crate::motor) struct ExclusionRow {
    pub(in crate::motor) code: ExclusionCode,
    pub(in crate::motor) whole: bool,
    pub(in crate::motor) position: Option<PositionKind>,
    pub(in crate::motor) vehicles: Which,
    pub(in crate::motor) harm: Option<Harm>,
    pub(in crate::motor) conduct: Option<Conduct>,
    pub(in crate::motor) basis: Basis,
}

/// Which accidents a row is for, by their vehicles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::motor) enum Which {
    Any,
    One,
    Several,
    AllNotRequired,
}

impl Which {
    pub(super) fn fits(self, vehicles: &[Vehicle]) -> bool {
        match self {
            Self::Any => true,
            Self::One => vehicles.len() == 1,
            Self::Several => vehicles.len() > 1,
            Self::AllNotRequired => vehicles.iter().all(|vehicle| vehicle.cover == Cover::NotRequired),
        }
    }
}

pub(in crate::motor) const EXCLUSIONS: [ExclusionRow; 6] = [
    ExclusionRow {
        code: ExclusionCode::DamageOnly,
        whole: true,
        position: None,
        vehicles: Which::Any,
        harm: Some(Harm::Damage),
        conduct: None,
        basis: act!("§27 I"),
    },
    ExclusionRow {
        code: ExclusionCode::Intent,
        whole: true,
        position: None,
        vehicles: Which::Any,
        harm: None,
        conduct: Some(Conduct::Intent),
        basis: act!("§28 I (1)"),
    },
    ExclusionRow {
        code: ExclusionCode::Crime,
        whole: true,
        position: None,
        vehicles: Which::Any,
        harm: None,
        conduct: Some(Conduct::Crime),
        basis: act!("§28 I (2)"),
    },
    ExclusionRow {
        code: ExclusionCode::SingleVehicleDriver,
        whole: true,
        position: Some(PositionKind::Driver),
        vehicles: Which::One,
        harm: None,
        conduct: None,
        basis: act!("§13"),
    },
    ExclusionRow {
        code: ExclusionCode::NotRequiredDriver,
        whole: true,
        position: Some(PositionKind::Driver),
        vehicles: Which::AllNotRequired,
        harm: None,
        conduct: None,
        basis: act!("§40 III"),
    },
    ExclusionRow {
        code: ExclusionCode::OwnVehicle,
        whole: false,
        position: Some(PositionKind::Driver),
        vehicles: Which::Several,
        harm: None,
        conduct: None,
        basis: act!("§13"),
    },
];

/// Voluntary covers to ask about.
pub(in crate::motor) struct HintRow {
    pub(in crate::motor) position: PositionKind,
    pub(in crate::motor) bodily: bool,
    pub(in crate::motor) hints: &'static [Hint],
}

const fn hint(line: Line, of: Whose) -> Hint {
    Hint { line, of }
}

pub(in crate::motor) const HINTS: [HintRow; 6] = [
    HintRow {
        position: PositionKind::Driver,
        bodily: true,
        hints: &[hint(Line::MotorDriverInjury, Whose::Own), hint(Line::MotorLiability, Whose::Others)],
    },
    HintRow {
        position: PositionKind::Driver,
        bodily: false,
        hints: &[hint(Line::MotorDamage, Whose::Own), hint(Line::MotorLiability, Whose::Others)],
    },
    HintRow {
        position: PositionKind::Passenger,
        bodily: true,
        hints: &[hint(Line::MotorPassenger, Whose::Own), hint(Line::MotorLiability, Whose::Others)],
    },
    HintRow { position: PositionKind::Passenger, bodily: false, hints: &[hint(Line::MotorLiability, Whose::All)] },
    HintRow { position: PositionKind::Outside, bodily: true, hints: &[hint(Line::MotorLiability, Whose::All)] },
    HintRow { position: PositionKind::Outside, bodily: false, hints: &[hint(Line::MotorLiability, Whose::All)] },
];
