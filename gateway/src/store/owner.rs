//! The owner of a claim: pages by the digest of a link or a session, addresses that are told by mail, and what they are told.
//! What an address is told comes into being with the place of an entry in the owner's stream, as messages to endpoints do.

use jiff::Timestamp;

use super::inserts::pieces;
use super::rows::{parse, time};
use super::sql::{Builder, Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::application::page::Language;
use crate::core::owner::{DueOwnerMail, OwnerMailRow, OwnerPageRow, OwnerWrite, TOLD, ToldNext};
use crate::id::{ClaimId, OwnerMailId, OwnerPageId};
use crate::keys::index::Mac;
use crate::party::PartyId;

const PAGE: &str = "owner_page";
const MAIL: &str = "owner_mail";
/// The most one mail tells of.
const MOST_EVENTS: i64 = 20;

/// A page in the database.
#[derive(Clone)]
pub struct OwnerPageView {
    /// Id.
    pub id: OwnerPageId,
    /// The claim.
    pub claim: ClaimId,
    /// The app backend that asked for its link.
    pub party: Option<PartyId>,
    /// Whether the link was used.
    pub used: bool,
    /// An `OwnerState`, sealed.
    pub body: Vec<u8>,
    /// Counts changes.
    pub version: i64,
    /// Until when the link can be used.
    pub link_until: Timestamp,
    /// Until when the session lasts.
    pub open_until: Option<Timestamp>,
}

/// An address as it is kept.
#[derive(Clone)]
pub struct OwnerMailView {
    /// Id.
    pub id: OwnerMailId,
    /// The claim.
    pub claim: ClaimId,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// In which language it is told first.
    pub language: Language,
    /// Whether it is confirmed.
    pub confirmed: bool,
    /// Until when it can be confirmed.
    pub confirm_until: Timestamp,
}

claimgate_packet::opaque_debug!(OwnerPageView, OwnerMailView);

type PageRow = (String, String, Option<String>, i64, Vec<u8>, i64, i64, Option<i64>);
type MailRow = (String, String, Vec<u8>, String, String, i64);
type DueRow = (String, String, Vec<u8>, String, String, Vec<u8>);

macro_rules! page {
    ($name:literal, $where:literal) => {
        concat!(
            "-- owner::",
            $name,
            "\nselect id, claim_id, party_id, cast(case when session_mac is null then 0 else 1 end as bigint), body, version,
                link_until, open_until from owner_page where ",
            $where
        )
    };
}

impl Store {
    /// The page of a link.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn owner_page_of_link(&self, link: &Mac) -> Result<Option<OwnerPageView>, StoreError> {
        let sql = page!("page_of_link", "link_mac = $1");
        let row: Option<PageRow> = query_as(sql).bind(link.as_slice()).fetch_optional(self.readers()).await?;
        row.map(page).transpose()
    }

    /// The page of a session.
    ///
    /// # Errors
    /// As above.
    pub async fn owner_page_of_session(&self, session: &Mac) -> Result<Option<OwnerPageView>, StoreError> {
        let sql = page!("page_of_session", "session_mac = $1");
        let row: Option<PageRow> = query_as(sql).bind(session.as_slice()).fetch_optional(self.readers()).await?;
        row.map(page).transpose()
    }

    /// An address.
    ///
    /// # Errors
    /// As above.
    pub async fn owner_mail(&self, id: OwnerMailId) -> Result<Option<OwnerMailView>, StoreError> {
        let sql = "-- owner::mail
            select id, claim_id, address, language, state, confirm_until from owner_mail where id = $1";
        let row: Option<MailRow> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(mail).transpose()
    }

    /// The addresses of a claim, oldest first.
    ///
    /// # Errors
    /// As above.
    pub async fn owner_mails(&self, claim: ClaimId) -> Result<Vec<OwnerMailView>, StoreError> {
        let sql = "-- owner::mails
            select id, claim_id, address, language, state, confirm_until from owner_mail where claim_id = $1 order by id";
        let rows: Vec<MailRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter().map(mail).collect()
    }

    /// Addresses with what they are to be told now and nobody has in hand. None of a claim that is barred.
    ///
    /// # Errors
    /// As above.
    pub async fn due_owner_mails(&self, now: Timestamp, limit: i64) -> Result<Vec<DueOwnerMail>, StoreError> {
        let sql = "-- owner::due
            select m.id, m.claim_id, m.address, m.language, m.state, k.wrapped from owner_mail m
            join claim c on c.id = m.claim_id join claim_key k on k.claim_id = m.claim_id
            where c.barred is null and m.id in (select d.mail_id from owner_mail_due d
                where d.state = 'due' and d.due_at <= $1 and coalesce(d.lease_until, 0) <= $1 order by d.due_at limit $2)
            order by m.id";
        let rows: Vec<DueRow> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        let mut due = Vec::with_capacity(rows.len());
        for (id, claim, address, language, state, wrapped) in rows {
            type Row = (String, i64, i64, Option<String>, Option<String>);
            let sql = "-- owner::due_entries
                select d.entry_id, d.fence, d.tries, t.event, t.parameters from owner_mail_due d
                left join timeline t on t.id = d.entry_id
                where d.mail_id = $1 and d.state = 'due' and d.due_at <= $2 and coalesce(d.lease_until, 0) <= $2
                order by d.created_at, d.entry_id limit $3";
            let entries: Vec<Row> =
                query_as(sql).bind(&id).bind(millis(now)).bind(MOST_EVENTS).fetch_all(self.readers()).await?;
            let tries = entries.iter().map(|(_, _, tries, ..)| *tries).max().unwrap_or(0);
            let mut events = Vec::new();
            for (_, _, _, event, parameters) in &entries {
                if let (Some(event), Some(parameters)) = (event, parameters) {
                    events.push((event.clone(), parse("timeline", "parameters", parameters)?));
                }
            }
            due.push(DueOwnerMail {
                id: parse(MAIL, "id", &id)?,
                claim: parse(MAIL, "claim_id", &claim)?,
                wrapped_key: wrapped,
                address,
                confirmed: state == "confirmed",
                language: spoken(&language)?,
                entries: entries.into_iter().map(|(entry, fence, ..)| (entry, fence)).collect(),
                events,
                tries: u32::try_from(tries).unwrap_or(u32::MAX),
            });
        }
        Ok(due)
    }
}

