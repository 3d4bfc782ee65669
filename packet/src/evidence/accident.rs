//! Papers of a traffic accident (交通事故), one type each; a type holds what its paper holds and nothing more.
//!
//! The police's full report is a type of its own: it is not given to parties.

mod code;
mod place;

mod analysis;
mod appraisal;
mod certificate;
mod check;
mod notice;
mod photos;
mod report;
mod sketch;
mod slip;
mod statement;

pub use analysis::{AccidentPreliminaryAnalysis, AnalysedParty};
pub use appraisal::{AccidentAppraisal, AppraisalAnalysis, AppraisalFinding, AppraisedParty};
pub use certificate::{AccidentCertificate, CertifiedParty};
pub use check::{AccidentPaperCheck, CheckResult};
pub use code::{PoliceCode, PoliceCodeSystem, SourceCode};
pub use notice::{
    AccidentNotice, ClaimantCapacity, NoticeDriver, NoticeFile, NoticeFiler, NoticeKind, NoticePerson, NoticeVehicle,
};
pub use photos::{AccidentScenePhotos, ScenePhoto};
pub use place::{AccidentClass, Occurrence, Place, PoliceUnit, Wgs84};
pub use report::{AccidentReport, AccidentScene, ReportParty, ReportPerson};
pub use sketch::AccidentSceneSketch;
pub use slip::{AccidentRegistrationSlip, SlipParty};
pub use statement::{AccidentStatement, PoliceRecord, Standing, StatedVehicle};

#[cfg(test)]
pub(crate) mod tests;
