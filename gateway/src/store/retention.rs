//! Holds, restrictions, erasures, and what is due to go.
//!
//! An erasure deletes the claim's data key and everything sealed under it. What the audit trail and the public log rest
//! on stays: ids, times, states, digests of what was sent.

use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError, cases};
use crate::core::retention::{Bar, Erasure, Hold, Restriction, RetentionWrite, Standing};
use crate::id::{ApplicationId, ClaimId};

/// Nothing more is expected of the claim `c`.
macro_rules! closed {
    () => {
        "not exists (select 1 from submission s where s.claim_id = c.id
                and s.state not in ('closed', 'paid', 'declined', 'withdrawn', 'returned',
                    'closed-incomplete', 'withdrawn-by-claimant'))
            and not exists (select 1 from delivery d where d.claim_id = c.id and d.state in ('held', 'ready')
                and d.left_at is null)
            and not exists (select 1 from work w where w.claim_id = c.id and w.done_at is null)
            and not exists (select 1 from discharge_offset o where o.claim_id = c.id
                and o.state not in ('settled', 'lapsed', 'cancelled'))
            and not exists (select 1 from repair j where j.claim_id = c.id
                and j.state in ('accepted', 'estimated', 'approved', 'invoiced', 'invoice-disputed'))"
    };
}

/// Claims with something against them: nothing happened since $1; not held, not in dispute, and no packet made since $2
/// is undelivered.
macro_rules! due {
    ($name:literal, $what:expr, $where:expr, $end:literal) => {
        concat!(
            "-- retention::",
            $name,
            "\nselect ",
            $what,
            " from claim c where ",
            $where,
            " and c.changed_at < $1
            and not exists (select 1 from submission s where s.claim_id = c.id and s.changed_at >= $1)
            and not exists (select 1 from delivery d where d.claim_id = c.id and (d.created_at >= $1
                or d.created_at >= $2 and d.state in ('held', 'ready') and d.left_at is null))
            and not exists (select 1 from claim_hold h where h.claim_id = c.id)
            and not exists (select 1 from claim_restriction r where r.claim_id = c.id and r.ground = 'disputed')",
            $end
        )
    };
}

macro_rules! both {
    ($name:literal, $where:expr) => {
        [due!($name, "count(*), min(c.changed_at)", $where, ""), due!($name, "c.id", $where, " order by c.id limit $3")]
    };
}

/// Applications `a` of cases without a claim, the last of which came before $1.
macro_rules! unused {
    ($name:literal, $what:literal, $end:literal) => {
        concat!(
            "-- retention::",
            $name,
            "\nselect ",
            $what,
            " from application a where a.created_at < $1
            and not exists (select 1 from claim c where c.hospital_id = a.hospital_id and c.case_index = a.case_index)
            and not exists (select 1 from application b where b.hospital_id = a.hospital_id
                and b.case_index = a.case_index and b.created_at >= $1)",
            $end
        )
    };
}

/// What is due to go, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Restricted on their way to erasure, with nothing against it any more.
    Restricted,
    /// Closed, and their period is over.
    Closed,
    /// Never closed, and nothing has happened to them for long.
    Idle,
}

impl Due {
    const fn sql(self) -> [&'static str; 2] {
        match self {
            Self::Restricted => {
                both!(
                    "due_restricted",
                    concat!(
                        "c.barred = 'restricted' and exists (select 1 from claim_restriction q
                    where q.claim_id = c.id and q.ground <> 'disputed') and ",
                        closed!()
                    )
                )
            }
            Self::Closed => {
                both!("due_closed", concat!("coalesce(c.barred, '') <> 'erased' and ", closed!()))
            }
            Self::Idle => {
                both!("due_idle", concat!("coalesce(c.barred, '') <> 'erased' and not (", closed!(), ")"))
            }
        }
    }
}