fn page((id, claim, party, used, body, version, link, open): PageRow) -> Result<OwnerPageView, StoreError> {
    Ok(OwnerPageView {
        id: parse(PAGE, "id", &id)?,
        claim: parse(PAGE, "claim_id", &claim)?,
        party: party.map(|party| parse(PAGE, "party_id", &party)).transpose()?,
        used: used != 0,
        body,
        version,
        link_until: time(PAGE, "link_until", link)?,
        open_until: open.map(|at| time(PAGE, "open_until", at)).transpose()?,
    })
}

fn mail((id, claim, address, language, state, until): MailRow) -> Result<OwnerMailView, StoreError> {
    Ok(OwnerMailView {
        id: parse(MAIL, "id", &id)?,
        claim: parse(MAIL, "claim_id", &claim)?,
        address,
        language: spoken(&language)?,
        confirmed: state == "confirmed",
        confirm_until: time(MAIL, "confirm_until", until)?,
    })
}

fn spoken(tag: &str) -> Result<Language, StoreError> {
    Language::of(tag).ok_or(StoreError::Inconsistent { table: MAIL, column: "language" })
}

/// Writes one thing of an owner.
pub(super) async fn apply(tx: &mut Connection, write: &OwnerWrite) -> Result<(), StoreError> {
    match write {
        OwnerWrite::Page(row) => new_page(tx, row).await,
        OwnerWrite::Opened(id, session, times) => {
            let sql = "-- owner::opened
                update owner_page set session_mac = $2, open_until = $4, forget_at = $5, version = version + 1
                where id = $1 and session_mac is null and link_until > $3";
            let updated = query(sql)
                .bind(id.to_string())
                .bind(session.as_slice())
                .bind(millis(times.now))
                .bind(millis(times.open_until))
                .bind(millis(times.forget_at))
                .execute(tx)
                .await;
            one(PAGE, updated)
        }
        OwnerWrite::Saved(id, version, body) => {
            let sql = "-- owner::saved
                update owner_page set body = $3, version = version + 1 where id = $1 and version = $2";
            one(PAGE, query(sql).bind(id.to_string()).bind(*version).bind(body).execute(tx).await)
        }
        OwnerWrite::Closed(id, at) => {
            let sql = "-- owner::closed
                update owner_page set open_until = $2, forget_at = $2, version = version + 1 where id = $1";
            one(PAGE, query(sql).bind(id.to_string()).bind(millis(*at)).execute(tx).await)
        }
        OwnerWrite::Mail(row) => new_mail(tx, row).await,
        OwnerWrite::Confirmed(id) => {
            let sql = "-- owner::confirmed
                update owner_mail set state = 'confirmed' where id = $1 and state = 'asked'";
            one(MAIL, query(sql).bind(id.to_string()).execute(tx).await)
        }
        OwnerWrite::Forgotten(id) => {
            for sql in [
                "-- owner::forgotten_due\ndelete from owner_mail_due where mail_id = $1",
                "-- owner::forgotten\ndelete from owner_mail where id = $1",
            ] {
                query(sql).bind(id.to_string()).execute(&mut *tx).await?;
            }
            Ok(())
        }
        OwnerWrite::Leased(id, entries, until) => {
            for (entry, fence) in entries {
                let sql = "-- owner::leased
                    update owner_mail_due set lease_until = $4, fence = fence + 1
                    where mail_id = $1 and entry_id = $2 and fence = $3 and state = 'due'";
                let leased = query(sql).bind(id.to_string()).bind(entry).bind(*fence).bind(millis(*until));
                one("owner_mail_due", leased.execute(&mut *tx).await)?;
            }
            Ok(())
        }
        OwnerWrite::Told(id, entries, next) => told(tx, *id, entries, *next).await,
    }
}

