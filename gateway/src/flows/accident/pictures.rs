//! Files of papers on their way out: of a picture a copy goes without what its camera wrote, and names the original it was made
//! from; the original stays in the claim. When and where a photo was taken stands in the document.

use claimgate_adapters::picture::{self, Camera};
use claimgate_packet::evidence::{Attachment, Document};
use claimgate_packet::jose::digest::sha256_text;

use super::revise::Revising;
use crate::flows::{Engine, Fault};

/// What was done to a copy.
const TRANSFORM: &str = "metadata-removed";

/// A file as it is passed on.
pub(super) struct Passed {
    media_type: String,
    /// The original, where something else is passed on.
    original: Option<Vec<u8>>,
    content: Vec<u8>,
    camera: Camera,
}

impl Passed {
    /// A file without its metadata; one that is no picture, or cannot be read to its end, as it came.
    pub(super) fn of(media_type: &str, content: &[u8]) -> Self {
        let media_type = media_type.to_owned();
        match picture::bare(&media_type, content) {
            Some(bare) => {
                let original = (bare.content != content).then(|| content.to_vec());
                Self { media_type, original, content: bare.content, camera: bare.camera }
            }
            None => Self { media_type, original: None, content: content.to_vec(), camera: Camera::default() },
        }
    }

    /// SHA-256 of what is passed on, base64url.
    pub(super) fn digest(&self) -> String {
        sha256_text(&self.content)
    }
}

impl Engine {
    /// Keeps a file as it is passed on, and its original beside it.
    pub(super) async fn pass_on(&self, revising: &mut Revising, file: Passed) -> Result<(Attachment, Camera), Fault> {
        let derived_from = match file.original {
            Some(original) => Some(self.attach(revising, &file.media_type, original).await?.id),
            None => None,
        };
        let attachment = self.attach(revising, &file.media_type, file.content).await?;
        let transform = derived_from.is_some().then(|| TRANSFORM.to_owned());
        Ok((Attachment { derived_from, transform, ..attachment }, file.camera))
    }
}

/// Names of files become ids of attachments where a document refers to them, and a photo gets what its camera said, where the
/// police say nothing.
pub(super) fn refer(document: &mut Document, files: &[(String, String, Camera)]) {
    let find = |name: &Option<String>| {
        let name = name.as_ref()?;
        let known = |known: &str| known == name || known.rsplit('/').next() == Some(name.as_str());
        files.iter().find(|(of, id, _)| known(of) || id == name)
    };
    match document {
        Document::AccidentSceneSketch(sketch) => {
            if let Some((_, id, _)) = find(&sketch.drawing) {
                sketch.drawing = Some(id.clone());
            }
        }
        Document::AccidentScenePhotos(photos) => {
            for photo in &mut photos.photos {
                let Some((_, id, camera)) = find(&photo.attachment) else { continue };
                photo.attachment = Some(id.clone());
                photo.taken_at = photo.taken_at.or(camera.taken_at);
                photo.taken_at_point = photo.taken_at_point.take().or_else(|| camera.point.clone());
            }
        }
        _ => {}
    }
}
