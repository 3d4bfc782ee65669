//! Who may go where: every route as every role, and every thing as another party of the same role.

use std::collections::BTreeSet;

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, must, open_all, post, push_as};
use reqwest::Method;
use serde_json::{Value, json};

/// Every route that needs a token, with the role it is for. A test below compares it with the route table.
const ROUTES: &[(&str, &str, Role)] = &[
    ("POST", "/fhir/Bundle", Role::Hospital),
    ("GET", "/fhir/Bundle", Role::Hospital),
    ("PUT", "/fhir/Bundle", Role::Hospital),
    ("POST", "/fhir/Bundle/$validate", Role::Hospital),
    ("POST", "/fhir/Bundle/_search", Role::Hospital),
    ("GET", "/fhir/Composition", Role::Hospital),
    ("POST", "/fhir/Composition/_search", Role::Hospital),
    ("GET", "/fhir/ClaimResponse", Role::Hospital),
    ("POST", "/fhir/ClaimResponse/_search", Role::Hospital),
    ("GET", "/fhir/Task", Role::Hospital),
    ("GET", "/fhir/Task/{claim}", Role::Hospital),
    ("POST", "/fhir/Task/{claim}/$records", Role::Hospital),
    ("GET", "/fhir/Bundle/{claim}", Role::Hospital),
    ("PUT", "/fhir/Bundle/{claim}", Role::Hospital),
    ("GET", "/fhir/Bundle/{claim}/_history/{revision}", Role::Hospital),
    ("GET", "/insurer/v1/deliveries", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attachments/{attachment}", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attachments/{attachment}/key", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attachments/{attachment}/content", Role::Insurer),
    ("POST", "/insurer/v1/deliveries/{delivery}/ack", Role::Insurer),
    ("POST", "/insurer/v1/acks", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/receipt", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/proof", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attempts", Role::Insurer),
    ("POST", "/insurer/v1/deliveries/{delivery}/redrive", Role::Insurer),
    ("GET", "/insurer/v1/endpoint", Role::Insurer),
    ("POST", "/insurer/v1/endpoint/redrive", Role::Insurer),
    ("GET", "/hospital/v1/claims/{claim}/deliveries", Role::Hospital),
    ("POST", "/hospital/v1/applications", Role::Hospital),
    ("POST", "/hospital/v1/application-pages", Role::Hospital),
    ("GET", "/hospital/v1/application-pages/apg_x", Role::Hospital),
    ("GET", "/hospital/v1/applications/apl_x", Role::Hospital),
    ("POST", "/hospital/v1/applications/apl_x/recipients/insurer-life/withdraw", Role::Hospital),
    ("POST", "/hospital/v1/uploads", Role::Hospital),
    ("GET", "/hospital/v1/uploads/{upload}", Role::Hospital),
    ("HEAD", "/hospital/v1/uploads/{upload}", Role::Hospital),
    ("PATCH", "/hospital/v1/uploads/{upload}", Role::Hospital),
    ("DELETE", "/hospital/v1/uploads/{upload}", Role::Hospital),
    ("POST", "/insurer/v1/submissions/{submission}/status", Role::Insurer),
    ("POST", "/insurer/v1/submissions/{submission}/payments", Role::Insurer),
    ("POST", "/insurer/v1/submissions/{submission}/supplements", Role::Insurer),
    ("GET", "/insurer/v1/submissions/{submission}/requests", Role::Insurer),
    ("POST", "/insurer/v1/requests/{request}/close", Role::Insurer),
    ("GET", "/hospital/v1/requests", Role::Hospital),
    ("GET", "/hospital/v1/requests/{request}", Role::Hospital),
    ("POST", "/hospital/v1/requests/{request}/answer", Role::Hospital),
    ("GET", "/claims/v1/claims/{claim_id}/requests", Role::App),
    ("POST", "/claims/v1/claims/{claim_id}/requests/{request}/answer", Role::App),
    ("POST", "/claims/v1/claims/{claim_id}/page", Role::App),
    ("GET", "/claims/v1/endpoint", Role::App),
    ("POST", "/claims/v1/endpoint/redrive", Role::App),
    ("GET", "/insurer/v1/submissions/{submission}/coordination", Role::Insurer),
    ("GET", "/insurer/v1/record-requests", Role::Insurer),
    ("POST", "/insurer/v1/record-requests", Role::Insurer),
    ("GET", "/insurer/v1/record-requests/{record}", Role::Insurer),
    ("GET", "/insurer/v1/record-requests/{record}/comparison", Role::Insurer),
    ("POST", "/insurer/v1/record-requests/{record}/close", Role::Insurer),
    ("POST", "/insurer/v1/requests/{records}/fee", Role::Insurer),
    ("POST", "/hospital/v1/requests/{records}/fee", Role::Hospital),
    ("POST", "/hospital/v1/requests/{records}/withdraw", Role::Hospital),
    ("GET", "/hospital/v1/requests/{records}/consent", Role::Hospital),
    ("GET", "/insurer/v1/submissions/{submission}", Role::Insurer),
    ("GET", "/insurer/v1/statements/{date}", Role::Insurer),
    ("GET", "/hospital/v1/statements/{date}", Role::Hospital),
    ("GET", "/insurer/v1/deadlines", Role::Insurer),
    ("GET", "/hospital/v1/deadlines", Role::Hospital),
    ("GET", "/insurer/v1/turnaround", Role::Insurer),
    ("GET", "/hospital/v1/turnaround", Role::Hospital),
    ("POST", "/hospital/v1/offsets", Role::Hospital),
    ("GET", "/hospital/v1/offsets/{offset}", Role::Hospital),
    ("PUT", "/hospital/v1/offsets/{offset}/bill", Role::Hospital),
    ("POST", "/hospital/v1/offsets/{offset}/instruction", Role::Hospital),
    ("POST", "/hospital/v1/offsets/{offset}/accept", Role::Hospital),
    ("POST", "/hospital/v1/offsets/{offset}/cancel", Role::Hospital),
    ("POST", "/hospital/v1/offsets/{offset}/death", Role::Hospital),
    ("POST", "/hospital/v1/offsets/{offset}/discharge", Role::Hospital),
    ("GET", "/insurer/v1/offsets", Role::Insurer),
    ("GET", "/insurer/v1/offsets/{offset}", Role::Insurer),
    ("POST", "/insurer/v1/offsets/{offset}/promise", Role::Insurer),
    ("POST", "/insurer/v1/offsets/{offset}/decline", Role::Insurer),
    ("POST", "/insurer/v1/offsets/{offset}/cancel", Role::Insurer),
    ("POST", "/insurer/v1/offsets/{offset}/settle", Role::Insurer),
    ("POST", "/insurer/v1/offsets/{offset}/refund", Role::Insurer),
    ("GET", "/hospital/v1/claims/{claim_id}/timeline", Role::Hospital),
    ("GET", "/insurer/v1/submissions/{submission}/timeline", Role::Insurer),
    ("GET", "/hospital/v1/events", Role::Hospital),
    ("GET", "/insurer/v1/events", Role::Insurer),
    ("GET", "/claims/v1/claims/{claim_id}/events", Role::App),
    ("POST", "/insurer/v1/submissions/{submission}/link", Role::Insurer),
    ("GET", "/insurer/v1/submissions/{submission}/trace", Role::Insurer),
    ("GET", "/hospital/v1/submissions/{submission}/trace", Role::Hospital),
    ("POST", "/insurer/v1/deliveries/{delivery}/return", Role::Insurer),
    ("GET", "/insurer/v1/alerts", Role::Insurer),
    ("POST", "/claims/v1/accidents", Role::App),
    ("GET", "/claims/v1/accidents/{claim_id}", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/papers", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/mydata", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/mydata/myd_x", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/linking", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/recipients/insurer-life/withdraw", Role::App),
    ("POST", "/claims/v1/uploads", Role::App),
    ("GET", "/claims/v1/uploads/upl_x", Role::App),
    ("HEAD", "/claims/v1/uploads/upl_x", Role::App),
    ("PATCH", "/claims/v1/uploads/upl_x", Role::App),
    ("DELETE", "/claims/v1/uploads/upl_x", Role::App),
    ("POST", "/claims/v1/cases", Role::App),
    ("GET", "/claims/v1/cases/cas_x", Role::App),
    ("PATCH", "/claims/v1/cases/cas_x", Role::App),
    ("POST", "/claims/v1/cases/cas_x/invitations", Role::App),
    ("POST", "/claims/v1/cases/cas_x/join", Role::App),
    ("GET", "/claims/v1/cases/cas_x/consents", Role::App),
    ("POST", "/claims/v1/cases/cas_x/submit", Role::App),
    ("POST", "/insurer/v1/accidents", Role::Insurer),
    ("GET", "/insurer/v1/accidents/{claim_id}", Role::Insurer),
    ("GET", "/claims/v1/accidents/{claim_id}/shops", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/shops", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/shops/{repair}/choose", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/shops/{repair}/withdraw", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/shops/{repair}/handover", Role::App),
    ("GET", "/shops/v1/jobs", Role::Shop),
    ("GET", "/shops/v1/jobs/{repair}", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/accept", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/decline", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/inspection", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/estimates", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/invoice", Role::Shop),
    ("POST", "/shops/v1/jobs/{repair}/handover", Role::Shop),
    ("GET", "/shops/v1/events", Role::Shop),
    ("GET", "/insurer/v1/repairs", Role::Insurer),
    ("GET", "/insurer/v1/repairs/{repair}", Role::Insurer),
    ("POST", "/insurer/v1/repairs/{repair}/inspection", Role::Insurer),
    ("POST", "/insurer/v1/repairs/{repair}/decision", Role::Insurer),
    ("POST", "/insurer/v1/repairs/{repair}/invoice", Role::Insurer),
    ("GET", "/claims/v1/accidents/{claim_id}/cover", Role::App),
    ("POST", "/claims/v1/accidents/{claim_id}/cover", Role::App),
    ("GET", "/insurer/v1/cover-key", Role::Insurer),
    ("POST", "/claims/v1/assessments", Role::App),
    ("POST", "/insurer/v1/assessments", Role::Insurer),
    ("GET", "/police/v1/uses", Role::Police),
    ("POST", "/police/v1/notices", Role::Police),
    ("POST", "/claims/v1/links", Role::App),
    ("GET", "/claims/v1/claims/{claim_id}/timeline", Role::App),
    ("POST", "/wallet/v1/sessions", Role::App),
    ("GET", "/wallet/v1/sessions/wse_x", Role::App),
    ("POST", "/mydata/v1/transactions", Role::App),
    ("GET", "/mydata/v1/transactions/myd_x", Role::App),
    ("GET", "/mydata/v1/transactions/myd_x/documents", Role::App),
    ("POST", "/identity/v1/challenges", Role::App),
    ("POST", "/identity/v1/identifications", Role::App),
    ("GET", "/identity/v1/claims/{claim_id}", Role::App),
    ("POST", "/mandates/v1/check", Role::Insurer),
    ("POST", "/mandates/v1/records", Role::Insurer),
    ("POST", "/mandates/v1/records/mdt_x/revoke", Role::Insurer),
    ("GET", "/operator/v1/parties", Role::Operator),
    ("GET", "/operator/v1/parties/insurer-life", Role::Operator),
    ("PUT", "/operator/v1/parties/insurer-life", Role::Operator),
    ("PATCH", "/operator/v1/parties/insurer-life", Role::Operator),
    ("GET", "/operator/v1/parties/insurer-life/endpoint", Role::Operator),
    ("PUT", "/operator/v1/parties/insurer-life/endpoint", Role::Operator),
    ("POST", "/operator/v1/parties/insurer-life/endpoint/rotate", Role::Operator),
    ("POST", "/operator/v1/parties/insurer-life/endpoint/resume", Role::Operator),
    ("POST", "/operator/v1/parties/insurer-life/endpoint/off", Role::Operator),
    ("POST", "/operator/v1/parties/insurer-life/endpoint/redrive", Role::Operator),
    ("GET", "/operator/v1/endpoints", Role::Operator),
    ("GET", "/operator/v1/dead-letters", Role::Operator),
    ("GET", "/operator/v1/deliveries/{delivery}/attempts", Role::Operator),
    ("GET", "/operator/v1/proposals", Role::Operator),
    ("GET", "/operator/v1/proposals/prp_x", Role::Operator),
    ("POST", "/operator/v1/proposals/prp_x/approve", Role::Operator),
    ("POST", "/operator/v1/proposals/prp_x/reject", Role::Operator),
    ("POST", "/operator/v1/proposals/prp_x/withdraw", Role::Operator),
    ("GET", "/operator/v1/trust/issuers", Role::Operator),
    ("POST", "/operator/v1/trust/issuers/revoke", Role::Operator),
    ("GET", "/operator/v1/trust/proposals", Role::Operator),
    ("POST", "/operator/v1/trust/proposals", Role::Operator),
    ("GET", "/operator/v1/trust/proposals/prp_x", Role::Operator),
    ("POST", "/operator/v1/trust/proposals/prp_x/approve", Role::Operator),
    ("POST", "/operator/v1/trust/proposals/prp_x/reject", Role::Operator),
    ("POST", "/operator/v1/trust/proposals/prp_x/withdraw", Role::Operator),
    ("POST", "/operator/v1/mandate-ends", Role::Operator),
    ("GET", "/operator/v1/alerts", Role::Operator),
    ("POST", "/operator/v1/alerts/alr_x/acknowledge", Role::Operator),
    ("GET", "/operator/v1/reports/consortium", Role::Operator),
    ("GET", "/operator/v1/audit", Role::Operator),
    ("GET", "/operator/v1/health", Role::Operator),
];

/// Routes of several roles: those besides the one of their row.
const ALSO: &[(&str, Role)] = &[("/mandates/v1/", Role::App)];

/// Routes anyone may read.
const PUBLIC: &[&str] = &[
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/oauth/token",
    "/.well-known/smart-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
    "/.well-known/claim-packet-keys",
    "/log/checkpoint",
    "/log/tile/{path:.*}",
    "/wallet/v1/requests/{id}",
    "/wallet/v1/responses/{id}",
    "/mydata/v1/notifications",
    "/mydata/v1/return",
    "/errors.json",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    // For people in a browser: a link, a session.
    "/apply",
    "/apply/link/{secret}",
    "/owner",
    "/owner/papers",
    "/owner/news",
    "/owner/link/{secret}",
    "/owner/mail/{link}",
    "/page/owner.js",
    "/page/style.css",
    "/page/sign.js",
];

/// An address without the names of its parameters.
fn pattern(path: &str) -> String {
    // A row may name what is there, where another role would not be told.
    let path = path
        .replace("insurer-life", "{}")
        .replace("prp_x", "{}")
        .replace("alr_x", "{}")
        .replace("cas_x", "{}")
        .replace("upl_x", "{}")
        .replace("wse_x", "{}")
        .replace("myd_x", "{}")
        .replace("mdt_x", "{}")
        .replace("apg_x", "{}")
        .replace("apl_x", "{}");
    let mut parts = path.split('{');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + "{}" + part.split_once('}').unwrap().1)
}

/// Every method of every address, as the route table has them.
fn table() -> BTreeSet<(String, String)> {
    let text = include_str!("../../gateway/src/http.rs");
    let mut routes = BTreeSet::new();
    for table in [
        "fn routes(",
        "fn accident_routes(",
        "fn identity_routes(",
        "fn shop_routes(",
        "fn life_routes(",
        "fn operator_routes(",
    ] {
        let table = text.split(table).nth(1).unwrap().split("\n}").next().unwrap();
        for service in table.split("at(").skip(1).map(str::trim_start) {
            let mut parts = service.split('"').skip(1);
            let (path, methods) = (parts.next().unwrap(), parts.nth(1).unwrap());
            routes.extend(methods.split(", ").map(|method| (method.to_owned(), path.to_owned())));
            assert_eq!(methods.split(", ").count(), service.matches(".route(").count(), "{path}");
        }
    }
    routes
}

#[test]
fn every_route_of_the_table_has_a_row_here() {
    let routes = table();
    assert!(routes.len() >= 40, "the route table was read ({} rows)", routes.len());
    let protected: BTreeSet<(String, String)> = routes
        .into_iter()
        .filter(|(_, path)| !PUBLIC.contains(&path.as_str()))
        .map(|(method, path)| (method, pattern(&path)))
        .collect();
    let rows: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), pattern(path))).collect();
    assert_eq!(protected, rows);
}

