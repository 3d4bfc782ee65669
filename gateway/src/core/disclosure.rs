//! Which evidence a line of insurance gets for a purpose. The default is nothing (個人資料保護法 §5).

use claimgate_packet::evidence::{DIAGNOSIS_CERTIFICATE, LAB_REPORT, MEDICAL_RECEIPT};
use claimgate_packet::words::{Line, Purpose};

/// The evidence types a recipient of this line gets for this purpose; least first.
///
/// Reimbursement needs the receipt and what explains it; a personal accident policy pays on the certificate and
/// the receipt; fixed sums pay on the certificate alone. Everything not listed is withheld.
#[must_use]
pub fn granted_types(line: Line, purpose: Purpose) -> &'static [&'static str] {
    match (purpose, line) {
        (Purpose::ClaimAssessment, Line::HealthReimbursement | Line::Group | Line::Travel) => {
            &[DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT, LAB_REPORT]
        }
        (Purpose::ClaimAssessment, Line::CriticalIllness) => &[DIAGNOSIS_CERTIFICATE, LAB_REPORT],
        (
            Purpose::ClaimAssessment,
            Line::Accident
            | Line::MotorCompulsory
            | Line::MotorLiability
            | Line::MotorDriverInjury
            | Line::MotorPassenger,
        ) => &[DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT],
        (Purpose::ClaimAssessment, Line::HealthDaily | Line::Disability | Line::Life) => &[DIAGNOSIS_CERTIFICATE],
        (Purpose::ClaimAssessment, Line::MotorDamage | Line::MotorTheft)
        | (Purpose::RecordRequest | Purpose::Subrogation | Purpose::StatutoryNotice, _) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_gets_laboratory_results_it_does_not_assess() {
        assert!(granted_types(Line::HealthReimbursement, Purpose::ClaimAssessment).contains(&LAB_REPORT));
        for line in [Line::Accident, Line::HealthDaily, Line::MotorDamage, Line::MotorCompulsory] {
            assert!(!granted_types(line, Purpose::ClaimAssessment).contains(&LAB_REPORT), "{line}");
        }
    }

    #[test]
    fn a_purpose_without_a_rule_gets_nothing() {
        for line in Line::ALL {
            assert!(granted_types(*line, Purpose::Subrogation).is_empty());
        }
    }
}
