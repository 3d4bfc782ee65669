//! The main job, end to end: one hospital, two insurers, one app, over real HTTP against a gateway of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claimgate_adapters::hospital::{self as hospital_reader, HospitalBundle, Settings};
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::Value;

use super::client::{ClientError, Identity, PartyClient};
use super::report::{Demo, Recipient, Step};
use super::{app, hospital, insurer, life};
use crate::clock::Clock;
use crate::config::Config;
use crate::id::{Random, RequestId};
use crate::keys::ring;
use crate::lifecycle::{self, Running};
use crate::party::{AuthProfile, ConsentBasis, PartyIdentifier, Registration, Role, TokenRule};
use crate::store::schema;

/// The bundle the hospital pushes: made up, with valid check digits.
pub const BUNDLE: &[u8] = include_bytes!("../../../tests/fixtures/bundles/demo.json");

/// Institution code (醫事機構代碼) of the made-up hospital.
pub const HOSPITAL_CODE: &str = "1199990014";
/// 統一編號 of the made-up life insurer.
pub const LIFE_UBN: &str = "12345675";
/// 統一編號 of the made-up non-life insurer.
pub const NON_LIFE_UBN: &str = "12345676";

/// A running demo world.
pub struct World {
    /// The gateway.
    pub gateway: Running,
    /// Where it keeps its files.
    pub folder: PathBuf,
    /// The hospital's client.
    pub hospital: PartyClient,
    /// The insurers: client, keys, name, line.
    pub insurers: Vec<Insurer>,
    /// The app's client.
    pub app: PartyClient,
    clock: Clock,
    random: Random,
}

/// An insurer's simulator with its keys.
pub struct Insurer {
    /// Its client.
    pub client: PartyClient,
    /// Its keys for packets.
    pub keys: Vec<PrivateJwk>,
    /// Its line.
    pub line: Line,
}

/// Where progress is told, a line per step.
pub type Tell<'a> = &'a mut dyn FnMut(&Step);

/// Runs the whole story in a folder and leaves the world running.
///
/// # Errors
/// The first step that fails.
pub async fn run(folder: &Path, tell: Tell<'_>) -> anyhow::Result<(World, Demo)> {
    let (clock, random) = (Clock::system(), Random::system());
    let mut steps = Steps { clock: clock.clone(), list: Vec::new(), tell };
    let world = steps
        .take("start the gateway, make keys, register four parties", Box::pin(open_world(folder, clock, random)))
        .await?;
    let mut world = world;
    tokio::try_join!(world.hospital.authenticate(), world.app.authenticate())?;
    for one in &mut world.insurers {
        one.client.authenticate().await?;
    }
    steps.mark("obtain access tokens (private_key_jwt; the life insurer's bound to a key, DPoP)");
    let bundle = bundle()?;
    let applied = life::apply(&world.hospital, &bundle, &world.insurers);
    let application = steps.take("the patient applies and consents to both insurers", applied).await?;
    let key = RequestId::new(world.clock.now(), &world.random).to_string();
    let pushed = steps
        .take("push the bundle: validated, signed, sealed, on disk", hospital::push(&world.hospital, BUNDLE, &key))
        .await?;
    let mut demo = Demo::new(&pushed, BUNDLE.len());
    for one in &world.insurers {
        let recipient = serve(&world, one, &mut steps).await?;
        demo.add(recipient);
    }
    steps.take("each insurer finds only its own delivery", cross_check(&world)).await?;
    let claim = steps.take("the app redeems the tracking code", app::link(&world.app, &pushed.tracking_code)).await?;
    let (received, statement) =
        steps.take("who received what, and the day's statement", life::seen(&world.hospital, &application)).await?;
    demo.seen(&received, &statement);
    let timeline = steps.take("read the timeline", app::timeline(&world.app, &claim)).await?;
    demo.finish(&timeline, steps.list);
    Ok((world, demo))
}

