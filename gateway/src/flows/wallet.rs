//! Asking wallets (數位憑證皮夾) for credentials: a session is begun by an app's backend, answered once by a wallet, and read
//! by the same backend.
//!
//! In: which query, what for, the wallet's answer. Out: links for the wallet, signed requests, what was proved. The handle
//! in the wallet's addresses is another than the session's id: who knows one does not know the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use claimgate_adapters::signature::PERSON_ATTRIBUTES;
use claimgate_adapters::wallet::credential::Credential;
use claimgate_adapters::wallet::oid4vp::request::{self, Method, RequestError};
use claimgate_adapters::wallet::oid4vp::transaction::Transaction;
use claimgate_adapters::wallet::session::{Asked, Question, ResponseMode};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{JwkError, KeyAlg, KeyUse, PrivateJwk};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Engine, Fault};
use crate::config;
use crate::core::change::{Change, Write};
use crate::core::mandate::Giving;
use crate::core::wallet::{Act, Assurance, Kept, Outcome, Session, SessionState, WalletWrite};
use crate::id::{ClaimId, WalletSessionId};
use crate::keys::at_rest::Place;
use crate::keys::authorities::{AuthoritiesError, Loaded as LoadedAuthorities, SourceAuthorities};
use crate::keys::index::Mac;
use crate::keys::issuers::{Issuers, IssuersError};
use crate::keys::verifier::{Verifier, VerifierError};
use crate::party::PartyId;
use crate::store::StoreError;

mod answer;
mod mandate;
mod module;
mod queries;
mod status;
mod trust;

pub use answer::{NotTaken, Taken};
pub use module::ModuleFault;
pub use queries::{ByModule, Named, Queries, QueriesError};
pub use status::Lists;

/// The type of transaction data that asks for consent to file.
pub const CONSENT: &str = "urn:claimgate:transaction:consent-to-file";
/// Bytes of what nobody may guess.
const SECRET: usize = 32;

/// What sessions need besides the engine.
#[derive(Debug)]
pub struct Setup {
    address: String,
    universal_link: String,
    stand_in: Option<String>,
    verifier: Option<Verifier>,
    issuers: Issuers,
    queries: Queries,
    lists: Lists,
    documents: SourceAuthorities,
    module: Option<module::Module>,
    open: SignedDuration,
    kept: SignedDuration,
}

