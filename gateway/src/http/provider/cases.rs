//! A folder of cases: one folder for each, named by its case number, with a file `persons` (a national ID a line) and the
//! files of the data set. It is read at each call, so that what a bureau lays there or takes away counts at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use claimgate_adapters::mydata::{DataFile, FILES, UNPACKED};
use zeroize::Zeroizing;

/// The file of the persons a case may be handed to.
const PERSONS: &str = "persons";
/// Bytes of it.
const PERSONS_BYTES: u64 = 64 << 10;
/// Cases looked through at a call.
const MOST: usize = 50_000;

/// The folder.
#[derive(Clone, Debug)]
pub struct Cases(PathBuf);

/// Why there is no case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCase {
    /// None of this person, or not the one that was chosen.
    None,
    /// More than one, and none was chosen.
    Several,
    /// The folder cannot be read.
    Unreadable,
    /// It is larger than a data set may be.
    TooLarge,
}

impl From<io::Error> for NoCase {
    fn from(_: io::Error) -> Self {
        Self::Unreadable
    }
}

impl Cases {
    /// A folder of cases.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The files of the one case of a person, or of the one they chose by its number.
    ///
    /// # Errors
    /// [`NoCase`].
    pub fn of(&self, person: &str, chosen: Option<&str>) -> Result<Vec<DataFile>, NoCase> {
        let mut found: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&self.0)?.take(MOST) {
            let entry = entry?;
            // A name is compared, never made part of a path.
            let named = chosen.is_none_or(|chosen| entry.file_name().to_str() == Some(chosen));
            if named && entry.file_type()?.is_dir() && is_of(&entry.path(), person) {
                found.push(entry.path());
            }
        }
        match found.as_slice() {
            [] => Err(NoCase::None),
            [one] => read(one),
            _ => Err(NoCase::Several),
        }
    }
}

fn is_of(case: &Path, person: &str) -> bool {
    let path = case.join(PERSONS);
    let fits = fs::symlink_metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= PERSONS_BYTES);
    let text = fits.then(|| fs::read_to_string(&path).map(Zeroizing::new).ok()).flatten();
    text.is_some_and(|text| text.lines().any(|line| !person.is_empty() && line.trim() == person))
}

fn read(case: &Path) -> Result<Vec<DataFile>, NoCase> {
    let (mut files, mut left) = (Vec::new(), UNPACKED);
    for entry in fs::read_dir(case)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { return Err(NoCase::Unreadable) };
        // No link leads out of the folder: what it is is looked at, not what it points to.
        let about = fs::symlink_metadata(entry.path())?;
        if !about.is_file() || name == PERSONS || name.starts_with('.') {
            continue;
        }
        left = left.checked_sub(about.len()).ok_or(NoCase::TooLarge)?;
        if files.len() == FILES {
            return Err(NoCase::TooLarge);
        }
        files.push(DataFile { bytes: fs::read(entry.path())?, name });
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    if files.is_empty() { Err(NoCase::None) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_gets_the_one_case_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let put = |case: &str, name: &str, text: &str| {
            fs::create_dir_all(folder.path().join(case)).unwrap();
            fs::write(folder.path().join(case).join(name), text).unwrap();
        };
        put("11509A0001", "persons", "A234567893\nA123456789\n");
        put("11509A0001", "slip.json", "{}");
        put("11509A0001", ".swp", "x");
        put("11509A0002", "persons", " A123456789 \n");
        put("11509A0002", "slip.json", "{}");
        put("11509A0003", "slip.json", "{}");
        let cases = Cases::in_folder(folder.path());
        let found = |person: &str, chosen: Option<&str>| cases.of(person, chosen).map(|files| files.len());
        assert_eq!(found("A234567893", None), Ok(1), "neither the list of persons nor a hidden file");
        assert_eq!(found("A123456789", None), Err(NoCase::Several));
        assert_eq!(found("A123456789", Some("11509A0002")), Ok(1));
        assert_eq!(found("A234567893", Some("11509A0002")), Err(NoCase::None), "another person's");
        assert_eq!(found("A234567893", Some("../11509A0001")), Err(NoCase::None));
        assert_eq!((found("", None), found("A2345", None)), (Err(NoCase::None), Err(NoCase::None)));
        std::os::unix::fs::symlink("/etc/hosts", folder.path().join("11509A0001/link")).unwrap();
        assert_eq!(found("A234567893", None), Ok(1), "no link is followed");
        let gone = Cases::in_folder(&folder.path().join("gone"));
        assert_eq!(gone.of("A234567893", None).err(), Some(NoCase::Unreadable));
    }
}
