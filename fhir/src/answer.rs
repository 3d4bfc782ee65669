//! What goes back to a hospital: search results and the insurers' `ClaimResponse` (FHIR R4). No lookup, no clock.

use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use serde_json::{Value, json};

use crate::outcome::{Issue, IssueKind, OperationOutcome};

/// One insurer's handling of a claim, as its hospital sees it.
#[derive(Clone, Debug)]
pub struct Response {
    /// Logical id.
    pub id: String,
    /// The claim's case number (案件編號), FHIR Identifier.
    pub request: Value,
    /// When this state was reached, RFC 3339.
    pub created: String,
    /// The insurer's name.
    pub insurer_name: String,
    /// System and value of the insurer's number (統一編號).
    pub insurer_number: Option<(String, String)>,
    /// Line of insurance (險種).
    pub line: Line,
    /// State word of the submission (受理案件).
    pub state: &'static str,
}

/// One insurer's part in an offset at discharge (理賠抵繳), as its hospital sees it.
#[derive(Clone)]
pub struct Promise {
    /// What every response says; its `state` is the word of the case.
    pub of: Response,
    /// Id of the case.
    pub case: String,
    /// The state of the case in Chinese.
    pub state_zh: &'static str,
    /// Whether the insurer has answered.
    pub answered: bool,
    /// What it bears of the bill.
    pub bears: Twd,
    /// What it has paid of that.
    pub paid: Twd,
    /// Until when the promise can be accepted, RFC 3339.
    pub expires: Option<String>,
}

claimgate_packet::opaque_debug!(Promise);

/// A `searchset` Bundle of addresses and resources; `cut` says that more would fit than could be given.
#[must_use]
pub fn searchset(entries: Vec<(String, Value)>, cut: bool) -> Value {
    let total = entries.len();
    let mut entries: Vec<Value> = entries
        .into_iter()
        .map(|(full_url, resource)| json!({ "fullUrl": full_url, "resource": resource, "search": { "mode": "match" } }))
        .collect();
    if cut {
        let text = "More fits than one answer carries. Search by case number, or with a larger _count (at most 50).";
        let issue = Issue::warning(IssueKind::TooCostly, "search.cut", text);
        let outcome = OperationOutcome::from(issue).to_json();
        entries.push(json!({ "resource": outcome, "search": { "mode": "outcome" } }));
    }
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset" });
    if let Some(members) = bundle.as_object_mut() {
        // How many there are in all is not known where the search was cut.
        if !cut {
            members.insert("total".to_owned(), json!(total));
        }
        if !entries.is_empty() {
            members.insert("entry".to_owned(), Value::Array(entries));
        }
    }
    bundle
}

/// A `ClaimResponse`: outcome and a sentence, no amounts (the decision's figures are the insurer's to send).
#[must_use]
pub fn claim_response(response: &Response) -> Value {
    let (outcome, text, text_zh) = meaning(response.state);
    let mut insurer = json!({ "display": response.insurer_name });
    if let (Some((system, value)), Some(members)) = (&response.insurer_number, insurer.as_object_mut()) {
        members.insert("identifier".to_owned(), json!({ "system": system, "value": value }));
    }
    json!({
        "resourceType": "ClaimResponse",
        "id": response.id,
        "status": "active",
        "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional" }] },
        "subType": { "coding": [{ "system": "urn:claimgate:line", "code": response.line.as_str(), "display": response.line.chinese() }] },
        "use": "claim",
        // Whose claim it is stands in the claim itself; it is not repeated here.
        "patient": { "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }] },
        "created": response.created,
        "insurer": insurer,
        "request": { "type": "Claim", "identifier": response.request },
        "outcome": outcome,
        "disposition": format!("{text_zh} {text}"),
        "processNote": [{ "number": 1, "type": "display", "text": response.state }],
    })
}

/// The `ClaimResponse` of a promise: a preauthorization with what the insurer bears, since the hospital relies on it.
#[must_use]
pub fn promise_response(promise: &Promise) -> Value {
    let mut response = claim_response(&promise.of);
    let Some(members) = response.as_object_mut() else { return response };
    let total = |code: &str, amount: Twd| {
        json!({
            "category": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": code }] },
            "amount": { "value": number(amount), "currency": "TWD" },
        })
    };
    members.insert("use".to_owned(), json!("preauthorization"));
    members.insert("outcome".to_owned(), json!(if promise.answered { "complete" } else { "queued" }));
    members.insert("disposition".to_owned(), json!(format!("理賠抵繳 {}", promise.state_zh)));
    members.insert("preAuthRef".to_owned(), json!(promise.case));
    if let Some(expires) = &promise.expires {
        members.insert("preAuthPeriod".to_owned(), json!({ "end": expires }));
    }
    let totals = [total("benefit", promise.bears), total("paidtoprovider", promise.paid)];
    members.insert("total".to_owned(), json!(totals));
    response
}

