//! The rows of uploads (上傳), and of objects that are to go. An object goes by two rows: what keeps it deletes the row
//! that would let it go, in one transaction, so that one of the two wins.

use jiff::Timestamp;

use super::read::open_to_use;
use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::upload::{Advance, NewUpload, TakenUp, UploadState, UploadWrite};
use crate::id::{AttachmentId, ClaimId, ObjectId, UploadId};
use crate::objects::Parts;
use crate::party::PartyId;

/// An upload as it stands.
#[derive(Debug)]
pub struct UploadView {
    /// Id.
    pub id: UploadId,
    /// Where its bytes are.
    pub object: ObjectId,
    /// The media type, declared, and found by content once it is complete.
    pub media_type: String,
    /// The size in bytes.
    pub bytes: u64,
    /// Key and digests, sealed; empty once a claim has taken it over.
    pub secret: Vec<u8>,
    /// How far.
    pub state: UploadState,
    /// The request that goes on with it.
    pub epoch: i64,
    /// Who wrote which segments.
    pub parts: Parts,
    /// Bytes kept.
    pub taken: u64,
    /// What came after the last whole segment, sealed.
    pub tail: Vec<u8>,
    /// The claim that has it.
    pub claim: Option<ClaimId>,
    /// When it is forgotten, unless a claim takes it over.
    pub expires: Timestamp,
}

/// A file outside the database, as an attachment names it.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// The attachment.
    pub attachment: AttachmentId,
    /// Where its bytes are.
    pub object: ObjectId,
    /// Who wrote which segments.
    pub parts: Parts,
    /// The size in bytes.
    pub bytes: u64,
    /// Media type, found by content.
    pub media_type: String,
    /// Key and digests, sealed under the claim's key.
    pub secret: Vec<u8>,
}

/// An object by what names it.
#[derive(Clone, Debug)]
pub struct NamedObject {
    /// Where its bytes are.
    pub object: ObjectId,
    /// The claim's attachment, and which bytes must be there; nothing for a file on its way or going.
    pub file: Option<(ClaimId, AttachmentId, Parts, u64)>,
}

type UploadRow = (String, String, String, i64, Vec<u8>, String, i64, String, i64, Vec<u8>, Option<String>, i64);
type ObjectRow = (String, String, String, i64, String, Vec<u8>, Option<String>);

pub(super) fn size(table: &'static str, bytes: i64) -> Result<u64, StoreError> {
    u64::try_from(bytes).map_err(|_| StoreError::Inconsistent { table, column: "bytes" })
}

