//! What is done with bytes from outside, one function for each way in: the fuzzer (`tests/fuzz`) and the test of every
//! run (`tests/it/hostile.rs`) share them, with the texts they begin from. A panic is the finding; so is what was
//! accepted and cannot be written or read again.

use std::io::Write;

use claimgate_adapters::hospital::{Settings, read_format, read_traced};
use claimgate_adapters::wallet::cases;
use claimgate_adapters::wallet::key::{Keys, PublicKey};
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::oid4vp::response::Form;
use claimgate_adapters::wallet::trust::Trust;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::Findings;
use claimgate_fhir::package::{NamedBytes, PackageLimits};
use claimgate_fhir::profile::Rules;
use claimgate_fhir::{parse, structure, xml};
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use claimgate_packet::open::{TrustedKeys, open};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// One way in.
pub struct Target {
    /// Its name, also as a fuzzer.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
    /// Texts to begin from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What such a text is made of.
    pub words: &'static [&'static str],
}

/// Every way in.
pub const TARGETS: [Target; 7] = [
    Target { name: "json", run: json, seeds: bundles, words: JSON_WORDS },
    Target { name: "xml", run: markup, seeds: bundles_in_xml, words: XML_WORDS },
    Target { name: "archive", run: archive, seeds: archives, words: &["\u{1f}", "\0", "\u{8}"] },
    Target { name: "tar", run: tar, seeds: tars, words: &["\0", "77777777777", "../", "ustar", "package/", "x", "L"] },
    Target { name: "rules", run: rules, seeds: guides, words: RULE_WORDS },
    Target { name: "wallet", run: wallet, seeds: credentials, words: JSON_WORDS },
    Target { name: "packet", run: packet, seeds: packets, words: &[".", "~", "e30", "eyJ", "-", "="] },
];

#[rustfmt::skip]
const JSON_WORDS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "true", "-1", "1e400", "0.1", "{}", "[]",
    "\u{0}", "\"reference\"", "\"resourceType\"", "\"contained\"", "\"extension\"", "\"value\"", "\"#\"",
    "\"_value\"", "\"9999-12-31\"", "\"urn:uuid:\"", "\"Bundle\"", "\"Patient/patient\"", "\"data\"",
    "99999999999999999999",
];

#[rustfmt::skip]
const XML_WORDS: &[&str] = &[
    "<", ">", "/>", "</", "&", ";", "\"", " xmlns=\"\"", "<!--", "-->", "<![CDATA[", "<!DOCTYPE", "\0", "&#x0;",
    "&#xD800;", ":", "<div>", "<extension url='a'>", "<contained>", "value=\"\"", "<?xml", "xml:lang",
    "http://www.w3.org/1999/xhtml",
];

#[rustfmt::skip]
const RULE_WORDS: &[&str] = &[
    "\"min\":1,", "\"max\":\"0\"", "\"*\"", "resolve()", "extension('x')", "matches('(a+)+$')", "where(", ")", "(",
    "'", "all(", "exists()", " implies ", " and ", "$this", "%resource", "[x]", ".", ":",
    "\"contentReference\":\"#Patient\",", "\"baseDefinition\"", "\"snapshot\"", "Patient.contact",
    "\"slicing\":{},", "4294967296", "-1", "{", "}", "[", "]",
];

/// A hospital's Bundle in JSON: read, and what it became read back.
///
/// # Panics
/// Where a document that was made cannot be read again: that is what is looked for.
pub fn json(bytes: &[u8]) {
    if let Ok(bundle) = read_traced(bytes, Format::Json, &Settings::default(), true) {
        for document in &bundle.documents {
            let written = document.to_json().map(|json| Document::from_json(document.kind(), &document.schema(), json));
            assert!(matches!(written, Ok(Ok(again)) if again == *document), "a document is not read back");
        }
    }
}

/// FHIR XML: what is read can be written, and is the same then; and the Bundle it may be.
///
/// # Panics
/// Where it is not the same: that is what is looked for.
pub fn markup(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(value) = xml::parse(bytes, &limits) {
        // An element that came empty cannot be written.
        if let Ok(text) = xml::write(&value) {
            let again = xml::parse(text.as_bytes(), &Limits { bytes: text.len(), ..limits });
            assert!(again.is_ok_and(|again| again == value), "what was written is not what was read");
        }
        let _outcome = read_format(bytes, Format::Xml, &Settings::default());
    }
}

