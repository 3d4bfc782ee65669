//! Pictures without what they say of their camera: a copy to pass on, and when and where it was taken.
//!
//! In: a JPEG or PNG. Out: the same picture without EXIF, XMP, IPTC, comments, texts, previews and whatever stands behind its
//! end; the turn it is to be shown with stays, and so does its colour profile. The pixels are not touched. Nothing is
//! decoded, so the cost is one walk over the bytes.

use claimgate_packet::evidence::accident::Wgs84;
use claimgate_packet::opaque_debug;
use jiff::Timestamp;

mod exif;
mod jpeg;
mod png;

#[cfg(test)]
mod tests;

/// What a camera wrote into a picture.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Camera {
    /// When it was taken; where it names no zone, by Taiwan's time.
    pub taken_at: Option<Timestamp>,
    /// Where.
    pub point: Option<Wgs84>,
}

/// A picture to pass on.
#[derive(Clone, PartialEq, Eq)]
pub struct Bare {
    /// Its bytes; those that came where there was nothing to remove.
    pub content: Vec<u8>,
    /// What the camera said.
    pub camera: Camera,
}

opaque_debug!(Camera, Bare);

/// A copy without what is not the picture; none for another media type, or a file that cannot be read to its end.
#[must_use]
pub fn bare(media_type: &str, content: &[u8]) -> Option<Bare> {
    match media_type {
        "image/jpeg" => jpeg::bare(content),
        "image/png" => png::bare(content),
        _ => None,
    }
}

/// A number of two bytes, the first one high.
fn be16(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.first_chunk().copied()?))
}

/// A number of four bytes, the first one high.
fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.first_chunk().copied()?))
}
