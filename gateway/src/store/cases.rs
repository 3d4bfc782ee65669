//! Owners' cases: what a step reads, and every step from the version it was read at.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::retention::Expired;
use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::uploads::size;
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::cases::{CaseFile, CaseStep, CaseWrite, FiledClaim, NewCase, key_of};
use crate::id::{AccidentId, CaseFileId, CaseId, ClaimId, ObjectId};
use crate::keys::index::Mac;
use crate::objects::Parts;
use crate::party::PartyId;

const TABLE: &str = "motor_case";
const FILE: &str = "case_file";

/// A case as it is kept.
#[derive(Clone)]
pub struct KeptCase {
    /// Id.
    pub id: CaseId,
    /// The app backend.
    pub party: PartyId,
    /// Keyed digest of the app's number of the person.
    pub person: Vec<u8>,
    /// The case whose accident it is of.
    pub group: CaseId,
    /// The accident its claims are of.
    pub accident: Option<AccidentId>,
    /// A `Body`, sealed.
    pub body: Vec<u8>,
    /// Counts changes.
    pub version: i64,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// A file of a case.
#[derive(Clone)]
pub struct KeptFile {
    /// Id.
    pub id: CaseFileId,
    /// The upload it was.
    pub upload: String,
    /// Where its bytes are.
    pub object: ObjectId,
    /// Who wrote which segments.
    pub parts: Parts,
    /// Its size in bytes.
    pub bytes: u64,
    /// Media type, found by content.
    pub media_type: String,
    /// Key and digests, sealed under the case's key.
    pub secret: Vec<u8>,
}

claimgate_packet::opaque_debug!(KeptCase, KeptFile);

/// A claim that a case filed.
#[derive(Clone, Debug)]
pub struct CaseClaim {
    /// The claim.
    pub claim: ClaimId,
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
}

type CaseRow = (String, String, Vec<u8>, String, Option<String>, Vec<u8>, i64, Vec<u8>);
type FileRow = (String, String, String, String, i64, String, Vec<u8>);
type ClaimRow = (String, String, String);

fn kept((id, party, person, group, accident, body, version, wrapped_key): CaseRow) -> Result<KeptCase, StoreError> {
    Ok(KeptCase {
        id: parse(TABLE, "id", &id)?,
        party: parse(TABLE, "party_id", &party)?,
        person,
        group: parse(TABLE, "group_id", &group)?,
        accident: accident.map(|id| parse(TABLE, "accident_id", &id)).transpose()?,
        body,
        version,
        wrapped_key,
    })
}

fn claim((claim, party, line): ClaimRow) -> Result<CaseClaim, StoreError> {
    let table = "case_claim";
    Ok(CaseClaim {
        claim: parse(table, "claim_id", &claim)?,
        party: parse(table, "party_id", &party)?,
        line: parse(table, "line", &line)?,
    })
}

impl Store {
    /// A case.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn case(&self, id: CaseId) -> Result<Option<KeptCase>, StoreError> {
        let sql = "-- cases::by_id
            select m.id, m.party_id, m.person_mac, m.group_id, m.accident_id, m.body, m.version, k.wrapped
            from motor_case m join claim_key k on k.claim_id = m.key_id where m.id = $1";
        let row: Option<CaseRow> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(kept).transpose()
    }

    /// The case an app opened under an id of its own.
    ///
    /// # Errors
    /// As above.
    pub async fn case_of_client(&self, party: &PartyId, client: &Mac) -> Result<Option<KeptCase>, StoreError> {
        let sql = "-- cases::by_client
            select m.id, m.party_id, m.person_mac, m.group_id, m.accident_id, m.body, m.version, k.wrapped
            from motor_case m join claim_key k on k.claim_id = m.key_id where m.party_id = $1 and m.client_mac = $2";
        let row: Option<CaseRow> =
            query_as(sql).bind(party.as_str()).bind(client.as_slice()).fetch_optional(self.readers()).await?;
        row.map(kept).transpose()
    }