/// An amount as FHIR's decimal. Below ten billion with two decimals no digit is lost on the way.
fn number(amount: Twd) -> Value {
    match amount.to_string().parse::<i64>() {
        Ok(whole) => json!(whole),
        Err(_) => serde_json::from_str(&amount.to_string()).unwrap_or(Value::Null),
    }
}

/// `ClaimResponse.outcome` and sentences for a state of a submission.
fn meaning(state: &str) -> (&'static str, &'static str, &'static str) {
    match state {
        "sent" => ("queued", "sent to the insurer", "已送達保險公司"),
        "withdrawn" => {
            ("queued", "taken back before it left; sent again once there is consent", "已收回，取得同意後重新送出")
        }
        "returned" => {
            ("error", "given back by the insurer as not its own: check the Coverage", "保險公司退件，請確認投保公司")
        }
        "received" => ("queued", "received by the insurer", "保險公司已收件"),
        "in-review" => ("partial", "being assessed", "審核中"),
        "supplement-requested" => ("partial", "papers are missing", "待補件"),
        "accepted" => ("complete", "accepted", "核賠"),
        "partly-accepted" => ("complete", "accepted in part", "部分核賠"),
        "declined" => ("complete", "declined", "拒賠"),
        "paid" => ("complete", "paid", "已給付"),
        "closed-incomplete" => ("complete", "closed: papers that were asked for did not come", "資料不齊結案"),
        "withdrawn-by-claimant" => ("complete", "withdrawn by the claimant", "申請人撤回"),
        "appealed" => ("partial", "the claimant objects to the decision", "申訴中"),
        "reopened" => ("partial", "taken up again", "重啟審核"),
        "closed" => ("complete", "closed", "結案"),
        // A state of a later build: nothing is claimed of it.
        _ => ("partial", "at the insurer", "保險公司處理中"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_has_what_fhir_requires() {
        let response = claim_response(&Response {
            id: "1".to_owned(),
            request: json!({ "value": "A" }),
            created: "2026-11-23T00:00:00Z".to_owned(),
            insurer_name: "某某人壽".to_owned(),
            insurer_number: Some(("https://gcis.nat.gov.tw".to_owned(), "12345675".to_owned())),
            line: Line::Accident,
            state: "declined",
        });
        for required in ["status", "type", "use", "patient", "created", "insurer", "outcome"] {
            assert!(response.get(required).is_some(), "{required}");
        }
        assert_eq!(response["outcome"], "complete");
    }

    #[test]
    fn what_was_given_back_is_no_closed_case() {
        let (outcome, text, chinese) = meaning("returned");
        assert_eq!((outcome, chinese.contains("退件")), ("error", true));
        assert_ne!(text, meaning("closed").1);
        assert_ne!(meaning("a-state-to-come").1, meaning("closed").1);
    }

    #[test]
    fn a_promise_says_what_the_insurer_bears() {
        let of = Response {
            id: "1".to_owned(),
            request: json!({ "value": "A" }),
            created: "2026-11-23T00:00:00Z".to_owned(),
            insurer_name: "某某人壽".to_owned(),
            insurer_number: None,
            line: Line::HealthReimbursement,
            state: "promised",
        };
        let promise = Promise {
            of,
            case: "off_1".to_owned(),
            state_zh: "已承諾",
            answered: true,
            bears: "700.5".parse().unwrap(),
            paid: Twd::ZERO,
            expires: Some("2026-11-25T00:00:00Z".to_owned()),
        };
        let response = promise_response(&promise);
        assert_eq!((&response["use"], &response["outcome"]), (&json!("preauthorization"), &json!("complete")));
        let amount = &response["total"][0]["amount"];
        assert_eq!((&amount["currency"], amount["value"].to_string().as_str()), (&json!("TWD"), "700.5"));
        assert_eq!(response["total"][1]["amount"]["value"].to_string(), "0");
    }

    #[test]
    fn an_empty_search_has_no_entry() {
        assert_eq!(searchset(Vec::new(), false), json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 }));
    }
}
