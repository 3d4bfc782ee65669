//! A gateway for a test, with the four parties of the demo and as many more as the test wants.

use std::path::Path;

use claimgate_adapters::insurer::Envelope;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::party::{AuthProfile, ConsentBasis, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{Answer, Identity, PartyClient};
use claimgate_gateway::sandbox::demo::{self, Insurer, World};
use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::store::read::Counts;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::Opened;
use claimgate_packet::words::Line;
use reqwest::Method;
use serde_json::Value;

use crate::database::Kept;

/// A running gateway with authenticated clients.
pub struct TestGateway {
    /// Gateway and clients.
    pub world: World,
    /// The clock everything runs by.
    pub clock: Clock,
    kept: Kept,
}

/// What a party needs to be registered in a test.
pub struct NewParty<'a> {
    /// Id.
    pub id: &'a str,
    /// Role.
    pub role: Role,
    /// Institution code or 統一編號.
    pub number: &'a str,
    /// Lines of an insurer.
    pub lines: Vec<Line>,
    /// Whether a hospital has a consent basis.
    pub consent: bool,
}

impl TestGateway {
    /// Starts one on the machine's clock.
    pub async fn start() -> Self {
        Self::start_with(Clock::system()).await
    }

    /// Starts one on a given clock.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start_with(clock: Clock) -> Self {
        Self::start_with_settings(clock, &[]).await
    }

    /// Starts one whose parties may ask as much as they can: for measurements.
    pub async fn start_without_limits() -> Self {
        let names = ["CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "CLAIMGATE_LIMITS__BURST"];
        let settings = names.map(|name| (name, "1000000".to_owned()));
        let bytes = ("CLAIMGATE_LIMITS__BYTES_PER_MINUTE", "1099511627776".to_owned());
        Self::start_with_settings(Clock::system(), &[&settings[..], &[bytes]].concat()).await
    }

    /// Starts one with more settings, by the names of their variables.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start_with_settings(clock: Clock, settings: &[(&str, String)]) -> Self {
        show_errors();
        let kept = Kept::fresh().await;
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let settings = settings.chain(kept.settings()).collect();
        let mut world = must(demo::open_world_with(kept.path(), settings, clock.clone(), Random::system()).await);
        must(world.hospital.authenticate().await);
        must(world.app.authenticate().await);
        for one in &mut world.insurers {
            must(one.client.authenticate().await);
        }
        Self { world, clock, kept }
    }

    /// The same with bearer tokens for the life insurer, for clients that make no proofs.
    ///
    /// # Panics
    /// The registration is not replaced.
    pub async fn with_bearer_life(mut self) -> Self {
        let engine = &self.world.gateway.app.engine;
        let id = self.life().client.id().parse().unwrap_or_else(|error| panic!("{error}"));
        let party = must(engine.store.party(&id).await).unwrap_or_else(|| panic!("no life insurer"));
        let registration = Registration { token: None, ..party.registration().clone() };
        must(engine.replace_registration(&id, registration).await);
        let life = self.world.insurers.first_mut().unwrap_or_else(|| panic!("no life insurer"));
        life.client.unbind();
        must(life.client.authenticate().await);
        self
    }

    /// The folder with database and keys.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.kept.path()
    }

    /// The folder and the database, to look behind the gateway's back.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The life insurer (health-reimbursement).
    ///
    /// # Panics
    /// The demo has none.
    #[must_use]
    pub fn life(&self) -> &Insurer {
        self.world.insurers.first().unwrap_or_else(|| panic!("no life insurer"))
    }

    /// The non-life insurer (accident).
    ///
    /// # Panics
    /// The demo has none.
    #[must_use]
    pub fn nonlife(&self) -> &Insurer {
        self.world.insurers.get(1).unwrap_or_else(|| panic!("no non-life insurer"))
    }

    /// A client of an identity that may or may not be registered.
    ///
    /// # Panics
    /// The client cannot be built.
    #[must_use]
    pub fn client(&self, identity: Identity) -> PartyClient {
        must(PartyClient::new(self.world.gateway.base_url(), identity, self.clock.clone(), Random::system()))
    }

    /// Registers a party and gives its authenticated client and its keys for packets.
    ///
    /// # Panics
    /// The registration is refused.
    pub async fn register(&self, new: NewParty<'_>) -> (PartyClient, Vec<PrivateJwk>) {
        let now = self.clock.now();
        let profile = if new.role == Role::Hospital { AuthProfile::Smart } else { AuthProfile::Fapi };
        let key = must(demo::signing_key(new.role, now));
        let sealing = match new.role {
            Role::Insurer | Role::Fund => {
                vec![must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, now))]
            }
            _ => Vec::new(),
        };
        let system = match new.role {
            Role::Hospital => "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw",
            Role::Agent => "urn:claimgate:agent-registration",
            _ => "https://gcis.nat.gov.tw",
        };
        let keys = std::iter::once(&key).chain(&sealing).map(PrivateJwk::public).collect();
        let registration = Registration {
            identifiers: match new.number {
                "" => Vec::new(),
                number => vec![PartyIdentifier { system: system.to_owned(), value: number.to_owned() }],
            },
            lines: new.lines,
            consent: new.consent.then(|| ConsentBasis::HospitalAttested { reference: "test form".to_owned() }),
            ..Registration::new(new.id, new.role, &format!("測試機構 {}", new.id), JwkSet(keys).to_json())
        };
        must(self.world.gateway.app.engine.register(registration).await);
        let mut client = self.client(Identity { id: new.id.to_owned(), profile, key });
        must(client.authenticate().await);
        (client, sealing)
    }

    /// Registers an operator and gives their authenticated client, whose tokens are bound to a key.
    ///
    /// # Panics
    /// The registration is refused.
    pub async fn operator(&self, name: &str) -> PartyClient {
        let now = self.clock.now();
        let key = must(demo::signing_key(Role::Operator, now));
        let jwks = JwkSet(vec![key.public()]).to_json();
        must(self.world.gateway.app.engine.add_operator(None, name, jwks).await);
        let identity = Identity { id: name.to_owned(), profile: AuthProfile::Fapi, key };
        let mut client = self.client(identity).bound_to(must(demo::signing_key(Role::Operator, now)));
        must(client.authenticate().await);
        client
    }

    /// Pushes as the demo's hospital.
    ///
    /// # Panics
    /// The gateway cannot be reached.
    pub async fn push(&self, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        push_as(&self.world.hospital, body, headers).await
    }

    /// How many of each thing the store has.
    ///
    /// # Panics
    /// The store is away.
    pub async fn counts(&self) -> Counts {
        must(self.world.gateway.app.engine.store.counts().await)
    }

    /// The world and its folder, for a test that stops the gateway its own way.
    #[must_use]
    pub fn into_parts(self) -> (World, Kept) {
        (self.world, self.kept)
    }

    /// Stops it.
    ///
    /// # Panics
    /// It does not stop well.
    pub async fn stop(self) -> Kept {
        must(self.world.gateway.stop().await);
        self.kept
    }
}

