//! Data sets of a person, fetched once from MyData (個人化資料自主運用平臺) after the person consented there.
//!
//! In: an app's order, the platform's notification, its package. Out: an address to send the person to, what each data set
//! became, documents with who signed them. The person's number goes into that address, encrypted, and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use claimgate_adapters::mydata::{Client, ClientError, RESOURCES};
use claimgate_fhir::taiwan::{NationalId, ResidentNumber};
use claimgate_packet::jose::base64url;
use claimgate_packet::opaque_debug;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::{Engine, Fault};
use crate::config::{self, Signatures};
use crate::core::change::{Change, Write};
use crate::core::mydata::{AskedDataset, ConsentText, DatasetRow, Kept, MydataWrite, Transaction, TransactionState};
use crate::id::{ClaimId, MydataId};
use crate::keys::at_rest::Place;
use crate::keys::authorities::{AuthoritiesError, Loaded, SourceAuthorities};
use crate::party::PartyId;
use crate::sender::{AddressError, Sender, Target};
use crate::store::StoreError;

mod catalogue;
mod documents;
mod fetch;
mod notified;
mod prove;

pub use catalogue::{Catalogue, CatalogueError, Named};
pub use documents::{Proved, documents};
pub use notified::{NotNotified, Returned, Showing};

/// Hours the platform keeps a package.
const KEPT_THERE: i64 = 8;

/// What transactions need besides the engine.
#[derive(Debug)]
pub struct Setup {
    client: Client,
    platform: String,
    data: Target,
    return_url: String,
    return_pages: Vec<String>,
    key: Zeroizing<String>,
    certificate: String,
    catalogue: Catalogue,
    authorities: SourceAuthorities,
    revocation_required: bool,
    consent: SignedDuration,
    fetch: Duration,
    kept: SignedDuration,
}

/// Why `[mydata]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A secret's file.
    #[error("a file with a secret cannot be read")]
    Secret,
    /// What the platform handed out.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Its address.
    #[error("platform: {0}")]
    Platform(#[from] AddressError),
    /// Pinned authorities and their lists.
    #[error("authorities_dir, revocation_lists_dir: {0}")]
    Authorities(#[from] AuthoritiesError),
    /// Data sets.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl Setup {
    /// Reads what `[mydata]` names; none where no platform is. `issuer` is the gateway's own address.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn open(settings: &config::Mydata, issuer: &str, sender: &Sender) -> Result<Option<Self>, SetupError> {
        if !settings.is_on() {
            return Ok(None);
        }
        let secret = secret(settings.client_secret(), &settings.client_secret_file)?;
        let authorities = Signatures {
            authorities_dir: settings.authorities_dir.clone(),
            revocation_lists_dir: settings.revocation_lists_dir.clone(),
            institution_attributes: Vec::new(),
        };
        let own = format!("{issuer}/mydata/v1/return");
        Ok(Some(Self {
            client: Client::new(&settings.client_id, &secret, &settings.cbc_iv)?,
            data: Target::parse(&format!("{}/service/data", settings.platform), sender.policy())?,
            platform: settings.platform.clone(),
            return_url: if settings.return_url.is_empty() { own } else { settings.return_url.clone() },
            return_pages: settings.return_pages.clone(),
            key: self::secret(settings.notification_key(), &settings.notification_key_file)?,
            certificate: settings.notification_certificate.clone(),
            catalogue: Catalogue::open(&settings.datasets)?,
            authorities: SourceAuthorities::open(authorities)?,
            revocation_required: settings.revocation_required,
            consent: SignedDuration::from_mins(settings.consent_minutes),
            fetch: Duration::from_secs(settings.fetch_seconds.into()),
            kept: SignedDuration::from_hours(settings.keep_hours),
        }))
    }

    /// Reads authorities and lists again where they changed.
    ///
    /// # Errors
    /// [`AuthoritiesError`]; what was read before stays.
    pub fn reload(&self) -> Result<(), AuthoritiesError> {
        self.authorities.reload()
    }

    /// The pinned authorities as they were read last.
    #[must_use]
    pub fn authorities(&self) -> Option<Arc<Loaded>> {
        self.authorities.present()
    }

    /// Whether a path no list in force covers is refused.
    #[must_use]
    pub fn demands_lists(&self) -> bool {
        self.revocation_required
    }

    /// The names of data sets no provider is registered for.
    #[must_use]
    pub fn unregistered(&self) -> Vec<&str> {
        self.catalogue.unregistered()
    }

    /// The data set that becomes an evidence type, for a purpose.
    #[must_use]
    pub fn gives(&self, kind: &str, purpose: &str) -> Option<&Named> {
        self.catalogue.gives(kind, purpose)
    }

    /// The names of the data sets.
    #[must_use]
    pub fn datasets(&self) -> Vec<&str> {
        self.catalogue.names()
    }
}

