//! Estimates, decisions and invoices: what holds together, and every way it does not.

use serde_json::{Value, json};

use super::*;

fn estimate() -> Value {
    json!({
        "number": "估-115-0001", "on": "2026-11-20",
        "vehicle": { "plate": "ABC-1234", "odometer_km": 43_210 },
        "lines": [
            { "line": 1, "kind": "labour", "operation": "repair", "text": "左前葉子板鈑金", "hours": "2.5", "rate": "800",
              "amount": "2000", "tax": "100" },
            { "line": 2, "kind": "parts", "operation": "replace", "text": "前保險桿", "quantity": 1, "price": "8000",
              "part": { "number": "52119-02K50", "source": "original" }, "amount": "8000", "tax": "400" },
            { "line": 3, "kind": "paint", "operation": "refinish", "text": "前保險桿烤漆", "hours": "3", "rate": "900",
              "quantity": 1, "price": "1300", "amount": "4000", "tax": "200" },
        ],
        "totals": { "labour": "2000", "parts": "8000", "paint": "4000", "other": "0", "net": "14000", "tax": "700",
                    "gross": "14700" },
    })
}

fn read(value: &Value) -> Estimate {
    serde_json::from_value(value.clone()).unwrap()
}

fn twd(text: &str) -> claimgate_packet::amount::Twd {
    text.parse().unwrap()
}

fn at(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.at.as_str()).collect()
}

/// The places of the faults after one member was changed.
fn broken(pointer: &str, value: Value) -> Vec<String> {
    let mut changed = estimate();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[member] = value;
    at(&read(&changed).faults()).into_iter().map(ToOwned::to_owned).collect()
}

#[test]
fn an_estimate_that_holds_together_has_no_fault_and_each_wrong_member_is_named() {
    assert_eq!(read(&estimate()).faults(), []);
    for (pointer, value, places) in [
        ("/number", json!(""), &["/number"][..]),
        ("/vehicle/plate", json!(" "), &["/vehicle/plate"]),
        ("/lines/1/line", json!(1), &["/lines/1/line"]),
        ("/lines/1/line", json!(0), &["/lines/1/line"]),
        ("/lines/0/text", json!("兩\n行"), &["/lines/0/text"]),
        ("/lines/1/part", Value::Null, &["/lines/1/part"]),
        ("/lines/0/rate", Value::Null, &["/lines/0/rate", "/lines/0/amount"]),
        ("/lines/1/quantity", json!(2), &["/lines/1/amount"]),
        ("/lines/0/tax", json!("200"), &["/lines/0/tax", "/totals/tax"]),
        ("/lines/0/photos", json!(["1234"]), &["/lines/0/photos"]),
        ("/totals/parts", json!("8001"), &["/totals/parts"]),
        ("/totals/net", json!("14001"), &["/totals/net", "/totals/gross"]),
        ("/totals/gross", json!("14000"), &["/totals/gross"]),
    ] {
        assert_eq!(broken(pointer, value), places, "{pointer}");
    }
    // All at once.
    let mut all = estimate();
    all["lines"][0]["amount"] = json!("-1");
    assert_eq!(
        at(&read(&all).faults()),
        ["/lines/0/amount", "/lines/0/amount", "/lines/0/tax", "/totals/labour", "/totals/net"]
    );
    // What a type refuses never becomes an estimate.
    for (pointer, value) in [("/lines/0/hours", json!(2.5)), ("/lines/0/amount", json!(2000)), ("/colour", json!("白"))]
    {
        let mut changed = estimate();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() { &mut changed } else { changed.pointer_mut(parent).unwrap() };
        parent[member] = value;
        assert!(serde_json::from_value::<Estimate>(changed).is_err(), "{pointer}");
    }
}

fn decision(lines: &Value) -> RepairDecision {
    serde_json::from_value(json!({ "version": 1, "deductible": "3000", "lines": lines })).unwrap()
}

fn rulings(said: &RepairDecision) -> Rulings {
    said.lines.iter().map(|one| (one.line, Ruling { version: 1, decision: one.clone() })).collect()
}

