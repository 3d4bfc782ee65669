//! QR codes (ISO/IEC 18004) of a link, drawn as SVG and as PNG. In: text. Out: pictures. Knows no sessions.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use qrcode::{Color, EcLevel, QrCode};

/// Modules left white on each side: the standard's quiet zone.
const QUIET: usize = 4;
/// Pixels of a module in the PNG: eight of one bit make a byte.
const SCALE: usize = 8;

/// A QR code as a square of modules, `true` for dark, with the quiet zone.
pub struct Square {
    width: usize,
    rows: Vec<Vec<bool>>,
}

impl Square {
    /// The code of a text; `None` where it is too long for one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let inner = code.width();
        let width = inner + 2 * QUIET;
        let blank = || vec![false; width];
        let mut rows: Vec<Vec<bool>> = (0..QUIET).map(|_| blank()).collect();
        for row in code.to_colors().chunks(inner) {
            let edge = [false; QUIET];
            let dark = row.iter().map(|color| *color == Color::Dark);
            rows.push(edge.into_iter().chain(dark).chain(edge).collect());
        }
        rows.extend((0..QUIET).map(|_| blank()));
        Some(Self { width, rows })
    }

    /// A picture of its own size, one unit a module.
    #[must_use]
    pub fn svg(&self) -> String {
        let width = self.width;
        let mut path = String::new();
        for (y, row) in self.rows.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                // Writing to a text cannot fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{width}v{width}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }

    /// A picture of eight pixels a module, one bit a pixel (PNG, RFC 2083); `None` where it cannot be packed.
    #[must_use]
    pub fn png(&self) -> Option<Vec<u8>> {
        let side = u32::try_from(self.width * SCALE).ok()?.to_be_bytes();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        // One bit, grey, deflate, the five filters, not interlaced.
        chunk(&mut png, *b"IHDR", &[side.as_slice(), &side, &[1, 0, 0, 0, 0]].concat())?;
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in &self.rows {
            // Before each line stands its filter: none.
            let line: Vec<u8> = std::iter::once(0).chain(row.iter().map(|dark| if *dark { 0 } else { 0xff })).collect();
            (0..SCALE).try_for_each(|_| packed.write_all(&line)).ok()?;
        }
        chunk(&mut png, *b"IDAT", &packed.finish().ok()?)?;
        chunk(&mut png, *b"IEND", &[])?;
        Some(png)
    }
}

fn chunk(png: &mut Vec<u8>, name: [u8; 4], body: &[u8]) -> Option<()> {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(body);
    png.extend(u32::try_from(body.len()).ok()?.to_be_bytes());
    png.extend(name);
    png.extend(body);
    png.extend(sum.sum().to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::ZlibDecoder;

    use super::*;

    #[test]
    fn both_pictures_show_the_same_modules() {
        let square =
            Square::of("openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fgate.example").unwrap();
        let dark = square.rows.iter().flatten().filter(|dark| **dark).count();
        assert_eq!(square.svg().matches("h1v1h-1z").count(), dark);
        let png = square.png().unwrap();
        let side = usize::try_from(u32::from_be_bytes(png[16..20].try_into().unwrap())).unwrap();
        assert_eq!(side, square.width * 8);
        let length = usize::try_from(u32::from_be_bytes(png[33..37].try_into().unwrap())).unwrap();
        assert_eq!(&png[37..41], b"IDAT");
        let mut lines = Vec::new();
        ZlibDecoder::new(&png[41..41 + length]).read_to_end(&mut lines).unwrap();
        assert_eq!(lines.len(), side * (square.width + 1));
        let zeros = lines.chunks(square.width + 1).flat_map(|line| &line[1..]).filter(|byte| **byte == 0).count();
        assert_eq!(zeros, dark * 8);
        // The finder pattern in the first corner, behind the quiet zone.
        assert!(square.rows[4][4..11].iter().all(|dark| *dark) && !square.rows[3].iter().any(|dark| *dark));
        assert!(Square::of(&"x".repeat(4_000)).is_none());
    }
}