    /// The cases of one accident, as they were joined.
    ///
    /// # Errors
    /// As above.
    pub async fn cases_of_group(&self, group: CaseId) -> Result<Vec<KeptCase>, StoreError> {
        let sql = "-- cases::of_group
            select m.id, m.party_id, m.person_mac, m.group_id, m.accident_id, m.body, m.version, k.wrapped
            from motor_case m join claim_key k on k.claim_id = m.key_id where m.group_id = $1 order by m.id";
        let rows: Vec<CaseRow> = query_as(sql).bind(group.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter().map(kept).collect()
    }

    /// The claims of a case.
    ///
    /// # Errors
    /// As above.
    pub async fn claims_of_case(&self, case: CaseId) -> Result<Vec<CaseClaim>, StoreError> {
        let sql = "-- cases::claims
            select claim_id, party_id, line from case_claim where case_id = $1 order by claim_id";
        let rows: Vec<ClaimRow> = query_as(sql).bind(case.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter().map(claim).collect()
    }

    /// The case a claim was filed by, where one filed it.
    ///
    /// # Errors
    /// As above.
    pub async fn case_claim(&self, of: ClaimId) -> Result<Option<CaseClaim>, StoreError> {
        let sql = "-- cases::claim
            select claim_id, party_id, line from case_claim where claim_id = $1";
        let row: Option<ClaimRow> = query_as(sql).bind(of.to_string()).fetch_optional(self.readers()).await?;
        row.map(claim).transpose()
    }

    /// The case that filed a claim.
    ///
    /// # Errors
    /// As above.
    pub async fn case_of_claim(&self, of: ClaimId) -> Result<Option<CaseId>, StoreError> {
        let sql = "-- cases::case_of_claim\nselect case_id from case_claim where claim_id = $1";
        let row: Option<(String,)> = query_as(sql).bind(of.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(id,)| parse("case_claim", "case_id", &id)).transpose()
    }

    /// Claims of the same damage.
    ///
    /// # Errors
    /// As above.
    pub async fn claims_of_subject(&self, subject: &Mac) -> Result<Vec<ClaimId>, StoreError> {
        let sql = "-- cases::of_subject\nselect claim_id from case_claim where subject_mac = $1 order by claim_id";
        let rows: Vec<(String,)> = query_as(sql).bind(subject.as_slice()).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse("case_claim", "claim_id", &id)).collect()
    }

    /// Recipients of an accident's claims, whoever filed them, each once with its line.
    ///
    /// # Errors
    /// As above.
    pub async fn insurers_of_accident(&self, accident: AccidentId) -> Result<Vec<(PartyId, Line)>, StoreError> {
        let sql = "-- cases::insurers
            select distinct r.party_id, r.line from accident_filing f
            join accident_recipient r on r.claim_id = f.claim_id where f.accident_id = $1 and r.ended_at is null
            order by r.party_id, r.line";
        let rows: Vec<(String, String)> = query_as(sql).bind(accident.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, line)| {
                Ok((parse("accident_recipient", "party_id", &party)?, parse("accident_recipient", "line", &line)?))
            })
            .collect()
    }

