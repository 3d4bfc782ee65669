//! A log of several tiles: sequenced in batches, checkpointed on the way, proven, checked, and changed behind its back.

use std::path::PathBuf;

use sqlx::{ConnectOptions, Connection};
use zeroize::Zeroizing;

use super::*;
use crate::config::Database;
use crate::store::schema;

const ENTRIES: u64 = 1_000;

struct Log {
    folder: PathBuf,
    path: PathBuf,
    signer: LogSigner,
}

impl Log {
    async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("claimgate-log-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("log.db");
        schema::migrate(&Database::Sqlite(path.clone())).await.unwrap();
        let signer = LogSigner::new("gateway.example/log", Zeroizing::new([7; 32])).unwrap();
        Self { folder, path, signer }
    }

    /// Behind the gateway's back.
    async fn run(&self, sql: &'static str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&self.path).foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn add(&self, store: &Store) {
        self.run(
            "with recursive n (n) as (select 1 union all select n + 1 from n where n < 200)
             insert into packet (id, claim_id, revision, body, manifest_digest, created_at)
             select 'pkt_' || hex(randomblob(16)), 'clm_x', 1, x'00', randomblob(32), 0 from n",
        )
        .await;
        self.run(
            "insert into log_leaf (packet_id, entry, created_at) select id, manifest_digest, 0 from packet
             where id not in (select packet_id from log_leaf)",
        )
        .await;
        while store.sequence().await.unwrap().more {}
        assert!(checkpoint(store, &self.signer, Timestamp::UNIX_EPOCH).await.unwrap());
        assert!(!checkpoint(store, &self.signer, Timestamp::UNIX_EPOCH).await.unwrap(), "once per size");
    }
}

#[tokio::test]
async fn a_log_of_several_tiles_proves_every_entry_and_notices_every_change() {
    let log = Log::new("tiles").await;
    let store = Store::open(&Database::Sqlite(log.path.clone()), 2).await.unwrap();
    let mut sizes = Vec::new();
    for _ in 0..5 {
        log.add(&store).await;
        sizes.push(store.log_checkpoint().await.unwrap().unwrap());
    }
    assert_eq!(store.log_size().await.unwrap(), ENTRIES);
    let entries = store.log_entries(0, 2_000).await.unwrap();
    for (index, entry) in (0..).zip(&entries) {
        let proof = prove(&store, index).await.unwrap().unwrap();
        assert_eq!(proof.verify(entry, log.signer.public()).unwrap().size, ENTRIES, "{index}");
    }
    assert!(prove(&store, ENTRIES).await.unwrap().is_none());

    // Between any two checkpoints, from tiles alone.
    let newest = Checkpoint::open(&sizes.last().unwrap().1, log.signer.public()).unwrap();
    for (size, note) in &sizes {
        let older = Checkpoint::open(note, log.signer.public()).unwrap();
        let path = hashes(&store, &tree::consistency(*size, newest.size).unwrap()).await.unwrap();
        assert!(tree::consistent((older.size, &older.root), (newest.size, &newest.root), &path), "{size}");
    }
    let checked = async || check(&store, log.signer.public()).await.unwrap();
    assert_eq!(checked().await, LogCheck::Whole { entries: ENTRIES, checkpoints: 5 });

    log.run("update log_tile set hashes = zeroblob(length(hashes)) where level = 1").await;
    assert_eq!(checked().await, LogCheck::Tile(TileId { level: 1, number: 0 }));
    log.run("update packet set manifest_digest = zeroblob(32) where rowid = 3").await;
    assert_eq!(checked().await, LogCheck::Packets(1));
    // Changed on both sides: the signed checkpoints tell.
    log.run("update log_leaf set entry = (select manifest_digest from packet where id = packet_id)").await;
    assert_eq!(checked().await, LogCheck::Checkpoint(200));
    store.close().await;
    std::fs::remove_dir_all(&log.folder).unwrap();
}

#[tokio::test]
async fn a_renamed_log_signs_its_size_again_and_stays_checkable() {
    let log = Log::new("renamed").await;
    let store = Store::open(&Database::Sqlite(log.path.clone()), 2).await.unwrap();
    log.add(&store).await;
    let renamed = LogSigner::new("new.example/log", Zeroizing::new([7; 32])).unwrap();
    assert!(checkpoint(&store, &renamed, Timestamp::UNIX_EPOCH).await.unwrap());
    log.add(&store).await;
    let whole = LogCheck::Whole { entries: 400, checkpoints: 2 };
    assert_eq!(check(&store, renamed.public()).await.unwrap(), whole);
    let other = LogSigner::new("new.example/log", Zeroizing::new([8; 32])).unwrap();
    assert_eq!(check(&store, other.public()).await.unwrap(), LogCheck::Checkpoint(200), "another key");
    store.close().await;
    std::fs::remove_dir_all(&log.folder).unwrap();
}
