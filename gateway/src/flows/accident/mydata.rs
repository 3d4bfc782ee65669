//! MyData as a channel of an accident: a transaction for the papers that are given now begins with one call, and what came of
//! it is taken into the claim, each document only if it is of this accident.
//!
//! The person's number is the app's to give each time; it is kept nowhere, so no transaction can begin without the person.

use claimgate_adapters::mydata::DataFile;
use claimgate_adapters::police::api::Item;
use claimgate_packet::evidence::{Document, Source};
use claimgate_packet::jose::digest::sha256_text;
use zeroize::Zeroizing;

use super::arrive::{Arrived, ArrivedFile, Checked, Taken, media_type};
use super::{AccidentSeen, MYDATA_FORM, NotOpened, Opened, filed};
use crate::core::accident::PaperState;
use crate::core::accident::belongs::{Fit, belongs};
use crate::core::accident::calendar::first_instant;
use crate::core::change::Change;
use crate::core::mydata::TransactionState;
use crate::core::timeline::{Audience, Entry, Event};
use crate::flows::mydata::{Begun, NotBegun, Order, Proved, documents};
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, EventId, MydataId};
use crate::party::PartyId;
use crate::store::{FilingView, KeptPaper};

/// The purpose under which accident papers are data sets.
pub(super) const PURPOSE: &str = "motor-claim";

/// What a person is asked for at MyData.
pub struct Asking {
    /// The person's number (身分證字號, 統一證號).
    pub person: Zeroizing<String>,
    /// The papers; none: each that is given by now and not here.
    pub items: Vec<Item>,
    /// The page the person is sent back to.
    pub return_to: Option<String>,
}

claimgate_packet::opaque_debug!(Asking);

/// What became of a document of a transaction.
#[derive(Debug)]
pub struct FromMydata {
    /// The data set.
    pub dataset: String,
    /// The evidence type.
    pub kind: String,
    /// A stable word.
    pub result: &'static str,
}

/// Why nothing of a transaction was looked at.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The claim or the transaction is not there, or another's.
    #[error("not found")]
    NotFound,
    /// Nothing is fetched from MyData here.
    #[error("nothing is fetched from MyData here")]
    Off,
    /// The transaction is for another claim.
    #[error("the transaction is for another claim")]
    OtherClaim,
    /// Nothing is proved in it.
    #[error("nothing is proved in the transaction")]
    Nothing,
    /// No document of it is of this accident.
    #[error("no document of the transaction is of this accident")]
    OtherAccident(Vec<FromMydata>),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<NotOpened> for NotTaken {
    fn from(error: NotOpened) -> Self {
        match error {
            NotOpened::Fault(fault) => Self::Fault(fault),
            _ => Self::NotFound,
        }
    }
}

impl Engine {
    /// Begins a transaction for papers of an accident.
    ///
    /// # Errors
    /// As [`Engine::begin_mydata`]; no data set where MyData gives no paper that is missing.
    pub async fn begin_accident_mydata(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        asking: Asking,
    ) -> Result<Begun, NotBegun> {
        let filing = self.store.filing(claim).await.map_err(Fault::from)?;
        let filing = filing.filter(|filing| filing.opener == *filer).ok_or(NotBegun::Claim)?;
        let setup = self.mydata.as_ref().ok_or(NotBegun::Off)?;
        let mut items = asking.items;
        if items.is_empty() {
            let papers = self.store.accident_papers(filing.accident).await.map_err(Fault::from)?;
            let given = |paper: &KeptPaper| first_instant(paper.on).is_some_and(|at| at <= self.now());
            let missing = papers.iter().filter(|paper| given(paper) && paper.state != PaperState::Arrived);
            items = missing.map(|paper| paper.item).collect();
        }
        let datasets: Vec<String> =
            items.iter().filter_map(|item| Some(setup.gives(item.as_str(), PURPOSE)?.name.clone())).collect();
        if datasets.is_empty() {
            return Err(NotBegun::Paper);
        }
        let (person, return_to) = (asking.person, asking.return_to);
        let order = Order { person, purpose: PURPOSE.to_owned(), datasets, return_to, claim: Some(claim) };
        self.begin_mydata(filer, order).await
    }

