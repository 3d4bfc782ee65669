//! What a packet costs beside the cryptography it cannot do without, as ratios measured in one run: signing six
//! documents, sealing and opening them for one recipient.
//!
//! Asserts nothing about time. `cargo bench -p claimgate-packet --features seal`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey as VerifyingKey,
};
use claimgate_packet::draft::{ClaimRef, Draft, RecipientDraft};
use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use claimgate_packet::open::{TrustedKeys, open};
use claimgate_packet::seal::Sealer;
use claimgate_packet::words::{ClaimKind, Line, Purpose};
use jiff::Timestamp;
use josekit::jwe::alg::ecdh_es::{EcdhEsJweAlgorithm, EcdhEsJweEncrypter};
use josekit::jwe::{JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use openssl::aes::{AesKey, wrap_key};
use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::{Cipher, encrypt_aead};
use serde_json::{Value, json};

const ROUNDS: u32 = 2_000;
const DOCUMENTS: usize = 6;
const ISSUER: &str = "https://gateway.example";
const AUD: &str = "insurer-b";

/// What the benchmark is made of; a fault of the set-up ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() -> Outcome<()> {
    let now = Timestamp::from_second(1_790_000_000)?;
    let signer = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("gw".to_owned()), now)?;
    let recipient = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("b".to_owned()), now)?;
    let trust = TrustedKeys::new(ISSUER.to_owned(), vec![signer.public()]);

    let packet = draft(now)?.sign(&signer, &mut counting())?;
    let presentation = packet.presentation(AUD, Line::HealthReimbursement)?;
    let text = presentation.seal(&recipient.public())?;
    let plain = presentation.as_str();
    println!("{DOCUMENTS} documents, presentation {} bytes, sealed {} bytes", plain.len(), text.as_str().len());

    let (input, disclosures) = parts(plain);
    let raw = Raw::new()?;
    let draft = draft(now)?;
    let work = || draft.sign(&signer, &mut counting());
    compare("sign", "ES256 + hashing; limit 2", work, || raw.sign(input, &disclosures));

    let floor = || (write(&draft), raw.sign(input, &disclosures));
    let work = || draft.sign(&signer, &mut counting());
    compare("sign", "the same + each document as JSON and base64url", work, floor);

    let to = recipient.public();
    let floor = || raw.seal(plain.as_bytes());
    compare("seal", "ECDH-ES + A256KW + A256GCM; limit 1.5", || presentation.seal(&to), floor);
    let sealer = Sealer::new(&to)?;
    compare("seal", "the same; the recipient's key kept ready", || sealer.seal(&presentation), floor);
    // What sealing would cost with another implementation: its primitives alone, and as a whole.
    let primitives = OpensslRaw::new()?;
    compare("(OpenSSL)", "the same", || primitives.seal(plain.as_bytes()), floor);
    let peer = Peer::new(&to)?;
    compare("(josekit)", "the same; the recipient's key kept ready", || peer.seal(plain.as_bytes()), floor);

    let body = raw.seal(plain.as_bytes()).ok_or("no raw seal")?;
    let signature = raw.pair.sign(&SystemRandom::new(), input.as_bytes()).map_err(|_| "no signature")?;
    let keys = [recipient];
    let work = || open(text.as_str(), &keys, &trust, AUD, None, now);
    let floor = || raw.open(&body, input, signature.as_ref(), &disclosures);
    compare("open", "ECDH-ES + A256KW + A256GCM + ES256 + hashing; limit 2", work, floor);
    let work = || open(text.as_str(), &keys, &trust, AUD, None, now);
    let floor = || (raw.open(&body, input, signature.as_ref(), &disclosures), read(text.as_str(), &disclosures));
    compare("open", "the same + each disclosure and part once from base64url, each document from JSON", work, floor);
    Ok(())
}

/// Both in turns, so that whatever else the machine does happens to both; the median of each.
#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn compare<T, U>(name: &str, what: &str, mut work: impl FnMut() -> T, mut floor: impl FnMut() -> U) {
    let (mut works, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        works.push(time(&mut work));
        floors.push(time(&mut floor));
    }
    let (work, floor) = (median(works), median(floors));
    println!("{name:<9} {work:>7.1} us = {:>4.2} x {floor:>6.1} us ({what})", work / floor);
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn time<T>(mut work: impl FnMut() -> T) -> Duration {
    let before = Instant::now();
    let done = black_box(work());
    let took = before.elapsed();
    drop(done);
    took
}