/// Bounds under which one archive takes no more than moments.
fn bounds() -> PackageLimits {
    PackageLimits {
        unpacked: 4 << 20,
        file: 1 << 20,
        files: 1_000,
        codes: 10_000,
        rules: 10_000,
        ..PackageLimits::default()
    }
}

/// A FHIR package as it comes.
pub fn archive(bytes: &[u8]) {
    let _loaded = Rules::load(&[NamedBytes { name: "archive", bytes }], &bounds());
}

/// The archive inside, so that a change is not lost on the checksum around it.
pub fn tar(bytes: &[u8]) {
    archive(&gzip(bytes));
}

/// Resources of a package, compiled and held against a Bundle.
pub fn rules(bytes: &[u8]) {
    let resources = match serde_json::from_slice(bytes) {
        Ok(Value::Array(resources)) => resources,
        Ok(resource) => vec![resource],
        Err(_) => return,
    };
    let bytes = gzip(&package(&resources));
    let Ok(rules) = Rules::load(&[NamedBytes { name: "rules", bytes: &bytes }], &bounds()) else { return };
    let Ok(mut bundle) = parse::parse(OUTPATIENT, &Limits::default()) else { return };
    name_profiles(&mut bundle, &resources);
    let findings = Findings::default();
    structure::check(&bundle, &findings);
    rules.check(&bundle, &findings);
    drop(findings.into_issues());
}

/// Lets every resource name the profiles of its type.
fn name_profiles(bundle: &mut Value, resources: &[Value]) {
    let text = |value: &Value, member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
    for entry in bundle.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(resource) = entry.get_mut("resource").and_then(Value::as_object_mut) else { continue };
        let kind = resource.get("resourceType").cloned();
        let profiles = resources.iter().filter(|profile| profile.get("type") == kind.as_ref());
        let urls: Vec<String> = profiles.filter_map(|profile| text(profile, "url")).collect();
        resource.insert("meta".to_owned(), serde_json::json!({ "profile": urls }));
    }
}

/// A sealed packet, as an insurer opens it.
///
/// # Panics
/// The test vectors are broken.
pub fn packet(bytes: &[u8]) {
    static KEYS: std::sync::LazyLock<(Vec<PrivateJwk>, TrustedKeys)> = std::sync::LazyLock::new(|| {
        let keys: Value = serde_json::from_slice(include_bytes!("../../packet/vectors/keys.json")).unwrap_or_default();
        let keys = ["alpha-p256", "alpha-x25519", "alpha-rsa"]
            .iter()
            .filter_map(|name| PrivateJwk::from_json(keys.pointer(&format!("/recipients/{name}"))?).ok());
        let trust = TrustedKeys::parse(include_bytes!("../../packet/vectors/claim-packet-keys.json"));
        (keys.collect(), trust.unwrap_or_else(|error| panic!("the vectors' keys: {error}")))
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let now = Timestamp::from_second(1_789_998_400).unwrap_or_default();
        let _outcome = open(text, &KEYS.0, &KEYS.1, "insurer-a", None, now);
    }
    let _keys = TrustedKeys::parse(bytes);
}

const OUTPATIENT: &[u8] = include_bytes!("../fixtures/bundles/outpatient.json");
const GUIDE: &[u8] = include_bytes!("../../adapters/src/hospital/tests/guide.json");

fn bundles() -> Vec<Vec<u8>> {
    let files: [&[u8]; 4] = [
        OUTPATIENT,
        include_bytes!("../fixtures/bundles/invoice.json"),
        include_bytes!("../fixtures/bundles/prescription.json"),
        include_bytes!("../fixtures/bundles/resident-certificate.json"),
    ];
    files.map(compact).to_vec()
}

/// Without white space, so that a change hits something.
fn compact(bytes: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<Value>(bytes).map(|value| value.to_string().into_bytes()).unwrap_or_default()
}

/// What an issuer and a wallet send: a payload and disclosures, one line each, signed here so that what stands behind
/// the signature is reached; and the bytes as they are.
///
/// # Panics
/// A digest is left in what was verified.
pub fn wallet(bytes: &[u8]) {
    static ISSUER: std::sync::LazyLock<Option<(PrivateJwk, Trust)>> = std::sync::LazyLock::new(|| {
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).ok()?;
        let public = PublicKey::from_jwk(&key.public().to_json())?;
        let mut trust = Trust::of_keys(Keys::one(public));
        "https://dmv.example".clone_into(&mut trust.issuers.first_mut()?.id);
        Some((key, trust))
    });
    let Some((key, trust)) = ISSUER.as_ref() else { return };
    let Ok(now) = Timestamp::from_second(1_790_000_000) else { return };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let payload = lines.next().unwrap_or_default();
    let header = Map::from_iter([("typ".to_owned(), Value::from("dc+sd-jwt"))]);
    let Ok(jwt) = sign_under(header, payload, key) else { return };
    let disclosures: Vec<String> = lines.map(|line| format!("{}~", base64url::encode(line))).collect();
    let text = format!("{jwt}~{}", disclosures.concat());
    for strictness in [Strictness::Credential, Strictness::Raw] {
        let expected = Expected { strictness, types: &[], proof: None };
        if let Ok(credential) = verify(&text, &expected, trust, now) {
            let _mandate = Mandate::read(&credential);
            assert!(!credential.claims.contains_key("_sd"), "a digest was left");
        }
    }
    let _cases = cases::judge(bytes);
    let _form = Form::read("application/x-www-form-urlencoded", bytes);
}

