//! A paper somebody hands in (上傳), a scan or a PDF: it goes out labelled unverified, until the police's own comes, with the
//! check of its number, in its place.

use claimgate_adapters::police::api::Item;
use claimgate_packet::evidence::{Document, Source};
use serde_json::json;

use super::arrive::{Arrived, ArrivedFile, Proof};
use super::open::faulty;
use super::{AccidentSeen, FORM, NotOpened, filed};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::party::PartyId;

/// The form of what was handed in.
const HANDED_IN: &str = "handed-in-1";

impl Engine {
    /// Takes a paper that was handed in; nothing is done where the police's own is here.
    ///
    /// # Errors
    /// Another's accident, bytes that are no picture and no PDF, or a fault of ours.
    pub async fn hand_in_paper(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        (item, content): (Item, Vec<u8>),
    ) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?.filter(|filing| filing.opener == *filer);
        let filing = filing.ok_or(NotOpened::NotFound)?;
        let revising = self.revising(claim).await?.ok_or(NotOpened::NotFound)?;
        let own = |kind: &str, form: &str| kind == item.as_str() && form == FORM;
        if revising.evidence.iter().any(|one| own(one.document.kind(), &one.source.form)) {
            return self.accident_seen(claim, None).await;
        }
        let media_type = match content.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'%', b'P', b'D', b'F', ..] => "application/pdf",
            _ => return Err(faulty("/content", "A PNG, a JPEG or a PDF, in base64")),
        };
        let stated = filed(&revising.key, &filing)?.statement;
        // Nobody has read it: of its type it holds what was stated, and the file beside it.
        let mut document = json!({ "occurrence": stated.occurrence, "unit": {} });
        let empty = match item {
            Item::AccidentRegistrationSlip | Item::AccidentPreliminaryAnalysis => Some("parties"),
            Item::AccidentScenePhotos => Some("photos"),
            Item::AccidentSceneSketch => None,
        };
        if let (Some(members), Some(name)) = (document.as_object_mut(), empty) {
            members.insert(name.to_owned(), json!([]));
        }
        let kind = item.as_str();
        let document = Document::from_json(kind, &format!("{kind}/1"), document).map_err(|_| Fault::Stored("paper"))?;
        let arrived = Arrived {
            document,
            files: vec![ArrivedFile { media_type, content }],
            source: Source { party: filer.to_string(), form: HANDED_IN.to_owned() },
            proof: Proof { method: "handed-in", result: "unverified", key: None, at: self.now() },
        };
        self.arrive(claim, &arrived).await?;
        self.accident_seen(claim, None).await
    }
}
