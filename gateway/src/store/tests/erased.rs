//! What is erased stays erased, whoever was working on the claim at that moment.

use std::time::Duration;

use jiff::Timestamp;

use super::{Databases, postgres};
use crate::config::Database;
use crate::core::change::{Change, Resealed, Write};
use crate::core::retention::{Erasure, Ground, Hold, RetentionWrite};
use crate::core::wallet::{Session, SessionState, WalletWrite};
use crate::id::{ClaimId, DeliveryId, PacketId, Random, SubmissionId, WalletSessionId};
use crate::store::sql::{Connection, Opener, query, query_as};
use crate::store::{Store, StoreError, schema};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

/// A claim with one packet, delivered, and its submission.
struct Kept {
    claim: ClaimId,
    delivery: DeliveryId,
    submission: SubmissionId,
}

async fn kept(connection: &mut Connection) -> Kept {
    let random = Random::system();
    let claim = ClaimId::new(AT, &random);
    let (packet, delivery, submission) =
        (PacketId::new(AT, &random), DeliveryId::new(AT, &random), SubmissionId::new(AT, &random));
    let blob: &[u8] = b"x";
    for party in ["hospital-p", "insurer-p"] {
        let sql = "insert into party (id, role, state, document, version, created_at, changed_at)
            values ($1, 'hospital', 'live', '{}', 1, 0, 0)";
        query(sql).bind(party).execute(&mut *connection).await.unwrap();
    }
    let sql = "insert into claim (id, hospital_id, case_index, kind, revision, version, created_at, changed_at)
        values ($1, 'hospital-p', $2, 'health', 1, 1, 0, 0)";
    query(sql).bind(claim.to_string()).bind(blob).execute(&mut *connection).await.unwrap();
    let sql =
        "insert into packet (id, claim_id, revision, body, manifest_digest, created_at) values ($1, $2, 1, $3, $3, 0)";
    let written =
        query(sql).bind(packet.to_string()).bind(claim.to_string()).bind(blob).execute(&mut *connection).await;
    written.unwrap();
    let sql = "insert into delivery (id, packet_id, claim_id, party_id, line, revision, state, content, kid, sealed,
            sealed_bytes, sealed_digest, presentation_digest, created_at)
        values ($1, $2, $3, 'insurer-p', 'life', 1, 'acknowledged', $4, 'k1', $4, 1, 'd', 'd', 0)";
    let ids = (delivery.to_string(), packet.to_string(), claim.to_string());
    query(sql).bind(ids.0).bind(ids.1).bind(ids.2).bind(blob).execute(&mut *connection).await.unwrap();
    let sql = "insert into submission (id, claim_id, party_id, line, state, version, created_at, changed_at)
        values ($1, $2, 'insurer-p', 'life', 'closed', 1, 0, 0)";
    query(sql).bind(submission.to_string()).bind(claim.to_string()).execute(connection).await.unwrap();
    Kept { claim, delivery, submission }
}

fn retention(write: RetentionWrite) -> Change {
    let mut change = Change::new("test");
    change.push(Write::Retention(write));
    change
}

fn erasing(claim: ClaimId) -> Change {
    retention(RetentionWrite::Erase(Erasure { claim, version: None, ground: Ground::PeriodOver, at: AT }))
}

