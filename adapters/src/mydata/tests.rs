//! A package holds as a whole or not at all, and says by a stable word why not.

use std::path::{Path, PathBuf};

use claimgate_packet::evidence::Document;
use rcgen::{KeyPair, date_time_ymd};

use super::*;
use crate::signature::Revocation;

pub(in crate::mydata) mod made;
mod provider;

use made::{
    CLIENT, File, Provider, SLIP, Setting, VEHICLE, encrypt, file, inner_manifest, outer, outer_manifest, package,
    provider_params, vehicle, zip,
};

fn refusal(setting: &Setting, jwe: &str) -> &'static str {
    match setting.open(jwe) {
        Ok(_) => "accepted",
        Err(refusal) => refusal.detail(),
    }
}

#[test]
fn a_package_that_holds_becomes_a_vehicle() {
    let provider = Provider::new();
    let mut setting = Setting::of(&provider, &[provider.list(&[])]);
    setting.revocation_required = true;
    setting.providers.insert(VEHICLE.to_owned(), "CN=Made-up bureau".to_owned());
    let mut files = outer(&provider.archive(&[vehicle(), file("副本.pdf", b"%PDF-1.7")]));
    for file in &mut files {
        (file.deflated, file.streamed) = (true, true);
    }
    let package = setting.open(&package(&zip(&files))).unwrap();
    assert_eq!((package.digest.len(), package.datasets.len()), (43, 1));
    let dataset = &package.datasets[0];
    let delivered = dataset.delivered.as_ref().unwrap();
    assert_eq!((delivered.provider.as_str(), delivered.pinned), ("CN=Made-up bureau", true));
    assert_eq!((delivered.revocation, delivered.files.len()), (Revocation::Good, 2));
    let mapped = Mapping::default().map(dataset).unwrap();
    assert_eq!((mapped.documents.len(), mapped.attachments.len()), (1, 1));
    // A date in words of the other calendar is no instant, and a member nobody knows has no place: both are told.
    assert_eq!(mapped.left, ["newMember", "nextExamDt"]);
    let Document::VehicleRegistration(found) = &mapped.documents[0] else { panic!("another type") };
    assert_eq!(found.plate.as_deref(), Some("ABC-1234"));
    assert_eq!(found.licence_effective_at.unwrap().to_string(), "2024-07-13T05:16:10Z");
    let owner = found.owner.as_ref().unwrap();
    assert_eq!(owner.birth_date.unwrap().to_string(), "1990-01-01");
    assert_eq!((owner.address.as_deref(), owner.phone.as_deref()), (Some("示範市示範路1號"), None));
    assert_eq!(found.brand.as_ref().unwrap().code.as_deref(), Some("1"));
}

#[test]
fn only_a_certificate_under_a_pinned_authority_counts() {
    let provider = Provider::new();
    let jwe = package(&zip(&outer(&provider.archive(&[vehicle()]))));
    let setting = |lists: &[Vec<u8>]| Setting::of(&provider, lists);
    assert_eq!(refusal(&setting(&[]), &jwe), "accepted");
    let at = |at| Setting { at, ..setting(&[]) };
    assert_eq!(refusal(&at("2028-01-02T00:00:00Z"), &jwe), "certificate-expired");
    assert_eq!(refusal(&at("2025-12-31T00:00:00Z"), &jwe), "certificate-not-yet-valid");
    assert_eq!(refusal(&setting(&[provider.list(&[&[1, 2, 3]])]), &jwe), "certificate-revoked");
    // A revocation of another certificate says nothing of this one.
    assert_eq!(refusal(&setting(&[provider.list(&[&[9]])]), &jwe), "accepted");
    let required = |lists: &[Vec<u8>]| Setting { revocation_required: true, ..setting(lists) };
    assert_eq!(refusal(&required(&[]), &jwe), "revocation-unknown");
    assert_eq!(refusal(&required(&[provider.list(&[])]), &jwe), "accepted");
    assert_eq!(refusal(&Setting::of(&Provider::new(), &[]), &jwe), "certificate-unknown-issuer");
    let mut other = setting(&[]);
    other.providers.insert(VEHICLE.to_owned(), "CN=Another bureau".to_owned());
    assert_eq!(refusal(&other, &jwe), "certificate-subject");
    // A revoked one stays refused where the list has ended.
    let late = Setting { at: "2027-06-01T00:00:00Z", ..setting(&[provider.list(&[&[1, 2, 3]])]) };
    assert_eq!(refusal(&late, &jwe), "certificate-revoked");
}

