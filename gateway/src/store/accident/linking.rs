//! Filings that may be of one accident: which are to be looked at, and which have something in common.

use jiff::Timestamp;

use crate::id::ClaimId;
use crate::store::rows::parse;
use crate::store::sql::query_as;
use crate::store::written::millis;
use crate::store::{Store, StoreError};

/// The most filings looked at beside one.
const MOST_BESIDE: i64 = 16;

impl Store {
    /// Filings whose filers agreed to be linked, and that nobody has looked at since.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn filings_to_link(&self, now: Timestamp, limit: i64) -> Result<Vec<ClaimId>, StoreError> {
        let sql = "-- linking::due
            select f.claim_id from accident_filing f join claim c on c.id = f.claim_id
            where f.link_due_at <= $1 and c.barred is null order by f.link_due_at limit $2";
        let rows: Vec<(String,)> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(claim,)| parse("accident_filing", "claim_id", &claim)).collect()
    }

    /// Other filings that name a plate of this one in its half hour or a neighbouring one, are of another accident, and whose
    /// filers agreed to be linked as well: the first 16.
    ///
    /// # Errors
    /// As above.
    pub async fn filings_beside(&self, claim: ClaimId) -> Result<Vec<ClaimId>, StoreError> {
        let sql = "-- linking::beside
            select distinct o.claim_id from accident_trace t
            join accident_trace o on o.trace_mac = t.trace_mac and o.claim_id <> t.claim_id
            join accident_filing f on f.claim_id = t.claim_id
            join accident_filing g on g.claim_id = o.claim_id
            join claim c on c.id = o.claim_id
            where t.claim_id = $1 and g.linking = 'agreed' and g.accident_id <> f.accident_id and c.barred is null
            order by o.claim_id limit $2";
        let rows: Vec<(String,)> =
            query_as(sql).bind(claim.to_string()).bind(MOST_BESIDE).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(claim,)| parse("accident_filing", "claim_id", &claim)).collect()
    }
}
