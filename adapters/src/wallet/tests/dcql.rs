//! Queries against claims: paths, values, sets, and what was not asked for.

use std::collections::HashSet;

use super::*;
use crate::wallet::Reason;
use crate::wallet::oid4vp::dcql::evaluate::{drop_surplus, select};
use crate::wallet::oid4vp::dcql::{CredentialQuery, PathElement, Query, QueryError};
use crate::wallet::sdjwt::unfold::Step;

fn path(value: Value) -> Vec<PathElement> {
    serde_json::from_value(value).unwrap()
}

fn claims() -> Map<String, Value> {
    object(json!({
        "name": "Arthur Dent",
        "address": { "street_address": "42 Market Street", "locality": "Milliways", "postal_code": "12345" },
        "degrees": [{ "type": "Bachelor", "university": "Betelgeuse" }, { "type": "Master", "university": "Betelgeuse" }],
        "nationalities": ["British", "Betelgeusian"],
    }))
}

#[test]
fn paths_lead_where_the_specification_says() {
    let claims = claims();
    for (wanted, found) in [
        (json!(["name"]), vec![json!("Arthur Dent")]),
        (json!(["address", "street_address"]), vec![json!("42 Market Street")]),
        (json!(["degrees", null, "type"]), vec![json!("Bachelor"), json!("Master")]),
        (json!(["nationalities", 1]), vec![json!("Betelgeusian")]),
        (json!(["nationalities", 2]), vec![]),
        (json!(["name", 0]), vec![]),
        (json!(["name", null]), vec![]),
        (json!(["degrees", "type"]), vec![]),
        (json!(["absent"]), vec![]),
        (json!([0]), vec![]),
        (json!([null]), vec![]),
    ] {
        let found_here: Vec<Value> = select(&claims, &path(wanted.clone())).into_iter().cloned().collect();
        assert_eq!(found_here, found, "{wanted}");
    }
}

fn query(claims: &Value, sets: &Value) -> CredentialQuery {
    serde_json::from_value(json!({
        "id": "pid", "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] }, "claims": claims, "claim_sets": sets,
    }))
    .unwrap()
}

#[test]
fn values_and_claim_sets_decide() {
    let all = claims();
    let asks = |claims: Value, sets: Value| query(&claims, &sets).satisfied_by(&all).map(|found| found.len());
    assert_eq!(asks(json!([]), json!([])), Ok(0));
    assert_eq!(asks(json!([{ "path": ["name"], "values": ["Ford", "Arthur Dent"] }]), json!([])), Ok(1));
    let other = json!([{ "path": ["name"], "values": ["Ford"] }]);
    assert_eq!(asks(other, json!([])), Err(Reason::QueryNotSatisfied));
    let any = json!([{ "path": ["degrees", null, "type"], "values": ["Master"] }]);
    assert_eq!(asks(any, json!([])), Ok(1));
    let claims =
        json!([{ "id": "a", "path": ["name"] }, { "id": "b", "path": ["absent"] }, { "id": "c", "path": ["degrees"] }]);
    assert_eq!(asks(claims.clone(), json!([])), Err(Reason::QueryNotSatisfied));
    assert_eq!(asks(claims.clone(), json!([["a", "b"], ["a", "c"]])), Ok(2));
    assert_eq!(asks(claims, json!([["b"]])), Err(Reason::QueryNotSatisfied));
}

#[test]
fn credential_sets_have_options_and_optional_parts() {
    let one = |id: &str| json!({ "id": id, "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] } });
    let query: Query = serde_json::from_value(json!({
        "credentials": [one("a"), one("b"), one("c"), one("d")],
        "credential_sets": [{ "options": [["a"], ["b", "c"]] }, { "required": false, "options": [["d"]] }],
    }))
    .unwrap();
    assert_eq!(query.check(), Ok(()));
    let complete = |ids: &[&str]| query.complete_with(&ids.iter().copied().collect::<HashSet<_>>()).is_ok();
    assert!(complete(&["a"]) && complete(&["b", "c"]) && complete(&["a", "d"]));
    assert!(!complete(&["b"]) && !complete(&["d"]) && !complete(&[]));
    let all = Query { credential_sets: Vec::new(), ..query.clone() };
    assert!(all.complete_with(&["a", "b", "c", "d"].into_iter().collect()).is_ok());
    assert!(all.complete_with(&["a", "b", "c"].into_iter().collect()).is_err());
    let mut dangling = query.clone();
    dangling.credential_sets[0].options[0][0] = "x".to_owned();
    assert_eq!(dangling.check(), Err(QueryError::Dangling("x".to_owned())));
    let mut twice = query.clone();
    twice.credentials[1].id = "a".to_owned();
    assert_eq!(twice.check(), Err(QueryError::Id("a".to_owned())));
    let mut odd = query;
    odd.credentials[0].id = "ä".to_owned();
    assert!(matches!(odd.check(), Err(QueryError::Id(_))));
}

#[test]
fn what_nobody_asked_for_is_dropped_and_named() {
    let mut all = claims();
    let name = |text: &str| Step::Name(text.to_owned());
    let disclosed = vec![
        vec![name("name")],
        vec![name("address")],
        vec![name("address"), name("locality")],
        vec![name("nationalities"), Step::Index(0)],
        vec![name("nationalities"), Step::Index(1)],
    ];
    let asked = [path(json!(["address", "street_address"])), path(json!(["degrees"]))];
    let asked: Vec<&[PathElement]> = asked.iter().map(Vec::as_slice).collect();
    let surplus = drop_surplus(&mut all, &disclosed, &asked);
    assert_eq!(surplus, ["name", "address.locality", "nationalities.0", "nationalities.1"]);
    assert_eq!(all["nationalities"], json!([]));
    assert_eq!(all["address"], json!({ "street_address": "42 Market Street", "postal_code": "12345" }));
    assert!(!all.contains_key("name") && all.contains_key("degrees"));
}
