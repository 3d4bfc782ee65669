//! Fixed keys and what can be made with them without chance: signatures of Ed25519, sealing with a given ephemeral key,
//! content key and IV.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::open::TrustedKeys;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{NOW, Outcome};

/// The gateway of the vectors.
pub(crate) const ISSUER: &str = "https://gateway.example";

/// The keys at hand.
pub(crate) struct Bench {
    keys: Value,
    content_key: Vec<u8>,
    iv: [u8; 12],
}

impl Bench {
    pub(crate) fn new(keys: &Value) -> Outcome<Self> {
        let bytes = |name: &str| keys[name].as_str().and_then(base64url::decode).ok_or("a fixed value is missing");
        let iv = bytes("iv")?.try_into().map_err(|_| "the IV has 12 bytes")?;
        Ok(Self { keys: keys.clone(), content_key: bytes("content_key")?, iv })
    }

    /// A private key by group and name.
    pub(crate) fn key(&self, group: &str, name: &str) -> Outcome<PrivateJwk> {
        Ok(PrivateJwk::from_json(&self.keys[group][name])?)
    }

    /// Every key of the recipient Alpha.
    pub(crate) fn alpha(&self) -> Outcome<Vec<PrivateJwk>> {
        ["alpha-p256", "alpha-x25519", "alpha-rsa"].iter().map(|name| self.key("recipients", name)).collect()
    }

    /// The published keys: two that count, and the first one's number again under names that do not.
    pub(crate) fn trust(&self) -> Value {
        let public = |name: &str, kid: &str, dates: &[(&str, i64)]| {
            let mut key = self.keys["gateway"][name].clone();
            if let Some(map) = key.as_object_mut() {
                map.remove("d");
                map.insert("kid".to_owned(), kid.into());
                map.extend(dates.iter().map(|(date, at)| ((*date).to_owned(), Value::from(*at))));
            }
            key
        };
        let keys = [
            public("ed25519", "gw-ed25519", &[]),
            public("es256", "gw-es256", &[]),
            public("ed25519", "gw-retired", &[("exp", NOW - 10)]),
            public("ed25519", "gw-revoked", &[("revoked_at", NOW - 10)]),
            public("ed25519", "gw-next", &[("nbf", NOW + 86_400)]),
        ];
        json!({ "issuer": ISSUER, "keys": keys })
    }

    /// The same, read.
    pub(crate) fn trusted(&self) -> Outcome<TrustedKeys> {
        Ok(TrustedKeys::from_json(&self.trust())?)
    }

    /// A compact JWS by the gateway's Ed25519 key, over any header and payload.
    pub(crate) fn signed(&self, header: &Value, payload: &str) -> Outcome<String> {
        self.signed_by("gateway", "ed25519", header, payload)
    }

    /// The same by any Ed25519 key.
    pub(crate) fn signed_by(&self, group: &str, name: &str, header: &Value, payload: &str) -> Outcome<String> {
        let number = |member: &str| self.keys[group][name][member].as_str().and_then(base64url::decode);
        let (seed, public) = (number("d").ok_or("no d")?, number("x").ok_or("no x")?);
        let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_and_public_key(&seed, &public)?;
        let header = base64url::encode(header.to_string().as_bytes());
        let input = format!("{header}.{}", base64url::encode(payload.as_bytes()));
        Ok(format!("{input}.{}", base64url::encode(pair.sign(input.as_bytes()).as_ref())))
    }

    /// The public bytes of a key, for those who would take them for a secret.
    pub(crate) fn public_bytes(&self, group: &str, name: &str) -> Outcome<Vec<u8>> {
        self.keys[group][name]["x"].as_str().and_then(base64url::decode).ok_or_else(|| "no x".into())
    }

    /// Seals to a recipient's curve key, with a header that may be changed before it is authenticated.
    pub(crate) fn sealed(
        &self,
        to: &str,
        plain: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Outcome<String> {
        let recipient = &self.keys["recipients"][to];
        let curve = recipient["crv"].as_str().ok_or("no curve")?;
        let ephemeral = &self.keys["ephemeral"][curve];
        let mut epk = ephemeral.clone();
        epk.as_object_mut().ok_or("no ephemeral key")?.remove("d");
        let mut header = json!({
            "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "typ": "claim-packet+jwe", "cty": "claim-packet+sd-jwt",
            "kid": recipient["kid"], "epk": epk
        });
        change(header.as_object_mut().ok_or("no header")?);
        let protected = base64url::encode(header.to_string().as_bytes());

        let algorithm = if curve == "P-256" { &ECDH_P256 } else { &X25519 };
        let number = |key: &Value, name: &str| key[name].as_str().and_then(base64url::decode).unwrap_or_default();
        let point = match curve {
            "P-256" => [vec![4], number(recipient, "x"), number(recipient, "y")].concat(),
            _ => number(recipient, "x"),
        };
        let private = PrivateKey::from_private_key(algorithm, &number(ephemeral, "d"))?;
        let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).ok_or("no KDF")?;
        let info = [&[0, 0, 0, 14], "ECDH-ES+A256KW".as_bytes(), &[0; 8], &[0, 0, 1, 0]].concat();
        let wrapping = agree(&private, UnparsedPublicKey::new(algorithm, &point), "no agreement", |secret| {
            let mut key = [0; 32];
            sskdf_digest(kdf, secret, &info, &mut key).map_err(|_| "no key")?;
            Ok(key)
        })?;
        let mut wrapped = [0; 40];
        KeyEncryptionKey::new(&AES_256, &wrapping)?.wrap(&self.content_key, &mut wrapped)?;
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.content_key)?);
        let mut body = plain.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(self.iv);
        let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut body)?;
        let parts = [&wrapped[..], &self.iv, &body, tag.as_ref()].map(base64url::encode);
        Ok(format!("{protected}.{}", parts.join(".")))
    }

    /// When the vectors are opened.
    pub(crate) fn now() -> Outcome<Timestamp> {
        Ok(Timestamp::from_second(NOW)?)
    }
}
