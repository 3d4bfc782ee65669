//! Writes the JSON Schemas of the evidence documents into a folder, by default `docs/schemas`.

use std::path::PathBuf;

use claimgate_packet::schema;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("docs/schemas"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    for (kind, of_kind) in schema::all() {
        std::fs::write(folder.join(schema::file_name(kind)), schema::text(&of_kind))?;
    }
    Ok(())
}