/// Until when something must have happened last, to be due.
#[derive(Clone, Copy, Debug)]
pub struct Periods {
    /// Nothing happened since.
    pub quiet_since: Timestamp,
    /// Nothing undelivered was made since.
    pub undelivered_since: Timestamp,
}

/// How much is due, and since when the oldest has been quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// How many.
    pub count: i64,
    /// When the oldest was changed last.
    pub oldest: Option<Timestamp>,
}

type StandingRow = (i64, Option<String>, i64, i64, i64, i64, i64);
type RestrictionRow = (String, i64, String, String, String, i64);

impl Store {
    /// How a claim stands towards its erasure.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn standing(&self, claim: ClaimId) -> Result<Option<Standing>, StoreError> {
        let sql = concat!(
            "-- retention::standing
            select c.version, c.barred, case when ",
            closed!(),
            " then 0 else 1 end, (select count(*) from claim_hold h where h.claim_id = c.id), c.changed_at,
                coalesce((select max(s.changed_at) from submission s where s.claim_id = c.id), 0),
                coalesce((select max(d.created_at) from delivery d where d.claim_id = c.id), 0)
            from claim c where c.id = $1"
        );
        let row: Option<StandingRow> = query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(version, barred, open, holds, changed, reported, sent)| {
            Ok(Standing {
                claim,
                version,
                barred: barred.map(|word| parse("claim", "barred", &word)).transpose()?,
                open: open != 0,
                held: holds > 0,
                last: time("claim", "changed_at", changed.max(reported).max(sent))?,
            })
        })
        .transpose()
    }

    /// How many claims are due to go, and how old the oldest is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn count_due(&self, due: Due, periods: Periods) -> Result<Expired, StoreError> {
        let [sql, _] = due.sql();
        let (count, oldest): (i64, Option<i64>) = query_as(sql)
            .bind(millis(periods.quiet_since))
            .bind(millis(periods.undelivered_since))
            .fetch_one(self.readers())
            .await?;
        Ok(Expired { count, oldest: oldest.map(|at| time("claim", "changed_at", at)).transpose()? })
    }

    /// Claims that are due to go.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn claims_due(&self, due: Due, periods: Periods, limit: i64) -> Result<Vec<ClaimId>, StoreError> {
        let [_, sql] = due.sql();
        let rows: Vec<(String,)> = query_as(sql)
            .bind(millis(periods.quiet_since))
            .bind(millis(periods.undelivered_since))
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(|(id,)| parse("claim", "id", &id)).collect()
    }

    /// How many attempts of finished messages to endpoints were made before a time, and when the oldest was.
    ///
    /// # Errors
    /// The database is away.
    pub async fn count_attempts(&self, before: Timestamp) -> Result<Expired, StoreError> {
        let sql = "-- retention::count_attempts
            select count(*), min(a.at) from webhook_attempt a join webhook w on w.id = a.webhook_id
            where a.at < $1 and w.state <> 'due'";
        let (count, oldest): (i64, Option<i64>) = query_as(sql).bind(millis(before)).fetch_one(self.readers()).await?;
        Ok(Expired { count, oldest: oldest.map(|at| time("webhook_attempt", "at", at)).transpose()? })
    }

    /// How many applications of cases without documents came before a time, and when the oldest did.
    ///
    /// # Errors
    /// The database is away.
    pub async fn count_unused_applications(&self, before: Timestamp) -> Result<Expired, StoreError> {
        let sql = unused!("count_unused", "count(*), min(a.created_at)", "");
        let (count, oldest): (i64, Option<i64>) = query_as(sql).bind(millis(before)).fetch_one(self.readers()).await?;
        Ok(Expired { count, oldest: oldest.map(|at| time("application", "created_at", at)).transpose()? })
    }

    /// Such applications.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn unused_applications(&self, before: Timestamp, limit: i64) -> Result<Vec<ApplicationId>, StoreError> {
        let sql = unused!("unused", "a.id", " order by a.id limit $2");
        let rows: Vec<(String,)> = query_as(sql).bind(millis(before)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse("application", "id", &id)).collect()
    }

    /// The restriction of a claim.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn restriction(&self, claim: ClaimId) -> Result<Option<Restriction>, StoreError> {
        let sql = "-- retention::restriction
            select r.claim_id, c.version, r.ground, r.because, r.asked_by, r.at from claim_restriction r
            join claim c on c.id = r.claim_id where r.claim_id = $1";
        let row: Option<RestrictionRow> = query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(_, version, ground, because, by, at)| {
            let table = "claim_restriction";
            let (ground, because) = (parse(table, "ground", &ground)?, parse(table, "because", &because)?);
            Ok(Restriction { claim, version, ground, because, by, at: time(table, "at", at)? })
        })
        .transpose()
    }

    /// Every erasure there was, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = "-- retention::erasures\nselect claim_id, ground, at from claim_erasure order by at, claim_id";
        let rows: Vec<(String, String, i64)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(claim, ground, at)| {
                let table = "claim_erasure";
                let (claim, ground) = (parse(table, "claim_id", &claim)?, parse(table, "ground", &ground)?);
                Ok(Erasure { claim, version: None, ground, at: time(table, "at", at)? })
            })
            .collect()
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &RetentionWrite) -> Result<(), StoreError> {
    match write {
        RetentionWrite::Hold(row) => hold(tx, row).await,
        RetentionWrite::Release(claim) => {
            let sql = "-- retention::release\ndelete from claim_hold where claim_id = $1";
            one("claim_hold", query(sql).bind(claim.to_string()).execute(tx).await)
        }
        RetentionWrite::Restrict(row) => restrict(tx, row).await,
        RetentionWrite::Lift(claim, version) => {
            bar(tx, *claim, Some(*version), None).await?;
            // What waited for this goes at once, not when its next try would have been.
            let sql = "-- retention::due_again
                update webhook set due_at = created_at
                where state = 'due' and delivery_id in (select d.id from delivery d where d.claim_id = $1)";
            query(sql).bind(claim.to_string()).execute(&mut *tx).await?;
            let sql = "-- retention::lift\ndelete from claim_restriction where claim_id = $1";
            one("claim_restriction", query(sql).bind(claim.to_string()).execute(tx).await)
        }
        RetentionWrite::Erase(erasure) => erase(tx, erasure).await,
        RetentionWrite::Application(id) => {
            for sql in [
                "-- retention::forget_recipients\ndelete from application_recipient where application_id = $1",
                "-- retention::forget_application\ndelete from application where id = $1",
            ] {
                query(sql).bind(id.to_string()).execute(&mut *tx).await?;
            }
            Ok(())
        }
        RetentionWrite::Case(id) => cases::forget(tx, *id).await,
        RetentionWrite::Attempts(before, most) => {
            let sql = "-- retention::attempts
                delete from webhook_attempt where (webhook_id, number) in (
                    select a.webhook_id, a.number from webhook_attempt a join webhook w on w.id = a.webhook_id
                    where a.at < $1 and w.state <> 'due' order by a.at, a.webhook_id, a.number limit $2)";
            query(sql).bind(millis(*before)).bind(*most).execute(tx).await?;
            Ok(())
        }
    }
}

