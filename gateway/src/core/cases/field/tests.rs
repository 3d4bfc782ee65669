//! Each field, as it is and as it must not be.

use super::*;

fn said(name: &str, value: Value) -> Result<Value, &'static str> {
    read(name, value, date(2026, 11, 24)).map_err(|fault| fault.code)
}

#[test]
fn each_field_is_read_into_one_form() {
    for (name, value, form) in [
        ("occurrence.date", json!("2026-06-30"), json!("2026-06-30")),
        ("occurrence.time", json!("08:05"), json!("08:05")),
        ("vehicle.plate", json!("ａｂｃ－1234"), json!("ABC-1234")),
        ("circumstances", json!([14, 8]), json!([8, 14])),
        ("police.jurisdiction", json!("TW-TPE"), json!("TW-TPE")),
        ("insurer.certificate_number", json!("a123"), json!("A123")),
        (
            "driver.identity",
            json!({ "kind": "national-id", "value": "a123456789" }),
            json!({ "kind": "national-id", "value": "A123456789" }),
        ),
        ("payout.bank", json!("004"), json!("004")),
        ("remarks", Value::Null, Value::Null),
        ("shares", json!(["vehicle.plate"]), json!(["vehicle.plate"])),
    ] {
        assert_eq!(said(name, value), Ok(form), "{name}");
    }
    assert!(said("claim.own", json!({ "kind": "own-damage", "insurer": "motor-1" })).is_ok());
    assert!(said("person.p-1", json!({ "name": "王小明", "capacity": "heir", "stands_for": "p-2" })).is_ok());
    assert!(said("other.b", json!({ "plate": "xyz-9999", "cover": "fled" })).is_ok());
}

#[test]
fn what_does_not_fit_is_said_and_not_taken() {
    for (name, value, code) in [
        ("occurrence.date", json!("2026-02-30"), "impossible-date"),
        ("occurrence.date", json!("2026-11-25"), "future-date"),
        ("occurrence.date", json!("1899-01-01"), "date-too-early"),
        ("occurrence.date", json!("2026-11-01T00:00:00"), "impossible-date"),
        ("occurrence.date", json!(20_261_101), "text-length"),
        ("occurrence.time", json!("24:30"), "impossible-time"),
        ("vehicle.plate", json!("1234567"), "not-a-plate"),
        ("vehicle.kind", json!("boat"), "not-in-list"),
        ("circumstances", json!([18]), "not-circumstances"),
        ("circumstances", json!([1, 1]), "not-circumstances"),
        ("driver.identity", json!({ "kind": "national-id", "value": "A123456788" }), "not-an-identity"),
        ("driver.phone", json!("abc"), "not-a-phone"),
        ("place.point", json!({ "latitude": "125", "longitude": "121" }), "not-a-point"),
        ("payout.account", json!("12345"), "not-an-account"),
        ("insurer.compulsory", json!("NOT A PARTY"), "not-a-party"),
        ("shares", json!(["driver.identity"]), "not-in-list"),
        ("witness.UPPER", json!({}), "unknown-field"),
        ("witness.w1", json!({ "fault_percent": 70 }), "not-of-this-form"),
        ("claim.c", json!({ "kind": "own-damage" }), "not-of-this-form"),
        ("file.f", json!({ "upload": "x", "kind": "scene-photo" }), "not-of-this-form"),
        ("remarks", json!("a".repeat(2_001)), "text-length"),
        ("remarks", json!("a\u{0}"), "text-length"),
        ("", json!(1), "unknown-field"),
    ] {
        assert_eq!(said(name, value), Err(code), "{name}");
    }
}
