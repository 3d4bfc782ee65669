//! Every statement whose text stands whole in the source is planned by SQLite: one that reads a whole table, which grows
//! with the claims, is named here with its reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use super::Databases;
use crate::config::Database;
use crate::store::schema;

/// Tables that have a few rows for each party, and none for each claim; and what a statement itself has put together.
const SMALL: [&str; 20] = [
    "party",
    "party_identifier",
    "party_keys",
    "party_beginning",
    "party_proposal",
    "trust_issuer",
    "trust_proposal",
    "endpoint",
    "master_key",
    "e",
    "alert",
    "alert_mail",
    "stream",
    "_sqlx_migrations",
    "sqlite_master",
    "CONSTANT",
    "held",
    "unplaced",
    "waiting",
    "x",
];

/// What is read whole, or in the order of an index, and why that does no harm.
const ALLOWED: [&str; 33] = [
    // A copy is read whole, at the desk.
    "backup::ends: claim",
    "backup::integrity: pragma_integrity_check VIRTUAL TABLE INDEX 0:",
    "backup::references: pragma_foreign_key_check VIRTUAL TABLE INDEX 0:",
    // What waits: an index that holds nothing else.
    // Doctor and alerts, once a day: the log beside the packets.
    "log::beside: p USING COVERING INDEX packet_digest",
    // The last row of its key.
    "log::newest: log_checkpoint",
    // What nobody could be told of: an index that holds nothing else.
    "operate::endpoints: w USING INDEX webhook_dead",
    // The first row only.
    "operator::any_claim: c USING INDEX sqlite_autoindex_claim_1",
    // Positions not yet given: an index that holds nothing else.
    "sequence::deliveries: delivery USING INDEX delivery_without_position",
    "timeline::unplaced: timeline USING INDEX timeline_without_position",
    // At the start: the last line.
    "operator::newest_line: audit USING INDEX sqlite_autoindex_audit_2",
    // Metrics and doctor.
    "operator::counts: claim USING COVERING INDEX sqlite_autoindex_claim_1",
    "operator::counts: delivery USING COVERING INDEX delivery_open",
    "operator::counts: delivery USING COVERING INDEX sqlite_autoindex_delivery_1",
    "operator::counts: evidence USING COVERING INDEX sqlite_autoindex_evidence_1",
    "operator::counts: packet USING COVERING INDEX sqlite_autoindex_packet_1",
    "operator::counts: webhook USING COVERING INDEX webhook_leased",
    "operator::counts: work USING INDEX work_due",
    "push::endpoint_of: w USING INDEX webhook_dead",
    // An operator sends again.
    "push::redrive_withdrawn: webhook",
    // The search for what refers to an operator who goes; operators have no claims.
    "registry::remove_operator: application_recipient",
    "registry::remove_operator: discharge_offset",
    "registry::remove_operator: claim_link USING COVERING INDEX sqlite_autoindex_claim_link_1",
    "registry::remove_operator: delivery_return",
    "registry::remove_operator: submission USING COVERING INDEX sqlite_autoindex_submission_2",
    "registry::remove_operator: webhook",
    // Retention, which an operator starts.
    "retention::attempts: a",
    "retention::count_attempts: a",
    "retention::end_messages: webhook USING INDEX webhook_order",
    "retention::erasures: claim_erasure USING INDEX claim_erasure_by_time",
    // An operator counts what is asked for.
    "requests::by_hospital: c USING INDEX sqlite_autoindex_claim_2",
    "requests::by_hospital: claim_request USING INDEX claim_request_of_hospital",
    "requests::by_insurer: claim_request USING INDEX claim_request_of_party",
    "requests::by_insurer: u USING COVERING INDEX sqlite_autoindex_submission_2",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Text literals that begin as every statement does, with what stands before them.
fn statements() -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for path in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store"))) {
        let name = path.display().to_string();
        if name.contains("tests") || name.ends_with("postgres.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let mut rest = source.as_str();
        while let Some(at) = rest.find("\"-- ") {
            let before = rest[..at].trim_end();
            let built = ["Builder::new(", "insert:", "leaves =", "insert_keys =", "concat!("]
                .iter()
                .any(|end| before.ends_with(end));
            let text = &rest[at + 1..];
            let end = text.find('"').unwrap();
            let sql = text[..end].replace("\\n", "\n");
            if sql.contains('\n') {
                found.push((sql, built));
            }
            rest = &text[end..];
        }
    }
    found
}

async fn plan(connection: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let explained = format!("explain query plan {}", sql.split_once('\n').map_or(sql, |(_, rest)| rest));
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(explained)).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.get::<String, _>("detail")).collect())
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_but_those_named_here() {
    let databases = Databases::new("plans").await;
    let Some(database @ Database::Sqlite(path)) = databases.all.first() else { unreachable!() };
    schema::migrate(database).await.unwrap();
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let (mut scans, mut planned) = (BTreeSet::new(), 0);
    for (sql, built) in statements() {
        let name = sql.trim_start_matches("-- ").split_whitespace().next().unwrap().to_owned();
        let steps = match plan(&mut connection, &sql).await {
            Ok(steps) => steps,
            Err(_) if built => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        planned += 1;
        for step in steps.iter().filter_map(|step| step.strip_prefix("SCAN ")) {
            let table = step.split_whitespace().next().unwrap();
            if !SMALL.contains(&table) && !table.starts_with('(') {
                scans.insert(format!("{name}: {step}"));
            }
        }
    }
    connection.close().await.unwrap();
    let found: Vec<String> = scans.into_iter().collect();
    assert!(planned > 150, "{planned} statements planned");
    let allowed: BTreeSet<&str> = ALLOWED.into();
    let others: Vec<_> = found.iter().filter(|one| !allowed.contains(one.as_str())).collect();
    assert!(others.is_empty(), "{others:#?}");
    let gone: Vec<_> = allowed.iter().filter(|one| !found.iter().any(|now| now == *one)).collect();
    assert!(gone.is_empty(), "named here and read whole no more: {gone:#?}");
}

#[tokio::test]
async fn turnaround_reads_what_left_in_the_window_and_looks_the_rest_up() {
    let databases = Databases::new("plans_reports").await;
    let Some(database @ Database::Sqlite(path)) = databases.all.first() else { unreachable!() };
    schema::migrate(database).await.unwrap();
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    // Requests and cases of offset are few; the sums of a report are its own.
    let may_be_read = ["r", "o", "i", "f", "s", "measured", "ranked", "CONSTANT"];
    let statements = crate::store::report::statements();
    assert_eq!(statements.len(), 15);
    for sql in statements {
        let steps = plan(&mut connection, sql).await.unwrap();
        let scans = steps.iter().filter_map(|step| step.strip_prefix("SCAN ")?.split_whitespace().next());
        let others: Vec<&str> = scans.filter(|table| !may_be_read.contains(table) && !table.starts_with('(')).collect();
        assert!(others.is_empty(), "{others:?} of {sql}: {steps:#?}");
        if sql.contains("_of_insurer") && sql.contains("delivery d") {
            assert!(steps.iter().any(|step| step.contains("delivery_left_of_party")), "{steps:#?}");
        }
    }
    connection.close().await.unwrap();
}
