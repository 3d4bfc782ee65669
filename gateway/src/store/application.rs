//! Applications of patients: one row each, and one for each recipient, which is closed once.

use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::application::ApplicationWrite;
use crate::id::{ApplicationId, ClaimId};
use crate::keys::index::Mac;
use crate::party::PartyId;
use claimgate_packet::words::Line;

mod page;

pub use page::PageView;
pub(super) use page::forget;

const TABLE: &str = "application";

/// An application in the database.
#[derive(Clone)]
pub struct ApplicationView {
    /// Id.
    pub id: ApplicationId,
    /// Blind index of the case number.
    pub case_index: Mac,
    /// A `Signed`, sealed.
    pub body: Vec<u8>,
    /// When it came.
    pub created: Timestamp,
}

claimgate_packet::opaque_debug!(ApplicationView);

type Row = (String, Vec<u8>, Vec<u8>, i64);

impl Store {
    /// The application that counts for a case: the newest.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn application_of_case(
        &self,
        hospital: &PartyId,
        case: &Mac,
    ) -> Result<Option<ApplicationView>, StoreError> {
        let sql = "-- application::of_case
            select id, case_index, body, created_at from application where hospital_id = $1 and case_index = $2
            order by id desc limit 1";
        let row: Option<Row> =
            query_as(sql).bind(hospital.as_str()).bind(case.as_slice()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// The blind index of a claim's case number; none where the claim is gone.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn case_of(&self, claim: ClaimId) -> Result<Option<Mac>, StoreError> {
        let sql = "-- application::case_of\nselect case_index from claim where id = $1";
        let row: Option<(Vec<u8>,)> = query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(case,)| super::rows::mac("claim", "case_index", &case)).transpose()
    }

    /// A hospital's application.
    ///
    /// # Errors
    /// As above.
    pub async fn application(
        &self,
        hospital: &PartyId,
        id: ApplicationId,
    ) -> Result<Option<ApplicationView>, StoreError> {
        let sql = "-- application::by_id
            select id, case_index, body, created_at from application where hospital_id = $1 and id = $2";
        let row: Option<Row> =
            query_as(sql).bind(hospital.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// Whom an application consents to, and since when no more.
    ///
    /// # Errors
    /// As above.
    pub async fn application_recipients(
        &self,
        id: ApplicationId,
    ) -> Result<Vec<(PartyId, Line, Option<Timestamp>)>, StoreError> {
        let sql = "-- application::recipients
            select party_id, line, withdrawn_at from application_recipient where application_id = $1
            order by party_id, line";
        let table = "application_recipient";
        let rows: Vec<(String, String, Option<i64>)> =
            query_as(sql).bind(id.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, line, at)| {
                let at = at.map(|at| time(table, "withdrawn_at", at)).transpose()?;
                Ok((parse(table, "party_id", &party)?, parse(table, "line", &line)?, at))
            })
            .collect()
    }

    /// Whether a hospital's application consents to a recipient now, and so does the one that counts for its case.
    ///
    /// # Errors
    /// The database is away.
    pub async fn application_consents(
        &self,
        hospital: &PartyId,
        id: ApplicationId,
        (party, line): (&PartyId, Line),
    ) -> Result<bool, StoreError> {
        let sql = "-- application::consents_still
            select count(*) from application a
            join application_recipient own on own.application_id = a.id
                and own.party_id = $3 and own.line = $4 and own.withdrawn_at is null
            join application_recipient r on r.party_id = $3 and r.line = $4 and r.withdrawn_at is null
                and r.application_id = (select b.id from application b where b.hospital_id = a.hospital_id
                    and b.case_index = a.case_index order by b.id desc limit 1)
            where a.hospital_id = $1 and a.id = $2";
        let (count,): (i64,) = query_as(sql)
            .bind(hospital.as_str())
            .bind(id.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(count > 0)
    }

    /// Whether the application that counts for a claim's case consents to a recipient now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn patient_consents(&self, claim: ClaimId, party: &PartyId, line: Line) -> Result<bool, StoreError> {
        let sql = "-- application::consents
            select count(*) from application_recipient r
            where r.party_id = $2 and r.line = $3 and r.withdrawn_at is null and r.application_id =
                (select a.id from application a join claim c on c.hospital_id = a.hospital_id
                    and c.case_index = a.case_index where c.id = $1 order by a.id desc limit 1)";
        let (count,): (i64,) = query_as(sql)
            .bind(claim.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(count > 0)
    }
}

fn from_row((id, case, body, created): Row) -> Result<ApplicationView, StoreError> {
    Ok(ApplicationView {
        id: parse(TABLE, "id", &id)?,
        case_index: super::rows::mac(TABLE, "case_index", &case)?,
        body,
        created: time(TABLE, "created_at", created)?,
    })
}

/// Writes one thing of applications.
pub(super) async fn apply(tx: &mut Connection, write: &ApplicationWrite) -> Result<(), StoreError> {
    match write {
        ApplicationWrite::New(new) => {
            let sql = "-- application::new
                insert into application (id, hospital_id, case_index, body, created_at) values ($1, $2, $3, $4, $5)";
            let inserted = query(sql)
                .bind(new.id.to_string())
                .bind(new.hospital.as_str())
                .bind(new.case_index.as_slice())
                .bind(&new.body)
                .bind(millis(new.at))
                .execute(&mut *tx)
                .await;
            one(TABLE, inserted)?;
            for (party, line) in &new.recipients {
                let sql = "-- application::new_recipient
                    insert into application_recipient (application_id, party_id, line) values ($1, $2, $3)";
                let inserted = query(sql)
                    .bind(new.id.to_string())
                    .bind(party.as_str())
                    .bind(line.as_str())
                    .execute(&mut *tx)
                    .await;
                one("application_recipient", inserted)?;
            }
            Ok(())
        }
        ApplicationWrite::Withdrawn(id, party, at) => {
            let sql = "-- application::withdrawn
                update application_recipient set withdrawn_at = $3
                where application_id = $1 and party_id = $2 and withdrawn_at is null";
            query(sql).bind(id.to_string()).bind(party.as_str()).bind(millis(*at)).execute(tx).await?;
            Ok(())
        }
        ApplicationWrite::Page(write) => page::apply(tx, write).await,
    }
}
