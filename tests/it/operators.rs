//! Two operators for one change, at the command line.

use std::path::Path;
use std::process::{Command, Output};

use claimgate_gateway::clock::Clock;
use claimgate_gateway::flows::registry::{NotRegistered, Operator, Standing};
use claimgate_gateway::party::{PartyIdentifier, PartyState};
use claimgate_packet::words::Line;
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::binary;
use serde_json::{Value, json};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder);
    command.env("CLAIMGATE_GATEWAY__DATA_DIR", folder.join("data")).envs(database::settings(folder.join("data")));
    command.env("CLAIMGATE_OPERATORS__NAMES", "alice,bob").env("CLAIMGATE_OPERATORS__FOUR_EYES", "true");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn a_second_operator_approves_what_one_proposes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    let write = |name: &str, document: &Value| std::fs::write(folder.path().join(name), document.to_string()).unwrap();
    assert_eq!(run(&["keys", "new", "packet"]).0, 0);
    assert_eq!(run(&["migrate", "up"]).0, 0);
    for party in ["insurer-one", "insurer-two", "insurer-next"] {
        assert_eq!(run(&["keys", "new", "insurer", "--party", party]).0, 0);
    }
    let document = |id: &str, number: &str| {
        json!({
            "id": id, "role": "insurer", "name": "某某人壽", "lines": ["life"], "jwks": {},
            "identifiers": [{ "system": "https://gcis.nat.gov.tw", "value": number }],
            "contacts": [{ "kind": "technical", "name": "林小美", "email": "it@insurer.example" }],
        })
    };
    write("one.json", &document("insurer-one", "12345675"));
    write("two.json", &document("insurer-two", "12345676"));

    // The first of an empty registry needs nobody else; the second does.
    let add = |file, jwks| run(&["party", "add", file, "--jwks", jwks]);
    assert_eq!(add("one.json", "insurer-one.jwks.json").0, 0);
    let (code, _, said) = add("two.json", "insurer-two.jwks.json");
    assert!(code == 1 && said.contains("claimgate party propose FILE --as NAME"), "{said}");
    let (code, _, said) = run(&["party", "propose", "two.json", "--as", "mallory"]);
    assert!(code == 1 && said.contains("operators.names"), "{said}");
    let propose = ["party", "propose", "two.json", "--jwks", "insurer-two.jwks.json", "--as", "alice"];
    let (code, shown, said) = run(&propose);
    assert_eq!(code, 0, "{said}");
    assert!(shown.contains("new party") && shown.contains("thumbprint") && shown.contains("+ 1 contacts"), "{shown}");
    assert!(!shown.contains("insurer.example") && !run(&["party", "list"]).1.contains("insurer-two"));
    let id = shown.split_whitespace().next().unwrap();
    let (code, _, said) = run(&["party", "approve", id, "--as", "alice"]);
    assert!(code == 1 && said.contains("another operator"), "{said}");
    let (code, said, _) = run(&["party", "approve", id, "--as", "bob"]);
    assert!(code == 0 && said.contains("insurer-two approved: live"), "{said}");
    assert_eq!(run(&["party", "approve", id, "--as", "bob"]).0, 1, "it is decided");
    let kept: Value = serde_json::from_str(&run(&["party", "show", "insurer-two"]).1).unwrap();
    assert_eq!(kept["contacts"][0]["email"], "it@insurer.example");

    // Other keys for packets need the other operator; another authentication key does not.
    let keys = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(format!("{name}.jwks.json"))).unwrap()).unwrap()
    };
    let (own, next) = (keys("insurer-two"), keys("insurer-next"));
    let mixed = |sig: &Value, enc: &Value| {
        let of = |set: &Value, usage: &str| {
            set["keys"].as_array().unwrap().iter().find(|key| key["use"] == usage).unwrap().clone()
        };
        let mut whole = kept.clone();
        whole["jwks"] = json!({ "keys": [of(sig, "sig"), of(enc, "enc")] });
        whole
    };
    write("sig.json", &mixed(&next, &own));
    write("enc.json", &mixed(&next, &next));
    assert_eq!(run(&["party", "replace", "sig.json"]).0, 0);
    let (code, _, said) = run(&["party", "replace", "enc.json"]);
    assert!(code == 1 && said.contains("second operator"), "{said}");
    let (code, shown, said) = run(&["party", "propose", "enc.json", "--as", "bob"]);
    assert_eq!(code, 0, "{said}");
    let waiting = shown.split_whitespace().next().unwrap().to_owned();
    assert!(shown.contains("    - enc ECDH-ES+A256KW") && shown.contains("    + enc ECDH-ES+A256KW"), "{shown}");

    // To take away needs nobody else; to give back does.
    assert_eq!(run(&["party", "disable", "insurer-two"]).0, 0);
    let (code, _, said) = run(&["party", "enable", "insurer-two"]);
    assert!(code == 1 && said.contains("--state live"), "{said}");
    let (code, _, said) = run(&["party", "consent", "insurer-two", "--attested", "x"]);
    assert!(code == 1 && said.contains("second operator"), "{said}");
    let (code, _, said) = run(&["party", "approve", &waiting, "--as", "alice"]);
    assert!(code == 1 && said.contains("has changed since"), "{said}");
    assert!(run(&["party", "proposals"]).1.contains("outdated"));
    assert_eq!(run(&["party", "reject", &waiting, "--as", "bob"]).0, 0, "one takes back one's own");
    let (_, shown, _) = run(&["party", "propose", "--party", "insurer-two", "--state", "live", "--as", "alice"]);
    let back = shown.split_whitespace().next().unwrap();
    assert!(shown.contains("- suspended") && shown.contains("+ live"), "{shown}");
    assert_eq!(run(&["party", "approve", back, "--as", "bob"]).0, 0);
    let (code, said, _) = run(&["doctor"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("four eyes: 2 operators") && said.contains("unbroken"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_holds_for_one_version_and_fourteen_days_and_everything_is_audited() {
    let settings = [
        ("CLAIMGATE_OPERATORS__NAMES", "alice,bob".to_owned()),
        ("CLAIMGATE_OPERATORS__FOUR_EYES", "false".to_owned()),
    ];
    let clock = Clock::test("2026-11-23T02:00:00Z".parse().unwrap());
    let test = TestGateway::start_with_settings(clock, &settings).await;
    let engine = &test.world.gateway.app.engine;
    let names = ["alice".to_owned(), "bob".to_owned()];
    let operator = |name: &str| must(Operator::new(name, &names, Some(1_000)));
    let (alice, bob) = (operator("alice"), operator("bob"));
    let id = "insurer-life".parse().unwrap();
    let before = must(engine.store.party(&id).await).unwrap();
    let same = engine.propose(&alice, before.registration().clone(), None).await;
    assert!(matches!(same, Err(NotRegistered::NothingNew)));
    let mut wider = before.registration().clone();
    wider.lines.push(Line::HealthDaily);

    // Two proposals against one version: the first that is approved outdates the other.
    let first = must(engine.propose(&alice, wider.clone(), None).await);
    let other = must(engine.propose(&bob, wider.clone(), Some(PartyState::Suspended)).await);
    assert!(matches!(engine.approve(&alice, first.row.id).await, Err(NotRegistered::SameOperator)));
    let changed = must(engine.approve(&bob, first.row.id).await);
    assert_eq!((changed.version, changed.registration().lines.len()), (before.version + 1, 2));
    assert!(matches!(engine.approve(&alice, other.row.id).await, Err(NotRegistered::Outdated)));
    assert_eq!(must(engine.proposals().await).pop().unwrap().standing, Standing::Outdated);
    must(engine.reject(&alice, other.row.id).await);
    assert!(matches!(engine.approve(&alice, other.row.id).await, Err(NotRegistered::NoProposal)));

    // A number that is another's by then.
    let number = PartyIdentifier { system: "urn:claimgate:insurer-code".to_owned(), value: "N18".to_owned() };
    let mut coded = changed.registration().clone();
    coded.identifiers.push(number.clone());
    let late = must(engine.propose(&alice, coded, None).await);
    let nonlife = "insurer-nonlife".parse().unwrap();
    let mut taken = must(engine.store.party(&nonlife).await).unwrap().registration().clone();
    taken.identifiers.push(number);
    must(engine.replace_registration(&nonlife, taken).await);
    assert!(matches!(engine.approve(&bob, late.row.id).await, Err(NotRegistered::Taken(_))));
    // Both at once: one of them is approved, once.
    let mut narrow = changed.registration().clone();
    narrow.lines.truncate(1);
    let once = must(engine.propose(&alice, narrow.clone(), None).await).row.id;
    let (one, two) = tokio::join!(engine.approve(&bob, once), engine.approve(&bob, once));
    assert!(one.is_ok() != two.is_ok());

    test.clock.advance(std::time::Duration::from_hours(24 * 14) - std::time::Duration::from_secs(1));
    assert_eq!(must(engine.proposals().await).first().unwrap().standing, Standing::Outdated);
    test.clock.advance(std::time::Duration::from_secs(1));
    assert!(matches!(engine.approve(&bob, late.row.id).await, Err(NotRegistered::Expired)));

    must(engine.store.sequence().await);
    let actions: Vec<String> =
        must(engine.store.audit_of("insurer-life").await).into_iter().map(|(action, _)| action).collect();
    let wanted = ["party.registered", "party.proposed", "party.proposed", "party.approved", "party.rejected"];
    assert_eq!(actions[..5], wanted, "{actions:?}");
    let audited = must(engine.store.audit_of("insurer-life").await);
    let (_, approved) = audited.iter().find(|(action, _)| action == "party.approved").unwrap();
    assert_eq!((&approved["proposed_by"], &approved["changes"]), (&json!("alice"), &json!("lines")));
    assert_eq!(approved["account"], "1000");
    test.stop().await;
}
