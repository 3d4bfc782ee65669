//! Every error names who failed and whether sending again helps, and every code stands in the one list.

use std::collections::BTreeSet;

use claimgate_fhir::outcome::CODES as FINDINGS;
use claimgate_gateway::core::handover::NotForwarded;
use claimgate_gateway::http::codes::{CODES, find, page, published};
use claimgate_packet::receipt::Refusal;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, codes, get, must, post};
use claimgate_tests::shared::project;
use reqwest::Method;
use serde_json::{Value, json};

/// Where a code is not written beside its problem: what a receipt is refused for has codes of its own.
const ELSEWHERE: &str = "reason.code()";

fn read(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap()
}

/// The sources of the HTTP interfaces, without their tests and the list itself.
fn sources() -> Vec<(String, String)> {
    let mut found = vec![("http.rs".to_owned(), read("gateway/src/http.rs"))];
    let entries = ["gateway/src/http", "gateway/src/http/accidents", "gateway/src/http/operator"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(project().join(folder)).unwrap());
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let production = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
            found.push((path.file_name().unwrap().to_string_lossy().into_owned(), production));
        }
    }
    assert!(found.len() > 15, "the sources were read");
    found
}

/// The first arguments of a call, as they are written.
fn arguments(text: &str) -> Vec<&str> {
    text.splitn(3, ',').map(str::trim).collect()
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// Every code with the status beside it, where there is one.
fn used() -> BTreeSet<(String, Option<u16>)> {
    let mut used = BTreeSet::new();
    for (file, text) in sources() {
        let name = match file.as_str() {
            "problem.rs" => "Self::new(",
            "oauth.rs" => "refusal(",
            _ => "Problem::new(",
        };
        for call in text.split(name).skip(1) {
            let [status, code, ..] = arguments(call)[..] else { panic!("{file}: {call}") };
            match quoted(code) {
                Some(code) => _ = used.insert((code.to_owned(), status.parse().ok())),
                // The definition of a function, or one that was given its code.
                None => assert!(
                    status.contains(':') || code == "code" || code == ELSEWHERE || code == "dpop::error(reason)",
                    "{file} takes a code from elsewhere: {code}"
                ),
            }
        }
        for call in text.split("unauthorized(").skip(1) {
            let code = arguments(call)[0];
            match quoted(code) {
                Some(code) => _ = used.insert((code.to_owned(), Some(401))),
                None => assert!(code.starts_with("code:"), "{file} takes a code from elsewhere: {code}"),
            }
        }
    }
    assert!(used.len() > 50, "{used:?}");
    used
}

/// Codes that are chosen where the answer is made, by what went wrong.
const NAMED: [&str; 34] = [
    "receipt.required",
    "receipt.result",
    "insurer.line-not-offered",
    "dpop.nonce",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "limit.requests",
    "limit.concurrent",
    "limit.bytes",
    "application.signed-at",
    "application.accident",
    "application.text",
    "accident.form",
    "application.insured",
    "application.applicant",
    "application.signature",
    "application.account",
    "application.third-account",
    "application.recipient",
    "application.other-person",
    "application.superseded",
    "records.no-consent",
    "records.beyond-consent",
    "records.other-person",
    "records.person",
    "records.consent",
    "records.hospital",
    "records.document",
    "records.line",
    "records.compare-with",
    "records.fee",
    "records.as-bundle",
    "records.nothing-asked",
    "bundle.nothing-to-withdraw",
];

#[test]
fn every_code_used_is_listed_and_every_code_listed_is_used() {
    let used = used();
    for (code, status) in &used {
        let listed = find(code).unwrap_or_else(|| panic!("{code} is not in gateway/src/http/codes/list.rs"));
        assert!(status.is_none_or(|status| listed.status.contains(&status)), "{code} is not listed with {status:?}");
    }
    let receipts = Refusal::ALL.iter().map(|refusal| refusal.code());
    let forwards = NotForwarded::ALL.iter().map(|reason| reason.code());
    let others: BTreeSet<&str> = receipts.chain(forwards).chain(NAMED).collect();
    for code in CODES {
        let known = used.iter().any(|(used, _)| used == code.code) || others.contains(code.code);
        assert!(known, "{} is listed and nowhere used", code.code);
    }
    for code in others {
        assert!(find(code).is_some(), "{code} is not in gateway/src/http/codes/list.rs");
    }
}

#[test]
fn the_list_is_whole() {
    let mut seen = BTreeSet::new();
    let published = published();
    for code in &published.codes {
        assert!(seen.insert(code.code), "{} stands twice", code.code);
        assert!(!code.status.is_empty() && !code.at.is_empty(), "{}", code.code);
        assert!(code.action.en.ends_with('.'), "{}", code.action.en);
        assert!(!code.action.zh.is_ascii(), "{}", code.code);
    }
    assert!(published.codes.len() > CODES.len() + 60, "findings are listed too");
    assert!(read("docs/errors.md") == page(), "write it again: see the head of docs/errors.md");
}

/// The codes in the first cells of the tables of a guide's part, each with the status of its row, where it has one.
fn documented(guide: &str, from: &str) -> Vec<(Option<u16>, String)> {
    let text = read(guide);
    let (_, part) = text.split_once(from).unwrap_or_else(|| panic!("{guide} has no {from}"));
    let mut found = Vec::new();
    for row in part.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let status = cells[1].parse().ok();
        let cell = if status.is_some() { cells[2] } else { cells[1] };
        let codes = cell.split('`').skip(1).step_by(2).filter(|code| !code.contains('…') && !code.contains(' '));
        found.extend(codes.map(|code| (status, code.to_owned())));
    }
    found
}

