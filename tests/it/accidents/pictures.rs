//! Photos that were handed in: each stands, what goes out says nothing of its camera, and when and where it was taken stands in
//! the document. A signature inside a PDF is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{must, post};
use serde_json::{Value, json};

use super::{ANALYSIS, PHOTOS, SLIP, filing, motor, newest, started, today};

/// A photo of nothing, taken at half past nine in Taipei.
fn photo(note: &str) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
    };
    let directory = |entries: &[Vec<u8>]| {
        let count = u16::try_from(entries.len()).unwrap().to_be_bytes();
        [&count[..], &entries.concat(), &[0; 4]].concat()
    };
    let north = u32::from_be_bytes(*b"N\0\0\0");
    let east = u32::from_be_bytes(*b"E\0\0\0");
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    exif.extend(directory(&[entry(0x8769, 4, 1, 38), entry(0x8825, 4, 1, 56)]));
    exif.extend(directory(&[entry(0x9003, 2, 20, 110)]));
    exif.extend(directory(&[entry(1, 2, 2, north), entry(2, 5, 3, 130), entry(3, 2, 2, east), entry(4, 5, 3, 154)]));
    exif.extend(b"2026:11:01 09:30:00\0");
    for number in [25_u32, 1, 2, 1, 15, 1, 121, 1, 30, 1, 45, 1] {
        exif.extend(number.to_be_bytes());
    }
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], length.as_slice(), body].concat()
    };
    [
        b"\xff\xd8".to_vec(),
        segment(0xe1, &exif),
        segment(0xfe, note.as_bytes()),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        note.bytes().map(|byte| byte ^ 0x55).collect(),
        b"\xff\xd9".to_vec(),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_go_out_without_what_their_camera_said_and_each_stands() {
    let test = started().await;
    let (one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = post(&test.world.app, "/claims/v1/accidents", &filing("PIC-1", on, "PIC-1", &recipients)).await;
    let claim = must(must(filed.expect("file", 201)).json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let hand = async |item: &str, content: &[u8]| -> Value {
        let body = json!({ "item": item, "content": STANDARD.encode(content) });
        let answer = post(&test.world.app, &format!("/claims/v1/accidents/{claim}/papers"), &body).await;
        must(must(answer.expect("hand in", 200)).json("accident"))
    };
    for note in ["taken by my own telephone", "the other side of it", "taken by my own telephone"] {
        hand(PHOTOS, &photo(note)).await;
    }
    let (mut opened, mut photos) = (newest(&test, &one, &claim, &[PHOTOS]).await, Vec::new());
    for _ in 0..50 {
        photos = opened.evidence.iter().filter(|one| one.document.kind() == PHOTOS).cloned().collect();
        if photos.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        opened = newest(&test, &one, &claim, &[PHOTOS]).await;
    }
    assert_eq!(photos.len(), 2, "two photos, the one that came twice once");
    for photo in &photos {
        let [file] = photo.attachments.as_slice() else { panic!("{:?}", photo.attachments) };
        let document = photo.document.to_json().unwrap();
        assert_eq!(document["photos"][0]["attachment"], file.id.as_str());
        assert_eq!(document["photos"][0]["taken_at"], "2026-11-01T01:30:00Z");
        assert_eq!(
            document["photos"][0]["taken_at_point"],
            json!({ "latitude": "25.037500", "longitude": "121.512500" })
        );
        assert_eq!(file.transform.as_deref(), Some("metadata-removed"));
        assert!(file.derived_from.as_ref().is_some_and(|original| *original != file.id));
    }
    // The copy is what an insurer can fetch; its original stays here.
    let envelopes = must(insurer::pull(&one.client, 0, 0).await);
    let delivery = envelopes.iter().rfind(|envelope| envelope.claim_id == claim).unwrap();
    must(insurer::fetch(&one.client, &delivery.id).await);
    assert!(must(insurer::attachments(&one.client, &delivery.id, &opened, &one.keys).await) > 50);
    for file in opened.attachments() {
        assert!(file.bytes < 60, "no EXIF in {} bytes", file.bytes);
        let original = file.derived_from.as_ref().unwrap();
        let path = format!("/insurer/v1/deliveries/{}/attachments/{original}", delivery.id);
        assert_eq!(claimgate_tests::gateway::get(&one.client, &path).await.status, 404);
    }
    assert_eq!(test.kept().number("select count(*) from attachment").await, 4, "two originals, two copies");

    // Another scan of a paper takes the place of the one before, and a signature that does not count is said.
    hand(SLIP, b"%PDF-1.7 the first").await;
    let seen = hand(SLIP, b"%PDF-1.7 the second, which is better").await;
    let label = |seen: &Value, item: &str| {
        let all = seen["documents"].as_array().unwrap();
        all.iter().find(|one| one["item"] == item).unwrap()["handed_in"].clone()
    };
    assert_eq!(label(&seen, SLIP), json!({ "method": "handed-in", "result": "unverified" }));
    let seen = hand(ANALYSIS, b"%PDF-1.7 /ByteRange [0 9 9 9] changed later").await;
    assert_eq!(label(&seen, ANALYSIS), json!({ "method": "handed-in", "result": "signature-invalid" }));
    let opened = newest(&test, &one, &claim, &[SLIP, ANALYSIS]).await;
    let slips: Vec<_> = opened.evidence.iter().filter(|one| one.document.kind() == SLIP).collect();
    assert_eq!((slips.len(), slips[0].attachments[0].bytes), (1, 36), "the second scan alone");
    test.stop().await;
}
