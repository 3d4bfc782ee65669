//! `GET /insurer/v1/deliveries`: an insurer lists what there is for it, or waits for it. A repeatable log, never a lease.
//!
//! In: positions, bounds and filters from the query. Out: a page, and how far it looked: what a filter left out is
//! passed over, what may fit it later is not.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::{Envelope, Page as Listed};
use claimgate_packet::words::Line;
use jiff::SignedDuration;

use super::caller::{Caller, ReadDeliveries};
use super::form::percent_decoded;
use super::insurer::{envelope, no_store};
use super::problem::Problem;
use crate::app::App;
use crate::config::Delivery;
use crate::id::ClaimId;
use crate::party::PartyId;
use crate::store::StoreError;
use crate::store::read::{Listing, Page, Which};

/// How many deliveries a page has where nothing is said.
const USUAL: u32 = 50;
/// The longest age that is asked for, in seconds: ten years.
const OLDEST: u32 = 315_360_000;

/// The query of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pull {
    after: i64,
    limit: Option<u32>,
    wait: u64,
    open: bool,
    older_than: Option<u32>,
    lines: Vec<Line>,
    claim: Option<ClaimId>,
}

/// `GET /insurer/v1/deliveries?after=&limit=&wait=&state=open&older_than=&line=&claim=`.
///
/// # Errors
/// 400 for a bound that is not one.
pub async fn list(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let bounds = &app.config.delivery;
    let pull = Pull::read(request.query_string(), bounds).ok_or_else(|| wrong_query(bounds))?;
    let which = match pull.older_than {
        None if pull.open => Which::Open,
        None => Which::All,
        Some(seconds) => {
            let then = app.engine.now().checked_sub(SignedDuration::from_secs(i64::from(seconds)));
            Which::OpenSince(then.map_err(|_| wrong_query(bounds))?)
        }
    };
    let limit = i64::from(pull.limit.unwrap_or(USUAL));
    let listing = Listing { after: pull.after, limit, which, lines: pull.lines, claim: pull.claim };
    let page = wait_for(&app, &caller.party.id, listing, Duration::from_secs(pull.wait)).await?;
    let mut deliveries: Vec<Envelope> = page.deliveries.iter().map(envelope).collect();
    if let (Some(first), Some(last)) = (deliveries.first(), deliveries.last()) {
        let positions = (first.position, last.position);
        let mut same = app.engine.store.same_receipts(&caller.party.id, positions).await?;
        for (envelope, delivery) in deliveries.iter_mut().zip(&page.deliveries) {
            let others = same.entry(delivery.claim).or_default();
            envelope.same_receipt_as = others.iter().map(ToString::to_string).collect();
        }
    }
    Ok(no_store().json(Listed { deliveries, next_after: page.looked_at, more: page.more }))
}

async fn wait_for(app: &App, insurer: &PartyId, mut listing: Listing, wait: Duration) -> Result<Page, StoreError> {
    let store = &app.engine.store;
    // Subscribed before the first read, so that nothing slips in between.
    let mut changed = store.deliveries_changed();
    let start = app.engine.clock.elapsed();
    loop {
        let page = store.deliveries(insurer, &listing).await?;
        let left = wait.saturating_sub(app.engine.clock.elapsed().saturating_sub(start));
        if !page.deliveries.is_empty() || left.is_zero() || !app.is_ready() {
            return Ok(page);
        }
        listing.after = page.looked_at;
        if !page.more {
            // Looked at again every second: the server may be stopping, or another process may have written.
            let _ = tokio::time::timeout(left.min(Duration::from_secs(1)), changed.changed()).await;
        }
    }
}

impl Pull {
    /// Reads the query; nothing where a field is unknown, stands twice (but for `line`) or is out of bounds.
    fn read(query: &str, bounds: &Delivery) -> Option<Self> {
        let mut pull = Self::default();
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (percent_decoded(name)?, percent_decoded(value)?);
            match name.as_str() {
                "after" => pull.after = value.parse().ok().filter(|after| *after >= 0)?,
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=bounds.max_limit).contains(limit))?;
                    pull.limit = Some(limit);
                }
                "wait" => pull.wait = value.parse().ok().filter(|wait| *wait <= bounds.max_wait_seconds)?,
                "state" => pull.open = (value == "open").then_some(true)?,
                "older_than" => pull.older_than = Some(value.parse().ok().filter(|age| *age <= OLDEST)?),
                "claim" => pull.claim = Some(value.parse().ok()?),
                "line" => {
                    for word in value.split(',') {
                        let line = word.parse().ok()?;
                        if !pull.lines.contains(&line) {
                            pull.lines.push(line);
                        }
                    }
                    continue;
                }
                _ => return None,
            }
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
        }
        // An age is asked of what is open; what is not old enough yet is not waited for.
        let fits = pull.older_than.is_none() || (pull.open && pull.wait == 0);
        fits.then_some(pull)
    }
}

fn wrong_query(bounds: &Delivery) -> Problem {
    let detail = format!(
        "The query takes after (a position, from 0), limit (1 to {}), wait (seconds, 0 to {}), line (of insurance; \
         several with commas), claim (clm_…), state=open, and with that older_than (seconds, 0 to {OLDEST}; without wait)",
        bounds.max_limit, bounds.max_wait_seconds
    );
    Problem::new(400, "query.invalid", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Delivery = Delivery { max_wait_seconds: 60, max_limit: 200 };

    #[test]
    fn a_query_is_read_whole_or_not_at_all() {
        let read = |query: &str| Pull::read(query, &BOUNDS);
        assert_eq!(read(""), Some(Pull::default()));
        let lines = vec![Line::Life, Line::Accident, Line::HealthDaily];
        assert_eq!(read("line=life,accident&line=health-daily&line=life").unwrap().lines, lines);
        assert_eq!(read("line=life%2Caccident").unwrap().lines, lines[..2]);
        assert_eq!(read("state=open&older_than=60").unwrap().older_than, Some(60));
        assert_eq!(read("after=3&limit=200&wait=60").unwrap().limit, Some(200));
        for wrong in [
            "after=-1",
            "after=1&after=2",
            "after",
            "limit=0",
            "limit=201",
            "wait=61",
            "wait=-1",
            "state=lost",
            "state=",
            "line=",
            "line=life,",
            "line=house",
            "claim=x",
            "claim=dlv_1",
            "older_than=60",
            "x=1",
            "%zz=1",
            "state=open&older_than=60&wait=1",
            "state=open&older_than=-1",
            "state=open&older_than=315360001",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
