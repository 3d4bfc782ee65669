//! Writes the texts each fuzzer begins from to `corpus/<name>`, where cargo-fuzz looks for them.

use std::path::Path;

use claimgate_fuzz::hostile::TARGETS;

fn main() -> std::io::Result<()> {
    for target in &TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