    /// Takes what came of a transaction into a claim. The same again changes nothing.
    ///
    /// # Errors
    /// See [`NotTaken`]; nothing was taken then.
    pub async fn take_mydata(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        id: MydataId,
    ) -> Result<(AccidentSeen, Vec<FromMydata>), NotTaken> {
        let filing = self.store.filing(claim).await.map_err(Fault::from)?;
        let filing = filing.filter(|filing| filing.opener == *filer).ok_or(NotTaken::NotFound)?;
        if self.mydata.is_none() {
            return Err(NotTaken::Off);
        }
        let shown = self.mydata_shown(filer, id).await?.ok_or(NotTaken::NotFound)?;
        if shown.transaction.claim.is_some_and(|of| of != claim) {
            return Err(NotTaken::OtherClaim);
        }
        if shown.transaction.state != TransactionState::Verified {
            return Err(NotTaken::Nothing);
        }
        let proved = documents(self, id).await?;
        if proved.is_empty() {
            return Err(NotTaken::Nothing);
        }
        let (mut results, arrived) = self.fitting(filer, &filing, proved).await?;
        if arrived.is_empty() {
            return Err(NotTaken::OtherAccident(results));
        }
        let (places, arrived): (Vec<usize>, Vec<Arrived>) = arrived.into_iter().unzip();
        let taken = self.arrive(claim, &arrived).await?.ok_or(NotTaken::NotFound)?;
        for (place, taken) in places.into_iter().zip(taken) {
            if let Some(result) = results.get_mut(place) {
                result.result = match taken {
                    Taken::New => "taken",
                    Taken::Same => "there-already",
                    Taken::Proved => "police-own-there",
                };
            }
        }
        Ok((self.accident_seen(claim, None).await?, results))
    }

    /// The documents of this accident, each with its place among the results.
    async fn fitting(
        &self,
        filer: &PartyId,
        filing: &FilingView,
        proved: Vec<Proved>,
    ) -> Result<(Vec<FromMydata>, Vec<(usize, Arrived)>), NotTaken> {
        let revising = self.revising(filing.claim).await?.ok_or(NotTaken::NotFound)?;
        let statement = filed(&revising.key, filing)?.statement;
        let kept = self.store.accident(filing.accident).await.map_err(Fault::from)?.ok_or(NotTaken::NotFound)?;
        let Opened { known, .. } = self.opened_accident(kept)?;
        let (mut results, mut arrived) = (Vec::new(), Vec::<(usize, Arrived)>::new());
        for one in proved {
            for document in &one.documents {
                let kind = document.kind().to_owned();
                let twice = arrived.iter().any(|(_, there)| is_twice(&there.document, document));
                let result = match belongs(document, &known, &statement.vehicles) {
                    _ if twice => "twice",
                    // Its owner is another person than the one who consented.
                    _ if one.person.as_deref() == Some("other") => "other-person",
                    Fit::Other => "other-accident",
                    Fit::Unclear => "unclear",
                    Fit::This => "taken",
                };
                if result == "taken" {
                    arrived.push((results.len(), arrived_of(filer, &one, document)));
                }
                results.push(FromMydata { dataset: one.dataset.clone(), kind, result });
            }
        }
        Ok((results, arrived))
    }

    /// Tells the owners of an accident that a paper is given now, and that they can have it over MyData: where each recipient
    /// that has a ground waits for it and nobody can be asked without the person.
    pub(super) async fn remind_of_mydata(
        &self,
        opened: &Opened,
        paper: &KeptPaper,
        change: &mut Change,
    ) -> Result<(), Fault> {
        let item = paper.item.as_str();
        if self.mydata.as_deref().is_none_or(|setup| setup.gives(item, PURPOSE).is_none()) {
            return Ok(());
        }
        for (claim, _) in self.store.claims_of_accident(opened.kept.id).await? {
            let recipients = self.store.accident_recipients(claim).await?;
            if !recipients.iter().any(|(_, _, ground, ended)| ground.is_some() && ended.is_none()) {
                continue;
            }
            let link = format!("/claims/v1/accidents/{claim}/mydata");
            let event = Event::AccidentMydata { item, on: paper.on, link };
            let (id, at) = (EventId::new(self.now(), &self.random), self.now());
            change.tell(vec![Entry { id, claim, at, audience: Audience::Owner, event }]);
        }
        Ok(())
    }
}

/// Papers of one kind are one paper; of vehicles there may be several.
fn is_twice(there: &Document, document: &Document) -> bool {
    match document {
        Document::VehicleRegistration(_) => there == document,
        _ => there.kind() == document.kind(),
    }
}

fn arrived_of(filer: &PartyId, proved: &Proved, document: &Document) -> Arrived {
    // A file of no kind that is passed on stays in the provider's archive.
    let file = |file: &DataFile| {
        let media_type = media_type(&file.bytes)?;
        Some(ArrivedFile { name: file.name.clone(), media_type, content: file.bytes.clone() })
    };
    Arrived {
        document: document.clone(),
        files: proved.files.iter().filter_map(file).collect(),
        source: Source { party: filer.to_string(), form: MYDATA_FORM.to_owned() },
        proof: proved.verification(),
        checked: Some(Checked { digest: sha256_text(&proved.archive), answer: proved.package.clone() }),
    }
}