/// The bare primitives, with keys at hand.
struct Raw {
    pair: EcdsaKeyPair,
    recipient: PrivateKey,
    public: Vec<u8>,
}

/// What the bare primitives make of a text: ephemeral point, wrapped key, ciphertext with tag.
struct Sealed {
    ephemeral: Vec<u8>,
    wrapped: Vec<u8>,
    body: Vec<u8>,
}

impl Raw {
    fn new() -> Outcome<Self> {
        let recipient = PrivateKey::generate(&ECDH_P256).map_err(|_| "no key")?;
        let public = recipient.compute_public_key().map_err(|_| "no key")?.as_ref().to_vec();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| "no key")?;
        Ok(Self { pair, recipient, public })
    }

    fn sign(&self, input: &str, disclosures: &[&str]) -> Option<Vec<u8>> {
        for disclosure in disclosures {
            black_box(digest(&SHA256, disclosure.as_bytes()));
        }
        Some(self.pair.sign(&SystemRandom::new(), input.as_bytes()).ok()?.as_ref().to_vec())
    }

    fn seal(&self, plain: &[u8]) -> Option<Sealed> {
        let ephemeral = PrivateKey::generate(&ECDH_P256).ok()?;
        let mut wrapped = vec![0; 40];
        wrapping(&ephemeral, &self.public)?.wrap(&[7; 32], &mut wrapped).ok()?;
        let mut body = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key([1; 12]);
        cipher()?.seal_in_place_append_tag(nonce, Aad::from("header"), &mut body).ok()?;
        Some(Sealed { ephemeral: ephemeral.compute_public_key().ok()?.as_ref().to_vec(), wrapped, body })
    }

    fn open(&self, sealed: &Sealed, input: &str, signature: &[u8], disclosures: &[&str]) -> Option<usize> {
        let mut content = [0; 32];
        wrapping(&self.recipient, &sealed.ephemeral)?.unwrap(&sealed.wrapped, &mut content).ok()?;
        let mut body = sealed.body.clone();
        let nonce = Nonce::assume_unique_for_key([1; 12]);
        let length = cipher()?.open_in_place(nonce, Aad::from("header"), &mut body).ok()?.len();
        let key = VerifyingKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref());
        key.verify(input.as_bytes(), signature).ok()?;
        for disclosure in disclosures {
            black_box(digest(&SHA256, disclosure.as_bytes()));
        }
        Some(length)
    }
}

/// ECDH-ES, A256KW and A256GCM of OpenSSL, which josekit works with.
struct OpensslRaw {
    group: EcGroup,
    recipient: PKey<Private>,
}

impl OpensslRaw {
    fn new() -> Outcome<Self> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let recipient = PKey::from_ec_key(EcKey::generate(&group)?)?;
        Ok(Self { group, recipient })
    }

    fn seal(&self, plain: &[u8]) -> Outcome<(Vec<u8>, Vec<u8>)> {
        let ephemeral = PKey::from_ec_key(EcKey::generate(&self.group)?)?;
        let mut deriver = Deriver::new(&ephemeral)?;
        deriver.set_peer(&self.recipient)?;
        let key = openssl::sha::sha256(&deriver.derive_to_vec()?);
        let kek = AesKey::new_encrypt(&key).map_err(|_| "no key")?;
        let mut wrapped = vec![0; 40];
        wrap_key(&kek, None, &mut wrapped, &[7; 32]).map_err(|_| "no wrap")?;
        let mut tag = [0; 16];
        let body = encrypt_aead(Cipher::aes_256_gcm(), &[7; 32], Some(&[1; 12]), b"header", plain, &mut tag)?;
        Ok((wrapped, body))
    }
}

/// josekit with the recipient's key ready.
struct Peer(EcdhEsJweEncrypter);

impl Peer {
    fn new(to: &PublicJwk) -> Outcome<Self> {
        let mut key = Jwk::new("EC");
        for (name, value) in to
            .to_json()
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| ["crv", "x", "y"].contains(&name.as_str()))
        {
            key.set_parameter(name, Some(value.clone()))?;
        }
        Ok(Self(EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&key)?))
    }

    fn seal(&self, plain: &[u8]) -> Outcome<String> {
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        Ok(serialize_compact(plain, &header, &self.0)?)
    }
}

