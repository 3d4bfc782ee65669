//! What each kind of row is. A row that is one of several, or alone in a change that also changes rows, is written here.

use claimgate_packet::evidence::WithdrawalReason;
use jiff::Timestamp;
use serde_json::json;

use super::{Said, insert, pieces};
use crate::consent::Permit;
use crate::core::change::{
    AttachmentRow, AuditLine, Bundle, DeliveryRow, EvidenceRow, IdempotencyRow, NewClaim, PacketRow, SearchValues,
    SubmissionRow,
};
use crate::core::timeline::{Audience, Entry};
use crate::id::ClaimId;
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::StoreError;
use crate::store::sql::{Builder, Connection};
use crate::store::written::millis;

/// A consent of a claim.
pub(in crate::store) type Consented<'c> = (ClaimId, &'c Permit, Timestamp);
/// Something that is used up: by whom, of which kind, its id, until when that is remembered.
pub(in crate::store) type Used<'c> = (&'c PartyId, &'static str, &'c str, Timestamp);

// Proofs and calls stand among the assertions, with a space no assertion's jti has: the ids of none can stand in for
// another's.
/// Of proofs (DPoP).
pub(in crate::store) const PROOF: &str = "dpop ";
/// Of signed calls.
pub(in crate::store) const CALL: &str = "call ";

/// Makes sure that each party is still of its version, until the end of the transaction.
pub(in crate::store) async fn rely_on_parties(
    tx: &mut Connection,
    parties: &[(&PartyId, i64)],
) -> Result<(), StoreError> {
    for piece in pieces(parties) {
        let mut sql = Builder::new("-- inserts::rely_on_parties\nselect version from party where ");
        for (place, (id, version)) in piece.iter().enumerate() {
            sql.push(if place == 0 { "(id = " } else { " or (id = " }).push_bind(id.as_str());
            sql.push(" and version = ").push_bind(version).push(")");
        }
        sql.push(tx.for_share());
        let same: Vec<(i64,)> = sql.build_query_as().fetch_all(&mut *tx).await?;
        if same.len() != piece.len() {
            return Err(StoreError::Conflict { table: "party" });
        }
    }
    Ok(())
}

pub(in crate::store) async fn claims(tx: &mut Connection, rows: &[&NewClaim]) -> Result<(), StoreError> {
    let said = Said {
        table: "claim",
        insert: "-- inserts::claims
            insert into claim (id, hospital_id, case_index, kind, revision, version, created_at, changed_at) ",
    };
    insert(tx, &said, rows, |mut row, claim| {
        row.push_bind(claim.id.to_string()).push_bind(claim.hospital.as_str()).push_bind(claim.case_index.as_slice());
        row.push_bind(claim.kind.as_str())
            .push_bind(1)
            .push_bind(1)
            .push_bind(millis(claim.at))
            .push_bind(millis(claim.at));
    })
    .await?;
    let insert_keys = "-- inserts::claim_keys\ninsert into claim_key (claim_id, wrapped) ";
    let said = Said { table: "claim_key", insert: insert_keys };
    insert(tx, &said, rows, |mut row, claim| {
        row.push_bind(claim.id.to_string()).push_bind(&claim.wrapped_key);
    })
    .await
}

pub(in crate::store) async fn codes(tx: &mut Connection, rows: &[(&Mac, ClaimId, i64)]) -> Result<(), StoreError> {
    let said = Said {
        table: "tracking_code",
        insert: "-- inserts::tracking_codes\ninsert into tracking_code (code_mac, claim_id, expires_at) ",
    };
    insert(tx, &said, rows, |mut row, (code, claim, expires)| {
        row.push_bind(code.as_slice()).push_bind(claim.to_string()).push_bind(expires);
    })
    .await
}