/// A test that fails shows the errors its gateway logged.
fn show_errors() {
    let lines = tracing_subscriber::fmt().with_test_writer().with_ansi(false).with_target(false);
    // Set up by whichever test comes first.
    let _ = lines.with_max_level(tracing_subscriber::filter::LevelFilter::ERROR).try_init();
}

/// Pushes a bundle as any hospital, with more headers.
///
/// # Panics
/// The gateway cannot be reached.
pub async fn push_as(client: &PartyClient, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome")];
    all.extend_from_slice(headers);
    must(client.call(Method::POST, "/fhir/Bundle", &all, body.to_vec()).await)
}

/// A GET.
///
/// # Panics
/// The gateway cannot be reached.
pub async fn get(client: &PartyClient, path: &str) -> Answer {
    must(client.call(Method::GET, path, &[], Vec::new()).await)
}

/// A POST of JSON.
///
/// # Panics
/// The gateway cannot be reached.
pub async fn post(client: &PartyClient, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    must(client.call(Method::POST, path, &headers, body.to_string().into_bytes()).await)
}

/// Pulls until there are so many deliveries: positions are given a moment after the push is answered.
///
/// # Panics
/// They do not come.
pub async fn pull_all(client: &PartyClient, count: usize) -> Vec<Envelope> {
    let mut all = Vec::new();
    while all.len() < count {
        let after = all.last().map_or(0, |last: &Envelope| last.position);
        let page = must(insurer::pull(client, after, 5).await);
        assert!(!page.is_empty(), "only {} of {count} came", all.len());
        all.extend(page);
    }
    all
}

/// Pulls, fetches and opens everything an insurer has beyond a position.
///
/// # Panics
/// A packet does not open.
pub async fn open_all(one: &Insurer, after: i64, now: jiff::Timestamp) -> Vec<(Envelope, Opened)> {
    let trust = must(insurer::trusted_keys(&one.client).await);
    let mut all = Vec::new();
    for envelope in must(insurer::pull(&one.client, after, 10).await) {
        let sealed = must(insurer::fetch(&one.client, &envelope.id).await);
        let opened = must(insurer::verify(&one.client, (&sealed, &envelope), &one.keys, &trust, now));
        all.push((envelope, opened));
    }
    all
}

/// The stable codes of an OperationOutcome's issues.
#[must_use]
pub fn codes(outcome: &Value) -> Vec<String> {
    let issues = outcome.get("issue").and_then(Value::as_array).cloned().unwrap_or_default();
    issues
        .iter()
        .filter_map(|issue| issue.pointer("/details/coding/0/code").and_then(Value::as_str))
        .map(ToOwned::to_owned)
        .collect()
}

/// Ends a test with the reason.
///
/// # Panics
/// There is an error.
pub fn must<T, E: std::fmt::Display>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error:#}"))
}
