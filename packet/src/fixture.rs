//! What the tests share: keys, a draft with two recipients, randomness that counts.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::draft::{ClaimRef, Draft, RecipientDraft};
use crate::evidence::{Attachment, Document, Evidence, Source, Verification};
use crate::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use crate::open::{OpenError, Opened, TrustedKeys, open};
use crate::signed::Signed;
use crate::words::{ClaimKind, Line, Purpose};

pub(crate) const ISSUER: &str = "https://gateway.example";
pub(crate) const ALPHA: &str = "https://alpha.example";
pub(crate) const BETA: &str = "https://beta.example";
pub(crate) const PHOTO: &[u8] = b"the bytes of a photo";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// Randomness that never repeats: a counter.
pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        count += 1;
        for (to, from) in buffer.iter_mut().zip(count.to_le_bytes().iter().cycle()) {
            *to = *from;
        }
    }
}

pub(crate) fn signing_key() -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("gw-1".to_owned()), at(-1000)).unwrap()
}

pub(crate) fn sealing_key(kid: &str) -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some(kid.to_owned()), at(-1000)).unwrap()
}

/// The RSA key of the test vectors: this crate makes none.
pub(crate) fn rsa_key() -> PrivateJwk {
    let keys: Value = serde_json::from_str(include_str!("../vectors/keys.json")).unwrap();
    PrivateJwk::from_json(&keys["recipients"]["alpha-rsa"]).unwrap()
}

pub(crate) fn receipt() -> Value {
    json!({
        "number": "R-1", "patient": {"name": "王小明", "identifiers": []},
        "institution": {"code": "1101010012"}, "currency": "TWD",
        "lines": [{"sequence": 1, "item": {"text": "診察費"}, "payer": "self-pay", "amount": "1250"}],
        "totals": {"self_pay": "1250", "nhi": "0", "unstated": "0"}
    })
}

pub(crate) fn evidence(id: &str, kind: &str, document: Value) -> Evidence {
    Evidence {
        id: id.to_owned(),
        source: Source { party: "hospital-1".to_owned(), form: "fhir-r4-iclaim".to_owned() },
        obtained: at(-60),
        verified: Verification {
            method: "authenticated-channel".to_owned(),
            result: "accepted".to_owned(),
            at: at(-60),
            key: None,
        },
        attachments: Vec::new(),
        document: Document::from_json(kind, &format!("{kind}/1"), document).unwrap(),
    }
}

pub(crate) fn photo() -> Attachment {
    Attachment::of("att_1".to_owned(), "image/jpeg", PHOTO)
}

pub(crate) fn recipient(aud: &str, line: Line, evidence: &[&str]) -> RecipientDraft {
    RecipientDraft {
        aud: aud.to_owned(),
        party: "party".to_owned(),
        line,
        purpose: Purpose::ClaimAssessment,
        revision: 1,
        supersedes: None,
        evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
        parts: Vec::new(),
        coordination: None,
    }
}

/// Alpha gets the receipt and a type this build does not know, Beta the receipt alone.
pub(crate) fn draft() -> Draft {
    let mut unknown = evidence("evd_2", "moon-rock", json!({"colour": "grey", "deep": [{"a": [1, 2.5, null]}]}));
    unknown.attachments.push(photo());
    Draft {
        issuer: ISSUER.to_owned(),
        issued_at: at(0),
        packet_id: "pkt_1".to_owned(),
        claim: ClaimRef { id: "clm_1".to_owned(), kind: ClaimKind::Health },
        evidence: vec![evidence("evd_1", "medical-receipt", receipt()), unknown],
        parts: Vec::new(),
        recipients: vec![
            recipient(ALPHA, Line::HealthReimbursement, &["evd_2", "evd_1"]),
            recipient(BETA, Line::HealthDaily, &["evd_1"]),
        ],
    }
}

/// A gateway, a signed draft and two insurers.
pub(crate) struct World {
    pub(crate) signer: PrivateJwk,
    pub(crate) signed: Signed,
    pub(crate) trust: TrustedKeys,
    pub(crate) alpha: PrivateJwk,
    pub(crate) beta: PrivateJwk,
}

pub(crate) fn world() -> World {
    let key = signing_key();
    let signed = draft().sign(&key, &mut counting()).unwrap();
    let trust = TrustedKeys::new(ISSUER.to_owned(), vec![key.public()]);
    World { signer: key, signed, trust, alpha: sealing_key("alpha-1"), beta: sealing_key("beta-1") }
}

impl World {
    /// Seals any presentation text to Alpha.
    pub(crate) fn seal(&self, presentation: &str) -> String {
        let presentation = crate::signed::Presentation(presentation.to_owned());
        presentation.seal(&self.alpha.public()).unwrap().as_str().to_owned()
    }

    pub(crate) fn open_as_alpha(&self, sealed: &str) -> Result<Opened, OpenError> {
        open(sealed, std::slice::from_ref(&self.alpha), &self.trust, ALPHA, None, at(10))
    }

    /// Seals a text to Alpha and opens it as Alpha.
    pub(crate) fn pass(&self, presentation: &str) -> Result<Opened, OpenError> {
        self.open_as_alpha(&self.seal(presentation))
    }

    pub(crate) fn for_alpha(&self) -> String {
        self.signed.presentation(ALPHA, Line::HealthReimbursement).unwrap().as_str().to_owned()
    }

    pub(crate) fn for_beta(&self) -> String {
        self.signed.presentation(BETA, Line::HealthDaily).unwrap().as_str().to_owned()
    }
}
