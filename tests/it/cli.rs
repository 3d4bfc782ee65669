//! The command line: a gateway set up by hand, a packet opened without one, exit codes.

use std::process::{Command, Output};

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, open_all};
use claimgate_tests::shared::{binary, claimgate};
use serde_json::{Value, json};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_gateway_is_set_up_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| claimgate(folder.path(), arguments);

    let early = run(&["party", "list"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(err(&early).contains("master.key"), "{}", err(&early));
    assert!(run(&["keys", "new", "packet"]).status.success());
    assert!(run(&["migrate", "up"]).status.success());
    assert_eq!(run(&["migrate", "check"]).status.code(), Some(0));
    let keys = run(&["keys", "list"]);
    assert_eq!(out(&keys).lines().filter(|line| line.contains(" current ")).count(), 2, "{}", out(&keys));

    let made = run(&["keys", "new", "insurer", "--party", "insurer-abc"]);
    assert!(made.status.success(), "{}", err(&made));
    let document = json!({
        "id": "insurer-abc", "role": "insurer", "name": "某某人壽", "lines": ["health-reimbursement"],
        "identifiers": [{ "system": "https://gcis.nat.gov.tw", "value": "12345675" }], "jwks": {},
    });
    std::fs::write(folder.path().join("insurer.json"), document.to_string()).unwrap();
    let add = ["party", "add", "insurer.json", "--jwks", "insurer-abc.jwks.json"];
    let added = run(&add);
    assert!(added.status.success(), "{}", err(&added));
    let twice = run(&add);
    assert_eq!((twice.status.code(), err(&twice).contains("registered already")), (Some(1), true));
    assert!(run(&["party", "disable", "insurer-abc"]).status.success());
    assert!(out(&run(&["party", "list"])).contains("suspended"));
    assert!(run(&["party", "enable", "insurer-abc"]).status.success());
    let consent = run(&["party", "consent", "insurer-abc", "--attested", "x"]);
    assert!(err(&consent).contains("only a hospital"), "{}", err(&consent));

    // An older document takes a duty away, and says so.
    let strict = json!({ "signature_required": true, "name": "某某人壽股份有限公司" });
    let mut newer = document.clone();
    newer.as_object_mut().unwrap().extend(strict.as_object().unwrap().clone());
    std::fs::write(folder.path().join("newer.json"), newer.to_string()).unwrap();
    let replace = |file: &str| run(&["party", "replace", file, "--jwks", "insurer-abc.jwks.json"]);
    let stricter = replace("newer.json");
    assert!(stricter.status.success() && err(&stricter).is_empty(), "{}", err(&stricter));
    assert!(out(&stricter).contains("signature_required:  → true"), "{}", out(&stricter));
    let older = replace("insurer.json");
    assert!(err(&older).contains("warning: the document says nothing of signature_required"), "{}", err(&older));
    assert!(out(&older).contains("name: 某某人壽股份有限公司 → 某某人壽"), "{}", out(&older));

    let doctor = run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{}", out(&doctor));
    assert!(out(&doctor).contains("unbroken") && out(&doctor).contains("1 party"), "{}", out(&doctor));
    let wrong = Command::new(binary()).arg("doctor").env("CLAIMGATE_HTTP__LISTN", "x").output().unwrap();
    assert_eq!(wrong.status.code(), Some(4));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
}

#[test]
fn what_fails_says_once_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| claimgate(folder.path(), arguments);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let early = out(&run(&["doctor"]));
    assert!(early.contains("master.key is not there") && early.contains("claimgate serve --init"), "{early}");
    let nowhere = out(&run(&["doctor", "--config", "nosuch.toml"]));
    assert!(nowhere.contains("nosuch.toml cannot be read: No such file"), "{nowhere}");
    write("listen.toml", "[http]\nlisten = \"x\"\n");
    let listen = run(&["doctor", "--config", "listen.toml"]);
    assert!(listen.status.code() == Some(4) && out(&listen).contains("such as 127.0.0.1:8080"), "{}", out(&listen));

    assert!(run(&["keys", "new", "packet"]).status.success());
    assert!(run(&["migrate", "up"]).status.success());
    write("id.json", &json!({ "id": "X", "role": "app", "name": "某某", "jwks": { "keys": [] } }).to_string());
    let refused = err(&run(&["party", "add", "id.json"]));
    assert_eq!(refused.matches("a party id is 3 to 64").count(), 1, "{refused}");
    let keys = ["keys", "new", "insurer", "--party", "insurer-abc"];
    assert!(run(&keys).status.success());
    let again = err(&run(&keys));
    assert!(again.contains("insurer-abc.sig.json is there already and is kept; choose another --out"), "{again}");
    write("kept.db", "");
    let kept = run(&["backup", "kept.db"]);
    assert!(kept.status.code() == Some(1) && err(&kept).contains("never replaces a file: name another"));
    let check = run(&["backup", "check", "nosuch.db"]);
    assert!(check.status.code() == Some(4) && out(&check).contains("nosuch.db: no such file"), "{}", out(&check));

    // A number that is another's, and whose; a key that took another's place.
    let document = |id: &str| {
        json!({
            "id": id, "role": "insurer", "name": "某某人壽", "lines": ["health-reimbursement"],
            "identifiers": [{ "system": "https://gcis.nat.gov.tw", "value": "12345675" }], "jwks": {},
        })
    };
    write("abc.json", &document("insurer-abc").to_string());
    write("other.json", &document("insurer-other").to_string());
    let with = |verb: &str, file: &str, jwks: &str| run(&["party", verb, file, "--jwks", jwks]);
    assert!(with("add", "abc.json", "insurer-abc.jwks.json").status.success());
    let taken = err(&with("add", "other.json", "insurer-abc.jwks.json"));
    assert!(taken.contains("identifiers[0] is a number of insurer-abc"), "{taken}");
    assert!(run(&["keys", "new", "insurer", "--party", "insurer-abc", "--out", "next"]).status.success());
    let replaced = with("replace", "abc.json", "next/insurer-abc.jwks.json");
    assert!(replaced.status.success() && err(&replaced).is_empty(), "{}", err(&replaced));
    assert_eq!(out(&replaced).matches("is gone").count(), 2, "{}", out(&replaced));
    let away =
        claimgate(folder.path(), &["packet", "open", "--key", "insurer-abc.enc.json", "--trust", "abc.json", "x"]);
    assert!(err(&away).contains("/.well-known/claim-packet-keys"), "{}", err(&away));
}

