//! A recipient's deliveries: the repeatable log, what is still open, one by id. Only rows with a position exist.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::super::rows::{DeliveryView, parse, time};
use super::super::sql::{Row, query, query_as};
use super::super::{Store, StoreError};
use super::open_to_use;
use crate::id::{ClaimId, DeliveryId};
use crate::party::PartyId;

/// How many positions one look goes through for the lines it wants, so that no filter reads a whole stream at once.
const LOOK: i64 = 10_000;

/// Which deliveries a listing wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All, in order of position: reading again gives the same.
    #[default]
    All,
    /// Those not acknowledged yet.
    Open,
    /// Those not acknowledged yet and made at this time or before. The listing ends before the first that is younger,
    /// so that none is passed over which will be old enough later.
    OpenSince(Timestamp),
}

/// A listing's bounds.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Only positions beyond this.
    pub after: i64,
    /// At most this many.
    pub limit: i64,
    /// Which.
    pub which: Which,
    /// Only these lines; none means all.
    pub lines: Vec<Line>,
    /// Only this claim.
    pub claim: Option<ClaimId>,
}

/// What a listing gave.
#[derive(Clone, Debug)]
pub struct Page {
    /// The deliveries, in order of position.
    pub deliveries: Vec<DeliveryView>,
    /// The last position that was looked at: nothing the listing wants stands between `after` and it but what is here.
    pub looked_at: i64,
    /// Whether there are positions beyond that one already.
    pub more: bool,
}

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- deliveries::",
            $name,
            "
            select d.id, d.position, d.packet_id, d.claim_id, c.hospital_id, s.id as submission_id, d.line, d.revision,
                case when exists (select 1 from delivery_return x where x.delivery_id = d.id) then 'returned'
                    else d.state end as state, d.sealed_bytes, d.sealed_digest, d.presentation_digest, d.kid, d.created_at,
                d.left_at, d.leaving, d.acknowledgement, r.digest as receipt_digest, c.barred
            from delivery d join claim c on c.id = d.claim_id left join receipt r on r.delivery_id = d.id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            ",
            $rest
        )
    };
}

impl Store {
    /// The last position of a recipient's stream; 0 where there is none.
    ///
    /// # Errors
    /// The database is away.
    pub async fn head(&self, recipient: &PartyId) -> Result<i64, StoreError> {
        let sql = "-- deliveries::head\nselect coalesce(max(position), 0) from delivery where party_id = $1";
        let (head,): (i64,) = query_as(sql).bind(recipient.as_str()).fetch_one(self.readers()).await?;
        Ok(head)
    }

