//! ZIP archives (APPNOTE 6.3), as few forms of them as a package needs: stored or deflated files of known size.
//!
//! The directory at the end is read first; number, sizes, names and places are judged before one byte is unpacked. What
//! another reader might see otherwise (a second name, a hidden entry, bytes before or between) is refused.

use std::collections::HashSet;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::FILES;
use super::refusal::Refusal;

pub(super) mod write;

const END: u32 = 0x0605_4B50;
const ENTRY: u32 = 0x0201_4B50;
const LOCAL: u32 = 0x0403_4B50;
/// Bytes of the record at the end without its comment.
const END_BYTES: usize = 22;
/// Encrypted, by any of the three marks.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// How many times its compressed size a file larger than [`SMALL`] may have.
const RATIO: u64 = 200;
const SMALL: u64 = 1 << 20;
/// Bytes of a name.
const NAME: usize = 255;

/// One file of an archive, still packed.
pub(super) struct Entry<'a> {
    /// Its name: a plain relative path.
    pub(super) name: String,
    packed: &'a [u8],
    size: u64,
    crc: u32,
    deflated: bool,
}

claimgate_packet::opaque_debug!(Entry<'_>);

/// The files of an archive. `left` is what may still be unpacked of the whole package; their sizes are taken off.
pub(super) fn entries<'a>(archive: &'a [u8], left: &mut u64) -> Result<Vec<Entry<'a>>, Refusal> {
    let (start, end, count) = directory(archive)?;
    let mut directory = Cursor { bytes: archive, at: start };
    let (mut found, mut places, mut names) = (Vec::new(), Vec::new(), HashSet::new());
    for _ in 0..count {
        let listed = Listed::read(&mut directory)?;
        *left = left.checked_sub(listed.size.into()).ok_or(Refusal::ArchiveTooLarge)?;
        if u64::from(listed.size) > SMALL.max(u64::from(listed.packed) * RATIO) {
            return Err(Refusal::ArchiveRatio);
        }
        if !names.insert(listed.name.to_lowercase()) {
            return Err(Refusal::ArchiveNameTwice);
        }
        let (from, packed) = listed.local(archive, start)?;
        places.push((size(listed.offset)?, from + packed.len()));
        if listed.name.ends_with('/') {
            if listed.size != 0 {
                return Err(Refusal::ArchiveContradiction);
            }
            continue;
        }
        let deflated = listed.method == 8;
        found.push(Entry { name: listed.name, packed, size: listed.size.into(), crc: listed.crc, deflated });
    }
    if directory.at != end {
        return Err(Refusal::ArchiveForm);
    }
    places.sort_unstable();
    if places.first().is_some_and(|(first, _)| *first != 0) {
        return Err(Refusal::ArchiveForm);
    }
    let apart = |pair: &[(usize, usize)]| matches!(pair, [(_, ends), (begins, _)] if ends <= begins);
    if places.windows(2).all(apart) { Ok(found) } else { Err(Refusal::ArchiveOverlap) }
}

/// Begin and end of the directory, and its number of entries.
fn directory(archive: &[u8]) -> Result<(usize, usize, u16), Refusal> {
    let last = archive.len().checked_sub(END_BYTES).ok_or(Refusal::ArchiveForm)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let at = (first..=last).rev().find(|at| {
        let mut end = Cursor { bytes: archive, at: *at };
        let signed = end.u32() == Ok(END);
        end.at = at + END_BYTES - 2;
        signed && end.u16().is_ok_and(|comment| usize::from(comment) == last - at)
    });
    let at = at.ok_or(Refusal::ArchiveForm)?;
    let mut end = Cursor { bytes: archive, at: at + 4 };
    let (disk, of_disk, here, count) = (end.u16()?, end.u16()?, end.u16()?, end.u16()?);
    let (bytes, start) = (size(end.u32()?)?, size(end.u32()?)?);
    if usize::from(count) > FILES {
        return Err(Refusal::ArchiveTooMany);
    }
    let whole = (disk, of_disk, here) == (0, 0, count) && start.checked_add(bytes) == Some(at);
    if whole { Ok((start, at, count)) } else { Err(Refusal::ArchiveForm) }
}

