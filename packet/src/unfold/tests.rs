//! Disclosures in their places, and everything that belongs in none.

use serde_json::json;

use super::*;
use crate::jose::base64url;

fn disclosure(json: &Value) -> Disclosure {
    Disclosure::read(&base64url::encode(json.to_string().as_bytes())).unwrap()
}

fn member(name: &str, value: &Value) -> Disclosure {
    disclosure(&json!(["c2FsdA", name, value]))
}

fn element(value: &Value) -> Disclosure {
    disclosure(&json!(["c2FsdA", value]))
}

fn unfolded(payload: Value, disclosures: Vec<Disclosure>) -> Result<Value, Mismatch> {
    let Value::Object(map) = payload else { panic!("not an object") };
    unfold(map, disclosures).map(Value::Object)
}

#[test]
fn members_and_elements_take_the_place_of_their_digest() {
    let (name, first) = (member("name", &json!("A")), element(&json!(1)));
    let payload = json!({
        "_sd": [name.digest, "decoy"], "list": [{"...": first.digest}, {"...": "decoy2"}, 2], "plain": true
    });
    let expected = json!({"name": "A", "list": [1, 2], "plain": true});
    assert_eq!(unfolded(payload, vec![name, first]), Ok(expected));
}

#[test]
fn a_disclosure_inside_a_disclosure_is_found() {
    let inner = member("diagnosis", &json!("S52.5"));
    let deep = element(&json!({"_sd": [inner.digest], "open": 1}));
    let outer = member("evd_1", &json!({"lines": [{"...": deep.digest}]}));
    let payload = json!({"evidence": {"_sd": [outer.digest]}});
    let expected = json!({"evidence": {"evd_1": {"lines": [{"open": 1, "diagnosis": "S52.5"}]}}});
    assert_eq!(unfolded(payload.clone(), vec![inner, outer, deep]), Ok(expected));
    // The inner one without the outer one belongs nowhere.
    let inner = member("diagnosis", &json!("S52.5"));
    assert_eq!(unfolded(payload, vec![inner]), Err(Mismatch::Nowhere));
}

#[test]
fn what_stands_twice_or_nowhere_is_refused() {
    let name = || member("name", &json!("A"));
    let digest = name().digest;
    let twice = [
        (json!({"_sd": [digest, digest]}), vec![name()]),
        (json!({"_sd": ["decoy", "decoy"]}), vec![]),
        (json!({"_sd": [digest], "a": {"_sd": ["decoy"]}, "b": {"_sd": ["decoy"]}}), vec![name()]),
        (json!({"_sd": [digest]}), vec![name(), name()]),
        (json!({"_sd": [digest], "name": "B"}), vec![name()]),
    ];
    for (payload, disclosures) in twice {
        assert_eq!(unfolded(payload.clone(), disclosures), Err(Mismatch::Twice), "{payload}");
    }
    let nowhere = [
        (json!({}), vec![name()]),
        (json!({"_sd": digest}), vec![name()]),
        (json!({"_sd": [1]}), vec![]),
        (json!({"a": [{"...": 1}]}), vec![]),
        (json!({"a": [{"...": digest, "b": 1}]}), vec![name()]),
        (json!({"a": {"...": digest}}), vec![name()]),
        (json!({"_sd": [digest], "a": [{"...": digest}]}), vec![name()]),
    ];
    for (payload, disclosures) in nowhere {
        assert_eq!(unfolded(payload.clone(), disclosures), Err(Mismatch::Nowhere), "{payload}");
    }
}

#[test]
fn a_member_cannot_stand_for_an_element_nor_the_reverse() {
    let (name, first) = (member("name", &json!("A")), element(&json!(1)));
    assert_eq!(unfolded(json!({"list": [{"...": name.digest}]}), vec![name]), Err(Mismatch::Nowhere));
    assert_eq!(unfolded(json!({"_sd": [first.digest]}), vec![first]), Err(Mismatch::Nowhere));
}

#[test]
fn two_disclosures_of_one_name_at_one_level_are_refused() {
    let (one, two) = (member("name", &json!("A")), member("name", &json!("B")));
    assert_eq!(unfolded(json!({"_sd": [one.digest, two.digest]}), vec![one, two]), Err(Mismatch::Twice));
}

#[test]
fn a_chain_of_disclosures_ends_at_the_depth_limit() {
    let mut chain = vec![member("end", &json!(1))];
    for _ in 0..4000 {
        let digest = &chain.last().unwrap().digest;
        chain.push(member("next", &json!({"_sd": [digest]})));
    }
    let payload = json!({"_sd": [chain.last().unwrap().digest]});
    assert_eq!(unfolded(payload, chain), Err(Mismatch::Nowhere));
}
