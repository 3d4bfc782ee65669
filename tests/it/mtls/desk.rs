//! A gateway behind its own TLS, made-up authorities, and clients with and without certificates.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::access::assertion::ASSERTION_TYPE;
use claimgate_gateway::access::jwt;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::{Random, RequestId};
use claimgate_gateway::party::{PartyIdentifier, Registration, Role, TokenRule};
use claimgate_gateway::sandbox::demo::{self, World};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::words::Line;
use claimgate_tests::gateway::must;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A certificate with its key.
pub(super) struct Shown {
    pub(super) der: Vec<u8>,
    /// PEM.
    pub(super) key: String,
}

/// A made-up certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Made-up 憑證管理中心");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2042, 1, 1);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        pem_of(self.0.der())
    }

    /// A client's certificate: `CN=…,O=安心人壽\, Inc.`.
    pub(super) fn client(&self, name: &str, dns: Option<&str>, until: i32) -> Shown {
        let mut params = params(name, until);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.subject_alt_names = dns.into_iter().map(|dns| SanType::DnsName(dns.try_into().unwrap())).collect();
        let key = KeyPair::generate().unwrap();
        Shown { der: params.signed_by(&key, &self.0).unwrap().der().to_vec(), key: key.serialize_pem() }
    }

    fn server(&self) -> Shown {
        let mut params = params("gateway", 2040);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
        let key = KeyPair::generate().unwrap();
        Shown { der: params.signed_by(&key, &self.0).unwrap().der().to_vec(), key: key.serialize_pem() }
    }
}

fn params(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "安心人壽, Inc.");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

pub(super) fn self_signed(key: &KeyPair, until: i32) -> Shown {
    Shown { der: params("claims", until).self_signed(key).unwrap().der().to_vec(), key: key.serialize_pem() }
}

/// The public key as it is registered.
pub(super) fn key_of(key: &KeyPair) -> Value {
    let raw = key.public_key_raw();
    let [x, y] = [&raw[1..33], &raw[33..]].map(base64url::encode);
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "tls-1", "x": x, "y": y })
}

pub(super) fn pem_of(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

pub(super) fn byte_sequence(der: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(der))
}

