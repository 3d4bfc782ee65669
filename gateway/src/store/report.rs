//! How long each step takes, computed where the times stand: one pass over what left in a window, and none of it is read into
//! memory. Percentiles are nearest ranks.

use jiff::Timestamp;

use super::rows::parse;
use super::sql::query_as;
use super::written::millis;
use super::{Store, StoreError};
use crate::core::report::{Handled, Measured};
use crate::party::PartyId;

/// Whose times are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimesOf<'a> {
    /// Of all together.
    All,
    /// Of each insurer, or one.
    Insurers(Option<&'a PartyId>),
    /// Of each hospital, or one.
    Hospitals(Option<&'a PartyId>),
}

type Row = (String, String, i64, i64, i64, i64);

/// Ranks what `measured` (step, who, took) holds, by step and party.
macro_rules! ranked {
    () => {
        ", ranked as (select step, who, took, row_number() over (partition by step, who order by took) as place,
                count(*) over (partition by step, who) as whole from measured)
            select step, who, whole,
                min(case when place = (whole * 50 + 99) / 100 then took end),
                min(case when place = (whole * 90 + 99) / 100 then took end),
                min(case when place = (whole * 99 + 99) / 100 then took end)
            from ranked group by step, who, whole order by step, who"
    };
}

/// When a submission `f` was first told of in a state that reads like this.
macro_rules! told_of {
    ($state:literal) => {
        concat!(
            "(select min(t.at) from timeline t where t.claim_id = f.claim_id and t.audience_role = 'insurer'
                and t.audience_party = f.party_id and t.event = 'submission.status'
                and t.parameters like '%\"line\":\"' || f.line || '\"%' and ",
            $state,
            ")"
        )
    };
}

/// Steps of the submissions of which something left first between $1 and $2; `$which` may name a party as $3. Records that
/// were asked for (病歷調閱) are none: nothing is applied for, decided or paid on them.
macro_rules! turnaround {
    ($name:literal, $who:literal, $which:literal) => {
        concat!(
            "-- report::",
            $name,
            "\nwith f as (select d.claim_id, d.party_id, d.line, c.hospital_id, c.case_index, min(d.left_at) as left_at,
                min(d.acknowledged_at) as acknowledged_at
                from delivery d join claim c on c.id = d.claim_id
                where d.left_at >= $1 and d.left_at < $2 and ",
            $which,
            " and not exists (select 1 from delivery e where e.claim_id = d.claim_id and e.party_id = d.party_id
                    and e.line = d.line and e.left_at < $1)
                and not exists (select 1 from record_part x where x.claim_id = d.claim_id)
                group by d.claim_id, d.party_id, d.line, c.hospital_id, c.case_index),
            s as (select ",
            $who,
            " as who, f.left_at, f.acknowledged_at,
                (select min(a.created_at) from application a
                    where a.hospital_id = f.hospital_id and a.case_index = f.case_index) as applied, ",
            told_of!("t.parameters like '%\"state\":\"received\"%'"),
            " as received, ",
            told_of!(
                "(t.parameters like '%\"state\":\"accepted\"%' or t.parameters like '%\"state\":\"partly-accepted\"%'
                    or t.parameters like '%\"state\":\"declined\"%')"
            ),
            " as decided, ",
            told_of!("t.parameters like '%\"state\":\"paid\"%'"),
            " as paid from f),
            measured as (
                select 'delivered' as step, who, left_at - applied as took from s where left_at >= applied
                union all select 'acknowledged', who, acknowledged_at - left_at from s where acknowledged_at >= left_at
                union all select 'received', who, received - acknowledged_at from s where received >= acknowledged_at
                union all select 'decided', who, decided - coalesce(received, left_at) from s
                    where decided >= coalesce(received, left_at)
                union all select 'paid', who, paid - decided from s where paid >= decided
                union all select 'application-to-paid', who, paid - applied from s where paid >= applied)",
            ranked!()
        )
    };
}