fn cipher() -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).ok()?))
}

/// ECDH-ES: agreed, derived, ready to wrap.
fn wrapping(private: &PrivateKey, public: &[u8]) -> Option<aws_lc_rs::key_wrap::AesKek> {
    let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    let key = agree(private, UnparsedPublicKey::new(&ECDH_P256, public), (), |secret| {
        let mut key = [0; 32];
        sskdf_digest(kdf, secret, b"ECDH-ES+A256KW", &mut key).map_err(|_| ())?;
        Ok(key)
    });
    KeyEncryptionKey::new(&AES_256, &key.ok()?).ok()
}

/// What signing has to write, whoever writes it.
fn write(draft: &Draft) -> usize {
    let json = draft.evidence.iter().filter_map(|one| serde_json::to_vec(one).ok());
    json.map(|json| base64url::encode(&json).len()).sum()
}

/// What opening has to read, whoever reads it.
fn read(sealed: &str, disclosures: &[&str]) -> usize {
    let parts = sealed.split('.').filter_map(base64url::decode).map(|part| part.len()).sum::<usize>();
    let json = disclosures.iter().filter_map(|one| base64url::decode(one));
    parts + json.filter_map(|json| serde_json::from_slice::<Value>(&json).ok()).filter(Value::is_array).count()
}

/// The signing input of a presentation and its disclosures.
fn parts(presentation: &str) -> (&str, Vec<&str>) {
    let mut parts = presentation.trim_end_matches('~').split('~');
    let input = parts.next().and_then(|jwt| jwt.rsplit_once('.')).map_or("", |(input, _)| input);
    (input, parts.collect())
}

/// Randomness that never repeats: a counter, so that the operating system is not what is measured.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        count += 1;
        for (to, from) in buffer.iter_mut().zip(count.to_le_bytes().iter().cycle()) {
            *to = *from;
        }
    }
}

fn draft(now: Timestamp) -> Outcome<Draft> {
    let ids: Vec<String> = (0..DOCUMENTS).map(|place| format!("evd_{place}")).collect();
    let evidence = ids.iter().map(|id| document(id, now)).collect::<Outcome<_>>()?;
    Ok(Draft {
        issuer: ISSUER.to_owned(),
        issued_at: now,
        packet_id: "pkt_1".to_owned(),
        claim: ClaimRef { id: "clm_1".to_owned(), kind: ClaimKind::Health },
        evidence,
        parts: Vec::new(),
        recipients: vec![RecipientDraft {
            aud: AUD.to_owned(),
            party: AUD.to_owned(),
            line: Line::HealthReimbursement,
            purpose: Purpose::ClaimAssessment,
            revision: 1,
            supersedes: None,
            evidence: ids,
            parts: Vec::new(),
            coordination: None,
        }],
    })
}

/// A receipt of twelve lines: about as much as a hospital prints on one page.
fn document(id: &str, now: Timestamp) -> Outcome<Evidence> {
    let lines: Vec<Value> = (1..=12)
        .map(|sequence| {
            json!({
                "sequence": sequence, "payer": "self-pay", "amount": "1250",
                "item": {"text": "診察費", "codings": [{"system": "https://example.tw/fee", "code": "01", "display": "診察費"}]}
            })
        })
        .collect();
    let receipt = json!({
        "number": "R-1", "institution": {"code": "1101010012", "name": "示範醫院"}, "lines": lines,
        "patient": {"name": "王小明", "identifiers": [{"kind": "national-id", "value": "A123456789"}]},
        "totals": {"self_pay": "15000", "nhi": "0", "unstated": "0"}
    });
    Ok(Evidence {
        id: id.to_owned(),
        source: Source { party: "hospital-1".to_owned(), form: "fhir-r4-iclaim".to_owned() },
        obtained: now,
        verified: Verification {
            method: "authenticated-channel".to_owned(),
            result: "accepted".to_owned(),
            at: now,
            key: None,
        },
        attachments: Vec::new(),
        document: Document::from_json("medical-receipt", "medical-receipt/1", receipt)?,
    })
}
