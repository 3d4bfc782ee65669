//! Writes a change, row by row, inside its own savepoint. A row that should have changed and did not is a
//! conflict, and the savepoint is rolled back.

use jiff::Timestamp;
use serde_json::json;

use super::sql::{Builder, Connection, is_refusal, query};
use super::written::{all, millis, one};
use super::{StoreError, alert, attachments, handover, log, published, push, receipt, registry, retention, uploads};
use crate::core::change::{Change, DeliveryRow, SearchValues, Write};
use crate::core::timeline::{Audience, Entry};
use crate::party::Party;

/// Applies a change in a savepoint of the running transaction.
pub(super) async fn change(tx: &mut Connection, change: &Change) -> Result<(), StoreError> {
    let mut savepoint = tx.begin().await?;
    match rows(&mut savepoint, change).await {
        Ok(()) => savepoint.commit().await?,
        Err(StoreError::Database(error)) if !is_refusal(&error) => return Err(error.into()),
        Err(error) => {
            savepoint.rollback().await?;
            return Err(match error {
                StoreError::Database(_) => StoreError::Inconsistent { table: "(constraint)", column: change.name },
                other => other,
            });
        }
    }
    Ok(())
}

async fn rows(tx: &mut Connection, change: &Change) -> Result<(), StoreError> {
    for write in &change.writes {
        apply(tx, write).await?;
    }
    new_entries(tx, &change.timeline).await
}

