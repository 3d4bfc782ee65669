//! Who saw what (個資法 §12 通知義務): deliveries that left in a time window, with the types and fields they showed.
//!
//! In: a window, and a party, a claim or a key where only theirs is asked for. Out, one at a time: ids, times, names of
//! types and fields; the person's name only where it is asked for. Looking is audited before anything is opened.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::jose::base64url;
use claimgate_packet::signed::Signed;
use serde::Serialize;
use serde_json::Value;

use super::health::stored_evidence;
use super::{Engine, Fault};
use crate::core::change::Change;
use crate::id::ClaimId;
use crate::keys::at_rest::{ClaimKey, Place};
use crate::store::read::{Exposure, ExposureQuery};

/// Deliveries read at once; their packets are opened one after the other.
const PAGE: i64 = 200;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which deliveries.
    pub query: ExposureQuery,
    /// Only what was sealed to this key of a recipient, or signed by this packet key of the gateway.
    pub key: Option<String>,
    /// Whether names of persons are opened.
    pub persons: bool,
}

/// One delivery that left.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// When its first byte left.
    pub left: jiff::Timestamp,
    /// The claim: one person's treatment.
    pub claim: String,
    /// The person's name, where it is asked for and the claim is not erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Where it came from.
    pub hospital: String,
    /// Who got it.
    pub recipient: String,
    /// In which line.
    pub line: String,
    /// The delivery.
    pub delivery: String,
    /// The packet.
    pub packet: String,
    /// When the recipient acknowledged it.
    pub acknowledged: Option<jiff::Timestamp>,
    /// The recipient's key it was sealed to last.
    pub sealed_to: String,
    /// The gateway's key that signed it; none where the claim is erased.
    pub signed_by: Option<String>,
    /// Files that left with it.
    pub files: i64,
    /// Whether the claim was erased since: what it showed is not known any more.
    pub erased: bool,
    /// Types of evidence with the names of the fields they showed.
    pub evidence: BTreeMap<String, BTreeSet<String>>,
}

/// How much there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exposed {
    /// Deliveries.
    pub deliveries: u64,
    /// Claims.
    pub claims: usize,
    /// Recipients.
    pub recipients: usize,
}

impl Engine {
    /// Tells of every delivery that left, in the order they left. Memory holds a page of ids and one packet; of claims
    /// that were told of, the ids.
    ///
    /// # Errors
    /// The database is away, or a packet does not open.
    pub async fn exposure(
        &self,
        asked: &Asked,
        account: Option<u32>,
        mut tell: impl FnMut(Seen),
    ) -> Result<Exposed, Fault> {
        let query = &asked.query;
        let mut change = Change::new("list_exposure");
        let of = |value: Option<String>| value.unwrap_or_else(|| "any".to_owned());
        let detail = [
            ("from", query.from.to_string()),
            ("to", query.to.to_string()),
            ("party", of(query.party.as_ref().map(ToString::to_string))),
            ("key", of(asked.key.clone())),
            ("persons", asked.persons.to_string()),
            ("account", account.map(|id| id.to_string()).unwrap_or_default()),
        ];
        change.push(self.audit("operator", "exposure.listed", &of(query.claim.map(|id| id.to_string())), detail));
        self.store.commit(change).await?;
        let (mut claims, mut recipients) = (BTreeSet::new(), BTreeSet::new());
        let (mut exposed, mut place) = (Exposed::default(), (query.from, None));
        let mut named: Option<(ClaimId, Option<String>)> = None;
        loop {
            let page = self.store.exposures(query, place, PAGE).await?;
            let Some(last) = page.last() else { break };
            place = (last.left, Some(last.delivery));
            for one in page {
                let claim = one.claim;
                let key = one.wrapped_key.as_deref().map(|wrapped| self.vault.open_claim_key(claim, wrapped));
                let key = key.transpose()?;
                let mut seen = self.seen(&one, key.as_ref()).await?;
                if asked.key.as_ref().is_some_and(|kid| one.kid != *kid && seen.signed_by.as_ref() != Some(kid)) {
                    continue;
                }
                if let Some(key) = key.filter(|_| asked.persons) {
                    if named.as_ref().is_none_or(|(known, _)| *known != claim) {
                        named = Some((claim, self.person(claim, &key).await?));
                    }
                    seen.person = named.as_ref().and_then(|(_, name)| name.clone());
                }
                exposed.deliveries += 1;
                claims.insert(claim);
                recipients.insert(one.recipient);
                tell(seen);
            }
        }
        (exposed.claims, exposed.recipients) = (claims.len(), recipients.len());
        Ok(exposed)
    }

    async fn seen(&self, one: &Exposure, key: Option<&ClaimKey>) -> Result<Seen, Fault> {
        let packet = one.packet.to_string();
        let (mut evidence, mut signed_by) = (BTreeMap::new(), None);
        // A claim that is erased while the list is written has no packet any more, and its key stands in the page still.
        let body = if key.is_some() { self.store.packet_body(one.packet).await? } else { Vec::new() };
        let key = key.filter(|_| !body.is_empty());
        if let Some(key) = key {
            let body = key.open(Place { table: "packet", row: &packet, column: "body" }, &body)?;
            let signed = Signed::from_stored(&body).map_err(|_| Fault::Stored("packet"))?;
            signed_by = signer(&signed);
            let disclosed = signed.disclosed(one.recipient.as_str(), one.line);
            for document in disclosed.map_err(|_| Fault::Stored("packet"))?.values() {
                let kind = document.get("type").and_then(Value::as_str).unwrap_or("unknown");
                let fields: &mut BTreeSet<String> = evidence.entry(kind.to_owned()).or_default();
                leaves("", document.get("document").unwrap_or(&Value::Null), fields);
            }
        }
        Ok(Seen {
            left: one.left,
            claim: one.claim.to_string(),
            person: None,
            hospital: one.hospital.to_string(),
            recipient: one.recipient.to_string(),
            line: one.line.to_string(),
            delivery: one.delivery.to_string(),
            packet,
            acknowledged: one.acknowledged,
            sealed_to: one.kid.clone(),
            signed_by,
            files: one.files,
            erased: key.is_none(),
            evidence,
        })
    }

    /// The name of the person a claim is of, from its newest evidence that has one.
    async fn person(&self, claim: ClaimId, key: &ClaimKey) -> Result<Option<String>, Fault> {
        for (id, body) in self.store.current_evidence(claim).await? {
            let whole = stored_evidence(key, id, &body)?;
            let whole = whole.document.to_json().map_err(|_| Fault::Stored("evidence"))?;
            if let Some(name) = whole.pointer("/patient/name").and_then(Value::as_str) {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }
}

/// The key id in the header of a packet's signature.
fn signer(signed: &Signed) -> Option<String> {
    let header = base64url::decode(signed.jwt().split('.').next()?)?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header.get("kid").and_then(Value::as_str).map(ToOwned::to_owned)
}

/// The names of all fields that hold a value, with dots between; rows of a list count as one.
fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, found);
            }
        }
        Value::Array(rows) => rows.iter().for_each(|row| leaves(path, row, found)),
        Value::Null => {}
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_named_and_no_value_is_told() {
        let mut found = BTreeSet::new();
        leaves(
            "",
            &json!({ "patient": { "name": "王小明" }, "lines": [{ "amount": 1 }, { "amount": 2, "no": null }] }),
            &mut found,
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["lines.amount", "patient.name"]);
    }
}
