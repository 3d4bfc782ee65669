//! The printed lists → entries by form and field.

use std::collections::HashMap;

/// Which printing of the form 道路交通事故調查報告表.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// In force until 2023-06-30.
    Before202307,
    /// In force since 2023-07-01.
    Since202307,
}

impl Form {
    fn text(self) -> &'static str {
        match self {
            Self::Before202307 => include_str!("before-2023-07.txt"),
            Self::Since202307 => include_str!("since-2023-07.txt"),
        }
    }
}

/// One code of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its list.
    pub field: Field,
    /// The code as printed; leading zeros count.
    pub code: &'static str,
    /// The heading above it (大類別), where there is one.
    pub group: Option<&'static str>,
    /// Its name.
    pub name: &'static str,
    /// A code of the form before that this one still prints.
    pub former: bool,
}

macro_rules! fields {
    ($($variant:ident = $word:literal $name:literal;)+) => {
        /// A coded field of the form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $(#[doc = $name] $variant,)+
        }

        impl Field {
            /// Every field, in the form's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the lists.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The form's own name of it.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

fields! {
    AccidentClass = "accident_class" "事故類別";
    Weather = "weather" "天候";
    Light = "light" "光線";
    Lighting = "lighting" "道路照明設備";
    RoadClass = "road_class" "道路類別";
    RoadType = "road_type" "道路型態";
    AccidentLocation = "accident_location" "事故位置";
    Pavement = "pavement" "路面鋪裝";
    SurfaceState = "surface_state" "路面狀態";
    SurfaceDefect = "surface_defect" "路面缺陷";
    Obstacle = "obstacle" "障礙物";
    Sight = "sight" "視距";
    SignalType = "signal_type" "號誌種類";
    SignalAction = "signal_action" "號誌動作";
    DirectionDivider = "direction_divider" "分向設施";
    LaneDividerFastOrGeneral = "lane_divider_fast_or_general" "快車道或一般車道間";
    LaneDividerFastSlow = "lane_divider_fast_slow" "快慢車道間";
    EdgeLine = "edge_line" "路面邊線";
    AccidentType = "accident_type" "事故類型及型態";
    PartySexOrKind = "party_sex_or_kind" "屬性別";
    InjuryDegree = "injury_degree" "受傷程度";
    MainInjury = "main_injury" "主要傷處";
    ProtectiveGear = "protective_gear" "保護裝備";
    DeviceUse = "device_use" "行動裝置";
    PartyType = "party_type" "當事者區分";
    VehicleUse = "vehicle_use" "車輛用途";
    PartyAction = "party_action" "行動狀態";
    LicenceState = "licence_state" "駕照狀態";
    LicenceKind = "licence_kind" "駕照種類";
    Drinking = "drinking" "飲酒情形";
    ImpactPart = "impact_part" "車輛撞擊部位";
    HitAndRun = "hit_and_run" "肇事逃逸";
    Occupation = "occupation" "職業";
    TripPurpose = "trip_purpose" "旅次目的";
    Cause = "cause" "肇因";
}

/// Both printings, field by field.
pub(super) fn all() -> HashMap<(Form, Field), Vec<Entry>> {
    let mut lists = HashMap::new();
    for form in [Form::Before202307, Form::Since202307] {
        let (mut field, mut group) = (None, None);
        for line in form.text().lines() {
            if let Some((word, _)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
                field = Field::ALL.iter().copied().find(|known| known.as_str() == word);
                group = None;
            } else if let Some(heading) = line.strip_prefix("= ") {
                group = Some(heading);
            } else if let (Some(field), Some((code, name)), false) =
                (field, line.split_once(' '), line.starts_with('#'))
            {
                let (code, former) = code.strip_prefix('~').map_or((code, false), |code| (code, true));
                let group = group.filter(|_| !former);
                let list: &mut Vec<Entry> = lists.entry((form, field)).or_default();
                list.push(Entry { field, code, group, name, former });
            }
        }
    }
    lists
}
