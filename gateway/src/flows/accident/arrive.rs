//! A document of a claim of an accident that came another way than the police API: from MyData, or handed in. It stands in
//! that claim alone, with what proves it; a consent for one transfer is no consent for others.

use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use jiff::Timestamp;

use crate::core::change::{Change, NextRevision, Write};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::ClaimId;

/// A document that arrived.
#[derive(Clone)]
pub struct Arrived {
    /// The document.
    pub document: Document,
    /// Its files.
    pub files: Vec<ArrivedFile>,
    /// Who handed it over and in which form, for example the data provider and `mydata-1`.
    pub source: Source,
    /// What proves it.
    pub proof: Proof,
}

/// A file of a document that arrived.
#[derive(Clone)]
pub struct ArrivedFile {
    /// `image/png`, `image/jpeg` or `application/pdf`, found by content.
    pub media_type: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

claimgate_packet::opaque_debug!(Arrived, ArrivedFile);

/// What proves a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// For example `mydata`, or `handed-in`, which proves nothing.
    pub method: &'static str,
    /// For example `accepted`, or `unverified`.
    pub result: &'static str,
    /// The key or certificate that proved it, where there is one.
    pub key: Option<String>,
    /// When it was proved.
    pub at: Timestamp,
}

impl Engine {
    /// Takes a document into a claim of an accident, in place of one of the same type from the same source, as its next
    /// revision; the recipients' packets follow by themselves. `false`: the very same is there already, or the claim is out
    /// of use.
    ///
    /// # Errors
    /// No claim of an accident, or a fault of ours.
    pub async fn arrive(&self, claim: ClaimId, arrived: &Arrived) -> Result<bool, Fault> {
        self.store.filing(claim).await?.ok_or(Fault::Stored("accident_filing"))?;
        for _ in 0..TRIES {
            let Some(mut revising) = self.revising(claim).await? else { return Ok(false) };
            let same = |one: &Evidence| one.document == arrived.document && one.source == arrived.source;
            if revising.evidence.iter().any(same) {
                return Ok(false);
            }
            let mut attachments = Vec::new();
            for file in &arrived.files {
                attachments.push(self.attach(&mut revising, file.media_type, file.content.clone()).await?);
            }
            let kind = arrived.document.kind();
            revising.supersede(|one| one.document.kind() == kind && one.source == arrived.source)?;
            let Proof { method, result, key, at } = arrived.proof.clone();
            let verified = Verification { method: method.to_owned(), result: result.to_owned(), at, key };
            let (source, document) = (arrived.source.clone(), arrived.document.clone());
            let id = String::new();
            self.add_evidence(
                &mut revising,
                Evidence { id, source, obtained: self.now(), verified, attachments, document },
            )?;
            let head = &revising.head;
            let mut change = Change::new("document_arrived");
            let next = NextRevision { id: claim, version: head.version, revision: revising.revision, at: self.now() };
            change.push(Write::NextRevision(next));
            change.writes.append(&mut revising.writes);
            change.push(self.due(claim));
            let of = [("type", kind.to_owned()), ("method", method.to_owned())];
            change.push(self.audit(&arrived.source.party, "accident.document", &claim, of));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(true);
            }
        }
        Err(Fault::Contended)
    }
}
