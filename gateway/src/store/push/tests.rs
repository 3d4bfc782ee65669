//! How messages are found in a long queue.

use sqlx::Connection as _;

use super::*;
use crate::config::Database;
use crate::store::schema;

/// A recipient that comes back after days has all of its messages due: what is taken next must not depend on how many.
#[tokio::test]
async fn a_long_queue_is_neither_sorted_nor_counted_through() {
    let dir = std::env::temp_dir().join(format!("claimgate-lease-{}", std::process::id()));
    let path = dir.join("claimgate.db");
    schema::migrate(&Database::Sqlite(path.clone())).await.unwrap();
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let mut plan = String::new();
    let (ready, next) = (endpoints_with_work(0, ""), next_of("p", (0, 0, 0), 8, ""));
    for sql in [ready.text(), BUSY.to_owned(), next.text()] {
        let explained = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained).fetch_all(&mut connection).await.unwrap();
        for (_, _, _, step) in steps {
            plan.push_str(&step);
            plan.push('\n');
        }
    }
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    for sought in ["webhook_leased (party_id=? AND lease_until>?)", "webhook_due (party_id=? AND due_at<?)"] {
        assert!(plan.contains(sought), "{sought}:\n{plan}");
    }
    std::fs::remove_dir_all(dir).unwrap();
}