async fn hold(tx: &mut Connection, row: &Hold) -> Result<(), StoreError> {
    let sql = "-- retention::hold
        insert into claim_hold (claim_id, reason, placed_by, at) select $1, $2, $3, $4
        where exists (select 1 from claim where id = $1 and coalesce(barred, '') <> 'erased')
        on conflict (claim_id) do nothing";
    let inserted = query(sql)
        .bind(row.claim.to_string())
        .bind(&row.reason)
        .bind(&row.by)
        .bind(millis(row.at))
        .execute(&mut *tx)
        .await;
    one("claim_hold", inserted)?;
    // Whoever is erasing it now relied on another version.
    let sql = "-- retention::touch
        update claim set version = version + 1 where id = $1 and coalesce(barred, '') <> 'erased'";
    one("claim", query(sql).bind(row.claim.to_string()).execute(tx).await)
}

async fn restrict(tx: &mut Connection, row: &Restriction) -> Result<(), StoreError> {
    bar(tx, row.claim, Some(row.version), Some(Bar::Restricted)).await?;
    let sql = "-- retention::restrict
        insert into claim_restriction (claim_id, ground, because, asked_by, at) values ($1, $2, $3, $4, $5)
        on conflict (claim_id) do update set ground = excluded.ground, because = excluded.because,
            asked_by = excluded.asked_by, at = excluded.at";
    let written = query(sql)
        .bind(row.claim.to_string())
        .bind(row.ground.as_str())
        .bind(row.because.as_str())
        .bind(&row.by)
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("claim_restriction", written)
}

