//! A database of each version before comes up with what it holds.

use super::*;
use crate::store::Store;
use crate::store::sql::query;
use crate::store::tests::Databases;

#[tokio::test]
async fn a_database_of_each_version_before_comes_up_with_what_it_holds() {
    for before in 1..MIGRATIONS.len() {
        for database in &Databases::new(&format!("schema_{before}")).await.all {
            comes_up(database, before).await;
        }
    }
}

#[tokio::test]
async fn an_unknown_schema_is_refused() {
    for database in &Databases::new("schema_unknown").await.all {
        migrate(database).await.unwrap();
        let mut connection = Opener::new(database).unwrap().connect().await.unwrap();
        let sql = "update _sqlx_migrations set checksum = $1 where version = 2";
        query(sql).bind(vec![1]).execute(&mut connection).await.unwrap();
        let opened = Store::open(database, 1).await;
        assert!(matches!(opened, Err(StoreError::Schema(SchemaError::Changed(2)))), "{opened:?}");
        let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (9999, 'later', true, $1, 0)";
        query(sql).bind(vec![1]).execute(&mut connection).await.unwrap();
        query("delete from _sqlx_migrations where version = 2").execute(&mut connection).await.unwrap();
        assert!(matches!(migrate(database).await, Err(StoreError::Schema(SchemaError::Ahead { found: 9999, .. }))));
    }
}

/// Every migration is one transaction: whichever statement it dies at, nothing of it stays, and the next start does it.
#[tokio::test]
async fn a_migration_that_dies_at_any_statement_leaves_nothing_behind() {
    for (before, last) in MIGRATIONS.iter().enumerate() {
        for database in &Databases::new(&format!("schema_torn_{before}")).await.all {
            let mut connection = Opener::new(database).unwrap().create().await.unwrap();
            apply(&mut connection, before).await.unwrap();
            let (whole, found) = (shape(database).await, status(database).await.unwrap().found);
            let mut known = migrations(&connection);
            known.truncate(before + 1);
            let torn = known.pop().unwrap();
            let statements: Vec<&str> = torn.sql.as_str().split_inclusive(";\n").collect();
            assert!(!statements.is_empty());
            for count in 1..=statements.len() {
                let text = format!("{}\nselect dies from here;\n", statements[..count].concat());
                let mut all = known.clone();
                let text: &'static str = text.leak();
                let (kind, name) = (MigrationType::Simple, torn.description.clone());
                all.push(Migration::new(torn.version, name, kind, text.into_sql_str(), false));
                let migrator = Migrator::with_migrations(all);
                let died = match &mut connection {
                    Connection::Sqlite(link) => migrator.run(link.ready().await.unwrap()).await,
                    Connection::Postgres(link) => migrator.run(link.ready().await.unwrap()).await,
                };
                assert!(died.is_err(), "{} {count}", last.1);
                assert_eq!(shape(database).await, whole, "{} {count}", last.1);
                assert_eq!(status(database).await.unwrap().found, found, "{} {count}", last.1);
            }
            connection.close().await.unwrap();
            assert_eq!(migrate(database).await.unwrap().found, wanted());
        }
    }
}

type Shape = (Vec<(String, String, String, i64)>, Vec<(String, String)>);

/// Tables with columns, their kinds and whether they may be missing; indexes by name.
async fn shape(database: &Database) -> Shape {
    let mut connection = Opener::new(database).unwrap().connect().await.unwrap();
    let (columns, indexes) = match database {
        Database::Sqlite(_) => (
            "select m.name, c.name, lower(c.type), c.\"notnull\" from sqlite_master m, pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like '\\_sqlx%' escape '\\' order by 1, 2",
            "select tbl_name, name from sqlite_master where type = 'index' and sql is not null order by 1, 2",
        ),
        Database::Postgres(_) => (
            "select table_name::text, column_name::text, case data_type when 'bigint' then 'integer' when 'bytea' then
                'blob' else data_type::text end, case is_nullable when 'NO' then 1 else 0 end
             from information_schema.columns where table_schema = 'public' and table_name not like '\\_sqlx%'
             order by table_name::text collate \"C\", column_name::text collate \"C\"",
            "select i.tablename::text, i.indexname::text from pg_indexes i where i.schemaname = 'public' and not exists
                (select 1 from pg_constraint c where c.conname = i.indexname) and i.tablename not like '\\_sqlx%'
             order by i.tablename::text collate \"C\", i.indexname::text collate \"C\"",
        ),
    };
    let columns = query_as(columns).fetch_all(&mut connection).await.unwrap();
    (columns, query_as(indexes).fetch_all(&mut connection).await.unwrap())
}

