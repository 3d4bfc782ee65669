//! Tracing (追溯): from a stored evidence document back to the places in the bundle it was made from, for an auditor.
//!
//! In: the kept bytes of a revision and its evidence. Out: for each document whether today's reading of those bytes
//! still makes the same, and for each field its FHIRPath. It must not change anything but the audit trail, which says
//! who looked at what.

use claimgate_adapters::hospital::{self, HospitalBundle, Rejection, Settings};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::sources::{DocumentSources, Origin};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::core::change::Change;
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, EvidenceId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::EvidenceOfRevision;

/// More differences than this are not listed.
const MOST_DIFFERENCES: usize = 50;

/// An evidence document with the places it came from.
pub struct Traced {
    /// The document's id in packets.
    pub id: EvidenceId,
    /// Schema name and version, for example `medical-receipt/1`.
    pub schema: String,
    /// The form word of its source.
    pub form: String,
    /// The claim.
    pub claim: ClaimId,
    /// The revision whose bundle it was made from.
    pub revision: i64,
    /// The revision that replaced it.
    pub superseded_by: Option<i64>,
    /// Who pushed the bundle.
    pub hospital: PartyId,
    /// When that bundle came.
    pub received: Timestamp,
    /// The stored document against a conversion done now.
    pub comparison: Comparison,
    /// Its fields, by pointer.
    pub fields: Vec<Field>,
}

/// What a conversion done now makes of the kept bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The document that is stored.
    Same,
    /// Another one: the converter or its configuration has changed since. JSON pointers of what differs, at most 50.
    Differs(Vec<String>),
    /// No document in its place.
    Absent,
    /// Nothing: the bytes are refused now, with these codes.
    Refused(Vec<String>),
}

/// One field of a document.
pub struct Field {
    /// JSON pointer in the document.
    pub pointer: String,
    /// Where it came from.
    pub origin: Origin,
    /// What stands there in the stored document: personal data.
    pub value: Option<Value>,
}

claimgate_packet::opaque_debug!(Traced, Field);

/// A stored document, opened.
struct Stored {
    id: EvidenceId,
    schema: String,
    form: String,
    superseded_by: Option<i64>,
    document: Value,
}

impl Engine {
    /// Traces one evidence document. `values` is written into the audit trail: whether values will be shown.
    ///
    /// # Errors
    /// A fault of ours. `None`: there is no such evidence.
    pub async fn trace_evidence(&self, id: EvidenceId, values: bool) -> Result<Option<Traced>, Fault> {
        let Some((claim, revision)) = self.store.place_of_evidence(id).await? else { return Ok(None) };
        Ok(self.trace(claim, Some(revision), Some(id), values).await?.and_then(|mut found| found.pop()))
    }

    /// Traces all evidence of a revision of a claim, of the newest where none is named.
    ///
    /// # Errors
    /// A fault of ours. `None`: there is no such claim or revision.
    pub async fn trace_revision(
        &self,
        claim: ClaimId,
        revision: Option<i64>,
        values: bool,
    ) -> Result<Option<Vec<Traced>>, Fault> {
        self.trace(claim, revision, None, values).await
    }

    async fn trace(
        &self,
        claim: ClaimId,
        revision: Option<i64>,
        only: Option<EvidenceId>,
        values: bool,
    ) -> Result<Option<Vec<Traced>>, Fault> {
        let Some(head) = self.store.claim(claim).await? else { return Ok(None) };
        let Some((revision, sealed, received)) = self.store.bundle(claim, revision).await? else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let row = format!("{claim}/{revision}");
        let body = key.open(Place { table: "bundle", row: &row, column: "body" }, &sealed)?;
        let mut stored = Vec::new();
        for row in self.store.evidence_of_revision(claim, revision).await? {
            stored.push(opened(&key, &row)?);
        }
        let read = self.convert_again(body).await?;
        let mut change = Change::new("trace_evidence");
        let mut traced = Vec::new();
        for (place, one) in stored.into_iter().enumerate().filter(|(_, one)| only.is_none_or(|only| one.id == only)) {
            let (comparison, sources) = compared(place, &one, &read)?;
            let shown = if values { "shown" } else { "hidden" };
            change.push(self.audit(
                "operator",
                "evidence.traced",
                &one.id,
                [("claim", claim.to_string()), ("revision", revision.to_string()), ("values", shown.to_owned())],
            ));
            let field = |(pointer, origin): (&String, &Origin)| Field {
                pointer: pointer.clone(),
                origin: origin.clone(),
                value: one.document.pointer(pointer).cloned(),
            };
            traced.push(Traced {
                id: one.id,
                comparison,
                fields: sources.into_iter().flatten().map(field).collect(),
                schema: one.schema,
                form: one.form,
                claim,
                revision,
                superseded_by: one.superseded_by,
                hospital: head.hospital.clone(),
                received,
            });
        }
        // Written before anything is shown.
        self.store.commit(change).await?;
        Ok(Some(traced))
    }

