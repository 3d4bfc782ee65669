//! The files of a desk: found in folders, read within the bound of a bundle.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Issue, IssueKind};

/// Folders in folders.
const DEEPEST: usize = 32;

/// What was named, and in its folders every `*.json` and `*.xml`, each folder in order of name. Links to folders are
/// not followed: they could lead in a ring.
pub(super) fn gather(named: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let before = files.len();
            walk(path, 0, &mut files)?;
            if files.len() == before {
                return Err(format!("{}: no *.json and no *.xml in this folder", path.display()));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("{}: folders are read {DEEPEST} deep", folder.display()));
    }
    let unreadable = |fault: io::Error| format!("{} cannot be read: {fault}", folder.display());
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&path, depth + 1, files)?;
        } else if path.is_file()
            && path
                .extension()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("json") || kind.eq_ignore_ascii_case("xml"))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The bytes of a bundle. Of one that is too large, one byte more than is allowed: the reader then says so.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Issue> {
    at_most(path, Limits::default().bytes).map_err(|fault| {
        Issue::fatal(IssueKind::NotFound, "file.unreadable", format!("The file cannot be read: {fault}."))
            .zh("檔案無法讀取")
    })
}

/// The bytes of a file, and one more than the bound where it has more.
pub(super) fn at_most(path: &Path, bound: usize) -> Result<Vec<u8>, String> {
    let most = u64::try_from(bound).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(|fault| fault.to_string())?;
    Ok(bytes)
}