/// Columns of different collations cannot be compared there, and the database's own may sort otherwise than SQLite does.
#[tokio::test]
async fn every_text_of_postgresql_has_the_same_collation() {
    for database in &Databases::new("schema_collation").await.all[1..] {
        migrate(database).await.unwrap();
        let mut connection = Opener::new(database).unwrap().connect().await.unwrap();
        let sql = "select table_name || '.' || column_name from information_schema.columns
            where table_schema = 'public' and data_type = 'text' and collation_name is distinct from 'C'
                and table_name <> '_sqlx_migrations'";
        let others: Vec<(String,)> = query_as(sql).fetch_all(&mut connection).await.unwrap();
        assert!(others.is_empty(), "text collate \"C\" is missing: {others:?}");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let mut shapes = Vec::new();
    for database in &Databases::new("schema_shape").await.all {
        assert_eq!(migrate(database).await.unwrap().found, wanted());
        shapes.push(shape(database).await);
    }
    assert!(shapes[0].0.len() > 100 && shapes[0].1.len() > 15, "{:?}", shapes[0]);
    if let [sqlite, postgres] = shapes.as_slice() {
        assert_eq!(sqlite, postgres);
    }
}

async fn comes_up(database: &Database, before: usize) {
    let mut old = Opener::new(database).unwrap().create().await.unwrap();
    apply(&mut old, before).await.unwrap();
    fill(&mut old, MIGRATIONS[before - 1].0).await;
    let found = MIGRATIONS[before - 1].0;
    assert!(matches!(check(&mut old).await, Err(StoreError::Schema(SchemaError::Behind { .. }))));
    old.close().await.unwrap();
    assert_eq!(status(database).await.unwrap().found, found);
    assert_eq!(migrate(database).await.unwrap().found, wanted());

    let mut new = Opener::new(database).unwrap().connect().await.unwrap();
    let kept: (i64,) = query_as("select count(*) from delivery").fetch_one(&mut new).await.unwrap();
    assert_eq!(kept, (1,));
    let parties: Vec<(String, String, String, i64)> =
        query_as("select id, role, state, version from party order by id").fetch_all(&mut new).await.unwrap();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        parties,
        [(text("p"), text("hospital"), text("live"), 1), (text("q"), text("insurer"), text("suspended"), 7)]
    );
    // References hold as before: what refers to a party is whole, and refers to nobody who is not there.
    if matches!(new, Connection::Sqlite(_)) {
        let sql = "select \"table\" from pragma_foreign_key_check";
        let broken: Vec<(String,)> = query_as(sql).fetch_all(&mut new).await.unwrap();
        assert!(broken.is_empty(), "{broken:?}");
    }
    for refused in [
        "delete from party where id = 'q'",
        "insert into party_identifier values ('s', 'w', 'nobody')",
        "insert into party (id, role, state, document, version, created_at, changed_at)
            values ('g', 'fund', 'gone', '{}', 1, 0, 0)",
    ] {
        assert!(query(refused).execute(&mut new).await.is_err(), "{refused}");
    }
    let sql = "insert into party (id, role, state, document, version, created_at, changed_at)
        values ('f', 'fund', 'invited', '{}', 1, 0, 0)";
    query(sql).execute(&mut new).await.unwrap();
    new.close().await.unwrap();
}

async fn fill(old: &mut Connection, version: i64) {
    for sql in [
        "insert into party (id, role, state, document, version, created_at, changed_at)
            values ('p', 'hospital', 'live', '{}', 1, 0, 0)",
        "insert into party (id, role, state, document, version, created_at, changed_at)
            values ('q', 'insurer', 'suspended', '{}', 7, 1, 2)",
        "insert into party_identifier values ('s', 'v', 'q')",
        "insert into assertion_use values ('q', 'j', 0)",
    ] {
        query(sql).execute(&mut *old).await.unwrap();
    }
    let none: &[u8] = &[0];
    for sql in [
        "insert into idempotency values ('p', 'r', $1, $1, '', 0)",
        "insert into claim (id, hospital_id, case_index, kind, revision, version, created_at, changed_at)
            values ('c', 'p', $1, 'health', 1, 1, 0, 0)",
        "insert into packet values ('k', 'c', 1, $1, $1, 0)",
        "insert into delivery (id, packet_id, claim_id, party_id, line, revision, state, position, content, kid, sealed,
            sealed_bytes, sealed_digest, presentation_digest, created_at, left_at, acknowledged_at, acknowledgement)
            values ('d', 'k', 'c', 'p', 'life', 1, 'ready', 1, $1, 'kid', $1, 1, '', '', 0, null, null,
            null)",
    ] {
        query(sql).bind(none).execute(&mut *old).await.unwrap();
    }
    // Tables that refer to a party since a later version.
    if version >= 8 {
        let sql = "insert into endpoint values ('q', 'https://x', 'event', $1, 'on', 0, null, null, 1, 0, 0)";
        query(sql).bind(none).execute(&mut *old).await.unwrap();
        let sql = "insert into webhook (id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, first_try, due_at,
            lease_until, fence, created_at, done_at) values ('m', 'q', 'd', 'c', 'delivery.ready', 2, 'due', 0, null, 0, null, 0, 0, null)";
        query(sql).execute(&mut *old).await.unwrap();
    }
}
