//! From a draft to what an insurer gets of it: the party's statement, and the notice of one claim with the persons of that
//! claim alone. Pure.

use claimgate_fhir::taiwan::Namespace;
use claimgate_packet::evidence::Identifier;
use claimgate_packet::evidence::accident::{
    AccidentNotice, AccidentStatement, NoticeDriver, NoticeFile, NoticeFiler, NoticeKind, NoticePerson, NoticeVehicle,
    Occurrence, Place, PoliceRecord, PoliceUnit, Standing, StatedVehicle,
};
use claimgate_packet::evidence::application::PayoutAccount;
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::FiledBy;
use super::draft::Draft;
use super::field::{FileKind, Identity, OtherVehicle, Person, PlannedClaim};
use super::plan::{is_damage, person};

/// The day of the accident.
#[must_use]
pub fn day(draft: &Draft) -> Option<Date> {
    draft.text("occurrence.date")?.parse().ok()
}

/// The instant of the accident, where its time is known.
#[must_use]
pub fn instant(draft: &Draft) -> Option<Timestamp> {
    let time: Time = format!("{}:00", draft.text("occurrence.time")?).parse().ok()?;
    jiff::tz::offset(8).to_timestamp(day(draft)?.to_datetime(time)).ok()
}

/// The statement; none without a day.
#[must_use]
pub fn statement(draft: &Draft) -> Option<AccidentStatement> {
    let on = day(draft)?;
    let jurisdiction = draft.text("police.jurisdiction");
    let number = draft.text("police.number");
    let exists = draft.typed("police.exists").unwrap_or(jurisdiction.is_some()) && jurisdiction.is_some();
    let own = draft.text("vehicle.plate").map(|plate| StatedVehicle { plate, own: true });
    let others = others(draft).into_iter().filter_map(|one| Some(StatedVehicle { plate: one.plate?, own: false }));
    Some(AccidentStatement {
        occurrence: Occurrence {
            on: Some(on),
            at: instant(draft),
            class: None,
            place: Place { text: draft.text("place.text"), wgs84: draft.typed("place.point") },
        },
        standing: draft.typed("standing").unwrap_or(Standing::Party),
        record: PoliceRecord {
            exists,
            jurisdiction: jurisdiction.filter(|_| exists),
            number: number.filter(|_| exists),
        },
        vehicles: own.into_iter().chain(others).take(20).collect(),
        account: draft.text("account"),
    })
}

/// The other vehicles.
#[must_use]
pub fn others(draft: &Draft) -> Vec<OtherVehicle> {
    draft.items("other").filter_map(|(_, value)| serde_json::from_value(value.clone()).ok()).collect()
}

/// Whether a file belongs to a claim: what a claim does not need does not go with it.
#[must_use]
pub fn belongs(file: FileKind, kind: NoticeKind) -> bool {
    match file {
        // Cover without fault does not ask who was to blame, and pictures show the injured.
        FileKind::ScenePhoto | FileKind::Dashcam | FileKind::Sketch => {
            is_damage(kind) || kind == NoticeKind::InjuryVoluntary
        }
        FileKind::DamagePhoto | FileKind::Estimate | FileKind::RepairInvoice => is_damage(kind),
        FileKind::VehicleLicence | FileKind::DrivingLicence => is_damage(kind) || kind == NoticeKind::DriverInjury,
        FileKind::DiagnosisCertificate
        | FileKind::MedicalReceipt
        | FileKind::DeathCertificate
        | FileKind::HouseholdRecord => !is_damage(kind),
        FileKind::IdentityProof | FileKind::BankBook | FileKind::Other => true,
    }
}

/// The notice of one claim.
#[must_use]
pub fn notice(
    draft: &Draft,
    plan: &PlannedClaim,
    files: Vec<NoticeFile>,
    filed_by: Option<&FiledBy>,
) -> AccidentNotice {
    let (claimant, victim) = (person(draft, plan.claimant.as_ref()), person(draft, plan.victim.as_ref()));
    let hurt = victim.as_ref().or(claimant.as_ref()).filter(|_| !is_damage(plan.kind));
    let account = draft.text("payout.account").zip(draft.text("payout.bank")).zip(draft.text("payout.holder"));
    AccidentNotice {
        claim: plan.kind,
        capacity: claimant.as_ref().and_then(|one| one.capacity),
        injury: hurt.and_then(|one| one.injury.clone()),
        hospital: hurt.and_then(|one| one.hospital.clone()),
        claimant: claimant.as_ref().map(told),
        victim: victim.as_ref().map(told),
        insured: insured(draft),
        vehicle: vehicle(draft, plan),
        driver: driver(draft),
        other_vehicles: others(draft).into_iter().map(other).collect(),
        impact: draft.text("impact"),
        damage: draft.text("damage"),
        other_damage: draft.text("other_damage"),
        circumstances: draft.typed("circumstances").unwrap_or_default(),
        witnesses: witnesses(draft),
        police: police(draft),
        remarks: draft.text("remarks"),
        account: account.map(|((number, bank), holder)| PayoutAccount { bank, number, holder, instruction: None }),
        files,
        filed_by: filed_by.map(|by| NoticeFiler { kind: by.kind.as_str().to_owned(), mandate: by.mandate.clone() }),
    }
}