#[test]
fn a_self_signed_provider_is_refused() {
    let mut provider = Provider::new();
    let setting = Setting::of(&provider, &[]);
    let mut params = provider_params();
    params.not_after = date_time_ymd(2030, 1, 1);
    provider.certificate = params.self_signed(&provider.key).unwrap().der().to_vec();
    let jwe = package(&zip(&outer(&provider.archive(&[vehicle()]))));
    assert_eq!(refusal(&setting, &jwe), "certificate-unknown-issuer");
    // The authority's name on it changes nothing.
    let impostor = Provider::new();
    provider.certificate = provider_params().signed_by(&provider.key, &impostor.ca).unwrap().der().to_vec();
    let jwe = package(&zip(&outer(&provider.archive(&[vehicle()]))));
    assert_eq!(refusal(&setting, &jwe), "certificate-unknown-issuer");
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    provider.certificate = params.signed_by(&provider.key, &provider.ca).unwrap().der().to_vec();
    let jwe = package(&zip(&outer(&provider.archive(&[vehicle()]))));
    assert_eq!(refusal(&setting, &jwe), "certificate-usage");
    // Not the one kind of key the contract has.
    let elliptic = KeyPair::generate().unwrap();
    provider.certificate = provider_params().signed_by(&elliptic, &provider.ca).unwrap().der().to_vec();
    provider.key = elliptic;
    let jwe = package(&zip(&outer(&provider.archive(&[vehicle()]))));
    assert_eq!(refusal(&setting, &jwe), "signature-invalid");
}

#[test]
fn whatever_a_provider_did_not_sign_is_refused() {
    let provider = Provider::new();
    let setting = Setting::of(&provider, &[]);
    let refused = |inner: &[File]| refusal(&setting, &package(&zip(&outer(inner))));
    let good = provider.archive(&[vehicle()]);
    assert_eq!(refused(&good), "accepted");
    let without =
        |name: &str| -> Vec<File> { good.iter().filter(|file| file.name != name.as_bytes()).cloned().collect() };
    assert_eq!(refused(&without("META-INFO/manifest.sha256withrsa")), "signature-missing");
    assert_eq!(refused(&without("META-INFO/certificate.cer")), "certificate-missing");
    assert_eq!(refused(&without("META-INFO/manifest.xml")), "manifest-missing");
    assert_eq!(refused(&without("車籍資料.json")), "file-missing");
    let with = |more: File| [good.clone(), vec![more]].concat();
    assert_eq!(refused(&with(file("more.json", b"[]"))), "file-unlisted");
    assert_eq!(refused(&with(file("META-INFO/more", b""))), "file-unlisted");
    // Every byte of data, manifest, signature and certificate counts.
    for (place, detail) in [(0, "digest-mismatch"), (1, "signature-invalid"), (3, "signature-invalid")] {
        let mut changed = good.clone();
        changed[place].bytes[5] ^= 1;
        assert_eq!(refused(&changed), detail, "{place}");
    }
    let mut cut = good.clone();
    cut[2].bytes.truncate(100);
    assert_eq!(refused(&cut), "certificate-form");
    // A manifest of the right form with another file's digest, signed again.
    let data = [vehicle()];
    let manifest = inner_manifest(&[file("車籍資料.json", b"[]")]);
    assert_eq!(refused(&provider.signed(&data, &manifest)), "digest-mismatch");
    let twice = inner_manifest(&[vehicle(), vehicle()]);
    assert_eq!(refused(&provider.signed(&data, &twice)), "file-missing");
    let entity = "<!DOCTYPE files [<!ENTITY x SYSTEM \"file:///etc/hosts\">]><files/>";
    assert_eq!(refused(&provider.signed(&data, entity)), "manifest-dtd");
    for digest in ["", "00", &"g".repeat(64), &"+1".repeat(32)] {
        let manifest =
            format!("<files><file><filename>車籍資料.json</filename><digest>{digest}</digest></file></files>");
        assert_eq!(refused(&provider.signed(&data, &manifest)), "manifest-form", "{digest}");
    }
    let nested = [file("data.zip", &zip(&[file("a", b"b")]))];
    assert_eq!(refused(&provider.archive(&nested)), "archive-nested");
}

