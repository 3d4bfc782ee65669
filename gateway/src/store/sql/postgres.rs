//! What PostgreSQL alone says: many processes over one database, none of which may wait for ever.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgListener, PgPoolOptions, PgRow};
use sqlx::{
    Arguments as _, Column as _, ConnectOptions as _, Error, PgConnection, PgPool, Postgres, Row as _, TypeInfo as _,
};

use tokio::sync::watch;

use super::connection::{Connection, Pool, Server, Speak};
use super::value::Value;
use super::{Done, Query, Row, query, query_as};
use crate::store::told::Told;

/// Ends a subselect that picks rows to change.
pub(super) const SKIP_LOCKED: &str = " for update skip locked";
/// Ends a read whose answer must stay so until the end of the transaction.
pub(super) const FOR_SHARE: &str = " for share";

pub(super) const HAS_TABLE: &str = "-- postgres::has_table
    select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1";

/// The lock of whoever gives positions, in each database.
const POSITIONS: i64 = 0x636c_6169_6d70_6f73;
/// Where it is said that positions were given.
const PLACED: &str = "claimgate_placed";
/// Where it is said whose timelines have grown, and the most bytes of one notice (the server allows 8,000).
const TOLD: &str = "claimgate_told";
const NOTICE: usize = 7_000;
/// How long nothing may be heard before the server is asked whether it is there.
const QUIET: Duration = Duration::from_secs(10);
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// How long a statement may take before its connection counts as lost. The server ends it before; this is for a server
/// that no longer answers at all.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a connection nobody uses may take to say that it is still there, before it is given up for another.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);
/// How long the server may take to let somebody in.
const ENTER: Duration = Duration::from_secs(10);
/// Prepared statements kept for each connection; the store has fewer.
const STATEMENTS: usize = 512;

/// What the server keeps to for every connection of the gateway. A process that stands still in a transaction loses it,
/// and with it every lock it held.
const SESSION: [(&str, &str); 8] = [
    ("statement_timeout", "20000"),
    ("lock_timeout", "2000"),
    ("idle_in_transaction_session_timeout", "10000"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
    ("synchronous_commit", "on"),
];

pub(super) fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let options: PgConnectOptions = url.parse()?;
    Ok(options.application_name("claimgate").statement_cache_capacity(STATEMENTS).options(SESSION))
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    within(ENTER, options.connect()).await
}

/// A migration may take long, and waits for whoever uses what it changes.
pub(super) async fn create(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    let patient = options.clone().options([("statement_timeout", "0"), ("lock_timeout", "60000")]);
    in_time(patient.connect()).await
}

pub(super) fn read_only(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([("default_transaction_read_only", "on")])
}

pub(super) async fn readers(options: &PgConnectOptions, most: u32) -> Result<PgPool, Error> {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ENTER)
        // The driver's own question waits for its answer without end, and so for as long as a silent network lasts.
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            Box::pin(async move { within(SIGN_OF_LIFE, sqlx::Connection::ping(connection)).await.map(|()| true) })
        })
        .max_lifetime(Duration::from_mins(30))
        .idle_timeout(Duration::from_mins(5))
        .connect_with(read_only(options))
        .await
}

/// The server's time in milliseconds since 1970.
pub(super) async fn clock(connection: &mut Connection) -> Result<i64, Error> {
    let sql = "-- postgres::clock\nselect cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
    let (now,): (i64,) = query_as(sql).fetch_one(connection).await?;
    Ok(now)
}

/// Whether the server is still there, on this connection.
pub(super) async fn answers(connection: &mut PgConnection) -> bool {
    within(SIGN_OF_LIFE, sqlx::Connection::ping(connection)).await.is_ok()
}

/// Tries to be the one process that gives positions, until the end of the transaction.
pub(super) async fn alone(connection: &mut Connection) -> Result<bool, Error> {
    let sql = "-- postgres::alone\nselect pg_try_advisory_xact_lock($1)";
    let (alone,): (bool,) = query_as(sql).bind(POSITIONS).fetch_one(connection).await?;
    Ok(alone)
}

