//! The database a test's gateway gets: a file in its folder, or, where `CLAIMGATE_TEST_DATABASE` is `postgres`, a
//! database of its own in the cluster `deploy/with-postgres` made.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use claimgate_gateway::config::Config;
use claimgate_gateway::store::schema;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Postgres, QueryBuilder, Row};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::gateway::must;

/// The database others are copied from.
const TEMPLATE: &str = "claimgate_template";
/// The setting that names a database.
pub const URL: &str = "CLAIMGATE_STORE__URL";

/// The file in a gateway's folder that names its database.
const NAMED: &str = "database.url";

/// Databases no test needs any more; the next one that needs one drops them.
static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());
static NUMBER: AtomicU32 = AtomicU32::new(0);
static READY: OnceCell<()> = OnceCell::const_new();

/// A database of a server that goes away with it.
#[derive(Debug)]
pub struct Fresh {
    name: String,
    /// Its address.
    pub url: String,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.name));
    }
}

/// Whether the tests' gateways run on PostgreSQL.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "says where the tests run")]
pub fn on_postgres() -> bool {
    std::env::var("CLAIMGATE_TEST_DATABASE").is_ok_and(|kind| kind == "postgres")
}

/// The tests' server, if there is one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "says where the tests' server is")]
pub fn server() -> Option<String> {
    std::env::var("CLAIMGATE_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A database of the tests' server at this build's schema; none where the tests run on SQLite.
///
/// # Panics
/// There is no server.
pub async fn fresh() -> Option<Fresh> {
    if on_postgres() {
        Some(fresh_on(&server().unwrap_or_else(|| panic!("deploy/with-postgres starts it"))).await)
    } else {
        None
    }
}

/// A database of a server at this build's schema.
///
/// # Panics
/// It cannot be made.
pub async fn fresh_on(server: &str) -> Fresh {
    READY.get_or_init(|| template(server)).await;
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let name = format!("t{}_{number}", std::process::id());
    let left = std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner));
    for name in left {
        say(server, &["drop database if exists ", &name, " with (force)"]).await;
    }
    say(server, &["create database ", &name, " template ", TEMPLATE]).await;
    Fresh { url: at(server, &name), name }
}

/// Made by whichever process of tests comes first.
async fn template(server: &str) {
    let options: PgConnectOptions = must(server.parse());
    let mut lock = must(options.connect().await);
    must(sqlx::raw_sql("select pg_advisory_lock(1)").execute(&mut lock).await);
    let sql = "select count(*) from pg_database where datname = $1";
    let (found,): (i64,) = must(sqlx::query_as(sql).bind(TEMPLATE).fetch_one(&mut lock).await);
    if found == 0 {
        say(server, &["create database ", TEMPLATE]).await;
        let layers = [(URL.to_owned(), at(server, TEMPLATE))];
        must(schema::migrate(&must(Config::from_layers(None, layers)).database()).await);
    }
    must(lock.close().await);
}

async fn say(server: &str, words: &[&str]) {
    let options: PgConnectOptions = must(server.parse());
    let mut connection = must(options.connect().await);
    let mut sql = QueryBuilder::<Postgres>::new("");
    for word in words {
        sql.push(word);
    }
    must(sqlx::raw_sql(sql.into_sql()).execute(&mut connection).await);
    must(connection.close().await);
}

fn at(server: &str, name: &str) -> String {
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}

/// The setting that names the database of a test's gateway, for what runs on its folder: none where it is a file in it.
#[must_use]
pub fn settings(folder: impl AsRef<Path>) -> Vec<(String, String)> {
    let named = std::fs::read_to_string(folder.as_ref().join(NAMED));
    named.into_iter().map(|url| (URL.to_owned(), url)).collect()
}

/// A stopped gateway's folder and database.
#[derive(Debug)]
pub struct Kept {
    /// Where its files are.
    pub folder: TempDir,
    /// Its database, where that is no file in the folder.
    pub database: Option<Fresh>,
}

impl Kept {
    /// A new folder, with a database of its own where the tests run on a server.
    ///
    /// # Panics
    /// It cannot be made.
    pub async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let database = fresh().await;
        if let Some(fresh) = &database {
            std::fs::write(folder.path().join(NAMED), &fresh.url).unwrap_or_else(|error| panic!("{error}"));
        }
        Self { folder, database }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The setting that names its database, for a gateway that goes on with it.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        settings(self.path())
    }

    /// Whether the database holds these bytes anywhere.
    pub async fn holds(&self, wanted: &[u8]) -> bool {
        let stored = self.bytes().await;
        stored.windows(wanted.len()).any(|window| window == wanted)
    }

    /// All there is in the database, one value after the other.
    ///
    /// # Panics
    /// It cannot be read.
    pub async fn bytes(&self) -> Vec<u8> {
        let Some(fresh) = &self.database else {
            // By another process: a file that this one opens and closes loses the locks SQLite has on it here.
            let files = std::fs::read_dir(self.path()).unwrap_or_else(|error| panic!("{error}")).flatten();
            let read = files.map(|file| std::process::Command::new("cat").arg(file.path()).output());
            return read.flat_map(|read| must(read).stdout).collect();
        };
        let options: PgConnectOptions = must(fresh.url.parse());
        let mut connection = must(options.connect().await);
        let sql = "select table_name::text from information_schema.tables where table_schema = 'public'";
        let tables: Vec<(String,)> = must(sqlx::query_as(sql).fetch_all(&mut connection).await);
        let mut all = Vec::new();
        for (table,) in tables {
            let mut sql = QueryBuilder::<Postgres>::new("select * from ");
            let rows = must(sql.push(table).build().fetch_all(&mut connection).await);
            for row in &rows {
                for place in 0..row.len() {
                    all.extend_from_slice(must(row.try_get_raw(place)).as_bytes().unwrap_or_default());
                }
            }
        }
        must(connection.close().await);
        all
    }

    /// Runs a statement behind the gateway's back; gives how many rows it changed.
    pub async fn run(&self, sql: &'static str) -> u64 {
        if let Some(fresh) = &self.database {
            let options: PgConnectOptions = must(fresh.url.parse());
            let mut connection = must(options.connect().await);
            let done = must(sqlx::query(sql).execute(&mut connection).await).rows_affected();
            must(connection.close().await);
            done
        } else {
            let options = SqliteConnectOptions::new().filename(self.path().join("claimgate.db"));
            let mut connection = must(options.connect().await);
            let done = must(sqlx::query(sql).execute(&mut connection).await).rows_affected();
            must(connection.close().await);
            done
        }
    }

    /// Reads a number behind the gateway's back.
    pub async fn number(&self, sql: &'static str) -> i64 {
        if let Some(fresh) = &self.database {
            let options: PgConnectOptions = must(fresh.url.parse());
            let mut connection = must(options.connect().await);
            let (number,): (i64,) = must(sqlx::query_as(sql).fetch_one(&mut connection).await);
            must(connection.close().await);
            number
        } else {
            let options = SqliteConnectOptions::new().filename(self.path().join("claimgate.db"));
            let mut connection = must(options.connect().await);
            let (number,): (i64,) = must(sqlx::query_as(sql).fetch_one(&mut connection).await);
            must(connection.close().await);
            number
        }
    }
}
