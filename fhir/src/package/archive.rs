//! The files of a gzipped tar archive, one after the other, each bounded before it is read.
//!
//! Reads the ustar form with the long names of pax and GNU. Knows regular files and folders; a link, a device or a
//! path that leads out refuses the archive, because no FHIR package has one.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{NamedBytes, PackageError, PackageLimits};

const BLOCK: usize = 512;

/// The longest path, and the longest record that holds one.
const LONGEST_PATH: usize = 512;
const LONGEST_RECORD: u64 = 64 << 10;

/// Hands each regular file to `take`: its path and its bytes.
pub(super) fn files(
    named: NamedBytes<'_>,
    limits: &PackageLimits,
    mut take: impl FnMut(&str, &[u8]) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let package = || named.name.to_owned();
    let over = |what: String| PackageError::TooLarge { package: package(), what };
    let wrong = |what| PackageError::Archive { package: package(), what };
    if named.bytes.len() > limits.packed {
        return Err(over(format!("larger than {} bytes", limits.packed)));
    }
    let mut unpacked = Unpacked { name: named.name, gzip: GzDecoder::new(named.bytes), left: limits.unpacked };
    let mut long_name: Option<String> = None;
    for count in 0.. {
        let mut block = [0; BLOCK];
        if !unpacked.block(&mut block)? || block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        if count >= limits.files {
            return Err(over(format!("more than {} files", limits.files)));
        }
        let header = Header::read(&block).ok_or_else(|| wrong("not a tar archive"))?;
        let bound = if matches!(header.kind, b'x' | b'g' | b'L' | b'K') { LONGEST_RECORD } else { limits.file };
        if header.size > bound {
            return Err(over(format!("a file larger than {bound} bytes")));
        }
        let bytes = unpacked.bytes(header.size)?;
        match header.kind {
            b'x' => long_name = pax_path(&bytes).or(long_name),
            b'L' => long_name = text(&bytes),
            b'g' | b'K' => {}
            b'0' | 0 | b'5' => {
                let path = long_name.take().or(header.path).ok_or_else(|| wrong("a path that is no UTF-8"))?;
                let path = path.strip_prefix("./").unwrap_or(&path).trim_end_matches('/');
                let steps = || path.split('/');
                if path.len() > LONGEST_PATH || path.contains('\\') || steps().any(|step| step == "..") {
                    return Err(wrong("a path that leads out of the archive, or is too long"));
                }
                if path.starts_with('/') {
                    return Err(wrong("an absolute path"));
                }
                if steps().count() > limits.depth + 1 {
                    return Err(over(format!("folders nested deeper than {}", limits.depth)));
                }
                if header.kind != b'5' {
                    take(path, &bytes)?;
                }
            }
            _ => return Err(wrong("a link or device; a FHIR package has files and folders only")),
        }
    }
    Ok(())
}

/// The unpacked stream, counted.
struct Unpacked<'a> {
    name: &'a str,
    gzip: GzDecoder<&'a [u8]>,
    left: u64,
}

impl Unpacked<'_> {
    /// The next block; false at the end of the stream.
    fn block(&mut self, block: &mut [u8; BLOCK]) -> Result<bool, PackageError> {
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.gzip.read(rest) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(self.broken(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => filled += count,
                Err(source) => return Err(self.broken(source)),
            }
        }
        self.count(u64::try_from(BLOCK).unwrap_or(u64::MAX))?;
        Ok(true)
    }

    /// A file's bytes, and the filling after them.
    fn bytes(&mut self, size: u64) -> Result<Vec<u8>, PackageError> {
        let whole = size.next_multiple_of(u64::try_from(BLOCK).unwrap_or(u64::MAX));
        self.count(whole)?;
        let mut bytes = Vec::new();
        self.gzip.by_ref().take(whole).read_to_end(&mut bytes).map_err(|source| self.broken(source))?;
        if u64::try_from(bytes.len()).ok() != Some(whole) {
            return Err(self.broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn count(&mut self, size: u64) -> Result<(), PackageError> {
        let over =
            || PackageError::TooLarge { package: self.name.to_owned(), what: "too large when unpacked".to_owned() };
        self.left = self.left.checked_sub(size).ok_or_else(over)?;
        Ok(())
    }

    fn broken(&self, source: std::io::Error) -> PackageError {
        PackageError::Gzip { package: self.name.to_owned(), source }
    }
}

/// What a header says.
struct Header {
    path: Option<String>,
    size: u64,
    kind: u8,
}

impl Header {
    /// Reads a header; nothing where its checksum does not fit.
    fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let field = |from: usize, length: usize| block.get(from..from + length).unwrap_or_default();
        let stated = octal(field(148, 8))?;
        // The checksum's own place counts as spaces.
        let bytes = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
        if bytes.map(u64::from).sum::<u64>() != stated {
            return None;
        }
        let (name, prefix) = (text(field(0, 100)), text(field(345, 155)));
        let ustar = field(257, 6) == b"ustar\0";
        let path = match (prefix.filter(|prefix| ustar && !prefix.is_empty()), name) {
            (Some(prefix), Some(name)) => Some(format!("{prefix}/{name}")),
            (None, name) => name,
            (Some(_), None) => None,
        };
        Some(Self { path, size: octal(field(124, 12))?, kind: block.get(156).copied()? })
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = text(field)?;
    let digits = digits.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

/// The text before the first NUL.
fn text(field: &[u8]) -> Option<String> {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// The `path` of a pax record: lines of length, space, key=value.
fn pax_path(record: &[u8]) -> Option<String> {
    let lines = std::str::from_utf8(record).ok()?.lines();
    lines.filter_map(|line| line.split_once(' ')?.1.strip_prefix("path=")).next_back().map(str::to_owned)
}
