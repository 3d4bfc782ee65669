//! Deliveries given back and handed on, cases of other rails, and claims with the same receipt.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::limits::ATTACHMENT_BYTES;
use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError, inserts};
use crate::core::delivery::DeliveryState;
use crate::core::handover::{Door, HandoverWrite, LinkRow, NotForwarded, Rail, ReturnReason, ReturnRow};
use crate::core::retention::Bar;
use crate::core::submission::SubmissionState;
use crate::id::{AttachmentId, ClaimId, DeliveryId, PacketId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// A delivery that was given back.
#[derive(Clone, Debug)]
pub struct ReturnView {
    /// Why.
    pub reason: ReturnReason,
    /// Why the suggestion was not followed.
    pub refused: Option<NotForwarded>,
    /// When.
    pub at: Timestamp,
}

/// A delivery of a submission with where it came from and where it went.
#[derive(Clone, Debug)]
pub struct TracedDelivery {
    /// Id.
    pub id: DeliveryId,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// State.
    pub state: DeliveryState,
    /// When it was made.
    pub created: Timestamp,
    /// When its first byte left.
    pub left: Option<Timestamp>,
    /// When it was acknowledged.
    pub acknowledged: Option<Timestamp>,
    /// Whether and why it was given back.
    pub returned: Option<ReturnView>,
    /// To whom it was handed on.
    pub forwarded_to: Option<Door>,
    /// From whom it was handed on, and the how-manieth hand it is.
    pub forwarded_from: Option<(Door, i64)>,
}

/// A submission as both of its sides see it.
#[derive(Clone, Debug)]
pub struct TracedSubmission {
    /// Id.
    pub id: SubmissionId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital.
    pub hospital: PartyId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// State.
    pub state: SubmissionState,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// A link as it is kept.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// By which rail.
    pub rail: Rail,
    /// Keyed digest of the number.
    pub number_mac: Vec<u8>,
    /// The number, sealed under the claim's key.
    pub number: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

pub(super) async fn apply(tx: &mut Connection, write: &HandoverWrite) -> Result<(), StoreError> {
    match write {
        HandoverWrite::Repository(delivery, answer, at) => {
            let sql = "-- handover::repository
                insert into repository_receipt (delivery_id, answer, at) values ($1, $2, $3)
                on conflict (delivery_id) do nothing";
            query(sql).bind(delivery.to_string()).bind(answer).bind(millis(*at)).execute(tx).await?;
            Ok(())
        }
        HandoverWrite::Return(row) => give_back(tx, row).await,
        HandoverWrite::Forward(from, to, hops, at) => {
            let sql = "-- handover::forward
                insert into delivery_forward (delivery_id, to_delivery_id, hops, at) values ($1, $2, $3, $4)";
            let inserted =
                query(sql).bind(from.to_string()).bind(to.to_string()).bind(hops).bind(millis(*at)).execute(tx).await;
            one("delivery_forward", inserted)
        }
        HandoverWrite::Link(row) => link(tx, row).await,
        HandoverWrite::ReceiptKeys(claim, hospital, keys) => receipt_keys(tx, *claim, hospital, keys).await,
    }
}

async fn give_back(tx: &mut Connection, row: &ReturnRow) -> Result<(), StoreError> {
    let id = row.delivery.to_string();
    // Whoever makes a newer delivery of the claim right now is waited for: what follows sees it.
    let sql = "-- handover::hold_claim\nupdate claim set version = version where id = $1";
    one("claim", query(sql).bind(row.claim.to_string()).execute(&mut *tx).await)?;
    let sql = "-- handover::return
        insert into delivery_return (delivery_id, claim_id, party_id, reason, suggested, refused, at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    let inserted = query(sql)
        .bind(&id)
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.reason.as_str())
        .bind(&row.suggested)
        .bind(row.refused.map(NotForwarded::code))
        .bind(millis(row.at))
        .execute(&mut *tx)
        .await;
    one("delivery_return", inserted)?;
    let sql = "-- handover::returned
        update delivery set state = 'withdrawn' where id = $1 and state in ('ready', 'acknowledged') and left_at is not null";
    one("delivery", query(sql).bind(&id).execute(&mut *tx).await)?;
    let sql = "-- handover::returned_submission
        update submission set version = version + 1, changed_at = $3, state = case when exists (
            select 1 from delivery d join delivery back on back.id = $4 where d.claim_id = back.claim_id
                and d.party_id = back.party_id and d.line = back.line and d.revision > back.revision
                and d.state <> 'withdrawn') then state else 'returned' end
        where id = $1 and version = $2";
    let (submission, version) = row.submission;
    let stepped = query(sql).bind(submission.to_string()).bind(version).bind(millis(row.at)).bind(&id);
    one("submission", stepped.execute(&mut *tx).await)?;
    // Whatever was to be told of it is told no more.
    let sql = "-- handover::nothing_to_tell
        update webhook set state = 'done', done_at = $2 where delivery_id = $1 and state = 'due'";
    query(sql).bind(&id).bind(millis(row.at)).execute(tx).await?;
    Ok(())
}

async fn link(tx: &mut Connection, row: &LinkRow) -> Result<(), StoreError> {
    let sql = "-- handover::link
        insert into submission_link (submission_id, party_id, rail, number_mac, number, at)
        values ($1, $2, $3, $4, $5, $6)";
    let inserted = query(sql)
        .bind(row.submission.to_string())
        .bind(row.party.as_str())
        .bind(row.rail.as_str())
        .bind(row.number_mac.as_slice())
        .bind(&row.number)
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("submission_link", inserted)
}

async fn receipt_keys(tx: &mut Connection, claim: ClaimId, hospital: &PartyId, keys: &[Mac]) -> Result<(), StoreError> {
    let sql = "-- handover::forget_receipt_keys\ndelete from receipt_key where claim_id = $1";
    query(sql).bind(claim.to_string()).execute(&mut *tx).await?;
    let rows: Vec<_> = keys.iter().map(|key| (claim, hospital, key)).collect();
    inserts::receipt_keys(tx, &rows).await
}

type DeliveryRow = (String, i64, String, i64, Option<i64>, Option<i64>, Option<String>, Option<String>, Option<i64>);
type DoorRow = (String, String, String, String, i64);

impl Store {
    /// Whether and why a delivery was given back.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn returned(&self, id: DeliveryId) -> Result<Option<ReturnView>, StoreError> {
        let sql = "-- handover::return_of\nselect reason, refused, at from delivery_return where delivery_id = $1";
        let row: Option<(String, Option<String>, i64)> =
            query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(reason, refused, at)| returned(&reason, refused.as_deref(), at)).transpose()
    }

    /// Who has given this claim back.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn returners(&self, claim: ClaimId) -> Result<Vec<PartyId>, StoreError> {
        let sql = "-- handover::returners\nselect distinct party_id from delivery_return where claim_id = $1";
        let rows: Vec<(String,)> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.iter().map(|(party,)| parse("delivery_return", "party_id", party)).collect()
    }

    /// How often a claim had been handed on when this delivery was made.
    ///
    /// # Errors
    /// The database is away.
    pub async fn hops(&self, delivery: DeliveryId) -> Result<i64, StoreError> {
        let sql = "-- handover::hops\nselect coalesce(max(hops), 0) from delivery_forward where to_delivery_id = $1";
        let (hops,): (i64,) = query_as(sql).bind(delivery.to_string()).fetch_one(self.readers()).await?;
        Ok(hops)
    }

    /// The newest delivery of a claim to a party in a line that still counts.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn newest_delivery(
        &self,
        claim: ClaimId,
        party: &PartyId,
        line: Line,
    ) -> Result<Option<DeliveryId>, StoreError> {
        let sql = "-- handover::newest_delivery
            select id from delivery where claim_id = $1 and party_id = $2 and line = $3 and state != 'withdrawn'
            order by revision desc limit 1";
        let row: Option<(String,)> = query_as(sql)
            .bind(claim.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(id,)| parse("delivery", "id", &id)).transpose()
    }

    /// The delivery that carried a packet to a recipient.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn delivery_of_packet(
        &self,
        packet: PacketId,
        party: &PartyId,
        line: Line,
    ) -> Result<Option<DeliveryId>, StoreError> {
        let sql = "-- handover::delivery_of_packet
            select d.id from packet p join delivery d on d.claim_id = p.claim_id and d.packet_id = p.id
            where p.id = $1 and d.party_id = $2 and d.line = $3";
        let row: Option<(String,)> = query_as(sql)
            .bind(packet.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(id,)| parse("delivery", "id", &id)).transpose()
    }

    /// A submission by its id, for either of its sides.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn traced(&self, side: &PartyId, id: SubmissionId) -> Result<Option<TracedSubmission>, StoreError> {
        type Row = (String, String, String, String, String, Option<Vec<u8>>);
        let sql = "-- handover::traced
            select s.claim_id, c.hospital_id, s.party_id, s.line, s.state, k.wrapped from submission s
            join claim c on c.id = s.claim_id left join claim_key k on k.claim_id = s.claim_id
            where s.id = $2 and (s.party_id = $1 or c.hospital_id = $1)";
        let row: Option<Row> =
            query_as(sql).bind(side.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(claim, hospital, party, line, state, wrapped_key)| {
            Ok(TracedSubmission {
                id,
                claim: parse("submission", "claim_id", &claim)?,
                hospital: parse("claim", "hospital_id", &hospital)?,
                party: parse("submission", "party_id", &party)?,
                line: parse("submission", "line", &line)?,
                state: parse("submission", "state", &state)?,
                wrapped_key: wrapped_key.ok_or(StoreError::Barred(Bar::Erased))?,
            })
        })
        .transpose()
    }

    /// The deliveries of a submission with what came of them, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn traced_deliveries(&self, of: &TracedSubmission) -> Result<Vec<TracedDelivery>, StoreError> {
        let sql = "-- handover::traced_deliveries
            select d.id, d.revision, d.state, d.created_at, d.left_at, d.acknowledged_at, r.reason, r.refused, r.at
            from delivery d left join delivery_return r on r.delivery_id = d.id
            where d.claim_id = $1 and d.party_id = $2 and d.line = $3 order by d.revision limit 1000";
        let rows: Vec<DeliveryRow> = query_as(sql)
            .bind(of.claim.to_string())
            .bind(of.party.as_str())
            .bind(of.line.as_str())
            .fetch_all(self.readers())
            .await?;
        let (to, from) = (self.doors(of.claim, true).await?, self.doors(of.claim, false).await?);
        rows.into_iter()
            .map(|(id, revision, state, created, left, acknowledged, reason, refused, at)| {
                let moment = |column, at: Option<i64>| at.map(|at| time("delivery", column, at)).transpose();
                let back = reason.zip(at).map(|(reason, at)| returned(&reason, refused.as_deref(), at)).transpose()?;
                Ok(TracedDelivery {
                    state: if back.is_some() { DeliveryState::Returned } else { parse("delivery", "state", &state)? },
                    revision,
                    created: time("delivery", "created_at", created)?,
                    left: moment("left_at", left)?,
                    acknowledged: moment("acknowledged_at", acknowledged)?,
                    returned: back,
                    forwarded_to: to.get(&id).map(|(door, _)| door.clone()),
                    forwarded_from: from.get(&id).cloned(),
                    id: parse("delivery", "id", &id)?,
                })
            })
            .collect()
    }

    /// The other end of each hand-over of a claim, by the delivery at this end.
    async fn doors(&self, claim: ClaimId, onward: bool) -> Result<BTreeMap<String, (Door, i64)>, StoreError> {
        let sql = if onward {
            "-- handover::doors_onward
            select f.delivery_id, d.party_id, d.line, s.id, f.hops from delivery_forward f
            join delivery d on d.id = f.to_delivery_id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            where d.claim_id = $1"
        } else {
            "-- handover::doors_back
            select f.to_delivery_id, d.party_id, d.line, s.id, f.hops from delivery_forward f
            join delivery d on d.id = f.delivery_id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            where d.claim_id = $1"
        };
        let rows: Vec<DoorRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(here, party, line, submission, hops)| {
                let door = Door {
                    party: parse("delivery", "party_id", &party)?,
                    line: parse("delivery", "line", &line)?,
                    submission: parse("submission", "id", &submission)?,
                };
                Ok((here, (door, hops)))
            })
            .collect()
    }

    /// The delivery of another insurer that this one follows.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn forwarded_from(&self, id: DeliveryId) -> Result<Option<DeliveryId>, StoreError> {
        let sql = "-- handover::forwarded_from
            select delivery_id from delivery_forward where to_delivery_id = $1 order by at limit 1";
        let row: Option<(String,)> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(from,)| parse("delivery_forward", "delivery_id", &from)).transpose()
    }

    /// The insurer's own cases a submission is linked to, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn links(&self, submission: SubmissionId) -> Result<Vec<LinkView>, StoreError> {
        let sql = "-- handover::links
            select rail, number_mac, number, at from submission_link where submission_id = $1
            order by at, rail limit 100";
        let rows: Vec<(String, Vec<u8>, Vec<u8>, i64)> =
            query_as(sql).bind(submission.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(rail, number_mac, number, at)| {
                let rail = parse("submission_link", "rail", &rail)?;
                Ok(LinkView { rail, number_mac, number, at: time("submission_link", "at", at)? })
            })
            .collect()
    }

    /// The submissions of an insurer that are linked to the same case of a rail, the first one first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn linked_to(&self, party: &PartyId, rail: Rail, number: &[u8]) -> Result<Vec<SubmissionId>, StoreError> {
        let sql = "-- handover::linked_to
            select submission_id from submission_link where party_id = $1 and rail = $2 and number_mac = $3
            order by at, submission_id limit 100";
        let rows: Vec<(String,)> =
            query_as(sql).bind(party.as_str()).bind(rail.as_str()).bind(number).fetch_all(self.readers()).await?;
        rows.iter().map(|(id,)| parse("submission_link", "submission_id", id)).collect()
    }

    /// The other claims of a hospital that are still open and hold one of these keys, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn same_claims(
        &self,
        hospital: &PartyId,
        claim: ClaimId,
        keys: &[Mac],
    ) -> Result<Vec<ClaimId>, StoreError> {
        let mut found = BTreeSet::new();
        for key in keys {
            let sql = "-- handover::same_claims
                select k.claim_id from receipt_key k where k.hospital_id = $1 and k.key_mac = $2 and k.claim_id != $3
                and (not exists (select 1 from submission s where s.claim_id = k.claim_id)
                    or exists (select 1 from submission s where s.claim_id = k.claim_id
                        and s.state not in ('closed', 'returned')))
                order by k.claim_id limit 5";
            let rows: Vec<(String,)> = query_as(sql)
                .bind(hospital.as_str())
                .bind(key.as_slice())
                .bind(claim.to_string())
                .fetch_all(self.readers())
                .await?;
            for (id,) in rows {
                found.insert(id);
            }
        }
        found.iter().map(|id| parse("receipt_key", "claim_id", id)).collect()
    }

    /// Which other claims with the same receipt a recipient got too, by claim, among its deliveries of some positions. A
    /// number that ten claims carry is a constant of somebody's program and links nothing.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn same_receipts(
        &self,
        recipient: &PartyId,
        (first, last): (i64, i64),
    ) -> Result<BTreeMap<ClaimId, Vec<ClaimId>>, StoreError> {
        let sql = "-- handover::same_receipts
            select distinct one.claim_id, other.claim_id from delivery d
            join receipt_key one on one.claim_id = d.claim_id
            join receipt_key other on other.hospital_id = one.hospital_id and other.key_mac = one.key_mac
                and other.claim_id != one.claim_id
            where d.party_id = $1 and d.position between $2 and $3
                and (select count(*) from (select 1 from receipt_key x where x.hospital_id = one.hospital_id
                    and x.key_mac = one.key_mac limit 10) held) < 10
                and exists (select 1 from delivery e where e.claim_id = other.claim_id and e.party_id = $1
                    and coalesce(e.position, 0) > 0 and e.state != 'withdrawn')
            order by one.claim_id, other.claim_id";
        let rows: Vec<(String, String)> =
            query_as(sql).bind(recipient.as_str()).bind(first).bind(last).fetch_all(self.readers()).await?;
        let mut same: BTreeMap<ClaimId, Vec<ClaimId>> = BTreeMap::new();
        for (one, other) in rows {
            let claim = |id: &str| parse("receipt_key", "claim_id", id);
            same.entry(claim(&one)?).or_default().push(claim(&other)?);
        }
        Ok(same)
    }

    /// What a recipient's own repository answered, sealed, with the claim and its wrapped data key.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn repository_receipt(
        &self,
        recipient: &PartyId,
        id: DeliveryId,
    ) -> Result<Option<(Vec<u8>, ClaimId, Vec<u8>)>, StoreError> {
        let sql = "-- handover::repository_receipt
            select r.answer, d.claim_id, k.wrapped from repository_receipt r join delivery d on d.id = r.delivery_id
            join claim_key k on k.claim_id = d.claim_id where d.party_id = $1 and d.id = $2";
        let row: Option<(Vec<u8>, String, Vec<u8>)> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(answer, claim, wrapped)| Ok((answer, parse("delivery", "claim_id", &claim)?, wrapped))).transpose()
    }

    /// The attachments of a delivery that go with its documents in another form, as far as they have not left, and the size
    /// of all that go: a larger one is fetched apart, and leaves by its own fetch.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn attachments_of(&self, delivery: DeliveryId) -> Result<(Vec<AttachmentId>, i64), StoreError> {
        let sql = "-- handover::attachments_of
            select x.attachment_id, case when x.left_at is null then 0 else 1 end, a.bytes from delivery_attachment x
            join attachment a on a.id = x.attachment_id where x.delivery_id = $1 and a.bytes <= $2";
        let most = i64::try_from(ATTACHMENT_BYTES).unwrap_or(i64::MAX);
        let rows: Vec<(String, i64, i64)> =
            query_as(sql).bind(delivery.to_string()).bind(most).fetch_all(self.readers()).await?;
        let bytes = rows.iter().map(|(_, _, bytes)| bytes).sum();
        let here = rows.iter().filter(|(_, left, _)| *left == 0);
        let here = here.map(|(id, ..)| parse("delivery_attachment", "attachment_id", id)).collect::<Result<_, _>>()?;
        Ok((here, bytes))
    }
}

fn returned(reason: &str, refused: Option<&str>, at: i64) -> Result<ReturnView, StoreError> {
    Ok(ReturnView {
        reason: parse("delivery_return", "reason", reason)?,
        refused: refused.and_then(NotForwarded::of_code),
        at: time("delivery_return", "at", at)?,
    })
}
