//! Forty personal values go through a whole story. Then everything the gateway leaves behind is searched for each of
//! them, in every form they are likely to be written: database, data folder, log, metrics, errors, webhooks.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::receiver::{Act, Receiver};
use claimgate_tests::shared::{binary, tell};
use reqwest::Method;
use serde_json::{Value, json};

use crate::retention::operate;

/// What the demo's bundle says, and what stands there in this story.
const IN_THE_BUNDLE: [(&str, &str); 21] = [
    ("許示範", "甘娜麗"),
    ("B122026082", "D277190442"),
    ("MR-0009001", "MR-7719044"),
    ("1988-05-17", "1971-03-29"),
    ("臺北市示範區測試路三段100號6樓", "臺南市金絲雀路七十七號"),
    ("內勤人員", "金絲雀飼養員"),
    ("R1150803-0042", "R7719-0042-K"),
    ("A1150731-0105", "A7719-0105-K"),
    ("TEST-LIFE-9001", "POL-LIFE-771904"),
    ("TEST-PA-9001", "POL-PA-771905"),
    ("S52.501A", "S52.501A"),
    ("S80.211A", "S80.211A"),
    ("右側橈骨下端閉鎖性骨折之初期照護", "右側橈骨金絲雀性骨折"),
    ("右側膝部擦傷之初期照護", "右側膝部金絲雀擦傷"),
    ("術前檢查無明顯異常。", "金絲雀檢驗結論"),
    ("L1150731-40", "L7719-40-K"),
    ("A1150731-61", "A7719-61-K"),
    ("陳示範", "金醫師娜"),
    ("TEST-MD-000001", "MD-771904-K"),
    ("自費止痛藥", "金絲雀止痛藥"),
    ("可吸收骨釘", "金絲雀骨釘"),
];
/// What is added to it: further names and ways to reach somebody, a note, a file.
const ADDED: [&str; 12] = [
    "KANALI CANARIA",
    "0937-190-264",
    "06-2190377",
    "kanali.canary@mail.example",
    "甘大偉",
    "0955-808-717",
    "K30771904",
    "KNR-7719",
    "00771904412233",
    "金絲雀診斷書備註",
    "CANARYPDF771904",
    "金絲雀附件.pdf",
];
/// What comes later, from insurers and operators, and the case number.
const LATER: [&str; 9] = [
    "CASE-7719-CANARY",
    "CANARYINS-771904",
    "金絲雀理賠備註",
    "RAIL-771904",
    "金絲雀保全事由",
    "甘聯絡",
    "ops.canary@insurer.example",
    "0988-771-904",
    "IDEM-771904-CANARY",
];

fn canaries() -> Vec<&'static str> {
    IN_THE_BUNDLE.iter().map(|(_, canary)| *canary).chain(ADDED).chain(LATER).collect()
}

fn bundle() -> Value {
    let [english, mobile, phone, mail, relative, relatives, passport, plate, account, note, file, title] = ADDED;
    let mut text = case(LATER[0]).to_string();
    for (plain, canary) in IN_THE_BUNDLE {
        assert!(text.contains(plain), "{plain} is not in the fixture");
        text = text.replace(plain, canary);
    }
    let mut bundle: Value = serde_json::from_str(&text).unwrap();
    let patient = resource(&mut bundle, "Patient");
    patient["name"].as_array_mut().unwrap().push(json!({ "use": "usual", "text": english }));
    let system = |system: &str, value: &str| json!({ "system": system, "value": value });
    patient["telecom"] = json!([system("phone", mobile), system("phone", phone), system("email", mail)]);
    patient["contact"] = json!([{ "name": { "text": relative }, "telecom": [system("phone", relatives)] }]);
    patient["identifier"].as_array_mut().unwrap().push(json!({ "system": "https://hospital.example/passport",
        "value": passport }));
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": format!("{note} 車號 {plate} 帳號 {account}") }]);
    let pdf = STANDARD.encode(format!("%PDF-1.4 {file} {account}"));
    resource(&mut bundle, "DiagnosticReport")["presentedForm"] =
        json!([{ "contentType": "application/pdf", "title": title, "data": pdf }]);
    bundle
}

fn spelled<T>(parts: impl Iterator<Item = T>, mut spell: impl FnMut(T) -> String) -> String {
    parts.fold(String::new(), |mut all, part| {
        all.push_str(&spell(part));
        all
    })
}

fn percented(text: &str) -> String {
    spelled(text.bytes(), |byte| format!("%{byte:02X}"))
}

