//! The life of the demo's claim around its packets: the patient applies, an insurer decides and pays; then who received what,
//! as the patient sees it, and the day's statement of the hospital.

use claimgate_adapters::hospital::HospitalBundle;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{ClientError, PartyClient};
use super::demo::Insurer;
use crate::core::ledger::day;

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(client: &PartyClient, path: &str, body: &Value, status: u16) -> Result<Value, ClientError> {
    client.call(Method::POST, path, &[JSON], body.to_string().into_bytes()).await?.expect("post", status)?.json("post")
}

async fn get(client: &PartyClient, path: &str) -> Result<Value, ClientError> {
    client.call(Method::GET, path, &[], Vec::new()).await?.expect("get", 200)?.json("get")
}

/// The patient of the bundle applies at the bedside and consents to each insurer; the application's id.
///
/// # Errors
/// A refusal.
pub async fn apply(
    hospital: &PartyClient,
    bundle: &HospitalBundle,
    insurers: &[Insurer],
) -> Result<String, ClientError> {
    let mut documents = bundle.documents.iter().filter_map(|document| document.to_json().ok());
    let patient = documents.find_map(|document| document.get("patient").cloned()).unwrap_or_default();
    let told = |name: &str| patient.get(name).cloned().unwrap_or_default();
    let recipients = insurers.iter().map(|one| json!({ "party": one.client.id(), "line": one.line }));
    let body = json!({
        "case_system": bundle.identifier.system, "case_number": bundle.identifier.value,
        "signed_at": hospital.now(), "channel": "bedside", "identified_by": "hospital",
        "insured": {
            "name": told("name"), "birth_date": told("birth_date"), "identifiers": told("identifiers"),
        },
        "applicant": { "capacity": "insured" }, "signature": { "kind": "paper", "reference": "SCAN-1" },
        "form": "demo consent form 2026-01", "recipients": recipients.collect::<Vec<_>>(),
    });
    let made = post(hospital, "/hospital/v1/applications", &body, 201).await?;
    made.get("id").and_then(Value::as_str).map(ToOwned::to_owned).ok_or(ClientError::Form("application"))
}

/// An insurer accepts a part of what is claimed, and pays that.
///
/// # Errors
/// A refusal.
pub async fn decide_and_pay(client: &PartyClient, submission: &str) -> Result<(), ClientError> {
    let today = day(client.now());
    let decision = json!({
        "decided_on": today, "decided_by": "健康險理賠科", "claimed": "1500", "accepted": "1200", "declined": "300",
        "lines": [
            { "receipt": "R-115-000123", "item": "病房費差額", "claimed": "1200", "accepted": "1200", "declined": "0" },
            { "receipt": "R-115-000123", "item": "證明書費", "claimed": "300", "accepted": "0", "declined": "300",
              "reasons": [{ "code": "non-medical-fee", "amount": "300" }] },
        ],
    });
    let path = format!("/insurer/v1/submissions/{submission}/status");
    post(client, &path, &json!({ "state": "partly-accepted", "decision": decision }), 200).await?;
    let payment = json!({
        "kind": "final", "amount": "1200", "value_date": today, "reference": "PAY-2026-000123",
        "payee": { "kind": "claimant-account" },
    });
    post(client, &format!("/insurer/v1/submissions/{submission}/payments"), &payment, 200).await?;
    Ok(())
}

/// Who received what, and the hospital's statement of the day.
///
/// # Errors
/// Anything but these.
pub async fn seen(hospital: &PartyClient, application: &str) -> Result<(Value, Value), ClientError> {
    let received = get(hospital, &format!("/hospital/v1/applications/{application}")).await?;
    let statement = get(hospital, &format!("/hospital/v1/statements/{}", day(hospital.now()))).await?;
    Ok((received, statement))
}
