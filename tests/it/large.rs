//! A file in segments as a hospital uploads it and as an insurer opens it, by other people's software: key and content
//! apart, ranges of it, larger than any packet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, open_all, pull_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::interop::{Desk, LANGUAGES, kit};
use crate::uploads::{MIB, append, begin, photo, referring};

/// A case with a scan that is too large for the database, and its bytes.
pub(crate) fn with_scan(number: &str) -> (Value, Vec<u8>) {
    let mut content = vec![0xFF, 0xD8, 0xFF, 0xE0];
    content.extend((0_u32..700_000).flat_map(u32::to_be_bytes));
    let mut bundle = case(number);
    let scan = json!({
        "resourceType": "DocumentReference", "id": "scan", "status": "current", "type": { "text": "收據" },
        "content": [{ "attachment": { "contentType": "image/jpeg", "data": STANDARD.encode(&content) } }],
    });
    let entry = json!({ "fullUrl": "urn:uuid:6b0f3c1a-0000-4000-8000-000000000001", "resource": scan });
    bundle["entry"].as_array_mut().unwrap().push(entry);
    (bundle, content)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_attachment_opens_in_python_and_in_node() {
    let test = TestGateway::start().await;
    let (bundle, content) = with_scan("INTEROP-2");
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    let (one, desk) = (test.life(), Desk::new());
    let envelope = must(insurer::pull(&one.client, 0, 10).await).pop().unwrap();
    let sealed = must(insurer::fetch(&one.client, &envelope.id).await);
    let trusted = must(insurer::trusted_keys(&one.client).await);
    let opened = must(insurer::verify(&one.client, (&sealed, &envelope), &one.keys, &trusted, test.clock.now()));
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap();
    let small = opened.attachments().find(|file| file.media_type != "image/jpeg").unwrap();
    let at = |id: &str, part: &str| format!("/insurer/v1/deliveries/{}/attachments/{id}/{part}", envelope.id);
    let early = get(&one.client, &at(&named.id, "content")).await;
    assert_eq!(early.json("problem").unwrap()["code"], "attachment.key-first");
    assert_eq!(get(&one.client, &at(&small.id, "key")).await.json("problem").unwrap()["code"], "attachment.small");
    let key_text = String::from_utf8(get(&one.client, &at(&named.id, "key")).await.body).unwrap();
    let path = at(&named.id, "content");
    let whole = get(&one.client, &path).await;
    let all = whole.body.len();
    assert_eq!((whole.status.as_u16(), all), (200, content.len() + 3 * 28));
    for (range, part) in
        [("bytes=0-0", 0..1), ("bytes=1048600-1048700", 1_048_600..1_048_701), ("bytes=-9", all - 9..all)]
    {
        let answer = must(one.client.call(Method::GET, &path, &[("Range", range)], Vec::new()).await);
        assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (206, &whole.body[part.clone()]), "{range}");
        let told = format!("bytes {}-{}/{all}", part.start, part.end - 1);
        assert_eq!(answer.header("content-range"), Some(told.as_str()));
    }
    let beyond = [("Range", "bytes=99999999-")];
    assert_eq!(must(one.client.call(Method::GET, &path, &beyond, Vec::new()).await).status, 416);
    let other = [("Range", "bytes=0-0"), ("If-Range", "\"other\"")];
    assert_eq!(must(one.client.call(Method::GET, &path, &other, Vec::new()).await).status, 200);

    let key = desk.put("key.json", &one.keys[0].to_json().to_string());
    let claim = desk.put("opened.json", &opened.to_json().unwrap().to_string());
    let key_file = desk.put("key.jose", &key_text);
    for language in LANGUAGES {
        let run = |sealed: &[u8], id: &str| {
            std::fs::write(desk.path("content"), sealed).unwrap();
            kit().run(language, "large", &[&key, &claim, &key_file, &desk.path("content"), id], "")
        };
        let output = run(&whole.body, &named.id);
        assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(sha256_text(&output.stdout), named.digest, "{language}");
        let mut swapped = whole.body[1_048_604..2_097_208].to_vec();
        swapped.extend_from_slice(&whole.body[..1_048_604]);
        swapped.extend_from_slice(&whole.body[2_097_208..]);
        let mut longer = whole.body.clone();
        longer.push(0);
        let cut = &whole.body[..2_097_208];
        for (sealed, id) in
            [(&swapped[..], &named.id), (&longer[..], &named.id), (cut, &named.id), (&whole.body[..], &small.id)]
        {
            let output = run(sealed, id);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains("refused: attachment."), "{language}: {said}");
        }
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_uploaded_by_tus_js_client_breaks_off_goes_on_and_is_referred_to() {
    let test = TestGateway::start().await;
    let (client, content, desk) = (&test.world.hospital, photo(12 * MIB + 77), Desk::new());
    std::fs::write(desk.path("scan.jpg"), &content).unwrap();
    let (file, memory) = (desk.path("scan.jpg"), desk.path("memory.json"));
    let endpoint = format!("{}/hospital/v1/uploads", test.world.gateway.base_url());
    let token = client.access_token().unwrap();
    let run = |more: &[&str]| {
        let arguments = [&[endpoint.as_str(), &file, "image/jpeg", &memory], more].concat();
        kit().prints("mjs", "upload", &arguments, token)
    };
    assert_eq!(run(&["5000000"]), format!("broken off at {}", 5 * MIB));
    let url = run(&[]);
    let path = &url[url.find("/hospital/").unwrap()..];
    let told = get(client, path).await.json("upload").unwrap();
    assert_eq!((&told["complete"], &told["offset"]), (&json!(true), &json!(content.len())));
    let engine = &test.world.gateway.app.engine;
    let open = must(engine.store.open_uploads(&"hospital-demo".parse().unwrap()).await);
    assert_eq!(open, 1, "it went on with the one that broke off");

    let pushed = test.push(&bytes(&referring("TUS-1", &url, &json!({ "size": content.len() }))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    assert_eq!(named.digest, sha256_text(&content));
    let at = format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id);
    let fetched = get(&test.life().client, &at).await;
    assert!(opened.attachment(&named.id, &fetched.body, &test.life().keys).unwrap().as_slice() == content.as_slice());

    // What the gateway refuses, it says in a word a program can read.
    std::fs::write(desk.path("page.html"), b"<html>").unwrap();
    let refused = kit().run("mjs", "upload", &[&endpoint, &desk.path("page.html"), "text/html", &memory], token);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("upload.media-type"), "{said}");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_any_packet_is_uploaded_and_opens_in_python_and_in_node() {
    let test = TestGateway::start_without_limits().await;
    let (client, content, desk) = (&test.world.hospital, photo(25 * MIB + 12_345), Desk::new());
    let path = begin(&test, &content).await;
    for at in (0..content.len()).step_by(9 * MIB) {
        let to = content.len().min(at + 9 * MIB);
        assert_eq!(append(client, &path, at, &content[at..to]).await.status, 204);
    }
    let pushed = test.push(&bytes(&referring("LARGEST-1", &path, &json!({}))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let one = test.life();
    pull_all(&one.client, 1).await;
    let (envelope, opened) = open_all(one, 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap();
    let at = |part: &str| format!("/insurer/v1/deliveries/{}/attachments/{}/{part}", envelope.id, named.id);
    let key_text = String::from_utf8(get(&one.client, &at("key")).await.body).unwrap();

    // In ranges, as one that breaks off is fetched: together they are the whole.
    let (mut sealed, all) = (Vec::new(), content.len() + 26 * 28);
    while sealed.len() < all {
        let range = format!("bytes={}-{}", sealed.len(), sealed.len() + 7 * MIB);
        let answer = must(one.client.call(Method::GET, &at("content"), &[("Range", &range)], Vec::new()).await);
        assert_eq!(answer.status, 206);
        sealed.extend_from_slice(&answer.body);
    }
    assert_eq!(sealed.len(), all);
    assert!(get(&one.client, &at("content")).await.body == sealed, "the whole is what its ranges are");
    let key = desk.put("key.json", &one.keys[0].to_json().to_string());
    let claim = desk.put("opened.json", &opened.to_json().unwrap().to_string());
    let key_file = desk.put("key.jose", &key_text);
    std::fs::write(desk.path("content"), &sealed).unwrap();
    for language in LANGUAGES {
        let output = kit().run(language, "large", &[&key, &claim, &key_file, &desk.path("content"), &named.id], "");
        assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == content, "{language}");
    }
    test.stop().await;
}