    /// Reads kept bytes as a push would now, but for what only refuses: limits, packages, the hospital's policy.
    async fn convert_again(&self, body: Zeroizing<Vec<u8>>) -> Result<Result<HospitalBundle, Rejection>, Fault> {
        let reading = std::sync::Arc::clone(&self.reading);
        tokio::task::spawn_blocking(move || {
            let limits = Limits { bytes: body.len(), ..Limits::default() };
            let settings = Settings { limits, aliases: &reading.aliases, ..Settings::default() };
            hospital::read_traced(&body, Format::of_bytes(&body), &settings, true)
        })
        .await
        .map_err(|_| Fault::Task)
    }
}

fn opened(key: &ClaimKey, row: &EvidenceOfRevision) -> Result<Stored, Fault> {
    let unreadable = || Fault::Stored("evidence");
    let id = row.id.to_string();
    let plain = key.open(Place { table: "evidence", row: &id, column: "body" }, &row.body)?;
    let mut json: Value = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (schema, form) = (text("/schema").ok_or_else(unreadable)?, text("/source/form").ok_or_else(unreadable)?);
    let document = json.get_mut("document").map(Value::take).ok_or_else(unreadable)?;
    Ok(Stored { id: row.id, schema, form, superseded_by: row.superseded_by, document })
}

/// Evidence ids sort in the order of the bundle's documents, so the document made now stands at the same place; where
/// the converter has learnt to make more documents since, it stands elsewhere.
fn compared<'r>(
    place: usize,
    stored: &Stored,
    read: &'r Result<HospitalBundle, Rejection>,
) -> Result<(Comparison, Option<&'r DocumentSources>), Fault> {
    let bundle = match read {
        Ok(bundle) => bundle,
        Err(rejection) => {
            let mut codes: Vec<String> =
                rejection.issues.iter().filter(|issue| issue.refuses()).map(|issue| issue.code.to_string()).collect();
            codes.dedup();
            return Ok((Comparison::Refused(codes), None));
        }
    };
    let mut made = Vec::new();
    for (document, sources) in bundle.documents.iter().zip(&bundle.sources) {
        made.push((document.schema(), document.to_json().map_err(|_| Fault::Stored("evidence"))?, sources));
    }
    let same = |(schema, document, _): &&(String, Value, &DocumentSources)| {
        *schema == stored.schema && *document == stored.document
    };
    if let Some((_, _, sources)) = made.get(place).filter(same).or_else(|| made.iter().find(same)) {
        return Ok((Comparison::Same, Some(sources)));
    }
    match made.get(place).filter(|(schema, ..)| *schema == stored.schema) {
        None => Ok((Comparison::Absent, None)),
        Some((_, document, sources)) => {
            let mut differing = Vec::new();
            differences(&stored.document, document, String::new(), &mut differing);
            Ok((Comparison::Differs(differing), Some(sources)))
        }
    }
}

fn differences(stored: &Value, made: &Value, at: String, found: &mut Vec<String>) {
    if stored == made || found.len() >= MOST_DIFFERENCES {
        return;
    }
    match (stored, made) {
        (Value::Object(before), Value::Object(now)) => {
            let added = now.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(added) {
                let part = |members: &serde_json::Map<String, Value>| members.get(name).cloned().unwrap_or(Value::Null);
                let step = name.replace('~', "~0").replace('/', "~1");
                differences(&part(before), &part(now), format!("{at}/{step}"), found);
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            for place in 0..before.len().max(now.len()) {
                let part = |items: &[Value]| items.get(place).cloned().unwrap_or(Value::Null);
                differences(&part(before), &part(now), format!("{at}/{place}"), found);
            }
        }
        _ => found.push(at),
    }
}

#[cfg(test)]
mod tests {
    use claimgate_adapters::hospital::Refused;
    use claimgate_fhir::outcome::{Issue, IssueKind};
    use serde_json::json;

    use super::*;
    use crate::id::Random;

    fn stored(document: Value) -> Stored {
        let id = EvidenceId::new(Timestamp::UNIX_EPOCH, &Random::system());
        let (schema, form) = ("medical-receipt/1".to_owned(), "fhir-r4-iclaim".to_owned());
        Stored { id, schema, form, superseded_by: None, document }
    }

    #[test]
    fn what_differs_is_named_by_place_and_never_by_value() {
        let mut found = Vec::new();
        let before = json!({ "a/b": 1, "c": [1, { "d": 2 }], "gone": "x", "same": [1] });
        let now = json!({ "a/b": 2, "c": [1, { "d": 3 }, 4], "new": "y", "same": [1] });
        differences(&before, &now, String::new(), &mut found);
        found.sort();
        assert_eq!(found, ["/a~1b", "/c/1/d", "/c/2", "/gone", "/new"]);
        let many = Value::from((0..200).collect::<Vec<_>>());
        found.clear();
        differences(&many, &json!([]), String::new(), &mut found);
        assert_eq!(found.len(), MOST_DIFFERENCES);
    }

    #[test]
    fn bytes_refused_now_and_documents_not_made_now_are_told_apart() {
        let issues =
            vec![Issue::error(IssueKind::Value, "bundle.no-claim", "x"), Issue::warning(IssueKind::Value, "y", "y")];
        let refused = Err(Rejection { reason: Refused::Unprocessable, issues });
        let (comparison, sources) = compared(0, &stored(json!({})), &refused).unwrap();
        assert_eq!((comparison, sources), (Comparison::Refused(vec!["bundle.no-claim".to_owned()]), None));
    }
}