/// What claims can be found by that could be found by nothing.
pub(in crate::store) async fn search_values(tx: &mut Connection, rows: &[&SearchValues]) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.iter().flat_map(|row| row.values.iter().map(move |value| (row, value))).collect();
    let said = Said {
        table: "claim_search",
        insert: "-- inserts::search_values\ninsert into claim_search (claim_id, hospital_id, name, value_mac) ",
    };
    insert(tx, &said, &rows, |mut row, (search, (name, value))| {
        row.push_bind(search.claim.to_string()).push_bind(search.hospital.as_str());
        row.push_bind(name.as_str()).push_bind(value.as_slice());
    })
    .await
}

pub(in crate::store) async fn evidence(tx: &mut Connection, rows: &[&EvidenceRow]) -> Result<(), StoreError> {
    let said = Said {
        table: "evidence",
        insert: "-- inserts::evidence\ninsert into evidence (id, claim_id, revision, kind, body) ",
    };
    insert(tx, &said, rows, |mut row, one| {
        row.push_bind(one.id.to_string()).push_bind(one.claim.to_string());
        row.push_bind(one.revision).push_bind(&one.kind).push_bind(&one.body);
    })
    .await
}

pub(in crate::store) async fn attachments(tx: &mut Connection, rows: &[&AttachmentRow]) -> Result<(), StoreError> {
    let said = Said {
        table: "attachment",
        insert: "-- inserts::attachments
            insert into attachment (id, claim_id, revision, content_mac, media_type, bytes, content, object_id, parts,
                object) ",
    };
    insert(tx, &said, rows, |mut row, file| {
        row.push_bind(file.id.to_string()).push_bind(file.claim.to_string()).push_bind(file.revision);
        row.push_bind(file.content_mac.as_slice()).push_bind(file.media_type);
        row.push_bind(file.bytes).push_bind(&file.content);
        let object = file.object.as_ref();
        row.push_bind(object.map(|object| object.id.to_string())).push_bind(object.map(|object| object.parts.clone()));
        row.push_bind(object.map(|object| object.secret.clone()));
    })
    .await
}

/// The keys of receipts of claims that had none.
pub(in crate::store) async fn receipt_keys(
    tx: &mut Connection,
    rows: &[(ClaimId, &PartyId, &Mac)],
) -> Result<(), StoreError> {
    let said = Said {
        table: "receipt_key",
        insert: "-- inserts::receipt_keys\ninsert into receipt_key (claim_id, hospital_id, key_mac) ",
    };
    insert(tx, &said, rows, |mut row, (claim, hospital, key)| {
        row.push_bind(claim.to_string()).push_bind(hospital.as_str()).push_bind(key.as_slice());
    })
    .await
}

