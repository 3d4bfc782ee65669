//! Which evidence a line of insurance gets for a purpose. The default is nothing (個人資料保護法 §5).

use claimgate_packet::evidence::{DIAGNOSIS_CERTIFICATE, LAB_REPORT, MEDICAL_RECEIPT, PRESCRIPTION};
use claimgate_packet::words::{Line, Purpose};

/// The evidence types a recipient of this line gets for this purpose; least first.
///
/// Reimbursement needs the receipt and what explains it; a personal accident policy pays on the certificate and
/// the receipt; fixed sums pay on the certificate alone. A prescription explains drugs on a receipt, so individual
/// reimbursement gets it. Everything not listed is withheld; a medical record is on no line's list.
#[must_use]
pub fn granted_types(line: Line, purpose: Purpose) -> &'static [&'static str] {
    match (purpose, line) {
        (Purpose::ClaimAssessment, Line::HealthReimbursement) => {
            &[DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT, LAB_REPORT, PRESCRIPTION]
        }
        (Purpose::ClaimAssessment, Line::Group | Line::Travel) => &[DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT, LAB_REPORT],
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
    use claimgate_packet::evidence::MEDICAL_RECORD;

    use super::*;

    #[test]
    fn a_line_never_gets_laboratory_results_it_does_not_assess() {
        assert!(granted_types(Line::HealthReimbursement, Purpose::ClaimAssessment).contains(&LAB_REPORT));
        for line in [Line::Accident, Line::HealthDaily, Line::MotorDamage, Line::MotorCompulsory] {
            assert!(!granted_types(line, Purpose::ClaimAssessment).contains(&LAB_REPORT), "{line}");
        }
    }

    #[test]
    fn a_prescription_goes_to_reimbursement_only_and_a_record_to_nobody() {
        for line in Line::ALL {
            for purpose in [Purpose::ClaimAssessment, Purpose::RecordRequest] {
                let granted = granted_types(*line, purpose);
                let reimburses = *line == Line::HealthReimbursement && purpose == Purpose::ClaimAssessment;
                assert_eq!(granted.contains(&PRESCRIPTION), reimburses, "{line}");
                assert!(!granted.contains(&MEDICAL_RECORD), "{line}");
            }
        }
    }

    #[test]
    fn a_purpose_without_a_rule_gets_nothing() {
        for line in Line::ALL {
            assert!(granted_types(*line, Purpose::Subrogation).is_empty());
        }
    }
}
