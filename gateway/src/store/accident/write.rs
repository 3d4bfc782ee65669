//! What is written of accidents.

use claimgate_adapters::police::api::GroundKind;
use jiff::Timestamp;

use super::{PAPER, TABLE};
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{AccidentWrite, Moved, Named, NewAccident, NewFiling, NewPaper, PaperStep, UseRow, key_of};
use crate::id::AccidentId;
use crate::store::StoreError;
use crate::store::sql::{Builder, Connection, query};
use crate::store::written::{millis, one};

/// Writes one thing of accidents.
pub(in crate::store) async fn apply(tx: &mut Connection, write: &AccidentWrite) -> Result<(), StoreError> {
    match write {
        AccidentWrite::New(new) => accident(tx, new).await,
        AccidentWrite::Rely(id, version) => rely(tx, *id, *version).await,
        AccidentWrite::Named(named) => name(tx, named).await,
        AccidentWrite::Papers(id, new, at) => papers(tx, *id, new, *at).await,
        AccidentWrite::Filing(new) => filing(tx, new).await,
        AccidentWrite::Paper(step) => paper(tx, step).await,
        AccidentWrite::HandedIn(id, item, due_at) => {
            let sql = "-- accident::handed_in
                update accident_paper set handed_in = 1, due_at = coalesce($3, due_at)
                where accident_id = $1 and item = $2";
            query(sql).bind(id.to_string()).bind(item.as_str()).bind(due_at.map(millis)).execute(tx).await?;
            Ok(())
        }
        AccidentWrite::Moved(moved) => pass_on(tx, moved).await,
        AccidentWrite::Joined(id, version, into, at) => join(tx, (*id, *version), *into, *at).await,
        AccidentWrite::Linking(claim, answer, due_at) => {
            let sql = "-- accident::linking
                update accident_filing set linking = $2, link_due_at = $3 where claim_id = $1";
            let updated = query(sql).bind(claim.to_string()).bind(answer.as_str()).bind(due_at.map(millis));
            one("accident_filing", updated.execute(tx).await)
        }
        AccidentWrite::Looked(claim) => {
            let sql = "-- accident::looked\nupdate accident_filing set link_due_at = null where claim_id = $1";
            query(sql).bind(claim.to_string()).execute(tx).await?;
            Ok(())
        }
        AccidentWrite::Use(row) => used(tx, row).await,
        AccidentWrite::LookUp(write) => super::cover::apply(tx, write).await,
        AccidentWrite::End(claim, party, at) => {
            let sql = "-- accident::end
                update accident_recipient set ended_at = $3
                where claim_id = $1 and party_id = $2 and ended_at is null";
            query(sql).bind(claim.to_string()).bind(party.as_str()).bind(millis(*at)).execute(tx).await?;
            Ok(())
        }
        AccidentWrite::Refiled(claim, body) => {
            let sql = "-- accident::refiled\nupdate accident_filing set body = $2 where claim_id = $1";
            one("accident_filing", query(sql).bind(claim.to_string()).bind(body).execute(tx).await)
        }
        AccidentWrite::Supersede(evidence, revision) => {
            let sql = "-- accident::supersede
                update evidence set superseded_by = $2 where id = $1 and superseded_by is null";
            one("evidence", query(sql).bind(evidence.to_string()).bind(revision).execute(tx).await)
        }
    }
}

async fn accident(tx: &mut Connection, new: &NewAccident) -> Result<(), StoreError> {
    let sql = "-- accident::new
        insert into accident (id, key_id, jurisdiction, case_mac, body, moves, version, created_at, changed_at)
        values ($1, $2, $3, $4, $5, 0, 1, $6, $6)";
    let key = key_of(new.id).to_string();
    let inserted = query(sql)
        .bind(new.id.to_string())
        .bind(&key)
        .bind(new.jurisdiction.map(Jurisdiction::as_str))
        .bind(new.case.as_ref().map(<[u8; 32]>::as_slice))
        .bind(&new.body)
        .bind(millis(new.at))
        .execute(&mut *tx)
        .await;
    one(TABLE, inserted)?;
    let sql = "-- accident::new_key\ninsert into claim_key (claim_id, wrapped) values ($1, $2)";
    one("claim_key", query(sql).bind(&key).bind(&new.wrapped_key).execute(tx).await)
}