async fn new_page(tx: &mut Connection, row: &OwnerPageRow) -> Result<(), StoreError> {
    let sql = "-- owner::new_page
        insert into owner_page (id, claim_id, party_id, link_mac, session_mac, body, version, created_at, link_until,
            open_until, forget_at)
        values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.claim.to_string())
        .bind(row.party.as_ref().map(PartyId::as_str))
        .bind(row.link.as_ref().map(|mac| mac.to_vec()))
        .bind(row.session.as_ref().map(|mac| mac.to_vec()))
        .bind(&row.body)
        .bind(millis(row.at))
        .bind(millis(row.link_until))
        .bind(row.open_until.map(millis))
        .bind(millis(row.forget_at))
        .execute(tx)
        .await;
    one(PAGE, inserted)
}

async fn new_mail(tx: &mut Connection, row: &OwnerMailRow) -> Result<(), StoreError> {
    let sql = "-- owner::new_mail
        insert into owner_mail (id, claim_id, address, address_mac, language, state, created_at, confirm_until)
        values ($1, $2, $3, $4, $5, 'asked', $6, $7) on conflict (claim_id, address_mac) do nothing";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.claim.to_string())
        .bind(&row.address)
        .bind(row.mac.as_slice())
        .bind(row.language.tag())
        .bind(millis(row.at))
        .bind(millis(row.confirm_until))
        .execute(&mut *tx)
        .await?;
    // It stands already: whoever asks again learns nothing of it, and nobody is written to a second time.
    if inserted.rows_affected() == 0 {
        return Ok(());
    }
    let sql = "-- owner::to_confirm
        insert into owner_mail_due (mail_id, entry_id, state, tries, due_at, fence, created_at)
        values ($1, '', 'due', 0, $2, 0, $2)";
    one("owner_mail_due", query(sql).bind(row.id.to_string()).bind(millis(row.at)).execute(tx).await)
}

