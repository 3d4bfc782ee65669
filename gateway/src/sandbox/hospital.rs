//! A hospital's system: proves itself by SMART Backend Services and pushes bundles.

use reqwest::Method;
use serde_json::Value;

use super::client::{ClientError, PartyClient};

/// What the hospital learns of a push.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Status.
    pub status: u16,
    /// Where the bundle is now.
    pub location: String,
    /// The claim.
    pub claim_id: String,
    /// What the patient is given to follow the claim.
    pub tracking_code: String,
    /// Warnings.
    pub outcome: Value,
}

/// Pushes a bundle and asks for the outcome.
///
/// # Errors
/// A refusal, with the OperationOutcome as its reason.
pub async fn push(client: &PartyClient, bundle: &[u8], key: &str) -> Result<Pushed, ClientError> {
    let headers =
        [("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome"), ("idempotency-key", key)];
    let answer = client.call(Method::POST, "/fhir/Bundle", &headers, bundle.to_vec()).await?.expect("push", 201)?;
    let header = |name: &str| answer.header(name).map(ToOwned::to_owned).ok_or(ClientError::Form("push"));
    Ok(Pushed {
        status: answer.status.as_u16(),
        location: header("location")?,
        claim_id: header("claimgate-claim-id")?,
        tracking_code: header("claimgate-tracking-code")?,
        outcome: answer.json("push")?,
    })
}
