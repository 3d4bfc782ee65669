//! Void and reissue: what a hospital takes back is told to everybody who holds it, with the reason and document by document;
//! what was decided or paid on it is flagged, and stays the insurer's.

use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_packet::evidence::{Document, RevisedDocument, RevisionNote, WithdrawalReason};
use claimgate_packet::open::Opened;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource, resources};
use claimgate_tests::gateway::{codes, get, open_all};
use serde_json::{Value, json};

use crate::decisions::{correcting, decision, report, said, standing};
use crate::payments::{pay, payment};

/// What an insurer has of a revision: the newest packet beyond a position, opened.
async fn newest(test: &TestGateway, one: &Insurer, after: i64) -> (i64, String, Opened) {
    let (envelope, opened) = open_all(one, after, test.clock.now()).await.pop().unwrap();
    (envelope.position, envelope.submission_id, opened)
}

fn note(opened: &Opened) -> Option<&RevisionNote> {
    opened.evidence.iter().find_map(|one| match &one.document {
        Document::RevisionNote(note) => Some(&**note),
        _ => None,
    })
}

/// Mark, type and reason of each document.
fn marks<'n>(note: &'n RevisionNote) -> Vec<(&'n str, &'n str, &'n str)> {
    let reason = |one: &'n RevisedDocument| one.reason.as_ref().map_or("", WithdrawalReason::as_str);
    note.documents.iter().map(|one| (one.mark.as_str(), one.kind.as_str(), reason(one))).collect()
}

fn kinds(opened: &Opened) -> Vec<&str> {
    let mut kinds: Vec<&str> = opened.evidence.iter().map(|one| one.document.kind()).collect();
    kinds.sort_unstable();
    kinds
}

async fn events(client: &PartyClient, path: &str) -> Vec<(String, Value)> {
    let view = get(client, path).await.json("timeline").unwrap();
    let all = view["timeline"].as_array().unwrap_or_else(|| panic!("{view}")).clone();
    all.into_iter().map(|one| (one["event"].as_str().unwrap().to_owned(), one["parameters"].clone())).collect()
}

fn has(events: &[(String, Value)], code: &str) -> bool {
    events.iter().any(|(event, _)| event == code)
}

fn claim_of(pushed: &Answer) -> String {
    assert!(pushed.status.is_success(), "{}", String::from_utf8_lossy(&pushed.body));
    pushed.header("claimgate-claim-id").unwrap().to_owned()
}

fn receipt(bundle: &mut Value) -> &mut Value {
    resource(bundle, "Claim")
}

