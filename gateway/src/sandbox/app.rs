//! An app's backend: redeems the tracking code the patient was given and follows the claim.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{ClientError, PartyClient};

/// Links itself to the claim of a tracking code.
///
/// # Errors
/// A code that is unknown or used.
pub async fn link(client: &PartyClient, code: &str) -> Result<String, ClientError> {
    let body = json!({ "tracking_code": code }).to_string().into_bytes();
    let headers = [("content-type", "application/json")];
    let answer = client.call(Method::POST, "/claims/v1/links", &headers, body).await?.expect("link", 201)?;
    let claim = answer.json("link")?;
    claim.get("claim_id").and_then(Value::as_str).map(ToOwned::to_owned).ok_or(ClientError::Form("link"))
}

/// The timeline of a claim.
///
/// # Errors
/// A claim it is not linked to.
pub async fn timeline(client: &PartyClient, claim: &str) -> Result<Value, ClientError> {
    let path = format!("/claims/v1/claims/{claim}/timeline");
    client.call(Method::GET, &path, &[], Vec::new()).await?.expect("timeline", 200)?.json("timeline")
}