/// A secret that stands in the configuration, or in a file of its own.
fn secret(value: Zeroizing<String>, file: &std::path::Path) -> Result<Zeroizing<String>, SetupError> {
    if file.as_os_str().is_empty() {
        return Ok(value);
    }
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|_| SetupError::Secret)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// What an app orders.
pub struct Order {
    /// The person's number (身分證字號, 統一證號).
    pub person: Zeroizing<String>,
    /// What for.
    pub purpose: String,
    /// Names of data sets.
    pub datasets: Vec<String>,
    /// The page the person is sent back to.
    pub return_to: Option<String>,
    /// The claim it is for.
    pub claim: Option<ClaimId>,
}

/// A transaction as it begins.
pub struct Begun {
    /// Its id.
    pub id: MydataId,
    /// Where the person is sent; it holds the encrypted number and is kept nowhere.
    pub address: String,
    /// What the person consents to there.
    pub consent: ConsentText,
    /// Until when.
    pub closes_at: Timestamp,
}

/// A transaction as its app reads it.
pub struct Shown {
    /// Where it stands.
    pub transaction: Transaction,
    /// `expired` beside the words of the states.
    pub state: &'static str,
    /// What was asked for.
    pub kept: Kept,
    /// What came, once it ended.
    pub datasets: Vec<DatasetRow>,
}

opaque_debug!(Order, Begun, Shown);

/// Why no transaction begins.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// No platform.
    #[error("nothing is fetched from MyData here")]
    Off,
    /// No number of a person.
    #[error("person is no national ID or resident number")]
    Person,
    /// A data set that is not there, twice, or too many.
    #[error("there is no such data set, or it stands twice")]
    Dataset,
    /// No data set of a paper that is missing.
    #[error("MyData has no data set of a paper that is given by now and not here")]
    Paper,
    /// Not for this purpose.
    #[error("a data set is not for this purpose")]
    Purpose,
    /// A page nobody registered.
    #[error("the return page is not registered")]
    ReturnTo,
    /// The app is not linked to the claim.
    #[error("there is no such claim")]
    Claim,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Begins a transaction.
    ///
    /// # Errors
    /// [`NotBegun`].
    pub async fn begin_mydata(&self, app: &PartyId, order: Order) -> Result<Begun, NotBegun> {
        let setup = self.mydata.as_ref().ok_or(NotBegun::Off)?;
        let person = order.person.trim();
        if person.parse::<NationalId>().is_err() && person.parse::<ResidentNumber>().is_err() {
            return Err(NotBegun::Person);
        }
        let mut asked: Vec<&Named> = Vec::new();
        for name in &order.datasets {
            let dataset = setup.catalogue.find(name).ok_or(NotBegun::Dataset)?;
            if asked.iter().any(|known| known.name == dataset.name) || asked.len() == RESOURCES {
                return Err(NotBegun::Dataset);
            }
            if !dataset.purposes.contains(&order.purpose) {
                return Err(NotBegun::Purpose);
            }
            asked.push(dataset);
        }
        if order.return_to.as_ref().is_some_and(|page| !setup.return_pages.contains(page)) {
            return Err(NotBegun::ReturnTo);
        }
        if let Some(claim) = order.claim {
            self.store.claim_of_app(app, claim).await.map_err(Fault::from)?.ok_or(NotBegun::Claim)?;
        }
        let now = self.now();
        let id = MydataId::new(now, &self.random);
        let closes_at = now.saturating_add(setup.consent).unwrap_or(Timestamp::MAX);
        let resources: Vec<String> = asked.iter().map(|one| one.resource.clone()).collect();
        let address = setup.address(&resources, id, person).ok_or(NotBegun::Dataset)?;
        let consent = consent(&asked, &order.purpose);
        let kept = Kept {
            datasets: asked
                .iter()
                .map(|one| AskedDataset { name: one.name.clone(), resource: one.resource.clone() })
                .collect(),
            consent: consent.clone(),
            return_to: order.return_to,
            person: self.mydata_person(person),
            ticket: None,
            key: None,
            unable: Vec::new(),
            identity: self.mydata_identity(app, order.claim, person).await?,
        };
        let transaction = Transaction {
            id,
            party: app.clone(),
            purpose: order.purpose,
            claim: order.claim,
            state: TransactionState::Waiting,
            reason: None,
            returned: None,
            ticket: None,
            request: self.seal_mydata(id, &kept)?,
            package_digest: None,
            unsure: false,
            fence: 0,
            closes_at,
            notified_at: None,
            fetched_at: None,
        };
        let forget_at = closes_at.saturating_add(setup.kept + SignedDuration::from_hours(KEPT_THERE));
        let said = [("purpose", transaction.purpose.clone()), ("datasets", order.datasets.join(" "))];
        let mut change = Change::new("begin_mydata");
        change.push(self.audit(app.as_str(), "mydata.asked", &id, said));
        let forget_at = forget_at.unwrap_or(Timestamp::MAX);
        change.push(Write::Mydata(MydataWrite::New(Box::new(transaction), now, forget_at)));
        match self.store.commit(change).await {
            // Erased or restricted at this moment.
            Err(StoreError::Conflict { table: "claim" }) => return Err(NotBegun::Claim),
            committed => committed.map_err(Fault::from)?,
        }
        Ok(Begun { id, address, consent, closes_at })
    }

    /// A transaction of an app, with what came of it.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn mydata_shown(&self, app: &PartyId, id: MydataId) -> Result<Option<Shown>, Fault> {
        let found = self.store.mydata_transaction(id).await?.filter(|found| found.party == *app);
        let Some(transaction) = found else { return Ok(None) };
        let kept = self.open_mydata(&transaction)?;
        let over = transaction.state == TransactionState::Waiting && self.now() >= transaction.closes_at;
        let state = if over { "expired" } else { transaction.state.as_str() };
        let datasets = self.store.mydata_datasets(id).await?;
        Ok(Some(Shown { transaction, state, kept, datasets }))
    }

    /// Notes that an app read what came.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn mydata_read(&self, app: &PartyId, id: MydataId, datasets: usize) -> Result<(), Fault> {
        let mut change = Change::new("read_mydata");
        change.push(self.audit(app.as_str(), "mydata.read", &id, [("datasets", datasets.to_string())]));
        Ok(self.store.commit(change).await?)
    }

    /// The person as an identification of the claim knows them; none where the claim's patient is another.
    async fn mydata_identity(
        &self,
        app: &PartyId,
        claim: Option<ClaimId>,
        person: &str,
    ) -> Result<Option<String>, Fault> {
        let Some(claim) = claim else { return Ok(None) };
        let own = self.claims_person(app, claim, Some(person)).await? != Some(false);
        Ok(own.then(|| base64url::encode(&self.identity_person(claim, person))))
    }

    /// The keyed digest of a person's number.
    fn mydata_person(&self, number: &str) -> String {
        base64url::encode(&self.index.text("mydata.person", &[number]))
    }

    fn seal_mydata(&self, id: MydataId, kept: &Kept) -> Result<Vec<u8>, Fault> {
        let row = id.to_string();
        let plain = serde_json::to_vec(kept).map(Zeroizing::new).map_err(|_| Fault::Stored("mydata_transaction"))?;
        let place = Place { table: "mydata_transaction", row: &row, column: "request" };
        Ok(self.vault.seal_registry(place, &plain)?)
    }

    fn open_mydata(&self, transaction: &Transaction) -> Result<Kept, Fault> {
        let row = transaction.id.to_string();
        let place = Place { table: "mydata_transaction", row: &row, column: "request" };
        let plain = self.vault.open_registry(place, &transaction.request)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("mydata_transaction.request"))
    }

    /// Seals something of a transaction: under its claim's key where it has one.
    async fn seal_of_mydata(
        &self,
        transaction: &Transaction,
        place: Place<'_>,
        plain: &[u8],
    ) -> Result<Option<Vec<u8>>, Fault> {
        match transaction.claim {
            None => Ok(Some(self.vault.seal_registry(place, plain)?)),
            Some(claim) => match self.store.claim_of_app(&transaction.party, claim).await? {
                None => Ok(None),
                Some((_, wrapped)) => Ok(Some(self.vault.open_claim_key(claim, &wrapped)?.seal(place, plain)?)),
            },
        }
    }

    /// Opens it again; none where the claim may not be used now.
    async fn open_of_mydata(
        &self,
        transaction: &Transaction,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        match transaction.claim {
            None => Ok(Some(self.vault.open_registry(place, sealed)?)),
            Some(claim) => match self.store.claim_of_app(&transaction.party, claim).await? {
                None => Ok(None),
                Some((_, wrapped)) => Ok(Some(self.vault.open_claim_key(claim, &wrapped)?.open(place, sealed)?)),
            },
        }
    }
}

