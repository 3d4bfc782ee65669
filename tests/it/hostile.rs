//! Every way in under bytes changed at random, the same at every run: no panic, and no input takes long. The fuzzer
//! in `tests/fuzz` goes on from here with coverage to lead it.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_tests::hostile::{TARGETS, Target};

/// Inputs for each way in, besides the cuts.
const INPUTS: usize = 2_000;
/// A text at most this long is cut at every byte; longer ones in that many places.
const CUTS: usize = 600;
/// Nothing of these sizes takes seconds, not even unoptimised on a loaded machine: longer is a hang.
const LONGEST: Duration = Duration::from_secs(20);

/// A small generator (`splitmix64`): the same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % bound.max(1)
    }
}

/// One small change.
fn change(bytes: &mut Vec<u8>, other: &[u8], words: &[&str], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len());
    let end = (at + numbers.below(64)).min(bytes.len());
    match numbers.below(8) {
        _ if bytes.is_empty() => bytes.extend(b"{"),
        0 => bytes[at] ^= 1 << numbers.below(8),
        1 => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
        2 => drop(bytes.splice(at..at, words[numbers.below(words.len())].bytes())),
        3 => drop(bytes.splice(at..end, words[numbers.below(words.len())].bytes())),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let piece = bytes[at..end].repeat(1 + numbers.below(3));
            let to = numbers.below(bytes.len());
            drop(bytes.splice(to..to, piece));
        }
        6 => {
            // The head of one text and the tail of another.
            let from = numbers.below(other.len());
            drop(bytes.splice(at.., other[from..].iter().copied()));
        }
        _ => bytes.truncate(bytes.len().saturating_sub(numbers.below(200))),
    }
}

#[expect(clippy::print_stdout, reason = "how many inputs there were is half of what this test says")]
fn attack(target: &Target) {
    let (clock, mut numbers) = (Clock::system(), Numbers(target.name.bytes().map(u64::from).sum()));
    let (seeds, mut ran, mut longest) = ((target.seeds)(), 0, Duration::ZERO);
    assert!(!seeds.is_empty() && seeds.iter().all(|seed| seed.len() > 100), "{}", target.name);
    let mut run = |bytes: &[u8]| {
        let before = clock.elapsed();
        (target.run)(bytes);
        let took = clock.elapsed().saturating_sub(before);
        assert!(took < LONGEST, "{}: {took:?} for {} bytes", target.name, bytes.len());
        longest = longest.max(took);
        ran += 1;
    };
    for seed in &seeds {
        run(seed);
    }
    let smallest = seeds.iter().min_by_key(|seed| seed.len()).unwrap();
    for end in (0..smallest.len()).step_by(smallest.len().div_ceil(CUTS)) {
        run(&smallest[..end]);
    }
    for _ in 0..INPUTS {
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        let other = &seeds[numbers.below(seeds.len())];
        for _ in 0..=numbers.below(4) {
            change(&mut bytes, other, target.words, &mut numbers);
        }
        run(&bytes);
    }
    println!("{}: {ran} inputs, the longest took {longest:?}", target.name);
}

#[test]
fn no_bytes_make_a_reader_panic_or_hang() {
    std::thread::scope(|scope| {
        let running: Vec<_> = TARGETS.iter().map(|target| (target.name, scope.spawn(|| attack(target)))).collect();
        for (name, thread) in running {
            assert!(thread.join().is_ok(), "{name}");
        }
    });
}
