//! Accidents (車險理賠警資查證): parties and insurers file them, each police paper is asked for once on its day, verified once,
//! and given to every recipient in the share its ground carries.
//!
//! `open`: a filing becomes a claim of an accident. `ask`: papers that are due are asked for. `settle`: what came of it.
//! `revise`: what arrived becomes the next revision of each claim. `look`: how it stands, for who may see it. `arrive`,
//! `mydata`, `hand_in`: papers that come another way. `join`, `link`: two accidents that are one. `pictures`: what of a file is
//! passed on.

use claimgate_adapters::police::api::{Item, Paper};
use claimgate_packet::evidence::AccidentPaperCheck;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Engine, Fault};
use crate::core::accident::compare::Point;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{Filed, Known, PaperState, key_of, place_of_paper};
use crate::core::change::Change;
use crate::core::timeline::{Event, entries};
use crate::id::{AccidentId, ClaimId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::{FilingView, KeptAccident, KeptPaper};

mod arrive;
mod ask;
mod cover;
mod hand_in;
mod join;
mod link;
mod look;
mod mydata;
mod open;
mod pictures;
mod record;
mod revise;
mod settle;

pub use cover::{LookUp, NotLookedUp};
pub use hand_in::HandedIn;
pub use mydata::{Asking, FromMydata, NotTaken};
pub(in crate::flows) use open::{FILED_FORM, Filing};
pub use open::{NotOpened, Opening};
pub(in crate::flows) use revise::Revising;

/// The form of evidence that came over the police API.
const FORM: &str = "police-api-1";
/// The form of what was handed in.
const HANDED_IN: &str = "handed-in-1";
/// The form of what came over MyData.
const MYDATA_FORM: &str = "mydata-package";
/// How a paper that came over MyData is checked, and what stands for its source.
const MYDATA: &str = "mydata";

/// An accident as somebody may see it.
#[derive(Debug)]
pub struct AccidentSeen {
    /// The claim.
    pub claim: ClaimId,
    /// The accident.
    pub accident: AccidentId,
    /// Whose record it is; none where there is none.
    pub jurisdiction: Option<Jurisdiction>,
    /// The papers that are asked for.
    pub papers: Vec<PaperSeen>,
    /// Recipients, what each gets.
    pub recipients: Vec<RecipientSeen>,
    /// What the filer answered to the question whether filings are linked; for the filer alone.
    pub linking: Option<&'static str>,
    /// What was stated beside what was recorded.
    pub comparison: Vec<Point>,
}

/// A recipient and what it gets.
pub struct RecipientSeen {
    /// Who.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// `content` or `check`.
    pub share: &'static str,
    /// Its policy or claim number, as it was filed.
    pub number: Option<String>,
}

/// How a paper stands.
#[derive(Debug)]
pub struct PaperSeen {
    /// Which.
    pub item: Item,
    /// How it stands.
    pub state: PaperState,
    /// From which day it is given.
    pub on: Date,
    /// By which article.
    pub article: &'static str,
    /// Why it is not here.
    pub reason: Option<String>,
    /// The source's version.
    pub version: Option<i64>,
    /// Until when the check is relied on.
    pub holds_until: Option<Timestamp>,
    /// How what was handed in of it is labelled: method and result.
    pub handed_in: Option<(String, String)>,
}

claimgate_packet::opaque_debug!(RecipientSeen);

/// What is sealed of an accident, opened.
struct Opened {
    kept: KeptAccident,
    key: ClaimKey,
    known: Known,
}

impl Engine {
    /// The keyed digest an accident is found by.
    fn accident_case(&self, jurisdiction: Jurisdiction, number: &str) -> Mac {
        let number = crate::core::accident::compare::plain(number);
        self.index.text("accident.case", &[jurisdiction.as_str(), &number])
    }

    fn opened_accident(&self, kept: KeptAccident) -> Result<Opened, Fault> {
        let key = self.vault.open_claim_key(key_of(kept.id), &kept.wrapped_key)?;
        let row = kept.id.to_string();
        let plain = key.open(Place { table: "accident", row: &row, column: "body" }, &kept.body)?;
        let known = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("accident"))?;
        Ok(Opened { kept, key, known })
    }

    /// A paper of an accident, where it is here.
    async fn paper_of(&self, opened: &Opened, paper: &KeptPaper) -> Result<Option<Paper>, Fault> {
        if !paper.whole {
            return Ok(None);
        }
        let sealed = self.store.paper_content(opened.kept.id, paper.item).await?;
        sealed.map(|sealed| opened.paper(paper.item, &sealed)).transpose()
    }

    /// Tells the owner, the filer and the recipients of each claim of an accident how a paper stands.
    async fn tell_of_paper(
        &self,
        accident: AccidentId,
        (item, state, on): (Item, &'static str, Date),
        change: &mut Change,
    ) -> Result<(), Fault> {
        for (claim, opener) in self.store.claims_of_accident(accident).await? {
            let insurers = self.store.accident_recipients(claim).await?;
            let mut insurers: Vec<PartyId> = insurers.into_iter().map(|(party, ..)| party).collect();
            insurers.dedup();
            let event = Event::AccidentPaper { item: item.as_str(), state, on, insurers };
            change.tell(entries(claim, &opener, &event, self.now(), &self.random));
        }
        Ok(())
    }
}

/// What was filed as a claim.
pub(super) fn filed(key: &ClaimKey, filing: &FilingView) -> Result<Filed, Fault> {
    let row = filing.claim.to_string();
    let plain = key.open(Place { table: "accident_filing", row: &row, column: "body" }, &filing.body)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Stored("accident_filing"))
}

impl Opened {
    fn row(&self, item: Item) -> String {
        format!("{}/{}", self.kept.id, item.as_str())
    }

    fn seal(&self, item: Item, column: &'static str, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.key.seal(place_of_paper(&self.row(item), column), plain)?)
    }

    /// The check of a paper, with its receipt.
    fn check(&self, paper: &KeptPaper) -> Result<Option<AccidentPaperCheck>, Fault> {
        let Some(sealed) = &paper.receipt else { return Ok(None) };
        let plain = self.key.open(place_of_paper(&self.row(paper.item), "receipt"), sealed)?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| Fault::Stored("accident_paper"))
    }

    /// A paper from its sealed form.
    fn paper(&self, item: Item, sealed: &[u8]) -> Result<Paper, Fault> {
        let plain = self.key.open(place_of_paper(&self.row(item), "content"), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("accident_paper"))
    }
}