#[test]
fn a_registered_operator_acts_alone_by_name_and_never_as_one_of_two() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| claimgate(folder.path(), arguments);
    assert!(run(&["keys", "new", "packet"]).status.success());
    assert!(run(&["migrate", "up"]).status.success());
    for name in ["carol", "dave"] {
        assert!(run(&["keys", "new", "operator", "--party", name]).status.success());
        let added = run(&["operator", "add", name, "--jwks", &format!("{name}.jwks.json")]);
        assert!(added.status.success(), "{}", err(&added));
    }
    let ran = run(&["retention", "run", "--as", "carol"]);
    assert!(ran.status.success(), "{}", err(&ran));
    let nobody = run(&["retention", "run", "--as", "mallory"]);
    assert!(nobody.status.code() == Some(1) && err(&nobody).contains("nor a registered operator"), "{}", err(&nobody));
    let two = run(&["party", "propose", "--party", "dave", "--state", "suspended", "--as", "carol"]);
    assert!(two.status.code() == Some(1) && err(&two).contains("over the operator interface"), "{}", err(&two));
    assert!(run(&["operator", "suspend", "carol"]).status.success());
    assert_eq!(run(&["retention", "run", "--as", "carol"]).status.code(), Some(1));
}

#[test]
fn bundles_are_checked_and_converted_at_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, body: &[u8]| std::fs::write(folder.path().join(name), body).unwrap();
    write("good.json", &bytes(&case("DESK-1")));
    write("bad.json", br#"{"resourceType":"Bundle","type":"collection"}"#);
    let both = claimgate(folder.path(), &["fhir", "validate", "--json", "good.json", "bad.json"]);
    assert_eq!(both.status.code(), Some(1), "{}", err(&both));
    let rows: Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!((&rows[0]["file"], &rows[0]["outcome"]), (&json!("good.json"), &json!("accepted")));
    assert!(rows[0]["evidence"].as_array().unwrap().contains(&json!({ "type": "medical-receipt", "count": 1 })));
    assert_eq!(rows[1]["outcome"], "refused");
    let issue = &rows[1]["issues"][0];
    assert!(issue["severity"] == "error" && issue["code"].is_string() && issue["text"].is_string(), "{issue}");
    assert!(issue["expression"].is_array());

    let good = claimgate(folder.path(), &["fhir", "validate", "good.json"]);
    assert_eq!(good.status.code(), Some(0));
    let last = out(&good).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last.split_whitespace().collect::<Vec<_>>(), ["1", "1", "0", "0"]);
    let converted = claimgate(folder.path(), &["fhir", "convert", "--json", "good.json"]);
    let rows: Value = serde_json::from_slice(&converted.stdout).unwrap();
    assert!(rows[0]["evidence"].as_array().unwrap().len() >= 3);
    assert_eq!(claimgate(folder.path(), &["fhir", "validate"]).status.code(), Some(2));
    assert_eq!(claimgate(folder.path(), &["fhir", "validate", "missing.json"]).status.code(), Some(1));
}

