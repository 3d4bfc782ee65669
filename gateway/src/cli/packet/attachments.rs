//! `claimgate packet … --attachment`: fetched files opened and compared with what an opened packet names.
//!
//! In: paths, an opened packet, the recipient's key. Out: the files it names, or the first that is none; written down
//! where that is asked for. Nothing looks into a file.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_packet::evidence::Attachment;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::limits::SEALED_ATTACHMENT_BYTES;
use claimgate_packet::open::{AttachmentError, Opened};
use zeroize::Zeroizing;

/// A file the packet names, with its bytes.
pub(super) type File<'a> = (&'a Attachment, Zeroizing<Vec<u8>>);

/// Opens each; its id is its file's name without the ending.
pub(super) fn open<'a>(
    paths: &'a [PathBuf],
    opened: &'a Opened,
    key: &PrivateJwk,
) -> anyhow::Result<Result<Vec<File<'a>>, (&'a Path, AttachmentError)>> {
    let mut files = Vec::new();
    for path in paths {
        // First: of a name that stands for no file nothing is refused.
        let sealed = bounded(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Some(named) = opened.attachments().find(|named| named.id == id) else {
            return Ok(Err((path, AttachmentError::Unknown)));
        };
        match opened.attachment(id, sealed.trim_ascii_end(), std::slice::from_ref(key)) {
            Ok(bytes) => files.push((named, bytes)),
            Err(refusal) => return Ok(Err((path, refusal))),
        }
    }
    Ok(Ok(files))
}

/// No more than a sealed attachment can have, and one byte to tell that it is more.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(SEALED_ATTACHMENT_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most + 2).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes each under its id, for its owner alone. Never over a file that is there.
pub(super) fn write(folder: &Path, files: &[File<'_>]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (named, bytes) in files {
        let path = folder.join(format!("{}.{}", named.id, ending(&named.media_type)));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        written
            .and_then(|mut file| file.write_all(bytes))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The usual ending of the kinds that are passed on.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/tiff" => "tif",
        "application/dicom" => "dcm",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        _ => "bin",
    }
}
