//! A signature inside a PDF (ISO 32000-2 §12.8): which bytes it covers, and who made it by which certificate.
//!
//! In: the file, the authorities trusted for documents. Out: signed by whom, not signed (a scan), or why the signature does
//! not count. Only a signature over the whole file counts: what was appended later nobody signed. What the pages say is
//! for people; nothing of it is read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authority::{Authorities, Revocation};
use super::cms;

/// Signatures looked at in one file.
const SIGNATURES: usize = 16;
/// Hexadecimal characters of one signature: room is left in it, filled with zeros.
const CONTENTS: usize = 256 << 10;
/// Bytes of the dictionary of a signature, before and after its contents.
const DICTIONARY: usize = 4 << 10;
/// The forms of a detached PKCS#7 signature: of PDF itself, and of `PAdES` (ETSI EN 319 142-1).
const FORMS: [&[u8]; 2] = [b"/adbe.pkcs7.detached", b"/ETSI.CAdES.detached"];

/// A signature that verifies and covers the whole file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfSigner {
    /// SHA-256 of the signer's certificate, base64url.
    pub certificate: String,
    /// How it is signed, for example `rsassa-pkcs1-v1_5-sha256`.
    pub algorithm: String,
    /// When, by the signer's own clock.
    pub signed_at: Option<Timestamp>,
    /// Whether the certificates were still in force.
    pub revocation: Revocation,
}

claimgate_packet::opaque_debug!(PdfSigner);

/// What a file is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PdfStanding {
    /// Signed by a certificate that leads to a trusted authority.
    Signed(PdfSigner),
    /// No signature inside, or no PDF: a scan proves nothing by itself.
    Unsigned,
    /// There is one, and no authority is trusted here that could speak for it.
    Unchecked(&'static str),
    /// There is one, and it does not count.
    Invalid(&'static str),
}

/// Looks for the signature over a whole file, and who made it.
#[must_use]
pub fn check_pdf(file: &[u8], authorities: Option<&Authorities>, now: Timestamp) -> PdfStanding {
    if !file.starts_with(b"%PDF-") {
        return PdfStanding::Unsigned;
    }
    let places: Vec<usize> = positions(file, b"/ByteRange").take(SIGNATURES + 1).collect();
    if places.is_empty() {
        return PdfStanding::Unsigned;
    }
    if places.len() > SIGNATURES {
        return PdfStanding::Invalid("The PDF has more than 16 signatures.");
    }
    let whole = places.iter().find_map(|place| Covering::read(file, *place));
    let Some(whole) = whole else {
        return PdfStanding::Invalid(
            "No signature covers the whole PDF: something was changed or added after it was signed, or its ByteRange is \
             malformed. Sign the final file.",
        );
    };
    let Some(der) = whole.der() else {
        return PdfStanding::Invalid("The signature in the PDF is no detached PKCS#7 in DER (ISO 32000-2 §12.8.3.3).");
    };
    if authorities.is_none() {
        return PdfStanding::Unchecked("No certificate authority is trusted here for documents.");
    }
    let content = [whole.before, whole.after].concat();
    match cms::verify(&der, &[&content], authorities, now) {
        Ok(verified) => PdfStanding::Signed(PdfSigner {
            certificate: verified.signer.fingerprint,
            algorithm: verified.algorithm.to_owned(),
            signed_at: verified.signed_at,
            revocation: verified.signer.revocation,
        }),
        Err(fault) => PdfStanding::Invalid(fault.text()),
    }
}

/// A signature whose bytes are all of the file but its own contents.
struct Covering<'a> {
    before: &'a [u8],
    /// Between `<` and `>`.
    contents: &'a [u8],
    after: &'a [u8],
}

impl<'a> Covering<'a> {
    fn read(file: &'a [u8], place: usize) -> Option<Self> {
        let [start, length, end, rest] = numbers(file.get(place..)?)?;
        let covers = start == 0 && length < end && end.checked_add(rest)? == file.len();
        let gap = file.get(length..end).filter(|_| covers)?;
        let contents = gap.strip_prefix(b"<")?.strip_suffix(b">").filter(|hex| hex.len() <= CONTENTS)?;
        // The form stands in the same dictionary, before or after what it covers not.
        let around = [length.saturating_sub(DICTIONARY)..length, end..end.saturating_add(DICTIONARY).min(file.len())];
        let named = around.into_iter().any(|part| {
            let part = file.get(part).unwrap_or_default();
            FORMS.iter().any(|form| positions(part, form).next().is_some())
        });
        named.then_some(Self { before: file.get(..length)?, contents, after: file.get(end..)? })
    }

    /// The signature without the zeros behind it.
    fn der(&self) -> Option<Vec<u8>> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, []) = self.contents.as_chunks::<2>() else { return None };
        let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
        let mut bytes = bytes.collect::<Option<Vec<u8>>>()?;
        let end = length_of(&bytes)?;
        let zeros = bytes.get(end..)?.iter().all(|byte| *byte == 0);
        bytes.truncate(end);
        zeros.then_some(bytes)
    }
}

/// The bytes of a DER sequence with its head.
fn length_of(der: &[u8]) -> Option<usize> {
    let (0x30, rest) = der.split_first().map(|(tag, rest)| (*tag, rest))? else { return None };
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return usize::from(*first).checked_add(2);
    }
    let many = usize::from(first & 0x7f);
    let bytes = rest.get(..many).filter(|bytes| (1..=3).contains(&bytes.len()))?;
    let length = bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    length.checked_add(2 + many)
}

/// The four numbers of `/ByteRange [a b c d]`.
fn numbers(text: &[u8]) -> Option<[usize; 4]> {
    let text = text.get(..text.len().min(128))?.strip_prefix(b"/ByteRange")?.trim_ascii_start();
    let inside = text.strip_prefix(b"[")?;
    let end = inside.iter().position(|byte| *byte == b']')?;
    let inside = std::str::from_utf8(inside.get(..end)?).ok()?;
    let all: Vec<usize> = inside.split_ascii_whitespace().map(|one| one.parse().ok()).collect::<Option<_>>()?;
    all.try_into().ok()
}

/// Where some bytes stand.
fn positions<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(wanted.len()).enumerate().filter(move |(_, found)| *found == wanted).map(|(place, _)| place)
}