#[test]
fn an_exposed_key_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    assert!(claimgate(folder.path(), &["keys", "new", "token"]).status.success());
    let master = folder.path().join("data/keys/master.key");
    std::fs::set_permissions(&master, std::fs::Permissions::from_mode(0o644)).unwrap();
    let doctor = claimgate(folder.path(), &["doctor"]);
    assert_eq!(doctor.status.code(), Some(4));
    assert!(out(&doctor).contains("chmod 600"), "{}", out(&doctor));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_opens_a_packet_without_a_gateway() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("CLI-1")), &[]).await;
    let one = test.life();
    let envelope = must(insurer::pull(&one.client, 0, 5).await).pop().unwrap();
    let sealed = must(insurer::fetch(&one.client, &envelope.id).await);
    let trust = must(insurer::trusted_keys(&one.client).await).to_json();
    let key = one.keys.first().unwrap().to_json();
    let (_, opened) = open_all(one, 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().next().unwrap().clone();
    let path = format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id);
    let file = String::from_utf8(get(&one.client, &path).await.body).unwrap();
    test.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("packet.jose", &format!("{sealed}\n"));
    write("trust.json", &trust.to_string());
    write("key.json", &key.to_string());
    let packet = |verb: &str, me: &str, file: &str| {
        claimgate(folder.path(), &["packet", verb, "--key", "key.json", "--trust", "trust.json", "--me", me, file])
    };
    let opened = packet("open", "insurer-life", "packet.jose");
    assert_eq!(opened.status.code(), Some(0), "{}", err(&opened));
    let claim: Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert!(claim.to_string().contains("medical-receipt"));
    assert!(out(&packet("verify", "insurer-life", "packet.jose")).starts_with("verified: pkt_"));

    let own = format!("{}.jose", named.id);
    write(&own, &format!("{file}\n"));
    write("att_other.jose", &file);
    let with = |file: &str| {
        let arguments = ["--key", "key.json", "--trust", "trust.json", "--me", "insurer-life", "packet.jose"];
        let rest = ["--attachment", file, "--out", "files"];
        claimgate(folder.path(), &[&["packet", "verify"][..], &arguments, &rest].concat())
    };
    let written = with(&own);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    assert!(out(&written).contains(&named.id) && err(&written).contains("656 bytes: verified"), "{}", err(&written));
    let bytes = std::fs::read(folder.path().join(format!("files/{}.pdf", named.id))).unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() == 656);
    assert_eq!(with(&own).status.code(), Some(1), "nothing is written over");
    assert!(err(&with("att_other.jose")).contains("attachment.unknown"));
    let nowhere = with("att_*.jose");
    assert_eq!(nowhere.status.code(), Some(1), "there is no such file");
    assert!(err(&nowhere).contains("cannot be read: No such file"), "{}", err(&nowhere));
    write(&own, &sealed);
    assert!(err(&with(&own)).contains("attachment.header"));

    assert_eq!(packet("verify", "insurer-other", "packet.jose").status.code(), Some(3));
    let mut changed = sealed.into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    write("changed.jose", &String::from_utf8(changed).unwrap());
    let refused = packet("verify", "insurer-life", "changed.jose");
    assert_eq!(refused.status.code(), Some(3));
    assert!(err(&refused).contains("packet.decrypt"), "{}", err(&refused));
    let nobody =
        claimgate(folder.path(), &["packet", "verify", "--key", "key.json", "--trust", "trust.json", "packet.jose"]);
    assert!(err(&nobody).contains("--me"), "{}", err(&nobody));
}
