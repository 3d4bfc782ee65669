//! A paper somebody hands in (上傳), a scan or a PDF: it goes out labelled unverified, until its source confirms the number, or
//! gives its own, which then stands in its place. A number nobody knew before is the accident's from then on.

use claimgate_adapters::police::api::{Item, is_case_number};
use claimgate_adapters::signature::{PdfStanding, Revocation, check_pdf};
use claimgate_packet::evidence::accident::CheckResult;
use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use serde_json::json;

use super::arrive::{Arrived, ArrivedFile, media_type};
use super::open::faulty;
use super::revise::Revising;
use super::{AccidentSeen, HANDED_IN, MYDATA, NotOpened, Opened, filed};
use crate::core::accident::compare::plain;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{NUMBER_CHECK, PaperState};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::party::PartyId;
use crate::store::KeptPaper;

/// Photos of one claim that were handed in.
const MOST_PHOTOS: usize = 20;
/// How what nobody has checked is labelled.
const SCAN: (&str, &str) = ("handed-in", "unverified");

/// What somebody hands in.
pub struct HandedIn {
    /// Which paper.
    pub item: Item,
    /// Its bytes.
    pub content: Vec<u8>,
    /// The police case number on it.
    pub number: Option<String>,
    /// Whose record it is, where the claim does not say.
    pub jurisdiction: Option<Jurisdiction>,
}

claimgate_packet::opaque_debug!(HandedIn);

