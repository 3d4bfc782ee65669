//! Requests for papers: each with its texts sealed, and how many an insurer makes.

use claimgate_adapters::insurer::request::Addressee;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::{parse, time};
use super::sql::{Connection, Row, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::request::{RequestKind, RequestRow, RequestState, RequestStep, RequestWrite};
use crate::id::{ClaimId, RecordRequestId, SubmissionId, TaskId};
use crate::party::PartyId;

const TABLE: &str = "claim_request";

/// A request as it is kept.
#[derive(Clone, Debug)]
pub struct KeptRequest {
    /// Id.
    pub id: TaskId,
    /// What is asked for.
    pub kind: RequestKind,
    /// The submission.
    pub submission: SubmissionId,
    /// From 1, without gaps.
    pub number: i64,
    /// The claim.
    pub claim: ClaimId,
    /// The insurer that asks.
    pub insurer: PartyId,
    /// The hospital of the claim.
    pub hospital: PartyId,
    /// The line of the submission.
    pub line: Line,
    /// Who is asked.
    pub to: Addressee,
    /// Where it stands.
    pub state: RequestState,
    /// The last day.
    pub due_on: Date,
    /// The claim's revision when it was asked.
    pub asked_revision: i64,
    /// The claim's revision that answers.
    pub revision: Option<i64>,
    /// The claim's revision now.
    pub newest_revision: i64,
    /// Documents and texts, sealed.
    pub body: Vec<u8>,
    /// The last answer, sealed.
    pub answer: Option<Vec<u8>>,
    /// Counts changes.
    pub version: i64,
    /// When it was made.
    pub at: Timestamp,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// How often an insurer asks for more, or a hospital is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplements {
    /// The party.
    pub party: PartyId,
    /// Its submissions.
    pub submissions: i64,
    /// Requests for papers.
    pub requests: i64,
}

impl Supplements {
    /// Requests for 100 submissions, in tenths.
    #[must_use]
    pub fn tenths_of_100(&self) -> i64 {
        self.requests.saturating_mul(1_000).checked_div(self.submissions).unwrap_or(0)
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &RequestWrite) -> Result<(), StoreError> {
    match write {
        RequestWrite::New(row) => new(tx, row).await,
        RequestWrite::Step(row) => step(tx, row).await,
    }
}

async fn new(tx: &mut Connection, row: &RequestRow) -> Result<(), StoreError> {
    let sql = "-- requests::new
        insert into claim_request (id, kind, submission_id, number, claim_id, party_id, hospital_id, addressee, state,
            due_on, open_until, asked_revision, body, version, created_at, changed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, (select revision from claim where id = $5), $11, 1,
            $12, $12)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.kind.as_str())
        .bind(row.submission.to_string())
        .bind(row.number)
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.hospital.as_str())
        .bind(row.to.as_str())
        .bind(row.due_on.to_string())
        .bind(millis(row.open_until))
        .bind(&row.body)
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one(TABLE, inserted)
}

async fn step(tx: &mut Connection, row: &RequestStep) -> Result<(), StoreError> {
    let sql = "-- requests::step
        update claim_request set state = $3, answer = coalesce($4, answer), revision = coalesce($5, revision),
            open_until = case when $6 = 1 then open_until else null end, version = version + 1, changed_at = $7
        where id = $1 and version = $2";
    let updated = query(sql)
        .bind(row.id.to_string())
        .bind(row.version)
        .bind(row.state.as_str())
        .bind(row.answer.as_deref())
        .bind(row.revision)
        .bind(i64::from(row.state.is_open()))
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one(TABLE, updated)
}

fn kept(row: &Row) -> Result<KeptRequest, StoreError> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let to = text("addressee")?;
    let to = Addressee::ALL.iter().find(|one| one.as_str() == to);
    Ok(KeptRequest {
        id: parse(TABLE, "id", &text("id")?)?,
        kind: parse(TABLE, "kind", &text("kind")?)?,
        submission: parse(TABLE, "submission_id", &text("submission_id")?)?,
        number: number("number")?,
        claim: parse(TABLE, "claim_id", &text("claim_id")?)?,
        insurer: parse(TABLE, "party_id", &text("party_id")?)?,
        hospital: parse(TABLE, "hospital_id", &text("hospital_id")?)?,
        line: parse("submission", "line", &text("line")?)?,
        to: *to.ok_or(StoreError::Inconsistent { table: TABLE, column: "addressee" })?,
        state: parse(TABLE, "state", &text("state")?)?,
        due_on: parse(TABLE, "due_on", &text("due_on")?)?,
        asked_revision: number("asked_revision")?,
        revision: row.try_get("revision")?,
        newest_revision: number("newest_revision")?,
        body: row.try_get("body")?,
        answer: row.try_get("answer")?,
        version: number("version")?,
        at: time(TABLE, "created_at", number("created_at")?)?,
        wrapped_key: row.try_get("wrapped")?,
    })
}

macro_rules! kept {
    ($name:literal, $which:literal) => {
        concat!(
            "-- requests::",
            $name,
            "\nselect r.id, r.kind, r.submission_id, r.number, r.claim_id, r.party_id, r.hospital_id, s.line, r.addressee,
                r.state, r.due_on, r.asked_revision, r.revision, c.revision as newest_revision, r.body, r.answer, r.version,
                r.created_at, k.wrapped
            from claim_request r join submission s on s.id = r.submission_id join claim c on c.id = r.claim_id
            join claim_key k on k.claim_id = r.claim_id where ",
            $which
        )
    };
}