#[expect(clippy::too_many_lines, reason = "one arm per row kind; splitting would hide the list")]
async fn apply(tx: &mut Connection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::RelyOnParty(id, version) => {
            let mut sql = Builder::new("-- apply::rely_on_party\nselect version from party where id = ");
            sql.push_bind(id.as_str()).push(" and version = ").push_bind(version).push(tx.for_share());
            let same: Option<(i64,)> = sql.build_query_as().fetch_optional(tx).await?;
            same.map(drop).ok_or(StoreError::Conflict { table: "party" })
        }
        Write::NewParty(party, at) => new_party(tx, party, *at).await,
        Write::ChangeParty(party, at) => change_party(tx, party, *at).await,
        Write::PartyContacts(party, sealed) => registry::contacts(tx, party, sealed.as_deref()).await,
        Write::Proposal(row) => registry::proposal(tx, row).await,
        Write::PublishedKeys(row) => published::tried(tx, row).await,
        Write::Decision(decision) => registry::decision(tx, decision).await,
        Write::RemoveOperator(id, version) => registry::remove_operator(tx, id, *version).await,
        Write::Alert(write) => alert::apply(tx, write).await,
        Write::NewClaim(claim) => {
            let sql = "-- apply::new_claim
                insert into claim (id, hospital_id, case_index, kind, revision, version, created_at, changed_at)
                values ($1, $2, $3, 'health', 1, 1, $4, $4)";
            let id = claim.id.to_string();
            let inserted = query(sql)
                .bind(&id)
                .bind(claim.hospital.as_str())
                .bind(claim.case_index.as_slice())
                .bind(millis(claim.at))
                .execute(&mut *tx)
                .await;
            one("claim", inserted)?;
            let sql = "-- apply::claim_key\ninsert into claim_key (claim_id, wrapped) values ($1, $2)";
            one("claim_key", query(sql).bind(id).bind(&claim.wrapped_key).execute(tx).await)
        }
        Write::NextRevision(next) => {
            let sql = "-- apply::next_revision
                update claim set revision = $3, version = version + 1, changed_at = $4 where id = $1 and version = $2";
            let updated = query(sql)
                .bind(next.id.to_string())
                .bind(next.version)
                .bind(next.revision)
                .bind(millis(next.at))
                .execute(tx)
                .await;
            one("claim", updated)
        }
        Write::TouchClaim(id, version, at) => {
            let sql = "-- apply::touch_claim
                update claim set version = version + 1, changed_at = $3 where id = $1 and version = $2";
            one("claim", query(sql).bind(id.to_string()).bind(version).bind(millis(*at)).execute(tx).await)
        }
        Write::Bundle(bundle) => {
            let sql = "-- apply::bundle
                insert into bundle (claim_id, revision, body_mac, body, answer, received_at, signature)
                values ($1, $2, $3, $4, $5, $6, $7)";
            let inserted = query(sql)
                .bind(bundle.claim.to_string())
                .bind(bundle.revision)
                .bind(bundle.body_mac.as_slice())
                .bind(&bundle.body)
                .bind(&bundle.answer)
                .bind(millis(bundle.at))
                .bind(&bundle.signature)
                .execute(tx)
                .await;
            one("bundle", inserted)
        }
        Write::SearchValues(search) => search_values(tx, search).await,
        Write::SupersedeEvidence(claim, by) => {
            let sql = "-- apply::supersede_evidence
                update evidence set superseded_by = $2 where claim_id = $1 and superseded_by is null";
            query(sql).bind(claim.to_string()).bind(by).execute(tx).await?;
            Ok(())
        }
        Write::Evidence(evidence) => {
            let sql = "-- apply::evidence
                insert into evidence (id, claim_id, revision, kind, body) values ($1, $2, $3, $4, $5)";
            let inserted = query(sql)
                .bind(evidence.id.to_string())
                .bind(evidence.claim.to_string())
                .bind(evidence.revision)
                .bind(&evidence.kind)
                .bind(&evidence.body)
                .execute(tx)
                .await;
            one("evidence", inserted)
        }
        Write::Attachment(attachment) => attachments::new(tx, attachment).await,
        Write::Upload(write) => uploads::apply(tx, write).await,
        Write::AttachmentLeft(delivery, id, at) => attachments::left(tx, *delivery, *id, *at).await,
        Write::Consent(claim, permit, at) => {
            let sql = "-- apply::consent
                insert into consent (id, claim_id, basis, reference, purpose, recipients, created_at)
                values ($1, $2, 'hospital-attested', $3, $4, $5, $6)";
            let recipients: Vec<_> = permit
                .recipients()
                .iter()
                .map(|(party, line)| match permit.limits(party, *line) {
                    None => json!({ "party": party.as_str(), "line": line }),
                    Some(limits) => json!({ "party": party.as_str(), "line": line, "limits": limits }),
                })
                .collect();
            let inserted = query(sql)
                .bind(permit.consent().to_string())
                .bind(claim.to_string())
                .bind(permit.reference())
                .bind(permit.purpose().as_str())
                .bind(json!(recipients).to_string())
                .bind(millis(*at))
                .execute(tx)
                .await;
            one("consent", inserted)
        }
        Write::Packet(packet) => {
            let sql = "-- apply::packet
                insert into packet (id, claim_id, revision, body, manifest_digest, created_at)
                values ($1, $2, $3, $4, $5, $6)";
            let inserted = query(sql)
                .bind(packet.id.to_string())
                .bind(packet.claim.to_string())
                .bind(packet.revision)
                .bind(&packet.body)
                .bind(packet.manifest_digest.as_slice())
                .bind(millis(packet.at))
                .execute(&mut *tx)
                .await;
            one("packet", inserted)?;
            log::leaf(tx, packet).await
        }
        Write::Checkpoint(size, note, at) => log::checkpoint(tx, *size, note, *at).await,
        Write::Delivery(delivery) => new_delivery(tx, delivery).await,
        Write::Submission(row) => {
            let sql = "-- apply::submission
                insert into submission (id, claim_id, party_id, line, state, version, created_at, changed_at)
                values ($1, $2, $3, $4, 'sent', 1, $5, $5)
                on conflict (claim_id, party_id, line) do update set state = 'sent', version = submission.version + 1,
                    changed_at = excluded.changed_at where submission.state in ('withdrawn', 'returned')";
            query(sql)
                .bind(row.id.to_string())
                .bind(row.claim.to_string())
                .bind(row.party.as_str())
                .bind(row.line.as_str())
                .bind(millis(row.at))
                .execute(tx)
                .await?;
            Ok(())
        }
        Write::SubmissionStep(step) => {
            let sql = "-- apply::submission_step
                update submission set state = $3, detail = coalesce($4, detail), version = version + 1, changed_at = $5
                where id = $1 and version = $2";
            let updated = query(sql)
                .bind(step.id.to_string())
                .bind(step.version)
                .bind(step.state.as_str())
                .bind(step.detail.as_deref())
                .bind(millis(step.at))
                .execute(tx)
                .await;
            one("submission", updated)
        }
        Write::DeliveryLeft(id, at) => {
            let sql = "-- apply::delivery_left
                update delivery set left_at = $2 where id = $1 and left_at is null and state in ('ready', 'acknowledged')";
            one("delivery", query(sql).bind(id.to_string()).bind(millis(*at)).execute(tx).await)
        }
        Write::DeliveryStayed(id, at) => {
            let sql = "-- apply::delivery_stayed
                update delivery set left_at = null where id = $1 and left_at = $2 and state = 'ready'";
            // Acknowledged or fetched meanwhile: then it has left.
            query(sql).bind(id.to_string()).bind(millis(*at)).execute(tx).await?;
            Ok(())
        }
        Write::Reseal(again) => {
            let sql = "-- apply::reseal
                update delivery set kid = $3, sealed = $4, sealed_bytes = $5, sealed_digest = $6
                where id = $1 and kid = $2";
            let updated = query(sql)
                .bind(again.id.to_string())
                .bind(&again.from_kid)
                .bind(&again.kid)
                .bind(&again.sealed)
                .bind(i64::try_from(again.sealed.len()).unwrap_or(i64::MAX))
                .bind(&again.sealed_digest)
                .execute(tx)
                .await;
            one("delivery", updated)
        }
        Write::Withdraw(id, at) => {
            let sql = "-- apply::withdraw
                update delivery set state = 'withdrawn' where id = $1 and left_at is null and state = 'ready'";
            one("delivery", query(sql).bind(id.to_string()).execute(&mut *tx).await)?;
            let sql = "-- apply::withdraw_submission
                update submission set state = 'withdrawn', version = version + 1, changed_at = $2
                where state = 'sent' and (claim_id, party_id, line) =
                    (select claim_id, party_id, line from delivery where id = $1)";
            query(sql).bind(id.to_string()).bind(millis(*at)).execute(&mut *tx).await?;
            push::announce_withdrawal(tx, *id, *at).await
        }
        Write::Push(write) => push::apply(tx, write).await,
        Write::Handover(write) => handover::apply(tx, write).await,
        Write::Acknowledge(id, acknowledgement, at) => {
            let sql = "-- apply::acknowledge
                update delivery set state = 'acknowledged', acknowledgement = $2, acknowledged_at = $3
                where id = $1 and state = 'ready' and left_at is not null";
            let updated =
                query(sql).bind(id.to_string()).bind(acknowledgement.as_str()).bind(millis(*at)).execute(tx).await;
            one("delivery", updated)
        }
        Write::Retention(write) => retention::apply(tx, write).await,
        Write::Receipt(row) => one("receipt", receipt::insert(tx, row).await),
        Write::Audit(line) => {
            let sql = "-- apply::audit
                insert into audit (id, at, actor, action, subject, detail) values ($1, $2, $3, $4, $5, $6)";
            let inserted = query(sql)
                .bind(line.id.to_string())
                .bind(millis(line.at))
                .bind(&line.actor)
                .bind(line.action)
                .bind(&line.subject)
                .bind(json!(line.detail).to_string())
                .execute(tx)
                .await;
            one("audit", inserted)
        }
        Write::Idempotency(row) => {
            let sql = "-- apply::idempotency
                insert into idempotency (party_id, route, key_mac, body_mac, answer, expires_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (party_id, route, key_mac) do update set body_mac = excluded.body_mac,
                    answer = excluded.answer, expires_at = excluded.expires_at where idempotency.expires_at <= $7";
            let inserted = query(sql)
                .bind(row.party.as_str())
                .bind(row.route)
                .bind(row.key.as_slice())
                .bind(row.body_mac.as_slice())
                .bind(&row.answer)
                .bind(millis(row.expires_at))
                .bind(millis(row.at))
                .execute(tx)
                .await;
            one("idempotency", inserted)
        }
        Write::AssertionUse(party, jti, expires) => {
            let sql =
                "-- apply::assertion_use\ninsert into assertion_use (party_id, jti, expires_at) values ($1, $2, $3)";
            one("assertion_use", query(sql).bind(party.as_str()).bind(jti).bind(millis(*expires)).execute(tx).await)
        }
        Write::ProofUse(party, digest, expires) => {
            // Among the assertions, with a space no assertion's jti has: neither's ids can stand in for the other's.
            let sql = "-- apply::proof_use
                insert into assertion_use (party_id, jti, expires_at) values ($1, 'dpop ' || $2, $3)";
            let inserted = query(sql).bind(party.as_str()).bind(digest).bind(millis(*expires)).execute(tx).await;
            one("assertion_use (dpop)", inserted)
        }
        Write::CallUse(party, digest, expires) => {
            let sql = "-- apply::call_use
                insert into assertion_use (party_id, jti, expires_at) values ($1, 'call ' || $2, $3)";
            let inserted = query(sql).bind(party.as_str()).bind(digest).bind(millis(*expires)).execute(tx).await;
            one("assertion_use (call)", inserted)
        }
        Write::TrackingCode(code, claim, expires) => {
            let sql = "-- apply::tracking_code
                insert into tracking_code (code_mac, claim_id, expires_at) values ($1, $2, $3)";
            let inserted =
                query(sql).bind(code.as_slice()).bind(claim.to_string()).bind(millis(*expires)).execute(tx).await;
            one("tracking_code", inserted)
        }
        Write::Redeem(code, claim, party, at) => {
            let sql = "-- apply::redeem
                update tracking_code set used_at = $2 where code_mac = $1 and used_at is null and expires_at > $2";
            one("tracking_code", query(sql).bind(code.as_slice()).bind(millis(*at)).execute(&mut *tx).await)?;
            let sql = "-- apply::claim_link
                insert into claim_link (claim_id, party_id, created_at) values ($1, $2, $3)
                on conflict (claim_id, party_id) do nothing";
            query(sql).bind(claim.to_string()).bind(party.as_str()).bind(millis(*at)).execute(tx).await?;
            Ok(())
        }
        Write::Work(work) => {
            let sql = "-- apply::work\ninsert into work (id, claim_id, due_at, fence) values ($1, $2, $3, 0)";
            let inserted = query(sql)
                .bind(work.id.to_string())
                .bind(work.claim.to_string())
                .bind(millis(work.due_at))
                .execute(tx)
                .await;
            one("work", inserted)
        }
        Write::WorkDone(id, fence, at) => {
            let sql = "-- apply::work_done
                update work set done_at = $3, lease_until = null where id = $1 and fence = $2 and done_at is null";
            one("work", query(sql).bind(id.to_string()).bind(fence).bind(millis(*at)).execute(tx).await)
        }
    }
}

