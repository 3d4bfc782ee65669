//! Which guide a document follows, by what it says of itself: Composition.type, meta.profile, its resources.
//!
//! The same readers serve every shape; the shape only decides what a document must hold and what a Condition
//! is: a certificate (iClaim), or a diagnosis written in a record.

use crate::bundle::Bundle;
use crate::element::Element;

/// Canonical of iClaim's Bundle profile (`BundleiClaim`).
pub const BUNDLE_PROFILE: &str = "https://claim.cgh.org.tw/iclaim/StructureDefinition/bundle-iclaim";

/// The profile that makes a document a record whatever its type says: a gateway's own, for a recipient's repository.
pub const RECORD: &str = "urn:claimgate:medical-record";

/// LOINC, the system of Composition.type.
const LOINC: &str = "http://loinc.org";

/// iClaim's own document type.
const CLAIM_DOCUMENT: &str = "64291-8";

/// 電子處方箋, 調劑單張.
const PRESCRIPTIONS: [&str; 2] = ["57833-6", "29304-3"];

/// 出院病摘, 門診病歷 (two codes in use), 病歷, 手術紀錄, 入院病摘, 急診病歷, 護理紀錄, 病理報告, 影像報告.
const RECORDS: [&str; 10] =
    ["18842-5", "34117-2", "34108-1", "11503-0", "11504-8", "47039-3", "34111-5", "34746-8", "11526-1", "18748-4"];

/// The shapes a document comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// iClaim 醫療保險理賠: Claim is the receipt, Condition the certificate.
    IClaim,
    /// Invoice + ChargeItem receipts.
    Invoice,
    /// TW Core document: discharge summary, outpatient record.
    Record,
    /// TW EMPD 電子處方箋 and 調劑單張.
    Prescription,
}

impl Shape {
    /// The shape of a Bundle.
    #[must_use]
    pub fn of(bundle: &Bundle<'_>) -> Self {
        let composition = bundle.all("Composition").next();
        let mut stated = profiles(bundle.head());
        stated.extend(composition.map(profiles).unwrap_or_default());
        let named = |part: &str| stated.iter().any(|profile| profile.contains(part));
        let kinds = composition.map(types).unwrap_or_default();
        let typed = |known: &[&str]| kinds.iter().any(|code| known.contains(code));
        let has = |kind| bundle.all(kind).next().is_some();

        let money = if has("Claim") || !has("Invoice") { Self::IClaim } else { Self::Invoice };
        // What a document says it is comes before what is in it.
        if stated.contains(&RECORD) {
            Self::Record
        } else if named("claim.cgh.org.tw/iclaim/") || named("/insurance-claim/") || typed(&[CLAIM_DOCUMENT]) {
            money
        } else if typed(&PRESCRIPTIONS) {
            Self::Prescription
        } else if typed(&RECORDS) {
            Self::Record
        } else if has("Claim") || has("Invoice") {
            money
        } else if named("nhicore.nhi.gov.tw/empd/") {
            Self::Prescription
        } else if named("twcore.mohw.gov.tw/ig/") || named("/clinemr/") || named("/imri/") {
            Self::Record
        } else {
            money
        }
    }

    /// The form word of evidence read from it.
    #[must_use]
    pub fn form(self) -> &'static str {
        match self {
            Self::IClaim => "fhir-r4-iclaim",
            Self::Invoice => "fhir-r4-invoice",
            Self::Record => "fhir-r4-twcore",
            Self::Prescription => "fhir-r4-empd",
        }
    }

    /// Whether a document of it must hold a receipt.
    #[must_use]
    pub fn needs_receipt(self) -> bool {
        matches!(self, Self::IClaim | Self::Invoice)
    }
}

fn profiles<'a>(element: &Element<'a>) -> Vec<&'a str> {
    element.child("meta").map(|meta| meta.strings("profile")).unwrap_or_default()
}

/// The LOINC codes of Composition.type.
fn types<'a>(composition: &Element<'a>) -> Vec<&'a str> {
    let codings = composition.child("type").map(|kind| kind.children("coding")).unwrap_or_default();
    let loinc = codings.iter().filter(|coding| coding.string("system").is_none_or(|system| system == LOINC));
    loinc.filter_map(|coding| coding.string("code")).collect()
}
