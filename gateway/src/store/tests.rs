//! What tests of the store share: each database they run on. PostgreSQL is there where `deploy/with-postgres` runs them.

use std::path::PathBuf;

use sqlx::{ConnectOptions, Connection, PgConnection, Postgres, QueryBuilder};

use crate::config::{Config, Database};

mod erased;
mod plans;
mod replicas;

/// New, empty databases for a test: a file, and one of the tests' server where there is one.
pub(super) struct Databases {
    folder: PathBuf,
    /// Each with its kind.
    pub(super) all: Vec<Database>,
}

impl Databases {
    /// Under a name no other test has.
    pub(super) async fn new(name: &str) -> Self {
        let unique = format!("{name}_{}", std::process::id());
        let folder = std::env::temp_dir().join(format!("claimgate-{unique}"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut all = vec![Database::Sqlite(folder.join("store.db"))];
        all.extend(postgres(&unique).await);
        Self { folder, all }
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A new, empty database of the tests' server, if there is one.
pub(super) async fn postgres(name: &str) -> Option<Database> {
    let Some(server) = server() else {
        println!("skipped on PostgreSQL: deploy/with-postgres runs it");
        return None;
    };
    let mut connection: PgConnection =
        server.parse::<sqlx::postgres::PgConnectOptions>().unwrap().connect().await.unwrap();
    let mut sql = QueryBuilder::<Postgres>::new("create database ");
    sqlx::raw_sql(sql.push(name).sql()).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
    let layers = [("CLAIMGATE_STORE__URL".to_owned(), url)];
    Some(Config::from_layers(None, layers).unwrap().database())
}

#[expect(clippy::disallowed_methods, reason = "tells tests where their server is")]
fn server() -> Option<String> {
    std::env::var("CLAIMGATE_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}