impl Store {
    /// An upload of a hospital that is not forgotten yet.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn upload(
        &self,
        party: &PartyId,
        id: UploadId,
        now: Timestamp,
    ) -> Result<Option<UploadView>, StoreError> {
        let sql = "-- uploads::upload
            select id, object_id, media_type, bytes, secret, state, epoch, parts, taken, tail, claim_id, expires_at
            from upload where party_id = $1 and id = $2 and (claim_id is not null or expires_at > $3)";
        let row: Option<UploadRow> = query_as(sql)
            .bind(party.as_str())
            .bind(id.to_string())
            .bind(millis(now))
            .fetch_optional(self.readers())
            .await?;
        row.map(|(id, object, media_type, bytes, secret, state, epoch, parts, taken, tail, claim, expires)| {
            let table = "upload";
            Ok(UploadView {
                id: parse(table, "id", &id)?,
                object: parse(table, "object_id", &object)?,
                media_type,
                bytes: size(table, bytes)?,
                secret,
                state: parse(table, "state", &state)?,
                epoch,
                parts: parse(table, "parts", &parts)?,
                taken: size(table, taken)?,
                tail,
                claim: claim.map(|id| parse(table, "claim_id", &id)).transpose()?,
                expires: time(table, "expires_at", expires)?,
            })
        })
        .transpose()
    }

    /// How many uploads of a hospital nothing refers to.
    ///
    /// # Errors
    /// The database is away.
    pub async fn open_uploads(&self, party: &PartyId) -> Result<i64, StoreError> {
        let sql = "-- uploads::open_uploads\nselect count(*) from upload where party_id = $1 and claim_id is null";
        let (count,): (i64,) = query_as(sql).bind(party.as_str()).fetch_one(self.readers()).await?;
        Ok(count)
    }

    /// The attachment through which a claim names an object first.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn object_of_claim(&self, claim: ClaimId, object: ObjectId) -> Result<Option<StoredObject>, StoreError> {
        let sql = "-- uploads::object_of_claim
            select a.id, a.object_id, a.parts, a.bytes, a.media_type, a.object, c.barred from attachment a
            join claim c on c.id = a.claim_id where a.claim_id = $1 and a.object_id = $2 order by a.id limit 1";
        let row: Option<ObjectRow> =
            query_as(sql).bind(claim.to_string()).bind(object.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(id, object, parts, bytes, media_type, secret, barred)| {
            open_to_use(barred.as_deref())?;
            let table = "attachment";
            Ok(StoredObject {
                attachment: parse(table, "id", &id)?,
                object: parse(table, "object_id", &object)?,
                parts: parse(table, "parts", &parts)?,
                bytes: size(table, bytes)?,
                media_type,
                secret,
            })
        })
        .transpose()
    }

    /// What names objects whose names begin with these two digits.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn named_objects(&self, first: u8) -> Result<Vec<NamedObject>, StoreError> {
        let sql = "-- uploads::named_objects
            select object_id, claim_id, id, parts, bytes from attachment where object_id >= $1 and object_id < $2
            union all
            select object_id, '', '', '', 0 from upload where object_id >= $1 and object_id < $2 and claim_id is null
            union all
            select object_id, '', '', '', 0 from case_file where object_id >= $1 and object_id < $2
            union all
            select object_id, '', '', '', 0 from object_due where object_id >= $1 and object_id < $2";
        let next = first.checked_add(1).map_or_else(|| "obj_g".to_owned(), |next| format!("obj_{next:02x}"));
        let rows: Vec<(String, String, String, String, i64)> =
            query_as(sql).bind(format!("obj_{first:02x}")).bind(next).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(object, claim, id, parts, bytes)| {
                let table = "attachment";
                let file = if claim.is_empty() {
                    None
                } else {
                    let (claim, id) = (parse(table, "claim_id", &claim)?, parse(table, "id", &id)?);
                    Some((claim, id, parse(table, "parts", &parts)?, size(table, bytes)?))
                };
                Ok(NamedObject { object: parse(table, "object_id", &object)?, file })
            })
            .collect()
    }

    /// Objects that are going.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn going_objects(&self, limit: i64) -> Result<Vec<ObjectId>, StoreError> {
        let sql = "-- uploads::going_objects
            select object_id from object_due where going = 1 order by due_at, object_id limit $1";
        let rows: Vec<(String,)> = query_as(sql).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse("object_due", "object_id", &id)).collect()
    }

    /// Whether an object's time is over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn object_is_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "-- uploads::object_is_due
            select object_id from object_due where going = 0 and due_at <= $1 limit 1";
        let row: Option<(String,)> = query_as(sql).bind(millis(now)).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &UploadWrite) -> Result<(), StoreError> {
    match write {
        UploadWrite::New(row, most) => new(tx, row, *most).await,
        UploadWrite::TakeUp(row) => take_up(tx, row).await,
        UploadWrite::Advance(row) => advance(tx, row).await,
        UploadWrite::Complete(id, epoch, secret) => {
            let sql = "-- uploads::complete
                update upload set state = 'complete', secret = $3
                where id = $1 and epoch = $2 and state = 'open' and taken = bytes";
            one("upload", query(sql).bind(id.to_string()).bind(epoch).bind(secret).execute(tx).await)
        }
        UploadWrite::Bind(id, object, claim) => {
            // What is left in it is the name: key and digests are under the claim's key now.
            let (nothing, sql): (&[u8], _) = (
                &[],
                "-- uploads::bind
                update upload set claim_id = $2, secret = $3, tail = $3
                where id = $1 and state = 'complete' and claim_id is null",
            );
            let bound = query(sql).bind(id.to_string()).bind(claim.to_string()).bind(nothing).execute(&mut *tx).await;
            one("upload", bound)?;
            keep(tx, *object).await
        }
        UploadWrite::GiveUp(id, object) => {
            let sql = "-- uploads::give_up\ndelete from upload where id = $1 and claim_id is null";
            one("upload", query(sql).bind(id.to_string()).execute(&mut *tx).await)?;
            let sql = "-- uploads::going\nupdate object_due set going = 1 where object_id = $1";
            query(sql).bind(object.to_string()).execute(tx).await?;
            Ok(())
        }
        UploadWrite::Due(object, at) => due(tx, *object, *at).await,
        UploadWrite::Keep(object) => keep(tx, *object).await,
        UploadWrite::Going(now, most) => {
            let sql = "-- uploads::time_is_over
                update object_due set going = 1 where object_id in (
                    select object_id from object_due where going = 0 and due_at <= $1
                    order by due_at, object_id limit $2)";
            query(sql).bind(millis(*now)).bind(*most).execute(tx).await?;
            Ok(())
        }
        UploadWrite::Gone(object) => {
            for sql in [
                "-- uploads::forget\ndelete from upload where object_id = $1 and claim_id is null",
                "-- uploads::gone\ndelete from object_due where object_id = $1 and going = 1",
            ] {
                query(sql).bind(object.to_string()).execute(&mut *tx).await?;
            }
            Ok(())
        }
    }
}

