//! A file in segments as an insurer opens it: key and content apart, ranges of it, and by other people's software.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must};
use reqwest::Method;
use serde_json::json;

use crate::interop::{Desk, LANGUAGES, kit};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_attachment_opens_in_python_and_in_node() {
    let test = TestGateway::start().await;
    let mut content = vec![0xFF, 0xD8, 0xFF, 0xE0];
    content.extend((0_u32..700_000).flat_map(u32::to_be_bytes));
    let mut bundle = case("INTEROP-2");
    let scan = json!({
        "resourceType": "DocumentReference", "id": "scan", "status": "current", "type": { "text": "收據" },
        "content": [{ "attachment": { "contentType": "image/jpeg", "data": STANDARD.encode(&content) } }],
    });
    let entry = json!({ "fullUrl": "urn:uuid:6b0f3c1a-0000-4000-8000-000000000001", "resource": scan });
    bundle["entry"].as_array_mut().unwrap().push(entry);
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
