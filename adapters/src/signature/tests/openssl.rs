//! What a real tool makes: `openssl cms` with RSA, RSA-PSS and ECDSA. Skipped where there is no openssl.

use std::path::Path;
use std::process::Command;

use super::hierarchy::{Hierarchy, leaf_params};
use super::*;

fn pem(label: &str, der: &[u8]) -> String {
    let lines = STANDARD.encode(der);
    let lines: Vec<&str> = lines.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Signs with `openssl cms`; `None` where the program is missing.
fn sign(hierarchy: &Hierarchy, folder: &Path, content: &[u8], options: &[&str]) -> Option<Vec<u8>> {
    std::fs::write(folder.join("content"), content).unwrap();
    std::fs::write(folder.join("leaf.pem"), pem("CERTIFICATE", &hierarchy.leaf)).unwrap();
    std::fs::write(folder.join("middle.pem"), pem("CERTIFICATE", hierarchy.middle.der())).unwrap();
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &hierarchy.key.serialize_der())).unwrap();
    let fixed = "cms -sign -binary -outform DER -in content -out signature -signer leaf.pem -inkey key.pem -certfile middle.pem";
    let run = Command::new("openssl").args(fixed.split(' ')).args(options).current_dir(folder).output();
    let Ok(run) = run else {
        println!("skipped: there is no openssl");
        return None;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(std::fs::read(folder.join("signature")).unwrap())
}

fn check_der(hierarchy: &Hierarchy, content: &[u8], der: &[u8]) -> Result<Checked, Rejection> {
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    let field = STANDARD.encode(der);
    let headers = [("Content-Signature", field.as_str())];
    // openssl takes its own clock for signingTime, which is a claim: validity is looked at by ours.
    checked(&push(content, &headers), &trust)
}

const PSS: [&str; 4] = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"];

#[test]
fn openssl_signatures_verify() {
    let folder = tempfile::tempdir().unwrap();
    let content = serde_json::to_vec(&bundle()).unwrap();
    let pss_384 = [&["-md", "sha384"], PSS.as_slice()].concat();
    // With it the certificate carries a key identifier.
    let mut identified = leaf_params();
    identified.is_ca = rcgen::IsCa::ExplicitNoCa;
    let rsa = Hierarchy::with(&identified, &rcgen::PKCS_RSA_SHA256);
    let p256 = Hierarchy::new();
    let p384 = Hierarchy::with(&leaf_params(), &rcgen::PKCS_ECDSA_P384_SHA384);
    let cases: [(&Hierarchy, &[&str], &str); 8] = [
        (&rsa, &["-md", "sha256"], "rsassa-pkcs1-v1_5-sha256"),
        (&rsa, &["-md", "sha512", "-nosmimecap"], "rsassa-pkcs1-v1_5-sha512"),
        (&rsa, &["-md", "sha256", "-keyid"], "rsassa-pkcs1-v1_5-sha256"),
        (&rsa, &PSS, "rsassa-pss-sha256"),
        (&rsa, &pss_384, "rsassa-pss-sha384"),
        (&p256, &["-md", "sha256"], "ecdsa-sha256"),
        (&p256, &["-md", "sha256", "-cades"], "ecdsa-sha256"),
        (&p384, &["-md", "sha384"], "ecdsa-sha384"),
    ];
    for (hierarchy, options, algorithm) in cases {
        let Some(der) = sign(hierarchy, folder.path(), &content, options) else { return };
        let found =
            check_der(hierarchy, &content, &der).unwrap_or_else(|error| panic!("{options:?}: {:?}", error.issues));
        assert_eq!(found.signatures[0].algorithm, algorithm);
        assert!(found.signatures[0].signed_at.is_some());
        println!("{algorithm} {options:?}: {} bytes of DER", der.len());
        assert!(check_der(hierarchy, b"{}", &der).is_err());
    }
}

#[test]
fn openssl_signs_the_canonical_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let hierarchy = Hierarchy::with(&leaf_params(), &rcgen::PKCS_RSA_SHA256);
    let authorities = hierarchy.authorities();
    let Some(der) = sign(&hierarchy, folder.path(), CANONICAL.as_bytes(), &["-md", "sha256"]) else { return };
    let body = signed("application/pkcs7-signature", &der);
    let found = verified(&push(&body, &[]), &Trust { authorities: Some(&authorities), ..NOTHING });
    assert_eq!((found.method, found.covers), (Method::Cms, Covers::CanonicalBundle));
}

#[test]
fn openssl_with_other_options_is_outside_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let hierarchy = Hierarchy::with(&leaf_params(), &rcgen::PKCS_RSA_SHA256);
    let salt = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"];
    let cases: [(&[&str], &str); 6] = [
        (&["-nodetach"], "detached"),
        (&["-noattr"], "attributes"),
        (&["-nocerts"], "include the signer's"),
        (&["-md", "sha1"], "algorithm"),
        (&["-stream", "-nodetach"], "detached"),
        (&salt, "algorithm"),
    ];
    for (options, words) in cases {
        let Some(der) = sign(&hierarchy, folder.path(), b"{}", options) else { return };
        let issue = check_der(&hierarchy, b"{}", &der).unwrap_err().issues.remove(0);
        assert_eq!(issue.code, "signature.invalid");
        assert!(issue.diagnostics.contains(words), "{options:?}: {}", issue.diagnostics);
    }
}
