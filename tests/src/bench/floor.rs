//! The limit of an ingest: the same work done bare and one after the other. Parse the JSON, sign once with ES256, seal
//! the two packets of it, and write the same bytes with one fsync for as many as there are connections.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use claimgate_gateway::clock::Clock;
use claimgate_packet::form::Form;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::seal::Sealer;
use serde_json::Value;

use crate::gateway::must;

/// Bundles of one measurement.
const BUNDLES: usize = 2_048;

/// Bundles a second, of these bytes, each sealed for two recipients at these sizes; a write of `group` bundles at once, on
/// the file system of `folder`.
///
/// # Panics
/// A key cannot be made, or the file not be written.
#[must_use]
pub fn rate(body: &[u8], sealed: [usize; 2], group: usize, folder: &Path) -> f64 {
    let clock = Clock::system();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap_or_else(|_| panic!("no key"));
    let recipient = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, clock.now()));
    let to = must(Sealer::new(&recipient.public()));
    let mut file = must(File::create(folder.join("floor")));
    let before = clock.elapsed();
    let mut pending = Vec::new();
    for number in 1..=BUNDLES {
        let parsed: Value = must(serde_json::from_slice(black_box(body)));
        black_box(parsed);
        let signature = pair.sign(&SystemRandom::new(), body).unwrap_or_else(|_| panic!("no signature"));
        pending.extend_from_slice(body);
        pending.extend_from_slice(signature.as_ref());
        for bytes in sealed {
            let plain = body.get(..bytes.min(body.len())).unwrap_or(body);
            pending.extend_from_slice(must(to.seal_form(plain, Form::Fields)).as_bytes());
        }
        if number % group == 0 {
            must(file.write_all(&pending));
            must(file.sync_data());
            pending.clear();
        }
    }
    let took = clock.elapsed().saturating_sub(before);
    f64::from(u32::try_from(BUNDLES).unwrap_or(u32::MAX)) / took.as_secs_f64()
}
