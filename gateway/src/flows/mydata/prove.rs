//! A package that came: proved against the pinned authorities, its data sets made documents, all of it sealed. Of one that
//! does not hold its digest and the reason are kept, and nothing else.

use claimgate_adapters::mydata::{Dataset, Mapped, Package, Refusal, Transfer, Trust, open};
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::base64url;
use serde_json::json;

use super::Setup;
use crate::core::change::{Change, Write};
use crate::core::identity::Source;
use crate::core::mydata::{
    AskedDataset, Content, DatasetRow, DatasetState, Ended, Kept, MydataWrite, Transaction, TransactionState,
    dataset_id,
};
use crate::core::timeline::{Audience, Entry, Event};
use crate::core::wallet::Assurance;
use crate::flows::{Engine, Fault};
use crate::id::EventId;
use crate::keys::at_rest::Place;
use crate::store::StoreError;

impl Engine {
    /// Proves a package and ends its transaction. `fetched` is the package where it came just now.
    pub(super) async fn prove_mydata(
        &self,
        setup: &Setup,
        transaction: Transaction,
        kept: Kept,
        fetched: Option<String>,
    ) -> Result<(), Fault> {
        let package = match fetched {
            Some(package) => Some(package),
            None => self.mydata_package_of(&transaction).await?,
        };
        // Its claim may not be used now: it waits with it, or goes with it.
        let Some(package) = package else { return Ok(()) };
        let opened = self.opened_mydata(setup, &transaction, &kept, package).await?;
        let (state, reason, datasets) = match opened {
            Err(refusal) => (TransactionState::Refused, Some(refusal.detail()), refused(&kept, refusal)),
            Ok(package) => {
                let Some(datasets) = self.sealed_mydata(setup, &transaction, &kept, &package).await? else {
                    return Ok(());
                };
                let came = datasets.iter().any(|one| one.state == DatasetState::Verified);
                let state = if came { TransactionState::Verified } else { TransactionState::Unavailable };
                (state, None, datasets)
            }
        };
        let mut change = Change::new("prove_mydata");
        let said = [("state", state.as_str().to_owned()), ("reason", reason.unwrap_or_default().to_owned())];
        change.push(self.audit("gateway", "mydata.proved", &transaction.id, said));
        if let Some(claim) = transaction.claim {
            let (at, verified) =
                (self.now(), datasets.iter().filter(|one| one.state == DatasetState::Verified).count());
            let event = Event::Mydata { state: state.as_str(), datasets: verified };
            let id = EventId::new(at, &self.random);
            change.tell(vec![Entry { id, claim, at, audience: Audience::Owner, event }]);
        }
        if state == TransactionState::Verified {
            change.writes.extend(self.identity_of_mydata(setup, &transaction, &kept, &datasets));
        }
        change.push(self.ended_mydata(setup, &transaction, &kept, (state, reason), datasets)?);
        match self.store.commit(change).await {
            // Another process was at it, or its claim is being erased.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The identification a transaction is: the platform hands out what it has of who logged in there, so that a data set that
    /// names the person asked for proves who that was. How they logged in the platform does not tell: what the strictest
    /// provider of those that answered accepts at least is what counts.
    fn identity_of_mydata(
        &self,
        setup: &Setup,
        transaction: &Transaction,
        kept: &Kept,
        datasets: &[DatasetRow],
    ) -> Option<Write> {
        let claim = transaction.claim?;
        let person = base64url::decode(kept.identity.as_ref()?)?.try_into().ok()?;
        let came = || datasets.iter().filter(|one| one.state == DatasetState::Verified);
        let named = came().any(|one| one.person.as_deref() == Some("same"));
        if !named || came().any(|one| one.person.as_deref() == Some("other")) {
            return None;
        }
        let levels = came().filter_map(|one| setup.catalogue.find(&one.name)?.assurance);
        let level = levels.reduce(|one, other| if one.reaches(other) { one } else { other });
        let level = level.unwrap_or(Assurance::AppLogin);
        Some(self.identified_by(claim, &transaction.party, (Source::Mydata, level), (person, &transaction.id)))
    }

    /// The end of a transaction: ticket and key go.
    pub(super) fn ended_mydata(
        &self,
        setup: &Setup,
        transaction: &Transaction,
        kept: &Kept,
        (state, reason): (TransactionState, Option<&'static str>),
        datasets: Vec<DatasetRow>,
    ) -> Result<Write, Fault> {
        let at = self.now();
        let stays = transaction.claim.is_some() && state == TransactionState::Verified;
        let kept = Kept { ticket: None, key: None, ..kept.clone() };
        Ok(Write::Mydata(MydataWrite::Ended(Box::new(Ended {
            id: transaction.id,
            fence: transaction.fence,
            claim: transaction.claim,
            state,
            reason,
            request: self.seal_mydata(transaction.id, &kept)?,
            datasets,
            at,
            forget_at: (!stays).then(|| at.saturating_add(setup.kept).unwrap_or(jiff::Timestamp::MAX)),
        }))))
    }

    async fn mydata_package_of(&self, transaction: &Transaction) -> Result<Option<String>, Fault> {
        let Some(sealed) = self.store.mydata_package(transaction.id).await? else { return Ok(None) };
        let row = transaction.id.to_string();
        let place = Place { table: "mydata_transaction", row: &row, column: "package" };
        let plain = self.open_of_mydata(transaction, place, &sealed).await?;
        Ok(plain.map(|plain| String::from_utf8_lossy(&plain).into_owned()))
    }

    /// Opens a package, on a thread of its own: it may have 48 MiB.
    async fn opened_mydata(
        &self,
        setup: &Setup,
        transaction: &Transaction,
        kept: &Kept,
        package: String,
    ) -> Result<Result<Package, Refusal>, Fault> {
        let (key, loaded) = match setup.client.secret_key(kept.key.as_deref().unwrap_or_default()) {
            Ok(key) => (key, setup.authorities()),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(loaded) = loaded else { return Ok(Err(Refusal::CertificateUnknownIssuer)) };
        let resources: Vec<String> = kept.datasets.iter().map(|one| one.resource.clone()).collect();
        let (client, providers) = (setup.client.id().to_owned(), setup.catalogue.providers.clone());
        let at = transaction.fetched_at.unwrap_or_else(|| self.now());
        let revocation_required = setup.revocation_required;
        let opened = tokio::task::spawn_blocking(move || {
            let transfer = Transfer { client_id: &client, resources: &resources, key: &key, at };
            let trust = Trust { authorities: &loaded.authorities, providers: &providers, revocation_required };
            open(&package, &transfer, &trust)
        });
        opened.await.map_err(|_| Fault::Task)
    }

    /// A row for each data set, in the order they were asked for; none where the claim may not be used now.
    async fn sealed_mydata(
        &self,
        setup: &Setup,
        transaction: &Transaction,
        kept: &Kept,
        package: &Package,
    ) -> Result<Option<Vec<DatasetRow>>, Fault> {
        let mut rows = Vec::with_capacity(kept.datasets.len());
        for (place, asked) in (0..).zip(&kept.datasets) {
            let mut row = bare(asked, DatasetState::Unavailable);
            let found = package.datasets.iter().find(|one| one.resource_id == asked.resource);
            row.code = found.map(|dataset| dataset.code.chars().take(16).collect());
            if let Some((dataset, delivered)) = found.and_then(|one| Some((one, one.delivered.as_ref()?))) {
                row.state = DatasetState::Verified;
                row.provider = Some(delivered.provider.clone());
                row.fingerprint = Some(delivered.fingerprint.clone());
                row.revocation = Some(json!(delivered.revocation).as_str().unwrap_or_default().to_owned());
                row.pinned = delivered.pinned;
                let content = self.mydata_content(setup, kept, dataset, &mut row);
                let content = serde_json::to_vec(&content).map_err(|_| Fault::Stored("mydata_dataset.content"))?;
                let id = dataset_id(transaction.id, place);
                let of = |column| Place { table: "mydata_dataset", row: &id, column };
                row.content = self.seal_of_mydata(transaction, of("content"), &content).await?;
                row.archive = self.seal_of_mydata(transaction, of("archive"), &delivered.archive).await?;
                if row.content.is_none() || row.archive.is_none() {
                    return Ok(None);
                }
            }
            rows.push(row);
        }
        Ok(Some(rows))
    }

    /// The documents of a data set; in the row what may stand in the clear.
    fn mydata_content(&self, setup: &Setup, kept: &Kept, dataset: &Dataset, row: &mut DatasetRow) -> Content {
        match setup.catalogue.mapping.map(dataset) {
            Ok(Mapped { documents, attachments, left }) => {
                row.kind = setup.catalogue.mapping.kind(&dataset.resource_id).map(str::to_owned);
                row.documents = i64::try_from(documents.len()).unwrap_or(i64::MAX);
                row.person = self.whose(&documents, kept).map(str::to_owned);
                Content {
                    documents: documents.iter().filter_map(|one| one.to_json().ok()).collect(),
                    files: attachments.iter().map(|file| file.name.clone()).collect(),
                    left,
                }
            }
            Err(why) => {
                row.reason = Some(why.as_str().to_owned());
                Content::default()
            }
        }
    }

    /// Whether documents are of the person that was asked for; none where they name nobody's number.
    fn whose(&self, documents: &[Document], kept: &Kept) -> Option<&'static str> {
        let numbers = documents.iter().filter_map(|document| match document {
            Document::VehicleRegistration(vehicle) => vehicle.owner.as_ref()?.identifier.as_deref(),
            _ => None,
        });
        let same: Vec<bool> = numbers.map(|number| self.mydata_person(number.trim()) == kept.person).collect();
        if same.is_empty() { None } else { Some(if same.iter().all(|same| *same) { "same" } else { "other" }) }
    }
}

fn bare(asked: &AskedDataset, state: DatasetState) -> DatasetRow {
    DatasetRow {
        name: asked.name.clone(),
        resource: asked.resource.clone(),
        state,
        code: None,
        reason: None,
        provider: None,
        fingerprint: None,
        revocation: None,
        pinned: false,
        kind: None,
        documents: 0,
        person: None,
        content: None,
        archive: None,
    }
}

/// A package that does not hold brings none of its data sets.
fn refused(kept: &Kept, refusal: Refusal) -> Vec<DatasetRow> {
    let row = |asked: &AskedDataset| DatasetRow {
        reason: Some(refusal.reason().as_str().to_owned()),
        ..bare(asked, DatasetState::Refused)
    };
    kept.datasets.iter().map(row).collect()
}
