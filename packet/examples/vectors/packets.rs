//! The cases of sealed packets: what opens, and one refusal each of everything that must not.

use claimgate_packet::draft::{ClaimRef, Draft, Part, RecipientDraft};
use claimgate_packet::evidence::{Attachment, Document, Evidence, Source, Verification};
use claimgate_packet::jose::{base64url, digest};
use claimgate_packet::open::{Opened, open};
use claimgate_packet::words::{ClaimKind, Line, Purpose};
use serde_json::{Map, Value, json};

use super::bench::{Bench, ISSUER};
use super::{Kept, Outcome};

mod content;
mod covers;
mod signatures;

/// The address of the recipient that opens.
pub(crate) const ALPHA: &str = "insurer-a";
/// Another recipient of the same packet.
const BETA: &str = "insurer-b";

/// The cases as they are built.
pub(crate) struct Cases<'a> {
    bench: &'a Bench,
    kept: &'a Kept,
    /// Alpha's presentation of the base packet.
    base: String,
    /// Beta's.
    other: String,
    list: Vec<Value>,
}

/// Every case.
pub(crate) fn all(bench: &Bench, kept: &Kept) -> Outcome<Vec<Value>> {
    let draft = draft()?;
    let signed = draft.sign(&bench.key("gateway", "ed25519")?, &mut counting())?;
    let base = signed.presentation(ALPHA, Line::HealthReimbursement)?.as_str().to_owned();
    let other = signed.presentation(BETA, Line::HealthDaily)?.as_str().to_owned();
    let mut cases = Cases { bench, kept, base, other, list: Vec::new() };
    cases.opened(&draft)?;
    covers::add(&mut cases)?;
    signatures::add(&mut cases)?;
    content::add(&mut cases)?;
    Ok(cases.list)
}

impl Cases<'_> {
    /// What opens: each kind of key, both signatures, parts, another order, and the same packet once more.
    fn opened(&mut self, draft: &Draft) -> Outcome<()> {
        let base = self.base.clone();
        for (name, to) in [("sealed to P-256, signed with Ed25519", "alpha-p256"), ("sealed to X25519", "alpha-x25519")]
        {
            let text = self.bench.sealed(to, &base, |_| ())?;
            self.opens(name, &text, &base, ALPHA)?;
        }
        let still = |text: &str| self.plain(text).is_some_and(|plain| plain == base);
        let name = "sealed with RSA-OAEP-256";
        let text = self.kept.or_new(name, still, || {
            let signed = draft.sign(&self.bench.key("gateway", "ed25519")?, &mut counting())?;
            let rsa = self.bench.key("recipients", "alpha-rsa")?.public();
            Ok(signed.presentation(ALPHA, Line::HealthReimbursement)?.seal(&rsa)?.as_str().to_owned())
        })?;
        self.opens(name, &text, &base, ALPHA)?;

        let name = "signed with ES256";
        let still = |text: &str| self.open(text, ALPHA).is_some_and(|opened| opened.kid == "gw-es256");
        let text = self.kept.or_new(name, still, || {
            let signed = draft.sign(&self.bench.key("gateway", "es256")?, &mut counting())?;
            self.bench.sealed("alpha-p256", signed.presentation(ALPHA, Line::HealthReimbursement)?.as_str(), |_| ())
        })?;
        let plain = self.plain(&text).ok_or("it does not decrypt")?;
        self.opens(name, &text, &plain, ALPHA)?;

        let other = self.other.clone();
        let text = self.bench.sealed("alpha-p256", &other, |_| ())?;
        self.opens("a recipient that gets one of two parts", &text, &other, BETA)?;

        let (jwt, mut disclosures) = split(&base);
        disclosures.reverse();
        let turned = join(jwt, &disclosures);
        let text = self.bench.sealed("alpha-p256", &turned, |_| ())?;
        self.opens("disclosures in another order", &text, &turned, ALPHA)?;
        self.list.push(json!({
            "name": "another presentation of a packet opened before", "expect": "packet.replayed", "aud": ALPHA,
            "kept": digest::sha256_text(base.as_bytes()), "text": text
        }));
        let text = self.bench.sealed("alpha-p256", &base, |_| ())?;
        self.list.push(json!({
            "name": "the same presentation again", "expect": "opened", "aud": ALPHA,
            "kept": digest::sha256_text(base.as_bytes()), "text": text
        }));
        Ok(())
    }

    fn open(&self, text: &str, aud: &str) -> Option<Opened> {
        open(text, &self.bench.alpha().ok()?, &self.bench.trusted().ok()?, aud, None, Bench::now().ok()?).ok()
    }

    /// The presentation inside a text sealed to Alpha.
    fn plain(&self, text: &str) -> Option<String> {
        use claimgate_packet::jose::jwe::{Expected, Jwe};
        let expected = Expected { typ: Some("claim-packet+jwe"), cty: Some("claim-packet+sd-jwt"), kid: true };
        let plain = Jwe::parse(text, expected).ok()?.decrypt(&self.bench.alpha().ok()?).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    fn opens(&mut self, name: &str, text: &str, plain: &str, aud: &str) -> Outcome<()> {
        let opened = self.open(text, aud).ok_or_else(|| format!("{name}: it does not open"))?;
        self.list.push(json!({
            "name": name, "expect": "opened", "aud": aud, "text": text, "presentation": plain, "opened": opened.to_json()?
        }));
        Ok(())
    }

    /// A text that is refused.
    fn refused(&mut self, name: &str, code: &str, text: &str) {
        self.list.push(json!({ "name": name, "expect": code, "aud": ALPHA, "text": text }));
    }

    /// A presentation that is refused, sealed well.
    fn refused_inside(&mut self, name: &str, code: &str, plain: &str) -> Outcome<()> {
        let text = self.bench.sealed("alpha-p256", plain, |_| ())?;
        self.refused(name, code, &text);
        Ok(())
    }

    /// The base packet with another payload, signed well.
    fn resigned(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Outcome<String> {
        let (jwt, disclosures) = split(&self.base);
        let mut payload = payload(jwt)?;
        change(&mut payload);
        let jwt = self.bench.signed(&header(), &Value::Object(payload).to_string())?;
        Ok(join(&jwt, &disclosures))
    }
}

/// The header of a manifest.
fn header() -> Value {
    json!({"alg": "EdDSA", "kid": "gw-ed25519", "typ": "claim-packet+sd-jwt"})
}

/// The manifest and the disclosures.
fn split(presentation: &str) -> (&str, Vec<&str>) {
    let mut parts = presentation.trim_end_matches('~').split('~');
    (parts.next().unwrap_or_default(), parts.collect())
}

fn join(jwt: &str, disclosures: &[&str]) -> String {
    disclosures.iter().fold(format!("{jwt}~"), |text, one| format!("{text}{one}~"))
}

fn payload(jwt: &str) -> Outcome<Map<String, Value>> {
    let payload = jwt.split('.').nth(1).and_then(base64url::decode).ok_or("no payload")?;
    Ok(serde_json::from_slice(&payload)?)
}

/// The disclosure of a name; `None` is the recipient's element.
fn named<'a>(disclosures: &[&'a str], name: Option<&str>) -> Outcome<&'a str> {
    let fits = |one: &&&str| {
        let json = base64url::decode(one).and_then(|json| serde_json::from_slice::<Vec<Value>>(&json).ok());
        json.is_some_and(
            |parts| if parts.len() == 3 { parts.get(1).and_then(Value::as_str) == name } else { name.is_none() },
        )
    };
    disclosures.iter().find(fits).copied().ok_or_else(|| format!("no disclosure {name:?}").into())
}

