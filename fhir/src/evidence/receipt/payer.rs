//! Who pays a line: the codes and words that say it.

use claimgate_packet::evidence::{Concept, Payer, ReductionKind};

use crate::terms;

/// Our own words for who pays, for sources that have none: `self-pay`, `copay`, `nhi`.
const PAYER_SYSTEM: &str = "urn:claimgate:payer";

const SELF_PAY: &str = "http://terminology.hl7.org/CodeSystem/coverage-selfpay";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// NHI's copay codes (部分負擔代碼): whatever the code, it is a copay.
const COPAY_CODES: &str = "https://nhicore.nhi.gov.tw/empd/CodeSystem/PartCode-cs";
const SELF_PAY_STATUS: &str = "https://nhicore.nhi.gov.tw/empd/CodeSystem/SelfpayStatus-cs";

/// What several concepts say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// One payer.
    One(Payer),
    /// Both the patient and NHI.
    Contrary,
    /// Nothing.
    Nothing,
}

/// Who pays, by all of these.
pub(super) fn of<'c>(concepts: impl IntoIterator<Item = &'c Concept>) -> Said {
    let mut said = Said::Nothing;
    for payer in concepts.into_iter().flat_map(each) {
        said = match (said, payer) {
            (Said::Nothing, payer) => Said::One(payer),
            (Said::One(known), payer) if known == payer => Said::One(known),
            // A copay is paid by the patient too; the narrower word counts.
            (Said::One(Payer::SelfPay | Payer::Copay), Payer::SelfPay | Payer::Copay) => Said::One(Payer::Copay),
            _ => return Said::Contrary,
        };
    }
    said
}

/// Who pays, by one concept: by its codes, otherwise by its words.
fn each(concept: &Concept) -> Vec<Payer> {
    let codes = terms::codes(concept).filter_map(|(system, code)| match (system, code) {
        (SELF_PAY, "pay") | (PAYER_SYSTEM, "self-pay") | (SELF_PAY_STATUS, "00") => Some(Payer::SelfPay),
        (PAYER_SYSTEM, "copay") | (COPAY_CODES, _) => Some(Payer::Copay),
        (ACT_CODE, "PUBLICPOL") | (PAYER_SYSTEM, "nhi") => Some(Payer::Nhi),
        _ => None,
    });
    let codes: Vec<Payer> = codes.collect();
    if !codes.is_empty() {
        return codes;
    }
    let words = terms::words(concept).find_map(|words| match words {
        "自費" => Some(Payer::SelfPay),
        "部分負擔" => Some(Payer::Copay),
        "健保" => Some(Payer::Nhi),
        _ => None,
    });
    words.into_iter().collect()
}

/// Our own words for who gives up the amount of a reduction: `hospital`, `subsidy`.
const REDUCTION_SYSTEM: &str = "urn:claimgate:reduction";

/// Who gives up the amount of a reduction, by its code, otherwise by the words in it.
pub(super) fn reduction(reason: Option<&Concept>) -> Option<ReductionKind> {
    let reason = reason?;
    let coded = terms::codes(reason).find_map(|pair| match pair {
        (REDUCTION_SYSTEM, "hospital") => Some(ReductionKind::Hospital),
        (REDUCTION_SYSTEM, "subsidy") => Some(ReductionKind::Subsidy),
        _ => None,
    });
    let says = |words: &str, any: &[&str]| any.iter().any(|part| words.contains(part));
    coded.or_else(|| {
        terms::words(reason).find_map(|words| match words {
            words if says(words, &["補助", "公費"]) => Some(ReductionKind::Subsidy),
            words if says(words, &["減免", "優免", "優待", "折扣", "折讓"]) => Some(ReductionKind::Hospital),
            _ => None,
        })
    })
}

/// Whether a concept only says who pays: what says more, as a copay code does, is kept beside the payer.
pub(super) fn says_only_that(concept: &Concept) -> bool {
    !each(concept).is_empty() && terms::codes(concept).all(|(system, _)| system != COPAY_CODES)
}
