//! What is read at once is what is read step by step; what the careful reader refuses is never read at once.

use serde_json::{Value, json};

use super::*;
use crate::disclosure::Disclosure;
use crate::jose::base64url;

/// A document of each type, with as many of its members as one can have.
fn documents() -> Vec<(&'static str, Value)> {
    let patient = json!({"name": "王小明", "identifiers": [{"system": "urn:x", "value": "A123456789"}]});
    let institution = json!({"code": "1101010012", "name": "示範醫院"});
    let coding = json!({"system": "urn:fee", "code": "01", "display": "診察費"});
    let item = json!({"text": "診察費", "codings": [coding]});
    let receipt = json!({
        "number": "R-1", "copy": "original", "patient": patient, "institution": institution, "currency": "TWD",
        "key": {"institution": "1101010012", "number": "R-1", "date": "2026-01-02"}, "issued_on": "2026-01-02",
        "lines": [{
            "sequence": 1, "item": item, "payer": "self-pay", "amount": "1250", "unit_price": "1250",
            "quantity": {"value": "1", "unit": "次"}, "modifiers": [item], "material": {"code": coding, "name": "支架"}
        }],
        "reductions": [{"line": 1, "kind": "hospital", "reason": item, "amount": "10"}],
        "totals": {"self_pay": "1250", "nhi": "0", "unstated": "0"}
    });
    let with = |more: Value| {
        let mut document = json!({"patient": patient, "institution": institution});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let certificate = json!({"diagnoses": [{"codings": [coding], "text": "骨折"}], "physicians": [{"name": "林醫師"}]});
    let result = json!({"code": item, "status": "final", "value": {"text": "陰性"}});
    let drugs = json!([{"drug": item, "status": "active"}]);
    let section = json!({"level": 1, "code": item, "title": "病史"});
    let mut all = vec![
        (MEDICAL_RECEIPT, receipt),
        (DIAGNOSIS_CERTIFICATE, with(certificate)),
        (LAB_REPORT, with(json!({"code": item, "status": "final", "results": [result]}))),
        (PRESCRIPTION, with(json!({"act": "prescribed", "drugs": drugs}))),
        (MEDICAL_RECORD, with(json!({"code": item, "status": "final", "sections": [section]}))),
    ];
    all.extend(crate::evidence::accident::tests::papers());
    all
}

fn text(kind: &str, document: &Value) -> String {
    let value = json!({
        "type": kind, "schema": format!("{kind}/1"), "source": {"party": "hospital-1", "form": "test"},
        "obtained": "2026-01-01T00:00:00Z",
        "verified": {"method": "authenticated-channel", "result": "accepted", "at": "2026-01-01T00:00:00Z"},
        "attachments": [{"id": "att_1", "digest": "A".repeat(43), "media_type": "image/png", "bytes": 5}],
        "document": document,
    });
    json!(["salt", "evd_1", value]).to_string()
}

/// Step by step, as it is done without this module.
fn slowly(json: &str) -> Option<Evidence> {
    let read = Disclosure::read(&base64url::encode(json.as_bytes()))?;
    Evidence::from_json(read.name?, read.value).ok()
}

#[test]
fn both_ways_read_the_same() {
    for (kind, document) in documents() {
        let json = text(kind, &document);
        let value: Value = serde_json::from_str(&json).unwrap();
        let slowly = Evidence::from_json("evd_1".to_owned(), value[2].clone()).map_err(|error| error.to_string());
        assert!(Evidence::direct(json.as_bytes()) == Some(slowly.unwrap()), "{kind}");
    }
    let known = text(MEDICAL_RECEIPT, &documents()[0].1);
    assert!(Evidence::direct(known.as_bytes()).is_some());
    for other in
        [known.replace("medical-receipt", "moon-rock"), known.replace("/1", "/2"), known.replace("1250", "1 250")]
    {
        assert!(Evidence::direct(other.as_bytes()).is_none(), "{other}");
    }
}

/// Every object of a text, with something put in behind its opening brace.
fn with_more<'a>(json: &'a str, more: &'a str) -> impl Iterator<Item = String> + 'a {
    json.match_indices('{').map(move |(place, _)| format!("{}{more},{}", &json[..=place], &json[place + 1..]))
}

#[test]
fn an_unknown_member_or_one_that_stands_twice_is_never_read_at_once_wherever_it_is() {
    for (kind, document) in documents() {
        let json = text(kind, &document);
        for more in [r#""unknown":1"#, r#""_sd":[]"#, r#""...":"x""#, r#""\u0061":1"#] {
            for changed in with_more(&json, more) {
                assert!(Evidence::direct(changed.as_bytes()).is_none(), "{changed}");
            }
        }
        // Each member again behind itself.
        let value: Value = serde_json::from_str(&json).unwrap();
        for (name, value) in members(&value) {
            let member = format!("{}:{value}", json!(name));
            let twice = json.replacen(&member, &format!("{member},{member}"), 1);
            assert_ne!(twice, json, "{member}");
            assert!(Evidence::direct(twice.as_bytes()).is_none() && slowly(&twice).is_none(), "{twice}");
        }
    }
}

fn members(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, value)| [vec![(name.clone(), value.to_string())], members(value)].concat())
            .collect(),
        Value::Array(array) => array.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn other_shapes_are_left_to_the_careful_reader() {
    let json = text(MEDICAL_RECEIPT, &documents()[0].1);
    let document_first = {
        let value: Value = serde_json::from_str(&json).unwrap();
        let mut members = value[2].as_object().unwrap().clone();
        let kind = members.remove("type").unwrap();
        members.insert("type".to_owned(), kind);
        let order: Vec<String> = ["document", "type", "schema", "source", "obtained", "verified", "attachments"]
            .map(|name| format!("{}:{}", json!(name), members[name]))
            .to_vec();
        format!(r#"["salt","evd_1",{{{}}}]"#, order.join(","))
    };
    assert!(Evidence::direct(document_first.as_bytes()).is_none() && slowly(&document_first).is_some());
    for changed in [
        format!("{json} x"),
        json.replacen(']', ",1]", 1),
        json.replacen("\"salt\",", "", 1),
        json.replacen("\"salt\"", "1", 1),
        format!("{}{json}", " ".repeat(LONGEST)),
    ] {
        assert!(Evidence::direct(changed.as_bytes()).is_none());
    }
}