/// Requests for papers made between $1 and $2 that were answered.
macro_rules! answered {
    ($name:literal, $who:literal, $which:literal) => {
        concat!(
            "-- report::",
            $name,
            "\nwith measured as (select 'papers-answered' as step, ",
            $who,
            " as who, r.changed_at - r.created_at as took from claim_request r
                where r.kind = 'supplement' and r.created_at >= $1 and r.created_at < $2
                    and r.state in ('answered', 'partly-answered') and ",
            $which,
            ")",
            ranked!()
        )
    };
}

/// When somebody was first told of a case of offset `o` like this.
macro_rules! step_of {
    ($role:literal, $told:literal, $like:literal) => {
        concat!(
            "(select min(t.at) from timeline t where t.claim_id = o.claim_id and t.audience_role = '",
            $role,
            "' and t.audience_party = ",
            $told,
            " and t.event = 'offset.step'
                and t.parameters like '%\"offset\":\"' || o.id || '\"%' and t.parameters like '%",
            $like,
            "%')"
        )
    };
}

/// Cases of offset opened between $1 and $2 that were promised, as `$role` of `$told` was told, and settled.
macro_rules! settled {
    ($name:literal, $who:literal, ($role:literal, $told:literal), $from:literal, $which:literal) => {
        concat!(
            "-- report::",
            $name,
            "\nwith s as (select ",
            $who,
            " as who, ",
            step_of!($role, $told, "\"step\":\"promise\""),
            " as promised, ",
            step_of!("hospital", "o.hospital_id", "\"state\":\"settled\""),
            " as settled from ",
            $from,
            " where o.created_at >= $1 and o.created_at < $2 and ",
            $which,
            "),
            measured as (select 'offset-settled' as step, who, settled - promised as took from s
                where settled >= promised)",
            ranked!()
        )
    };
}

impl TimesOf<'_> {
    /// The three statements, each with the window as $1 and $2, and a party as $3.
    fn sql(self) -> [&'static str; 3] {
        match self {
            Self::All => [
                turnaround!("turnaround", "''", "coalesce($3, '') = ''"),
                answered!("answered", "''", "coalesce($3, '') = ''"),
                settled!("settled", "''", ("hospital", "o.hospital_id"), "discharge_offset o", "coalesce($3, '') = ''"),
            ],
            Self::Insurers(None) => [
                turnaround!("turnaround_by_insurer", "f.party_id", "coalesce($3, '') = ''"),
                answered!("answered_by_insurer", "r.party_id", "coalesce($3, '') = ''"),
                settled!(
                    "settled_by_insurer",
                    "i.party_id",
                    // What another one promised, an insurer was not told.
                    ("insurer", "i.party_id"),
                    "discharge_offset o join discharge_offset_insurer i on i.offset_id = o.id",
                    "coalesce($3, '') = ''"
                ),
            ],
            Self::Insurers(Some(_)) => [
                turnaround!("turnaround_of_insurer", "f.party_id", "d.party_id = $3"),
                answered!("answered_of_insurer", "r.party_id", "r.party_id = $3"),
                settled!(
                    "settled_of_insurer",
                    "i.party_id",
                    ("insurer", "i.party_id"),
                    "discharge_offset_insurer i join discharge_offset o on o.id = i.offset_id",
                    "i.party_id = $3"
                ),
            ],
            Self::Hospitals(None) => [
                turnaround!("turnaround_by_hospital", "f.hospital_id", "coalesce($3, '') = ''"),
                answered!("answered_by_hospital", "r.hospital_id", "coalesce($3, '') = ''"),
                settled!(
                    "settled_by_hospital",
                    "o.hospital_id",
                    ("hospital", "o.hospital_id"),
                    "discharge_offset o",
                    "coalesce($3, '') = ''"
                ),
            ],
            Self::Hospitals(Some(_)) => [
                turnaround!("turnaround_of_hospital", "f.hospital_id", "c.hospital_id = $3"),
                answered!("answered_of_hospital", "r.hospital_id", "r.hospital_id = $3"),
                settled!(
                    "settled_of_hospital",
                    "o.hospital_id",
                    ("hospital", "o.hospital_id"),
                    "discharge_offset o",
                    "o.hospital_id = $3"
                ),
            ],
        }
    }

    fn party(self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Insurers(party) | Self::Hospitals(party) => party.map(ToString::to_string),
        }
    }
}