impl Engine {
    /// Takes a paper that was handed in; nothing is done where one that is proved is here.
    ///
    /// # Errors
    /// Another's accident, bytes that are no picture and no PDF, a number that is none, or a fault of ours.
    pub async fn hand_in_paper(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        handed: HandedIn,
    ) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?.filter(|filing| filing.opener == *filer);
        let filing = filing.ok_or(NotOpened::NotFound)?;
        let revising = self.revising(claim).await?.ok_or(NotOpened::NotFound)?;
        let HandedIn { item, content, number, jurisdiction } = handed;
        let media_type = media_type(&content).ok_or_else(|| faulty("/content", "A PNG, a JPEG or a PDF, in base64"))?;
        if number.as_deref().is_some_and(|number| !is_case_number(number)) {
            return Err(faulty("/number", "1 to 40 letters, digits and hyphens"));
        }
        let photos = revising.evidence.iter().filter(|one| is_scan(one, item)).count();
        if item == Item::AccidentScenePhotos && photos >= MOST_PHOTOS {
            return Err(faulty("/item", "20 photos are here that were handed in: these are all that are taken"));
        }
        let stated = filed(&revising.key, &filing)?.statement;
        let whose = jurisdiction.or_else(|| stated.record.jurisdiction.as_deref()?.parse().ok());
        if let (Some(number), Some(whose)) = (&number, whose) {
            self.name_accident(filer, claim, (whose, number)).await?;
        }
        // Nobody has read it: of its type it holds what was stated, and the file beside it.
        let mut document = json!({ "occurrence": stated.occurrence, "unit": {} });
        let name = "handed-in";
        if let Some(members) = document.as_object_mut() {
            let (member, value) = match item {
                Item::AccidentRegistrationSlip | Item::AccidentPreliminaryAnalysis => ("parties", json!([])),
                Item::AccidentScenePhotos => ("photos", json!([{ "attachment": name }])),
                Item::AccidentSceneSketch => ("drawing", json!(name)),
            };
            members.insert(member.to_owned(), value);
            members.extend(number.map(|number| ("number".to_owned(), json!(number))));
        }
        let kind = item.as_str();
        let document = Document::from_json(kind, &format!("{kind}/1"), document).map_err(|_| Fault::Stored("paper"))?;
        let proof = self.looked_at(&content).await?;
        let arrived = Arrived {
            document,
            files: vec![ArrivedFile { name: name.to_owned(), media_type, content }],
            source: Source { party: filer.to_string(), form: HANDED_IN.to_owned() },
            proof,
            checked: None,
        };
        self.arrive(claim, &[arrived]).await?.ok_or(NotOpened::NotFound)?;
        self.accident_seen(claim, None).await
    }

    /// What a file proves by itself: a PDF may be signed.
    async fn looked_at(&self, content: &[u8]) -> Result<Verification, Fault> {
        let (file, authorities, now) = (content.to_vec(), self.authorities.present(), self.now());
        let standing = tokio::task::spawn_blocking(move || {
            check_pdf(&file, authorities.as_deref().map(|loaded| &loaded.authorities), now)
        });
        let (method, result, key) = match standing.await.map_err(|_| Fault::Task)? {
            PdfStanding::Signed(signer) => {
                let good = signer.revocation == Revocation::Good;
                let result = if good { "signed" } else { "signed-revocation-unchecked" };
                ("pdf-signature", result, Some(signer.certificate))
            }
            PdfStanding::Unsigned => (SCAN.0, SCAN.1, None),
            PdfStanding::Unchecked(_) => (SCAN.0, "signature-unchecked", None),
            PdfStanding::Invalid(_) => (SCAN.0, "signature-invalid", None),
        };
        Ok(Verification { method: method.to_owned(), result: result.to_owned(), at: now, key })
    }

    /// What became of the numbers of papers that were handed in: each is labelled anew where its source was asked about it.
    /// Nothing is refused by it; what does not agree is there for people.
    pub(super) fn label_handed_in(
        &self,
        revising: &mut Revising,
        opened: &Opened,
        papers: &[KeptPaper],
    ) -> Result<(), Fault> {
        let scans: Vec<Evidence> = revising.evidence.iter().filter(|one| is_open(one)).cloned().collect();
        for scan in scans {
            let Some((result, at)) = self.number_found(revising, opened, (&scan, papers)) else { continue };
            if (scan.verified.method.as_str(), scan.verified.result.as_str()) == (NUMBER_CHECK, result) {
                continue;
            }
            revising.supersede(|one| one.id == scan.id)?;
            let verified = Verification { method: NUMBER_CHECK.to_owned(), result: result.to_owned(), at, key: None };
            self.add_evidence(revising, Evidence { verified, ..scan })?;
        }
        Ok(())
    }

    fn number_found(
        &self,
        revising: &Revising,
        opened: &Opened,
        (scan, papers): (&Evidence, &[KeptPaper]),
    ) -> Option<(&'static str, jiff::Timestamp)> {
        let kind = scan.document.kind();
        if let (Some(said), Some(known)) = (number(&scan.document), &opened.known.number)
            && plain(said) != plain(known)
        {
            return Some(("other-number", self.now()));
        }
        let checks = revising.evidence.iter().filter_map(|one| match &one.document {
            Document::AccidentPaperCheck(check) => Some(check),
            _ => None,
        });
        let mut checks = checks.filter(|check| check.paper == kind && check.method != MYDATA);
        if let Some(check) = checks.find(|check| check.result == CheckResult::Authentic) {
            return Some(("confirmed", check.checked_at));
        }
        let gone = |paper: &KeptPaper| {
            let unknown = paper.reason.as_deref() == Some("unknown");
            paper.item.as_str() == kind && paper.state == PaperState::NotAvailable && unknown
        };
        papers.iter().any(gone).then(|| ("not-found", self.now()))
    }
}

/// Whether evidence is a scan of a paper.
pub(super) fn is_scan(one: &Evidence, item: Item) -> bool {
    one.source.form == HANDED_IN && one.document.kind() == item.as_str()
}

/// Whether the label of a scan is that of its number: what its own signature says is not overwritten.
fn is_open(one: &Evidence) -> bool {
    let label = (one.verified.method.as_str(), one.verified.result.as_str());
    one.source.form == HANDED_IN && (label == SCAN || label.0 == NUMBER_CHECK)
}

fn number(document: &Document) -> Option<&String> {
    match document {
        Document::AccidentRegistrationSlip(paper) => paper.number.as_ref(),
        Document::AccidentSceneSketch(paper) => paper.number.as_ref(),
        Document::AccidentScenePhotos(paper) => paper.number.as_ref(),
        Document::AccidentPreliminaryAnalysis(paper) => paper.number.as_ref(),
        _ => None,
    }
}