    /// Whether the other insurers of an accident were told already.
    ///
    /// # Errors
    /// The database is away.
    pub async fn insurers_were_told(&self, accident: AccidentId) -> Result<bool, StoreError> {
        let sql = "-- cases::told\nselect claim_id from accident_notice where accident_id = $1";
        let row: Option<(String,)> = query_as(sql).bind(accident.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    /// Whose invitation a code is, where it holds and nobody took it.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn case_of_invitation(&self, code: &Mac, now: Timestamp) -> Result<Option<CaseId>, StoreError> {
        let sql = "-- cases::invitation
            select case_id from case_invitation where code_mac = $1 and used_at is null and expires_at > $2";
        let row: Option<(String,)> =
            query_as(sql).bind(code.as_slice()).bind(millis(now)).fetch_optional(self.readers()).await?;
        row.map(|(id,)| parse("case_invitation", "case_id", &id)).transpose()
    }

    /// How many invitations of a case hold.
    ///
    /// # Errors
    /// The database is away.
    pub async fn open_invitations(&self, case: CaseId, now: Timestamp) -> Result<i64, StoreError> {
        let sql = "-- cases::open_invitations
            select count(*) from case_invitation where case_id = $1 and used_at is null and expires_at > $2";
        let (count,): (i64,) = query_as(sql).bind(case.to_string()).bind(millis(now)).fetch_one(self.readers()).await?;
        Ok(count)
    }

    /// The files of a case.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn files_of_case(&self, case: CaseId) -> Result<Vec<KeptFile>, StoreError> {
        let sql = "-- cases::files
            select id, upload_id, object_id, parts, bytes, media_type, secret from case_file where case_id = $1
            order by id";
        let rows: Vec<FileRow> = query_as(sql).bind(case.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, upload, object, parts, bytes, media_type, secret)| {
                Ok(KeptFile {
                    id: parse(FILE, "id", &id)?,
                    upload,
                    object: parse(FILE, "object_id", &object)?,
                    parts: parse(FILE, "parts", &parts)?,
                    bytes: size(FILE, bytes)?,
                    media_type,
                    secret,
                })
            })
            .collect()
    }

    /// How many drafts that filed no claim were changed last before a time, and when the oldest was.
    ///
    /// # Errors
    /// The database is away.
    pub async fn count_unused_cases(&self, before: Timestamp) -> Result<Expired, StoreError> {
        let sql = "-- cases::count_unused
            select count(*), min(changed_at) from motor_case where accident_id is null and changed_at < $1";
        let (count, oldest): (i64, Option<i64>) = query_as(sql).bind(millis(before)).fetch_one(self.readers()).await?;
        Ok(Expired { count, oldest: oldest.map(|at| time(TABLE, "changed_at", at)).transpose()? })
    }

    /// Such drafts.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn unused_cases(&self, before: Timestamp, limit: i64) -> Result<Vec<CaseId>, StoreError> {
        let sql = "-- cases::unused
            select id from motor_case where accident_id is null and changed_at < $1 order by changed_at, id limit $2";
        let rows: Vec<(String,)> = query_as(sql).bind(millis(before)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse(TABLE, "id", &id)).collect()
    }

    /// Whether a file of a case stands in one of another accident too.
    ///
    /// # Errors
    /// The database is away.
    pub async fn file_elsewhere(&self, case: CaseId) -> Result<bool, StoreError> {
        let sql = "-- cases::file_elsewhere
            select o.id from case_file f join case_file o on o.content_mac = f.content_mac
            join motor_case m on m.id = f.case_id join motor_case n on n.id = o.case_id
            where f.case_id = $1 and o.case_id <> f.case_id and n.group_id <> m.group_id limit 1";
        let row: Option<(String,)> = query_as(sql).bind(case.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &CaseWrite) -> Result<(), StoreError> {
    match write {
        CaseWrite::New(new) => case(tx, new).await,
        CaseWrite::Step(step) => stepped(tx, step).await,
        CaseWrite::Filed(row) => filed(tx, row).await,
        CaseWrite::Invite(code, case, expires) => {
            let sql = "-- cases::invite
                insert into case_invitation (code_mac, case_id, expires_at) values ($1, $2, $3)";
            let inserted =
                query(sql).bind(code.as_slice()).bind(case.to_string()).bind(millis(*expires)).execute(tx).await;
            one("case_invitation", inserted)
        }
        CaseWrite::Taken(code, at) => {
            let sql = "-- cases::taken
                update case_invitation set used_at = $2
                where code_mac = $1 and used_at is null and expires_at > $2";
            one("case_invitation", query(sql).bind(code.as_slice()).bind(millis(*at)).execute(tx).await)
        }
        CaseWrite::File(row) => file(tx, row).await,
        CaseWrite::Bound(upload, object) => {
            let sql = "-- cases::bound\ndelete from upload where id = $1 and state = 'complete' and claim_id is null";
            one("upload", query(sql).bind(upload.to_string()).execute(&mut *tx).await)?;
            let sql = "-- cases::keep\ndelete from object_due where object_id = $1 and going = 0";
            one("object_due", query(sql).bind(object.to_string()).execute(tx).await)
        }
        CaseWrite::Notified(accident, claim, at) => {
            let sql = "-- cases::notified\ninsert into accident_notice (accident_id, claim_id, at) values ($1, $2, $3)";
            let (accident, claim) = (accident.to_string(), claim.to_string());
            one("accident_notice", query(sql).bind(accident).bind(claim).bind(millis(*at)).execute(tx).await)
        }
    }
}

/// Deletes a draft with its key and files; one that has filed a claim meanwhile is a conflict.
pub(super) async fn forget(tx: &mut Connection, id: CaseId) -> Result<(), StoreError> {
    let case = id.to_string();
    for sql in [
        "-- cases::forget_objects
            insert into object_due (object_id, due_at, going) select object_id, 0, 1 from case_file where case_id = $1
            on conflict (object_id) do nothing",
        "-- cases::forget_files\ndelete from case_file where case_id = $1",
        "-- cases::forget_invitations\ndelete from case_invitation where case_id = $1",
        "-- cases::forget_key
            delete from claim_key where claim_id in (select key_id from motor_case where id = $1)",
    ] {
        query(sql).bind(&case).execute(&mut *tx).await?;
    }
    let sql = "-- cases::forget\ndelete from motor_case where id = $1 and accident_id is null";
    one(TABLE, query(sql).bind(&case).execute(tx).await)
}

async fn case(tx: &mut Connection, new: &NewCase) -> Result<(), StoreError> {
    let sql = "-- cases::new
        insert into motor_case (id, key_id, party_id, client_mac, person_mac, group_id, body, version, created_at,
            changed_at)
        values ($1, $2, $3, $4, $5, $1, $6, 1, $7, $7)";
    let key = key_of(new.id).to_string();
    let inserted = query(sql)
        .bind(new.id.to_string())
        .bind(&key)
        .bind(new.party.as_str())
        .bind(new.client.as_slice())
        .bind(new.person.as_slice())
        .bind(&new.body)
        .bind(millis(new.at))
        .execute(&mut *tx)
        .await;
    one(TABLE, inserted)?;
    let sql = "-- cases::new_key\ninsert into claim_key (claim_id, wrapped) values ($1, $2)";
    one("claim_key", query(sql).bind(&key).bind(&new.wrapped_key).execute(tx).await)
}

async fn stepped(tx: &mut Connection, step: &CaseStep) -> Result<(), StoreError> {
    let sql = "-- cases::step
        update motor_case set body = $3, group_id = $4, accident_id = $5, version = version + 1, changed_at = $6
        where id = $1 and version = $2 and length(body) > 0";
    let updated = query(sql)
        .bind(step.id.to_string())
        .bind(step.version)
        .bind(&step.body)
        .bind(step.group.to_string())
        .bind(step.accident.map(|id| id.to_string()))
        .bind(millis(step.at))
        .execute(tx)
        .await;
    one(TABLE, updated)
}

async fn filed(tx: &mut Connection, row: &FiledClaim) -> Result<(), StoreError> {
    let sql = "-- cases::filed
        insert into case_claim (claim_id, case_id, subject_mac, party_id, line, created_at)
        values ($1, $2, $3, $4, $5, $6)";
    let inserted = query(sql)
        .bind(row.claim.to_string())
        .bind(row.case.to_string())
        .bind(row.subject.as_slice())
        .bind(row.party.as_str())
        .bind(row.line.as_str())
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("case_claim", inserted)
}

async fn file(tx: &mut Connection, row: &CaseFile) -> Result<(), StoreError> {
    let sql = "-- cases::file
        insert into case_file (id, case_id, upload_id, object_id, parts, bytes, media_type, secret, content_mac, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.case.to_string())
        .bind(row.upload.to_string())
        .bind(row.object.to_string())
        .bind(&row.parts)
        .bind(row.bytes)
        .bind(&row.media_type)
        .bind(&row.secret)
        .bind(row.content.as_slice())
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one(FILE, inserted)
}