impl Setup {
    /// Where a person is sent.
    fn address(&self, resources: &[String], id: MydataId, person: &str) -> Option<String> {
        let path = self.client.path(resources, &id.uuid().to_string())?;
        let pid = escaped(&self.client.pid(person)?);
        Some(format!("{}{path}?returnUrl={}&pid={pid}", self.platform, escaped(&self.return_url)))
    }
}

/// What the person is told that they consent to: which data sets, from where, what for, and that it is for once.
fn consent(asked: &[&Named], purpose: &str) -> ConsentText {
    let titles: Vec<&str> = asked.iter().map(|one| one.title.as_str()).collect();
    let names: Vec<&str> = asked.iter().map(|one| one.name.as_str()).collect();
    ConsentText {
        zh: format!(
            "本人同意由 MyData 平臺將下列資料提供予理賠互通閘道，用途為理賠（{purpose}），僅限本次傳輸：{}。",
            titles.join("、")
        ),
        en: format!(
            "I agree that MyData hands the following data over to the claims gateway, for {purpose}, this once: {}.",
            names.join(", ")
        ),
    }
}

/// Everything but RFC 3986's unreserved characters as %XX.
fn escaped(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |all, byte| {
        if keep(byte) { all + &char::from(byte).to_string() } else { format!("{all}%{byte:02X}") }
    })
}
