//! What one reader could see otherwise than another is refused before anything is unpacked.

use super::*;
use crate::mydata::UNPACKED;
use crate::mydata::tests::made::{File, file, zip};

fn refused(archive: &[u8]) -> Option<Refusal> {
    let mut left = UNPACKED;
    let found =
        entries(archive, &mut left).and_then(|found| found.iter().map(Entry::unpack).collect::<Result<Vec<_>, _>>());
    found.err()
}

fn one(file: File) -> Vec<u8> {
    zip(&[file])
}

#[test]
fn stored_deflated_and_streamed_files_come_out() {
    for (deflated, streamed) in [(false, false), (true, false), (true, true), (false, true)] {
        let files = [("a/b.txt", &b"one"[..]), ("二.json", b""), ("c", &[7; 5000])].map(|(name, bytes)| File {
            deflated,
            streamed,
            ..file(name, bytes)
        });
        let archive = zip(&files);
        let mut left = 6000;
        let found = entries(&archive, &mut left).unwrap();
        assert_eq!(left, 6000 - 5003);
        for (entry, file) in found.iter().zip(&files) {
            assert_eq!((entry.name.as_bytes(), entry.unpack().unwrap()), (&file.name[..], file.bytes.clone()));
        }
    }
    let mut left = 0;
    // A folder is no file.
    assert!(entries(&zip(&[file("META-INFO/", b"")]), &mut left).unwrap().is_empty());
}

#[test]
fn names_lead_nowhere_but_inside() {
    for name in [
        "/etc/passwd",
        "../a",
        "a/../b",
        "a/..",
        "..",
        ".",
        "./a",
        "a//b",
        "",
        "C:\\a",
        "C:a",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "\u{202E}gpj.exe",
        &"x".repeat(256),
    ] {
        assert_eq!(refused(&one(file(name, b"x"))), Some(Refusal::ArchiveName), "{name:?}");
    }
    let big5 = File { name: vec![0xA8, 0xAE], flags: 0, ..file("", b"x") };
    assert_eq!(refused(&one(big5)), Some(Refusal::ArchiveName));
    assert_eq!(refused(&zip(&[file("a.json", b"1"), file("A.JSON", b"2")])), Some(Refusal::ArchiveNameTwice));
}

#[test]
fn bombs_end_before_they_are_lit() {
    let zeros = File { deflated: true, ..file("bomb", &vec![0; 8 << 20]) };
    assert_eq!(refused(&one(zeros.clone())), Some(Refusal::ArchiveRatio));
    // A false size below the truth is found when it is passed, not after.
    let mut archive = one(zeros);
    for at in places(&archive, &(8_u32 << 20).to_le_bytes()) {
        archive[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    assert_eq!(refused(&archive), Some(Refusal::ArchiveContent));
    let many: Vec<File> = (0..=FILES).map(|number| file(&number.to_string(), b"")).collect();
    assert_eq!(refused(&zip(&many)), Some(Refusal::ArchiveTooMany));
    // 100,000 entries stand in a ZIP64 record behind 0xFFFF; none is read.
    let mut many = one(file("a", b"b"));
    let end = many.len() - 22;
    many[end + 8..end + 12].copy_from_slice(&[0xFF; 4]);
    assert_eq!(refused(&many), Some(Refusal::ArchiveTooMany));
    let mut left = 10;
    assert_eq!(entries(&one(file("a", &[0; 11])), &mut left).err(), Some(Refusal::ArchiveTooLarge));
}

/// Where some bytes stand.
fn places(archive: &[u8], bytes: &[u8]) -> Vec<usize> {
    archive.windows(bytes.len()).enumerate().filter(|(_, found)| *found == bytes).map(|(at, _)| at).collect()
}

#[test]
fn what_is_not_a_plain_archive_is_refused() {
    let good = one(file("a.json", b"[]"));
    assert_eq!(refused(&good), None);
    for length in 0..good.len() {
        assert!(refused(&good[..length]).is_some(), "{length}");
    }
    assert_eq!(refused(&[b"#!/bin/sh\n".to_vec(), good.clone()].concat()), Some(Refusal::ArchiveForm));
    assert_eq!(refused(&[good.clone(), b"x".to_vec()].concat()), Some(Refusal::ArchiveForm));
    assert_eq!(refused(&one(File { flags: 1, ..file("a", b"x") })), Some(Refusal::ArchiveEncrypted));
    for outside in [0o120_777 << 16, 0o020_666 << 16] {
        assert_eq!(refused(&one(File { outside, ..file("a", b"x") })), Some(Refusal::ArchiveLink));
    }
    assert_eq!(refused(&one(File { outside: 0o100_644 << 16, ..file("a", b"x") })), None);
    // A second name, size or method in the file's own header, and content that is not what was counted.
    for (from, to, refusal) in
        [(&b"a.json"[..], &b"b.json"[..], Refusal::ArchiveContradiction), (b"[]", b"{}", Refusal::ArchiveContent)]
    {
        let mut changed = good.clone();
        let at = places(&changed, from)[0];
        changed[at..at + to.len()].copy_from_slice(to);
        assert_eq!(refused(&changed), Some(refusal));
    }
    let mut method = good.clone();
    let directory = places(&method, &0x0201_4B50_u32.to_le_bytes())[0];
    method[directory + 10] = 12;
    assert_eq!(refused(&method), Some(Refusal::ArchiveMethod));
    // Two entries that share the bytes of one.
    let mut shared = zip(&[file("a", b"x"), file("b", b"x")]);
    let second = places(&shared, &0x0201_4B50_u32.to_le_bytes())[1];
    shared[second + 42..second + 46].copy_from_slice(&0_u32.to_le_bytes());
    shared[second + 46] = b'a';
    assert_eq!(refused(&shared), Some(Refusal::ArchiveNameTwice));
    shared[second + 46] = b'b';
    assert_eq!(refused(&shared), Some(Refusal::ArchiveContradiction));
    // A file inside the bytes of another.
    let hidden = one(file("b", b"x"));
    let mut inside = zip(&[file("a", &hidden[..32]), file("b", b"x")]);
    let second = places(&inside, &0x0201_4B50_u32.to_le_bytes())[1];
    inside[second + 42..second + 46].copy_from_slice(&31_u32.to_le_bytes());
    assert_eq!(refused(&inside), Some(Refusal::ArchiveOverlap));
}

#[test]
fn no_change_of_a_byte_is_a_panic() {
    let files = [File { deflated: true, ..file("a.json", &[b'x'; 300]) }, File { streamed: true, ..file("b", b"yy") }];
    let good = zip(&files);
    for place in 0..good.len() {
        for change in [1, 0x80, 0xFF] {
            let mut changed = good.clone();
            changed[place] ^= change;
            let _ = refused(&changed);
        }
    }
}