    /// A recipient's deliveries in order of position.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn deliveries(&self, recipient: &PartyId, listing: &Listing) -> Result<Page, StoreError> {
        // Read first: whatever it counts, the listing below sees.
        let head = self.head(recipient).await?;
        let until = match (&listing.claim, listing.lines.as_slice()) {
            (None, [_, ..]) => listing.after.saturating_add(LOOK),
            _ => i64::MAX,
        };
        let sql = match (listing.claim, listing.which) {
            (Some(_), _) => select!(
                "deliveries_of_claim",
                "where d.party_id = $1 and d.position > $2 and ($3 = 0 or d.state = 'ready')
                and ($5 = '' or $5 like '%,' || d.line || ',%') and d.position <= $6 and d.claim_id = $7
                order by d.position limit $4"
            ),
            (None, Which::All) => select!(
                "deliveries",
                "where d.party_id = $1 and d.position > $2 and $3 = 0
                and ($5 = '' or $5 like '%,' || d.line || ',%') and d.position <= $6 order by d.position limit $4"
            ),
            // As the index of open deliveries has it.
            (None, Which::Open | Which::OpenSince(_)) => select!(
                "deliveries_open",
                "where d.party_id = $1 and d.position > $2 and d.state = 'ready' and $3 = 1
                and ($5 = '' or $5 like '%,' || d.line || ',%') and d.position <= $6 order by d.position limit $4"
            ),
        };
        let names: Vec<&str> = listing.lines.iter().map(|line| line.as_str()).collect();
        let lines = if names.is_empty() { String::new() } else { format!(",{},", names.join(",")) };
        let mut query = query(sql)
            .bind(recipient.as_str())
            .bind(listing.after)
            .bind(i64::from(listing.which != Which::All))
            .bind(listing.limit)
            .bind(lines)
            .bind(until);
        if let Some(claim) = listing.claim {
            query = query.bind(claim.to_string());
        }
        let rows = query.fetch_all(self.readers()).await?;
        let found: Vec<DeliveryView> = rows.iter().map(view).collect::<Result<_, _>>()?;
        Ok(page(found, listing, head, until))
    }

    /// One delivery of a recipient.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn delivery(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<DeliveryView>, StoreError> {
        let sql = select!("delivery", "where d.party_id = $1 and d.id = $2 and d.position is not null");
        let row = query(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.as_ref().map(view).transpose()
    }

    /// One delivery of a recipient, where its claim is in use.
    ///
    /// # Errors
    /// The database is away, the row damaged, or the claim barred.
    pub async fn delivery_to_fetch(
        &self,
        recipient: &PartyId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>, StoreError> {
        let sql = select!("delivery_to_fetch", "where d.party_id = $1 and d.id = $2 and d.position is not null");
        let row = query(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        let Some(row) = row else { return Ok(None) };
        open_to_use(row.try_get::<Option<String>, _>("barred")?.as_deref())?;
        view(&row).map(Some)
    }

    /// The sealed packet of one delivery of a recipient.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sealed_packet(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- deliveries::sealed_packet
            select d.sealed, c.barred from delivery d join claim c on c.id = d.claim_id
            where d.party_id = $1 and d.id = $2 and d.position is not null";
        let row: Option<(Vec<u8>, Option<String>)> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(sealed, barred)| open_to_use(barred.as_deref()).map(|()| sealed)).transpose()
    }
}

/// What the rows say of the positions that were looked at. `head` is the last position there was before they were read,
/// `until` the last one that was asked for.
fn page(mut found: Vec<DeliveryView>, listing: &Listing, head: i64, until: i64) -> Page {
    let full = i64::try_from(found.len()).unwrap_or(i64::MAX) >= listing.limit;
    if let Which::OpenSince(then) = listing.which
        && let Some(place) = found.iter().position(|one| one.created > then)
    {
        let young = found.get(place).map_or(listing.after, |one| one.position - 1);
        found.truncate(place);
        return Page { deliveries: found, looked_at: young, more: false };
    }
    let last = found.last().map_or(listing.after, |one| one.position);
    let looked_at = if full { last } else { until.min(head).max(last) };
    Page { deliveries: found, looked_at, more: full || until < head }
}

fn view(row: &Row) -> Result<DeliveryView, StoreError> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let left: Option<i64> = row.try_get("left_at")?;
    Ok(DeliveryView {
        id: parse("delivery", "id", &text("id")?)?,
        position: row.try_get("position")?,
        packet: parse("delivery", "packet_id", &text("packet_id")?)?,
        claim: parse("delivery", "claim_id", &text("claim_id")?)?,
        hospital: parse("claim", "hospital_id", &text("hospital_id")?)?,
        submission: parse("submission", "id", &text("submission_id")?)?,
        line: parse("delivery", "line", &text("line")?)?,
        revision: row.try_get("revision")?,
        state: parse("delivery", "state", &text("state")?)?,
        bytes: row.try_get("sealed_bytes")?,
        digest: text("sealed_digest")?,
        presentation_digest: text("presentation_digest")?,
        kid: text("kid")?,
        created: time("delivery", "created_at", row.try_get("created_at")?)?,
        left: left.map(|at| time("delivery", "left_at", at)).transpose()?,
        leaving: row.try_get::<i64, _>("leaving")? == 1,
        acknowledgement: row.try_get("acknowledgement")?,
        receipt: row.try_get("receipt_digest")?,
    })
}