async fn papers(tx: &mut Connection, id: AccidentId, new: &[NewPaper], at: Timestamp) -> Result<(), StoreError> {
    for paper in new {
        let sql = "-- accident::new_paper
            insert into accident_paper (accident_id, item, state, due_on, due_at, tries, asked, version, changed_at)
            values ($1, $2, 'expected', $3, $4, 0, 0, 1, $5) on conflict (accident_id, item) do nothing";
        query(sql)
            .bind(id.to_string())
            .bind(paper.item.as_str())
            .bind(paper.on.to_string())
            .bind(paper.due_at.map(millis))
            .bind(millis(at))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

async fn filing(tx: &mut Connection, new: &NewFiling) -> Result<(), StoreError> {
    let sql = "-- accident::new_filing
        insert into accident_filing (claim_id, accident_id, opener, body_mac, body, created_at)
        values ($1, $2, $3, $4, $5, $6)";
    let inserted = query(sql)
        .bind(new.claim.to_string())
        .bind(new.accident.to_string())
        .bind(new.opener.as_str())
        .bind(new.body_mac.as_slice())
        .bind(&new.body)
        .bind(millis(new.at))
        .execute(&mut *tx)
        .await;
    one("accident_filing", inserted)?;
    for (party, line, ground) in &new.recipients {
        let sql = "-- accident::new_recipient
            insert into accident_recipient (claim_id, party_id, line, ground) values ($1, $2, $3, $4)";
        let inserted = query(sql)
            .bind(new.claim.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .bind(ground.map(GroundKind::as_str))
            .execute(&mut *tx)
            .await;
        one("accident_recipient", inserted)?;
    }
    for trace in &new.traces {
        let sql = "-- accident::new_trace
            insert into accident_trace (claim_id, trace_mac) values ($1, $2) on conflict (claim_id, trace_mac) do nothing";
        query(sql).bind(new.claim.to_string()).bind(trace.as_slice()).execute(&mut *tx).await?;
    }
    if new.follows {
        let sql = "-- accident::new_link\ninsert into claim_link (claim_id, party_id, created_at) values ($1, $2, $3)";
        let claim = new.claim.to_string();
        one("claim_link", query(sql).bind(claim).bind(new.opener.as_str()).bind(millis(new.at)).execute(tx).await)?;
    }
    Ok(())
}

async fn paper(tx: &mut Connection, step: &PaperStep) -> Result<(), StoreError> {
    let sql = "-- accident::paper_step
        update accident_paper set state = $4, due_at = $5, due_on = coalesce($6, due_on), tries = $7, asked = asked + $8,
            reason = $9, paper_version = coalesce($10, paper_version), content = coalesce($11, content),
            receipt = coalesce($12, receipt), version = version + 1, changed_at = $14,
            holds_until = case when $15 = 1 then $14 else coalesce($13, holds_until) end
        where accident_id = $1 and item = $2 and version = $3";
    let arrived = step.arrived.as_ref();
    let updated = query(sql)
        .bind(step.accident.to_string())
        .bind(step.item.as_str())
        .bind(step.version)
        .bind(step.state.as_str())
        .bind(step.due_at.map(millis))
        .bind(step.on.map(|on| on.to_string()))
        .bind(step.tries)
        .bind(i64::from(step.asks))
        .bind(step.reason)
        .bind(arrived.and_then(|arrived| arrived.version))
        .bind(arrived.and_then(|arrived| arrived.content.as_ref()).map(Vec::as_slice))
        .bind(arrived.map(|arrived| arrived.check.as_slice()))
        .bind(arrived.map(|arrived| millis(arrived.until)))
        .bind(millis(step.at))
        .bind(i64::from(step.superseded))
        .execute(tx)
        .await;
    one(PAPER, updated)
}

async fn pass_on(tx: &mut Connection, moved: &Moved) -> Result<(), StoreError> {
    let id = moved.id.to_string();
    let sql = "-- accident::moved
        update accident set jurisdiction = $3, case_mac = $4, moves = moves + 1, version = version + 1, changed_at = $5
        where id = $1 and version = $2";
    let updated = query(sql)
        .bind(&id)
        .bind(moved.version)
        .bind(moved.jurisdiction.as_str())
        .bind(moved.case.as_slice())
        .bind(millis(moved.at))
        .execute(&mut *tx)
        .await;
    one(TABLE, updated)?;
    let sql = "-- accident::moved_papers
        update accident_paper set due_at = $2, state = 'expected', tries = 0, version = version + 1, changed_at = $2
        where accident_id = $1 and state in ('asked', 'not-available')";
    query(sql).bind(&id).bind(millis(moved.at)).execute(tx).await?;
    Ok(())
}

/// Makes sure that an accident is of a version until the end of the transaction: it was neither erased nor joined.
async fn rely(tx: &mut Connection, id: AccidentId, version: i64) -> Result<(), StoreError> {
    let mut sql = Builder::new("-- accident::rely\nselect version from accident where id = ");
    sql.push_bind(id.to_string()).push(tx.for_share());
    let found: Vec<(i64,)> = sql.build_query_as().fetch_all(tx).await?;
    if found == [(version,)] { Ok(()) } else { Err(StoreError::Conflict { table: TABLE }) }
}

async fn name(tx: &mut Connection, named: &Named) -> Result<(), StoreError> {
    let sql = "-- accident::named
        update accident set jurisdiction = $3, case_mac = $4, body = $5, version = version + 1, changed_at = $6
        where id = $1 and version = $2";
    let updated = query(sql)
        .bind(named.id.to_string())
        .bind(named.version)
        .bind(named.jurisdiction.as_str())
        .bind(named.case.as_slice())
        .bind(&named.body)
        .bind(millis(named.at))
        .execute(tx)
        .await;
    one(TABLE, updated)
}

/// The claims of an accident become those of another one. What was sealed of it is nobody's any more, and goes with its key.
async fn join(
    tx: &mut Connection,
    (id, version): (AccidentId, i64),
    into: AccidentId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (own, nothing): (String, &[u8]) = (id.to_string(), &[]);
    let sql = "-- accident::joined
        update accident set case_mac = null, body = $3, moves = moves + 1, version = version + 1, changed_at = $4
        where id = $1 and version = $2";
    one(TABLE, query(sql).bind(&own).bind(version).bind(nothing).bind(millis(at)).execute(&mut *tx).await)?;
    let sql = "-- accident::joined_filings\nupdate accident_filing set accident_id = $2 where accident_id = $1";
    query(sql).bind(&own).bind(into.to_string()).execute(&mut *tx).await?;
    let sql = "-- accident::joined_cases
        update motor_case set accident_id = $2, version = version + 1 where accident_id = $1";
    query(sql).bind(&own).bind(into.to_string()).execute(&mut *tx).await?;
    let sql = "-- accident::joined_notice
        update accident_notice set accident_id = $2 where accident_id = $1
            and not exists (select 1 from accident_notice n where n.accident_id = $2)";
    query(sql).bind(&own).bind(into.to_string()).execute(&mut *tx).await?;
    let sql = "-- accident::joined_papers
        update accident_paper set due_at = null, state = 'not-available', reason = 'moved', content = null, receipt = null,
            version = version + 1, changed_at = $2
        where accident_id = $1";
    query(sql).bind(&own).bind(millis(at)).execute(&mut *tx).await?;
    let sql = "-- accident::joined_key\ndelete from claim_key where claim_id = $1";
    query(sql).bind(key_of(id).to_string()).execute(tx).await?;
    Ok(())
}

async fn used(tx: &mut Connection, row: &UseRow) -> Result<(), StoreError> {
    let sql = "-- accident::used
        insert into accident_use (id, source_id, accident_id, item, paper_version, claim_id, party_id, line, share, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (claim_id, party_id, line, item, paper_version) do nothing";
    query(sql)
        .bind(row.id.to_string())
        .bind(row.source.as_str())
        .bind(row.accident.to_string())
        .bind(row.item.as_str())
        .bind(row.version)
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.line.as_str())
        .bind(row.share.as_str())
        .bind(millis(row.at))
        .execute(tx)
        .await?;
    Ok(())
}
