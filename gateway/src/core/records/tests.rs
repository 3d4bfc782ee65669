//! Steps of a record request, and what a consent does not cover.

use claimgate_fhir::taiwan;
use serde_json::{Value, json};

use super::bound::faults;
use super::*;
use crate::keys::index::BlindIndex;
use crate::party::{Party, PartyIdentifier, PartyState, Registration, Role};

const NOW: &str = "2026-11-23T02:00:00Z";

fn wanted(kinds: &[DocumentKind]) -> Vec<Wanted> {
    kinds.iter().map(|kind| Wanted { kind: *kind, note: None }).collect()
}

fn party(id: &str, role: Role, number: (&str, &str), lines: &[Line]) -> Party {
    let mut registration = Registration::new(id, role, id, json!({ "keys": [] }));
    registration.lines = lines.to_vec();
    registration.identifiers = vec![PartyIdentifier { system: number.0.to_owned(), value: number.1.to_owned() }];
    Party::new(registration, PartyState::Invited, 1).unwrap()
}

fn twd(text: &str) -> Twd {
    text.parse().unwrap()
}

fn fee(amount: &str) -> FeeBody {
    FeeBody { amount: twd(amount), note: None }
}

#[test]
fn what_came_and_what_is_refused_make_the_state() {
    use DocumentKind::{Certificate, ImagingReport, OperationRecord};
    let start = Progress::of(&wanted(&[Certificate, OperationRecord, ImagingReport]));
    assert_eq!(start.state(), RequestState::Accepted);
    let part = start.clone().given(&[Certificate, DocumentKind::Receipt]);
    assert_eq!((part.state(), part.items.len()), (RequestState::PartlyAnswered, 3));
    let refused = part.clone().refused(&[OperationRecord], Some(RefusalReason::NoSuchRecord)).unwrap();
    assert_eq!(refused.state(), RequestState::PartlyAnswered);
    let rest = refused.clone().refused(&[], Some(RefusalReason::NoSuchRecord)).unwrap();
    assert_eq!(rest.state(), RequestState::Answered);
    assert_eq!(refused.given(&[OperationRecord, ImagingReport]).state(), RequestState::Answered);
    assert_eq!(part.refused(&[Certificate], None).unwrap_err().at, "/documents/0", "what came is not refused");
    assert_eq!(start.refused(&[], None).unwrap().state(), RequestState::Refused);
}

#[test]
fn nothing_leaves_before_the_records_office_and_the_fee() {
    let mut progress = Progress::of(&wanted(&[DocumentKind::Certificate]));
    assert_eq!(progress.may_give().unwrap_err().code, "records.not-approved");
    progress.approved = true;
    assert_eq!(progress.may_give(), Ok(()));
    let limit = Some(twd("200"));
    assert_eq!(progress.clone().charged(&fee("200"), limit).unwrap().may_give(), Ok(()));
    let asked = progress.clone().charged(&fee("201"), limit).unwrap();
    assert_eq!(asked.may_give().unwrap_err().code, "records.fee-open");
    assert_eq!(asked.clone().fee_answered(true, twd("200")).unwrap_err().code, "records.fee-other");
    let declined = asked.clone().fee_answered(false, twd("201")).unwrap();
    assert_eq!(declined.may_give().unwrap_err().code, "records.fee-open");
    assert_eq!(declined.clone().charged(&fee("0"), limit).unwrap().may_give(), Ok(()));
    let accepted = asked.fee_answered(true, twd("201")).unwrap();
    assert_eq!(accepted.may_give(), Ok(()));
    assert_eq!(accepted.clone().fee_answered(false, twd("201")).unwrap_err().code, "records.fee-none");
    assert_eq!(
        accepted.clone().charged(&fee("150"), None).unwrap().may_give(),
        Ok(()),
        "less than accepted is accepted"
    );
    assert!(accepted.charged(&fee("500"), None).unwrap().may_give().is_err(), "more is asked for again");
    assert_eq!(progress.clone().charged(&fee("-1"), None).unwrap_err().code, "records.fee");
    let given = progress.given(&[DocumentKind::Certificate]);
    assert_eq!(given.charged(&fee("1"), None).unwrap_err().code, "records.fee-late");
}

#[test]
fn somebody_is_on_turn_until_it_is_over() {
    let mut progress = Progress::of(&wanted(&[DocumentKind::Certificate]));
    let (due, now) = ("2026-11-24".parse().unwrap(), NOW.parse().unwrap());
    let on_turn = |progress: &Progress, state, now| progress.on_turn(state, due, now).map(|turn| (turn.who, turn.step));
    assert_eq!(on_turn(&progress, RequestState::Requested, now), Some((TurnOf::Hospital, NextStep::Approve)));
    progress.approved = true;
    let charged = progress.clone().charged(&fee("1"), None).unwrap();
    assert_eq!(on_turn(&charged, RequestState::Accepted, now), Some((TurnOf::Insurer, NextStep::AnswerFee)));
    assert_eq!(on_turn(&progress, RequestState::Accepted, now), Some((TurnOf::Hospital, NextStep::Provide)));
    assert_eq!(on_turn(&progress, RequestState::Answered, now), None);
    let late = progress.on_turn(RequestState::Expired, due, "2026-11-24T16:00:00Z".parse().unwrap()).unwrap();
    assert!(late.overdue && !progress.on_turn(RequestState::Accepted, due, now).unwrap().overdue);
}

