//! The closed word lists a packet speaks: line of insurance, purpose, kind of claim (glossary).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of: {expected}")]
pub struct UnknownWord {
    /// The accepted words, comma separated.
    pub expected: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $chinese:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in glossary order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in packets, configuration and interfaces.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The official Chinese term.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { expected: words!(@list $($text),+) }),
                }
            }
        }
    };
    (@list $first:literal $(, $rest:literal)*) => { concat!($first $(, ", ", $rest)*) };
}

words! {
    /// A line of insurance (險種).
    Line {
        /// Reimbursement of medical expenses.
        HealthReimbursement = "health-reimbursement", "實支實付";
        /// A fixed amount per day in hospital.
        HealthDaily = "health-daily", "日額";
        /// Personal accident.
        Accident = "accident", "傷害";
        /// Critical illness.
        CriticalIllness = "critical-illness", "重大疾病";
        /// Disability.
        Disability = "disability", "失能";
        /// Life.
        Life = "life", "壽險";
        /// Group.
        Group = "group", "團體";
        /// Travel.
        Travel = "travel", "旅行";
        /// Compulsory motor liability.
        MotorCompulsory = "motor-compulsory", "強制";
        /// Voluntary motor liability.
        MotorLiability = "motor-liability", "第三人責任";
        /// Damage to the own vehicle.
        MotorDamage = "motor-damage", "車體";
        /// Theft of the vehicle.
        MotorTheft = "motor-theft", "竊盜";
        /// Injury of the driver.
        MotorDriverInjury = "motor-driver-injury", "駕駛人傷害";
        /// Passengers.
        MotorPassenger = "motor-passenger", "乘客";
    }
}

impl Line {
    /// Whether it may pay back what was spent (損害填補), so that several recipients could pay the same receipt. Lines that
    /// hold policies of both kinds (傷害, 團體, 旅行) are among them; those of a fixed sum are not.
    #[must_use]
    pub fn reimburses(self) -> bool {
        matches!(self, Self::HealthReimbursement | Self::Accident | Self::Group | Self::Travel)
    }
}

words! {
    /// Why a recipient gets the data (個人資料保護法 特定目的).
    Purpose {
        /// Assessment of a claim.
        ClaimAssessment = "claim-assessment", "理賠審核";
        /// Request for medical records.
        RecordRequest = "record-request", "病歷調閱";
        /// Recourse against a third party.
        Subrogation = "subrogation", "代位求償";
        /// A notice a statute demands.
        StatutoryNotice = "statutory-notice", "法定通知";
    }
}

words! {
    /// What kind of event a claim comes from.
    ClaimKind {
        /// A medical event.
        Health = "health", "醫療";
        /// An accident on the road.
        Motor = "motor", "車險";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads_back_from_its_word() {
        for line in Line::ALL {
            assert_eq!(line.as_str().parse::<Line>(), Ok(*line));
        }
        let refusal = "pets".parse::<Purpose>().unwrap_err();
        assert!(refusal.to_string().contains("record-request"));
    }
}