async fn open(database: &Database) -> (Store, Connection) {
    schema::migrate(database).await.unwrap();
    (Store::open(database, 2).await.unwrap(), Opener::new(database).unwrap().connect().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_is_not_sealed_again_into_an_erased_claim() {
    let databases = Databases::new("erased_reseal").await;
    for database in &databases.all {
        let (store, mut connection) = open(database).await;
        let kept = kept(&mut connection).await;
        let reseal = |from: &str, to: &str| {
            let mut change = Change::new("test");
            change.push(Write::Reseal(Box::new(Resealed {
                id: kept.delivery,
                from_kid: from.to_owned(),
                kid: to.to_owned(),
                sealed: b"again".to_vec(),
                sealed_digest: "d".to_owned(),
            })));
            change
        };
        store.commit(reseal("k1", "k2")).await.unwrap();
        store.commit(erasing(kept.claim)).await.unwrap();
        let after = store.commit(reseal("k2", "k3")).await;
        assert!(matches!(after, Err(StoreError::Conflict { table: "delivery" })), "{after:?}");
        let sql = "select count(*) from delivery where length(sealed) > 0";
        let (left,): (i64,) = query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_comes_while_the_claim_is_being_erased_is_refused() {
    let Some(database) = postgres(&format!("erased_hold_{}", std::process::id())).await else { return };
    let (store, mut connection) = open(&database).await;
    let kept = kept(&mut connection).await;
    let mut tx = connection.begin().await.unwrap();
    let sql = "update claim set barred = 'erased', version = version + 1 where id = $1";
    query(sql).bind(kept.claim.to_string()).execute(&mut *tx).await.unwrap();
    let hold = Hold { claim: kept.claim, reason: b"sealed".to_vec(), by: "operator".to_owned(), at: AT };
    let (answer, ()) = tokio::join!(store.commit(retention(RetentionWrite::Hold(hold))), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        tx.commit().await.unwrap();
    });
    assert!(matches!(answer, Err(StoreError::Conflict { .. })), "{answer:?}");
    let (holds,): (i64,) = query_as("select count(*) from claim_hold").fetch_one(&mut connection).await.unwrap();
    assert_eq!(holds, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_made_while_the_claim_is_being_erased_goes_with_it() {
    let Some(database) = postgres(&format!("erased_link_{}", std::process::id())).await else { return };
    let (store, mut connection) = open(&database).await;
    let kept = kept(&mut connection).await;
    let mut tx = connection.begin().await.unwrap();
    let sql = "insert into submission_link (submission_id, party_id, rail, number_mac, number, at)
        values ($1, 'insurer-p', 'other', $2, $2, 0)";
    query(sql).bind(kept.submission.to_string()).bind(b"n".as_slice()).execute(&mut *tx).await.unwrap();
    let sql = "update submission set version = version + 1 where id = $1";
    query(sql).bind(kept.submission.to_string()).execute(&mut *tx).await.unwrap();
    let (erased, ()) = tokio::join!(store.commit(erasing(kept.claim)), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        tx.commit().await.unwrap();
    });
    erased.unwrap();
    let (links,): (i64,) = query_as("select count(*) from submission_link").fetch_one(&mut connection).await.unwrap();
    assert_eq!(links, 0);
}

/// A session with a wallet that is about to begin.
fn asking(claim: ClaimId) -> Change {
    let id = WalletSessionId::new(AT, &Random::system());
    let session = Session {
        id,
        party: "insurer-p".parse().unwrap(),
        query: "identity".to_owned(),
        purpose: "health-claim".to_owned(),
        claim: Some(claim),
        state: SessionState::Waiting,
        reason: None,
        request: Some(b"sealed".to_vec()),
        outcome: None,
        code: None,
        closes_at: AT,
    };
    let mut change = Change::new("test");
    let handle = Random::system().bytes::<32>();
    change.push(Write::Wallet(WalletWrite::New(Box::new(session), handle, AT, AT)));
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_with_wallets_go_with_their_claim_and_none_begins_after() {
    let databases = Databases::new("erased_wallet").await;
    for database in &databases.all {
        let (store, mut connection) = open(database).await;
        let kept = kept(&mut connection).await;
        store.commit(asking(kept.claim)).await.unwrap();
        store.commit(erasing(kept.claim)).await.unwrap();
        let after = store.commit(asking(kept.claim)).await;
        assert!(matches!(after, Err(StoreError::Conflict { table: "claim" })), "{after:?}");
        let sql = "select count(*) from wallet_session";
        let (left,): (i64,) = query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 0);
    }
}