/// What a token says.
pub(super) fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(super) fn with_assertion(assertion: &str) -> [(&'static str, &str); 2] {
    [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
}

/// A client that trusts the desk's gateway, and shows a certificate.
pub(super) fn http(desk: &Desk, shown: Option<&Shown>) -> reqwest::Client {
    client_of(&desk.server, shown)
}

#[expect(clippy::disallowed_methods, reason = "certificates are settings of the client")]
pub(super) fn client_of(trusted: &Authority, shown: Option<&Shown>) -> reqwest::Client {
    let root = must(reqwest::Certificate::from_pem(trusted.pem().as_bytes()));
    let mut client = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    if let Some(shown) = shown {
        let both = format!("{}{}", pem_of(&shown.der), shown.key);
        client = client.identity(must(reqwest::Identity::from_pem(both.as_bytes())));
    }
    must(client.build())
}

/// A running gateway behind TLS.
pub(super) struct Desk {
    world: World,
    folder: TempDir,
    key: PrivateJwk,
    /// Whose client certificates count.
    pub(super) authority: Authority,
    /// Who issued the gateway's.
    pub(super) server: Authority,
}

impl Desk {
    pub(super) async fn start(settings: &[(&str, String)]) -> Self {
        let (folder, authority, server) = (must(tempfile::tempdir()), Authority::new(), Authority::new());
        write_server(folder.path(), &server);
        must(std::fs::write(folder.path().join("clients.pem"), authority.pem()));
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut all = vec![
            ("CLAIMGATE_GATEWAY__SANDBOX".to_owned(), "false".to_owned()),
            ("CLAIMGATE_TLS__CERTIFICATE".to_owned(), path("server.pem")),
            ("CLAIMGATE_TLS__KEY".to_owned(), path("server.key")),
            ("CLAIMGATE_TLS__CLIENT_AUTHORITIES".to_owned(), path("clients.pem")),
        ];
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let clock = Clock::system();
        let key = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, clock.now()));
        let data = folder.path().join("data");
        must(std::fs::create_dir(&data));
        let world = must(demo::open_world_with(&data, all, clock, Random::system()).await);
        Self { world, folder, key, authority, server }
    }

    pub(super) fn base(&self) -> String {
        self.world.gateway.base_url().to_owned()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.world.gateway.address
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.world.hospital.now()
    }

    pub(super) fn jti(&self) -> String {
        RequestId::new(self.now(), &Random::system()).to_string()
    }

    pub(super) fn dpop_key(&self) -> PrivateJwk {
        must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, self.now()))
    }

    /// Writes a file and gives its path.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        must(std::fs::write(&path, text));
        path.display().to_string()
    }

    /// Replaces the gateway's certificate and key.
    pub(super) fn renew(&self, by: &Authority) {
        write_server(self.folder.path(), by);
    }

    /// Registers an insurer with the desk's key, or another, and a rule for its certificate.
    pub(super) async fn insurer(&self, id: &str, number: &str, rule: Value, key: Option<Value>) {
        let sealing = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, self.now()));
        let signing = key.unwrap_or_else(|| self.key.public().to_json());
        let jwks = json!({ "keys": [signing, sealing.public().to_json()] });
        let system = "https://gcis.nat.gov.tw".to_owned();
        let registration = Registration {
            lines: vec![Line::Life],
            identifiers: vec![PartyIdentifier { system, value: number.to_owned() }],
            certificate: must(serde_json::from_value(rule)),
            ..Registration::new(id, Role::Insurer, "憑證人壽", jwks)
        };
        must(self.world.gateway.app.engine.register(registration).await);
    }

    pub(super) async fn set_token_rule(&self, id: &str, rule: TokenRule) {
        let (engine, id) = (&self.world.gateway.app.engine, must(id.parse()));
        let party = must(engine.store.party(&id).await).unwrap();
        let registration = Registration { token: Some(rule), ..party.registration().clone() };
        must(engine.replace_registration(&id, registration).await);
    }

    /// An assertion of the desk's key.
    pub(super) fn assertion(&self, id: &str) -> String {
        let now = self.now().as_second();
        let claims = json!({
            "iss": id, "sub": id, "aud": self.base(), "iat": now, "exp": now + 60, "jti": self.jti(),
        });
        must(jwt::write(&self.key, "JWT", &claims))
    }

    /// Asks for a token.
    pub(super) async fn ask(&self, client: &reqwest::Client, form: &[(&str, &str)]) -> (u16, Value) {
        self.ask_with(client, form, &[]).await
    }

    pub(super) async fn ask_with(
        &self,
        client: &reqwest::Client,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let all = [("grant_type", "client_credentials")].iter().chain(form);
        let body: Vec<String> = all.map(|(name, value)| format!("{name}={}", value.replace(':', "%3A"))).collect();
        let mut request = client.post(format!("{}/oauth/token", self.base())).body(body.join("&"));
        for (name, value) in [("content-type", "application/x-www-form-urlencoded")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let answer = must(request.send().await);
        (answer.status().as_u16(), must(serde_json::from_slice(&must(answer.bytes().await))))
    }

    /// Lists deliveries with a bearer token; gives the status, and the code of a refusal.
    pub(super) async fn list(&self, client: &reqwest::Client, token: &str) -> (u16, String) {
        let answer = must(client.get(format!("{}{}", self.base(), super::LIST)).bearer_auth(token).send().await);
        let status = answer.status().as_u16();
        let body: Value = must(serde_json::from_slice(&must(answer.bytes().await)));
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn stop(self) {
        must(self.world.gateway.stop().await);
    }
}

fn write_server(folder: &Path, by: &Authority) {
    let shown = by.server();
    must(std::fs::write(folder.join("server.pem"), pem_of(&shown.der)));
    must(std::fs::write(folder.join("server.key"), shown.key));
}
