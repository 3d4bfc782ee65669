//! FHIR packages (npm-style `.tgz`) an operator names: which resources they hold, read within bounds.
//!
//! In: bytes of the whole archive. Out: the package's name and, one after the other, its resources as JSON. Nothing
//! is unpacked to disk and nothing is fetched; what a package depends on is there only if it is named too. Knows
//! nothing of what the resources mean.

use serde_json::Value;

mod archive;

/// A package as it was found, with the name the operator knows it by.
#[derive(Clone, Copy, Debug)]
pub struct NamedBytes<'a> {
    /// What messages call it, for example its file name.
    pub name: &'a str,
    /// The `.tgz`.
    pub bytes: &'a [u8],
}

/// Bounds on the packages an operator loads together. No input reaches them: only the configuration names packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageLimits {
    /// Packages; 32.
    pub packages: usize,
    /// Bytes of one archive; 64 MiB.
    pub packed: usize,
    /// Bytes one archive unpacks to; 512 MiB.
    pub unpacked: u64,
    /// Bytes of one file in it; 64 MiB.
    pub file: u64,
    /// Files, folders and other records in one archive; 50 000.
    pub files: usize,
    /// Folders around a file; 8.
    pub depth: usize,
    /// Codes of all value sets together; 1 000 000.
    pub codes: usize,
    /// Rules compiled from all profiles together; 500 000.
    pub rules: usize,
}

impl Default for PackageLimits {
    fn default() -> Self {
        Self {
            packages: 32,
            packed: 64 << 20,
            unpacked: 512 << 20,
            file: 64 << 20,
            files: 50_000,
            depth: 8,
            codes: 1_000_000,
            rules: 500_000,
        }
    }
}

/// Why the packages cannot be used. Each names the package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// More packages than [`PackageLimits::packages`].
    #[error("more than {0} packages")]
    TooMany(usize),
    /// Over one of the bounds on an archive.
    #[error("{package}: {what}; packages are read up to this bound")]
    TooLarge {
        /// Which package.
        package: String,
        /// Which bound.
        what: String,
    },
    /// Not gzip, or broken.
    #[error("{package}: not a gzip archive, or a broken one")]
    Gzip {
        /// Which package.
        package: String,
        /// What the reader says.
        #[source]
        source: std::io::Error,
    },
    /// Not tar, or with something in it that no FHIR package has: a link, a device, a path that leads out.
    #[error("{package}: {what}")]
    Archive {
        /// Which package.
        package: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A file that is no JSON.
    #[error("{package}: {file} is no JSON")]
    Json {
        /// Which package.
        package: String,
        /// Which file in it.
        file: String,
        /// Where and what.
        #[source]
        source: serde_json::Error,
    },
    /// No resource in the folder `package`.
    #[error("{package}: no resource in its folder \"package\"; is it a FHIR package?")]
    Empty {
        /// Which archive.
        package: String,
    },
    /// Over a bound on what is compiled from all packages.
    #[error("the packages together hold more than {0}")]
    TooMuch(String),
}

/// Reads an archive and hands each JSON resource of its folder `package` to `take`.
///
/// Returns the package's own name and version, `name#version`, or the operator's name where it has no manifest.
///
/// # Errors
/// [`PackageError`] at the first thing wrong; what was handed out before is of no use then.
pub(crate) fn read(
    named: NamedBytes<'_>,
    limits: &PackageLimits,
    mut take: impl FnMut(&Value),
) -> Result<String, PackageError> {
    let (mut manifest, mut empty) = (None, true);
    archive::files(named, limits, |path, bytes| {
        let Some(file) = path.strip_prefix("package/").filter(|file| !file.contains('/')) else { return Ok(()) };
        let json = std::path::Path::new(file).extension().is_some_and(|kind| kind.eq_ignore_ascii_case("json"));
        if !json || file.starts_with('.') {
            return Ok(());
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes).map_err(|source| PackageError::Json {
            package: named.name.to_owned(),
            file: file.to_owned(),
            source,
        })?;
        if file == "package.json" {
            let text = |member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
            manifest = text("name").map(|name| format!("{name}#{}", text("version").unwrap_or_default()));
        } else if value.get("resourceType").is_some() {
            empty = false;
            take(&value);
        }
        Ok(())
    })?;
    if empty {
        return Err(PackageError::Empty { package: named.name.to_owned() });
    }
    Ok(manifest.unwrap_or_else(|| named.name.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests;
