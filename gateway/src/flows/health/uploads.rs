//! Files of a Bundle that were uploaded before (上傳): the hospital's own, complete, of no other claim, and what the Bundle
//! says of them.

use claimgate_adapters::hospital::{HospitalAttachment, Refused, Rejection, uploads as said};
use claimgate_fhir::evidence::{File, Uploaded};
use claimgate_fhir::outcome::Issue;

use super::Refusal;
use crate::core::upload::UploadState;
use crate::flows::files::Secret;
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, ObjectId, UploadId};
use crate::keys::at_rest::ClaimKey;
use crate::objects::Parts;
use crate::party::PartyId;
use crate::store::UploadView;

/// A file that was uploaded.
pub(super) struct FromUpload {
    /// The upload, where no claim has it yet.
    pub free: Option<UploadId>,
    /// Where its bytes are.
    pub object: ObjectId,
    /// Who wrote which segments.
    pub parts: Parts,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its key and digests.
    pub secret: Secret,
}

impl Engine {
    /// What was uploaded of each file, in the order of the files; nothing where its bytes came with the Bundle.
    ///
    /// # Errors
    /// Every upload that cannot be used, at once; or a fault of ours.
    pub(super) async fn uploads(
        &self,
        hospital: &PartyId,
        claim: Option<(ClaimId, &ClaimKey)>,
        files: &[HospitalAttachment],
    ) -> Result<Vec<Option<FromUpload>>, Refusal> {
        let (mut uploads, mut issues) = (Vec::new(), Vec::new());
        for one in files {
            let Some(uploaded) = &one.file.upload else {
                uploads.push(None);
                continue;
            };
            match self.uploaded(hospital, claim, (&one.file, uploaded)).await? {
                Ok(found) => uploads.push(Some(found)),
                Err(issue) => issues.push(issue.at(one.file.place.clone())),
            }
        }
        if issues.is_empty() {
            return Ok(uploads);
        }
        Err(Refusal::Rejected(Rejection { reason: Refused::Unprocessable, issues }))
    }

    async fn uploaded(
        &self,
        hospital: &PartyId,
        claim: Option<(ClaimId, &ClaimKey)>,
        (file, uploaded): (&File, &Uploaded),
    ) -> Result<Result<FromUpload, Issue>, Fault> {
        let view = match uploaded.id.parse() {
            Ok(id) => self.store.upload(hospital, id, self.now()).await?,
            Err(_) => None,
        };
        let Some(view) = view else { return Ok(Err(said::unknown())) };
        if view.state != UploadState::Complete {
            return Ok(Err(said::incomplete()));
        }
        let found = match (view.claim, claim) {
            (None, _) => {
                let secret = self.upload_secret(&view)?;
                FromUpload {
                    free: Some(view.id),
                    object: view.object,
                    parts: view.parts.clone(),
                    bytes: view.bytes,
                    secret,
                }
            }
            (Some(has), Some((this, key))) if has == this => {
                let stored = self.store.object_of_claim(this, view.object).await?.ok_or(Fault::Stored("attachment"))?;
                let secret = Secret::of(key, &stored)?;
                FromUpload { free: None, object: stored.object, parts: stored.parts, bytes: stored.bytes, secret }
            }
            _ => return Ok(Err(said::used())),
        };
        Ok(if is_as_stated(&view, &found, (file, uploaded)) { Ok(found) } else { Err(said::differs()) })
    }
}

fn is_as_stated(view: &UploadView, found: &FromUpload, (file, uploaded): (&File, &Uploaded)) -> bool {
    file.media.as_str() == view.media_type
        && uploaded.size.is_none_or(|size| size == found.bytes)
        && uploaded.hash.as_ref().is_none_or(|hash| hash.as_slice() == found.secret.sha1.as_slice())
}