async fn new_party(tx: &mut Connection, party: &Party, at: Timestamp) -> Result<(), StoreError> {
    let sql = "-- apply::new_party
        insert into party (id, role, state, document, version, created_at, changed_at)
        values ($1, $2, $3, $4, 1, $5, $5)";
    let inserted = query(sql)
        .bind(party.id.as_str())
        .bind(party.role().as_str())
        .bind(party.state.as_str())
        .bind(json!(party.registration()).to_string())
        .bind(millis(at))
        .execute(&mut *tx)
        .await;
    one("party", inserted)?;
    registry::beginning(tx, party, at).await?;
    identifiers(tx, party).await
}

async fn change_party(tx: &mut Connection, party: &Party, at: Timestamp) -> Result<(), StoreError> {
    let sql = "-- apply::change_party
        update party set state = $3, document = $4, version = version + 1, changed_at = $5
        where id = $1 and version = $2";
    let updated = query(sql)
        .bind(party.id.as_str())
        .bind(party.version)
        .bind(party.state.as_str())
        .bind(json!(party.registration()).to_string())
        .bind(millis(at))
        .execute(&mut *tx)
        .await;
    one("party", updated)?;
    // What waited may go now, whatever it was that changed.
    let sql = "-- apply::wake_work\nupdate work set due_at = $1 where done_at is null";
    query(sql).bind(millis(at)).execute(&mut *tx).await?;
    registry::beginning(tx, party, at).await?;
    published::forget_other(tx, party).await?;
    let sql = "-- apply::forget_identifiers\ndelete from party_identifier where party_id = $1";
    query(sql).bind(party.id.as_str()).execute(&mut *tx).await?;
    identifiers(tx, party).await
}

