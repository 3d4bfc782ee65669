//! What hospitals sign (電子簽章), over real HTTP: the guide's own programs sign, the insurer reads who signed, and what
//! does not verify leaves nothing behind.

use std::process::{Command, Output};

use claimgate_gateway::party::Role;
use claimgate_packet::evidence::Verification;
use claimgate_tests::bundles::{HOSPITAL_CODE, bytes, case};
use claimgate_tests::database;
use claimgate_tests::gateway::{NewParty, TestGateway, codes, must, open_all, push_as};
use claimgate_tests::shared::binary;
use reqwest::Method;
use serde_json::Value;

mod desk;

use desk::{Authority, Desk, serial};

const FOREIGN_CODE: &str = "1101010012";

/// A gateway that trusts a made-up authority, its hospital with a key at its desk, and the desk.
struct Story {
    test: TestGateway,
    authority: Authority,
    desk: Desk,
}

impl Story {
    async fn start() -> Self {
        let authority = Authority::new();
        let test =
            TestGateway::start_with_settings(claimgate_gateway::clock::Clock::system(), &authority.settings()).await;
        let desk = Desk::new(&authority, HOSPITAL_CODE);
        let id = "hospital-demo".parse().unwrap();
        let engine = &test.world.gateway.app.engine;
        let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
        let keys = registration.jwks["keys"].as_array_mut().unwrap();
        keys.push(desk.key.public().to_json());
        must(engine.replace_registration(&id, registration).await);
        Self { test, authority, desk }
    }

    async fn require(&self, required: bool) {
        let engine = &self.test.world.gateway.app.engine;
        let id = "hospital-demo".parse().unwrap();
        let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
        registration.signature_required = required;
        must(engine.replace_registration(&id, registration).await);
    }

    /// Runs commands of the guide with the gateway's address and the hospital's token.
    fn run(&self, part: &str) {
        let token = self.test.world.hospital.access_token().unwrap();
        self.desk.run(part, &[("GATE", self.test.world.gateway.base_url()), ("TOKEN", token)]);
    }

    /// The codes of a refused push.
    async fn refused(&self, body: &[u8], headers: &[(&str, &str)]) -> Vec<String> {
        codes(&self.refusal(body, headers).await)
    }

    /// Asks that a push with this `Content-Signature` is refused with one code, in words that name the reason.
    async fn refused_for(&self, body: &[u8], signature: &str, code: &str, words: &str) {
        let outcome = self.refusal(body, &[("Content-Signature", signature)]).await;
        assert_eq!(codes(&outcome), [code], "{outcome:#}");
        assert!(outcome.to_string().contains(words), "{words}: {outcome:#}");
    }

    async fn refusal(&self, body: &[u8], headers: &[(&str, &str)]) -> Value {
        let before = self.test.counts().await;
        let answer = self.test.push(body, headers).await;
        let outcome = answer.json("outcome").unwrap();
        assert_eq!(answer.status, 422, "{outcome:#}");
        assert_eq!(self.test.counts().await, before, "nothing is kept");
        outcome
    }

