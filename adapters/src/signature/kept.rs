//! A kept signature and the kept body → what proves it again, with any tool and without this gateway.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::parse;
use claimgate_packet::opaque_debug;

use super::{Covers, Method, SourceSignature, bundle, canonical};

/// The two things a verifier needs beside the key or the trusted authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Covered {
    /// The signed bytes: the canonical Bundle, the body, or the signature base of the request.
    pub content: Vec<u8>,
    /// The signature: PKCS#7 in DER, a detached JWS, or the plain signature of the request.
    pub signature: Vec<u8>,
}

opaque_debug!(Covered);

impl SourceSignature {
    /// What was signed, made again from the body it came with. `None` where the two do not belong together.
    #[must_use]
    pub fn covered(&self, body: &[u8]) -> Option<Covered> {
        let content = match (&self.base, self.covers) {
            (Some(base), _) => base.clone().into_bytes(),
            (None, Covers::Body) => body.to_vec(),
            (None, Covers::CanonicalBundle) => {
                let root = parse::parse(body, &Limits { bytes: body.len(), ..Limits::default() }).ok()?;
                let covered = bundle::canonicalization(root.get("signature")?).ok()?;
                let forms = canonical::forms(body, covered)?;
                forms.into_iter().find(|form| Some(form.numbers) == self.numbers)?.bytes
            }
        };
        let signature = match self.method {
            Method::Jws => self.signature.clone().into_bytes(),
            Method::Cms | Method::HttpMessageSignature => STANDARD.decode(&self.signature).ok()?,
        };
        Some(Covered { content, signature })
    }
}