#[test]
fn the_published_description_names_the_same_roles() {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut described = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let row = ROUTES
                .iter()
                .find(|(known, route, _)| known.eq_ignore_ascii_case(method) && pattern(route) == pattern(path));
            match (operation.get("security"), row) {
                (None, None) => {}
                (Some(_), Some((_, _, role))) => {
                    assert_eq!(operation["tags"][0], role.as_str(), "{method} {path}");
                    described += 1;
                }
                _ => panic!("{method} {path}: open to all in one of the two only"),
            }
        }
    }
    // The rest is FHIR, which the CapabilityStatement describes.
    assert_eq!(described, ROUTES.iter().filter(|(_, path, _)| !path.starts_with("/fhir/")).count());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_gets_403_nobody_gets_401_another_party_gets_404() {
    let test = TestGateway::start().await;
    let pushed = test.push(&bytes(&case("ROLES-1")), &[]).await;
    let claim_id = pushed.header("claimgate-claim-id").unwrap();
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let attachment = opened.attachments().next().unwrap().id.clone();
    let due_on = claimgate_gateway::core::ledger::day(test.clock.now()).tomorrow().unwrap();
    let asked = json!({ "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": due_on });
    let path = format!("/insurer/v1/submissions/{}/supplements", envelope.submission_id);
    let asked = post(&test.life().client, &path, &asked).await.json("request").unwrap();
    let asked = asked["request_id"].as_str().unwrap().to_owned();
    let offset = crate::offsets::open(&test, claim_id, 1_000).await;
    let (record, records) = crate::records::asked(&test, &["hospital-demo"]).await;
    let fill = |path: &str| {
        path.replace("{claim}", claim_id.strip_prefix("clm_").unwrap())
            .replace("{claim_id}", claim_id)
            .replace("{delivery}", &envelope.id)
            .replace("{attachment}", &attachment)
            .replace("{submission}", &envelope.submission_id)
            .replace("{request}", &asked)
            .replace("{record}", &record)
            .replace("{records}", &records[0])
            .replace("{upload}", "upl_01a20795-d753-7615-8e9c-ec07a3131fba")
            .replace("{revision}", "1")
            .replace("{offset}", &offset)
            .replace("{repair}", "rpr_01a20795-d753-7615-8e9c-ec07a3131fba")
            .replace("{date}", "2026-01-01")
    };
    let number = "1101010012";
    let hospital = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let lines = vec![Line::HealthReimbursement];
    let other = NewParty { id: "insurer-other", role: Role::Insurer, number: "04595257", lines, consent: false };
    let app = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let others = [
        (Role::Hospital, test.register(hospital).await.0),
        (Role::Insurer, test.register(other).await.0),
        (Role::App, test.register(app).await.0),
        (Role::Shop, crate::shops::shop(&test, "shop-other", "53212513").await),
    ];
    let operator = test.operator("alice").await;
    let owner = |role| match role {
        Role::Operator => &operator,
        Role::Hospital => &test.world.hospital,
        Role::Insurer => &test.life().client,
        Role::Shop => &others[3].1,
        _ => &test.world.app,
    };
    let nobody = test.client(claimgate_gateway::sandbox::client::Identity {
        id: "nobody".to_owned(),
        profile: claimgate_gateway::party::AuthProfile::Fapi,
        key: must(claimgate_gateway::sandbox::demo::signing_key(Role::App, test.clock.now())),
    });
    for (method, path, role) in ROUTES {
        let path = fill(path);
        for asking in [Role::Hospital, Role::Insurer, Role::App, Role::Operator, Role::Shop] {
            let also = ALSO.iter().any(|(under, also)| path.starts_with(under) && *also == asking);
            if asking != *role && !also {
                assert_eq!(status(owner(asking), method, &path).await, 403, "{method} {path} as {asking:?}");
            }
        }
        assert_eq!(status(&nobody, method, &path).await, 401, "{method} {path} as nobody");
        let addressed = path.contains("clm_")
            || path.contains("dlv_")
            || path.contains("sub_")
            || path.contains("tsk_")
            || path.contains("rec_")
            || path.contains("off_")
            || path.contains("rpr_")
            || path.contains(claim_id.strip_prefix("clm_").unwrap());
        // Operators look after everybody's.
        if addressed && *role != Role::Operator {
            let (_, other) = others.iter().find(|(other, _)| other == role).unwrap();
            assert_eq!(status(other, method, &path).await, 404, "{method} {path} as another {role:?}");
        }
    }
    test.stop().await;
}

