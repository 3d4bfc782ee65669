//! The disclosure policy: who gets which fields, what a change of a withheld field does, another table, a consent that
//! takes away, and how all of it is explained.

use std::path::Path;
use std::process::{Command, Output};

use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::consent::{self, Limits};
use claimgate_gateway::core::coordination::Sharing;
use claimgate_gateway::core::disclosure::explain::markdown;
use claimgate_gateway::core::disclosure::{BUILT_IN, Policy};
use claimgate_gateway::core::packet::{Outgoing, Previous, Workshop, assemble};
use claimgate_gateway::core::revision::Before;
use claimgate_gateway::core::route::{Recipient, named};
use claimgate_gateway::id::{ClaimId, ConsentId, Random};
use claimgate_gateway::keys::at_rest::Vault;
use claimgate_gateway::keys::index::BlindIndex;
use claimgate_gateway::keys::master::MasterKey;
use claimgate_gateway::keys::sealers::Sealers;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::{ConsentBasis, Party, PartyIdentifier, PartyState, Registration, Role};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::{Opened, TrustedKeys, open};
use claimgate_packet::words::{ClaimKind, Line};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database;
use claimgate_tests::gateway::{NewParty, TestGateway, must, open_all, push_as};
use claimgate_tests::shared::{binary, project};
use serde_json::{Value, json};

const ADVICE: &str = "患者因騎乘機車跌倒受傷，於2026年7月31日入院手術，於2026年8月3日出院，宜休養六週，需輔具固定。";
const STREET: &str = "臺北市示範區測試路三段100號6樓";

/// The demo's case with a daily sum (日額) in place of its accident policy.
fn daily_case(number: &str) -> String {
    case(number).to_string().replace("12345676", "10000009").replace("\"accident\"", "\"health-daily\"")
}

async fn daily_insurer(test: &TestGateway) -> Insurer {
    let line = Line::HealthDaily;
    let new =
        NewParty { id: "insurer-daily", role: Role::Insurer, number: "10000009", lines: vec![line], consent: false };
    let (client, keys) = test.register(new).await;
    Insurer { client, keys, line }
}

