//! Writes a change, row by row, inside its own savepoint. A row that should have changed and did not is a
//! conflict, and the savepoint is rolled back.

use jiff::Timestamp;
use serde_json::json;

use super::sql::{Connection, is_refusal, query};
use super::written::{millis, one};
use super::{
    StoreError, accident, alert, application, attachments, cases, deadline, handover, identity, inserts, leaving,
    ledger, log, mandate, master, mydata, offset, owner, published, push, receipt, records, registry, repair, requests,
    retention, revision, trust, uploads, wallet,
};
use crate::core::change::{Change, SearchValues, Write};
use crate::party::Party;

/// Applies changes that only add rows, all of them in one savepoint; `false` where one of them is refused, and none was
/// applied.
pub(super) async fn together(tx: &mut Connection, changes: &[&Change]) -> Result<bool, StoreError> {
    let mut savepoint = tx.begin().await?;
    match inserts::together(&mut savepoint, changes).await {
        Ok(()) => {
            savepoint.commit().await?;
            Ok(true)
        }
        Err(StoreError::Database(error)) if !is_refusal(&error) => Err(error.into()),
        Err(_) => {
            savepoint.rollback().await?;
            Ok(false)
        }
    }
}

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
    let entries: Vec<_> = change.timeline.iter().collect();
    inserts::entries(tx, &entries).await
}

#[expect(clippy::too_many_lines, reason = "one arm per row kind; splitting would hide the list")]
async fn apply(tx: &mut Connection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::RelyOnParty(id, version) => inserts::rely_on_parties(tx, &[(id, *version)]).await,
        Write::NewParty(party, at) => new_party(tx, party, *at).await,
        Write::ChangeParty(party, at) => change_party(tx, party, *at).await,
        Write::PartyContacts(party, sealed) => registry::contacts(tx, party, sealed.as_deref()).await,
        Write::Proposal(row) => registry::proposal(tx, row).await,
        Write::PublishedKeys(row) => published::tried(tx, row).await,
        Write::Decision(decision) => registry::decision(tx, decision).await,
        Write::RemoveOperator(id, version) => registry::remove_operator(tx, id, *version).await,
        Write::Alert(write) => alert::apply(tx, write).await,
        Write::Accident(write) => accident::apply(tx, write).await,
        Write::Case(write) => cases::apply(tx, write).await,
        Write::Application(write) => application::apply(tx, write).await,
        Write::Owner(write) => owner::apply(tx, write).await,
        Write::Wallet(write) => wallet::apply(tx, write).await,
        Write::Mydata(write) => mydata::apply(tx, write).await,
        Write::Mandate(write) => mandate::apply(tx, write).await,
        Write::Identity(write) => identity::apply(tx, write).await,
        Write::Trust(write) => trust::apply(tx, write).await,
        Write::NewClaim(claim) => inserts::claims(tx, &[claim]).await,
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
        Write::Bundle(bundle) => inserts::bundles(tx, &[bundle]).await,
        Write::SearchValues(search) => search_values(tx, search).await,
        Write::SupersedeEvidence(claim, by) => {
            let sql = "-- apply::supersede_evidence
                update evidence set superseded_by = $2
                where claim_id = $1 and superseded_by is null and kind <> 'owner-paper'";
            query(sql).bind(claim.to_string()).bind(by).execute(tx).await?;
            Ok(())
        }
        Write::Evidence(evidence) => inserts::evidence(tx, &[evidence]).await,
        Write::Attachment(attachment) => inserts::attachments(tx, &[attachment]).await,
        Write::Upload(write) => uploads::apply(tx, write).await,
        Write::AttachmentLeft(delivery, id, at) => attachments::left(tx, *delivery, *id, *at).await,
        Write::Consent(claim, permit, at) => inserts::consents(tx, &[(*claim, permit, *at)]).await,
        Write::Packet(packet) => inserts::packets(tx, &[packet]).await,
        Write::Checkpoint(size, note, at) => log::checkpoint(tx, *size, note, *at).await,
        Write::Delivery(delivery) => inserts::deliveries(tx, &[delivery]).await,
        Write::Submission(row) => inserts::submissions(tx, &[row]).await,
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
        Write::Leaving(id, leaving, at) => leaving::apply(tx, *id, *leaving, *at).await,
        Write::Reseal(again) => {
            // What an erasure has emptied meanwhile stays empty.
            let sql = "-- apply::reseal
                update delivery set kid = $3, sealed = $4, sealed_bytes = $5, sealed_digest = $6
                where id = $1 and kid = $2 and length(sealed) > 0";
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
            // Where its recipient holds an earlier one, it goes on with that.
            let sql = "-- apply::withdraw_submission
                update submission set state = 'withdrawn', version = version + 1, changed_at = $2
                where state = 'sent' and (claim_id, party_id, line) =
                    (select claim_id, party_id, line from delivery where id = $1)
                    and not exists (select 1 from delivery d where d.claim_id = submission.claim_id
                        and d.party_id = submission.party_id and d.line = submission.line
                        and d.left_at is not null and d.state in ('ready', 'acknowledged'))";
            query(sql).bind(id.to_string()).bind(millis(*at)).execute(&mut *tx).await?;
            push::announce_withdrawal(tx, *id, *at).await
        }
        Write::TakenBack(rows) => revision::apply(tx, rows).await,
        Write::Push(write) => push::apply(tx, write).await,
        Write::Handover(write) => handover::apply(tx, write).await,
        Write::Ledger(write) => ledger::apply(tx, write).await,
        Write::Request(write) => requests::apply(tx, write).await,
        Write::Records(write) => records::apply(tx, write).await,
        Write::Offset(write) => offset::apply(tx, write).await,
        Write::Repair(write) => repair::apply(tx, write).await,
        Write::Deadline(write) => deadline::apply(tx, write).await,
        Write::Acknowledge(id, acknowledgement, at) => {
            let sql = "-- apply::acknowledge
                update delivery set state = 'acknowledged', acknowledgement = $2, acknowledged_at = $3
                where id = $1 and state = 'ready' and left_at is not null";
            let updated =
                query(sql).bind(id.to_string()).bind(acknowledgement.as_str()).bind(millis(*at)).execute(tx).await;
            one("delivery", updated)
        }
        Write::Retention(write) => retention::apply(tx, write).await,
        Write::Master(write) => master::apply(tx, write).await,
        Write::Receipt(row) => one("receipt", receipt::insert(tx, row).await),
        Write::Audit(line) => inserts::audit(tx, &[line]).await,
        Write::Idempotency(row) => inserts::answers(tx, &[row]).await,
        Write::AssertionUse(party, id, expires) => inserts::used(tx, &[(party, "", id, *expires)]).await,
        Write::ProofUse(party, id, expires) => inserts::used(tx, &[(party, inserts::PROOF, id, *expires)]).await,
        Write::CallUse(party, id, expires) => inserts::used(tx, &[(party, inserts::CALL, id, *expires)]).await,
        Write::TrackingCode(code, claim, expires) => inserts::codes(tx, &[(code, *claim, millis(*expires))]).await,
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
    let sql = "-- apply::wake_work\nupdate work set due_at = $1 where done_at is null and due_at > $1";
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

/// What a claim can be found by, in place of what it could be found by before.
async fn search_values(tx: &mut Connection, search: &SearchValues) -> Result<(), StoreError> {
    let sql = "-- apply::forget_search_values\ndelete from claim_search where claim_id = $1";
    query(sql).bind(search.claim.to_string()).execute(&mut *tx).await?;
    inserts::search_values(tx, &[search]).await
}
