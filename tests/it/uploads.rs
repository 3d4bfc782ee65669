//! Larger files (上傳): resumed after whatever happened, never anything but what was declared, and gone when nobody wants
//! them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::upload::NotUploaded;
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_packet::jose::digest::{sha1, sha256, sha256_text};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, open_all, pull_all, push_as};
use reqwest::Method;
use serde_json::{Value, json};

use crate::retention::{closed, operate};

pub(crate) const MIB: usize = 1 << 20;

/// A clock that a test moves, begun now.
fn clock() -> Clock {
    Clock::test(Clock::system().now())
}

/// A made-up photograph: its first bytes are a JPEG's, the rest differs from place to place.
pub(crate) fn photo(size: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0];
    let mut state = 1_u32;
    while bytes.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) async fn begin_as(client: &PartyClient, length: usize, kind: &str, digest: &str) -> Answer {
    let metadata = format!("filetype {},sha256 {}", STANDARD.encode(kind), STANDARD.encode(digest));
    let length = length.to_string();
    let headers =
        [("Tus-Resumable", "1.0.0"), ("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
    must(client.call(Method::POST, "/hospital/v1/uploads", &headers, Vec::new()).await)
}

/// Begins the upload of a JPEG; its path.
pub(crate) async fn begin(test: &TestGateway, content: &[u8]) -> String {
    let answer = begin_as(&test.world.hospital, content.len(), "image/jpeg", &hex(&sha256(content))).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    assert!(answer.header("upload-expires").unwrap().ends_with("GMT"));
    let location = answer.header("location").unwrap();
    location[location.find("/hospital/").unwrap()..].to_owned()
}

pub(crate) async fn append(client: &PartyClient, path: &str, offset: usize, piece: &[u8]) -> Answer {
    let offset = offset.to_string();
    let headers = [
        ("Tus-Resumable", "1.0.0"),
        ("Upload-Offset", offset.as_str()),
        ("Content-Type", "application/offset+octet-stream"),
    ];
    must(client.call(Method::PATCH, path, &headers, piece.to_vec()).await)
}

pub(crate) async fn offset(client: &PartyClient, path: &str) -> usize {
    let answer = must(client.call(Method::HEAD, path, &[("Tus-Resumable", "1.0.0")], Vec::new()).await);
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    answer.header("upload-offset").unwrap().parse().unwrap()
}

/// Status and code of a refusal.
pub(crate) fn refused(answer: &Answer) -> (u16, String) {
    let code = answer.json("problem").unwrap()["code"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), code)
}

/// The demo's case with a scan of its receipt that was uploaded.
pub(crate) fn referring(number: &str, url: &str, more: &Value) -> Value {
    let mut bundle = case(number);
    let mut attachment = json!({ "contentType": "image/jpeg", "url": url });
    attachment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let scan = json!({
        "resourceType": "DocumentReference", "id": "scan", "status": "current", "type": { "text": "收據" },
        "content": [{ "attachment": attachment }],
    });
    let entry = json!({ "fullUrl": "urn:uuid:6b0f3c1a-0000-4000-8000-000000000001", "resource": scan });
    bundle["entry"].as_array_mut().unwrap().push(entry);
    bundle
}

/// The same with the scan in the bundle itself.
pub(crate) fn inline(number: &str, content: &[u8]) -> Vec<u8> {
    let more = json!({ "data": STANDARD.encode(content), "url": null });
    let mut bundle = referring(number, "", &more);
    let last = bundle["entry"].as_array_mut().unwrap().last_mut().unwrap();
    last["resource"]["content"][0]["attachment"].as_object_mut().unwrap().remove("url");
    bytes(&bundle)
}

pub(crate) fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

pub(crate) async fn objects_left(test: &TestGateway, wanted: usize) {
    must(test.world.gateway.app.engine.remove_objects().await);
    assert_eq!(files_in(&test.folder().join("objects")), wanted, "objects left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_uploaded_in_pieces_becomes_an_attachment_of_the_claim_that_names_it() {
    let test = TestGateway::start_with(clock()).await;
    let (client, content) = (&test.world.hospital, photo(2 * MIB + 4321));
    let path = begin(&test, &content).await;
    let mut at = 0;
    for to in [10, MIB - 1, MIB + 7, 2 * MIB, content.len()] {
        let answer = append(client, &path, at, &content[at..to]).await;
        assert_eq!(answer.status, 204, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("upload-offset"), Some(to.to_string().as_str()));
        assert_eq!(offset(client, &path).await, to);
        at = to;
    }
    let told = get(client, &path).await.json("upload").unwrap();
    assert_eq!((&told["complete"], &told["used"]), (&json!(true), &json!(false)));
    let url = told["url"].as_str().unwrap();
    assert!(url.ends_with(&path) && url.starts_with("http"));

    let sha1 = STANDARD.encode(sha1(&content));
    let bundle = referring("UPLOAD-1", url, &json!({ "size": content.len(), "hash": sha1 }));
    let validated = must(client.call(Method::POST, "/fhir/Bundle/$validate", &[FHIR], bytes(&bundle)).await);
    assert_eq!(codes(&validated.json("outcome").unwrap()), ["ok"]);
    let pushed = test.push(&bytes(&bundle), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    assert_eq!(get(client, &path).await.json("upload").unwrap()["used"], json!(true));

    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    assert_eq!((named.digest.clone(), named.bytes), (sha256_text(&content), u64::try_from(content.len()).unwrap()));
    let fetched =
        get(&test.life().client, &format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id)).await;
    assert_eq!(fetched.status, 200);
    let plain = opened.attachment(&named.id, &fetched.body, &test.life().keys).unwrap();
    assert!(plain.as_slice() == content.as_slice());

    // A later revision names it again and keeps its id; another claim does not get it.
    let mut second = referring("UPLOAD-1", url, &json!({}));
    second["timestamp"] = json!("2026-08-02T09:00:00+08:00");
    let again = test.push(&bytes(&second), &[]).await;
    assert_eq!(again.status, 201, "{}", String::from_utf8_lossy(&again.body));
    assert!(pull_all(&test.life().client, 1).await.len() == 1, "it has the same id: there is nothing new to send");
    let other = test.push(&bytes(&referring("UPLOAD-2", url, &json!({}))), &[]).await;
    assert_eq!(other.status, 422);
    assert!(codes(&other.json("outcome").unwrap()).contains(&"attachment.upload-used".to_owned()));
    test.clock.advance(Duration::from_hours(25));
    objects_left(&test, 4).await;
    test.stop().await;
}

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_declared_is_never_kept() {
    let settings =
        [("CLAIMGATE_OBJECTS__FILE_BYTES", (3 * MIB).to_string()), ("CLAIMGATE_OBJECTS__UPLOADS", "3".into())];
    let test = TestGateway::start_with_settings(clock(), &settings).await;
    let client = &test.world.hospital;
    let content = photo(MIB + 5);
    let digest = hex(&sha256(&content));

    // Headers.
    for (length, kind, sha256, wanted) in [
        (0, "image/jpeg", digest.as_str(), (413, "upload.too-large")),
        (3 * MIB + 1, "image/jpeg", digest.as_str(), (413, "upload.too-large")),
        (5, "text/html", digest.as_str(), (415, "upload.media-type")),
        (5, "image/jpeg", "abc", (400, "upload.header")),
    ] {
        assert_eq!(refused(&begin_as(client, length, kind, sha256).await), (wanted.0, wanted.1.to_owned()));
    }
    let answer = must(client.call(Method::POST, "/hospital/v1/uploads", &[], Vec::new()).await);
    assert_eq!(refused(&answer), (412, "upload.version".to_owned()));

    // Another digest, another kind: given up, nothing left.
    let path = begin(&test, &content).await;
    let mut changed = content.clone();
    changed[MIB] ^= 1;
    assert_eq!(refused(&append(client, &path, 0, &changed).await), (422, "upload.digest-differs".to_owned()));
    assert_eq!(get(client, &path).await.status, 404);
    let pdf = b"%PDF-1.7 made up".to_vec();
    let path = begin(&test, &pdf).await;
    assert_eq!(refused(&append(client, &path, 0, &pdf).await), (422, "upload.type-differs".to_owned()));
    objects_left(&test, 0).await;

    // Offsets: what is kept counts; more than declared is not taken.
    let path = begin(&test, &content).await;
    assert_eq!(append(client, &path, 0, &content[..7]).await.status, 204);
    for wrong in [0, 6, 8, MIB] {
        assert_eq!(refused(&append(client, &path, wrong, b"x").await), (409, "upload.offset".to_owned()));
    }
    let mut longer = content[7..].to_vec();
    longer.push(0);
    let answer = append(client, &path, 7, &longer).await;
    assert_eq!(refused(&answer), (400, "upload.too-long".to_owned()));
    assert_eq!(refused(&append(client, &path, content.len(), b"").await), (409, "upload.complete".to_owned()));

    // Another hospital's, and what is not complete, is no attachment.
    let number = "1101010012";
    let other = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let headers =
            [("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream")];
        assert_eq!(must(other.call(method, &path, &headers, Vec::new()).await).status, 404);
    }
    let bundle = |url: &str, more: &Value| bytes(&referring("UPLOAD-9", url, more));
    let outcome = |answer: Answer| codes(&answer.json("outcome").unwrap());
    let mut foreign = referring("UPLOAD-8", &path, &json!({}));
    for entry in foreign["entry"].as_array_mut().unwrap() {
        let text = entry.to_string().replace("1101010021", number);
        *entry = serde_json::from_str(&text).unwrap();
    }
    let foreign = push_as(&other, &bytes(&foreign), &[]).await;
    assert_ne!(foreign.status, 201);
    let started = begin(&test, &content).await;
    for (path, more, wanted) in [
        (started.as_str(), json!({}), "attachment.upload-incomplete"),
        ("/hospital/v1/uploads/upl_01a20795-d753-7615-8e9c-ec07a3131fba", json!({}), "attachment.upload-unknown"),
        ("/hospital/v1/uploads/x", json!({}), "attachment.upload-unknown"),
        (path.as_str(), json!({ "size": 5 }), "attachment.upload-differs"),
        (path.as_str(), json!({ "hash": "AAAA" }), "attachment.upload-differs"),
        (path.as_str(), json!({ "contentType": "image/png" }), "attachment.upload-differs"),
        (path.as_str(), json!({ "contentType": null }), "attachment.upload-type"),
    ] {
        let mut more = more;
        if more["contentType"].is_null() && more.get("contentType").is_some() {
            more = json!({ "contentType": "text/plain" });
        }
        let answer = test.push(&bundle(path, &more), &[]).await;
        assert_eq!(answer.status, 422);
        let found = outcome(answer);
        assert!(found.contains(&wanted.to_owned()), "{path} {more}: {found:?}");
    }
    assert_eq!(test.counts().await.claims, 0);

    // No more than so many that nothing refers to; given up, there is room again.
    begin(&test, &content).await;
    let many = begin_as(client, 5, "image/jpeg", &digest).await;
    assert_eq!(refused(&many), (422, "upload.too-many".to_owned()));
    assert_eq!(must(client.call(Method::DELETE, &started, &[], Vec::new()).await).status, 204);
    begin(&test, &content).await;

    // A day later they are forgotten, and their bytes are gone.
    test.clock.advance(Duration::from_hours(25));
    objects_left(&test, 0).await;
    let engine = &test.world.gateway.app.engine;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    assert!(matches!(engine.upload(&"hospital-demo".parse().unwrap(), id).await, Err(NotUploaded::NotFound)));
    test.stop().await;
}

/// Sends the head of a PATCH and some of its bytes, then breaks the connection.
#[expect(clippy::disallowed_methods, reason = "a client that breaks off is made by hand")]
pub(crate) fn broken(
    (address, client): (SocketAddr, &PartyClient),
    path: &str,
    offset: usize,
    length: usize,
    piece: &[u8],
) -> TcpStream {
    let token = client.access_token().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(piece).unwrap();
    stream.flush().unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_goes_on_where_it_was_and_two_at_once_do_not_mix() {
    let test = TestGateway::start().await;
    let client = &test.world.hospital;
    let content = photo(3 * MIB + 99);
    let path = begin(&test, &content).await;

    // The connection breaks: what came is kept.
    drop(broken((test.world.gateway.address, client), &path, 0, content.len(), &content[..MIB + MIB / 2]));
    let mut kept = 0;
    for _ in 0..100 {
        kept = offset(client, &path).await;
        if kept > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((MIB..=MIB + MIB / 2).contains(&kept), "{kept}");

    // One stalls, another goes on: the one that stalled writes no more, whatever it sends.
    let mut stalled =
        broken((test.world.gateway.address, client), &path, kept, content.len() - kept, &content[kept..kept + 10]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = append(client, &path, kept, &content[kept..]).await;
    assert_eq!(answer.status, 204, "{}", String::from_utf8_lossy(&answer.body));
    stalled.write_all(&vec![0; content.len() - kept - 10]).unwrap();
    stalled.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut said = [0; 12];
    stalled.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 409");

    let pushed = test.push(&bytes(&referring("UPLOAD-3", &path, &json!({}))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    let fetched =
        get(&test.life().client, &format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id)).await;
    assert!(opened.attachment(&named.id, &fetched.body, &test.life().keys).unwrap().as_slice() == content.as_slice());

    // Erased with its claim, from the disk as well.
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    assert!(files_in(&test.folder().join("objects")) > 3);
    closed(&test).await;
    let arguments = ["erase", claim.as_str(), "--ground", "request", "--as", "alice"];
    let (exit, said, heard) = operate(test.folder(), &arguments, &[]);
    assert_eq!(exit, 0, "{said} {heard}");
    objects_left(&test, 0).await;
    assert_eq!(get(client, &path).await.status, 404);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlives_a_restart() {
    let test = TestGateway::start().await;
    let content = photo(2 * MIB + 17);
    let path = begin(&test, &content).await;
    assert_eq!(append(&test.world.hospital, &path, 0, &content[..MIB + 3]).await.status, 204);
    let folder = test.stop().await;
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(folder.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    let engine = &running.app.engine;
    let hospital = "hospital-demo".parse().unwrap();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let standing = must(engine.upload(&hospital, id).await);
    assert_eq!((standing.offset, standing.complete), (u64::try_from(MIB + 3).unwrap(), false));
    let mut appending = must(engine.take_up(&hospital, id, standing.offset).await);
    must(appending.take(&content[MIB + 3..]).await);
    assert!(must(appending.close().await).complete);
    must(running.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_file_of_a_bundle_goes_outside_and_a_folder_that_cannot_be_written_takes_nothing() {
    let test = TestGateway::start_with(clock()).await;
    let content = photo(MIB + 50);
    let pushed = test.push(&inline("LARGE-1", &content), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let objects = test.folder().join("objects");
    assert_eq!(files_in(&objects), 3, "two segments and the leaves");
    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    let fetched =
        get(&test.life().client, &format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id)).await;
    assert!(opened.attachment(&named.id, &fetched.body, &test.life().keys).unwrap().as_slice() == content.as_slice());

    // The folder goes away: nothing is half kept, and small files go on.
    std::fs::rename(&objects, test.folder().join("away")).unwrap();
    std::fs::write(&objects, b"in the way").unwrap();
    let refused_now = test.push(&inline("LARGE-2", &content), &[]).await;
    assert_eq!(refused_now.status, 503);
    assert_eq!(codes(&refused_now.json("outcome").unwrap()), ["unavailable"]);
    assert_eq!(test.counts().await.claims, 1);
    assert_eq!(test.push(&inline("SMALL-1", &content[..1000]), &[]).await.status, 201);
    let path = begin(&test, &content).await;
    assert_eq!(refused(&append(&test.world.hospital, &path, 0, &content).await), (503, "unavailable".to_owned()));
    assert_eq!(offset(&test.world.hospital, &path).await, 0);
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(test.folder().join("away"), &objects).unwrap();
    assert_eq!(append(&test.world.hospital, &path, 0, &content).await.status, 204);
    assert_eq!(test.push(&inline("LARGE-2", &content), &[]).await.status, 201);
    // What was begun for the push that failed goes, what a claim names stays.
    test.clock.advance(Duration::from_hours(25));
    objects_left(&test, 6).await;
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_names_is_listed_and_removed_and_what_is_missing_is_told() {
    let test = TestGateway::start().await;
    let pushed = test.push(&inline("STRAY-1", &photo(2 * MIB + 9)), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let claim = pushed.header("claimgate-claim-id").unwrap();
    let objects = test.folder().join("objects");
    // As a database that was restored leaves what came after it.
    let stray = objects.join("ab/ab345678901243458789012345678901");
    std::fs::create_dir_all(&stray).unwrap();
    std::fs::write(stray.join("1-0"), b"sealed").unwrap();
    let check = ["objects", "check"];
    let (exit, said, heard) = operate(test.folder(), &check, &[]);
    assert!(exit == 0 && said.contains("obj_ab345678-9012-4345-8789-012345678901: 1 segments"), "{said} {heard}");
    assert!(said.contains("1 objects are named, 1 are nobody's, 0 files are not whole"), "{said}");
    let remove = ["objects", "check", "--remove", "--days", "30", "--as", "alice"];
    let (exit, said, heard) = operate(test.folder(), &remove, &[]);
    assert!(exit == 0 && said.contains("0 objects removed") && stray.exists(), "{said} {heard}");
    age(&stray.join("1-0"));
    let (exit, said, heard) = operate(test.folder(), &remove, &[]);
    assert!(exit == 0 && said.contains("1 objects removed") && !stray.exists(), "{said} {heard}");
    assert_eq!(files_in(&objects), 4, "three segments and the leaves of what is named");

    // A segment is gone.
    let folder = |path: &Path| std::fs::read_dir(path).unwrap().next().unwrap().unwrap().path();
    let object = std::fs::read_dir(&objects).unwrap().map(|entry| entry.unwrap().path());
    let object = folder(&object.filter(|path| files_in(path) > 0).last().unwrap());
    std::fs::remove_file(object.join("1-1")).unwrap();
    let (exit, said, heard) = operate(test.folder(), &check, &[]);
    assert!(exit == 4 && said.contains(&format!("MISSING {claim}")) && said.contains(": 1 segments"), "{said} {heard}");

    // Under another database all of it would be nobody's: nothing is removed.
    for file in std::fs::read_dir(&object).unwrap() {
        age(&file.unwrap().path());
    }
    let other = TestGateway::start().await;
    let place = [("CLAIMGATE_OBJECTS__URL", format!("file:{}", objects.display()))];
    let place: Vec<_> = place.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (exit, said, heard) = operate(other.folder(), &remove, &place);
    assert!(exit == 1 && heard.contains("another gateway's"), "{said} {heard}");
    assert_eq!(files_in(&objects), 3);
    other.stop().await;
    test.stop().await;
}

/// Lets a file be older than it is.
fn age(file: &Path) {
    let aged = std::process::Command::new("touch").args(["-d", "40 days ago"]).arg(file).status().unwrap();
    assert!(aged.success());
}
