//! The fields of each evidence type, as its published JSON Schema names them.
//!
//! In: the schemas of `docs/schemas`. Out: which members a document of a type can have, and which of them can be withheld
//! apart. Must not know: any document, any recipient.

use serde_json::Value;

/// The published schemas. A type that is not here goes to nobody.
const SCHEMAS: [(&str, &str); 20] = [
    ("diagnosis-certificate", include_str!("../../../../docs/schemas/diagnosis-certificate-1.schema.json")),
    ("medical-receipt", include_str!("../../../../docs/schemas/medical-receipt-1.schema.json")),
    ("lab-report", include_str!("../../../../docs/schemas/lab-report-1.schema.json")),
    ("prescription", include_str!("../../../../docs/schemas/prescription-1.schema.json")),
    ("medical-record", include_str!("../../../../docs/schemas/medical-record-1.schema.json")),
    ("accident-registration-slip", include_str!("../../../../docs/schemas/accident-registration-slip-1.schema.json")),
    ("accident-scene-sketch", include_str!("../../../../docs/schemas/accident-scene-sketch-1.schema.json")),
    ("accident-scene-photos", include_str!("../../../../docs/schemas/accident-scene-photos-1.schema.json")),
    (
        "accident-preliminary-analysis",
        include_str!("../../../../docs/schemas/accident-preliminary-analysis-1.schema.json"),
    ),
    ("accident-certificate", include_str!("../../../../docs/schemas/accident-certificate-1.schema.json")),
    ("accident-appraisal", include_str!("../../../../docs/schemas/accident-appraisal-1.schema.json")),
    ("accident-report", include_str!("../../../../docs/schemas/accident-report-1.schema.json")),
    ("accident-statement", include_str!("../../../../docs/schemas/accident-statement-1.schema.json")),
    ("accident-notice", include_str!("../../../../docs/schemas/accident-notice-1.schema.json")),
    ("accident-paper-check", include_str!("../../../../docs/schemas/accident-paper-check-1.schema.json")),
    ("vehicle-registration", include_str!("../../../../docs/schemas/vehicle-registration-1.schema.json")),
    ("claim-application", include_str!("../../../../docs/schemas/claim-application-1.schema.json")),
    ("consent", include_str!("../../../../docs/schemas/consent-1.schema.json")),
    ("revision-note", include_str!("../../../../docs/schemas/revision-note-1.schema.json")),
    ("owner-paper", include_str!("../../../../docs/schemas/owner-paper-1.schema.json")),
];

/// Objects whose members mean something only together: a number without its comparator is another number. They are
/// given or withheld whole.
const WHOLE: [&str; 19] = [
    "AccidentClass",
    "AccidentFacts",
    "Applicant",
    "ApplicationSignature",
    "Coding",
    "Identifier",
    "Ingredient",
    "LabValue",
    "PayoutAccount",
    "PoliceCode",
    "PoliceRecord",
    "Quantity",
    "ReceiptKey",
    "ReceiptTotals",
    "Reduction",
    "ReferenceRange",
    "RegistryCode",
    "RevisedDocument",
    "Wgs84",
];

/// How deep a document's fields are looked at; today's types have six levels.
const DEEPEST: usize = 12;

/// An evidence type and its fields.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The type word, for example `medical-receipt`.
    pub name: &'static str,
    /// The members of its document.
    pub fields: Vec<Field>,
}

/// A member of a document.
#[derive(Clone, Debug)]
pub struct Field {
    /// Where it stands: a JSON pointer (RFC 6901) into the document, with `*` for every element of an array.
    pub pointer: String,
    /// Whether it can be withheld apart: the schema does without it.
    pub separable: bool,
    /// Its own members; empty where it is only whole.
    pub fields: Vec<Field>,
}

/// Why the fields of a type cannot be read: a fault of the build, found by its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema of {0} cannot be read")]
pub struct UnreadableSchema(&'static str);

impl Kind {
    /// Every type that has a schema.
    ///
    /// # Errors
    /// [`UnreadableSchema`].
    pub fn all() -> Result<Vec<Self>, UnreadableSchema> {
        SCHEMAS.iter().map(|(name, text)| Self::read(name, text).ok_or(UnreadableSchema(name))).collect()
    }

    fn read(name: &'static str, text: &str) -> Option<Self> {
        let root: Value = serde_json::from_str(text).ok()?;
        let fields = members(&root, &root, "", DEEPEST);
        (!fields.is_empty()).then_some(Self { name, fields })
    }

    /// The field at a pointer.
    #[must_use]
    pub fn field(&self, pointer: &str) -> Option<&Field> {
        find(&self.fields, pointer)
    }

    /// Every pointer, outer before inner.
    #[must_use]
    pub fn pointers(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut left: Vec<&Field> = self.fields.iter().rev().collect();
        while let Some(field) = left.pop() {
            found.push(field.pointer.as_str());
            left.extend(field.fields.iter().rev());
        }
        found
    }

    /// The innermost field at or around a pointer that can be withheld apart; `None` where only the whole document can,
    /// which is also so for a pointer to nothing.
    #[must_use]
    pub fn separable(&self, pointer: &str) -> Option<&Field> {
        let mut fields = &self.fields;
        let mut innermost = None;
        loop {
            let field = fields.iter().find(|field| reaches(&field.pointer, pointer))?;
            if field.separable {
                innermost = Some(field);
            }
            if field.pointer == pointer || field.fields.is_empty() {
                // Inside what is only whole everything stands for the whole.
                return innermost;
            }
            fields = &field.fields;
        }
    }
}

/// Whether a pointer is another one or leads to something inside what that one names.
#[must_use]
pub fn reaches(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn find<'a>(fields: &'a [Field], pointer: &str) -> Option<&'a Field> {
    let field = fields.iter().find(|field| reaches(&field.pointer, pointer))?;
    if field.pointer == pointer { Some(field) } else { find(&field.fields, pointer) }
}

