//! The made-up issuer and wallet of the command line, as an app team runs them beside a sandbox: every fault they can be
//! told, and what the session says of it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use claimgate_gateway::clock::Clock;
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::shared::binary;
use serde_json::{Value, json};

/// `claimgate sandbox issuer`, while it is kept.
struct Office {
    child: Child,
    folder: tempfile::TempDir,
    place: String,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary());
        command.args(["sandbox", "issuer", "--listen", "127.0.0.1:0", "--folder"]).arg(folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let place = said.find_map(|line| Some(line.strip_prefix("stand_in = ")?.trim_matches('"').to_owned()));
        Self { child, folder, place: place.unwrap() }
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn begun(test: &TestGateway) -> Value {
    let consent = json!({ "what": ["駕照"], "with": ["平安產物"], "for": "車險理賠申請" });
    let body = json!({ "query": "driving-licence", "purpose": "motor-claim", "consent": consent });
    must(must(post(&test.world.app, "/wallet/v1/sessions", &body).await.expect("ask", 201)).json("session"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_team_tries_every_fault_by_the_command_line() {
    let office = Office::open();
    let settings = [
        ("CLAIMGATE_WALLET__ADDRESS", "https://gate.example".to_owned()),
        ("CLAIMGATE_WALLET__TRUST", office.folder.path().join("trust.toml").display().to_string()),
        ("CLAIMGATE_WALLET__STAND_IN", office.place.clone()),
    ];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    for (told, state, reason) in [
        (&[][..], "verified", ""),
        (&["--fault", "surplus", "--fault", "short"], "verified", ""),
        (&["--credential", "expired"], "refused", "credential_expired"),
        (&["--credential", "revoked"], "refused", "credential_revoked"),
        (&["--credential", "suspended"], "refused", "credential_suspended"),
        (&["--credential", "unknown"], "held", "status_unknown"),
        (&["--credential", "stale"], "held", "status_stale"),
        (&["--credential", "down"], "held", "status_unavailable"),
        (&["--credential", "slow"], "held", "status_unavailable"),
        (&["--credential", "forged-list"], "held", "status_untrusted"),
        (&["--credential", "wrong-key"], "refused", "issuer_signature_invalid"),
        (&["--credential", "stranger"], "refused", "issuer_untrusted"),
        (&["--fault", "nonce"], "refused", "nonce_mismatch"),
        (&["--fault", "audience"], "refused", "audience_mismatch"),
        (&["--fault", "no-consent"], "refused", "transaction_data_mismatch"),
        (&["--fault", "state"], "opened", ""),
        (&["--fault", "open"], "opened", ""),
        (&["--decline"], "refused", "wallet_error"),
    ] {
        let session = begun(&test).await;
        let mut command = Command::new(binary());
        command.args(["sandbox", "wallet", session["link"].as_str().unwrap()]).args(told);
        command.args(["--gateway", test.world.gateway.base_url(), "--issuer", &office.place]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("asks for urn:claimgate:driving-licence:1") && said.contains("平安產物"), "{said}");
        // A wallet learns that an answer was taken, not what came of it.
        let taken = matches!(state, "verified" | "held") || told == ["--decline"];
        assert_eq!(output.status.code(), Some(i32::from(!taken)), "{told:?}: {output:?}");
        let path = format!("/wallet/v1/sessions/{}", session["session_id"].as_str().unwrap());
        let read = must(get(&test.world.app, &path).await.json("session"));
        assert_eq!(
            (read["state"].as_str().unwrap(), read["reason"].as_str().unwrap_or_default()),
            (state, reason),
            "{told:?}"
        );
    }
    test.stop().await;
}
