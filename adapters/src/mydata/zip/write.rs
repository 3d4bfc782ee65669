//! ZIP archives in their plainest form: every file stored, names in UTF-8, the directory behind them (APPNOTE 6.3).

use flate2::Crc;

use super::{END, ENTRY, LOCAL};

/// 2.0: what a reader must know.
const NEEDS: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 0x800;
/// The first day a date can say, 1980-01-01: an archive of the same files is the same bytes.
const DATE: u16 = 0x21;

/// An archive of these files; `None` beyond what the form can count.
pub(in crate::mydata) fn archive(files: &[(&str, &[u8])]) -> Option<Vec<u8>> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut crc = Crc::new();
        crc.update(bytes);
        let size = u32::try_from(bytes.len()).ok()?;
        let sizes = [crc.sum(), size, size].map(u32::to_le_bytes).concat();
        let head = [NEEDS, UTF8, 0, 0, DATE].map(u16::to_le_bytes).concat();
        let name_size = u16::try_from(name.len()).ok()?.to_le_bytes();
        let offset = u32::try_from(out.len()).ok()?.to_le_bytes();
        out.extend(LOCAL.to_le_bytes());
        out.extend([&head[..], &sizes, &name_size, &[0; 2], name.as_bytes(), bytes].concat());
        directory.extend(ENTRY.to_le_bytes());
        directory.extend(NEEDS.to_le_bytes());
        directory.extend([&head[..], &sizes, &name_size, &[0; 12], &offset, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    let size = u32::try_from(directory.len()).ok()?.to_le_bytes();
    let start = u32::try_from(out.len()).ok()?.to_le_bytes();
    out.extend(directory);
    out.extend(END.to_le_bytes());
    out.extend([&[0; 4][..], &count, &count, &size, &start, &[0; 2]].concat());
    Some(out)
}