/// The same receipt under another number, which names the one before.
fn reissued(number: &str) -> Value {
    let mut bundle = case(number);
    let claim = receipt(&mut bundle);
    let old = claim["identifier"][1]["value"].clone();
    claim["identifier"][1]["value"] = json!("R1150803-0999");
    claim["related"] = json!([{
        "claim": { "identifier": { "value": old } },
        "relationship": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship", "code": "prior",
        }] },
    }]);
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_was_paid_and_is_issued_again_is_flagged_and_stays_paid() {
    let test = TestGateway::start().await;
    let claim = claim_of(&test.push(&bytes(&case("VOID-1")), &[]).await);
    let (first, id, opened) = newest(&test, test.life(), 0).await;
    assert!(note(&opened).is_none(), "nothing is compared with nothing");
    let before = opened.packet_id.clone();
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    assert_eq!(said(&pay(&test, &id, &payment("final", "1500", "V-1")).await).1, "paid");
    assert_eq!(standing(&test, &id).await["flags"], json!([]));

    let pushed = test.push(&bytes(&reissued("VOID-1")), &[]).await;
    assert_eq!(claim_of(&pushed), claim);
    let (_, again, opened) = newest(&test, test.life(), first).await;
    assert_eq!(again, id);
    let told = note(&opened).unwrap();
    assert_eq!((&told.compared_with, told.voided), (&before, false));
    let marks = marks(told);
    assert!(marks.contains(&("new", "medical-receipt", "")), "{marks:?}");
    assert!(marks.contains(&("withdrawn", "medical-receipt", "reissued")), "{marks:?}");
    assert!(marks.contains(&("unchanged", "diagnosis-certificate", "")), "{marks:?}");
    let gone = told.documents.iter().find(|one| one.mark.as_str() == "withdrawn").unwrap();
    let new = told.documents.iter().find(|one| one.mark.as_str() == "new").unwrap();
    assert_eq!(gone.replaced_by, new.evidence);

    // The insurer's own state, its flag, and nobody else's.
    let kept = standing(&test, &id).await;
    assert_eq!(kept["state"], "paid");
    assert_eq!(kept["flags"][0]["flag"], "paid-on-withdrawn-evidence", "{kept}");
    assert_eq!(kept["flags"][0]["documents"][0]["reason"], "reissued");
    let own = events(&test.life().client, &format!("/insurer/v1/submissions/{id}/timeline")).await;
    assert!(has(&own, "evidence.withdrawn") && has(&own, "submission.flagged"), "{own:?}");
    let hospital = events(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/timeline")).await;
    assert!(has(&hospital, "evidence.withdrawn") && !has(&hospital, "submission.flagged"));
    // The accident insurer holds no receipt, or has decided nothing: it is not flagged.
    let (_, other, _) = newest(&test, test.nonlife(), 0).await;
    let view = get(&test.nonlife().client, &format!("/insurer/v1/submissions/{other}/timeline")).await;
    assert_eq!(view.json("timeline").unwrap()["flags"], json!([]));

    // Decided anew, the flag is gone; what was said before stays in the timeline.
    let anew = report(&test, &id, "partly-accepted", Some(correcting(1_200, 1))).await;
    assert_eq!(anew.status, 200, "{}", String::from_utf8_lossy(&anew.body));
    assert_eq!(standing(&test, &id).await["flags"], json!([]));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_revision_marks_what_changed_and_why_something_is_gone() {
    let test = TestGateway::start().await;
    claim_of(&test.push(&bytes(&case("VOID-2")), &[]).await);
    let (first, _, _) = newest(&test, test.life(), 0).await;
    // A corrected certificate under its own number, and a receipt that is cancelled because the money went back.
    let mut second = case("VOID-2");
    resource(&mut second, "Condition")["note"] = json!([{ "text": "更正：宜休養八週" }]);
    let claim = receipt(&mut second);
    claim["status"] = json!("cancelled");
    claim["extension"] = json!([{ "url": "urn:claimgate:withdrawal-reason", "valueCode": "refunded" }]);
    let pushed = test.push(&bytes(&second), &[]).await;
    claim_of(&pushed);
    assert!(codes(&pushed.json("outcome").unwrap()).contains(&"document.withdrawn".to_owned()));
    let (second, _, opened) = newest(&test, test.life(), first).await;
    let told = marks(note(&opened).unwrap());
    assert!(told.contains(&("changed", "diagnosis-certificate", "")), "{told:?}");
    assert!(told.contains(&("withdrawn", "medical-receipt", "refunded")), "{told:?}");
    assert!(!kinds(&opened).contains(&"medical-receipt"));
    // It is there again, as it was: new for who had lost it.
    claim_of(&test.push(&bytes(&reissued("VOID-2")), &[]).await);
    let (third, _, opened) = newest(&test, test.life(), second).await;
    let told = marks(note(&opened).unwrap());
    assert!(told.contains(&("new", "medical-receipt", "")) && !told.iter().any(|one| one.0 == "withdrawn"), "{told:?}");
    // Left out without a word.
    let mut fourth = reissued("VOID-2");
    fourth["entry"].as_array_mut().unwrap().retain(|entry| {
        entry["resource"]["resourceType"] != "DiagnosticReport" && entry["resource"]["resourceType"] != "Observation"
    });
    claim_of(&test.push(&bytes(&fourth), &[]).await);
    let listed = get(&test.life().client, &format!("/insurer/v1/deliveries?after={third}&wait=1")).await;
    let listed = listed.json("list").unwrap();
    if listed["deliveries"].as_array().is_some_and(|all| !all.is_empty()) {
        let (_, _, opened) = newest(&test, test.life(), third).await;
        let told = marks(note(&opened).unwrap());
        assert!(told.contains(&("withdrawn", "lab-report", "left-out")), "{told:?}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_case_is_taken_back_and_comes_again() {
    let test = TestGateway::start().await;
    let void = |number: &str| {
        let mut bundle = case(number);
        resource(&mut bundle, "Composition")["status"] = json!("entered-in-error");
        bytes(&bundle)
    };
    // What was never here is not taken back, and nothing is kept.
    let before = test.counts().await;
    let refused = test.push(&void("VOID-3"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(codes(&refused.json("outcome").unwrap()).contains(&"bundle.nothing-to-withdraw".to_owned()));
    assert_eq!(test.counts().await, before);

    let claim = claim_of(&test.push(&bytes(&case("VOID-3")), &[]).await);
    let (first, id, _) = newest(&test, test.life(), 0).await;
    let (other, of_other, _) = newest(&test, test.nonlife(), 0).await;
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    claim_of(&test.push(&void("VOID-3"), &[]).await);
    let mut taken_back = Vec::new();
    for (one, after, submission) in [(test.life(), first, &id), (test.nonlife(), other, &of_other)] {
        let (position, _, opened) = newest(&test, one, after).await;
        taken_back.push(position);
        let told = note(&opened).unwrap();
        assert!(told.voided && told.documents.iter().all(|one| one.mark.as_str() == "withdrawn"));
        assert_eq!(kinds(&opened), ["revision-note"]);
        let seen = events(&one.client, &format!("/insurer/v1/submissions/{submission}/timeline")).await;
        assert!(has(&seen, "claim.voided"), "{seen:?}");
    }
    let kept = standing(&test, &id).await;
    assert_eq!(
        (&kept["state"], &kept["flags"][0]["flag"]),
        (&json!("accepted"), &json!("decided-on-withdrawn-evidence"))
    );
    let hospital = events(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/timeline")).await;
    assert!(has(&hospital, "claim.voided"));
    // The same again takes nothing more back.
    let counts = test.counts().await;
    claim_of(&test.push(&void("VOID-3"), &[]).await);
    assert_eq!(test.counts().await.deliveries, counts.deliveries);

    // Sent again after all: a packet as the first one.
    let mut again = case("VOID-3");
    again["timestamp"] = json!("2026-11-23T09:59:00+08:00");
    claim_of(&test.push(&bytes(&again), &[]).await);
    let (_, _, opened) = newest(&test, test.life(), taken_back[0]).await;
    assert!(kinds(&opened).contains(&"medical-receipt") && note(&opened).is_none());
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_recipient_any_more_is_told_without_a_packet() {
    let test = TestGateway::start().await;
    claim_of(&test.push(&bytes(&case("VOID-4")), &[]).await);
    let (other, submission, _) = newest(&test, test.nonlife(), 0).await;
    let mut second = case("VOID-4");
    resource(&mut second, "Condition")["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
    for condition in resources(&mut second, "Condition") {
        condition["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
    }
    let nonlife =
        second["entry"].as_array().unwrap().iter().rposition(|it| it["resource"]["resourceType"] == "Coverage");
    let gone = second["entry"].as_array_mut().unwrap().remove(nonlife.unwrap());
    let insurance = receipt(&mut second)["insurance"].as_array_mut().unwrap();
    insurance.retain(|one| one["coverage"]["reference"] != gone["fullUrl"]);
    claim_of(&test.push(&bytes(&second), &[]).await);
    let path = format!("/insurer/v1/submissions/{submission}/timeline");
    let seen = events(&test.nonlife().client, &path).await;
    let (_, told) = seen.iter().find(|(event, _)| event == "evidence.withdrawn").unwrap();
    assert_eq!((&told["reasons"], &told["documents"]), (&json!(["entered-in-error"]), &json!(1)), "{seen:?}");
    let list = get(&test.nonlife().client, &format!("/insurer/v1/deliveries?after={other}")).await;
    assert_eq!(list.json("list").unwrap()["deliveries"], json!([]), "no packet goes where no consent leads");
    // What is changed later and not taken back is none of its business.
    let mut third = second.clone();
    third["timestamp"] = json!("2026-11-23T09:58:00+08:00");
    claim_of(&test.push(&bytes(&third), &[]).await);
    let again = events(&test.nonlife().client, &path).await;
    assert_eq!(
        again.iter().filter(|(event, _)| event == "evidence.withdrawn").count(),
        2,
        "said again by the hospital"
    );
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_printed_again_is_the_same_receipt() {
    let test = TestGateway::start().await;
    claim_of(&test.push(&bytes(&case("VOID-5")), &[]).await);
    let (first, id, _) = newest(&test, test.life(), 0).await;
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    let mut reprint = case("VOID-5");
    receipt(&mut reprint)["subType"] = json!({ "text": "補發" });
    claim_of(&test.push(&bytes(&reprint), &[]).await);
    let listed = get(&test.life().client, &format!("/insurer/v1/deliveries?after={first}&wait=1")).await;
    if listed.json("list").unwrap()["deliveries"].as_array().is_some_and(|all| !all.is_empty()) {
        let (_, _, opened) = newest(&test, test.life(), first).await;
        let told = marks(note(&opened).unwrap());
        assert!(told.iter().all(|one| one.0 == "unchanged"), "{told:?}");
    }
    assert_eq!(standing(&test, &id).await["flags"], json!([]));
    // Under another case number both are kept, and it is said.
    let other = test.push(&bytes(&case("VOID-6")), &[]).await;
    assert!(codes(&other.json("outcome").unwrap()).contains(&"claim.same-receipt".to_owned()));
    // Another year's receipt of the same number is another receipt.
    let mut later = case("VOID-7");
    receipt(&mut later)["created"] = json!("2025-08-03");
    let later = test.push(&bytes(&later), &[]).await;
    assert!(!codes(&later.json("outcome").unwrap()).contains(&"claim.same-receipt".to_owned()));
    test.stop().await;
}