#[test]
fn a_decision_says_why_and_its_figures_follow() {
    let of = read(&estimate());
    let said = decision(&json!([
        { "line": 1, "result": "approved" },
        { "line": 2, "result": "approved", "depreciation": "1500", "reason": "車齡六年" },
        { "line": 3, "result": "changed", "amount": "3000", "reason": "材料依公會標準" },
    ]));
    assert_eq!(said.faults(&of), []);
    let figures = figures(&of, &rulings(&said), said.deductible).unwrap();
    // 2100 + 8400 + 3150; then 1500 for wear and 3000 of the insured's own.
    assert_eq!((figures.approved, figures.not_approved, figures.undecided), (twd("13650"), twd("1050"), twd("0")));
    assert_eq!((figures.depreciation, figures.insurer_bears), (twd("1500"), twd("9150")));
    for (lines, places) in [
        (json!([{ "line": 1, "result": "refused" }]), &["/lines/0/reason"][..]),
        (json!([{ "line": 1, "result": "changed", "amount": "2000", "reason": "同" }]), &["/lines/0/amount"]),
        (json!([{ "line": 1, "result": "approved", "amount": "1" }]), &["/lines/0/amount"]),
        (
            json!([{ "line": 1, "result": "approved", "depreciation": "1", "reason": "工資" }]),
            &["/lines/0/depreciation"],
        ),
        (
            json!([{ "line": 2, "result": "approved", "depreciation": "8001", "reason": "過" }]),
            &["/lines/0/depreciation"],
        ),
        (json!([{ "line": 9, "result": "approved" }]), &["/lines/0/line"]),
        (json!([{ "line": 1, "result": "approved" }, { "line": 1, "result": "approved" }]), &["/lines/1/line"]),
        (json!([]), &["/lines"]),
    ] {
        assert_eq!(at(&decision(&lines).faults(&of)), places, "{lines}");
    }
}

#[test]
fn what_the_insurer_bears_is_never_below_zero() {
    let of = read(&estimate());
    let said = decision(&json!([{ "line": 1, "result": "approved" }]));
    let figures = figures(&of, &rulings(&said), twd("5000")).unwrap();
    assert_eq!((figures.insurer_bears, figures.undecided), (twd("0"), twd("12600")));
}

fn invoice(lines: &Value, net: &str, tax: &str, gross: &str) -> Invoice {
    serde_json::from_value(json!({
        "number": "AB-12345678", "on": "2026-11-24", "seller": "04595257", "lines": lines,
        "totals": { "net": net, "tax": tax, "gross": gross },
    }))
    .unwrap()
}

#[test]
fn an_invoice_is_compared_line_by_line_with_what_was_approved() {
    let of = read(&estimate());
    let said = decision(&json!([
        { "line": 1, "result": "approved" },
        { "line": 2, "result": "approved" },
        { "line": 3, "result": "refused", "reason": "非本次事故" },
    ]));
    let lines = json!([
        { "line": 1, "amount": "2500", "tax": "125" },
        { "line": 3, "amount": "4000", "tax": "200" },
        { "line": 8, "amount": "100", "tax": "5" },
    ]);
    let sent = invoice(&lines, "6600", "330", "6930");
    assert_eq!(sent.faults(), []);
    let compared = compare(&sent, &of, &rulings(&said), twd("600"));
    let flags: Vec<(u32, LineFlag)> = compared.lines.iter().map(|line| (line.line, line.flag)).collect();
    assert_eq!(
        flags,
        [(1, LineFlag::Above), (2, LineFlag::NotInvoiced), (3, LineFlag::NotApproved), (8, LineFlag::Unknown)]
    );
    assert_eq!((compared.above_approval, compared.differs), (twd("4600"), true));
    assert_eq!(compared.insurer_bears, twd("1500"), "of line 1 what was approved of it, less the deductible");
    let lines = json!([{ "line": 1, "amount": "2000", "tax": "100" }, { "line": 2, "amount": "7000", "tax": "350" }]);
    let compared = compare(&invoice(&lines, "9000", "450", "9450"), &of, &rulings(&said), twd("0"));
    assert_eq!((compared.above_approval, compared.differs), (twd("0"), false));
}

#[test]
fn numbers_of_invoices_and_businesses_are_checked() {
    let lines = json!([{ "line": 1, "amount": "100", "tax": "5" }]);
    let good = invoice(&lines, "100", "5", "105");
    for (number, plain) in [
        ("AB-12345678", Some("AB12345678")),
        ("AB12345678", Some("AB12345678")),
        ("ab-12345678", None),
        ("AB-1234567", None),
        ("電子12345678", None),
    ] {
        let sent = Invoice { number: number.to_owned(), ..good.clone() };
        assert_eq!(sent.plain_number().as_deref(), plain, "{number}");
    }
    let wrong = Invoice { number: "A1-12345678".to_owned(), seller: "04595258".to_owned(), ..good.clone() };
    assert_eq!(at(&wrong.faults()), ["/number", "/seller"]);
    let mut twice = good;
    twice.lines.extend(twice.lines.clone());
    assert_eq!(at(&twice.faults()), ["/lines/1/line", "/totals/net", "/totals/tax"]);
}