#[test]
fn every_code_of_the_guides_is_in_the_list() {
    let hospital = documented("docs/hospital.md", "\n## When something is refused");
    let token = documented("docs/hospital.md", "\n## Token");
    let token: Vec<_> = token.into_iter().filter(|(status, _)| matches!(status, Some(400 | 401))).collect();
    let insurer = documented("docs/insurer.md", "\n## When something is refused");
    assert!(hospital.len() > 150 && insurer.len() > 30 && token.len() > 10, "the tables were read");
    let published = published();
    for (status, code) in hospital.into_iter().chain(insurer).chain(token) {
        let Some(listed) = published.codes.iter().find(|listed| listed.code == code) else {
            // What refuses nothing: warnings and remarks.
            let own = [
                "consent_missing",
                "consent.not-given",
                "consent.other-person",
                "consent.not-named",
                "recipient.inactive",
                "recipient.no-key",
                "identity-too-weak",
                "claim.same-receipt",
                "bundle.exists",
                "search.cut",
                "ok",
            ];
            let warning = FINDINGS.iter().any(|finding| finding.code == code) || own.contains(&code.as_str());
            assert!(warning && status.is_none(), "{code} of a guide is in no list");
            continue;
        };
        assert!(status.is_none_or(|status| listed.status.contains(&status)), "{code} is not listed with {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_who_failed_in_each_of_its_shapes() {
    let test = TestGateway::start().await;
    let ack = post(&test.life().client, "/insurer/v1/deliveries/dlv_1/ack", &json!({})).await;
    let problem = ack.json("problem").unwrap();
    assert_eq!(problem["type"], "urn:claimgate:problem:not-found");
    assert_eq!((&problem["family"], &problem["retryable"]), (&json!("sender"), &json!("after-correction")));

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = must(test.world.app.call(Method::POST, "/oauth/token", &form, b"grant_type=x".to_vec()).await);
    let refused = refused.json("token").unwrap();
    assert_eq!(refused["error"], "unsupported_grant_type");
    assert_eq!((&refused["family"], &refused["retryable"]), (&json!("sender"), &json!("after-correction")));

    let outcome = test.push(b"{", &[]).await.json("outcome").unwrap();
    let said = json!([
        { "url": "urn:claimgate:family", "valueCode": "sender" },
        { "url": "urn:claimgate:retryable", "valueCode": "after-correction" },
    ]);
    assert_eq!((codes(&outcome), &outcome["extension"]), (vec!["json.syntax".to_owned()], &said));
    let xml = test.push(b"{", &[("accept", "application/fhir+xml")]).await;
    let text = String::from_utf8(xml.body).unwrap();
    let wanted = r#"<extension url="urn:claimgate:family"><valueCode value="sender"/></extension>"#;
    assert!(text.contains(wanted), "{text}");
    let accepted = test.push(&bytes(&case("FAMILY-1")), &[]).await.json("outcome").unwrap();
    assert_eq!(accepted["extension"], Value::Null, "nobody failed");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_are_public_and_need_not_be_fetched_twice() {
    let test = TestGateway::start().await;
    let nobody = test.client(claimgate_gateway::sandbox::client::Identity {
        id: "nobody".to_owned(),
        profile: claimgate_gateway::party::AuthProfile::Fapi,
        key: test.life().client.key().clone(),
    });
    for path in ["/errors.json", "/openapi.json"] {
        let first = get(&nobody, path).await;
        assert_eq!((first.status.as_u16(), first.header("cache-control")), (200, Some("public, max-age=3600")));
        let tag = first.header("etag").unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let headers = [("if-none-match", known.as_str())];
            let again = must(nobody.call(Method::GET, path, &headers, Vec::new()).await);
            assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, Some(tag)));
        }
        let other = [("if-none-match", "\"other\"")];
        assert_eq!(must(nobody.call(Method::GET, path, &other, Vec::new()).await).status, 200);
    }
    let errors = get(&nobody, "/errors.json").await.json("errors").unwrap();
    let withdrawn = errors["codes"].as_array().unwrap().iter().find(|code| code["code"] == "delivery.withdrawn");
    assert_eq!(withdrawn.unwrap()["family"], "recipient");
    test.stop().await;
}
