//! A signed call of an insurer (RFC 9421), by a writing of the signature base of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_packet::jose::digest::sha256;
use claimgate_packet::jose::jwk::PrivateJwk;

/// What is signed, and the header fields that say so. A test may change any of it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Covered components with their values, in order.
    pub covered: Vec<(&'static str, String)>,
    /// What follows the covered components.
    pub parameters: String,
    /// `Content-Digest` as it is sent.
    pub digest: String,
    /// The signature, base64.
    pub signature: String,
}

impl Signed {
    /// Signs a POST of JSON as this client, with a fresh nonce.
    ///
    /// # Panics
    /// The client has no token, or a key that cannot sign.
    #[must_use]
    pub fn of(client: &PartyClient, gate: &str, path: &str, body: &[u8]) -> Self {
        Self::with_key(client, client.key(), (gate, path), body)
    }

    /// The same with another key.
    ///
    /// # Panics
    /// As [`Signed::of`].
    #[must_use]
    pub fn with_key(client: &PartyClient, key: &PrivateJwk, (gate, path): (&str, &str), body: &[u8]) -> Self {
        let token = client.access_token().unwrap_or_else(|| panic!("no token"));
        let scheme = if client.proof(&reqwest::Method::POST, path).is_ok_and(|proof| proof.is_some()) {
            "DPoP"
        } else {
            "Bearer"
        };
        let digest = format!("sha-256=:{}:", STANDARD.encode(sha256(body)));
        let covered = vec![
            ("@method", "POST".to_owned()),
            ("@target-uri", format!("{gate}{path}")),
            ("content-digest", digest.clone()),
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("{scheme} {token}")),
        ];
        let nonce = STANDARD.encode(Random::system().bytes::<16>());
        let created = client.now().as_second();
        let parameters = format!(";created={created};keyid=\"{}\";nonce=\"{nonce}\"", key.kid());
        let mut signed = Self { covered, parameters, digest, signature: String::new() };
        signed.sign(key);
        signed
    }

    /// Signs what it says now.
    ///
    /// # Panics
    /// A key that cannot sign.
    pub fn sign(&mut self, key: &PrivateJwk) {
        let mut base: Vec<String> = self.covered.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        base.push(format!("\"@signature-params\": {}", self.input()));
        let signature = key.sign(base.join("\n").as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        self.signature = STANDARD.encode(signature);
    }

    fn input(&self) -> String {
        let names: Vec<String> = self.covered.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("({}){}", names.join(" "), self.parameters)
    }

    /// The fields, with the media type.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, String); 4] {
        [
            ("content-type", "application/json".to_owned()),
            ("content-digest", self.digest.clone()),
            ("signature-input", format!("sig={}", self.input())),
            ("signature", format!("sig=:{}:", self.signature)),
        ]
    }
}