#[test]
fn the_package_brings_what_was_asked_for_and_no_more() {
    let provider = Provider::new();
    let setting = Setting::of(&provider, &[]);
    let inner = zip(&provider.archive(&[vehicle()]));
    let refused = |setting: &Setting, manifest: &str, more: &[File]| {
        let files = [vec![file("META-INFO/manifest.xml", manifest.as_bytes())], more.to_vec()].concat();
        refusal(setting, &package(&zip(&files)))
    };
    let one = file(&format!("{VEHICLE}.zip"), &inner);
    let manifest = outer_manifest(&[(VEHICLE, "200")]);
    assert_eq!(refused(&setting, &manifest, std::slice::from_ref(&one)), "accepted");
    assert_eq!(refused(&setting, &manifest, &[]), "file-missing");
    assert_eq!(refused(&setting, &manifest, &[one.clone(), file("more", b"")]), "file-unlisted");
    assert_eq!(refused(&setting, &outer_manifest(&[(SLIP, "200")]), std::slice::from_ref(&one)), "resource-other");
    assert_eq!(
        refused(&setting, &outer_manifest(&[(VEHICLE, "200"); 2]), std::slice::from_ref(&one)),
        "resource-twice"
    );
    assert_eq!(refused(&setting, "<files/>", &[]), "resource-missing");
    // What did not come brings no file.
    assert_eq!(refused(&setting, &outer_manifest(&[(VEHICLE, "204")]), &[]), "accepted");
    assert_eq!(refused(&setting, &outer_manifest(&[(VEHICLE, "204")]), std::slice::from_ref(&one)), "file-unlisted");
    let both = Setting { resources: vec![VEHICLE.to_owned(), SLIP.to_owned()], ..Setting::of(&provider, &[]) };
    assert_eq!(refused(&both, &manifest, std::slice::from_ref(&one)), "resource-missing");
    assert_eq!(refused(&both, &outer_manifest(&[(VEHICLE, "200"), (SLIP, "403")]), &[one]), "accepted");
}

#[test]
fn the_payload_has_one_form() {
    let provider = Provider::new();
    let setting = Setting::of(&provider, &[]);
    let archive = claimgate_packet::jose::base64url::encode(&zip(&outer(&provider.archive(&[vehicle()]))));
    let payload = |name: &str, data: &str| serde_json::json!({"filename": name, "data": data}).to_string();
    let (name, prefix) = (format!("{CLIENT}.zip"), "application/zip;data:");
    let padded = format!("{prefix}{archive}{}", "=".repeat((4 - archive.len() % 4) % 4));
    assert_eq!(refusal(&setting, &encrypt(payload(&name, &padded).as_bytes())), "accepted");
    for (text, detail) in [
        (payload("CLI.Other.zip", &padded), "payload-name"),
        (payload(CLIENT, &padded), "payload-name"),
        (payload(&name, &archive), "payload-data"),
        (payload(&name, &format!("{prefix}{archive}+")), "payload-data"),
        (payload(&name, prefix), "archive-form"),
        ("[]".to_owned(), "payload-form"),
        ("{\"filename\":1,\"data\":\"\"}".to_owned(), "payload-form"),
        (format!("{{\"filename\":\"{name}\",\"filename\":\"{name}\",\"data\":\"\"}}"), "payload-form"),
        (payload(&name, &format!("{prefix}{}", "A".repeat(400))), "archive-form"),
    ] {
        assert_eq!(refusal(&setting, &encrypt(text.as_bytes())), detail, "{}", text.get(..60).unwrap_or(&text));
    }
    assert_eq!(refusal(&setting, "a.b"), "jwe-form");
    assert_eq!(refusal(&setting, &"A".repeat(PACKAGE + 1)), "jwe-too-large");
}

