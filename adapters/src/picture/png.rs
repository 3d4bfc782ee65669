//! PNG (W3C, third edition): a signature and a row of chunks, each with its length and checksum.

use flate2::Crc;

use super::{Bare, Camera, be32, exif};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Chunks that are the picture, and how its colours, size and frames are to be shown.
const KEPT: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
    b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

/// The picture alone; none where a chunk reaches beyond the end.
pub(super) fn bare(png: &[u8]) -> Option<Bare> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    let mut out = Vec::with_capacity(png.len());
    out.extend(SIGNATURE);
    let mut camera: Option<Camera> = None;
    while !rest.is_empty() {
        let length = usize::try_from(be32(rest)?).ok()?;
        let (chunk, after) = rest.split_at_checked(length.checked_add(12)?)?;
        let kind: &[u8; 4] = chunk.get(4..)?.first_chunk()?;
        if KEPT.contains(&kind) {
            out.extend(chunk);
        } else if kind == b"eXIf" && camera.is_none() {
            let (said, way) = exif::read(chunk.get(8..8 + length)?);
            camera = Some(said);
            if let Some(way) = way.filter(|way| *way != 1) {
                out.extend(chunk_of(*b"eXIf", &exif::turned(way)));
            }
        }
        // Whatever stands behind the end is no part of the picture.
        rest = if kind == b"IEND" { &[] } else { after };
    }
    Some(Bare { content: out, camera: camera.unwrap_or_default() })
}

fn chunk_of(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(body);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), kind.as_slice(), body, &sum.sum().to_be_bytes()].concat()
}