/// Sets what bars a claim; its version goes up, so that whoever is working on it begins anew and finds it so.
async fn bar(tx: &mut Connection, claim: ClaimId, version: Option<i64>, bar: Option<Bar>) -> Result<(), StoreError> {
    let sql = "-- retention::bar
        update claim set barred = $3, version = version + 1
        where id = $1 and ($2 is null or version = $2) and coalesce(barred, '') <> 'erased'";
    let updated = query(sql).bind(claim.to_string()).bind(version).bind(bar.map(Bar::as_str)).execute(tx).await;
    one("claim", updated)
}

/// Statements with the claim's id as $1; what cannot be null becomes empty. The submissions go first: who links one, gives
/// it back or reports on it holds their rows, and is waited for before what it wrote is looked for.
const EMPTIED: [&str; 56] = [
    // Whoever files of the same accident at this moment holds its row, and is waited for; who read it before begins anew.
    "-- retention::hold_accident
        update accident set version = version + 1 where id in
            (select accident_id from accident_filing where claim_id = $1)",
    // A case of which no other claim is left goes with its key; what others of the accident filled in is theirs.
    "-- retention::erase_case_objects
        insert into object_due (object_id, due_at, going)
        select distinct f.object_id, 0, 1 from case_file f join case_claim c on c.case_id = f.case_id
        where c.claim_id = $1 and not exists
            (select 1 from case_claim o where o.case_id = c.case_id and o.claim_id <> c.claim_id)
        on conflict (object_id) do nothing",
    "-- retention::erase_case_files
        delete from case_file where case_id in (select c.case_id from case_claim c where c.claim_id = $1
            and not exists (select 1 from case_claim o where o.case_id = c.case_id and o.claim_id <> c.claim_id))",
    "-- retention::erase_case_invitations
        delete from case_invitation where case_id in (select c.case_id from case_claim c where c.claim_id = $1
            and not exists (select 1 from case_claim o where o.case_id = c.case_id and o.claim_id <> c.claim_id))",
    "-- retention::erase_case_key
        delete from claim_key where claim_id in
            (select m.key_id from case_claim c join motor_case m on m.id = c.case_id where c.claim_id = $1
             and not exists (select 1 from case_claim o where o.case_id = c.case_id and o.claim_id <> c.claim_id))",
    "-- retention::erase_case_body
        update motor_case set body = $2, person_mac = $2, client_mac = null where id in
            (select c.case_id from case_claim c where c.claim_id = $1
             and not exists (select 1 from case_claim o where o.case_id = c.case_id and o.claim_id <> c.claim_id))",
    "-- retention::erase_case_claim\ndelete from case_claim where claim_id = $1",
    "-- retention::erase_accident_notice\ndelete from accident_notice where claim_id = $1",
    // Papers of an accident of which no other claim is left go with their key.
    "-- retention::erase_papers
        update accident_paper set content = null, receipt = null, due_at = null where accident_id in
            (select f.accident_id from accident_filing f where f.claim_id = $1 and not exists
                (select 1 from accident_filing o where o.accident_id = f.accident_id and o.claim_id <> f.claim_id))",
    "-- retention::erase_accident_key
        delete from claim_key where claim_id in
            (select a.key_id from accident_filing f join accident a on a.id = f.accident_id
             where f.claim_id = $1 and not exists
                (select 1 from accident_filing o where o.accident_id = f.accident_id and o.claim_id <> f.claim_id))",
    "-- retention::erase_accident
        update accident set case_mac = null, body = $2 where id in
            (select f.accident_id from accident_filing f where f.claim_id = $1 and not exists
                (select 1 from accident_filing o where o.accident_id = f.accident_id and o.claim_id <> f.claim_id))",
    "-- retention::erase_accident_traces\ndelete from accident_trace where claim_id = $1",
    "-- retention::erase_accident_recipients\ndelete from accident_recipient where claim_id = $1",
    "-- retention::erase_cover\ndelete from cover_lookup where claim_id = $1",
    "-- retention::erase_filing\ndelete from accident_filing where claim_id = $1",
    "-- retention::erase_details\nupdate submission set detail = null, version = version + 1 where claim_id = $1",
    "-- retention::erase_key\ndelete from claim_key where claim_id = $1",
    "-- retention::erase_search\ndelete from claim_search where claim_id = $1",
    "-- retention::erase_receipt_keys\ndelete from receipt_key where claim_id = $1",
    "-- retention::erase_documents
        delete from delivery_document where delivery_id in (select id from delivery where claim_id = $1)",
    "-- retention::erase_withdrawn_documents\ndelete from withdrawn_document where claim_id = $1",
    "-- retention::erase_codes\ndelete from tracking_code where claim_id = $1",
    "-- retention::erase_app_links\ndelete from claim_link where claim_id = $1",
    "-- retention::erase_cases
        delete from submission_link where submission_id in (select id from submission where claim_id = $1)",
    "-- retention::erase_hold\ndelete from claim_hold where claim_id = $1",
    "-- retention::erase_restriction\ndelete from claim_restriction where claim_id = $1",
    "-- retention::erase_returns\nupdate delivery_return set suggested = null where claim_id = $1",
    "-- retention::erase_accounts\ndelete from account where claim_id = $1",
    "-- retention::erase_deadlines\ndelete from deadline where claim_id = $1",
    "-- retention::erase_requests\ndelete from claim_request where claim_id = $1",
    "-- retention::erase_record_parts\ndelete from record_part where claim_id = $1",
    "-- retention::erase_payments\ndelete from payment where claim_id = $1",
    "-- retention::erase_decisions\ndelete from decision where claim_id = $1",
    "-- retention::erase_application_recipients
        delete from application_recipient where application_id in (select a.id from application a
            join claim c on c.hospital_id = a.hospital_id and c.case_index = a.case_index where c.id = $1)",
    "-- retention::erase_application_pages
        delete from application_page where (hospital_id, case_index) =
            (select c.hospital_id, c.case_index from claim c where c.id = $1)",
    "-- retention::erase_owner_pages\ndelete from owner_page where claim_id = $1",
    "-- retention::erase_owner_mails_due
        delete from owner_mail_due where mail_id in (select id from owner_mail where claim_id = $1)",
    "-- retention::erase_owner_mails\ndelete from owner_mail where claim_id = $1",
    "-- retention::erase_applications
        delete from application where (hospital_id, case_index) =
            (select c.hospital_id, c.case_index from claim c where c.id = $1)",
    "-- retention::erase_offset_insurers
        delete from discharge_offset_insurer
        where offset_id in (select id from discharge_offset where claim_id = $1)",
    "-- retention::erase_offsets\ndelete from discharge_offset where claim_id = $1",
    "-- retention::erase_repair_invoices
        delete from repair_invoice where repair_id in (select id from repair where claim_id = $1)",
    "-- retention::erase_repairs\ndelete from repair where claim_id = $1",
    "-- retention::erase_bundles\nupdate bundle set body_mac = $2, body = $2, signature = null where claim_id = $1",
    "-- retention::erase_evidence\nupdate evidence set body = $2 where claim_id = $1",
    // The objects themselves go after the commit, by these rows.
    "-- retention::erase_objects
        insert into object_due (object_id, due_at, going)
        select distinct object_id, 0, 1 from attachment where claim_id = $1 and object_id is not null
        on conflict (object_id) do nothing",
    "-- retention::erase_uploads\ndelete from upload where claim_id = $1",
    "-- retention::erase_mydata_datasets\ndelete from mydata_dataset where claim_id = $1",
    "-- retention::erase_mydata\ndelete from mydata_transaction where claim_id = $1",
    "-- retention::erase_wallet_sessions\ndelete from wallet_session where claim_id = $1",
    "-- retention::erase_identifications\ndelete from identification where claim_id = $1",
    "-- retention::erase_identity_holds\ndelete from identity_hold where claim_id = $1",
    "-- retention::erase_files
        update attachment set content_mac = $2, content = $2, object_id = null, parts = null, object = null
        where claim_id = $1",
    "-- retention::erase_packets\nupdate packet set body = $2 where claim_id = $1",
    "-- retention::erase_deliveries
        update delivery set content = $2, sealed = $2,
            state = case when state in ('held', 'ready') then 'withdrawn' else state end where claim_id = $1",
    "-- retention::erase_answers
        update repository_receipt set answer = $2
        where delivery_id in (select id from delivery where claim_id = $1)",
];

