//! An insurer's system: pulls deliveries, opens and verifies packets with its own keys, acknowledges with a signed
//! receipt, reports.

use claimgate_adapters::insurer::{AckBody, AckResult, Envelope, StatusBody};
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::open::{Opened, TrustedKeys, open};
use claimgate_packet::receipt::{self, Receipt};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;

use super::client::{ClientError, PartyClient};

/// Pulls what comes after a position, waiting for it.
///
/// # Errors
/// Anything but a list.
pub async fn pull(client: &PartyClient, after: i64, wait_seconds: u64) -> Result<Vec<Envelope>, ClientError> {
    let path = format!("/insurer/v1/deliveries?after={after}&wait={wait_seconds}");
    let mut answer = client.call(Method::GET, &path, &[], Vec::new()).await?.expect("pull", 200)?.json("pull")?;
    let list = answer.get_mut("deliveries").map(Value::take).ok_or(ClientError::Form("pull"))?;
    serde_json::from_value(list).map_err(|_| ClientError::Form("pull"))
}

/// Fetches a sealed packet.
///
/// # Errors
/// Anything but a packet.
pub async fn fetch(client: &PartyClient, delivery: &str) -> Result<String, ClientError> {
    let path = format!("/insurer/v1/deliveries/{delivery}");
    let answer = client.call(Method::GET, &path, &[], Vec::new()).await?.expect("fetch", 200)?;
    String::from_utf8(answer.body).map_err(|_| ClientError::Form("fetch"))
}

/// Fetches the attachments an opened packet names and opens each; gives how many bytes they are together.
///
/// # Errors
/// Anything but the files the packet names.
pub async fn attachments(
    client: &PartyClient,
    delivery: &str,
    opened: &Opened,
    keys: &[PrivateJwk],
) -> Result<usize, ClientError> {
    let mut bytes = 0;
    for named in opened.attachments() {
        let path = format!("/insurer/v1/deliveries/{delivery}/attachments/{}", named.id);
        let sealed = client.call(Method::GET, &path, &[], Vec::new()).await?.expect("attachment", 200)?.body;
        bytes += opened.attachment(&named.id, &sealed, keys)?.len();
    }
    Ok(bytes)
}

/// The gateway's packet keys, as published.
///
/// # Errors
/// Anything but a key list.
pub async fn trusted_keys(client: &PartyClient) -> Result<TrustedKeys, ClientError> {
    let path = "/.well-known/claim-packet-keys";
    let answer = client.call(Method::GET, path, &[], Vec::new()).await?.expect("packet keys", 200)?;
    TrustedKeys::parse(&answer.body).map_err(|_| ClientError::Form("packet keys"))
}

/// Opens and verifies a packet, every check in order.
///
/// # Errors
/// The first check that fails.
pub fn verify(
    client: &PartyClient,
    (sealed, envelope): (&str, &Envelope),
    keys: &[PrivateJwk],
    trust: &TrustedKeys,
    now: Timestamp,
) -> Result<Opened, ClientError> {
    Ok(open(sealed, keys, trust, client.id(), Some(envelope.line), now)?)
}

/// Acknowledges a delivery that was opened and verified, with a receipt signed by the client's key.
///
/// # Errors
/// A key that signs no receipts, anything but the acknowledged delivery.
pub async fn acknowledge(client: &PartyClient, delivery: &str, opened: &Opened) -> Result<(), ClientError> {
    let receipt = Receipt::accepted(delivery.to_owned(), opened, client.now());
    let body = AckBody {
        result: AckResult::Accepted,
        presentation_digest: Some(opened.presentation_digest.clone()),
        receipt: Some(receipt::sign(&receipt, client.key())?),
    };
    let path = format!("/insurer/v1/deliveries/{delivery}/ack");
    post(client, "acknowledge", &path, &body).await
}

/// Reports the status of a submission.
///
/// # Errors
/// Anything but the submission.
pub async fn report(client: &PartyClient, submission: &str, state: &str, number: &str) -> Result<(), ClientError> {
    let body = StatusBody { state: state.to_owned(), number: Some(number.to_owned()), ..StatusBody::default() };
    let path = format!("/insurer/v1/submissions/{submission}/status");
    post(client, "report", &path, &body).await
}

async fn post(
    client: &PartyClient,
    what: &'static str,
    path: &str,
    body: &impl serde::Serialize,
) -> Result<(), ClientError> {
    let bytes = serde_json::to_vec(body).map_err(|_| ClientError::Form(what))?;
    client.call(Method::POST, path, &[("content-type", "application/json")], bytes).await?.expect(what, 200)?;
    Ok(())
}
