//! Pages patients apply on: found by the digest of a link or of a session, changed over the version that was read.

use jiff::Timestamp;

use super::super::rows::{mac, parse, time};
use super::super::sql::{Connection, query, query_as};
use super::super::written::{millis, one};
use super::super::{Store, StoreError};
use crate::core::application::page::{PageRow, PageWrite};
use crate::id::{ApplicationId, PageId};
use crate::keys::index::Mac;
use crate::party::PartyId;

const TABLE: &str = "application_page";

/// A page in the database.
#[derive(Clone)]
pub struct PageView {
    /// Id.
    pub id: PageId,
    /// The hospital.
    pub hospital: PartyId,
    /// Blind index of the case number.
    pub case_index: Mac,
    /// Whether the link was used.
    pub used: bool,
    /// A `Paper`, sealed.
    pub body: Vec<u8>,
    /// The application that was signed on it.
    pub application: Option<ApplicationId>,
    /// Counts changes.
    pub version: i64,
    /// Until when the link can be used.
    pub link_until: Timestamp,
    /// Until when the session lasts.
    pub open_until: Option<Timestamp>,
}

claimgate_packet::opaque_debug!(PageView);

type Row = (String, String, Vec<u8>, i64, Vec<u8>, Option<String>, i64, i64, Option<i64>);

macro_rules! page {
    ($name:literal, $where:literal) => {
        concat!(
            "-- application::",
            $name,
            "\nselect id, hospital_id, case_index, cast(case when session_mac is null then 0 else 1 end as bigint), body, application_id,
                version, link_until, open_until from application_page where ",
            $where
        )
    };
}

impl Store {
    /// The page of a link.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn page_of_link(&self, link: &Mac) -> Result<Option<PageView>, StoreError> {
        let sql = page!("page_of_link", "link_mac = $1");
        let row: Option<Row> = query_as(sql).bind(link.as_slice()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// The page of a session.
    ///
    /// # Errors
    /// As above.
    pub async fn page_of_session(&self, session: &Mac) -> Result<Option<PageView>, StoreError> {
        let sql = page!("page_of_session", "session_mac = $1");
        let row: Option<Row> = query_as(sql).bind(session.as_slice()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// A page of a hospital.
    ///
    /// # Errors
    /// As above.
    pub async fn page_of_hospital(&self, hospital: &PartyId, id: PageId) -> Result<Option<PageView>, StoreError> {
        let sql = page!("page_of_hospital", "hospital_id = $1 and id = $2");
        let row: Option<Row> =
            query_as(sql).bind(hospital.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }
}

fn from_row((id, hospital, case, used, body, application, version, link, open): Row) -> Result<PageView, StoreError> {
    Ok(PageView {
        id: parse(TABLE, "id", &id)?,
        hospital: parse(TABLE, "hospital_id", &hospital)?,
        case_index: mac(TABLE, "case_index", &case)?,
        used: used != 0,
        body,
        application: application.map(|id| parse(TABLE, "application_id", &id)).transpose()?,
        version,
        link_until: time(TABLE, "link_until", link)?,
        open_until: open.map(|at| time(TABLE, "open_until", at)).transpose()?,
    })
}

/// Writes one thing of pages.
pub(super) async fn apply(tx: &mut Connection, write: &PageWrite) -> Result<(), StoreError> {
    match write {
        PageWrite::New(row) => new(tx, row).await,
        PageWrite::Opened(id, session, times) => {
            let sql = "-- application::page_opened
                update application_page set session_mac = $2, open_until = $4, forget_at = $5, version = version + 1
                where id = $1 and session_mac is null and link_until > $3";
            let updated = query(sql)
                .bind(id.to_string())
                .bind(session.as_slice())
                .bind(millis(times.now))
                .bind(millis(times.open_until))
                .bind(millis(times.forget_at))
                .execute(tx)
                .await;
            one(TABLE, updated)
        }
        PageWrite::Saved(id, version, body, application) => {
            let sql = "-- application::page_saved
                update application_page set body = $3, application_id = coalesce($4, application_id),
                    version = version + 1
                where id = $1 and version = $2";
            let updated = query(sql)
                .bind(id.to_string())
                .bind(*version)
                .bind(body)
                .bind(application.map(|id| id.to_string()))
                .execute(tx)
                .await;
            one(TABLE, updated)
        }
        PageWrite::Closed(id, body, at) => {
            let sql = "-- application::page_closed
                update application_page set body = $2, open_until = $3, version = version + 1 where id = $1";
            one(TABLE, query(sql).bind(id.to_string()).bind(body).bind(millis(*at)).execute(tx).await)
        }
    }
}

async fn new(tx: &mut Connection, row: &PageRow) -> Result<(), StoreError> {
    let sql = "-- application::new_page
        insert into application_page (id, hospital_id, case_index, link_mac, body, version, created_at, link_until,
            forget_at)
        values ($1, $2, $3, $4, $5, 1, $6, $7, $8)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.hospital.as_str())
        .bind(row.case_index.as_slice())
        .bind(row.link.as_slice())
        .bind(&row.body)
        .bind(millis(row.at))
        .bind(millis(row.link_until))
        .bind(millis(row.forget_at))
        .execute(tx)
        .await;
    one(TABLE, inserted)
}

/// Forgets pages whose time is over.
pub(in crate::store) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "-- application::forget_pages\ndelete from application_page where forget_at <= $1";
    query(sql).bind(millis(now)).execute(connection).await?;
    Ok(())
}
