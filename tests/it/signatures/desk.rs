//! A hospital's desk: the programs of the guide as they stand there, a key, and a certificate of a made-up authority.

use std::path::{Path, PathBuf};
use std::process::Command;

use claimgate_packet::jose::digest;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::gateway::must;
use claimgate_tests::shared::project;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

/// An authority (憑證管理中心) with its folders as an operator keeps them.
pub(super) struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// In force, with a list that names nobody.
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Made-up 醫事憑證管理中心");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = must(tempfile::tempdir());
        for name in ["authorities", "lists"] {
            must(std::fs::create_dir(folder.path().join(name)));
        }
        must(std::fs::write(folder.path().join("authorities/ca.pem"), pem("CERTIFICATE", ca.der())));
        let authority = Self { ca, folder };
        authority.write_list(&[], 2040);
        authority
    }

    /// Replaces the list (憑證廢止清冊).
    pub(super) fn write_list(&self, revoked: &[SerialNumber], until: i32) {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: serial.clone(),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2023, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        // Written beside and moved into place, as an operator should.
        let (beside, place) = (self.folder.path().join("next"), self.folder.path().join("lists/list.crl"));
        must(std::fs::write(&beside, params.signed_by(&self.ca).unwrap().der()));
        must(std::fs::rename(beside, place));
    }

    /// The operator's settings.
    pub(super) fn settings(&self) -> [(&'static str, String); 2] {
        let folder = |name: &str| self.folder.path().join(name).display().to_string();
        [
            ("CLAIMGATE_SIGNATURES__AUTHORITIES_DIR", folder("authorities")),
            ("CLAIMGATE_SIGNATURES__REVOCATION_LISTS_DIR", folder("lists")),
        ]
    }
}

/// A hospital's desk.
pub(super) struct Desk {
    /// The hospital's key for JWS and requests.
    pub(super) key: PrivateJwk,
    folder: TempDir,
    certificate: Vec<u8>,
    guide: String,
}

impl Desk {
    /// With a certificate in force, issued to this institution code.
    pub(super) fn new(by: &Authority, code: &str) -> Self {
        Self::with(by, code, 2039)
    }

    /// With a certificate that ends in a year.
    pub(super) fn with(by: &Authority, code: &str, until: i32) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "範例醫院");
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), code);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.not_before = date_time_ymd(2021, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.serial_number = Some(serial());
        let certificate_key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&certificate_key, &by.ca).unwrap().der().to_vec();
        let since = "2026-01-01T00:00:00Z".parse().unwrap();
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es384, None, since).unwrap();
        let guide = must(std::fs::read_to_string(project().join("docs/source-signatures.md")));
        let desk = Self { key, folder: must(tempfile::tempdir()), certificate, guide };
        must(std::fs::create_dir(desk.path("keys")));
        desk.put("hospital.pem", pem("CERTIFICATE", &desk.certificate).as_bytes());
        desk.put("hospital.key", pem("PRIVATE KEY", &certificate_key.serialize_der()).as_bytes());
        desk.put("issuer.pem", pem("CERTIFICATE", by.ca.der()).as_bytes());
        desk.put("keys/hospital-a.sig.json", desk.key.to_json().to_string().as_bytes());
        let programs = desk.guide.split("```js\n// ").skip(1);
        for program in programs.map(|rest| rest.split("```").next().unwrap()) {
            desk.put(program.split(':').next().unwrap(), format!("// {program}").as_bytes());
        }
        desk
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        must(std::fs::write(self.path(name), bytes));
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// How evidence names the certificate.
    pub(super) fn certificate_id(&self) -> String {
        format!("x5t#S256:{}", digest::sha256_text(&self.certificate))
    }

    /// Runs the commands that stand in the guide under a comment of this text, as they stand there.
    pub(super) fn run(&self, part: &str, environment: &[(&str, &str)]) {
        let commands = self.guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let wanted = format!("# {part}\n");
        let commands = commands.into_iter().find(|text| text.starts_with(&wanted));
        self.shell(commands.unwrap_or_else(|| panic!("the guide has no commands for {part}")), environment);
    }

    pub(super) fn command(&self, text: &str) {
        self.shell(text, &[]);
    }

    fn shell(&self, text: &str, environment: &[(&str, &str)]) {
        let mut command = Command::new("sh");
        command.args(["-euc", text]).current_dir(self.folder()).envs(environment.iter().copied());
        let output = must(command.output());
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{text}\n{stdout}\n{stderr}");
    }

    /// The header field `Content-Signature` for a body.
    pub(super) fn sign(&self, body: &[u8]) -> String {
        self.put("bundle.json", body);
        self.command(
            "openssl cms -sign -binary -md sha256 -outform DER -in bundle.json -out signature.der \
             -signer hospital.pem -inkey hospital.key -certfile issuer.pem && base64 -w0 signature.der > field",
        );
        String::from_utf8(self.read("field")).unwrap()
    }

    /// The header fields of a signed request that pushes `bundle.json` to an address, beside `Content-Type`.
    pub(super) fn sign_request(&self, address: &str) -> Vec<(String, String)> {
        self.command(&format!("node sign-request.mjs keys/hospital-a.sig.json bundle.json {address} > request.curl"));
        let lines = String::from_utf8(self.read("request.curl")).unwrap();
        let field = |line: &str| {
            let text = line.strip_prefix("header = \"").unwrap().strip_suffix('"').unwrap().replace("\\\"", "\"");
            let (name, value) = text.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        lines.lines().map(field).filter(|(name, _)| name != "Content-Type").collect()
    }
}

/// The serial number of every desk's certificate: its first bit is set, so that its DER begins with a zero.
pub(super) fn serial() -> SerialNumber {
    SerialNumber::from_slice(&[0x91, 2, 3, 4])
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