async fn identifiers(tx: &mut Connection, party: &Party) -> Result<(), StoreError> {
    for known in &party.registration().identifiers {
        let sql = "-- apply::identifiers\ninsert into party_identifier (system, value, party_id) values ($1, $2, $3)";
        let inserted =
            query(sql).bind(&known.system).bind(&known.value).bind(party.id.as_str()).execute(&mut *tx).await;
        one("party_identifier", inserted)?;
    }
    registry::own_keys(tx, party).await
}

async fn search_values(tx: &mut Connection, search: &SearchValues) -> Result<(), StoreError> {
    let claim = search.claim.to_string();
    let sql = "-- apply::forget_search_values\ndelete from claim_search where claim_id = $1";
    query(sql).bind(&claim).execute(&mut *tx).await?;
    if search.values.is_empty() {
        return Ok(());
    }
    let mut sql = Builder::new(
        "-- apply::search_values
        insert into claim_search (claim_id, hospital_id, name, value_mac) ",
    );
    sql.push_values(&search.values, |mut row, (name, value)| {
        row.push_bind(claim.clone())
            .push_bind(search.hospital.to_string())
            .push_bind(name.as_str())
            .push_bind(value.to_vec());
    });
    all("claim_search", search.values.len(), sql.build().execute(tx).await)
}