#[test]
fn a_paper_of_an_accident_comes_in_our_own_form_by_configuration() {
    let provider = Provider::new();
    let setting = Setting { resources: vec![SLIP.to_owned()], ..Setting::of(&provider, &[]) };
    let slip = serde_json::json!({
        "number": "11509A0001", "occurrence": {"on": "2026-09-01", "place": {"text": "示範路1號前"}},
        "unit": {"name": "示範分局"}, "parties": [{"order": 1, "plate": "ABC-1234"}]
    });
    let send = |document: &serde_json::Value| {
        let inner = provider.archive(&[file("slip.json", document.to_string().as_bytes()), file("slip.pdf", b"%PDF")]);
        let manifest = outer_manifest(&[(SLIP, "200")]);
        let files = [file("META-INFO/manifest.xml", manifest.as_bytes()), file(&format!("{SLIP}.zip"), &zip(&inner))];
        setting.open(&package(&zip(&files))).unwrap().datasets.remove(0)
    };
    let kind = |kind: &str| Mapping::default().with([(SLIP.to_owned(), kind.to_owned())]);
    let mapping = kind("accident-registration-slip").unwrap();
    let dataset = send(&slip);
    let mapped = mapping.map(&dataset).unwrap();
    assert_eq!(mapped.documents[0].to_json().unwrap(), slip);
    assert_eq!(mapped.attachments.len(), 1);
    let mut more = slip.clone();
    more["fault_percent"] = serde_json::json!(70);
    assert!(matches!(mapping.map(&send(&more)), Err(Unmapped::Form)));
    assert!(matches!(Mapping::default().map(&dataset), Err(Unmapped::Unknown)));
    assert!(kind("accident-report").is_none() && kind("medical-record").is_none());
}

#[test]
fn the_client_speaks_as_the_platform_does() {
    let client = Client::new("CLI.TestGateway", "0123456789abcdef", "fedcba9876543210").unwrap();
    // Of the made-up reference case in the contract's notes.
    assert_eq!(client.pid("A123456789").as_deref(), Some("FII2MT1JB9ReMb3f8M+GEA=="));
    let key = client.secret_key("FZ7+/KSAAYS48DzIXgi0uUvPgPH+ovX9q8ZhrCPvmg/WVZbY/ebJ4KdHBgLr3KvI").unwrap();
    assert_eq!(key.as_slice(), b"00112233445566778899aabbccddeeff");
    let transaction = "I0R+Q/d+MijoDFfQtKiGRA2l7GCxq1coYZKFpNwqTpJYskhbpnCuOIPIOesDVHhY";
    assert_eq!(client.transaction(transaction).as_deref(), Ok("7a1d0c3e-0000-4000-8000-000000000001"));
    assert!(client.secret_key(transaction).is_err());
    for wrong in ["", "AAAA", "not base64", &"A".repeat(1024)] {
        assert_eq!(client.transaction(wrong), Err(Refusal::OtherTransaction), "{wrong}");
        assert!(client.secret_key(wrong).is_err());
    }
    let path = client.path(&["API.60GGfgGX1A".to_owned()], "7a1d0c3e");
    assert_eq!(path.as_deref(), Some("/service/CLI.TestGateway/QVBJLjYwR0dmZ0dYMUE%3D/7a1d0c3e"));
    assert!(client.path(&[], "t").is_none() && client.path(&["a:b".to_owned()], "t").is_none());
    assert_eq!((client.pid(""), client.pid(&"1".repeat(65))), (None, None));
    for (id, secret, iv) in [
        ("TestGateway", "0123456789abcdef", "fedcba9876543210"),
        ("CLI.x/y", "0123456789abcdef", "fedcba9876543210"),
        ("CLI.x", "short", "fedcba9876543210"),
        ("CLI.x", "0123456789abcdef", "一二三四五六"),
    ] {
        assert!(Client::new(id, secret, iv).is_err(), "{id}");
    }
    assert!(!format!("{client:?}").contains("0123"));
}

