//! Namespaces of identifiers as Taiwanese guides write them, folded to one spelling.
//!
//! Seen in official examples: a slash at the end, `http` and `https`, one code list under five guides.

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
        let host = host.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
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

/// A system in its one spelling: known ones as TW Core writes them, others without the slash at the end.
#[must_use]
pub fn canonical(system: &str) -> &str {
    match Namespace::of(system) {
        Some(known) => known.uri(),
        None => system.trim().trim_end_matches('/'),
    }
}
