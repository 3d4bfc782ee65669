//! Why a signature does not count: the sentences a hospital reads. They name places and remedies, never a value.

use claimgate_fhir::outcome::{Issue, IssueKind};

/// What becomes of the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It can be checked and does not verify: the push is refused.
    Invalid,
    /// It verifies, but for another hospital: the push is refused.
    ForeignInstitution,
    /// Nothing here can check it: it proves nothing, the push is taken as one without.
    NotChecked,
}

/// Why one signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    verdict: Verdict,
    text: &'static str,
}

/// A signature that does not verify.
pub(super) const fn invalid(text: &'static str) -> Fault {
    Fault { verdict: Verdict::Invalid, text }
}

/// A signature nothing here can check.
pub(super) const fn not_checked(text: &'static str) -> Fault {
    Fault { verdict: Verdict::NotChecked, text }
}

/// A signature of another hospital.
pub(super) const FOREIGN: Fault = Fault {
    verdict: Verdict::ForeignInstitution,
    text: "The signer's certificate names another institution than the Bundle. Sign with the certificate (醫事憑證) of \
           the institution whose code the Bundle carries.",
};

impl Fault {
    /// The sentence alone.
    pub(super) fn text(self) -> &'static str {
        self.text
    }

    /// As a finding.
    pub(super) fn issue(self, place: &str) -> Issue {
        let issue = match self.verdict {
            Verdict::Invalid => {
                Issue::error(IssueKind::Security, "signature.invalid", self.text).zh("電子簽章驗證失敗")
            }
            Verdict::ForeignInstitution => {
                Issue::error(IssueKind::Security, "signature.institution-mismatch", self.text)
                    .zh("簽章憑證的醫事機構與文件不符")
            }
            Verdict::NotChecked => Issue::warning(IssueKind::NotSupported, "signature.not-checked", self.text)
                .zh("電子簽章未經驗證，僅能證明傳輸來源"),
        };
        issue.at(place)
    }
}