fn credentials() -> Vec<Vec<u8>> {
    let inner = r#"["i","city","臺北市"]"#;
    let of = |text: &str| sha256_text(base64url::encode(text.as_bytes()).as_bytes());
    let outer = format!(r#"["o","address",{{"_sd":["{}"],"country":"TW"}}]"#, of(inner));
    let element = r#"["e","普通小型車"]"#;
    let claims = format!(
        r#"{{"iss":"https://dmv.example","exp":1800000000,"vct":"licence","_sd":["{}"],"classes":[{{"...":"{}"}}]}}"#,
        of(&outer),
        of(element)
    );
    let mandate =
        r#"{"iss":"https://dmv.example","exp":1800000000,"vct":"m","mandate":{"id":"3f0c0d3e-6d55-4f3e","powers":[]}}"#;
    vec![[&claims, inner, &outer, element].join("\n").into_bytes(), mandate.as_bytes().to_vec()]
}

fn bundles_in_xml() -> Vec<Vec<u8>> {
    let value = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).ok();
    bundles().into_iter().filter_map(|bytes| xml::write(&value(bytes)?).ok()).map(String::into_bytes).collect()
}

fn guides() -> Vec<Vec<u8>> {
    vec![compact(GUIDE)]
}

fn tars() -> Vec<Vec<u8>> {
    let resources: Vec<Value> = serde_json::from_slice(GUIDE).unwrap_or_default();
    let small = package(resources.get(1..).unwrap_or_default());
    vec![package(&resources), small]
}

fn archives() -> Vec<Vec<u8>> {
    tars().iter().map(|tar| gzip(tar)).collect()
}

fn packets() -> Vec<Vec<u8>> {
    let vectors: Value =
        serde_json::from_slice(include_bytes!("../../packet/vectors/packets.json")).unwrap_or_default();
    let cases = vectors.get("cases").and_then(Value::as_array).into_iter().flatten();
    let texts = cases.filter_map(|case| case.get("text")?.as_str()).filter(|text| (100..20_000).contains(&text.len()));
    let keys: &[u8] = include_bytes!("../../packet/vectors/claim-packet-keys.json");
    texts.take(12).map(|text| text.as_bytes().to_vec()).chain([keys.to_vec()]).collect()
}

/// A tar archive with one file for each resource.
#[must_use]
pub fn package(resources: &[Value]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (number, resource) in resources.iter().enumerate() {
        let text = resource.to_string();
        let mut header = vec![0_u8; 512];
        let mut put = |at: usize, bytes: &[u8]| {
            header.iter_mut().skip(at).zip(bytes).for_each(|(place, byte)| *place = *byte);
        };
        put(0, format!("package/{number}.json").as_bytes());
        put(124, format!("{:011o}", text.len()).as_bytes());
        put(148, b"        0");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
        tar.extend(header);
        tar.extend(text.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}

/// The bytes as a gzip stream.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let written = gzip.write_all(bytes).and_then(|()| gzip.finish());
    written.unwrap_or_default()
}