/// A value as it is likely to be written: plain, as JSON and percent escapes, as base64 wherever it begins.
pub(crate) fn forms(value: &str) -> Vec<Vec<u8>> {
    let escaped = spelled(value.encode_utf16(), |unit| format!("\\u{unit:04x}"));
    let percent = percented(value);
    let some = spelled(value.chars(), |sign| {
        if sign.is_ascii_alphanumeric() { sign.to_string() } else { percented(sign.encode_utf8(&mut [0; 4])) }
    });
    let hex = spelled(value.bytes(), |byte| format!("{byte:02x}"));
    let mut all = vec![value.to_owned(), escaped.to_uppercase().replace("\\U", "\\u"), escaped, percent.to_lowercase()];
    all.extend([percent, some.to_lowercase(), some, hex]);
    for shift in 0..3 {
        let whole = STANDARD_NO_PAD.encode([&[0; 2][..shift], value.as_bytes()].concat());
        // Only what no neighbour has a part in.
        let (from, to) = ((shift * 8).div_ceil(6), (shift + value.len()) * 8 / 6);
        let inner = whole[from..to].to_owned();
        all.push(inner.replace('+', "-").replace('/', "_"));
        all.push(inner);
    }
    all.sort();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}

/// Bytes as signs of one byte each, so that the standard library's search, which never is slow, can look through them.
pub(crate) fn signs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The canaries found in what was left behind, with the form they were found in.
fn found(name: &str, bytes: &[u8]) -> Vec<String> {
    let searched = signs(bytes);
    let mut found = Vec::new();
    for canary in canaries() {
        found.extend(forms(canary).iter().map(|form| signs(form)).filter(|form| searched.contains(form.as_str())).map(
            |form| {
                let at = searched.find(&form).unwrap();
                let around: String = searched[..at].chars().rev().take(60).collect();
                format!("{name}: {canary} after {:?}", around.chars().rev().collect::<String>())
            },
        ));
    }
    tell(&format!("{name}: {} bytes searched for {} values", bytes.len(), canaries().len()));
    found
}

/// Everything in a folder, read by another process: one that opened the database's files here would end its locks.
pub(crate) fn everything(folder: &Path) -> Vec<u8> {
    let output = Command::new("find").arg(folder).args(["-type", "f", "-exec", "cat", "{}", "+"]).output().unwrap();
    output.stdout
}

