//! An accident of open data → the evidence type of the police's report, without persons, plates or case number.

use claimgate_packet::evidence::AccidentReport;
use claimgate_packet::evidence::accident::{
    AccidentClass, AccidentScene, Occurrence, Place, PoliceCode, PoliceUnit, ReportParty, Wgs84,
};

use super::columns::is_own;
use super::party::{Accident, Party};
use crate::police::codes::{Field, named};

impl Accident<'_> {
    /// As evidence. What open data does not publish is absent; a sign of the police's own (造字) in the place is 〓.
    #[must_use]
    pub fn report(&self) -> AccidentReport {
        let by = |field, group: Option<usize>, name| {
            self.text(name).map(|name| named(field, group.and_then(|group| self.text(group)), name))
        };
        let place = Place {
            text: self.text(6).map(|text| text.replace(is_own, "〓")),
            wgs84: Wgs84::of(self.latitude.trim(), self.longitude.trim()),
        };
        let class = self.class().map(AccidentClass::of);
        let unit = PoliceUnit { name: self.text(5).map(str::to_owned), officer: None, phone: None };
        let first = self.parties.first();
        AccidentReport {
            number: None,
            occurrence: Occurrence { on: Some(self.on), at: Some(self.at), class, place },
            unit,
            deaths_24h: None,
            deaths: Some(self.casualties.deaths),
            deaths_30d: None,
            injured: Some(self.casualties.injured),
            speed_limit: self.speed_limit,
            scene: AccidentScene {
                weather: by(Field::Weather, None, 7),
                light: by(Field::Light, None, 8),
                lighting: None,
                road_class: by(Field::RoadClass, None, 9),
                road_type: by(Field::RoadType, Some(11), 12),
                accident_location: by(Field::AccidentLocation, Some(13), 14),
                pavement: by(Field::Pavement, None, 15),
                surface_state: by(Field::SurfaceState, None, 16),
                surface_defect: by(Field::SurfaceDefect, None, 17),
                obstacle: by(Field::Obstacle, None, 18),
                sight: by(Field::Sight, Some(19), 20),
                signal_type: by(Field::SignalType, None, 21),
                signal_action: by(Field::SignalAction, None, 22),
                direction_divider: by(Field::DirectionDivider, Some(23), 24),
                lane_divider_fast_or_general: by(Field::LaneDividerFastOrGeneral, None, 25),
                lane_divider_fast_slow: by(Field::LaneDividerFastSlow, None, 26),
                edge_line: by(Field::EdgeLine, None, 27),
            },
            accident_type: by(Field::AccidentType, Some(28), 29),
            main_cause: by(Field::Cause, Some(30), 31),
            hit_and_run: first.and_then(Party::hit_and_run),
            parties: self.parties.iter().map(Party::report).collect(),
        }
    }
}

impl Party<'_> {
    fn by(&self, field: Field, group: Option<usize>, name: usize) -> Option<PoliceCode> {
        self.text(name).map(|name| named(field, group.and_then(|group| self.text(group)), name))
    }

    fn hit_and_run(&self) -> Option<PoliceCode> {
        self.by(Field::HitAndRun, None, 15)
    }

    fn report(&self) -> ReportParty {
        ReportParty {
            order: self.order,
            person: None,
            sex_or_kind: self.by(Field::PartySexOrKind, None, 3),
            age: self.age,
            party_type: self.by(Field::PartyType, Some(1), 2),
            plate: None,
            vehicle_use: None,
            injury_degree: None,
            main_injury: None,
            protective_gear: self.by(Field::ProtectiveGear, None, 5),
            device_use: self.by(Field::DeviceUse, None, 6),
            action: self.by(Field::PartyAction, Some(7), 8),
            licence_state: None,
            licence_kind: None,
            drinking: None,
            first_impact: self.by(Field::ImpactPart, Some(9), 10),
            other_impact: self.by(Field::ImpactPart, Some(11), 12),
            cause: self.by(Field::Cause, Some(13), 14),
            hit_and_run: self.hit_and_run(),
            occupation: None,
            trip_purpose: None,
        }
    }
}