/// Said with the commit.
pub(super) async fn tell_others(connection: &mut Connection) -> Result<(), Error> {
    let sql = "-- postgres::tell_others\nselect pg_notify($1, '')";
    query(sql).bind(PLACED).execute(connection).await.map(drop)
}

/// Said with the commit: names of streams, which hold no spaces.
pub(super) async fn tell_of_entries(connection: &mut Connection, streams: &BTreeSet<String>) -> Result<(), Error> {
    let mut notices: Vec<String> = Vec::new();
    for stream in streams {
        match notices.last_mut().filter(|notice| notice.len() + 1 + stream.len() <= NOTICE) {
            Some(notice) => {
                notice.push(' ');
                notice.push_str(stream);
            }
            None => notices.push(stream.clone()),
        }
    }
    for notice in notices {
        let sql = "-- postgres::tell_of_entries\nselect pg_notify($1, $2)";
        query(sql).bind(TOLD).bind(notice).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Counts up at each notice, and whenever one may have been missed; wakes whose timelines have grown.
pub(super) async fn listen(
    options: Box<PgConnectOptions>,
    placed: (watch::Sender<u64>, Arc<Told>),
    mut open: watch::Receiver<()>,
) {
    let mut told = false;
    loop {
        let heard = tokio::select! {
            heard = hear(&options, &placed) => heard,
            _ = open.changed() => return,
        };
        if let Err(error) = heard
            && !std::mem::replace(&mut told, true)
        {
            tracing::warn!(%error, "notices of other processes are not heard; waiting pulls look once a second meanwhile");
        }
        tokio::select! {
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
            _ = open.changed() => return,
        }
    }
}

async fn hear(options: &PgConnectOptions, (placed, told): &(watch::Sender<u64>, Arc<Told>)) -> Result<(), Error> {
    let lasting = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = in_time(lasting.connect_with(options.clone())).await?;
    let mut listener = in_time(PgListener::connect_with(&pool)).await?;
    listener.eager_reconnect(false);
    in_time(listener.listen_all([PLACED, TOLD])).await?;
    loop {
        placed.send_modify(|count| *count = count.wrapping_add(1));
        told.wake_all();
        // A silent server is told from a quiet one by asking it.
        while let Ok(notice) = tokio::time::timeout(QUIET, listener.try_recv()).await {
            match notice? {
                Some(notice) if notice.channel() == TOLD => told.wake(notice.payload().split(' ')),
                Some(_) => placed.send_modify(|count| *count = count.wrapping_add(1)),
                None => return Ok(()),
            }
        }
        within(SIGN_OF_LIFE, sqlx::raw_sql("select 1").execute(&mut listener)).await?;
    }
}

/// Codes of SQLSTATE for a value that cannot be, or one that stands twice where a row is written over.
pub(super) fn is_bad_value(code: &str) -> bool {
    code.starts_with("22") && code.len() == 5 || code == "21000"
}

/// Serialization, deadlock, a lock that did not come in time.
pub(super) fn is_contention(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03")
}

/// What `doctor` wants to know of a server.
pub(super) async fn facts(pool: &Pool) -> Result<Server, Error> {
    let sql = "-- postgres::facts
        select current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'),
            coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
            coalesce(inet_server_addr() <<= '127.0.0.0/8'::inet or inet_server_addr() = '::1'::inet, true),
            current_setting('max_connections')::bigint";
    let (version, fsync, pages, encrypted, local, connections): (String, String, String, bool, bool, i64) =
        query_as(sql).fetch_one(pool).await?;
    Ok(Server { version, durable: fsync == "on" && pages == "on", private: encrypted || local, connections })
}

/// Why this server or database will not do.
pub(super) async fn unfit(connection: &mut Connection) -> Result<Option<&'static str>, Error> {
    let sql = "-- postgres::unfit
        select current_setting('server_version_num')::bigint, current_setting('server_encoding')";
    let (version, encoding): (i64, String) = query_as(sql).fetch_one(connection).await?;
    Ok(match encoding.as_str() {
        _ if version < 150_000 => Some("the server is older than PostgreSQL 15"),
        "UTF8" => None,
        _ => Some("the database is not in UTF-8; make it with: createdb --encoding UTF8 --template template0"),
    })
}

impl Speak for PgConnection {
    // Whatever the database's own default is: conflicts are found by compared versions and unique keys.
    const BEGIN: &'static str = "begin isolation level read committed read write";

    async fn say(&mut self, word: &'static str) -> Result<(), Error> {
        in_time(sqlx::raw_sql(word).execute(self)).await.map(drop)
    }
}

pub(super) async fn execute(query: Query<'_>, on: &mut PgConnection) -> Result<Done, Error> {
    let values = arguments(query.values)?;
    Ok(Done::new(in_time(sqlx::query_with(query.sql, values).execute(on)).await?.rows_affected()))
}

pub(super) async fn rows(query: Query<'_>, on: &mut PgConnection) -> Result<Vec<Row>, Error> {
    let values = arguments(query.values)?;
    let rows = in_time(sqlx::query_with(query.sql, values).fetch_all(on)).await?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

/// Reads on a connection of the pool, and once more on another where that one was cut off.
pub(super) async fn read(query: Query<'_>, pool: &PgPool) -> Result<Vec<Row>, Error> {
    match read_once(query.clone(), pool).await {
        Err(error) if is_passing(&error) => {
            tracing::warn!(%error, state = super::state(&error), "a read was cut off; it is done once more");
            read_once(query, pool).await
        }
        outcome => outcome,
    }
}

async fn read_once(query: Query<'_>, pool: &PgPool) -> Result<Vec<Row>, Error> {
    let mut hold = Hold::new(pool).await?;
    let rows = rows(query, hold.connection()?).await;
    hold.end(rows)
}

/// Whether the connection broke, the server ended it, or somebody stood in the way: the next one may do. So may the next
/// look into a pool whose dead connections took up the whole wait, one sign of life after the other. Not where the whole
/// time of an answer has passed already.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::PoolTimedOut => true,
        Error::Io(error) => error.kind() != io::ErrorKind::TimedOut,
        Error::Database(error) => error.code().is_some_and(|code| {
            is_contention(&code) || code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03")
        }),
        _ => false,
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    within(ANSWER, work).await
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = || Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"));
    tokio::time::timeout(time, Box::pin(work)).await.map_err(|_| late())?
}

fn arguments(values: Vec<Value<'_>>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text.map(without_null)),
            Value::Number(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// PostgreSQL has no text with U+0000, and no text of ours needs it: it is written and looked for as U+FFFD.
fn without_null(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text }
}

/// A whole number of whatever width an expression has, or a condition as 0 or 1.
pub(super) fn number(row: &PgRow, place: usize) -> Result<Option<i64>, Error> {
    match row.try_column(place)?.type_info().name() {
        "INT2" | "INT4" => row.try_get_unchecked(place),
        "BOOL" => Ok(row.try_get::<Option<bool>, _>(place)?.map(i64::from)),
        _ => row.try_get(place),
    }
}

/// A connection taken from the pool for one statement. Where the statement does not come to its end, because nobody
/// waits for it any more or the server is silent, the connection is dropped and not given back: the pool would wait
/// for its answer, and for ever where none comes.
pub(super) struct Hold(Option<PoolConnection<Postgres>>);

impl Hold {
    pub(super) async fn new(pool: &PgPool) -> Result<Self, Error> {
        Ok(Self(Some(pool.acquire().await?)))
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, Error> {
        self.0.as_deref_mut().ok_or(Error::PoolClosed)
    }

    /// Gives the connection back where the server has answered, be it with a refusal.
    pub(super) fn end<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if matches!(&outcome, Ok(_) | Err(Error::Database(_)))
            && let Some(mut connection) = self.0.take()
        {
            // The driver asks it once more before it counts as free, without end too: its place would be lost.
            let back = connection.return_to_pool();
            tokio::spawn(async move { tokio::time::timeout(SIGN_OF_LIFE, back).await });
        }
        outcome
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_dead_connections_took_up_is_waited_once_more_and_a_silent_server_is_not() {
        assert!(is_passing(&Error::PoolTimedOut));
        assert!(is_passing(&Error::Io(io::ErrorKind::ConnectionReset.into())));
        assert!(!is_passing(&Error::Io(io::ErrorKind::TimedOut.into())));
        assert!(!is_passing(&Error::PoolClosed));
    }
}
