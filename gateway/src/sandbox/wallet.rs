//! A wallet (數位憑證皮夾): holds credentials, follows a link, checks who asks, presents what is asked (OpenID4VP 1.0).
//!
//! It can be told to do wrong. It knows of the gateway what a wallet knows: the link.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::oid4vp::client::Client;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::{sha256, sha256_text};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::client::{Answer, ClientError, http_client};
use crate::http::form::Form;
use crate::id::Random;

/// A wallet.
pub struct Wallet {
    http: reqwest::Client,
    door: String,
    holder: PrivateJwk,
    credentials: Vec<String>,
    random: Random,
}

/// A request whose signature and client id were found right.
pub struct Request {
    /// Its claims.
    pub claims: Map<String, Value>,
}

/// What a wallet does wrong, or otherwise than by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Proves to hold another nonce.
    Nonce,
    /// Proves it to another verifier.
    Audience,
    /// Answers under another state.
    State,
    /// Answers in the open where it was asked to encrypt.
    Open,
    /// Leaves the consent unsigned.
    NoConsent,
    /// Shows everything it has.
    Surplus,
    /// Encrypts with A128GCM instead of A256GCM.
    Short,
}

claimgate_packet::opaque_debug!(Wallet, Request);

impl Fault {
    /// The fault of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "nonce" => Some(Self::Nonce),
            "audience" => Some(Self::Audience),
            "state" => Some(Self::State),
            "open" => Some(Self::Open),
            "no-consent" => Some(Self::NoConsent),
            "surplus" => Some(Self::Surplus),
            "short" => Some(Self::Short),
            _ => None,
        }
    }
}

