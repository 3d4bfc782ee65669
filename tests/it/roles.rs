//! Who may go where: every route as every role, and every thing as another party of the same role.

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, must, open_all, push_as};
use reqwest::Method;

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
    ("GET", "/fhir/Bundle/{claim}", Role::Hospital),
    ("PUT", "/fhir/Bundle/{claim}", Role::Hospital),
    ("GET", "/fhir/Bundle/{claim}/_history/1", Role::Hospital),
    ("GET", "/insurer/v1/deliveries", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attachments/{attachment}", Role::Insurer),
    ("POST", "/insurer/v1/deliveries/{delivery}/ack", Role::Insurer),
    ("POST", "/insurer/v1/acks", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/receipt", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/proof", Role::Insurer),
    ("GET", "/insurer/v1/deliveries/{delivery}/attempts", Role::Insurer),
    ("POST", "/insurer/v1/deliveries/{delivery}/redrive", Role::Insurer),
    ("GET", "/insurer/v1/endpoint", Role::Insurer),
    ("POST", "/insurer/v1/endpoint/redrive", Role::Insurer),
    ("GET", "/hospital/v1/claims/{claim}/deliveries", Role::Hospital),
    ("POST", "/insurer/v1/submissions/{submission}/status", Role::Insurer),
    ("GET", "/insurer/v1/alerts", Role::Insurer),
    ("POST", "/claims/v1/links", Role::App),
    ("GET", "/claims/v1/claims/{claim_id}/timeline", Role::App),
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
    ("GET", "/operator/v1/alerts", Role::Operator),
    ("POST", "/operator/v1/alerts/alr_x/acknowledge", Role::Operator),
    ("GET", "/operator/v1/audit", Role::Operator),
    ("GET", "/operator/v1/health", Role::Operator),
];

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
    "/errors.json",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

#[test]
fn every_route_of_the_table_has_a_row_here() {
    let table = include_str!("../../gateway/src/http.rs");
    let pattern = |path: &str| path.split("/{").next().map(ToOwned::to_owned).unwrap_or_default();
    let mut rows = 0;
    for line in table.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix(".service(at(\"").or_else(|| line.strip_prefix("at(\""))
    }) {
        let path = line.split('"').next().unwrap();
        let known = PUBLIC.contains(&path) || ROUTES.iter().any(|(_, row, _)| pattern(row) == pattern(path));
        assert!(known, "{path} has no row in this test");
        rows += 1;
    }
    assert!(rows >= 19, "the route table was read ({rows} rows)");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_gets_403_nobody_gets_401_another_party_gets_404() {
    let test = TestGateway::start().await;
    let pushed = test.push(&bytes(&case("ROLES-1")), &[]).await;
    let claim_id = pushed.header("claimgate-claim-id").unwrap();
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let attachment = opened.attachments().next().unwrap().id.clone();
    let fill = |path: &str| {
        path.replace("{claim}", claim_id.strip_prefix("clm_").unwrap())
            .replace("{claim_id}", claim_id)
            .replace("{delivery}", &envelope.id)
            .replace("{attachment}", &attachment)
            .replace("{submission}", &envelope.submission_id)
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
    ];
    let operator = test.operator("alice").await;
    let owner = |role| match role {
        Role::Operator => &operator,
        Role::Hospital => &test.world.hospital,
        Role::Insurer => &test.life().client,
        _ => &test.world.app,
    };
    let nobody = test.client(claimgate_gateway::sandbox::client::Identity {
        id: "nobody".to_owned(),
        profile: claimgate_gateway::party::AuthProfile::Fapi,
        key: must(claimgate_gateway::sandbox::demo::signing_key(Role::App, test.clock.now())),
    });
    for (method, path, role) in ROUTES {
        let path = fill(path);
        for asking in [Role::Hospital, Role::Insurer, Role::App, Role::Operator] {
            if asking != *role {
                assert_eq!(status(owner(asking), method, &path).await, 403, "{method} {path} as {asking:?}");
            }
        }
        assert_eq!(status(&nobody, method, &path).await, 401, "{method} {path} as nobody");
        let addressed = path.contains("clm_")
            || path.contains("dlv_")
            || path.contains("sub_")
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
        path if path.ends_with("/status") => ("application/json", br#"{"state":"received"}"#.to_vec()),
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