async fn told(
    tx: &mut Connection,
    id: OwnerMailId,
    entries: &[(String, i64)],
    next: ToldNext,
) -> Result<(), StoreError> {
    for (entry, fence) in entries {
        let done = match next {
            ToldNext::Done => {
                let sql = "-- owner::told
                    delete from owner_mail_due where mail_id = $1 and entry_id = $2 and fence = $3";
                query(sql).bind(id.to_string()).bind(entry).bind(*fence).execute(&mut *tx).await
            }
            ToldNext::Again(at) => {
                let sql = "-- owner::told_later
                    update owner_mail_due set due_at = $4, tries = tries + 1, lease_until = null
                    where mail_id = $1 and entry_id = $2 and fence = $3";
                query(sql).bind(id.to_string()).bind(entry).bind(*fence).bind(millis(at)).execute(&mut *tx).await
            }
            ToldNext::Dead => {
                let sql = "-- owner::told_never
                    update owner_mail_due set state = 'dead', tries = tries + 1, lease_until = null
                    where mail_id = $1 and entry_id = $2 and fence = $3";
                query(sql).bind(id.to_string()).bind(entry).bind(*fence).execute(&mut *tx).await
            }
        };
        // Taken off meanwhile, there is nothing to write down.
        done?;
    }
    Ok(())
}

/// Whom entries that have just got their places are told to: endpoints of app backends that are linked to their claims, and
/// addresses that are confirmed.
pub(super) async fn announce(tx: &mut Connection, entries: &[String]) -> Result<(), StoreError> {
    for piece in pieces(entries) {
        let mut sql = Builder::new(
            "-- owner::announce
            insert into webhook (id, party_id, claim_id, kind, ordinal, state, tries, due_at, fence, created_at, entry_id)
            select t.id || '_' || l.party_id, l.party_id, t.claim_id, 'claim.event', t.position, 'due', 0, t.at, 0, t.at, t.id
            from timeline t join claim_link l on l.claim_id = t.claim_id join endpoint e on e.party_id = l.party_id
            where t.audience_role = 'owner' and t.id in (",
        );
        let mut list = sql.separated(", ");
        for entry in piece {
            list.push_bind(entry);
        }
        sql.push(")");
        sql.build().execute(&mut *tx).await?;
        let mut sql = Builder::new(
            "-- owner::announce_by_mail
            insert into owner_mail_due (mail_id, entry_id, state, tries, due_at, fence, created_at)
            select m.id, t.id, 'due', 0, t.at, 0, t.at from timeline t join owner_mail m on m.claim_id = t.claim_id
            where m.state = 'confirmed' and t.audience_role = 'owner' and t.event in (",
        );
        let mut list = sql.separated(", ");
        for event in TOLD {
            list.push_bind(event);
        }
        sql.push(") and t.id in (");
        let mut list = sql.separated(", ");
        for entry in piece {
            list.push_bind(entry);
        }
        sql.push(")");
        sql.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// Forgets pages whose time is over, and addresses nobody confirmed.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "-- owner::forget_pages\ndelete from owner_page where forget_at <= $1",
        "-- owner::forget_unconfirmed_due
            delete from owner_mail_due where mail_id in
                (select id from owner_mail where state = 'asked' and confirm_until <= $1)",
        "-- owner::forget_unconfirmed\ndelete from owner_mail where state = 'asked' and confirm_until <= $1",
    ] {
        query(sql).bind(millis(now)).execute(&mut *connection).await?;
    }
    Ok(())
}
