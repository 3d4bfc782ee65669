//! What a proof of inclusion costs in a log of 10,000 packets: put together from tiles as the gateway keeps them, and
//! checked as an insurer does.
//!
//! Asserts nothing about time; the limit printed is 1 ms. `cargo bench -p claimgate-packet --bench proof`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use claimgate_packet::log::checkpoint::LogSigner;
use claimgate_packet::log::proof::LogProof;
use claimgate_packet::log::tile::{TileId, WIDTH, full_root};
use claimgate_packet::log::tree::{Range, Subtree, inclusion, whole};
use claimgate_packet::log::{Hash, leaf_hash};
use zeroize::Zeroizing;

const ENTRIES: u32 = 10_000;

/// What the benchmark is made of; a fault of the set-up ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The hashes of a log by tile.
struct Tiles(BTreeMap<TileId, Vec<Hash>>);

impl Tiles {
    fn new(leaves: Vec<Hash>) -> Self {
        let (mut tiles, mut row, mut level) = (BTreeMap::new(), leaves, 0);
        while !row.is_empty() {
            for (number, hashes) in (0..).zip(row.chunks(WIDTH)) {
                tiles.insert(TileId { level, number }, hashes.to_vec());
            }
            row = row.chunks(WIDTH).filter_map(full_root).collect();
            level += 1;
        }
        Self(tiles)
    }

    fn hash(&self, range: &Range) -> Option<Hash> {
        range.hash(|one: Subtree| one.within(self.0.get(&one.tile())?))
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() -> Outcome<()> {
    let entries: Vec<Hash> = (0..ENTRIES).map(|number| leaf_hash(&number.to_be_bytes())).collect();
    let tiles = Tiles::new(entries.iter().map(|entry| leaf_hash(entry)).collect());
    let signer = LogSigner::new("gateway.example/log", Zeroizing::new([7; 32]))?;
    let size = u64::from(ENTRIES);
    let checkpoint = signer.sign(size, &tiles.hash(&whole(size)).ok_or("no root")?)?;

    let prove = |index: u64| -> Option<String> {
        let path = inclusion(index, size)?.iter().map(|range| tiles.hash(range)).collect::<Option<_>>()?;
        Some(LogProof { index, path, checkpoint: checkpoint.clone() }.to_text())
    };
    let (mut made, mut checked) = (Vec::new(), Vec::new());
    for (index, entry) in (0..).zip(&entries) {
        let (took, text) = time(|| prove(index));
        made.push(took);
        let text = text.ok_or("no proof")?;
        let (took, verdict) = time(|| LogProof::parse(&text).and_then(|proof| proof.verify(entry, signer.public())));
        checked.push(took);
        verdict?;
    }
    println!("{ENTRIES} packets in the log, a proof of each one; limit 1000 us");
    for (name, mut figures) in [("made from tiles", made), ("read and verified", checked)] {
        figures.sort_unstable();
        let micros = |took: Option<&Duration>| took.copied().unwrap_or_default().as_secs_f64() * 1e6;
        println!(
            "{name:<18} p50 {:>6.1} us   p99 {:>6.1} us",
            micros(figures.get(figures.len() / 2)),
            micros(figures.get(figures.len() * 99 / 100))
        );
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = Instant::now();
    let done = black_box(work());
    (before.elapsed(), done)
}