/// An entry of the directory.
struct Listed {
    name: String,
    bytes: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

impl Listed {
    fn read(at: &mut Cursor<'_>) -> Result<Self, Refusal> {
        if at.u32()? != ENTRY {
            return Err(Refusal::ArchiveForm);
        }
        let (_made_by, _needs, flags, method) = (at.u16()?, at.u16()?, at.u16()?, at.u16()?);
        let (_time, _date, crc, packed, size) = (at.u16()?, at.u16()?, at.u32()?, at.u32()?, at.u32()?);
        let (name, extra, comment) = (at.u16()?, at.u16()?, at.u16()?);
        let (disk, _inside, outside, offset) = (at.u16()?, at.u16()?, at.u32()?, at.u32()?);
        let bytes = at.take(name.into())?.to_vec();
        at.take(usize::from(extra) + usize::from(comment))?;
        if flags & ENCRYPTED != 0 {
            return Err(Refusal::ArchiveEncrypted);
        }
        if !matches!(method, 0 | 8) {
            return Err(Refusal::ArchiveMethod);
        }
        // ZIP64 writes its sizes elsewhere; nothing here is that large.
        if disk != 0 || [packed, size, offset].contains(&u32::MAX) {
            return Err(Refusal::ArchiveForm);
        }
        // The type of a file on Unix: none said, a regular file, a folder.
        if !matches!(outside >> 28, 0 | 4 | 8) {
            return Err(Refusal::ArchiveLink);
        }
        let name = std::str::from_utf8(&bytes).ok().filter(|name| is_plain(name)).ok_or(Refusal::ArchiveName)?;
        Ok(Self { name: name.to_owned(), bytes, flags, method, crc, packed, size, offset })
    }

    /// The packed bytes and where they begin, by the file's own header, which must say the same.
    fn local<'a>(&self, archive: &'a [u8], directory: usize) -> Result<(usize, &'a [u8]), Refusal> {
        let mut at = Cursor { bytes: archive, at: size(self.offset)? };
        if at.u32()? != LOCAL {
            return Err(Refusal::ArchiveForm);
        }
        let (_needs, flags, method, _time, _date) = (at.u16()?, at.u16()?, at.u16()?, at.u16()?, at.u16()?);
        let (crc, packed, size_here) = (at.u32()?, at.u32()?, at.u32()?);
        let (name, extra) = (at.u16()?, at.u16()?);
        let name = at.take(name.into())?;
        at.take(extra.into())?;
        // With bit 3 sizes follow the file; the directory's count then.
        let said = flags & 1 << 3 != 0 || (crc, packed, size_here) == (self.crc, self.packed, self.size);
        if !said || name != self.bytes || method != self.method || flags != self.flags {
            return Err(Refusal::ArchiveContradiction);
        }
        let from = at.at;
        let bytes = at.take(size(self.packed)?)?;
        if at.at > directory { Err(Refusal::ArchiveOverlap) } else { Ok((from, bytes)) }
    }
}

/// Whether a name is a relative path of plain parts, on every system.
fn is_plain(name: &str) -> bool {
    let path = name.strip_suffix('/').unwrap_or(name);
    let sign = |sign: char| {
        sign.is_control() || matches!(sign, '\\' | ':' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.len() <= NAME && !path.contains(sign) && path.split('/').all(part)
}

impl Entry<'_> {
    /// The bytes, exactly as many as stated and with their checksum.
    pub(super) fn unpack(&self) -> Result<Vec<u8>, Refusal> {
        let wrong = Refusal::ArchiveContent;
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).map_err(|_| wrong)?);
        if self.deflated {
            let mut unpacked = DeflateDecoder::new(self.packed);
            unpacked.by_ref().take(self.size + 1).read_to_end(&mut bytes).map_err(|_| wrong)?;
            if usize::try_from(unpacked.total_in()) != Ok(self.packed.len()) {
                return Err(wrong);
            }
        } else {
            bytes.extend_from_slice(self.packed);
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if u64::try_from(bytes.len()) == Ok(self.size) && crc.sum() == self.crc { Ok(bytes) } else { Err(wrong) }
    }
}

fn size(number: u32) -> Result<usize, Refusal> {
    usize::try_from(number).map_err(|_| Refusal::ArchiveForm)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, many: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.checked_add(many).ok_or(Refusal::ArchiveForm)?;
        let taken = self.bytes.get(self.at..end).ok_or(Refusal::ArchiveForm)?;
        self.at = end;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, Refusal> {
        self.take(2)?.try_into().map(u16::from_le_bytes).map_err(|_| Refusal::ArchiveForm)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        self.take(4)?.try_into().map(u32::from_le_bytes).map_err(|_| Refusal::ArchiveForm)
    }
}

#[cfg(test)]
mod tests;
