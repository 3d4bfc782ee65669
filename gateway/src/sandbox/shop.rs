//! A repair shop's system: takes the jobs it is invited to, has the inspection waived, estimates, invoices what was approved,
//! hands the vehicle over. It knows of a job what the gateway tells it.

use claimgate_packet::amount::Twd;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, ClientError, PartyClient};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// One line of an estimate: its number, kind, words, and its amount before tax.
pub type Line<'a> = (u32, &'a str, &'a str, i64);

/// The shop's jobs.
///
/// # Errors
/// Anything but a list.
pub async fn jobs(client: &PartyClient) -> Result<Vec<Value>, ClientError> {
    let answer = client.call(Method::GET, "/shops/v1/jobs", &[], Vec::new()).await?.expect("jobs", 200)?;
    answer.json("jobs")?.get("jobs").and_then(Value::as_array).cloned().ok_or(ClientError::Form("jobs"))
}

/// A job.
///
/// # Errors
/// One it is not or no longer in.
pub async fn job(client: &PartyClient, id: &str) -> Result<Value, ClientError> {
    let path = format!("/shops/v1/jobs/{id}");
    client.call(Method::GET, &path, &[], Vec::new()).await?.expect("job", 200)?.json("job")
}

/// Makes a step of a job, and gives whatever is answered.
///
/// # Errors
/// The network.
pub async fn step(client: &PartyClient, id: &str, what: &str, body: &Value) -> Result<Answer, ClientError> {
    let path = format!("/shops/v1/jobs/{id}/{what}");
    client.call(Method::POST, &path, &JSON, body.to_string().into_bytes()).await
}

/// An estimate of a vehicle, every line taxed with 5 %.
#[must_use]
pub fn estimate(number: &str, on: Date, plate: &str, lines: &[Line<'_>]) -> Value {
    let line = |(line, kind, text, amount): &Line<'_>| {
        let (amount, tax) = (Twd::from_hundredths(amount * 100), Twd::from_hundredths(amount * 5));
        match *kind {
            "parts" => json!({
                "line": line, "kind": kind, "operation": "replace", "text": text, "quantity": 1, "price": amount,
                "part": { "number": format!("P-{line:04}"), "source": "original" }, "amount": amount, "tax": tax,
            }),
            _ => json!({
                "line": line, "kind": kind, "operation": "repair", "text": text, "hours": "1", "rate": amount,
                "amount": amount, "tax": tax,
            }),
        }
    };
    let of = |wanted: Option<&str>| {
        let found = lines.iter().filter(|(_, kind, ..)| wanted.is_none_or(|wanted| wanted == *kind));
        found.map(|(.., amount)| amount).sum::<i64>()
    };
    let net = of(None);
    let sum = |kind| Twd::from_hundredths(of(Some(kind)) * 100);
    json!({
        "number": number, "on": on, "vehicle": { "plate": plate },
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
        "totals": {
            "labour": sum("labour"), "parts": sum("parts"), "paint": sum("paint"), "other": sum("other"),
            "net": Twd::from_hundredths(net * 100), "tax": Twd::from_hundredths(net * 5),
            "gross": Twd::from_hundredths(net * 105),
        },
    })
}

/// An invoice of these lines, each taxed with 5 %.
#[must_use]
pub fn invoice(number: &str, on: Date, seller: &str, lines: &[(u32, i64)]) -> Value {
    let line = |(line, amount): &(u32, i64)| json!({ "line": line, "amount": Twd::from_hundredths(amount * 100), "tax": Twd::from_hundredths(amount * 5) });
    let net: i64 = lines.iter().map(|(_, amount)| amount).sum();
    json!({
        "number": number, "on": on, "seller": seller, "lines": lines.iter().map(line).collect::<Vec<_>>(),
        "totals": {
            "net": Twd::from_hundredths(net * 100), "tax": Twd::from_hundredths(net * 5),
            "gross": Twd::from_hundredths(net * 105),
        },
    })
}

/// Takes a job, asks for no inspection, and sends a plain estimate of the vehicle it is told of.
///
/// # Errors
/// A refusal, with its reason.
pub async fn begin(client: &PartyClient, id: &str, on: Date, lines: &[Line<'_>]) -> Result<Value, ClientError> {
    step(client, id, "accept", &json!({})).await?.expect("accept", 200)?;
    let told = job(client, id).await?;
    let plate = told.pointer("/plates/0").and_then(Value::as_str).ok_or(ClientError::Form("job"))?;
    if told.get("purpose").and_then(Value::as_str) == Some("repair") {
        let waiver = json!({ "kind": "waiver", "note": "損傷輕微，附照片摘要" });
        step(client, id, "inspection", &waiver).await?.expect("inspection", 200)?;
    }
    let body = estimate("EST-1", on, plate, lines);
    step(client, id, "estimates", &body).await?.expect("estimate", 200)?.json("estimate")
}
