//! Photos and dashcam files of a case: uploaded in pieces, each claim gets those that belong to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha256_text;

use super::*;

const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 2, 3];

fn metadata(kind: &str, content: &[u8]) -> String {
    format!("filetype {},sha256 {}", STANDARD.encode(kind), STANDARD.encode(sha256_text(content)))
}

async fn begun(client: &PartyClient, kind: &str, content: &[u8], bytes: usize) -> Answer {
    let (metadata, bytes) = (metadata(kind, content), bytes.to_string());
    let headers =
        [("Tus-Resumable", "1.0.0"), ("Upload-Length", bytes.as_str()), ("Upload-Metadata", metadata.as_str())];
    must(client.call(Method::POST, "/claims/v1/uploads", &headers, Vec::new()).await)
}

async fn piece(client: &PartyClient, id: &str, from: usize, content: &[u8]) -> Answer {
    let from = from.to_string();
    let headers = [
        ("Tus-Resumable", "1.0.0"),
        ("Content-Type", "application/offset+octet-stream"),
        ("Upload-Offset", from.as_str()),
    ];
    must(client.call(Method::PATCH, &format!("/claims/v1/uploads/{id}"), &headers, content.to_vec()).await)
}

/// An upload that was begun, and its metadata.
pub(super) async fn started(client: &PartyClient) -> (String, String) {
    let begun = begun(client, "image/jpeg", JPEG, 1_000).await;
    (read(&begun, 201)["id"].as_str().unwrap().to_owned(), metadata("image/jpeg", JPEG))
}

/// Uploads a file in two pieces.
pub(super) async fn uploaded(client: &PartyClient, kind: &str, content: &[u8]) -> String {
    let begun = begun(client, kind, content, content.len()).await;
    let id = read(&begun, 201)["id"].as_str().unwrap().to_owned();
    let (first, rest) = content.split_at(content.len() / 2);
    assert_eq!(piece(client, &id, 0, first).await.status, 204);
    assert_eq!(piece(client, &id, first.len(), rest).await.status, 204);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_go_to_the_claims_they_belong_to_and_what_is_none_is_said() {
    let test = TestGateway::start().await;
    let own = motor(&test, "motor-own", "34900001", &[Line::MotorDamage]).await;
    let other = motor(&test, "motor-other", "34900002", &[Line::MotorCompulsory]).await;
    let client = &test.world.app;
    let path = opened(client, "FILES").await;
    saved(client, &path, &half("ABC-1234", "XYZ-9999", "motor-own")).await;

    // A zip that says it is a photo, a video of 5 GB, a kind nobody passes on.
    let zip = b"PK\x03\x04 a photo that is a zip";
    let wrong = read(&begun(client, "image/jpeg", zip, zip.len()).await, 201);
    let id = wrong["id"].as_str().unwrap();
    assert_eq!(read(&piece(client, id, 0, zip).await, 422)["code"], "upload.type-differs");
    assert_eq!(read(&begun(client, "video/mp4", zip, 5 << 30).await, 413)["code"], "upload.too-large");
    assert_eq!(read(&begun(client, "application/zip", zip, 30).await, 415)["code"], "upload.media-type");
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let heic = uploaded(client, "image/heic", heic).await;

    // Begun and not complete: said for its field; resumed, it is taken.
    let half_there = read(&begun(client, "image/jpeg", JPEG, JPEG.len()).await, 201)["id"].as_str().unwrap().to_owned();
    assert_eq!(piece(client, &half_there, 0, &JPEG[..5]).await.status, 204);
    let field = |id: &str| json!({ "fields": { "file.photo": { "value": { "upload": id, "kind": "scene-photo" } } } });
    let told = read(&patch(client, &path, &field(&half_there)).await, 200);
    assert_eq!(told["faults"][0]["code"], "upload-not-complete");
    assert_eq!(piece(client, &half_there, 5, &JPEG[5..]).await.status, 204);
    let told = read(&patch(client, &path, &field(&half_there)).await, 200);
    assert_eq!(told["faults"], json!([]));
    let told = read(&patch(client, &path, &field("upl_01a20795-d752-7a9f-a283-ad7df04b8ac1")).await, 200);
    assert_eq!(told["faults"][0]["code"], "unknown-upload");
    saved(
        client,
        &path,
        &[
            ("file.heic", json!({ "upload": heic, "kind": "damage-photo", "caption": "左後方" })),
            ("claim.own", json!({ "kind": "own-damage", "insurer": "motor-own", "claimant": "me" })),
            ("claim.hurt", json!({ "kind": "injury-compulsory", "insurer": "motor-other", "claimant": "me" })),
        ],
    )
    .await;
    let seen = sent(client, &path, &["own", "hurt"], "now").await;
    let ids = ["own", "hurt"].map(|key| claim(&seen, key)["claim_id"].as_str().unwrap().to_owned());
    let opened = packet(&test, &own, &ids[0], |opened| document(opened, "accident-notice").is_some()).await;
    let notice = document(&opened, "accident-notice").unwrap();
    let kinds: Vec<&str> =
        notice["files"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds.as_slice(), opened.attachments().count()), (["damage-photo", "scene-photo"].as_slice(), 2));
    let media: Vec<&str> = opened.attachments().map(|file| file.media_type.as_str()).collect();
    assert_eq!(media, ["image/heic", "image/jpeg"]);
    let envelope = must(insurer::pull(&own.client, 0, 0).await).pop().unwrap();
    must(insurer::fetch(&own.client, &envelope.id).await);
    let bytes = must(insurer::attachments(&own.client, &envelope.id, &opened, &own.keys).await);
    assert!(bytes > 20, "{bytes} bytes");
    // Cover without fault gets no pictures of the scene.
    let opened = packet(&test, &other, &ids[1], |opened| document(opened, "accident-notice").is_some()).await;
    assert_eq!(opened.attachments().count(), 0);

    // The same photo in another case is seen; a correction keeps the file's id.
    let again = opened_with_photo(&test, client).await;
    assert_eq!(codes(&read(&get(client, &again).await, 200)), ["file-elsewhere"]);
    let before = notice["files"][1]["attachment"].clone();
    saved(client, &path, &[("remarks", json!("補充"))]).await;
    read(&post(client, &format!("{path}/submit"), &json!({})).await, 200);
    let later = |opened: &Opened| document(opened, "accident-notice").is_some_and(|one| one["remarks"] == "補充");
    let notice = document(&packet(&test, &own, &ids[0], later).await, "accident-notice").unwrap();
    assert_eq!(notice["files"][1]["attachment"], before);
    assert_eq!(test.kept().number("select count(*) from attachment").await, 2);
    test.stop().await;
}

async fn opened_with_photo(_test: &TestGateway, client: &PartyClient) -> String {
    let path = opened(client, "FILES-2").await;
    let id = uploaded(client, "image/jpeg", JPEG).await;
    saved(client, &path, &[("file.photo", json!({ "upload": id, "kind": "scene-photo" }))]).await;
    path
}
