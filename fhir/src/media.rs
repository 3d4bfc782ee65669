//! What a file is, by its first bytes: the five kinds of evidence that are passed on. Nothing is parsed: a file is
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
}

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
        } else {
            None
        }
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
        let all: [(&[u8], Media); 6] = [
            (b"%PDF-1.7\n", Media::Pdf),
            (&[0xFF, 0xD8, 0xFF, 0xE0], Media::Jpeg),
            (b"\x89PNG\r\n\x1A\n..", Media::Png),
            (b"II*\0", Media::Tiff),
            (b"MM\0*", Media::Tiff),
            (&dicom, Media::Dicom),
        ];
        for (bytes, media) in all {
            assert_eq!((Media::of(bytes), Media::declared(media.as_str())), (Some(media), Some(media)));
            assert_eq!(Media::of(&bytes[..3]).filter(|_| media != Media::Jpeg), None);
        }
        for bytes in [b"".as_slice(), b"<html>", b"MZ\x90\0", b"PK\x03\x04", b" %PDF-", &dicom[1..]] {
            assert_eq!(Media::of(bytes), None);
        }
        assert_eq!(Media::declared("Image/JPG; q=1"), Some(Media::Jpeg));
        assert_eq!(Media::declared("text/html"), None);
    }
}
