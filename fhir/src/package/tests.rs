//! Archives as they are and as they must not be, written by hand.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

/// One record of a tar archive.
pub(crate) fn record(path: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..path.len()].copy_from_slice(path.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut record = header.to_vec();
    record.extend_from_slice(bytes);
    record.resize(record.len().next_multiple_of(512), 0);
    record
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A package with these resources.
pub(crate) fn package(resources: &[Value]) -> Vec<u8> {
    let mut tar = record("package/", b'5', b"");
    tar.extend(record("package/package.json", b'0', br#"{"name":"test","version":"1.0.0"}"#));
    for (number, resource) in resources.iter().enumerate() {
        tar.extend(record(&format!("package/r{number}.json"), b'0', resource.to_string().as_bytes()));
    }
    tar.extend([0; 1024]);
    gzip(&tar)
}

fn one(id: impl Into<Value>) -> Value {
    json!({ "resourceType": "Basic", "id": id.into() })
}

fn names(bytes: &[u8], limits: &PackageLimits) -> Result<Vec<Value>, PackageError> {
    let mut found = Vec::new();
    let name = read(NamedBytes { name: "p", bytes }, limits, |value| found.push(value["id"].clone()))?;
    assert_eq!(name, "test#1.0.0");
    Ok(found)
}

#[test]
fn resources_of_the_package_folder_are_handed_out_and_nothing_else() {
    let limits = PackageLimits::default();
    assert_eq!(names(&package(&[one(1), one(2)]), &limits).unwrap(), [json!(1), json!(2)]);

    let long = format!("package/{}.json", "x".repeat(200));
    let pax = format!("{} path={long}\n", long.len() + 10);
    let mut tar = record("package/package.json", b'0', br#"{"name":"test","version":"1.0.0"}"#);
    tar.extend(record("PaxHeader", b'x', pax.as_bytes()));
    tar.extend(record("package/short.json", b'0', br#"{"resourceType":"X","id":3}"#));
    tar.extend(record("././@LongLink", b'L', format!("{long}\0").as_bytes()));
    tar.extend(record("package/short.json", 0, br#"{"resourceType":"X","id":4}"#));
    for (path, text) in [
        ("package/example/e.json", "{\"id\":5}"),
        ("package/.index.json", "no json"),
        ("package/readme.md", "no json"),
        ("other/o.json", "no json"),
    ] {
        tar.extend(record(path, b'0', text.as_bytes()));
    }
    assert_eq!(names(&gzip(&tar), &limits).unwrap(), [json!(3), json!(4)]);
}

#[test]
fn an_archive_that_is_none_or_leads_out_is_refused() {
    let manifest = record("package/package.json", b'0', br#"{"name":"test","version":"1.0.0"}"#);
    let with = |record: Vec<u8>| gzip(&[manifest.clone(), record].concat());
    let mut broken = record("package/a.json", b'0', b"{}");
    broken[3] = b'!';
    let whole = package(&[one(1)]);
    for (bytes, expected) in [
        (b"no gzip".to_vec(), "not a gzip archive"),
        (whole[..whole.len() / 2].to_vec(), "not a gzip archive"),
        (gzip(&[1; 512]), "not a tar archive"),
        (gzip(&broken), "not a tar archive"),
        (with(record("package/../../etc/passwd", b'0', b"")), "leads out"),
        (with(record("/etc/passwd", b'0', b"")), "absolute"),
        (with(record("package\\a.json", b'0', b"")), "leads out"),
        (with(record("package/a.json", b'2', b"")), "link or device"),
        (with(record("package/a.json", b'1', b"")), "link or device"),
        (with(record("package/a.json", b'3', b"")), "link or device"),
        (with(record("package/a.json", b'0', b"{")), "a.json is no JSON"),
        (gzip(&record("package/a.json", b'0', b"{}")), "no resource"),
        (gzip(b""), "no resource"),
    ] {
        let error = names(&bytes, &PackageLimits::default()).unwrap_err().to_string();
        assert!(error.starts_with("p: ") && error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn every_bound_holds_before_the_cost_is_paid() {
    let whole = package(&[one("x".repeat(4000)), one(2)]);
    let usual = PackageLimits::default();
    for limits in [
        PackageLimits { packed: 50, ..usual },
        PackageLimits { unpacked: 2000, ..usual },
        PackageLimits { file: 1000, ..usual },
        PackageLimits { files: 3, ..usual },
        PackageLimits { depth: 0, ..usual },
    ] {
        assert!(matches!(names(&whole, &limits), Err(PackageError::TooLarge { .. })), "{limits:?}");
    }
    // A size field that promises more than there is, or more than memory.
    let mut promise = record("package/a.json", b'0', b"");
    promise[124..135].copy_from_slice(b"77777777777");
    let error = names(&gzip(&promise), &usual).unwrap_err();
    assert!(matches!(error, PackageError::Archive { .. } | PackageError::TooLarge { .. }));
    // A megabyte of nothing, packed a thousand times smaller.
    let bomb = gzip(&record("package/a.json", b'0', &vec![b' '; 1 << 20]));
    assert!(bomb.len() < 10_000);
    let error = names(&bomb, &PackageLimits { unpacked: 1 << 19, ..usual }).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { .. }));
}
