//! The data set 車籍 (vehicle registration): an array of vehicles as JSON, dates of both calendars in one object.

use claimgate_packet::evidence::{RegistryCode, VehicleOwner, VehicleRegistration};
use claimgate_packet::jose::json::{Limits, parse};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::police::moment;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 3, members: 20_000 };

/// The vehicles, and the names of the members that went nowhere: unknown ones, or values of another form than known.
pub(super) fn read(bytes: &[u8]) -> Option<(Vec<VehicleRegistration>, Vec<String>)> {
    let Ok(Value::Array(vehicles)) = parse(bytes, LIMITS) else { return None };
    let mut left = Vec::new();
    let mut found = Vec::with_capacity(vehicles.len());
    for vehicle in vehicles {
        let Value::Object(members) = vehicle else { return None };
        let mut members = Members(members);
        found.push(members.vehicle());
        left.extend(members.0.into_iter().filter(|(_, value)| !is_empty(value)).map(|(name, _)| name));
    }
    left.sort_unstable();
    left.dedup();
    Some((found, left))
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Members not yet taken.
struct Members(Map<String, Value>);

impl Members {
    fn vehicle(&mut self) -> VehicleRegistration {
        VehicleRegistration {
            plate: self.text("plateNo"),
            owner: self.owner(),
            vehicle_kind: self.code("carType", ""),
            brand: self.code("brandNo", "brandName"),
            model: self.code("modelNo", "modelName"),
            colour: self.code("colorNo", "colorName"),
            body_number: self.text("bodyNo"),
            displacement: self.text("cc"),
            state: self.code("txnNo", "txnName"),
            licence_effective_at: self.read("licEffectDt", |text| text.parse::<Timestamp>().ok()),
            licence_printed_at: self.read("lastPrintLicDt", |text| text.parse::<Timestamp>().ok()),
            next_inspection_at: self.read("nextExamDt", |text| text.parse::<Timestamp>().ok()),
        }
    }

    fn owner(&mut self) -> Option<VehicleOwner> {
        let (district, street) = (self.text("permZipName"), self.text("permAddr"));
        let owner = VehicleOwner {
            name: self.text("ownerName"),
            identifier: self.text("ownerId"),
            birth_date: self.read("birthday", moment::day),
            phone: self.text("telNo"),
            address: match (district, street) {
                (Some(district), Some(street)) => Some(district + &street),
                (district, street) => district.or(street),
            },
            postal_code: self.text("permZipNo"),
        };
        let VehicleOwner { name, identifier, birth_date, phone, address, postal_code } = &owner;
        let texts = [name, identifier, phone, address, postal_code];
        (birth_date.is_some() || texts.iter().any(|text| text.is_some())).then_some(owner)
    }

    fn code(&mut self, code: &str, name: &str) -> Option<RegistryCode> {
        let found = RegistryCode { code: self.text(code), name: self.text(name) };
        (found.code.is_some() || found.name.is_some()).then_some(found)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, |text| Some(text.to_owned()))
    }

    /// Takes a member that can be read; any other stays and is told.
    fn read<T>(&mut self, name: &str, as_what: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let found = if text.is_empty() { None } else { as_what(&text) }?;
        self.0.remove(name);
        Some(found)
    }
}
