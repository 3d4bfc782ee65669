//! Deadlines: one row for each last day somebody is reminded of. A look replaces the row it was read at, so that of any
//! number of gateways one says it.

use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::deadline::{Deadline, DeadlineWrite, Told};
use crate::party::PartyId;

const TABLE: &str = "deadline";

type Row = (String, String, String, String, String, String, String, String, i64);
type Looked = (String, String, String, String, String, String, String, String, i64, i64);

/// Whether what `d` says is waited for still.
macro_rules! waited_for {
    () => {
        "case d.kind
            when 'payment' then exists (select 1 from submission s where s.id = d.subject_id
                and s.state in ('received', 'in-review', 'accepted', 'partly-accepted', 'reopened'))
            when 'papers' then exists (select 1 from claim_request r where r.id = d.subject_id
                and r.open_until is not null)
            else exists (select 1 from discharge_offset o where o.id = d.subject_id and o.state = 'billed') end"
    };
}

macro_rules! columns {
    () => {
        "d.kind, d.subject_id, d.party_id, d.role, d.claim_id, d.line, d.due_on, d.told, d.next_at"
    };
}

/// How many deadlines of a party stand alike, and the first last day of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The party on turn.
    pub party: PartyId,
    /// What was said.
    pub told: Told,
    /// How many.
    pub count: i64,
    /// The first last day.
    pub first: Date,
}

impl Store {
    /// Deadlines that are to be looked at by now, each with whether it is waited for still.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn due_deadlines(&self, now: Timestamp, limit: i64) -> Result<Vec<(Deadline, bool)>, StoreError> {
        let sql = concat!(
            "-- deadline::due\nselect ",
            columns!(),
            ", case when ",
            waited_for!(),
            " then 1 else 0 end from deadline d where d.next_at <= $1 order by d.next_at limit $2"
        );
        let rows: Vec<Looked> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|row| {
                let waited_for = row.9 != 0;
                let row = (row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8);
                Ok((from_row(row)?, waited_for))
            })
            .collect()
    }

    /// The deadlines on which a party is on turn and that are waited for, the first last day first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn deadlines_of(&self, party: &PartyId, limit: i64) -> Result<Vec<Deadline>, StoreError> {
        let sql = concat!(
            "-- deadline::of_party\nselect ",
            columns!(),
            " from deadline d join claim c on c.id = d.claim_id
            where d.party_id = $1 and d.role <> 'owner' and c.barred is null and ",
            waited_for!(),
            " order by d.due_on, d.subject_id limit $2"
        );
        let rows: Vec<Row> = query_as(sql).bind(party.as_str()).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(from_row).collect()
    }

    /// How many payments each insurer was reminded of that are waited for still.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn deadlines_told(&self) -> Result<Vec<Standing>, StoreError> {
        let sql = concat!(
            "-- deadline::told
            select d.party_id, d.told, count(*), min(d.due_on) from deadline d
            where d.told <> 'nothing' and d.kind <> 'papers' and ",
            waited_for!(),
            " group by d.party_id, d.told order by d.party_id, d.told"
        );
        let rows: Vec<(String, String, i64, String)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, told, count, first)| {
                let (party, told) = (parse(TABLE, "party_id", &party)?, parse(TABLE, "told", &told)?);
                Ok(Standing { party, told, count, first: parse(TABLE, "due_on", &first)? })
            })
            .collect()
    }
}

fn from_row((kind, subject, party, role, claim, line, due_on, told, next_at): Row) -> Result<Deadline, StoreError> {
    Ok(Deadline {
        kind: parse(TABLE, "kind", &kind)?,
        subject,
        party: parse(TABLE, "party_id", &party)?,
        role: parse(TABLE, "role", &role)?,
        claim: parse(TABLE, "claim_id", &claim)?,
        line: parse::<Line>(TABLE, "line", &line)?,
        due_on: parse(TABLE, "due_on", &due_on)?,
        told: parse(TABLE, "told", &told)?,
        next_at: time(TABLE, "next_at", next_at)?,
    })
}

pub(super) async fn apply(tx: &mut Connection, write: &DeadlineWrite) -> Result<(), StoreError> {
    match write {
        DeadlineWrite::Set(row) => set(tx, row).await,
        DeadlineWrite::Clear(kind, subject, party) => {
            let sql = "-- deadline::clear\ndelete from deadline where kind = $1 and subject_id = $2 and party_id = $3";
            query(sql).bind(kind.as_str()).bind(subject).bind(party.as_str()).execute(tx).await?;
            Ok(())
        }
        DeadlineWrite::Step(row, Some((told, next_at))) => {
            let sql = "-- deadline::step
                update deadline set told = $4, next_at = $5
                where kind = $1 and subject_id = $2 and party_id = $3 and due_on = $6 and next_at = $7";
            let updated = query(sql)
                .bind(row.kind.as_str())
                .bind(&row.subject)
                .bind(row.party.as_str())
                .bind(told.as_str())
                .bind(millis(*next_at))
                .bind(row.due_on.to_string())
                .bind(millis(row.next_at))
                .execute(tx)
                .await;
            one(TABLE, updated)
        }
        DeadlineWrite::Step(row, None) => {
            let sql = "-- deadline::forget
                delete from deadline where kind = $1 and subject_id = $2 and party_id = $3 and due_on = $4
                    and next_at = $5";
            let gone = query(sql)
                .bind(row.kind.as_str())
                .bind(&row.subject)
                .bind(row.party.as_str())
                .bind(row.due_on.to_string())
                .bind(millis(row.next_at))
                .execute(tx)
                .await;
            one(TABLE, gone)
        }
    }
}

async fn set(tx: &mut Connection, row: &Deadline) -> Result<(), StoreError> {
    let sql = "-- deadline::set
        insert into deadline (kind, subject_id, party_id, role, claim_id, line, due_on, told, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (kind, subject_id, party_id) do update set due_on = excluded.due_on, told = excluded.told,
            next_at = excluded.next_at where deadline.due_on <> excluded.due_on";
    query(sql)
        .bind(row.kind.as_str())
        .bind(&row.subject)
        .bind(row.party.as_str())
        .bind(row.role.as_str())
        .bind(row.claim.to_string())
        .bind(row.line.as_str())
        .bind(row.due_on.to_string())
        .bind(row.told.as_str())
        .bind(millis(row.next_at))
        .execute(tx)
        .await?;
    Ok(())
}
