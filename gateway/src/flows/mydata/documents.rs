//! What came of a transaction as typed evidence: for the app that asked, and for the flows that take it into a claim.

use claimgate_adapters::mydata::{DataFile, files};
use claimgate_packet::evidence::{Document, Source, Verification};
use claimgate_packet::opaque_debug;
use jiff::Timestamp;

use crate::core::mydata::{Content, DatasetRow, DatasetState, dataset_id};
use crate::flows::{Engine, Fault};
use crate::id::MydataId;
use crate::keys::at_rest::Place;

/// A data set that its provider signed.
pub struct Proved {
    /// Its name here.
    pub dataset: String,
    /// The platform's id.
    pub resource: String,
    /// Whose certificate signed it, as RFC 4514 writes a name.
    pub provider: String,
    /// SHA-256 of that certificate, base64url.
    pub fingerprint: String,
    /// `good`, or `unchecked` where no list in force covered the path.
    pub revocation: String,
    /// Whether the provider is the one registered for the data set.
    pub pinned: bool,
    /// SHA-256 of the encrypted package it came in, base64url.
    pub package: String,
    /// When it came.
    pub at: Timestamp,
    /// `same` or `other` as the person asked; none where it names none.
    pub person: Option<String>,
    /// The documents.
    pub documents: Vec<Document>,
    /// Names of members of the source that have no place in them.
    pub left: Vec<String>,
    /// The files beside them.
    pub files: Vec<DataFile>,
    /// The provider's signed archive, which proves all of it to others.
    pub archive: Vec<u8>,
}

opaque_debug!(Proved);

impl Proved {
    /// Where evidence made of it came from; `party` handed it over.
    #[must_use]
    pub fn source(&self, party: &str) -> Source {
        Source { party: party.to_owned(), form: "mydata-package".to_owned() }
    }

    /// How evidence made of it was verified.
    #[must_use]
    pub fn verification(&self) -> Verification {
        let result = if self.revocation == "good" { "accepted" } else { "accepted-revocation-unchecked" };
        Verification {
            method: "mydata-provider-signature".to_owned(),
            result: result.to_owned(),
            at: self.at,
            key: Some(self.fingerprint.clone()),
        }
    }
}

/// What came of a transaction that is proved, in the order it was asked for; nothing of any other, or where its claim may
/// not be used now.
///
/// # Errors
/// A fault of ours.
pub async fn documents(engine: &Engine, id: MydataId) -> Result<Vec<Proved>, Fault> {
    let Some(transaction) = engine.store.mydata_transaction(id).await? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (place, row) in (0..).zip(engine.store.mydata_datasets(id).await?) {
        let DatasetRow { state: DatasetState::Verified, content: Some(content), archive: Some(archive), .. } = &row
        else {
            continue;
        };
        let name = dataset_id(id, place);
        let of = |column| Place { table: "mydata_dataset", row: &name, column };
        let content = engine.open_of_mydata(&transaction, of("content"), content).await?;
        let archive = engine.open_of_mydata(&transaction, of("archive"), archive).await?;
        let (Some(content), Some(archive)) = (content, archive) else { return Ok(Vec::new()) };
        let damaged = || Fault::Stored("mydata_dataset");
        let content: Content = serde_json::from_slice(&content).map_err(|_| damaged())?;
        let kind = row.kind.unwrap_or_default();
        let schema = format!("{kind}/1");
        let documents = content.documents.into_iter().map(|one| Document::from_json(&kind, &schema, one));
        let beside = files(&archive).map_err(|_| damaged())?;
        all.push(Proved {
            dataset: row.name,
            resource: row.resource,
            provider: row.provider.unwrap_or_default(),
            fingerprint: row.fingerprint.unwrap_or_default(),
            revocation: row.revocation.unwrap_or_default(),
            pinned: row.pinned,
            package: transaction.package_digest.clone().unwrap_or_default(),
            at: transaction.fetched_at.unwrap_or(transaction.closes_at),
            person: row.person,
            documents: documents.collect::<Result<_, _>>().map_err(|_| damaged())?,
            left: content.left,
            // Where nothing became a document, every file stays what it is.
            files: beside.into_iter().filter(|file| kind.is_empty() || content.files.contains(&file.name)).collect(),
            archive: archive.to_vec(),
        });
    }
    Ok(all)
}