async fn new(tx: &mut Connection, row: &NewUpload, most: i64) -> Result<(), StoreError> {
    let (nothing, sql): (&[u8], _) = (
        &[],
        "-- uploads::new
        insert into upload (id, party_id, object_id, media_type, bytes, secret, state, epoch, parts, taken, tail,
            created_at, expires_at)
        select $1, $2, $3, $4, $5, $6, 'open', 0, '', 0, $7, $8, $9
        where (select count(*) from upload where party_id = $2 and claim_id is null) < $10",
    );
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.party.as_str())
        .bind(row.object.to_string())
        .bind(row.media_type)
        .bind(row.bytes)
        .bind(&row.secret)
        .bind(nothing)
        .bind(millis(row.at))
        .bind(millis(row.expires))
        .bind(most)
        .execute(&mut *tx)
        .await;
    one("upload", inserted)?;
    due(tx, row.object, row.expires).await
}

async fn take_up(tx: &mut Connection, row: &TakenUp) -> Result<(), StoreError> {
    let sql = "-- uploads::take_up
        update upload set epoch = epoch + 1, parts = $3
        where id = $1 and epoch = $2 and state = 'open' and claim_id is null and expires_at > $4";
    let updated =
        query(sql).bind(row.id.to_string()).bind(row.epoch).bind(&row.parts).bind(millis(row.at)).execute(tx).await;
    one("upload", updated)
}

async fn advance(tx: &mut Connection, row: &Advance) -> Result<(), StoreError> {
    let sql = "-- uploads::advance
        update upload set taken = $3, tail = $4 where id = $1 and epoch = $2 and state = 'open' and taken <= $3";
    let updated = query(sql).bind(row.id.to_string()).bind(row.epoch).bind(row.taken).bind(&row.tail).execute(tx).await;
    one("upload", updated)
}

async fn due(tx: &mut Connection, object: ObjectId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "-- uploads::due\ninsert into object_due (object_id, due_at, going) values ($1, $2, 0)";
    one("object_due", query(sql).bind(object.to_string()).bind(millis(at)).execute(tx).await)
}

async fn keep(tx: &mut Connection, object: ObjectId) -> Result<(), StoreError> {
    let sql = "-- uploads::keep\ndelete from object_due where object_id = $1 and going = 0";
    one("object_due", query(sql).bind(object.to_string()).execute(tx).await)
}