/// What `pg_dump` writes of a gateway's database, where it has one on a server and the program is there.
pub(crate) fn dumped(folder: &Path) -> Vec<u8> {
    let Some((_, url)) = database::settings(folder).pop() else { return Vec::new() };
    let Ok(output) = Command::new("pg_dump").arg(url).output() else {
        tell("skipped: pg_dump is not here");
        return Vec::new();
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn a_planted_value_is_found_in_each_of_its_forms() {
    assert!(canaries().len() >= 40, "{}", canaries().len());
    for canary in canaries() {
        for form in forms(canary) {
            assert!(!found("control", &[b"before ", form.as_slice(), b" behind"].concat()).is_empty(), "{canary}");
        }
        let document = json!({ "name": canary }).to_string();
        for shift in 0..3 {
            let planted = STANDARD.encode([&b"xx"[..shift], document.as_bytes()].concat());
            assert!(!found("control", planted.as_bytes()).is_empty(), "{canary}");
        }
    }
    assert!(found("control", b"nothing of anybody").is_empty());
}

#[expect(clippy::too_many_lines, reason = "one story, in its order")]
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_story_leaves_no_personal_value_behind() {
    let test = TestGateway::start().await;
    let folder = test.folder().to_owned();
    // Contacts of a party's staff, before another process serves.
    let engine = &test.world.gateway.app.engine;
    let life = test.life().client.id().parse().unwrap();
    let party = must(engine.store.party(&life).await).unwrap();
    let mut document = serde_json::to_value(party.registration()).unwrap();
    document["contacts"] = json!([{ "kind": "technical", "name": LATER[5], "email": LATER[6], "phone": LATER[7] }]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), document.to_string()).unwrap();
    let (exit, _, heard) = operate(&folder, &["party", "replace", file.path().to_str().unwrap()], &[]);
    assert_eq!(exit, 0, "{heard}");
    let (world, kept) = test.into_parts();
    let (mut hospital, insurers, address) = (world.hospital, world.insurers, world.gateway.address);
    must(world.gateway.stop().await);
    let mut server = Command::new(binary())
        .arg("serve")
        .env("CLAIMGATE_GATEWAY__DATA_DIR", kept.path())
        .envs(database::settings(kept.path()))
        .env("CLAIMGATE_GATEWAY__BASE_URL", format!("http://{address}"))
        .env("CLAIMGATE_HTTP__LISTEN", address.to_string())
        .env("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true")
        .env("CLAIMGATE_ALERTS__LOOK_SECONDS", "1")
        .env("CLAIMGATE_LOG__LEVEL", "trace")
        .env("CLAIMGATE_LOG__FORMAT", "json")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = server.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).unwrap();
        bytes
    });
    for _ in 0..100 {
        if hospital.authenticate().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // An endpoint whose error page names its own customer.
    let page = canaries().join(" ");
    let raw = format!("HTTP/1.1 500 Internal Server Error\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let receiver = Receiver::start(Act::Raw(raw.into_bytes())).await;
    let mut life = insurers.into_iter().next().unwrap().client;
    must(life.authenticate().await);
    let endpoint = ["endpoint", "set", life.id(), "--url", receiver.url()];
    let (exit, _, heard) = operate(kept.path(), &endpoint, &[("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true")]);
    assert_eq!(exit, 0, "{heard}");

    let mut errors = Vec::new();
    let mut hear = |answer: &claimgate_gateway::sandbox::client::Answer| errors.extend_from_slice(&answer.body);
    let headers = [("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome")];
    let keyed = [&headers[..], &[("idempotency-key", LATER[8])]].concat();
    let pushed = must(hospital.call(Method::POST, "/fhir/Bundle", &keyed, bytes(&bundle())).await);
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    hear(&pushed);
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    let mut told = Vec::new();
    for received in receiver.wait_for(1).await {
        told.extend_from_slice(&received.body);
        told.extend(received.headers.values().flat_map(|value| value.bytes()));
    }
    let envelope = must(insurer::pull(&life, 0, 5).await).pop().unwrap();
    assert_eq!(get(&life, &format!("/insurer/v1/deliveries/{}", envelope.id)).await.status, 200);
    let submission = format!("/insurer/v1/submissions/{}", envelope.submission_id);
    let report = json!({ "state": "received", "number": LATER[1], "note": LATER[2] });
    let status = format!("{submission}/status");
    assert_eq!(post(&life, &status, &report).await.status, 200);
    let linked = post(&life, &format!("{submission}/link"), &json!({ "rail": "lia", "number": LATER[3] })).await;
    hear(&linked);
    let hold = ["retention", "hold", &claim, "--reason", LATER[4], "--as", "alice"];
    let (exit, _, heard) = operate(kept.path(), &hold, &[]);
    assert_eq!(exit, 0, "{heard}");

    // Every value once where it does not belong.
    for canary in canaries() {
        let percent = percented(canary);
        for path in [
            format!("/fhir/Bundle?identifier={percent}"),
            format!("/fhir/{percent}"),
            format!("/{percent}?q={percent}"),
        ] {
            hear(&must(hospital.call(Method::PUT, &path, &headers, bytes(&bundle())).await));
        }
        let mut broken = bundle();
        resource(&mut broken, "Claim")["item"][0]["net"]["value"] = json!(canary);
        resource(&mut broken, "Patient")["gender"] = json!(canary);
        resource(&mut broken, "Patient")["birthDate"] = json!({ canary: canary });
        hear(&must(hospital.call(Method::POST, "/fhir/Bundle", &headers, bytes(&broken)).await));
        hear(&post(&life, &status, &json!({ "state": canary, canary: canary })).await);
        hear(&get(&life, &format!("/insurer/v1/deliveries/{percent}")).await);
    }
    hear(&must(hospital.call(Method::POST, "/fhir/Bundle", &headers, bytes(&bundle())[..9_000].to_vec()).await));
    let metrics = get(&life, "/metrics").await.body;
    assert!(metrics.len() > 500);
    // Alerts and attempts have been written meanwhile.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let running = [kept.bytes().await, everything(kept.path()), dumped(kept.path())].concat();
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success(), "SIGTERM ends it well");
    let log = reading.join().unwrap();
    let stopped = [kept.bytes().await, everything(kept.path())].concat();
    // What is in the clear is found: the dump does hold this story.
    assert!([&running, &stopped].iter().all(|dump| signs(dump).contains(&claim)));
    assert!(running.len() > 100_000 && stopped.len() > 50_000 && log.len() > 10_000 && errors.len() > 10_000);
    let left = [
        ("database and folder, running", running),
        ("database and folder, stopped", stopped),
        ("log", log),
        ("metrics", metrics),
        ("errors", errors),
        ("webhooks", told),
    ];
    let all: Vec<String> = left.iter().flat_map(|(name, bytes)| found(name, bytes)).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}