async fn status(client: &PartyClient, method: &str, path: &str) -> u16 {
    let (kind, body) = match path {
        path if path.contains("/fhir/") => ("application/fhir+json", bytes(&case("ROLES-1"))),
        path if path.ends_with("/shops") => {
            ("application/json", br#"{"shop":"shop-other","purpose":"quote","mandate":"M-1"}"#.to_vec())
        }
        path if path.contains("rpr_") => ("application/json", crate::shops::body_of(path)),
        path if path.ends_with("/papers") => {
            ("application/json", br#"{"item":"accident-scene-sketch","content":"JVBERi0xLjcK"}"#.to_vec())
        }
        path if path.ends_with("/mydata") => ("application/json", br#"{"person":"A234567893"}"#.to_vec()),
        path if path.ends_with("/linking") => ("application/json", br#"{"same":true}"#.to_vec()),
        path if path.ends_with("/return") => ("application/json", br#"{"reason":"other"}"#.to_vec()),
        path if path.ends_with("/link") => ("application/json", br#"{"rail":"paper","number":"P-1"}"#.to_vec()),
        path if path.ends_with("/status") => ("application/json", br#"{"state":"received"}"#.to_vec()),
        path if path.ends_with("/supplements") => (
            "application/json",
            br#"{"documents":[{"kind":"receipt"}],"to":"hospital","due_on":"2026-12-01"}"#.to_vec(),
        ),
        path if path.ends_with("/fee") && path.contains("/hospital/") => {
            ("application/json", br#"{"amount":"1"}"#.to_vec())
        }
        path if path.ends_with("/fee") => ("application/json", br#"{"accept":true,"amount":"1"}"#.to_vec()),
        path if path.ends_with("/close") => ("application/json", br#"{"result":"cancelled"}"#.to_vec()),
        path if path.starts_with("/claims/") && path.ends_with("/answer") => {
            ("application/json", br#"{"complete":true}"#.to_vec())
        }
        path if path.ends_with("/answer") => ("application/json", br#"{"result":"accepted"}"#.to_vec()),
        path if path.ends_with("/cover") => {
            ("application/json", br#"{"plate":"ABC-1234","ground":{"kind":"consent","reference":"C-1"}}"#.to_vec())
        }
        path if path.ends_with("/payments") => (
            "application/json",
            br#"{"kind":"final","amount":"1","value_date":"2026-01-01","reference":"R-1"}"#.to_vec(),
        ),
        path if path.ends_with("/bill") => ("application/json", br#"{"kind":"final","amount":"1"}"#.to_vec()),
        path if path.ends_with("/instruction") => (
            "application/json",
            br#"{"method":"paper","reference":"I-1","signed_at":"2026-01-01T00:00:00Z","by":"insured"}"#.to_vec(),
        ),
        path if path.contains("/hospital/v1/offsets/") && path.ends_with("/cancel") => {
            ("application/json", br#"{"by":"patient"}"#.to_vec())
        }
        path if path.ends_with("/death") || path.ends_with("/discharge") => {
            ("application/json", br#"{"on":"2026-01-01"}"#.to_vec())
        }
        path if path.ends_with("/promise") => {
            ("application/json", br#"{"amount":"1","expires_at":"2099-01-01T00:00:00Z"}"#.to_vec())
        }
        path if path.ends_with("/settle") || path.ends_with("/refund") => {
            ("application/json", br#"{"amount":"1","value_date":"2026-01-01","reference":"R-1"}"#.to_vec())
        }
        path if path.ends_with("/links") => {
            ("application/json", br#"{"tracking_code":"0000000000000000000000000"}"#.to_vec())
        }
        _ => ("application/json", b"{}".to_vec()),
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let headers = [("content-type", kind), ("if-match", "W/\"1\"")];
    must(client.call(method, path, &headers, body).await).status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hospitals_bundle_is_refused() {
    let test = TestGateway::start().await;
    let number = "1101010012";
    let other = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    let before = test.counts().await;
    let answer = push_as(&other, &bytes(&case("FOREIGN-1")), &[]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(codes(&answer.json("outcome").unwrap()), ["bundle.foreign-hospital"]);
    assert_eq!(test.counts().await, before);
    test.stop().await;
}
