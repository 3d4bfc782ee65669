//! A paper as a source gives it: the exact bytes of its JSON document, its files, and one digest over all of it.

use claimgate_packet::evidence::Document;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::{sha256, sha256_text};
use claimgate_packet::jose::json::{Limits, parse};
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Item, Reason};

const DOCUMENT: Limits = Limits { bytes: 1 << 20, depth: 32, members: 50_000 };
/// Files of one paper.
const MOST_FILES: usize = 20;
/// Bytes of one file.
const MOST_FILE_BYTES: usize = 10 << 20;

/// A paper.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Which.
    pub item: Item,
    /// Its version, from 1.
    pub version: u32,
    /// When this version was made.
    pub issued_at: Timestamp,
    /// The bytes of the JSON document, base64url; its form is docs/schemas.
    pub document: String,
    /// Its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PaperFile>,
    /// SHA-256 over the bytes of the document followed by the SHA-256 of each file, base64url.
    pub digest: String,
}

/// A file of a paper.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperFile {
    /// What the document calls it.
    pub name: String,
    /// `image/png`, `image/jpeg` or `application/pdf`.
    pub media_type: String,
    /// SHA-256 of its bytes, base64url.
    pub digest: String,
    /// Its bytes, base64url.
    pub content: String,
}

opaque_debug!(Paper, PaperFile);

/// The digest of a paper.
#[must_use]
pub fn digest(document: &[u8], files: &[Vec<u8>]) -> String {
    let mut all = document.to_vec();
    for file in files {
        all.extend(sha256(file));
    }
    sha256_text(&all)
}

/// A paper's JSON as evidence of its type; names of files become ids of attachments where the type refers to them.
///
/// # Errors
/// [`Reason::Content`].
pub fn document(item: Item, bytes: &[u8], ids: &[(String, String)]) -> Result<Document, Reason> {
    let mut json = parse(bytes, DOCUMENT).map_err(|_| Reason::Content)?;
    rename(&mut json, ids);
    let kind = item.as_str();
    Document::from_json(kind, &format!("{kind}/1"), json).map_err(|_| Reason::Content)
}

fn rename(json: &mut Value, ids: &[(String, String)]) {
    let swap = |place: &mut Value| {
        let known = place.as_str().and_then(|name| ids.iter().find(|(of, _)| of == name));
        if let Some((_, id)) = known {
            *place = Value::from(id.as_str());
        }
    };
    if let Some(drawing) = json.get_mut("drawing") {
        swap(drawing);
    }
    for photo in json.get_mut("photos").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(attachment) = photo.get_mut("attachment") {
            swap(attachment);
        }
    }
}

impl Paper {
    /// A paper of these parts.
    #[must_use]
    pub fn of(
        item: Item,
        version: u32,
        issued_at: Timestamp,
        document: &[u8],
        files: &[(&str, &str, Vec<u8>)],
    ) -> Self {
        let contents: Vec<Vec<u8>> = files.iter().map(|(_, _, content)| content.clone()).collect();
        Self {
            item,
            version,
            issued_at,
            document: base64url::encode(document),
            digest: digest(document, &contents),
            files: files
                .iter()
                .map(|(name, media_type, content)| PaperFile {
                    name: (*name).to_owned(),
                    media_type: (*media_type).to_owned(),
                    digest: sha256_text(content),
                    content: base64url::encode(content),
                })
                .collect(),
        }
    }

    /// The bytes of document and files.
    ///
    /// # Errors
    /// [`Reason::Content`] where one is no base64url.
    pub fn bytes(&self) -> Result<(Vec<u8>, Vec<Vec<u8>>), Reason> {
        let read = |text: &String| base64url::decode(text).ok_or(Reason::Content);
        let files = self.files.iter().map(|file| read(&file.content)).collect::<Result<_, _>>()?;
        Ok((read(&self.document)?, files))
    }

    /// Whether it is whole: digests, kinds and sizes of files, form of the document.
    pub(super) fn check(&self) -> Result<(), Reason> {
        if self.files.len() > MOST_FILES || self.version == 0 {
            return Err(Reason::Content);
        }
        let (document, files) = self.bytes()?;
        let same = self.files.iter().zip(&files).all(|(stated, content)| stated.digest == sha256_text(content));
        if !same || digest(&document, &files) != self.digest {
            return Err(Reason::Digest);
        }
        let known = |(stated, content): (&PaperFile, &Vec<u8>)| {
            content.len() <= MOST_FILE_BYTES && begins_as(&stated.media_type, content) && is_name(&stated.name)
        };
        if !self.files.iter().zip(&files).all(known) {
            return Err(Reason::Content);
        }
        super::document(self.item, &document, &[]).map(|_| ())
    }
}

fn is_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Whether a file begins as its media type does: a name alone says nothing.
fn begins_as(media_type: &str, content: &[u8]) -> bool {
    match media_type {
        "image/png" => content.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => content.starts_with(b"\xff\xd8\xff"),
        "application/pdf" => content.starts_with(b"%PDF-"),
        _ => false,
    }
}
