//! Refusals of what is disclosed: to whom, whether it belongs, whether it is what was granted, what it says.

use claimgate_packet::jose::{base64url, digest};
use serde_json::{Value, json};

use super::{BETA, Cases, Outcome, join, named, split};

pub(super) fn add(cases: &mut Cases<'_>) -> Outcome<()> {
    addresses(cases)?;
    belonging(cases)?;
    grants(cases)?;
    evidence(cases)
}

fn addresses(cases: &mut Cases<'_>) -> Outcome<()> {
    let (base, other) = (cases.base.clone(), cases.other.clone());
    cases.refused_inside("another recipient's packet, forwarded", "packet.not_addressed", &other)?;
    let (jwt, disclosures) = split(&base);
    let element = named(&disclosures, None)?;
    let without: Vec<&str> = disclosures.iter().filter(|one| **one != element).copied().collect();
    cases.refused_inside("no recipient disclosed", "packet.not_addressed", &join(jwt, &without))?;
    let second = named(&split(&other).1, None)?;
    cases.refused_inside("two recipients disclosed", "packet.not_addressed", &format!("{base}{second}~"))?;
    let text = cases.bench.sealed("alpha-p256", &base, |_| ())?;
    let wrong = json!({
        "name": "another line than the one asked for", "expect": "packet.not_addressed", "aud": super::ALPHA,
        "line": "life", "text": text
    });
    cases.list.push(wrong);
    let turned = with_element(cases, |grants| grants.reverse())?;
    cases.refused_inside("grants in another order", "packet.order", &turned)?;
    let twice = with_element(cases, |grants| grants.extend(grants.last().cloned()))?;
    cases.refused_inside("a grant twice", "packet.order", &twice)
}

