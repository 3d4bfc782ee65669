//! Attachments (附件) → Binary with a `DocumentReference` that says of which document they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha1;
use serde_json::{Value, json};

use super::clinical::EVIDENCE_TYPE;
use super::parts::{code, filled, reference};
use super::{FileOf, Given, Writing};

impl Writing<'_> {
    /// The contents of a `DocumentReference`: each a Binary of the Bundle with its size and SHA-1, as R4 has it.
    pub(super) fn contents(&mut self, files: &[FileOf]) -> Vec<Value> {
        let mut contents = Vec::new();
        for file in files {
            let binary = self.add(
                "Binary",
                [("contentType", Some(json!(file.media_type))), ("data", Some(json!(STANDARD.encode(&file.content))))],
            );
            contents.push(json!({ "attachment": {
                "contentType": file.media_type,
                "url": binary,
                "size": file.content.len(),
                "hash": STANDARD.encode(sha1(&file.content)),
            } }));
        }
        contents
    }

    /// The files of a document whose first resource stands there.
    pub(super) fn files(&mut self, given: &Given, of: &str) {
        let contents = self.contents(&given.files);
        if contents.is_empty() {
            return;
        }
        let subject = reference(&self.patient);
        self.list(
            "DocumentReference",
            [
                ("status", Some(json!("current"))),
                ("type", Some(code(EVIDENCE_TYPE, given.document.kind()))),
                ("subject", Some(subject)),
                ("content", filled(contents)),
                ("context", Some(json!({ "related": [reference(of)] }))),
            ],
        );
    }
}
