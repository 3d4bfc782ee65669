//! Signed answers (RFC 9421 §2.2.9, §2.4): status and body of an answer, bound to the request it answers → the text to
//! sign and the header fields that carry the signature.
//!
//! Who keeps such an answer beside its own signed request can show years later that the gateway confirmed exactly that
//! request. It must not know: keys, times, what the answer means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha256;
use claimgate_packet::opaque_debug;
use jiff::Timestamp;

use super::base;
use crate::signature::Push;

/// The parameter `tag` of every signed answer: a signature of the same key for something else is none.
pub const ANSWER_TAG: &str = "claimgate-answer";

/// An answer before it is signed.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub content_type: &'a str,
    /// Its body, the exact bytes.
    pub body: &'a [u8],
    /// The request it answers.
    pub request: &'a Push<'a>,
}

/// What is to be signed, and what is sent with the signature.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerDraft {
    /// The signature base: what the key signs.
    pub base: String,
    digest: String,
    input: String,
}

opaque_debug!(Answer<'_>, AnswerDraft);

impl Answer<'_> {
    /// The text to sign, under the id and the algorithm (RFC 9421 §6.2) of the key that will.
    ///
    /// The request's signature is covered where it has one, and with it all that signature covers.
    #[must_use]
    pub fn draft(&self, key: &str, algorithm: &str, now: Timestamp) -> AnswerDraft {
        let digest = format!("sha-256=:{}:", STANDARD.encode(sha256(self.body)));
        let mut lines = vec![
            ("\"@status\"", self.status.to_string()),
            ("\"content-digest\"", digest.clone()),
            ("\"content-type\"", self.content_type.to_owned()),
        ];
        let of_request = [
            ("\"@method\";req", "@method"),
            ("\"@target-uri\";req", "@target-uri"),
            ("\"signature\";req", "signature"),
        ];
        lines.extend(
            of_request.into_iter().filter_map(|(name, part)| Some((name, base::component(self.request, part)?))),
        );
        let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
        let names = names.join(" ");
        // Ids of keys are printable ASCII without quotation marks.
        let input =
            format!("({names});created={};keyid=\"{key}\";alg=\"{algorithm}\";tag=\"{ANSWER_TAG}\"", now.as_second());
        let mut lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.push(format!("\"@signature-params\": {input}"));
        AnswerDraft { base: lines.join("\n"), digest, input }
    }
}

impl AnswerDraft {
    /// The header fields of the signed answer.
    #[must_use]
    pub fn fields(self, signature: &[u8]) -> [(&'static str, String); 3] {
        [
            ("Content-Digest", self.digest),
            ("Signature-Input", format!("answer={}", self.input)),
            ("Signature", format!("answer=:{}:", STANDARD.encode(signature))),
        ]
    }
}
