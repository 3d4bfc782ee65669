//! What others need to know first: capabilities, where to get tokens, which keys the gateway signs with.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use claimgate_fhir::capability::capability_statement;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, PrivateJwk};
use claimgate_packet::open::TrustedKeys;
use serde::Serialize;

use super::fhir;
use super::problem::Problem;
use crate::access::assertion::algorithms;
use crate::access::dpop;
use crate::app::App;
use crate::flows::token::scopes_supported;
use crate::keys::ring::SigningUse;
use crate::party::AuthProfile;

/// The day the CapabilityStatement last changed.
const CAPABILITY_DATE: &str = "2026-11-23";

/// What a client needs to get a token (RFC 8414; SMART App Launch 2 §2.1).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AuthorizationServer"))]
pub struct Server {
    /// The gateway's address: what an insurer's or app's assertion names as `aud`.
    pub issuer: String,
    /// Where tokens are given: what a hospital's assertion names as `aud`.
    pub token_endpoint: String,
    /// Keys of access tokens.
    pub jwks_uri: String,
    /// `client_credentials` alone.
    pub grant_types_supported: [&'static str; 1],
    /// `private_key_jwt`, and client certificates where TLS is known to the gateway (RFC 8705).
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Algorithms of client assertions.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Whether tokens are bound to the client certificate of the connection (RFC 8705 §3.3).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Algorithms of proofs of the key a token is bound to (DPoP).
    pub dpop_signing_alg_values_supported: [&'static str; 2],
    /// Every scope there is.
    pub scopes_supported: Vec<&'static str>,
    /// None: there is no authorization endpoint.
    pub response_types_supported: Vec<&'static str>,
    /// What SMART asks to be named; absent in the form of RFC 8414.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<[&'static str; 2]>,
}

/// `GET /fhir/metadata`.
///
/// # Errors
/// 406 for a `_format` that is not written here.
pub async fn metadata(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    fhir::check_wanted(request.query_string())?;
    let base = format!("{}/fhir", app.engine.issuer);
    let statement = capability_statement(&base, env!("CARGO_PKG_VERSION"), CAPABILITY_DATE);
    Ok(fhir::answer(HttpResponse::Ok(), &statement))
}

/// `GET /.well-known/smart-configuration` (SMART App Launch 2 §2.1, Backend Services).
pub async fn smart(app: Data<App>) -> HttpResponse {
    let mut document = server(&app);
    document.capabilities = Some(["client-confidential-asymmetric", "permission-v2"]);
    HttpResponse::Ok().json(document)
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414).
pub async fn authorization_server(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(server(&app))
}

/// `GET /.well-known/jwks.json`: keys of access tokens.
pub async fn token_keys(app: Data<App>) -> HttpResponse {
    let keys = app.engine.ring.present().keys(SigningUse::Token).iter().map(PrivateJwk::public).collect();
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(JwkSet(keys).to_json())
}

/// `GET /.well-known/claim-packet-keys`: keys of packets, retired ones too, and the key of the public log.
pub async fn packet_keys(app: Data<App>) -> HttpResponse {
    let keys = app.engine.ring.present().keys(SigningUse::Packet).iter().map(PrivateJwk::public).collect();
    let trusted = TrustedKeys::new(app.engine.issuer.clone(), keys);
    let mut document = trusted.to_json();
    if let Some(members) = document.as_object_mut() {
        members.insert("log".to_owned(), app.engine.log.public().to_text().into());
    }
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(document)
}

fn server(app: &App) -> Server {
    let issuer = &app.engine.issuer;
    let profiles = [AuthProfile::Smart, AuthProfile::Fapi];
    let tls = &app.config.tls;
    let certificates = tls.is_on() || !tls.client_cert_from.is_empty();
    let mut methods = vec!["private_key_jwt"];
    if certificates {
        methods.extend(app.engine.tls.knows_authorities().then_some("tls_client_auth"));
        methods.push("self_signed_tls_client_auth");
    }
    let algorithms = profiles.into_iter().flat_map(algorithms).map(|alg| alg.as_str()).collect();
    Server {
        issuer: issuer.clone(),
        token_endpoint: format!("{issuer}/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: methods,
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        tls_client_certificate_bound_access_tokens: certificates,
        dpop_signing_alg_values_supported: dpop::ALGORITHMS.map(KeyAlg::as_str),
        scopes_supported: scopes_supported(),
        response_types_supported: Vec::new(),
        capabilities: None,
    }
}