    /// What the life insurer reads of the newest claim: who proved its evidence, which is one word for all of it.
    async fn seen(&self, after: &mut i64) -> Verification {
        let (envelope, opened) = open_all(self.test.life(), *after, self.test.clock.now()).await.pop().unwrap();
        *after = envelope.position;
        let first = opened.evidence[0].verified.clone();
        assert!(opened.evidence.iter().all(|one| one.verified == first));
        first
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_the_guide_is_accepted_and_the_insurer_reads_who_signed() {
    let story = Story::start().await;
    let (certificate, kid) = (story.desk.certificate_id(), story.desk.key.kid().to_owned());
    let mut after = 0;
    for (number, part, method, key) in [
        (1, "In the Bundle, PKCS#7", "source-signature-cms", &certificate),
        (2, "In the Bundle, JWS", "source-signature-jws", &kid),
        (3, "Beside the body", "source-signature-cms", &certificate),
        (4, "Over the request", "http-message-signature", &kid),
    ] {
        story.desk.put("bundle.json", &bytes(&case(&format!("SIGN-{number}"))));
        story.run(part);
        if number < 3 {
            let answer = story.test.push(&story.desk.read("signed.json"), &[]).await;
            let outcome = answer.json("outcome").unwrap();
            assert_eq!(answer.status, 201, "{part}: {outcome:#}");
            assert!(!codes(&outcome).iter().any(|code| code.starts_with("signature.")), "{part}: {outcome:#}");
        }
        let seen = story.seen(&mut after).await;
        assert_eq!((seen.method.as_str(), seen.key.as_ref()), (method, Some(key)), "{part}");
        assert_eq!(seen.result, "verified", "{part}");
    }
    assert_eq!(story.test.push(&bytes(&case("SIGN-5")), &[]).await.status, 201);
    let seen = story.seen(&mut after).await;
    assert_eq!((seen.method.as_str(), seen.result.as_str(), seen.key), ("authenticated-channel", "accepted", None));
    story.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_does_not_count_is_refused_and_nothing_is_kept() {
    let story = Story::start().await;
    let body = bytes(&case("CERT-1"));
    let mut tampered = body.clone();
    tampered.push(b' ');
    let good = story.desk.sign(&body);
    story.refused_for(&tampered, &good, "signature.invalid", "over other bytes").await;
    story.refused_for(&body, "bm9uZQ==", "signature.invalid", "Not a detached").await;
    let foreign = Desk::new(&story.authority, FOREIGN_CODE).sign(&body);
    story.refused_for(&body, &foreign, "signature.institution-mismatch", "another institution").await;
    let expired = Desk::with(&story.authority, HOSPITAL_CODE, 2022).sign(&body);
    story.refused_for(&body, &expired, "signature.invalid", "has expired").await;
    let unknown = Desk::new(&Authority::new(), HOSPITAL_CODE).sign(&body);
    story.refused_for(&body, &unknown, "signature.invalid", "No path").await;

    // A signature over the Bundle that is changed afterwards.
    story.desk.put("bundle.json", &body);
    story.run("In the Bundle, JWS");
    let mut signed: Value = serde_json::from_slice(&story.desk.read("signed.json")).unwrap();
    signed["timestamp"] = "2026-08-20T09:00:00+08:00".into();
    assert_eq!(story.refused(&bytes(&signed), &[]).await, ["signature.invalid"]);

    // The authority revokes the card; the running gateway reads the new list.
    story.authority.write_list(&[serial()], 2040);
    must(story.test.world.gateway.app.engine.authorities.reload());
    story.refused_for(&body, &good, "signature.invalid", "revoked").await;
    story.authority.write_list(&[], 2040);
    must(story.test.world.gateway.app.engine.authorities.reload());
    assert_eq!(story.test.push(&body, &[("Content-Signature", &good)]).await.status, 201);
    story.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_counts_for_its_address_its_body_and_a_registered_key() {
    let story = Story::start().await;
    let body = bytes(&case("REQUEST-1"));
    story.desk.put("bundle.json", &body);
    let headers = story.desk.sign_request(&format!("{}/fhir/Bundle", story.test.world.gateway.base_url()));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let other_body = story.refusal(&bytes(&case("REQUEST-2")), &headers).await;
    assert!(other_body.to_string().contains("Content-Digest"), "{other_body:#}");

    // The same signature at another address: by PUT, and as a dry run, which says so.
    let more = [&[("content-type", "application/fhir+json"), ("if-match", "W/\"1\"")], headers.as_slice()].concat();
    let hospital = &story.test.world.hospital;
    let tried = must(hospital.call(Method::POST, "/fhir/Bundle/$validate", &more, body.clone()).await);
    assert_eq!(tried.status, 200);
    assert!(codes(&tried.json("outcome").unwrap()).contains(&"signature.invalid".to_owned()));
    let posted = story.test.push(&body, &headers).await;
    assert_eq!(posted.status, 201);
    let id = posted.header("claimgate-claim-id").unwrap().replace("clm_", "");
    let put = must(hospital.call(Method::PUT, &format!("/fhir/Bundle/{id}"), &more, body).await);
    assert_eq!(
        (put.status.as_u16(), codes(&put.json("outcome").unwrap())),
        (422, vec!["signature.invalid".to_owned()])
    );

    // Host is nobody's word: the address is the configured one.
    let body = bytes(&case("REQUEST-3"));
    story.desk.put("bundle.json", &body);
    let address = format!("{}/fhir/Bundle", story.test.world.gateway.base_url());
    let signed = story.desk.sign_request(&address);
    let mut headers: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.push(("host", "evil.example"));
    assert_eq!(story.test.push(&body, &headers).await.status, 201);

    let stranger = Desk::new(&story.authority, HOSPITAL_CODE);
    let body = bytes(&case("REQUEST-4"));
    stranger.put("bundle.json", &body);
    let signed = stranger.sign_request(&address);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(story.refusal(&body, &headers).await.to_string().contains("No key registered"));
    story.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_sign_is_refused_without_and_told_so_beforehand() {
    let story = Story::start().await;
    story.require(true).await;
    let body = bytes(&case("REQUIRED-1"));
    assert_eq!(story.refused(&body, &[]).await, ["signature.required"]);
    let headers = [("content-type", "application/fhir+json")];
    let hospital = &story.test.world.hospital;
    let tried = must(hospital.call(Method::POST, "/fhir/Bundle/$validate", &headers, body.clone()).await);
    assert!(codes(&tried.json("outcome").unwrap()).contains(&"signature.required".to_owned()));
    // What cannot be checked does not make up for one.
    let other = [("Signature", "keyId=\"a\",signature=\"b\"")];
    assert!(story.refused(&body, &other).await.contains(&"signature.required".to_owned()));
    assert_eq!(story.test.push(&body, &[("Content-Signature", &story.desk.sign(&body))]).await.status, 201);
    story.require(false).await;
    let warned = story.test.push(&bytes(&case("REQUIRED-2")), &other).await;
    assert_eq!(warned.status, 201);
    assert!(codes(&warned.json("outcome").unwrap()).contains(&"signature.not-checked".to_owned()));

    // One hospital's certificate proves nothing for another, whose key is not registered there either.
    let new = NewParty { id: "hospital-b", role: Role::Hospital, number: FOREIGN_CODE, lines: vec![], consent: true };
    let (foreign, _) = story.test.register(new).await;
    let theirs = case("REQUIRED-3").to_string().replace(HOSPITAL_CODE, FOREIGN_CODE).into_bytes();
    let refused = push_as(&foreign, &theirs, &[("Content-Signature", &story.desk.sign(&theirs))]).await;
    let found = codes(&refused.json("outcome").unwrap());
    assert!(found.contains(&"signature.institution-mismatch".to_owned()), "{found:?}");
    story.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_proved_later_without_the_gateway() {
    let story = Story::start().await;
    story.desk.put("bundle.json", &bytes(&case("PROOF-1")));
    story.run("In the Bundle, PKCS#7");
    let pushed = story.test.push(&story.desk.read("signed.json"), &[]).await;
    assert_eq!(pushed.status, 201);
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    let plain = story.test.push(&bytes(&case("PROOF-2")), &[]).await;
    let unsigned = plain.header("claimgate-claim-id").unwrap().to_owned();
    story.authority.write_list(&[], 2024);
    let (authority, desk) = (story.authority, story.desk);
    let folder = story.test.stop().await;
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(desk.folder()).envs(authority.settings());
        must(command.env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path()).envs(database::settings(folder.path())).output())
    };

    let shown = run(&["signature", "show", &claim, "--out", "proof"]);
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["signatures"][0]["method"], "cms");
    assert_eq!(shown["signatures"][0]["institution"], HOSPITAL_CODE);
    assert_eq!(desk.read("proof/body"), desk.read("signed.json"));
    desk.command(
        "openssl cms -verify -binary -inform DER -in proof/signature-1.der -content proof/covered-1 -CAfile issuer.pem \
         -purpose any -out verified",
    );
    assert_eq!(desk.read("verified"), desk.read("covered"));
    assert_eq!(run(&["signature", "show", &unsigned]).status.code(), Some(1));

    // The list has ended by now, and doctor says which file.
    let doctor = run(&["doctor"]);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(text.contains("1 authorities, 1 revocation lists"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("MEND") && line.contains("list.crl")), "{text}");
    assert_eq!(doctor.status.code(), Some(4));
}

#[test]
fn folders_that_cannot_be_used_are_named_at_the_start() {
    let folder = must(tempfile::tempdir());
    let run = |arguments: &[&str], settings: &[(&str, &str)]| -> String {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(folder.path()).envs(settings.iter().copied());
        let output = must(
            command
                .env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path().join("data"))
                .envs(database::settings(folder.path().join("data")))
                .output(),
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["migrate", "up"], &[]);
    run(&["keys", "new", "token"], &[]);
    for name in ["empty", "text", "key"] {
        must(std::fs::create_dir(folder.path().join(name)));
    }
    must(std::fs::write(folder.path().join("text/a.pem"), "no certificate"));
    must(std::fs::write(folder.path().join("key/b.der"), [0x30, 3, 2, 1, 1]));
    let (dir, lists) = ("CLAIMGATE_SIGNATURES__AUTHORITIES_DIR", "CLAIMGATE_SIGNATURES__REVOCATION_LISTS_DIR");
    for (settings, words) in [
        (vec![(dir, "missing")], "missing cannot be read"),
        (vec![(dir, "empty")], "1 to 64 authorities"),
        (vec![(dir, "text")], "text/a.pem holds nothing"),
        (vec![(dir, "key")], "key/b.der: authority 0: not an X.509"),
        (vec![(lists, "empty")], "signatures: revocation_lists_dir needs authorities_dir"),
    ] {
        let doctor = run(&["doctor"], &settings);
        let named = doctor.lines().any(|line| line.starts_with("MEND") && line.contains(words));
        assert!(named, "{settings:?}: {doctor}");
    }
}