impl Wallet {
    /// A wallet with a key of its own. `door` is where the gateway listens, whatever its address says.
    ///
    /// # Errors
    /// No client or key can be made.
    pub fn new(door: &str, now: Timestamp, random: Random) -> Result<Self, ClientError> {
        let holder = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now);
        let holder = holder.map_err(|_| ClientError::Form("wallet key"))?;
        Ok(Self { http: http_client()?, door: door.to_owned(), holder, credentials: Vec::new(), random })
    }

    /// Its public key, bare, for an issuer.
    #[must_use]
    pub fn holder(&self) -> Value {
        let public = self.holder.public();
        let (x, y) = public.coordinates().unwrap_or_default();
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    /// Puts a credential into it.
    pub fn put(&mut self, credential: String) {
        self.credentials.push(credential);
    }

    /// Has an issuer's office issue a credential for its key: what of, with which claims, perhaps with a fault.
    ///
    /// # Errors
    /// The network, or an order the office refuses.
    pub async fn obtain(&mut self, office: &str, mut order: Value) -> Result<(), ClientError> {
        if let Some(members) = order.as_object_mut() {
            members.insert("holder".to_owned(), self.holder());
        }
        let sent = self.http.post(format!("{office}/credentials")).header("content-type", "application/json");
        let answer = Answer::read(sent.body(order.to_string()).send().await?).await?.expect("credential", 200)?;
        self.put(String::from_utf8(answer.body).map_err(|_| ClientError::Form("credential"))?);
        Ok(())
    }

    /// Says no to a request, as its user did.
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn decline(&self, request: &Request) -> Result<Answer, ClientError> {
        let state = request.text("state").ok_or(ClientError::Form("wallet request"))?;
        self.send(request, &format!("error=access_denied&state={state}")).await
    }

    /// Follows a link: fetches the request with a nonce of its own, and checks who asks.
    ///
    /// # Errors
    /// A request that is not as it must be, or none.
    pub async fn open(&self, link: &str) -> Result<Request, ClientError> {
        let wrong = || ClientError::Form("wallet link");
        let (_, query) = link.split_once('?').ok_or_else(wrong)?;
        let query = Form::read(query).ok_or_else(wrong)?;
        let (client, uri) = (query.one("client_id").ok_or_else(wrong)?, query.one("request_uri").ok_or_else(wrong)?);
        let address = self.reach(uri).ok_or_else(wrong)?;
        let nonce = base64url::encode(&self.random.bytes::<16>());
        let request = match query.one("request_uri_method") {
            Some("post") => {
                let form = self.http.post(address).header("content-type", "application/x-www-form-urlencoded");
                form.body(format!("wallet_nonce={nonce}"))
            }
            _ => self.http.get(address),
        };
        let answer = Answer::read(request.send().await?).await?.expect("wallet request", 200)?;
        let text = String::from_utf8(answer.body).map_err(|_| wrong())?;
        let claims = checked(&text, client).ok_or(ClientError::Form("wallet request"))?;
        let same = claims.get("wallet_nonce").is_none_or(|found| *found == nonce.as_str());
        if same { Ok(Request { claims }) } else { Err(ClientError::Form("wallet nonce")) }
    }

    /// Writes an answer: what is asked and no more, as far as it does nothing wrong.
    ///
    /// # Errors
    /// It has no such credential.
    pub fn present(&self, request: &Request, faults: &[Fault], now: Timestamp) -> Result<String, ClientError> {
        let write = || {
            let mut token = Map::new();
            for asked in request.claims.get("dcql_query")?.get("credentials")?.as_array()? {
                let id = asked.get("id")?.as_str()?;
                token.insert(id.to_owned(), json!([self.one(asked, id, request, faults, now)?]));
            }
            let state = if faults.contains(&Fault::State) { "another" } else { request.text("state")? };
            let mut answer = json!({ "vp_token": token, "state": state });
            if request.text("response_mode")? == "direct_post.jwt" && !faults.contains(&Fault::Open) {
                let sealed = self.sealed(request, answer.to_string().into_bytes(), faults.contains(&Fault::Short))?;
                return Some(format!("response={sealed}"));
            }
            let token = answer.get_mut("vp_token")?.take().to_string();
            Some(format!("vp_token={}&state={state}", escaped(&token)))
        };
        write().ok_or(ClientError::Form("wallet presentation"))
    }

    /// Sends an answer.
    ///
    /// # Errors
    /// The network.
    pub async fn send(&self, request: &Request, body: &str) -> Result<Answer, ClientError> {
        let address = request.text("response_uri").and_then(|uri| self.reach(uri));
        let address = address.ok_or(ClientError::Form("wallet request"))?;
        let form = self.http.post(address).header("content-type", "application/x-www-form-urlencoded");
        Answer::read(form.body(body.to_owned()).send().await?).await
    }

    /// Follows a link and answers it well.
    ///
    /// # Errors
    /// As [`Wallet::open`], [`Wallet::present`], [`Wallet::send`].
    pub async fn answer(&self, link: &str, now: Timestamp) -> Result<Answer, ClientError> {
        let request = self.open(link).await?;
        let body = self.present(&request, &[], now)?;
        self.send(&request, &body).await
    }

    /// An address of the gateway, at its door.
    fn reach(&self, uri: &str) -> Option<String> {
        let path = uri.strip_prefix("https://")?.split_once('/')?.1;
        Some(format!("{}/{path}", self.door))
    }

    /// One presentation: the disclosures that are asked for, and the proof of the holder.
    fn one(&self, asked: &Value, id: &str, request: &Request, faults: &[Fault], now: Timestamp) -> Option<String> {
        let types = asked.get("meta")?.get("vct_values")?.as_array()?;
        let paths = asked.get("claims")?.as_array()?;
        let wanted: Vec<&str> = paths.iter().filter_map(|claim| claim.get("path")?.get(0)?.as_str()).collect();
        let credential = self.credentials.iter().find(|one| kind_of(one).is_some_and(|kind| types.contains(&kind)))?;
        let mut parts = credential.trim_end_matches('~').split('~');
        let mut shown = format!("{}~", parts.next()?);
        for disclosure in parts {
            let name: Value = serde_json::from_slice(&base64url::decode(disclosure)?).ok()?;
            if faults.contains(&Fault::Surplus) || wanted.contains(&name.get(1)?.as_str()?) {
                shown = format!("{shown}{disclosure}~");
            }
        }
        let consents = request.claims.get("transaction_data").and_then(Value::as_array);
        let consents = consents.into_iter().flatten().filter_map(Value::as_str);
        let consents = consents.filter(|text| names_credential(text, id).unwrap_or(false));
        let hashes: Vec<String> = consents.map(|text| sha256_text(text.as_bytes())).collect();
        let mut proof = json!({
            "iat": now.as_second(),
            "nonce": if faults.contains(&Fault::Nonce) { "another-nonce-of-no-session" } else { request.text("nonce")? },
            "aud": if faults.contains(&Fault::Audience) { "x509_hash:another" } else { request.text("client_id")? },
            "sd_hash": sha256_text(shown.as_bytes()),
        });
        if let (false, false, Some(members)) =
            (hashes.is_empty(), faults.contains(&Fault::NoConsent), proof.as_object_mut())
        {
            members.insert("transaction_data_hashes".to_owned(), json!(hashes));
            members.insert("transaction_data_hashes_alg".to_owned(), "sha-256".into());
        }
        let header = Map::from_iter([("typ".to_owned(), Value::from("kb+jwt"))]);
        let proof = sign_under(header, proof.to_string().as_bytes(), &self.holder).ok()?;
        Some(format!("{shown}{proof}"))
    }

    /// Encrypts to the key of the request (RFC 7518 §4.6: `ECDH-ES`, direct).
    fn sealed(&self, request: &Request, mut body: Vec<u8>, short: bool) -> Option<String> {
        let key = request.claims.get("client_metadata")?.get("jwks")?.get("keys")?.get(0)?;
        let number = |name: &str| base64url::decode(key.get(name)?.as_str()?);
        let point = [vec![4], number("x")?, number("y")?].concat();
        let own = PrivateKey::generate(&ECDH_P256).ok()?;
        let public = own.compute_public_key().ok()?;
        let (x, y) = public.as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
        let (enc, cipher, length) =
            if short { ("A128GCM", &AES_128_GCM, 16_usize) } else { ("A256GCM", &AES_256_GCM, 32) };
        let epk = json!({ "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y) });
        let header = json!({ "alg": "ECDH-ES", "enc": enc, "kid": key.get("kid")?, "epk": epk });
        let protected = base64url::encode(header.to_string().as_bytes());
        let four = |number: usize| u32::try_from(number).map(u32::to_be_bytes).ok();
        let (round, name, bits) = (four(1)?, four(enc.len())?, four(length * 8)?);
        let peer = UnparsedPublicKey::new(&ECDH_P256, point);
        let derived = agree(&own, peer, (), |secret| {
            let parts: [&[u8]; 7] = [&round, secret, &name, enc.as_bytes(), &[0; 4], &[0; 4], &bits];
            Ok(sha256(&parts.concat()))
        });
        let cipher = UnboundKey::new(cipher, derived.ok()?.get(..length)?).ok().map(LessSafeKey::new)?;
        let nonce = self.random.bytes::<12>();
        let aad = Aad::from(protected.as_bytes());
        let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body).ok()?;
        let parts = [nonce.as_slice(), &body, tag.as_ref()].map(base64url::encode);
        Some(format!("{protected}..{}", parts.join(".")))
    }
}

impl Request {
    /// The first type each credential may be of.
    #[must_use]
    pub fn kinds(&self) -> Vec<&str> {
        let asked = self.claims.get("dcql_query").and_then(|query| query.get("credentials")).and_then(Value::as_array);
        asked.into_iter().flatten().filter_map(first_kind).collect()
    }

    /// What the person is asked to consent to, as JSON, where there is something.
    #[must_use]
    pub fn consents(&self) -> Vec<Value> {
        let sent = self.claims.get("transaction_data").and_then(Value::as_array);
        let read = |one: &Value| serde_json::from_slice(&base64url::decode(one.as_str()?)?).ok();
        sent.into_iter().flatten().filter_map(read).collect()
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

/// The claims of a signed request, if the leaf of its chain signed it and is the client's.
fn checked(text: &str, client: &str) -> Option<Map<String, Value>> {
    let (input, signature) = text.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let header: Value = serde_json::from_slice(&base64url::decode(header)?).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&base64url::decode(payload)?).ok()?;
    let leaf = STANDARD.decode(header.get("x5c")?.get(0)?.as_str()?).ok()?;
    let read = Certificate::from_der(&leaf).ok()?;
    let key = read.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes()?;
    let signed = PublicKey::from_point(key)?.verifies(input.as_bytes(), &base64url::decode(signature)?);
    let named = client.starts_with("x509_san_dns:") || Client::of_certificate(&leaf).id() == client;
    let typed = header.get("typ")? == "oauth-authz-req+jwt" && claims.get("client_id")? == client;
    (signed && named && typed && claims.get("aud")? == "https://self-issued.me/v2").then_some(claims)
}

fn first_kind(asked: &Value) -> Option<&str> {
    asked.get("meta")?.get("vct_values")?.get(0)?.as_str()
}

fn kind_of(credential: &str) -> Option<Value> {
    let payload = credential.split('.').nth(1)?;
    serde_json::from_slice::<Value>(&base64url::decode(payload)?).ok()?.get("vct").cloned()
}

fn names_credential(transaction: &str, id: &str) -> Option<bool> {
    let read: Value = serde_json::from_slice(&base64url::decode(transaction)?).ok()?;
    Some(read.get("credential_ids")?.as_array()?.iter().any(|one| one == id))
}

/// Percent-encodes every byte: nothing of JSON means anything in a form then.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 3), |all, byte| format!("{all}%{byte:02X}"))
}