fn told(one: &Person) -> NoticePerson {
    NoticePerson {
        name: one.name.clone(),
        identifiers: one.identity.iter().map(identifier).collect(),
        born: one.born.as_ref().and_then(|born| born.parse().ok()),
        phone: one.phone.clone(),
        address: one.address.clone(),
    }
}

fn identifier(identity: &Identity) -> Identifier {
    let system = match identity.kind.as_str() {
        "national-id" => Namespace::NationalId,
        "resident-certificate" => Namespace::ResidentNumber,
        _ => Namespace::Passport,
    };
    Identifier {
        kind: Some(identity.kind.clone()),
        system: Some(system.uri().to_owned()),
        value: identity.value.clone(),
    }
}

fn of_fields(draft: &Draft, prefix: &str) -> Option<NoticePerson> {
    let text = |member: &str| draft.text(&format!("{prefix}.{member}"));
    let identity: Option<Identity> = draft.typed(&format!("{prefix}.identity"));
    let found = NoticePerson {
        name: text("name"),
        identifiers: identity.iter().map(identifier).collect(),
        born: text("born").and_then(|born| born.parse().ok()),
        phone: text("phone"),
        address: text("address"),
    };
    let nobody = NoticePerson { name: None, identifiers: Vec::new(), born: None, phone: None, address: None };
    (found != nobody).then_some(found)
}

fn insured(draft: &Draft) -> Option<NoticePerson> {
    of_fields(draft, "insured")
}

fn driver(draft: &Draft) -> Option<NoticeDriver> {
    let found = NoticeDriver {
        person: of_fields(draft, "driver"),
        licence_number: draft.text("driver.licence_number"),
        licence_kind: draft.text("driver.licence_kind"),
        licence_valid_to: draft.text("driver.licence_valid_to").and_then(|day| day.parse().ok()),
        relation: draft.text("driver.relation"),
    };
    let nobody =
        NoticeDriver { person: None, licence_number: None, licence_kind: None, licence_valid_to: None, relation: None };
    (found != nobody).then_some(found)
}

fn vehicle(draft: &Draft, plan: &PlannedClaim) -> Option<NoticeVehicle> {
    let found = NoticeVehicle {
        plate: draft.text("vehicle.plate"),
        plate_kind: draft.text("vehicle.kind"),
        make: draft.text("vehicle.make"),
        insurer: draft.text("insurer.compulsory"),
        certificate_number: draft.text("insurer.certificate_number"),
        policy_number: plan.number.clone().or_else(|| draft.text("insurer.policy_number")),
    };
    (found.plate.is_some() || found.certificate_number.is_some() || found.policy_number.is_some()).then_some(found)
}

fn other(one: OtherVehicle) -> NoticeVehicle {
    let OtherVehicle { plate, plate_kind, make, insurer, certificate_number, cover: _ } = one;
    NoticeVehicle { plate, plate_kind, make, insurer, certificate_number, policy_number: None }
}

fn witnesses(draft: &Draft) -> Vec<NoticePerson> {
    let read = |(_, value): (&str, &serde_json::Value)| serde_json::from_value::<Person>(value.clone()).ok();
    draft.items("witness").filter_map(read).take(20).map(|one| told(&one)).collect()
}

fn police(draft: &Draft) -> Option<PoliceUnit> {
    let found = PoliceUnit {
        name: draft.text("police.unit"),
        officer: draft.text("police.officer"),
        phone: draft.text("police.phone"),
    };
    (found.name.is_some() || found.officer.is_some() || found.phone.is_some()).then_some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_names_its_own_persons_and_files_and_nobody_elses() {
        let mut draft = Draft::default();
        for (name, value) in [
            ("occurrence.date", json!("2026-11-01")),
            ("occurrence.time", json!("08:05")),
            ("vehicle.plate", json!("ABC-1234")),
            ("other.b", json!({ "plate": "XYZ-9999", "insurer": "motor-2", "cover": "insured" })),
            ("person.child", json!({ "name": "王小安", "hurt": true, "injury": "左臂骨折" })),
            ("person.mother", json!({ "name": "陳美麗", "capacity": "representative", "stands_for": "child" })),
            ("police.exists", json!(true)),
        ] {
            draft.fill(name, &value, Timestamp::UNIX_EPOCH);
        }
        let stated = statement(&draft).unwrap();
        assert_eq!(stated.occurrence.at.unwrap().to_string(), "2026-11-01T00:05:00Z");
        assert!(!stated.record.exists, "a record nobody can be asked for is none");
        let plan = |kind: &str| -> PlannedClaim {
            serde_json::from_value(
                json!({ "kind": kind, "insurer": "motor-2", "claimant": "mother", "victim": "child" }),
            )
            .unwrap()
        };
        let hurt = notice(&draft, &plan("injury-compulsory"), Vec::new(), None);
        assert_eq!((hurt.injury.as_deref(), hurt.victim.unwrap().name.as_deref()), (Some("左臂骨折"), Some("王小安")));
        assert!(notice(&draft, &plan("own-damage"), Vec::new(), None).injury.is_none());
        assert!(
            belongs(FileKind::Dashcam, NoticeKind::OwnDamage)
                && !belongs(FileKind::Dashcam, NoticeKind::InjuryCompulsory)
        );
        assert!(!belongs(FileKind::DiagnosisCertificate, NoticeKind::OwnDamage));
    }
}
