//! The rows of attachments (附件): files of a claim, which delivery discloses which, when each left. Content goes in and
//! comes out as ciphertext.

use jiff::Timestamp;

use super::read::sealed;
use super::rows::{mac, parse};
use super::sql::{Builder, Connection, query, query_as};
use super::uploads::{StoredObject, size};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::id::{AttachmentId, ClaimId, DeliveryId, EvidenceId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// An attachment as a delivery discloses it.
#[derive(Clone, Copy, Debug)]
pub struct Disclosed {
    /// The evidence that names it.
    pub evidence: EvidenceId,
    /// Size of the file in bytes.
    pub bytes: i64,
    /// Whether it has left in this delivery.
    pub left: bool,
}

/// Where the sealed bytes of an attachment are.
#[derive(Debug)]
pub enum SealedFile {
    /// In the database: these.
    Here(Vec<u8>),
    /// Outside.
    Outside(StoredObject),
}

type FileRow = (Vec<u8>, Option<String>, Option<String>, i64, String, Option<Vec<u8>>, Option<Vec<u8>>, Option<String>);

pub(super) async fn left(
    tx: &mut Connection,
    delivery: DeliveryId,
    id: AttachmentId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "-- attachments::left
        update delivery_attachment set left_at = $3 where delivery_id = $1 and attachment_id = $2 and left_at is null";
    let updated = query(sql).bind(delivery.to_string()).bind(id.to_string()).bind(millis(at)).execute(tx).await;
    one("delivery_attachment", updated)
}

impl Store {
    /// Which of these files (keyed digests of their bytes) a claim has already, in the order they came.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn known_attachments(
        &self,
        claim: ClaimId,
        wanted: &[Mac],
    ) -> Result<Vec<(AttachmentId, Mac)>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Builder::new(
            "-- attachments::known_attachments
            select id, content_mac from attachment where claim_id = ",
        );
        sql.push_bind(claim.to_string()).push(" and content_mac in (");
        let mut list = sql.separated(", ");
        for digest in wanted {
            list.push_bind(digest.to_vec());
        }
        sql.push(") order by revision, id");
        let rows: Vec<(String, Vec<u8>)> = sql.build_query_as().fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, digest)| Ok((parse("attachment", "id", &id)?, mac("attachment", "content_mac", &digest)?)))
            .collect()
    }

    /// An attachment one delivery of a recipient discloses, without its bytes.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn disclosed_attachment(
        &self,
        recipient: &PartyId,
        delivery: DeliveryId,
        id: AttachmentId,
    ) -> Result<Option<Disclosed>, StoreError> {
        let sql = "-- attachments::disclosed_attachment
            select x.evidence_id, a.bytes, x.left_at is not null from delivery_attachment x
            join delivery d on d.id = x.delivery_id join attachment a on a.id = x.attachment_id
            where d.party_id = $1 and d.id = $2 and a.id = $3 and d.position is not null";
        let row: Option<(String, i64, bool)> = query_as(sql)
            .bind(recipient.as_str())
            .bind(delivery.to_string())
            .bind(id.to_string())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(evidence, bytes, left)| {
            Ok(Disclosed { evidence: parse("delivery_attachment", "evidence_id", &evidence)?, bytes, left })
        })
        .transpose()
    }

    /// The sealed bytes of an attachment one delivery of a recipient discloses, and its claim's data key, wrapped.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sealed_attachment(
        &self,
        recipient: &PartyId,
        delivery: DeliveryId,
        id: AttachmentId,
    ) -> Result<Option<(SealedFile, Vec<u8>)>, StoreError> {
        let sql = "-- attachments::sealed_attachment
            select a.content, a.object_id, a.parts, a.bytes, a.media_type, a.object, k.wrapped, c.barred
            from delivery_attachment x
            join delivery d on d.id = x.delivery_id join attachment a on a.id = x.attachment_id
            join claim c on c.id = a.claim_id left join claim_key k on k.claim_id = a.claim_id
            where d.party_id = $1 and d.id = $2 and a.id = $3 and d.position is not null";
        let row: Option<FileRow> = query_as(sql)
            .bind(recipient.as_str())
            .bind(delivery.to_string())
            .bind(id.to_string())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(content, object, parts, bytes, media_type, secret, wrapped, barred)| {
            let (content, wrapped) = sealed((content, wrapped, barred))?;
            let (Some(object), Some(parts), Some(secret)) = (object, parts, secret) else {
                return Ok((SealedFile::Here(content), wrapped));
            };
            let table = "attachment";
            let stored = StoredObject {
                attachment: id,
                object: parse(table, "object_id", &object)?,
                parts: parse(table, "parts", &parts)?,
                bytes: size(table, bytes)?,
                media_type,
                secret,
            };
            Ok((SealedFile::Outside(stored), wrapped))
        })
        .transpose()
    }
}
