//! Writes what the gateway says of its interfaces: `cargo run -p claimgate-gateway --features schema --example contract docs`
//! makes `errors.md` and `openapi.json` there.

use std::path::PathBuf;

use claimgate_gateway::http::{codes, openapi};

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    std::fs::write(folder.join("errors.md"), codes::page())?;
    std::fs::write(folder.join("openapi.json"), openapi::text())
}