fn document(opened: &Opened, kind: &str) -> Value {
    opened.evidence.iter().find(|one| one.document.kind() == kind).unwrap().document.to_json().unwrap()
}

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lines_open_one_packet_with_different_fields() {
    let test = TestGateway::start().await;
    let daily = daily_insurer(&test).await;
    assert_eq!(test.push(daily_case("FIELDS-1").as_bytes(), &[]).await.status, 201);
    let (_, whole) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let (_, less) = open_all(&daily, 0, test.clock.now()).await.pop().unwrap();
    assert_eq!(whole.packet_id, less.packet_id, "one signature covers both");
    let kinds = |opened: &Opened| opened.evidence.iter().map(|one| one.document.kind().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&whole), ["diagnosis-certificate", "medical-receipt", "lab-report"]);
    assert_eq!(kinds(&less), ["diagnosis-certificate"]);

    let (all, few) = (document(&whole, "diagnosis-certificate"), document(&less, "diagnosis-certificate"));
    assert_eq!(all["advice"], ADVICE);
    assert_eq!(all["visit"]["medical_identity"], document(&whole, "medical-receipt")["visit"]["medical_identity"]);
    assert!(few.get("advice").is_none() && few["visit"].get("medical_identity").is_none());
    assert_eq!((&few["diagnoses"], &few["visit"]["days"]), (&all["diagnoses"], &all["visit"]["days"]));
    assert_eq!(members(&few["patient"]).len(), 4, "{:?}", members(&few["patient"]));
    for opened in [&whole, &less] {
        assert!(!opened.to_json().unwrap().to_string().contains(STREET), "nobody gets the address");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_is_withheld_makes_no_delivery() {
    let test = TestGateway::start().await;
    let daily = daily_insurer(&test).await;
    let first = daily_case("FIELDS-2");
    assert_eq!(test.push(first.as_bytes(), &[]).await.status, 201);
    let moved = first.replace(STREET, "臺北市示範區測試路三段200號");
    assert_eq!(test.push(moved.as_bytes(), &[]).await.header("etag"), Some("W/\"2\""));
    let advised = moved.replace("宜休養六週", "宜休養八週");
    assert_eq!(test.push(advised.as_bytes(), &[]).await.header("etag"), Some("W/\"3\""));
    must(test.world.gateway.app.engine.store.sequence().await);
    // Nobody gets the address: the second revision is for nobody. The third is for the line that gets the advice.
    let life = open_all(test.life(), 0, test.clock.now()).await;
    let revisions: Vec<u32> = life.iter().map(|(_, opened)| opened.recipient.revision).collect();
    assert_eq!(revisions, [1, 2]);
    assert!(document(&life[1].1, "diagnosis-certificate")["advice"].as_str().unwrap().contains("八週"));
    assert_eq!(open_all(&daily, 0, test.clock.now()).await.len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_table_sends_what_it_changes_with_the_next_revision() {
    let (mut world, folder) = TestGateway::start().await.into_parts();
    let now = Clock::system().now();
    let body = case("FIELDS-3");
    assert_eq!(push_as(&world.hospital, &bytes(&body), &[]).await.status, 201);
    let before = open_all(&world.insurers[0], 0, now).await.pop().unwrap().1;
    let claim: ClaimId = before.claim.id.parse().unwrap();
    let address = world.gateway.address;
    let base = world.gateway.base_url().to_owned();
    must(world.gateway.stop().await);

    // No advice for reimbursement any more; accident keeps what it has.
    let first = BUILT_IN.find("[[give]]").unwrap();
    let end = first + BUILT_IN[first..].find("reason").unwrap();
    let row = BUILT_IN[first..end].replace(", \"/advice\"", "");
    let table = format!("{}{row}{}", &BUILT_IN[..first], &BUILT_IN[end..]);
    assert_ne!(table, BUILT_IN);
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, &table).unwrap();
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("CLAIMGATE_GATEWAY__BASE_URL".to_owned(), base),
        ("CLAIMGATE_GATEWAY__SANDBOX".to_owned(), "true".to_owned()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), address.to_string()),
        ("CLAIMGATE_DISCLOSURE__POLICY".to_owned(), file.display().to_string()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(folder.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    must(world.hospital.authenticate().await);
    for one in &mut world.insurers {
        must(one.client.authenticate().await);
    }
    assert_eq!(push_as(&world.hospital, &bytes(&body), &[]).await.header("etag"), Some("W/\"1\""), "the same bytes");
    let mut again = body;
    again["timestamp"] = json!("2026-11-23T11:00:00+08:00");
    assert_eq!(push_as(&world.hospital, &bytes(&again), &[]).await.header("etag"), Some("W/\"2\""));
    must(running.app.engine.store.sequence().await);
    let now = Clock::system().now();
    let after = open_all(&world.insurers[0], 1, now).await.pop().unwrap().1;
    assert_eq!((after.recipient.revision, after.recipient.supersedes.as_ref()), (2, Some(&before.packet_id)));
    assert!(document(&before, "diagnosis-certificate").get("advice").is_some());
    assert!(document(&after, "diagnosis-certificate").get("advice").is_none());
    assert_eq!(open_all(&world.insurers[1], 0, now).await.len(), 1, "nothing changed for the other line");

    // Each packet's table is on record, and the reasons of now are told apart from what was disclosed then.
    let engine = &running.app.engine;
    let explained = engine.explain(claim, &"insurer-life".parse().unwrap(), None).await.unwrap();
    let [one, two] = explained.as_slice() else { panic!("two deliveries") };
    let built_in = Policy::built_in().unwrap();
    assert_eq!(one.policy.as_deref(), Some(built_in.digest()));
    assert_eq!(two.policy.as_deref(), Some(engine.policy.digest()));
    assert_ne!(one.policy, two.policy);
    let advice = |explained: &claimgate_gateway::flows::explain::Explained| {
        let (_, certificate) = explained.evidence.iter().find(|(_, of)| of.kind == "diagnosis-certificate").unwrap();
        certificate.fields.iter().find(|field| field.pointer == "/advice").unwrap().withheld.is_some()
    };
    assert_eq!((advice(one), advice(two)), (false, true));
    must(running.stop().await);
}

fn explain(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["packet", "explain"]).args(arguments);
    command
        .current_dir(folder)
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder)
        .envs(database::settings(folder))
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_claim_is_explained_and_looking_is_on_record() {
    let test = TestGateway::start().await;
    assert_eq!(test.push(&bytes(&case("FIELDS-4")), &[]).await.status, 201);
    let (envelope, opened) = open_all(test.nonlife(), 0, test.clock.now()).await.pop().unwrap();
    let folder = test.stop().await;
    let claim = opened.claim.id.as_str();
    let text = out(&explain(folder.path(), &["--claim", claim, "--recipient", "insurer-nonlife"]));
    for said in [envelope.id.as_str(), opened.packet_id.as_str(), "accident 傷害", "signed under the policy in force"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let asked = ["--claim", claim, "--recipient", "insurer-nonlife", "--line", "accident", "--json"];
    let json: Value = serde_json::from_str(&out(&explain(folder.path(), &asked))).unwrap();
    let delivery = &json["deliveries"][0];
    assert_eq!((&delivery["delivery_id"], &delivery["same_policy"]), (&json!(envelope.id), &json!(true)));
    assert!(delivery["consent"]["reference"].is_string() && delivery["left"].is_string());
    let evidence = delivery["evidence"].as_array().unwrap();
    let given: Vec<(&str, bool)> =
        evidence.iter().map(|one| (one["type"].as_str().unwrap(), one["given"].as_bool().unwrap())).collect();
    assert_eq!(given, [("diagnosis-certificate", true), ("medical-receipt", true), ("lab-report", false)]);
    let certificate = evidence[0]["fields"].as_array().unwrap();
    let field = |name: &str| certificate.iter().find(|field| field["field"] == name).unwrap();
    assert_eq!(field("/advice")["given"], true);
    assert_eq!(field("/patient/address")["given"], false);
    assert!(field("/patient/address")["reason_zh"].as_str().unwrap().contains("要保書"));
    for personal in [ADVICE, STREET, "DX1150803010", "R1150803-0042"] {
        assert!(!text.contains(personal) && !json.to_string().contains(personal), "{personal}");
    }
    for (claim, recipient, says) in [
        (claim, "insurer-other", "no packet of this claim"),
        ("clm_01a20795-d752-7a9f-a283-ad7df04b8ac1", "insurer-life", "no such claim"),
    ] {
        let nothing = explain(folder.path(), &["--claim", claim, "--recipient", recipient]);
        let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
        assert!(nothing.status.code() == Some(1) && said.contains(says), "{said}");
    }
    let doctor = |policy: &str| {
        let mut command = Command::new(binary());
        command.arg("doctor").env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path()).envs(database::settings(folder.path()));
        let output = command.env("CLAIMGATE_DISCLOSURE__POLICY", policy).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let digest = Policy::built_in().unwrap().digest().to_owned();
    let (code, said) = doctor("");
    assert!(code == Some(0) && said.contains(&format!("disclosure policy: built-in, SHA-256 {digest}")), "{said}");
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, BUILT_IN.replacen("\"group\"", "\"gruop\"", 1)).unwrap();
    let (code, said) = doctor(&wrong.display().to_string());
    assert!(code == Some(4) && said.contains("wrong.toml:13: `gruop`") && said.contains("group"), "{said}");
    let layers = [("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string())];
    let config = must(Config::from_layers(None, layers.into_iter().chain(folder.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    // Four registrations, a bundle, its packet, a fetch, and two looks.
    assert_eq!(must(running.app.engine.store.check_audit().await), Ok(9));
    must(running.stop().await);
}

#[test]
fn the_policy_is_explained_at_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let text = out(&explain(folder.path(), &["--line", "health-daily"]));
    for said in
        ["built-in", "health-daily 日額", "/advice /procedures", "medical-receipt 醫療費用收據: withheld", "理由"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let json: Value =
        serde_json::from_str(&out(&explain(folder.path(), &["--line", "life", "--purpose", "subrogation", "--json"])))
            .unwrap();
    assert!(json["evidence"].as_array().unwrap().iter().all(|one| one["given"] == false));
    assert_eq!(json["policy"]["digest"], Policy::built_in().unwrap().digest());
    assert!(explain(folder.path(), &["--line", "fund"]).status.success());
    assert_eq!(explain(folder.path(), &["--line", "pets"]).status.code(), Some(2));
    assert_eq!(explain(folder.path(), &[]).status.code(), Some(2));
    let wrong = BUILT_IN.replacen("/issued_on", "/isued_on", 1);
    std::fs::write(folder.path().join("wrong.toml"), wrong).unwrap();
    let refused = explain(folder.path(), &["--line", "life", "--policy", "wrong.toml"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("wrong.toml:17: /isued_on") && said.contains("nearest: /issued_on"), "{said}");
    let missing = explain(folder.path(), &["--line", "life", "--policy", "missing.toml"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("disclosure.policy: missing.toml cannot be read"));
}

#[test]
fn the_document_shows_the_table_of_this_build() {
    let path = project().join("docs/disclosure.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (_, rest) = document.split_once("<!-- table: begin -->\n\n").unwrap();
    let (table, _) = rest.split_once("\n<!-- table: end -->").unwrap();
    let how = "between the marks stands what `claimgate packet explain --table` prints";
    assert!(table == markdown(&Policy::built_in().unwrap()).trim_end(), "docs/disclosure.md is out of date: {how}");
}

/// Two insurers of one line, a hospital with a basis, and what a packet is made with.
struct Desk {
    hospital: Party,
    recipients: Vec<Recipient>,
    keys: Vec<PrivateJwk>,
    signing: PrivateJwk,
    random: Random,
    index: BlindIndex,
    vault: Vault,
    policy: Policy,
    evidence: Vec<Evidence>,
    claim: ClaimId,
}

impl Desk {
    fn new() -> Self {
        let (now, random) = (Clock::system().now(), Random::system());
        let key = |usage, alg| PrivateJwk::generate(usage, alg, None, now).unwrap();
        let party = |id: &str, role, system: &str, number: &str, sealing: &[PrivateJwk]| {
            let prove = key(KeyUse::Sig, KeyAlg::Es256);
            let registration = Registration {
                identifiers: vec![PartyIdentifier { system: system.to_owned(), value: number.to_owned() }],
                lines: if role == Role::Insurer { vec![Line::Accident] } else { Vec::new() },
                consent: (role == Role::Hospital)
                    .then(|| ConsentBasis::HospitalAttested { reference: "test form".to_owned() }),
                ..Registration::new(
                    id,
                    role,
                    id,
                    JwkSet(std::iter::once(&prove).chain(sealing).map(PrivateJwk::public).collect()).to_json(),
                )
            };
            Party::new(registration, PartyState::Live, 1).unwrap()
        };
        let keys: Vec<PrivateJwk> = (0..2).map(|_| key(KeyUse::Enc, KeyAlg::EcdhEsA256kw)).collect();
        let recipients = keys.iter().zip(["12345675", "12345676"]).map(|(key, number)| {
            let id = format!("insurer-{number}");
            let party = party(&id, Role::Insurer, "https://gcis.nat.gov.tw", number, std::slice::from_ref(key));
            Recipient { party: std::sync::Arc::new(party), line: Line::Accident }
        });
        let institution = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw";
        let master = MasterKey::generate(&random);
        Self {
            hospital: party("hospital-a", Role::Hospital, institution, "1199990014", &[]),
            recipients: recipients.collect(),
            signing: key(KeyUse::Sig, KeyAlg::Es256),
            index: BlindIndex::new(&master),
            vault: Vault::new(&master, random.clone()),
            policy: Policy::built_in().unwrap(),
            evidence: vec![
                certificate("evd_01a20795-d752-7a9f-a283-ad7df04b8ac1", now),
                receipt("evd_01a20795-d752-7a9f-a283-ad7df04b8ac2", now),
            ],
            claim: ClaimId::new(now, &random),
            keys,
            random,
        }
    }

    /// Makes a packet, with limits for the second recipient.
    fn assemble(&self, limits: Option<&Limits>, previous: &[Previous]) -> Option<Outgoing> {
        let now = Clock::system().now();
        let (claim_key, _) = self.vault.new_claim_key(self.claim).unwrap();
        let consent = ConsentId::new(now, &self.random);
        let mut permit =
            consent::permit(&self.hospital, consent, &named(&self.recipients), &consent::ByPatient::Nothing).unwrap();
        if let Some(limits) = limits {
            permit = permit.limited(&self.recipients[1].party.id, Line::Accident, limits);
        }
        let workshop = Workshop {
            issuer: "https://gate.example",
            kind: ClaimKind::Health,
            now,
            random: &self.random,
            signing: &self.signing,
            index: &self.index,
            policy: &self.policy,
            claim_key: &claim_key,
            sealers: &Sealers::default(),
            sharing: &Sharing::default(),
        };
        assemble(
            &workshop,
            (self.claim, 1),
            &self.evidence,
            (&permit, &self.recipients),
            (previous, &Before::default()),
        )
        .unwrap()
    }

    fn open(&self, outgoing: &Outgoing, place: usize) -> Opened {
        let trust = TrustedKeys::new("https://gate.example".to_owned(), vec![self.signing.public()]);
        let aud = self.recipients[place].party.id.as_str();
        let delivery = outgoing.deliveries.iter().find(|one| one.party.as_str() == aud).unwrap();
        let sealed = std::str::from_utf8(&delivery.sealed).unwrap();
        open(sealed, &[self.keys[place].clone()], &trust, aud, None, Clock::system().now()).unwrap()
    }
}

fn evidence(id: &str, kind: &str, at: jiff::Timestamp, document: Value) -> Evidence {
    Evidence {
        id: id.to_owned(),
        source: Source { party: "hospital-a".to_owned(), form: "test".to_owned() },
        obtained: at,
        verified: Verification {
            method: "authenticated-channel".to_owned(),
            result: "accepted".to_owned(),
            at,
            key: None,
        },
        attachments: Vec::new(),
        document: Document::from_json(kind, &format!("{kind}/1"), document).unwrap(),
    }
}

fn certificate(id: &str, at: jiff::Timestamp) -> Evidence {
    let patient = json!({ "name": "王小明", "identifiers": [], "address": STREET });
    let diagnosis = json!({ "text": "挫傷", "severity": { "text": "輕度" } });
    let document = json!({ "patient": patient, "institution": { "code": "1199990014" }, "diagnoses": [diagnosis],
        "advice": ADVICE, "physicians": [] });
    evidence(id, "diagnosis-certificate", at, document)
}

fn receipt(id: &str, at: jiff::Timestamp) -> Evidence {
    let document = json!({ "number": "R-1", "patient": { "name": "王小明", "identifiers": [] },
        "institution": { "code": "1199990014" }, "currency": "TWD", "lines": [],
        "totals": { "self_pay": "0", "nhi": "0", "unstated": "0" } });
    evidence(id, "medical-receipt", at, document)
}

#[test]
fn a_consent_takes_away_from_one_recipient_alone() {
    let desk = Desk::new();
    let mut limits = Limits::default();
    let without = ["/advice", "/diagnoses/*/severity", "/totals/self_pay"];
    limits
        .without
        .insert("diagnosis-certificate".to_owned(), without[..2].iter().map(|one| (*one).to_owned()).collect());
    limits.without.insert("medical-receipt".to_owned(), [without[2].to_owned()].into());
    let made = desk.assemble(Some(&limits), &[]).unwrap();
    let (all, less) = (desk.open(&made, 0), desk.open(&made, 1));
    assert_eq!((all.evidence.len(), less.evidence.len()), (2, 1), "a sum alone is nothing: the receipt goes whole");
    let (all, less) = (document(&all, "diagnosis-certificate"), document(&less, "diagnosis-certificate"));
    assert_eq!((&all["advice"], &all["diagnoses"][0]["severity"]["text"]), (&json!(ADVICE), &json!("輕度")));
    assert_eq!((&less["advice"], &less["diagnoses"][0]), (&Value::Null, &json!({ "text": "挫傷" })));

    // The same content again makes nothing; without the limits the second recipient gets more, and only it.
    let previous: Vec<Previous> = made
        .deliveries
        .iter()
        .map(|one| Previous {
            party: one.party.clone(),
            line: one.line,
            revision: one.revision,
            packet: one.packet,
            content: one.content,
            fruitless: false,
        })
        .collect();
    assert!(desk.assemble(Some(&limits), &previous).is_none());
    let more = desk.assemble(None, &previous).unwrap();
    assert_eq!(more.deliveries.len(), 1);
    assert_eq!(document(&desk.open(&more, 1), "diagnosis-certificate")["advice"], ADVICE);
    let nothing = Limits { only: Some([].into()), ..Limits::default() };
    assert!(desk.open(&desk.assemble(Some(&nothing), &[]).unwrap(), 1).evidence.is_empty());
}

#[test]
fn a_document_looks_the_same_whoever_else_gets_more() {
    // What is apart follows from the table alone: a packet does not even tell by its size that somebody else gets the
    // same certificate without the doctor's orders.
    let mut desk = Desk::new();
    desk.recipients[0].line = Line::HealthReimbursement;
    desk.recipients[1].line = Line::HealthDaily;
    let both = desk.assemble(None, &[]).unwrap();
    assert!(document(&desk.open(&both, 0), "diagnosis-certificate").get("advice").is_some());
    assert!(document(&desk.open(&both, 1), "diagnosis-certificate").get("advice").is_none());
    desk.recipients.truncate(1);
    let alone = desk.assemble(None, &[]).unwrap();
    assert_eq!(alone.deliveries[0].sealed.len(), both.deliveries[0].sealed.len());
}