#[test]
fn a_notification_has_two_forms() {
    let read = |text: &str| Notice::read(text.as_bytes()).map(|notice| notice.outcome);
    let ready = r#"{"tx_id":"t","permission_ticket":"p","secret_key":"k","more":1}"#;
    assert!(matches!(read(ready), Ok(Outcome::Ready { ticket, .. }) if ticket == "p"));
    assert!(
        matches!(read(r#"{"tx_id":"t","unable_to_deliver":["API.a"]}"#), Ok(Outcome::Unable(all)) if all == ["API.a"])
    );
    for wrong in [
        "",
        "{}",
        r#"{"tx_id":"t"}"#,
        r#"{"tx_id":"t","tx_id":"u","permission_ticket":"p","secret_key":"k"}"#,
        r#"{"tx_id":"","permission_ticket":"p","secret_key":"k"}"#,
        r#"{"tx_id":"t","permission_ticket":"p","secret_key":"k","unable_to_deliver":[]}"#,
        r#"{"tx_id":"t","unable_to_deliver":"API.a"}"#,
        r#"{"tx_id":"t","unable_to_deliver":[1]}"#,
    ] {
        assert!(matches!(read(wrong), Err(Refusal::NoticeForm)), "{wrong}");
    }
}

#[test]
fn the_published_table_of_reasons_is_the_list() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mydata.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table: Vec<String> = Refusal::ALL
        .iter()
        .map(|one| format!("| `{}` | `{}` | {} |", one.reason().as_str(), one.detail(), one.text()))
        .collect();
    let table = table.join("\n");
    assert!(page.contains(&table), "docs/mydata.md lacks the table of reasons:\n{table}");
    let mut words: Vec<_> = Refusal::ALL.iter().map(|one| one.detail()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Refusal::ALL.len());
}

#[test]
fn the_cases_of_the_contract_come_out_as_they_say() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("CLAIMGATE_SHARED").map_or_else(beside, PathBuf::from);
    let Ok(file) = std::fs::read(folder.join("data/mydata/packages.json")) else {
        println!("skipped: there is no data/mydata/packages.json");
        return;
    };
    let cases = check_cases(&file, &[], false).unwrap();
    assert_eq!(cases.len(), 8);
    for case in &cases {
        let expected = case.expected.as_deref().unwrap();
        let word = expected.split([' ', '(']).next().unwrap();
        match word {
            "accept" => assert_eq!(case.verdict, "accept", "{}", case.id),
            reason => assert_eq!((case.verdict, case.reason), ("reject", Some(reason)), "{}", case.id),
        }
    }
    let row = &cases[0].datasets[0];
    assert_eq!((row.state, row.evidence.as_deref(), row.documents), ("verified", Some("vehicle-registration"), 1));
    assert!(row.left.is_empty(), "{:?}", row.left);
    assert_eq!((cases[1].reason, cases[1].datasets[0].state), (Some("dataset_unavailable"), "unavailable"));
    // Where a list is demanded, none of them is good enough.
    let strict = check_cases(&file, &[], true).unwrap();
    assert_eq!(strict[0].detail, Some("revocation-unknown"));
}
