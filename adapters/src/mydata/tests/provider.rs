//! What a provider packs is what the gateway proves, and nothing goes out that it would refuse.

use super::made::{Provider, Setting, VEHICLE, file, outer_manifest, package, vehicle, zip};
use crate::mydata::{DataFile, NotPacked, Notice, Outcome, Refusal, Signer, SignerError, files, pack};

fn signer(provider: &Provider) -> Signer {
    Signer::new(&provider.certificate, provider.key.serialized_der()).unwrap()
}

fn data(name: &str, bytes: &[u8]) -> DataFile {
    DataFile { name: name.to_owned(), bytes: bytes.to_vec() }
}

fn refused(signer: &Signer, files: &[DataFile]) -> Option<Refusal> {
    match signer.pack(files) {
        Err(NotPacked::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

#[test]
fn what_a_provider_packs_is_proved() {
    let provider = Provider::new();
    let signer = signer(&provider);
    let vehicle = vehicle();
    let one = data(std::str::from_utf8(&vehicle.name).unwrap(), &vehicle.bytes);
    let archive = signer.pack(&[one, data("圖/現場.pdf", b"%PDF-1.7")]).unwrap();
    let again = files(&archive).unwrap();
    assert_eq!(again.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["車籍資料.json", "圖/現場.pdf"]);
    let manifest = outer_manifest(&[(VEHICLE, "200")]);
    let outer =
        pack(&[("META-INFO/manifest.xml", manifest.as_bytes()), (&format!("{VEHICLE}.zip"), &archive)]).unwrap();
    let opened = Setting::of(&provider, &[]).open(&package(&outer)).unwrap();
    let delivered = opened.datasets[0].delivered.as_ref().unwrap();
    assert_eq!((delivered.files.len(), &delivered.archive), (2, &archive));
    // Archives are written once only: those of the tests are read alike.
    assert_eq!(files(&zip(&provider.archive(&[vehicle]))).unwrap().len(), 1);
}

#[test]
fn nothing_goes_out_that_would_be_refused() {
    let provider = Provider::new();
    let signer = signer(&provider);
    for (name, bytes, expected) in [
        ("../a.json", &b"{}"[..], Refusal::ArchiveName),
        ("/a.json", b"{}", Refusal::ArchiveName),
        ("a&b.json", b"{}", Refusal::ManifestForm),
        ("a<b.json", b"{}", Refusal::ManifestForm),
        ("a.zip", b"PK\x03\x04", Refusal::ArchiveNested),
        ("META-INFO/manifest.xml", b"{}", Refusal::ArchiveNameTwice),
        (" a.json", b"{}", Refusal::FileMissing),
    ] {
        assert_eq!(refused(&signer, &[data(name, bytes)]), Some(expected), "{name}");
    }
    let twice = [data("a.json", b"{}"), data("A.json", b"{}")];
    assert_eq!(refused(&signer, &twice), Some(Refusal::ArchiveNameTwice));
    let many: Vec<DataFile> = (0..300).map(|number| data(&format!("{number}.json"), b"{}")).collect();
    assert_eq!(refused(&signer, &many), Some(Refusal::ArchiveTooMany));
}

#[test]
fn a_key_of_another_certificate_signs_nothing() {
    let (one, other) = (Provider::new(), Provider::new());
    let key = |provider: &Provider| provider.key.serialized_der().to_vec();
    assert_eq!(Signer::new(&one.certificate, &key(&other)).err(), Some(SignerError::Apart));
    assert_eq!(Signer::new(&one.certificate, b"no key").err(), Some(SignerError::Key));
    assert_eq!(Signer::new(b"no certificate", &key(&one)).err(), Some(SignerError::Certificate));
}

#[test]
fn a_data_set_may_have_no_name() {
    let provider = Provider::new();
    let manifest = outer_manifest(&[(VEHICLE, "200")]).replace("示範資料", "");
    let files = [
        file("META-INFO/manifest.xml", manifest.as_bytes()),
        file(&format!("{VEHICLE}.zip"), &zip(&provider.archive(&[vehicle()]))),
    ];
    let opened = Setting::of(&provider, &[]).open(&package(&zip(&files))).unwrap();
    assert_eq!(opened.datasets[0].resource_name, "");
}

#[test]
fn members_that_do_not_apply_may_be_null() {
    let ready = Notice::read(br#"{"tx_id":"t","permission_ticket":"p","secret_key":"s","unable_to_deliver":null}"#);
    assert!(matches!(ready.unwrap().outcome, Outcome::Ready { .. }));
    let unable = br#"{"tx_id":"t","permission_ticket":null,"secret_key":null,"unable_to_deliver":["API.x"]}"#;
    assert!(matches!(Notice::read(unable).unwrap().outcome, Outcome::Unable(all) if all == ["API.x"]));
    let both = br#"{"tx_id":"t","permission_ticket":"p","secret_key":"s","unable_to_deliver":["API.x"]}"#;
    assert_eq!(Notice::read(both).err(), Some(Refusal::NoticeForm));
}