pub(in crate::store) async fn consents(tx: &mut Connection, rows: &[Consented<'_>]) -> Result<(), StoreError> {
    let said = Said {
        table: "consent",
        insert: "-- inserts::consents
            insert into consent (id, claim_id, basis, reference, purpose, recipients, created_at) ",
    };
    insert(tx, &said, rows, |mut row, (claim, permit, at)| {
        let recipients: Vec<_> = permit
            .recipients()
            .iter()
            .map(|(party, line)| match permit.limits(party, *line) {
                None => json!({ "party": party.as_str(), "line": line }),
                Some(limits) => json!({ "party": party.as_str(), "line": line, "limits": limits }),
            })
            .collect();
        row.push_bind(permit.consent().to_string()).push_bind(claim.to_string());
        row.push_bind(permit.basis()).push_bind(permit.reference()).push_bind(permit.purpose().as_str());
        row.push_bind(json!(recipients).to_string()).push_bind(millis(*at));
    })
    .await
}

/// Packets, each with its leaf of the public log.
pub(in crate::store) async fn packets(tx: &mut Connection, rows: &[&PacketRow]) -> Result<(), StoreError> {
    let said = Said {
        table: "packet",
        insert: "-- inserts::packets
            insert into packet (id, claim_id, revision, body, manifest_digest, created_at) ",
    };
    insert(tx, &said, rows, |mut row, packet| {
        row.push_bind(packet.id.to_string()).push_bind(packet.claim.to_string()).push_bind(packet.revision);
        row.push_bind(&packet.body).push_bind(packet.manifest_digest.as_slice()).push_bind(millis(packet.at));
    })
    .await?;
    let leaves = "-- inserts::leaves\ninsert into log_leaf (packet_id, entry, created_at) ";
    insert(tx, &Said { table: "log_leaf", insert: leaves }, rows, |mut row, packet| {
        row.push_bind(packet.id.to_string());
        row.push_bind(packet.manifest_digest.as_slice()).push_bind(millis(packet.at));
    })
    .await
}

/// Submissions, where the recipient has none for this claim and line yet, or one that came to nothing.
pub(in crate::store) async fn submissions(tx: &mut Connection, rows: &[&SubmissionRow]) -> Result<(), StoreError> {
    for piece in pieces(rows) {
        let mut sql = Builder::new(
            "-- inserts::submissions
            insert into submission (id, claim_id, party_id, line, state, version, created_at, changed_at) ",
        );
        sql.push_values(piece, |mut row, one| {
            row.push_bind(one.id.to_string()).push_bind(one.claim.to_string()).push_bind(one.party.as_str());
            row.push_bind(one.line.as_str()).push_bind("sent").push_bind(1);
            row.push_bind(millis(one.at)).push_bind(millis(one.at));
        });
        sql.push(
            " on conflict (claim_id, party_id, line) do update set state = 'sent', version = submission.version + 1,
                changed_at = excluded.changed_at where submission.state in ('withdrawn', 'returned')",
        );
        sql.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// Deliveries, with the attachments each discloses.
pub(in crate::store) async fn deliveries(tx: &mut Connection, rows: &[&DeliveryRow]) -> Result<(), StoreError> {
    let said = Said {
        table: "delivery",
        insert: "-- inserts::deliveries
            insert into delivery (id, packet_id, claim_id, party_id, line, revision, state, content, kid, sealed,
                sealed_bytes, sealed_digest, presentation_digest, created_at) ",
    };
    insert(tx, &said, rows, |mut row, one| {
        row.push_bind(one.id.to_string()).push_bind(one.packet.to_string()).push_bind(one.claim.to_string());
        row.push_bind(one.party.as_str()).push_bind(one.line.as_str()).push_bind(one.revision).push_bind("ready");
        row.push_bind(one.content.as_slice()).push_bind(&one.kid).push_bind(&one.sealed);
        row.push_bind(i64::try_from(one.sealed.len()).unwrap_or(i64::MAX));
        row.push_bind(&one.sealed_digest).push_bind(&one.presentation_digest).push_bind(millis(one.at));
    })
    .await?;
    let documents: Vec<_> = rows.iter().flat_map(|row| row.documents.iter().map(move |one| (row.id, one))).collect();
    let said = Said {
        table: "delivery_document",
        insert: "-- inserts::documents
            insert into delivery_document (delivery_id, evidence_id, kind, identity, content, mark, reason) ",
    };
    insert(tx, &said, &documents, |mut row, (delivery, one)| {
        row.push_bind(delivery.to_string()).push_bind(one.known.evidence.to_string()).push_bind(&one.known.kind);
        row.push_bind(one.known.identity.as_ref().map(<[u8; 32]>::as_slice)).push_bind(one.known.content.as_slice());
        row.push_bind(one.mark.as_str()).push_bind(one.reason.as_ref().map(WithdrawalReason::as_str));
    })
    .await?;
    let files: Vec<_> = rows.iter().flat_map(|row| row.attachments.iter().map(move |file| (row.id, file))).collect();
    let said = Said {
        table: "delivery_attachment",
        insert: "-- inserts::disclosed
            insert into delivery_attachment (delivery_id, attachment_id, evidence_id) ",
    };
    insert(tx, &said, &files, |mut row, (delivery, (evidence, attachment))| {
        row.push_bind(delivery.to_string()).push_bind(attachment.to_string()).push_bind(evidence.to_string());
    })
    .await
}

pub(in crate::store) async fn bundles(tx: &mut Connection, rows: &[&Bundle]) -> Result<(), StoreError> {
    let said = Said {
        table: "bundle",
        insert: "-- inserts::bundles
            insert into bundle (claim_id, revision, body_mac, body, answer, received_at, signature) ",
    };
    insert(tx, &said, rows, |mut row, bundle| {
        row.push_bind(bundle.claim.to_string()).push_bind(bundle.revision).push_bind(bundle.body_mac.as_slice());
        row.push_bind(&bundle.body).push_bind(&bundle.answer).push_bind(millis(bundle.at));
        row.push_bind(&bundle.signature);
    })
    .await
}

/// Answers under their `Idempotency-Key`: a key that is remembered is written over when it has expired.
pub(in crate::store) async fn answers(tx: &mut Connection, rows: &[&IdempotencyRow]) -> Result<(), StoreError> {
    let Some(at) = rows.iter().map(|row| millis(row.at)).min() else { return Ok(()) };
    for piece in pieces(rows) {
        let mut sql = Builder::new(
            "-- inserts::answers
            insert into idempotency (party_id, route, key_mac, body_mac, answer, expires_at) ",
        );
        sql.push_values(piece, |mut row, one| {
            row.push_bind(one.party.as_str()).push_bind(one.route).push_bind(one.key.as_slice());
            row.push_bind(one.body_mac.as_slice()).push_bind(&one.answer).push_bind(millis(one.expires_at));
        });
        sql.push(
            " on conflict (party_id, route, key_mac) do update set body_mac = excluded.body_mac,
                answer = excluded.answer, expires_at = excluded.expires_at where idempotency.expires_at <= ",
        );
        sql.push_bind(at);
        super::exactly("idempotency", piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    Ok(())
}

/// Assertions, proofs and calls that are used up.
pub(in crate::store) async fn used(tx: &mut Connection, rows: &[Used<'_>]) -> Result<(), StoreError> {
    let said = Said {
        table: match rows {
            [(_, PROOF, ..)] => "assertion_use (dpop)",
            [(_, CALL, ..)] => "assertion_use (call)",
            _ => "assertion_use",
        },
        insert: "-- inserts::used\ninsert into assertion_use (party_id, jti, expires_at) ",
    };
    insert(tx, &said, rows, |mut row, (party, kind, id, expires)| {
        row.push_bind(party.as_str()).push_bind(format!("{kind}{id}")).push_bind(millis(*expires));
    })
    .await
}

pub(in crate::store) async fn audit(tx: &mut Connection, rows: &[&AuditLine]) -> Result<(), StoreError> {
    let said = Said {
        table: "audit",
        insert: "-- inserts::audit\ninsert into audit (id, at, actor, action, subject, detail) ",
    };
    insert(tx, &said, rows, |mut row, line| {
        row.push_bind(line.id.to_string()).push_bind(millis(line.at)).push_bind(&line.actor).push_bind(line.action);
        row.push_bind(&line.subject).push_bind(json!(line.detail).to_string());
    })
    .await
}

/// Lines of timelines.
pub(in crate::store) async fn entries(tx: &mut Connection, rows: &[&Entry]) -> Result<(), StoreError> {
    let said = Said {
        table: "timeline",
        insert: "-- inserts::entries
            insert into timeline (id, claim_id, at, audience_role, audience_party, event, parameters) ",
    };
    insert(tx, &said, rows, |mut row, entry| {
        let (role, party) = match &entry.audience {
            Audience::Party(role, party) => (role.as_str(), party.as_str()),
            Audience::Owner => ("owner", ""),
        };
        row.push_bind(entry.id.to_string()).push_bind(entry.claim.to_string()).push_bind(millis(entry.at));
        row.push_bind(role).push_bind(party).push_bind(entry.event.code());
        row.push_bind(entry.event.parameters().to_string());
    })
    .await
}