async fn erase(tx: &mut Connection, erasure: &Erasure) -> Result<(), StoreError> {
    bar(tx, erasure.claim, erasure.version, Some(Bar::Erased)).await?;
    let (claim, nothing): (String, &[u8]) = (erasure.claim.to_string(), &[]);
    let at = millis(erasure.at);
    // The messages before all else: who is sending one holds its row, and writes what came back.
    for sql in [
        "-- retention::end_messages
            update webhook set state = 'done', done_at = $2, lease_until = null, fence = fence + 1
            where claim_id = $1 and state = 'due'",
        "-- retention::end_work\nupdate work set done_at = $2, lease_until = null where claim_id = $1 and done_at is null",
    ] {
        query(sql).bind(&claim).bind(at).execute(&mut *tx).await?;
    }
    for sql in EMPTIED {
        let statement = query(sql).bind(&claim);
        let statement = if sql.contains("$2") { statement.bind(nothing) } else { statement };
        statement.execute(&mut *tx).await?;
    }
    // The case number's digest goes as well: what is pushed under that number from now on is another claim.
    let sql = "-- retention::erase_case\nupdate claim set case_index = $2 where id = $1";
    one("claim", query(sql).bind(&claim).bind(claim.as_bytes()).execute(&mut *tx).await)?;
    let sql = "-- retention::erasure
        insert into claim_erasure (claim_id, ground, at) values ($1, $2, $3) on conflict (claim_id) do nothing";
    query(sql).bind(&claim).bind(erasure.ground.as_str()).bind(at).execute(tx).await?;
    Ok(())
}

impl Store {
    /// Writes the log back into the database file and empties it, so that it holds no former pages. Only SQLite has one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        self.ask(super::writer::Job::EmptyLog).await
    }
}

pub(super) async fn empty_log(connection: &mut Connection) -> Result<(), StoreError> {
    if matches!(connection, Connection::Sqlite(_)) {
        // Not an error where a reader is in the way: the next one finds it.
        query("-- retention::empty_log\npragma wal_checkpoint(truncate)").fetch_all(connection).await?;
    }
    Ok(())
}
