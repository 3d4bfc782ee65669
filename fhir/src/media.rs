//! What a file is, by its first bytes: the kinds of evidence that are passed on. Nothing is parsed: a file is
//! for the program that shows it, and what it shows is no business of ours.

/// A kind of file that is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// PDF (ISO 32000-1 §7.5.2).
    Pdf,
    /// JPEG (ITU-T T.81, marker SOI).
    Jpeg,
    /// PNG (W3C PNG §5.2).
    Png,
    /// TIFF 6.0 §2, in either byte order.
    Tiff,
    /// DICOM file (PS3.10 §7.1): `DICM` after 128 bytes.
    Dicom,
    /// WebP (RFC 9649 §2.4).
    Webp,
    /// HEIC and HEIF, a telephone's photograph (ISO/IEC 23008-12 §10).
    Heic,
    /// MP4 video (ISO/IEC 14496-14), as dashcams (行車紀錄器) write it.
    Mp4,
    /// `QuickTime` video (MOV), as telephones write it.
    Mov,
}

/// Brands of the box `ftyp` (ISO/IEC 14496-12 §4.3) that stand for still pictures in HEVC.
const HEIC: [&[u8; 4]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
/// Brands of MP4.
const MP4: [&[u8; 4]; 9] = [b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "];

impl Media {
    /// The kind some bytes are of.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        if begins(b"%PDF-") {
            Some(Self::Pdf)
        } else if begins(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if begins(b"\x89PNG\r\n\x1A\n") {
            Some(Self::Png)
        } else if begins(b"II*\0") || begins(b"MM\0*") {
            Some(Self::Tiff)
        } else if bytes.get(128..132) == Some(b"DICM") {
            Some(Self::Dicom)
        } else if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else if bytes.get(4..8) == Some(b"ftyp") {
            Self::of_brand(bytes.get(8..12)?)
        } else {
            None
        }
    }

    /// By the major brand alone: compatible brands say what a reader may try, not what the file is.
    fn of_brand(brand: &[u8]) -> Option<Self> {
        if brand == b"qt  " {
            Some(Self::Mov)
        } else if HEIC.iter().any(|known| known.as_slice() == brand) {
            Some(Self::Heic)
        } else {
            MP4.iter().any(|known| known.as_slice() == brand).then_some(Self::Mp4)
        }
    }

    /// Whether it is a video, which may be larger than other files.
    #[must_use]
    pub fn is_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov)
    }

    /// The kind a declared media type means; parameters do not count.
    #[must_use]
    pub fn declared(media_type: &str) -> Option<Self> {
        let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match bare.as_str() {
            "application/pdf" | "application/x-pdf" => Self::Pdf,
            "image/jpeg" | "image/jpg" | "image/pjpeg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/tiff" | "image/tif" => Self::Tiff,
            "application/dicom" => Self::Dicom,
            "image/webp" => Self::Webp,
            "image/heic" | "image/heif" => Self::Heic,
            "video/mp4" => Self::Mp4,
            "video/quicktime" => Self::Mov,
            _ => return None,
        })
    }

    /// The media type (IANA).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Dicom => "application/dicom",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        let all: [(&[u8], Media); 11] = [
            (b"%PDF-1.7\n", Media::Pdf),
            (&[0xFF, 0xD8, 0xFF, 0xE0], Media::Jpeg),
            (b"\x89PNG\r\n\x1A\n..", Media::Png),
            (b"II*\0", Media::Tiff),
            (b"MM\0*", Media::Tiff),
            (&dicom, Media::Dicom),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Media::Webp),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1", Media::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0heic", Media::Heic),
            (b"\0\0\0\x20ftypisom\0\0\x02\0isomavc1", Media::Mp4),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Media::Mov),
        ];
        for (bytes, media) in all {
            assert_eq!((Media::of(bytes), Media::declared(media.as_str())), (Some(media), Some(media)));
            assert_eq!(Media::of(&bytes[..3]).filter(|_| media != Media::Jpeg), None);
        }
        for bytes in [
            b"".as_slice(),
            b"<html>",
            b"MZ\x90\0",
            b"PK\x03\x04",
            b" %PDF-",
            &dicom[1..],
            b"\0\0\0\x18ftypM4A ",
            b"RIFF\x24\0\0\0WAVEfmt ",
        ] {
            assert_eq!(Media::of(bytes), None);
        }
        assert_eq!(Media::declared("Image/JPG; q=1"), Some(Media::Jpeg));
        assert_eq!(Media::declared("text/html"), None);
    }
}
