//! Namespaces of identifiers and code systems as Taiwanese guides write them, folded to one spelling.
//!
//! Seen in official examples: a slash at the end, `http` and `https`, one code list under five guides.

/// Hosts of the namespaces we know.
const HOSTS: [&str; 9] = [
    "moi.gov.tw",
    "ris.gov.tw",
    "immigration.gov.tw",
    "boca.gov.tw",
    "hl7.org",
    "gcis.nat.gov.tw",
    "oid.nat.gov.tw",
    "twcore.mohw.gov.tw",
    "nhicore.nhi.gov.tw",
];

/// What an identifier's system means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// 國民身分證 (內政部).
    NationalId,
    /// 居留證 (內政部移民署).
    ResidentNumber,
    /// 護照.
    Passport,
    /// 統一編號 (經濟部).
    Ubn,
    /// 醫事機構代碼 (衛生福利部).
    Institution,
    /// 政府機關 OID.
    Government,
}

impl Namespace {
    /// The spelling TW Core uses.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::NationalId => "http://www.moi.gov.tw",
            Self::ResidentNumber => "http://www.immigration.gov.tw",
            Self::Passport => "http://hl7.org/fhir/sid/passport-TWN",
            Self::Ubn => "https://gcis.nat.gov.tw",
            Self::Institution => "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw",
            Self::Government => "https://oid.nat.gov.tw",
        }
    }

    /// What a system means, if it is one of these.
    #[must_use]
    pub fn of(system: &str) -> Option<Self> {
        let bare = system.trim().trim_end_matches('/');
        let bare = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"))?;
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        let host = host.strip_prefix("www.").unwrap_or(host);
        // Looked at for every code of every input: hosts that are none of these go without a copy.
        let host = HOSTS.into_iter().find(|known| known.eq_ignore_ascii_case(host))?;
        Some(match (host, path) {
            ("moi.gov.tw" | "ris.gov.tw", "") => Self::NationalId,
            ("immigration.gov.tw", "") => Self::ResidentNumber,
            ("boca.gov.tw", "") | ("hl7.org", "fhir/sid/passport-TWN") => Self::Passport,
            ("gcis.nat.gov.tw", "") => Self::Ubn,
            ("oid.nat.gov.tw", "") => Self::Government,
            (
                "twcore.mohw.gov.tw",
                "ig/twcore/CodeSystem/organization-identifier-tw"
                | "ig/pas/CodeSystem/organization-identifier-tw"
                | "ig/emr/CodeSystem/organization-identifier",
            )
            | (
                "nhicore.nhi.gov.tw",
                "pas/CodeSystem/organization-identifier-tw"
                | "base/CodeSystem/organization-identifier-tw"
                | "ci/CodeSystem/organization-identifier-tw",
            ) => Self::Institution,
            _ => return None,
        })
    }
}

/// Code systems of TW Core, as 0.3.2 and 0.3.3 write them.
const TW_CORE: [&str; 30] = [
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2021-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2014-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-9-cm-2001-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2023-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2021-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2014-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-nhi-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/nhi-medication-ch-herb-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-fda-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-device-fda-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medcation-atc-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-frequency-nhi-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-path-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-consultation-department-nhi-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-treatment-department-nhi-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/v2-0203",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/occupation-lia-roc-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/occupation-mol-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/industry-dgbas-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code3-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code5-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code6-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/health-professional-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/marital-status-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/category-code-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/careplan-category-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/provenance-participant-type-tw",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw",
];

/// (other name, the name in [`TW_CORE`]). One guide writes a department's list with and without `nhi`; 0.3.2 has a
/// slip of the pen that later versions correct.
const RENAMED: [(&str, &str); 3] = [
    ("medical-consultation-department-tw", "medical-consultation-department-nhi-tw"),
    ("medical-treatment-department-tw", "medical-treatment-department-nhi-tw"),
    ("medication-atc-tw", "medcation-atc-tw"),
];

/// Systems of all the world in their one spelling, by (host without `www.`, path).
const WORLD: [(&str, &str, &str); 5] = [
    ("loinc.org", "", "http://loinc.org"),
    ("snomed.info", "sct", "http://snomed.info/sct"),
    ("unitsofmeasure.org", "", "http://unitsofmeasure.org"),
    ("terminology.hl7.org", "CodeSystem/v2-0203", "http://terminology.hl7.org/CodeSystem/v2-0203"),
    ("hl7.org", "fhir/v2/0203", "http://terminology.hl7.org/CodeSystem/v2-0203"),
];

/// A system in its one spelling: known ones as TW Core writes them, others without the slash at the end.
#[must_use]
pub fn canonical(system: &str) -> &str {
    if let Some(known) = Namespace::of(system) {
        return known.uri();
    }
    let bare = system.trim().trim_end_matches('/');
    code_system(bare).unwrap_or(bare)
}

fn code_system(bare: &str) -> Option<&'static str> {
    let rest = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.strip_prefix("www.").unwrap_or(host);
    if !host.eq_ignore_ascii_case("twcore.mohw.gov.tw") {
        return WORLD
            .into_iter()
            .find(|(known, place, _)| *place == path && known.eq_ignore_ascii_case(host))
            .map(|(_, _, uri)| uri);
    }
    // `ig/twcore/1.0.0/CodeSystem/…` is where a version is published, not another system.
    let (version, name) = path.strip_prefix("ig/twcore/")?.split_once("CodeSystem/")?;
    if !version.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/')) {
        return None;
    }
    let name = RENAMED.into_iter().find(|(other, _)| *other == name).map_or(name, |(_, name)| name);
    TW_CORE.into_iter().find(|uri| uri.rsplit('/').next() == Some(name))
}
