//! EXIF (CIPA DC-008): when, where and which way up a picture was taken. A TIFF directory of which four tags are read, and of
//! its two branches four and two; nothing is followed twice.

use claimgate_packet::evidence::accident::Wgs84;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{self, Offset};

use super::Camera;

/// Entries of one directory that are looked at.
const MOST_ENTRIES: u16 = 512;
const ORIENTATION: u16 = 0x0112;
const EXIF: u16 = 0x8769;
const GPS: u16 = 0x8825;
const TAKEN: u16 = 0x9003;
const TAKEN_OFFSET: u16 = 0x9011;
/// What cameras write where they name no zone.
const HERE: Offset = tz::offset(8);

/// A TIFF structure.
struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

/// An entry of a directory: type, count, and its four bytes.
struct Field<'a> {
    kind: u16,
    count: u32,
    value: &'a [u8],
}

/// What an EXIF block says, and which way up the picture is to be shown (1 to 8), where it says so.
pub(super) fn read(bytes: &[u8]) -> (Camera, Option<u16>) {
    let Some((tiff, first)) = Tiff::open(bytes) else { return (Camera::default(), None) };
    let way = tiff.field(first, ORIENTATION).and_then(|field| tiff.u16(field.value));
    let branch = |tag| tiff.field(first, tag).and_then(|field| tiff.u32(field.value));
    let camera = Camera {
        taken_at: branch(EXIF).and_then(|at| tiff.taken(at)),
        point: branch(GPS).and_then(|at| tiff.point(at)),
    };
    (camera, way.filter(|way| (1..=8).contains(way)))
}

/// An EXIF block that says which way up and nothing else.
pub(super) fn turned(way: u16) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend(way.to_be_bytes());
    block.extend([0; 6]);
    block
}

impl<'a> Tiff<'a> {
    fn open(bytes: &'a [u8]) -> Option<(Self, u32)> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let tiff = Self { bytes, little };
        let first = tiff.u32(bytes.get(4..)?)?;
        Some((tiff, first))
    }

    fn u16(&self, bytes: &[u8]) -> Option<u16> {
        let two = bytes.first_chunk().copied()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn u32(&self, bytes: &[u8]) -> Option<u32> {
        let four = bytes.first_chunk().copied()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    fn at(&self, place: u32) -> Option<&'a [u8]> {
        self.bytes.get(usize::try_from(place).ok()?..)
    }

    /// An entry of the directory at a place.
    fn field(&self, directory: u32, tag: u16) -> Option<Field<'a>> {
        let directory = self.at(directory)?;
        let count = self.u16(directory)?.min(MOST_ENTRIES);
        let entries = directory.get(2..)?.chunks_exact(12).take(usize::from(count));
        let entry = entries.into_iter().find(|entry| self.u16(entry) == Some(tag))?;
        Some(Field { kind: self.u16(entry.get(2..)?)?, count: self.u32(entry.get(4..)?)?, value: entry.get(8..)? })
    }

    /// A text, which stands in the entry itself where it is short.
    fn text(&self, field: &Field<'a>) -> Option<&'a str> {
        let length = usize::try_from(field.count).ok().filter(|length| field.kind == 2 && *length <= 64)?;
        let bytes =
            if length <= 4 { field.value.get(..length)? } else { self.at(self.u32(field.value)?)?.get(..length)? };
        Some(std::str::from_utf8(bytes).ok()?.trim_end_matches('\0').trim())
    }

    fn taken(&self, directory: u32) -> Option<Timestamp> {
        let text = self.text(&self.field(directory, TAKEN)?)?;
        let (day, time) = text.split_once(' ')?;
        let at: DateTime = format!("{}T{time}", day.replace(':', "-")).parse().ok()?;
        let offset = self.field(directory, TAKEN_OFFSET).and_then(|field| offset(self.text(&field)?));
        offset.unwrap_or(HERE).to_timestamp(at).ok()
    }

    fn point(&self, directory: u32) -> Option<Wgs84> {
        let degrees = |reference: u16, value: u16, negative: &str| {
            let sign = self.text(&self.field(directory, reference)?)?;
            let field = self.field(directory, value).filter(|field| field.kind == 5 && field.count == 3)?;
            let parts = self.at(self.u32(field.value)?)?;
            let part = |place: usize| {
                let (over, under) = (self.u32(parts.get(place * 8..)?)?, self.u32(parts.get(place * 8 + 4..)?)?);
                (under != 0).then(|| f64::from(over) / f64::from(under))
            };
            let all = part(0)? + part(1)? / 60.0 + part(2)? / 3_600.0;
            Some(format!("{:.6}", if sign == negative { -all } else { all }))
        };
        Wgs84::of(&degrees(1, 2, "S")?, &degrees(3, 4, "W")?)
    }
}

/// `+08:00`, as `OffsetTimeOriginal` has it.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    Offset::from_seconds(sign * (hours.checked_mul(3_600)? + minutes.checked_mul(60)?)).ok()
}
