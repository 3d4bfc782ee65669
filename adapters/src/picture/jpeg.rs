//! JPEG (ITU-T T.81): a row of segments, each with its length, the scans between them.

use super::{Bare, Camera, be16, exif};

const EXIF: &[u8] = b"Exif\0\0";

/// The picture alone; none where a segment reaches beyond the end.
pub(super) fn bare(jpeg: &[u8]) -> Option<Bare> {
    let mut rest = jpeg.strip_prefix(b"\xff\xd8")?;
    let mut out = Vec::with_capacity(jpeg.len());
    out.extend(b"\xff\xd8");
    let mut camera: Option<Camera> = None;
    while let Some(after) = rest.strip_prefix(b"\xff") {
        let (marker, after) = after.split_first()?;
        match *marker {
            // Fill bytes before a marker.
            0xff => rest = rest.get(1..)?,
            0xd9 => {
                out.extend(b"\xff\xd9");
                return Some(Bare { content: out, camera: camera.unwrap_or_default() });
            }
            0x01 | 0xd0..=0xd7 => {
                out.extend([0xff, *marker]);
                rest = after;
            }
            _ => {
                let length = usize::from(be16(after)?);
                let (segment, after) = after.split_at_checked(length.max(2))?;
                let body = segment.get(2..)?;
                if is_picture(*marker, body) {
                    out.extend([0xff, *marker]);
                    out.extend(segment);
                } else if let Some(block) = body.strip_prefix(EXIF).filter(|_| *marker == 0xe1 && camera.is_none()) {
                    let (said, way) = exif::read(block);
                    camera = Some(said);
                    if let Some(way) = way.filter(|way| *way != 1) {
                        out.extend(segment_of(&exif::turned(way)));
                    }
                }
                let scan = if *marker == 0xda { scan_length(after) } else { 0 };
                let (scan, after) = after.split_at_checked(scan)?;
                out.extend(scan);
                rest = after;
            }
        }
    }
    // A scan that breaks off is a picture all the same; anything else between segments is none.
    rest.is_empty().then(|| Bare { content: out, camera: camera.unwrap_or_default() })
}

/// What a decoder needs: no `APPn` but JFIF's header, a colour profile and Adobe's note of the colours; no comment.
fn is_picture(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xe0 => body.starts_with(b"JFIF\0"),
        0xe2 => body.starts_with(b"ICC_PROFILE\0"),
        0xee => body.starts_with(b"Adobe"),
        0xe1..=0xef | 0xfe => false,
        _ => true,
    }
}

/// How far a scan goes: to the next marker that is no restart and no stuffed byte.
fn scan_length(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| matches!(pair, [0xff, marker] if !matches!(*marker, 0 | 0xd0..=0xd7 | 0xff));
    bytes.windows(2).position(ends).unwrap_or(bytes.len())
}

fn segment_of(block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + EXIF.len() + block.len()).unwrap_or(u16::MAX);
    let mut segment = vec![0xff, 0xe1];
    segment.extend(length.to_be_bytes());
    segment.extend(EXIF);
    segment.extend(block);
    segment
}