/// Why `[wallet]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Certificate and key.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// Trusted issuers.
    #[error(transparent)]
    Issuers(#[from] IssuersError),
    /// Queries.
    #[error(transparent)]
    Queries(#[from] QueriesError),
    /// The verifier module.
    #[error("wallet.module_token_file: it cannot be read, or holds no token of at most 4096 visible characters")]
    ModuleToken,
    /// Authorities for signed documents.
    #[error("wallet.document_authorities_dir: {0}")]
    Documents(#[from] AuthoritiesError),
}

impl Setup {
    /// Reads what `[wallet]` names; `issuer` is the gateway's own address.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn open(settings: &config::Wallet, issuer: &str, sandbox: bool) -> Result<Self, SetupError> {
        let address = if settings.address.is_empty() { issuer } else { &settings.address }.to_owned();
        let stand_in = Some(settings.stand_in.clone()).filter(|place| sandbox && !place.is_empty());
        Ok(Self {
            verifier: Verifier::open(settings, &address, sandbox)?,
            issuers: Issuers::open(&settings.trust, sandbox)?,
            queries: Queries::open(&settings.queries)?,
            lists: Lists::default(),
            module: module::Module::open(settings).map_err(|()| SetupError::ModuleToken)?,
            documents: SourceAuthorities::open(config::Signatures {
                authorities_dir: settings.document_authorities_dir.clone(),
                revocation_lists_dir: settings.document_revocation_lists_dir.clone(),
                // Of a person's card they say whose it is; a PDF's signer is looked at by its certificate alone.
                institution_attributes: PERSON_ATTRIBUTES.map(str::to_owned).to_vec(),
            })?,
            universal_link: settings.universal_link.clone(),
            open: SignedDuration::from_secs(settings.session_seconds),
            kept: SignedDuration::from_hours(settings.keep_hours),
            stand_in,
            address,
        })
    }

    /// Reads the trusted issuers, and the authorities for documents, again where they changed.
    ///
    /// # Errors
    /// [`SetupError`]; what was read before stays.
    pub fn reload(&self) -> Result<(), SetupError> {
        self.issuers.reload()?;
        Ok(self.documents.reload()?)
    }

    /// The authorities whose certificates count on signed documents (自然人憑證、工商憑證).
    #[must_use]
    pub fn document_authorities(&self) -> Option<Arc<LoadedAuthorities>> {
        self.documents.present()
    }

    /// The issuers that count.
    #[must_use]
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// The types of credentials that prove a person's number.
    #[must_use]
    pub fn identity_types(&self) -> Vec<String> {
        self.queries.identity_types()
    }

    /// The person's number in a credential of such a type, where it was disclosed.
    #[must_use]
    pub fn number_in(&self, credential: &Credential) -> Option<String> {
        self.queries.number_in(credential)
    }

    /// The types of credentials that are mandates.
    #[must_use]
    pub fn mandate_types(&self) -> Vec<String> {
        self.queries.mandate_types()
    }

    /// The names of the queries.
    #[must_use]
    pub fn queries(&self) -> Vec<&str> {
        self.queries.names()
    }

    /// The field of a query that holds the person's number.
    pub(super) fn subject_of(&self, query: &str) -> Option<&str> {
        let own = self.queries.find(query).map(|one| one.subject.as_deref());
        own.or_else(|| self.queries.by_module(query).map(|one| one.subject.as_deref())).flatten()
    }

    /// The query a wallet signs with, for a purpose: one that proves a person's number and takes a consent, where wallets are
    /// asked here at all.
    #[must_use]
    pub fn signing_query(&self, purpose: &str) -> Option<&str> {
        self.verifier.as_ref()?;
        self.queries.signing(purpose)
    }

    /// Where a status list is fetched.
    fn stand_in(&self, uri: &str) -> String {
        let path = uri.splitn(4, '/').nth(3).unwrap_or_default();
        self.stand_in.as_ref().map_or_else(|| uri.to_owned(), |place| format!("{place}/{path}"))
    }
}

/// What a session that was answered proved.
pub(super) struct Proof {
    /// Whether it counts.
    pub verified: bool,
    /// The person's number.
    pub number: Option<String>,
    /// How sure the identity is.
    pub assurance: String,
}

/// What an app asks for.
#[derive(Default)]
pub struct NewSession {
    /// The name of the query.
    pub query: String,
    /// What for.
    pub purpose: String,
    /// The claim it is for.
    pub claim: Option<ClaimId>,
    /// What the person consents to by presenting: what, with whom, for what.
    pub consent: Option<Map<String, Value>>,
    /// Where the wallet sends its user after the answer, on the same device.
    pub return_to: Option<String>,
    /// What is to be done under a mandate, where the query asks for one.
    pub act: Option<Act>,
    /// How sure the identity must be.
    pub at_least: Option<Assurance>,
    /// The mandate the person gives by presenting.
    pub gives: Option<Giving>,
}

claimgate_packet::opaque_debug!(NewSession);

/// A session as it begins.
#[derive(Clone, Debug)]
pub struct Started {
    /// Its id.
    pub id: WalletSessionId,
    /// What invokes a wallet; the content of the QR code.
    pub link: String,
    /// The same at the wallet's https address, where there is one.
    pub universal_link: Option<String>,
    /// Until when it may be answered.
    pub closes_at: Timestamp,
}

/// Why no session begins.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// No address or no certificate.
    #[error("nothing is asked of wallets here")]
    Off,
    /// No such query.
    #[error("there is no such query")]
    Query,
    /// Not for this purpose.
    #[error("the query is not for this purpose")]
    Purpose,
    /// An action goes with a query for a mandate, and with no other.
    #[error("an action goes with a query for a mandate, and with no other")]
    Action,
    /// The query is recorded at a lower level than asked for.
    #[error("the query identifies a person less surely than asked for")]
    Assurance,
    /// A wallet of this dialect signs no consent.
    #[error("wallets of this query's dialect sign no consent")]
    Consent,
    /// A mandate cannot be given so.
    #[error("{0}")]
    Gives(&'static str),
    /// The verifier module cannot be asked now.
    #[error("the verifier module cannot be asked: {}", .0.as_str())]
    Module(ModuleFault),
    /// The app is not linked to the claim.
    #[error("there is no such claim")]
    Claim,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why there is no request object.
#[derive(Debug, thiserror::Error)]
pub enum NoRequest {
    /// No such session.
    #[error("there is no such session")]
    Unknown,
    /// It was answered, or its time is over.
    #[error("the session is over")]
    Over,
    /// The wallet's nonce.
    #[error("wallet_nonce is at most 512 characters of base64url")]
    WalletNonce,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A session as its backend sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The session, without its secrets.
    pub session: Session,
    /// What came of it; none before, or before the person came back where it is bound to that.
    pub outcome: Option<Outcome>,
    /// The state's word.
    pub state: &'static str,
}

impl Engine {
    /// Begins a session.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub async fn start_wallet_session(&self, app: &PartyId, new: NewSession) -> Result<Started, NotStarted> {
        let setup = &self.wallet;
        if let Some(query) = setup.queries.by_module(&new.query) {
            return self.start_module_session(app, &new, query).await;
        }
        let verifier = setup.verifier.as_ref().ok_or(NotStarted::Off)?;
        let query = setup.queries.find(&new.query).ok_or(NotStarted::Query)?;
        if !query.purposes.contains(&new.purpose) {
            return Err(NotStarted::Purpose);
        }
        if query.mandate.is_some() != new.act.is_some() {
            return Err(NotStarted::Action);
        }
        if new.at_least.is_some_and(|least| !query.assurance.reaches(least)) {
            return Err(NotStarted::Assurance);
        }
        if let Some(claim) = new.claim {
            self.store.claim_of_app(app, claim).await.map_err(Fault::from)?.ok_or(NotStarted::Claim)?;
        }
        let now = self.now();
        let closes_at = now.saturating_add(setup.open).unwrap_or(Timestamp::MAX);
        let id = WalletSessionId::new(now, &self.random);
        let handle = self.secret();
        let key = (query.response == ResponseMode::DirectPostJwt)
            .then(|| PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, None, now))
            .transpose()
            .map_err(|_: JwkError| Fault::Stored("wallet_session.request"))?;
        let ids: Vec<String> = match &query.question {
            Question::Dcql(query) => query.credentials.iter().map(|one| one.id.clone()).collect(),
            // No wallet of this dialect signs what its user consents to.
            Question::Definition(_) if new.consent.is_some() => return Err(NotStarted::Consent),
            Question::Definition(_) => Vec::new(),
        };
        let consent = new.consent.map(|what| Transaction::new(CONSENT, &ids, what));
        let gives = self.gives(new.gives.as_ref(), query, &ids).await?;
        let asked = Asked {
            dialect: query.dialect,
            client: verifier.client_for(query.dialect).clone(),
            response_uri: format!("{}/wallet/v1/responses/{handle}", setup.address),
            response_mode: query.response,
            nonce: self.secret(),
            state: self.secret(),
            question: query.question.clone(),
            transactions: consent.into_iter().chain(gives.iter().map(|(transaction, _)| transaction.clone())).collect(),
            one_holder: true,
            opened_at: now,
            closes_at,
        };
        let request_uri = format!("{}/wallet/v1/requests/{handle}", setup.address);
        let link = request::link(asked.dialect, &asked.client, &request_uri, Method::Post).ok_or(NotStarted::Off)?;
        let universal_link = link.split_once('?').map(|(_, rest)| format!("{}?{rest}", setup.universal_link));
        let (key, gift) = (key.map(|key| key.to_json()), gives.map(|(_, gift)| gift));
        let kept = Kept { asked, key, return_to: new.return_to, act: new.act, gift };
        let row = id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "request" };
        let session = Session {
            id,
            party: app.clone(),
            query: new.query,
            purpose: new.purpose,
            claim: new.claim,
            state: SessionState::Waiting,
            reason: None,
            request: Some(self.vault.seal_registry(place, &to_json(&kept)?).map_err(Fault::from)?),
            outcome: None,
            code: None,
            closes_at,
        };
        let forget_at = closes_at.saturating_add(setup.kept).unwrap_or(Timestamp::MAX);
        let mut change = Change::new("start_wallet_session");
        let handle = self.handle_index(&handle);
        change.push(self.audit(app.as_str(), "wallet.asked", &id, [("query", session.query.clone())]));
        change.push(Write::Wallet(WalletWrite::New(Box::new(session), handle, now, forget_at)));
        match self.store.commit(change).await {
            // Erased or restricted at this moment.
            Err(StoreError::Conflict { table: "claim" }) => return Err(NotStarted::Claim),
            committed => committed.map_err(Fault::from)?,
        }
        let universal_link = universal_link.filter(|_| !setup.universal_link.is_empty());
        Ok(Started { id, link, universal_link, closes_at })
    }

    /// The signed request of an open session; it may be fetched again.
    ///
    /// # Errors
    /// [`NoRequest`].
    pub async fn wallet_request(&self, handle: &str, wallet_nonce: Option<&str>) -> Result<String, NoRequest> {
        let found = self.store.wallet_session_of(&self.handle_index(handle)).await.map_err(Fault::from)?;
        let session = found.ok_or(NoRequest::Unknown)?;
        let now = self.now();
        if !session.state.is_open() || now >= session.closes_at {
            return Err(NoRequest::Over);
        }
        let (kept, keys) = self.kept_request(&session)?;
        let verifier = self.wallet.verifier.as_ref().ok_or(NoRequest::Over)?;
        let public: Vec<_> = keys.iter().map(PrivateJwk::public).collect();
        let object = request::object(&kept.asked, verifier.signs(&kept.asked.client), &public, wallet_nonce, now);
        let object = object.map_err(|error| match error {
            RequestError::WalletNonce => NoRequest::WalletNonce,
            _ => Fault::Stored("wallet_session.request").into(),
        })?;
        let signed = verifier.sign(object).map_err(|_| Fault::Stored("wallet_session.request"))?;
        if session.state == SessionState::Waiting {
            let mut change = Change::new("open_wallet_session");
            change.push(Write::Wallet(WalletWrite::Opened(session.id)));
            self.store.commit(change).await.map_err(Fault::from)?;
        }
        Ok(signed)
    }

    /// A session of an app. Where the person comes back from the wallet, what was proved is told to who has the code
    /// they came back with, and to nobody else.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn wallet_session(
        &self,
        app: &PartyId,
        id: WalletSessionId,
        code: Option<&str>,
    ) -> Result<Option<Shown>, Fault> {
        let Some(session) = self.store.wallet_session(app, id).await? else { return Ok(None) };
        let session = self.follow_module(session).await?;
        let came_back = session.code.is_none_or(|wanted| code.is_some_and(|code| self.code_index(code) == wanted));
        if session.state.is_open() || !came_back {
            let over = session.state.is_open() && self.now() >= session.closes_at;
            let waits = if session.state == SessionState::Waiting { "waiting" } else { "opened" };
            let session = Session { reason: None, ..session };
            return Ok(Some(Shown { session, outcome: None, state: if over { "expired" } else { waits } }));
        }
        let outcome = self.wallet_outcome(&session).await?;
        let state = session.state.as_str();
        Ok(Some(Shown { session, outcome, state }))
    }

    /// What a session of a party proved; none while it waits for an answer, or for the status of its credentials.
    pub(super) async fn wallet_proof(&self, party: &PartyId, id: WalletSessionId) -> Result<Option<Proof>, Fault> {
        let Some(session) = self.store.wallet_session(party, id).await? else { return Ok(None) };
        if session.state.is_open() || session.state == SessionState::Held {
            return Ok(None);
        }
        let outcome = self.wallet_outcome(&session).await?.unwrap_or_default();
        let subject = self.wallet.queries.find(&session.query).and_then(|query| query.subject.as_ref());
        let number = subject.and_then(|subject| {
            outcome.evidence.iter().find_map(|one| one.fields.get(subject)?.as_str()).map(str::to_owned)
        });
        let assurance = outcome.assurance.unwrap_or_default();
        Ok(Some(Proof { verified: session.state == SessionState::Verified, number, assurance }))
    }

    /// What is kept of an open session, with its key.
    fn kept_request(&self, session: &Session) -> Result<(Kept, Vec<PrivateJwk>), Fault> {
        let damaged = || Fault::Stored("wallet_session.request");
        let row = session.id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "request" };
        let plain = self.vault.open_registry(place, session.request.as_deref().ok_or_else(damaged)?)?;
        let kept: Kept = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        let key = kept.key.as_ref().map(PrivateJwk::from_json).transpose().map_err(|_| damaged())?;
        Ok((kept, key.into_iter().collect()))
    }

    /// What came of a session; none where its claim may not be used now.
    pub(super) async fn wallet_outcome(&self, session: &Session) -> Result<Option<Outcome>, Fault> {
        let Some(sealed) = &session.outcome else { return Ok(None) };
        let row = session.id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "outcome" };
        let plain = match session.claim {
            None => self.vault.open_registry(place, sealed)?,
            Some(claim) => match self.store.claim_of_app(&session.party, claim).await? {
                None => return Ok(None),
                Some((_, wrapped)) => self.vault.open_claim_key(claim, &wrapped)?.open(place, sealed)?,
            },
        };
        serde_json::from_slice(&plain).map(Some).map_err(|_| Fault::Stored("wallet_session.outcome"))
    }

    fn secret(&self) -> String {
        base64url::encode(&self.random.bytes::<SECRET>())
    }

    fn handle_index(&self, handle: &str) -> Mac {
        self.index.exact("wallet_session.handle", &[handle.as_bytes()])
    }

    fn code_index(&self, code: &str) -> Mac {
        self.index.exact("wallet_session.code", &[code.as_bytes()])
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|_| Fault::Stored("wallet_session"))
}

/// The names of claims, each once, in order.
fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    all.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}