async fn serve(world: &World, one: &Insurer, steps: &mut Steps<'_>) -> anyhow::Result<Recipient> {
    let name = one.client.id().to_owned();
    let found = steps.take(&format!("{name} pulls"), insurer::pull(&one.client, 0, 10)).await?;
    let envelope = found.into_iter().next().ok_or_else(|| anyhow::anyhow!("{name}: nothing to pull"))?;
    let sealed = steps.take(&format!("{name} fetches"), insurer::fetch(&one.client, &envelope.id)).await?;
    let trust = insurer::trusted_keys(&one.client).await?;
    let opened = insurer::verify(&one.client, (&sealed, &envelope), &one.keys, &trust, world.clock.now())?;
    steps.mark(&format!("{name} opens and verifies"));
    if opened.attachments().next().is_some() {
        insurer::attachments(&one.client, &envelope.id, &opened, &one.keys).await?;
        steps.mark(&format!("{name} fetches, opens and compares the attachments"));
    }
    insurer::acknowledge(&one.client, &envelope.id, &opened).await?;
    steps.mark(&format!("{name} acknowledges with a signed receipt"));
    insurer::report(&one.client, &envelope.submission_id, "in-review", "C-2026-000123").await?;
    steps.mark(&format!("{name} reports a status"));
    if one.line == Line::HealthReimbursement {
        life::decide_and_pay(&one.client, &envelope.submission_id).await?;
        steps.mark(&format!("{name} decides and pays"));
    }
    Ok(Recipient::new(&name, &envelope, &opened, &documents()?))
}

fn bundle() -> anyhow::Result<HospitalBundle> {
    let read = hospital_reader::read(BUNDLE, &Settings::default());
    read.map_err(|_| anyhow::anyhow!("the demo's own bundle is refused"))
}

/// What the bundle holds, by evidence type: the demo has one document of each.
fn documents() -> anyhow::Result<BTreeMap<String, Value>> {
    let bundle = bundle()?;
    let one = |document: &Document| Ok((document.kind().to_owned(), document.to_json()?));
    bundle.documents.iter().map(one).collect()
}

/// Each insurer asks for the other's delivery by its id: not found, whatever it is called.
async fn cross_check(world: &World) -> Result<(), ClientError> {
    let [first, second] = world.insurers.as_slice() else { return Err(ClientError::Form("two insurers")) };
    let theirs = insurer::pull(&first.client, 0, 0).await?;
    let foreign = theirs.first().ok_or(ClientError::Form("pull"))?;
    match insurer::fetch(&second.client, &foreign.id).await {
        Err(ClientError::Unexpected { status: 404, .. }) => Ok(()),
        _ => Err(ClientError::Form("another insurer's delivery must not be found")),
    }
}

/// A gateway on a free loopback port with four registered parties, in a folder that must be empty.
///
/// # Errors
/// A folder that cannot be written, or a step that fails.
pub async fn open_world(folder: &Path, clock: Clock, random: Random) -> anyhow::Result<World> {
    open_world_with(folder, Vec::new(), clock, random).await
}

/// The same with more settings, by the names of their variables.
///
/// # Errors
/// As [`open_world`], or a setting that is none.
pub async fn open_world_with(
    folder: &Path,
    settings: Vec<(String, String)>,
    clock: Clock,
    random: Random,
) -> anyhow::Result<World> {
    let data_dir = ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.display().to_string());
    let listen = ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned());
    // The made-up insurers' endpoints are on this machine.
    let loopback = ("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK".to_owned(), "true".to_owned());
    // All data is made up: one insurer's tokens may be bound to nothing.
    let sandbox = ("CLAIMGATE_GATEWAY__SANDBOX".to_owned(), "true".to_owned());
    let given = [data_dir, listen, loopback, sandbox];
    let config = Config::from_layers(None, given.into_iter().chain(settings))?;
    let sandbox = config.gateway.sandbox;
    ring::ensure(&config, &random, clock.now())?;
    Box::pin(schema::migrate(&config.database())).await?;
    let gateway = Box::pin(lifecycle::start(config, clock.clone(), random.clone())).await?;
    let base = gateway.base_url().to_owned();
    let now = clock.now();

    let mut made = Vec::new();
    for seed in SEEDS {
        let identity = Identity {
            id: seed.id.to_owned(),
            profile: if seed.role == Role::Hospital { AuthProfile::Smart } else { AuthProfile::Fapi },
            key: signing_key(seed.role, now)?,
        };
        let sealing = match seed.role {
            Role::Insurer => vec![PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, now)?],
            _ => Vec::new(),
        };
        gateway.app.engine.register(registration(seed, &identity, &sealing)).await?;
        let mut client = PartyClient::new(&base, identity, clock.clone(), random.clone())?;
        if seed.token == Some(TokenRule::Dpop) || (seed.role == Role::Insurer && !sandbox) {
            client = client.bound_to(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now)?);
        }
        made.push((seed, client, sealing));
    }
    let (mut hospital, mut app, mut insurers) = (None, None, Vec::new());
    for (seed, client, keys) in made {
        match (seed.role, seed.line) {
            (Role::Hospital, _) => hospital = Some(client),
            (Role::App, _) => app = Some(client),
            (Role::Insurer, Some(line)) => insurers.push(Insurer { client, keys, line }),
            _ => {}
        }
    }
    let missing = || anyhow::anyhow!("a party of the demo is missing");
    Ok(World {
        gateway,
        folder: folder.to_owned(),
        hospital: hospital.ok_or_else(missing)?,
        insurers,
        app: app.ok_or_else(missing)?,
        clock,
        random,
    })
}