fn belonging(cases: &mut Cases<'_>) -> Outcome<()> {
    let base = cases.base.clone();
    let (jwt, disclosures) = split(&base);
    let rock = named(&disclosures, Some("evd_rock"))?;
    let receipt = named(&disclosures, Some("evd_receipt"))?;
    let json = String::from_utf8(base64url::decode(rock).ok_or("no disclosure")?)?;
    let changed = base64url::encode(json.replace("grey", "green").as_bytes());
    cases.refused_inside("a disclosure changed", "packet.digest", &base.replace(rock, &changed))?;
    let foreign = base64url::encode(br#"["c2FsdA","evd_9",{}]"#);
    cases.refused_inside("a disclosure of nothing", "packet.digest", &format!("{base}{foreign}~"))?;
    cases.refused_inside("a disclosure that cannot be read", "packet.digest", &format!("{base}e30~"))?;
    let without: Vec<&str> = disclosures.iter().filter(|one| **one != receipt).copied().collect();
    cases.refused_inside("a part without its document", "packet.digest", &join(jwt, &without))?;
    cases.refused_inside("a disclosure twice", "packet.duplicate", &format!("{base}{rock}~"))?;
    let text = cases.resigned(|payload| {
        if let Some(digests) = payload.get_mut("evidence").and_then(|evidence| evidence["_sd"].as_array_mut()) {
            digests.extend(digests.first().cloned());
        }
    })?;
    cases.refused_inside("a digest twice", "packet.duplicate", &text)?;
    let again = base64url::encode(br#"["c2FsdA","evd_rock",{}]"#);
    let text = cases.resigned(|payload| {
        if let Some(digests) = payload.get_mut("evidence").and_then(|evidence| evidence["_sd"].as_array_mut()) {
            digests.push(digest::sha256_text(again.as_bytes()).into());
        }
    })?;
    cases.refused_inside("a name twice", "packet.duplicate", &format!("{text}{again}~"))
}

fn grants(cases: &mut Cases<'_>) -> Outcome<()> {
    let (base, other) = (cases.base.clone(), cases.other.clone());
    for (name, dropped) in [("a document left out", "evd_rock"), ("a part left out", "number")] {
        let (jwt, disclosures) = split(&base);
        let dropped = named(&disclosures, Some(dropped))?;
        let left: Vec<&str> = disclosures.iter().filter(|one| **one != dropped).copied().collect();
        cases.refused_inside(name, "packet.incomplete", &join(jwt, &left))?;
    }
    for (name, added) in [("a document that was not granted", "evd_rock"), ("a part that was not granted", "name")] {
        let added = named(&split(&base).1, Some(added))?;
        let text = cases.bench.sealed("alpha-p256", &format!("{other}{added}~"), |_| ())?;
        cases.list.push(json!({"name": name, "expect": "packet.not_granted", "aud": BETA, "text": text}));
    }
    Ok(())
}

/// Documents of a signed packet that do not say what they claim to be.
fn evidence(cases: &mut Cases<'_>) -> Outcome<()> {
    let rock = {
        let base = cases.base.clone();
        let rock = named(&split(&base).1, Some("evd_rock"))?.to_owned();
        String::from_utf8(base64url::decode(&rock).ok_or("no disclosure")?)?
    };
    for (name, from, to, code) in [
        ("a document that does not fit its schema", "moon-rock", "medical-receipt", "packet.schema"),
        ("evidence with a member nobody knows", "\"schema\"", "\"surprise\":1,\"schema\"", "packet.schema"),
        ("an evidence id of another form", "evd_rock", "../evd", "packet.schema"),
        ("an attachment without a digest", "\"digest\":\"", "\"digest\":\"=", "packet.attachment"),
    ] {
        let text = with_disclosure(cases, "evd_rock", &rock.replace(from, to))?;
        cases.refused_inside(name, code, &text)?;
    }
    Ok(())
}

/// The base packet with one disclosure replaced everywhere: in grants and payload too, signed well.
fn with_disclosure(cases: &Cases<'_>, name: &str, json: &str) -> Outcome<String> {
    let before = named(&split(&cases.base).1, Some(name))?.to_owned();
    let after = base64url::encode(json.as_bytes());
    let (old, new) = (digest::sha256_text(before.as_bytes()), digest::sha256_text(after.as_bytes()));
    let swap = |value: &mut Value| {
        if value.as_str() == Some(&old) {
            *value = new.as_str().into();
        }
    };
    let text = rebuilt(
        cases,
        |grants| {
            grants.iter_mut().for_each(swap);
            grants.sort_by(|one, next| one.as_str().cmp(&next.as_str()));
        },
        |digests| digests.iter_mut().for_each(swap),
    )?;
    Ok(text.replace(&before, &after))
}

fn with_element(cases: &Cases<'_>, change: impl FnOnce(&mut Vec<Value>)) -> Outcome<String> {
    rebuilt(cases, change, |_| ())
}

/// The base packet with other grants and other digests of evidence, signed well.
fn rebuilt(
    cases: &Cases<'_>,
    grants: impl FnOnce(&mut Vec<Value>),
    digests: impl FnOnce(&mut Vec<Value>),
) -> Outcome<String> {
    let before = named(&split(&cases.base).1, None)?.to_owned();
    let mut element: Value = serde_json::from_slice(&base64url::decode(&before).ok_or("no element")?)?;
    grants(element[1]["grants"].as_array_mut().ok_or("no grants")?);
    let after = base64url::encode(element.to_string().as_bytes());
    let (old, new) = (digest::sha256_text(before.as_bytes()), digest::sha256_text(after.as_bytes()));
    let text = cases.resigned(|payload| {
        if let Some(list) = payload.get_mut("evidence").and_then(|evidence| evidence["_sd"].as_array_mut()) {
            digests(list);
        }
        for place in payload.get_mut("recipients").and_then(Value::as_array_mut).into_iter().flatten() {
            if place["..."] == old {
                place["..."] = new.as_str().into();
            }
        }
    })?;
    Ok(text.replace(&before, &after))
}