impl Store {
    /// The requests of an insurer's submission, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_of_submission(
        &self,
        insurer: &PartyId,
        submission: SubmissionId,
    ) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!("of_submission", "r.submission_id = $1 and r.party_id = $2 order by r.number");
        let rows = query(sql).bind(submission.to_string()).bind(insurer.as_str()).fetch_all(self.readers()).await?;
        rows.iter().map(kept).collect()
    }

    /// What hospitals are asked for in a record request of an insurer, in the order they were named.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_of_record(
        &self,
        insurer: &PartyId,
        record: RecordRequestId,
    ) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!(
            "of_record",
            "r.claim_id in (select claim_id from record_part where record_id = $1) and r.party_id = $2 order by r.id"
        );
        let rows = query(sql).bind(record.to_string()).bind(insurer.as_str()).fetch_all(self.readers()).await?;
        rows.iter().map(kept).collect()
    }

    /// A request of an insurer.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn request_of_insurer(&self, insurer: &PartyId, id: TaskId) -> Result<Option<KeptRequest>, StoreError> {
        let sql = kept!("of_insurer", "r.id = $1 and r.party_id = $2");
        let row = query(sql).bind(id.to_string()).bind(insurer.as_str()).fetch_optional(self.readers()).await?;
        row.as_ref().map(kept).transpose()
    }

    /// A request to a hospital; none of a claim that is barred.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn request_of_hospital(&self, hospital: &PartyId, id: TaskId) -> Result<Option<KeptRequest>, StoreError> {
        let sql =
            kept!("of_hospital", "r.id = $1 and r.hospital_id = $2 and r.addressee = 'hospital' and c.barred is null");
        let row = query(sql).bind(id.to_string()).bind(hospital.as_str()).fetch_optional(self.readers()).await?;
        row.as_ref().map(kept).transpose()
    }

    /// A page of the requests to a hospital by id: those in a state, or those that wait for an answer.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_of_hospital(
        &self,
        hospital: &PartyId,
        state: Option<RequestState>,
        after: Option<TaskId>,
        limit: i64,
    ) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!(
            "page_of_hospital",
            "r.hospital_id = $1 and r.id > $2 and r.addressee = 'hospital' and c.barred is null
                and (r.state = $3 or $3 = '' and (r.open_until is not null or r.state = 'partly-answered'))
                order by r.id limit $4"
        );
        let rows = query(sql)
            .bind(hospital.as_str())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(state.map_or("", RequestState::as_str))
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(kept).collect()
    }

    /// What the person of a claim is asked for, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_to_person(&self, claim: ClaimId) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!("to_person", "r.claim_id = $1 and r.addressee = 'person' order by r.id");
        let rows = query(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.iter().map(kept).collect()
    }

    /// The requests of a claim that wait for an answer, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_waiting(&self, claim: ClaimId) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!("waiting", "r.claim_id = $1 and r.open_until is not null order by r.id");
        let rows = query(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.iter().map(kept).collect()
    }

    /// Requests whose last day is over, and that wait still.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn requests_over(&self, now: Timestamp, limit: i64) -> Result<Vec<KeptRequest>, StoreError> {
        let sql = kept!("over", "r.open_until <= $1 order by r.open_until limit $2");
        let rows = query(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(kept).collect()
    }

    /// Submissions and requests for missing papers of every insurer, and of every hospital. Records that were asked for of
    /// an insurer's own accord are neither.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn supplements(&self) -> Result<(Vec<Supplements>, Vec<Supplements>), StoreError> {
        let insurers = "-- requests::by_insurer
            select p.id, coalesce(s.n, 0), coalesce(r.n, 0) from party p
            left join (select party_id, count(*) as n from submission u
                where not exists (select 1 from record_part x where x.claim_id = u.claim_id)
                group by party_id) s on s.party_id = p.id
            left join (select party_id, count(*) as n from claim_request where kind = 'supplement'
                group by party_id) r on r.party_id = p.id
            where p.role in ('insurer', 'fund') order by p.id";
        let hospitals = "-- requests::by_hospital
            select p.id, coalesce(s.n, 0), coalesce(r.n, 0) from party p
            left join (select c.hospital_id, count(*) as n from submission s join claim c on c.id = s.claim_id
                where not exists (select 1 from record_part x where x.claim_id = c.id)
                group by c.hospital_id) s on s.hospital_id = p.id
            left join (select hospital_id, count(*) as n from claim_request where kind = 'supplement'
                group by hospital_id) r on r.hospital_id = p.id
            where p.role = 'hospital' order by p.id";
        let mut both = Vec::new();
        for sql in [insurers, hospitals] {
            let rows: Vec<(String, i64, i64)> = query_as(sql).fetch_all(self.readers()).await?;
            let counted = rows.into_iter().map(|(party, submissions, requests)| {
                Ok(Supplements { party: parse("party", "id", &party)?, submissions, requests })
            });
            both.push(counted.collect::<Result<Vec<_>, StoreError>>()?);
        }
        let hospitals = both.pop().unwrap_or_default();
        Ok((both.pop().unwrap_or_default(), hospitals))
    }
}