struct Seed {
    id: &'static str,
    role: Role,
    name: &'static str,
    system: &'static str,
    number: &'static str,
    line: Option<Line>,
    token: Option<TokenRule>,
}

const INSTITUTION: &str = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw";
const UBN: &str = "https://gcis.nat.gov.tw";

const SEEDS: &[Seed] = &[
    Seed {
        id: "hospital-demo",
        role: Role::Hospital,
        name: "示範綜合醫院 (Demo General Hospital)",
        system: INSTITUTION,
        number: HOSPITAL_CODE,
        line: None,
        token: None,
    },
    Seed {
        id: "insurer-life",
        role: Role::Insurer,
        name: "安心人壽 (Anxin Life)",
        system: UBN,
        number: LIFE_UBN,
        line: Some(Line::HealthReimbursement),
        token: Some(TokenRule::Dpop),
    },
    Seed {
        id: "insurer-nonlife",
        role: Role::Insurer,
        name: "平安產物 (Pingan Property)",
        system: UBN,
        number: NON_LIFE_UBN,
        line: Some(Line::Accident),
        token: None,
    },
    Seed {
        id: "app-demo",
        role: Role::App,
        name: "保戶 App (Demo App)",
        system: "",
        number: "",
        line: None,
        token: None,
    },
];

/// A key a party of this role proves itself with: ES384 under SMART, ES256 under FAPI.
///
/// # Errors
/// The key cannot be made.
pub fn signing_key(role: Role, now: Timestamp) -> anyhow::Result<PrivateJwk> {
    let alg = if role == Role::Hospital { KeyAlg::Es384 } else { KeyAlg::Es256 };
    Ok(PrivateJwk::generate(KeyUse::Sig, alg, None, now)?)
}

fn registration(seed: &Seed, identity: &Identity, sealing: &[PrivateJwk]) -> Registration {
    let keys = std::iter::once(&identity.key).chain(sealing).map(PrivateJwk::public).collect();
    let identifiers = match seed.number {
        "" => Vec::new(),
        number => vec![PartyIdentifier { system: seed.system.to_owned(), value: number.to_owned() }],
    };
    let attested =
        || ConsentBasis::HospitalAttested { reference: "demo consent form 2026-01 (個資同意書)".to_owned() };
    Registration {
        auth: Some(identity.profile),
        identifiers,
        lines: seed.line.into_iter().collect(),
        consent: (seed.role == Role::Hospital).then(attested),
        token: seed.token,
        ..Registration::new(seed.id, seed.role, seed.name, JwkSet(keys).to_json())
    }
}

struct Steps<'a> {
    clock: Clock,
    list: Vec<Step>,
    tell: Tell<'a>,
}

impl Steps<'_> {
    async fn take<T, E>(&mut self, name: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let done = work.await?;
        self.mark(name);
        Ok(done)
    }

    /// The time since the last mark belongs to this step.
    fn mark(&mut self, name: &str) {
        let now = self.clock.elapsed();
        let before = self.list.iter().map(|step| step.took).sum::<Duration>();
        let step = Step { name: name.to_owned(), took: now.saturating_sub(before) };
        (self.tell)(&step);
        self.list.push(step);
    }
}
