//! Writes the test vectors of `packet/vectors`: `cargo run -p claimgate-packet --features seal --example vectors`.
//!
//! Keys, salts, content keys and IVs are fixed, so that the same files come out again. What cannot be (an ECDSA
//! signature, RSA-OAEP) is kept from the files that are there, as long as it still gives the outcome written beside it.

#![expect(clippy::indexing_slicing, reason = "a member of the fixed files that is missing ends the generator")]

use std::path::Path;

#[path = "make.rs"]
mod make;

fn main() -> make::Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    for (name, text) in make::files(&read)? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