/// Salts and decoys of the vectors: SHA-256 of a counter.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        count += 1;
        let fresh = digest::sha256(format!("salt {count} of the test vectors").as_bytes());
        for (to, from) in buffer.iter_mut().zip(fresh.iter().cycle()) {
            *to = *from;
        }
    }
}

/// A receipt with two parts apart and a document of a type nobody knows; Beta gets the receipt with one part.
fn draft() -> Outcome<Draft> {
    let receipt = json!({
        "number": "R-1", "patient": {"name": "王小明", "identifiers": []}, "institution": {"code": "1101010012"},
        "lines": [{"sequence": 1, "item": {"text": "診察費"}, "payer": "self-pay", "amount": "1250"}],
        "totals": {"self_pay": "1250", "nhi": "0", "unstated": "0"}
    });
    let part = |pointer: &str| Part { evidence: "evd_receipt".to_owned(), pointer: pointer.to_owned() };
    let recipient = |aud: &str, line, evidence: &[&str], parts| RecipientDraft {
        aud: aud.to_owned(),
        party: aud.to_owned(),
        line,
        purpose: Purpose::ClaimAssessment,
        revision: 1,
        supersedes: None,
        evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
        parts,
        coordination: None,
    };
    let mut rock = evidence("evd_rock", "moon-rock", json!({"colour": "grey"}))?;
    rock.attachments.push(Attachment {
        id: "att_1".to_owned(),
        digest: digest::sha256_text(b"the bytes of a photo"),
        derived_from: None,
        transform: None,
        media_type: "image/jpeg".to_owned(),
        bytes: 20,
    });
    Ok(Draft {
        issuer: ISSUER.to_owned(),
        issued_at: Bench::now()?,
        packet_id: "pkt_vectors".to_owned(),
        claim: ClaimRef { id: "clm_vectors".to_owned(), kind: ClaimKind::Health },
        evidence: vec![evidence("evd_receipt", "medical-receipt", receipt)?, rock],
        parts: vec![part("/number"), part("/patient/name")],
        recipients: vec![
            recipient(
                ALPHA,
                Line::HealthReimbursement,
                &["evd_receipt", "evd_rock"],
                vec![part("/number"), part("/patient/name")],
            ),
            recipient(BETA, Line::HealthDaily, &["evd_receipt"], vec![part("/number")]),
        ],
    })
}

fn evidence(id: &str, kind: &str, document: Value) -> Outcome<Evidence> {
    Ok(Evidence {
        id: id.to_owned(),
        source: Source { party: "hospital-a".to_owned(), form: "fhir-r4-iclaim".to_owned() },
        obtained: Bench::now()?,
        verified: Verification {
            method: "authenticated-channel".to_owned(),
            result: "accepted".to_owned(),
            at: Bench::now()?,
            key: None,
        },
        attachments: Vec::new(),
        document: Document::from_json(kind, &format!("{kind}/1"), document)?,
    })
}