/// The members of an object of a schema; none where it is only whole, or no object.
fn members(root: &Value, schema: &Value, at: &str, deeper: usize) -> Vec<Field> {
    let (Some(deeper), Some(properties)) = (deeper.checked_sub(1), schema.get("properties").and_then(Value::as_object))
    else {
        return Vec::new();
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields: Vec<Field> = properties
        .iter()
        .map(|(name, schema)| {
            let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            let separable = !required.contains(&name.as_str());
            let fields = inside(root, schema, &pointer, deeper);
            Field { pointer, separable, fields }
        })
        .collect();
    fields.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    fields
}

/// The members of what a property holds, whether it is an object, an array of them, or either or nothing.
fn inside(root: &Value, schema: &Value, at: &str, deeper: usize) -> Vec<Field> {
    if let Some(items) = schema.get("items") {
        return inside(root, items, &format!("{at}/*"), deeper);
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        return choices
            .iter()
            .map(|one| inside(root, one, at, deeper))
            .find(|found| !found.is_empty())
            .unwrap_or_default();
    }
    let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|named| named.strip_prefix("#/$defs/")) else {
        return members(root, schema, at, deeper);
    };
    match root.get("$defs").and_then(|defined| defined.get(name)) {
        Some(schema) if !WHOLE.contains(&name) => members(root, schema, at, deeper),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn kind(name: &str) -> Kind {
        Kind::all().unwrap().into_iter().find(|kind| kind.name == name).unwrap()
    }

    #[test]
    fn every_published_schema_is_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // A recipient's form, not a document.
            if name == "claim-fields-1.schema.json" {
                continue;
            }
            let known = SCHEMAS.iter().any(|(kind, _)| name == format!("{kind}-1.schema.json"));
            assert!(known, "{name} has no line in disclosure/fields.rs");
        }
        assert_eq!(Kind::all().unwrap().len(), SCHEMAS.len());
    }

    #[test]
    fn fields_are_those_of_the_schema() {
        let certificate = kind("diagnosis-certificate");
        let pointers = certificate.pointers();
        for known in ["/patient", "/patient/address", "/visit/department/text", "/diagnoses/*/onset", "/advice"] {
            assert!(pointers.contains(&known), "{known}");
        }
        let separable = |pointer: &str| certificate.field(pointer).map(|field| field.separable);
        assert_eq!(separable("/patient"), Some(false), "the schema requires it");
        assert_eq!(separable("/patient/identifiers"), Some(false));
        assert_eq!(separable("/patient/address"), Some(true));
        assert_eq!(separable("/diagnoses/*/severity"), Some(true));
        assert_eq!(separable("/patient/adress"), None);
        // A code without its system is another code.
        assert!(certificate.field("/diagnoses/*/codings").unwrap().fields.is_empty());
        assert!(kind("medical-receipt").field("/totals").unwrap().fields.is_empty());
        assert!(kind("lab-report").field("/results/*/value/quantity").is_none());
    }

    #[test]
    fn what_cannot_be_withheld_apart_stands_for_what_is_around_it() {
        let certificate = kind("diagnosis-certificate");
        let around = |pointer: &str| certificate.separable(pointer).map(|field| field.pointer.clone());
        assert_eq!(around("/patient/address").as_deref(), Some("/patient/address"));
        assert_eq!(around("/visit/class/code").as_deref(), Some("/visit/class"));
        assert_eq!(around("/procedures/*/status").as_deref(), Some("/procedures"));
        for whole in ["/patient/identifiers", "/patient", "", "/nothing", "/patient/nothing"] {
            assert_eq!(around(whole), None, "{whole}");
        }
        assert!(reaches("/visit", "/visit/start") && reaches("/visit", "/visit") && !reaches("/visit", "/visits"));
    }
}