/// What a request may not ask for: the code and the place of every fault.
fn refused(change: impl FnOnce(&mut Value)) -> Vec<(&'static str, String)> {
    let pdf = b"%PDF-1.7 consent";
    let mut value = json!({
        "case_number": "L-1", "line": "health-reimbursement", "due_on": "2026-12-07",
        "person": { "name": "王小明", "birth_date": "1990-04-22",
            "identifiers": [{ "kind": "national-id", "value": "A123456789" }] },
        "hospitals": [{ "hospital": "hospital-demo", "documents": [{ "kind": "certificate" }] }],
        "consent": {
            "reference": "C-1", "insurer": "insurer-life", "hospitals": ["1301200010"],
            "documents": ["certificate", "operation-record"], "given_by": { "capacity": "insured" },
            "person": { "identifiers": [{ "kind": "national-id", "value": "A123456789" }] },
            "period": { "from": "2026-01-01", "until": "2026-11-22" }, "given_at": "2026-11-20T02:00:00Z",
            "valid_until": "2027-01-31", "signature": { "kind": "paper" },
            "file": { "content": base64(pdf), "sha256": claimgate_packet::jose::digest::sha256_text(pdf) } } });
    change(&mut value);
    let body = serde_json::from_value(value).unwrap();
    let insurer =
        party("insurer-life", Role::Insurer, ("https://gcis.nat.gov.tw", "04595257"), &[Line::HealthReimbursement]);
    let known = party("hospital-demo", Role::Hospital, (taiwan::Namespace::Institution.uri(), "1301200010"), &[]);
    let hospitals: Vec<Option<Party>> = hospitals(&body, &known);
    let found = faults(&body, &insurer, &hospitals, (&BlindIndex::keyed(&[7; 32]), NOW.parse().unwrap()));
    found.into_iter().map(|one| (one.code, one.at)).collect()
}

fn hospitals(body: &claimgate_adapters::insurer::records::RecordsBody, known: &Party) -> Vec<Option<Party>> {
    body.hospitals.iter().map(|one| (one.hospital == known.id.as_str()).then(|| known.clone())).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn every_member_beyond_the_consent_is_named() {
    let beyond = |at: &str| ("records.beyond-consent", at.to_owned());
    assert_eq!(refused(|_| {}), []);
    assert_eq!(refused(|body| body["consent"] = Value::Null), [("records.no-consent", "/consent".to_owned())]);
    let several = refused(|body| {
        body["hospitals"][0]["documents"] = json!([{ "kind": "certificate" }, { "kind": "laboratory-report" }]);
        body["period"] = json!({ "from": "2025-12-31", "until": "2026-11-22" });
        body["due_on"] = json!("2027-02-01");
        body["consent"]["insurer"] = json!("insurer-nonlife");
    });
    let places = ["/consent/insurer", "/hospitals/0/documents/1/kind", "/period", "/due_on"];
    assert_eq!(several, places.map(beyond));
    assert_eq!(refused(|body| body["consent"]["hospitals"] = json!(["x"])), [beyond("/hospitals/0/hospital")]);
    let other = |body: &mut Value| body["consent"]["person"]["identifiers"][0]["value"] = json!("A223456781");
    assert_eq!(refused(other), [("records.other-person", "/consent/person".to_owned())]);
    let unknown = refused(|body| body["hospitals"][0]["hospital"] = json!("hospital-x"));
    assert_eq!(unknown[0], ("records.hospital", "/hospitals/0/hospital".to_owned()));
    let paper = refused(|body| body["consent"]["file"]["sha256"] = json!("A".repeat(43)));
    assert_eq!(paper, [("records.consent", "/consent/file".to_owned())]);
    let over = refused(|body| body["consent"]["valid_until"] = json!("2026-11-22"));
    assert_eq!(over[0], ("records.consent", "/consent/valid_until".to_owned()));
    let form = refused(|body| body["hospitals"][0]["documents"][0]["kind"] = json!("bank-account"));
    assert_eq!(form[0], ("records.document", "/hospitals/0/documents/0/kind".to_owned()));
    assert_eq!(refused(|body| body["line"] = json!("life")), [("records.line", "/line".to_owned())]);
}

#[test]
fn what_an_application_leaves_out_is_not_asked_for() {
    let without = ["lab-report".to_owned()];
    assert!(!bound::left_by(&without, DocumentKind::ImagingReport));
    assert!(bound::left_by(&without, DocumentKind::OperationRecord) && bound::left_by(&[], DocumentKind::Receipt));
}