async fn new_delivery(tx: &mut Connection, row: &DeliveryRow) -> Result<(), StoreError> {
    let sql = "-- apply::delivery
        insert into delivery (id, packet_id, claim_id, party_id, line, revision, state, content, kid, sealed,
            sealed_bytes, sealed_digest, presentation_digest, created_at)
        values ($1, $2, $3, $4, $5, $6, 'ready', $7, $8, $9, $10, $11, $12, $13)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.packet.to_string())
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.line.as_str())
        .bind(row.revision)
        .bind(row.content.as_slice())
        .bind(&row.kid)
        .bind(&row.sealed)
        .bind(i64::try_from(row.sealed.len()).unwrap_or(i64::MAX))
        .bind(&row.sealed_digest)
        .bind(&row.presentation_digest)
        .bind(millis(row.at))
        .execute(&mut *tx)
        .await;
    one("delivery", inserted)?;
    attachments::disclosed(tx, row).await
}

async fn new_entries(tx: &mut Connection, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut sql = Builder::new(
        "-- apply::timeline
        insert into timeline (id, claim_id, at, audience_role, audience_party, event, parameters) ",
    );
    sql.push_values(entries, |mut row, entry| {
        let (role, party) = match &entry.audience {
            Audience::Party(role, party) => (role.as_str(), party.as_str()),
            Audience::Owner => ("owner", ""),
        };
        row.push_bind(entry.id.to_string())
            .push_bind(entry.claim.to_string())
            .push_bind(millis(entry.at))
            .push_bind(role)
            .push_bind(party.to_owned())
            .push_bind(entry.event.code())
            .push_bind(entry.event.parameters().to_string());
    });
    all("timeline", entries.len(), sql.build().execute(tx).await)
}