/// What members of a role did between $1 and $2: packets or claims, submissions begun, requests made, requests answered.
/// Records that were asked for are neither.
macro_rules! handled {
    ($name:literal, $role:literal, $party:literal, $count:literal, $asked:literal) => {
        concat!(
            "-- report::",
            $name,
            "\nselect p.id, coalesce(d.n, 0), coalesce(d.begun, 0), coalesce(r.n, 0), coalesce(r.answered, 0) from party p
            left join (select ",
            $party,
            " as who, ",
            $count,
            " as n, count(distinct case when not exists (select 1 from delivery e where e.claim_id = d.claim_id
                    and e.party_id = d.party_id and e.line = d.line and e.left_at < $1)
                    then d.claim_id || d.party_id || d.line end) as begun
                from delivery d join claim c on c.id = d.claim_id where d.left_at >= $1 and d.left_at < $2
                    and not exists (select 1 from record_part x where x.claim_id = d.claim_id)
                group by ",
            $party,
            ") d on d.who = p.id
            left join (select ",
            $asked,
            " as who, count(*) as n, count(case when state in ('answered', 'partly-answered') then 1 end) as answered
                from claim_request where kind = 'supplement' and created_at >= $1 and created_at < $2
                group by ",
            $asked,
            ") r on r.who = p.id
            where p.role in (",
            $role,
            ") and p.state = 'live' order by p.id"
        )
    };
}

impl Store {
    /// How long each step took of what began between two times.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn times(
        &self,
        of: TimesOf<'_>,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<Measured>, StoreError> {
        let mut all = Vec::new();
        for sql in of.sql() {
            let rows: Vec<Row> =
                query_as(sql).bind(millis(from)).bind(millis(to)).bind(of.party()).fetch_all(self.readers()).await?;
            for (step, who, count, p50, p90, p99) in rows {
                all.push(Measured { step: parse("timeline", "event", &step)?, who, count, millis: [p50, p90, p99] });
            }
        }
        Ok(all)
    }

    /// What each live insurer did between two times, and each live hospital.
    ///
    /// # Errors
    /// The database is away.
    pub async fn handled(&self, (from, to): (Timestamp, Timestamp)) -> Result<[Vec<Handled>; 2], StoreError> {
        let insurers = handled!("insurers", "'insurer', 'fund'", "d.party_id", "count(*)", "party_id");
        let hospitals =
            handled!("hospitals", "'hospital'", "c.hospital_id", "count(distinct d.claim_id)", "hospital_id");
        let mut both = [Vec::new(), Vec::new()];
        for (members, sql) in both.iter_mut().zip([insurers, hospitals]) {
            let rows: Vec<(String, i64, i64, i64, i64)> =
                query_as(sql).bind(millis(from)).bind(millis(to)).fetch_all(self.readers()).await?;
            members.extend(rows.into_iter().map(|(party, handled, submissions, requests, answered)| Handled {
                party,
                handled,
                submissions,
                requests,
                answered,
            }));
        }
        Ok(both)
    }
}

/// Every statement of turnaround, for the test that plans them.
#[cfg(test)]
pub(super) fn statements() -> Vec<&'static str> {
    let party: PartyId = "insurer-a".parse().unwrap();
    [
        TimesOf::All,
        TimesOf::Insurers(None),
        TimesOf::Insurers(Some(&party)),
        TimesOf::Hospitals(None),
        TimesOf::Hospitals(Some(&party)),
    ]
    .into_iter()
    .flat_map(TimesOf::sql)
    .collect()
}
