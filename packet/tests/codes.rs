//! The table of codes in `docs/packet-format.md` is that of the code: each refusal has a row, each row is a refusal.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;

use claimgate_packet::limits::SEALED_BYTES;
use claimgate_packet::open::OpenError;
use claimgate_packet::receipt::Refusal;

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

fn codes() -> BTreeSet<&'static str> {
    OpenError::ALL.into_iter().map(OpenError::code).chain(Refusal::ALL.into_iter().map(Refusal::code)).collect()
}

#[test]
fn every_code_has_its_row_and_every_row_its_code() {
    let text = document("packet-format.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `packet.") || line.starts_with("| `receipt."))
        .filter(|line| !line.contains(".py`"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    for row in &rows {
        assert!(row.len() == 3 && row.iter().all(|cell| !cell.is_empty()), "code, meaning, what to do: {row:?}");
    }
    let named: BTreeSet<&str> = rows.iter().filter_map(|row| row.first()).map(|code| code.trim_matches('`')).collect();
    assert_eq!(named.len(), rows.len(), "a code has two rows");
    assert_eq!(named, codes());
}

#[test]
fn the_guide_for_insurers_names_no_other_code_of_packets() {
    let text = document("insurer.md");
    let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || "._".contains(sign)));
    let known = codes();
    for word in words.filter_map(|word| word.trim_end_matches('.').strip_prefix("packet.")) {
        assert!(word == "jose" || known.contains(format!("packet.{word}").as_str()), "packet.{word}");
    }
}

#[test]
fn the_bound_of_a_sealed_packet_is_the_one_written() {
    let digits = SEALED_BYTES.to_string();
    let (millions, rest) = digits.split_at(digits.len() - 6);
    let (thousands, ones) = rest.split_at(3);
    assert!(document("packet-format.md").contains(&format!("{millions},{thousands},{ones} characters")));
}
