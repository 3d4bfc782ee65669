//! Accidents, their papers, the claims filed of them: what a step reads, and every step from the version it was read at.

use claimgate_adapters::police::api::{GroundKind, Item};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::{mac, parse, time};
use super::sql::{Row, query, query_as};
use super::written::millis;
use super::{Store, StoreError};
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{Linking, PaperState};
use crate::id::{AccidentId, ClaimId, UseId};
use crate::keys::index::Mac;
use crate::party::PartyId;

mod cover;
mod linking;
mod write;

pub(super) use write::apply;

const TABLE: &str = "accident";
const PAPER: &str = "accident_paper";

/// An accident as it is kept.
#[derive(Clone)]
pub struct KeptAccident {
    /// Id.
    pub id: AccidentId,
    /// Whose record it is.
    pub jurisdiction: Option<Jurisdiction>,
    /// How often it passed from one source to another.
    pub moves: i64,
    /// A `Known`, sealed.
    pub body: Vec<u8>,
    /// Counts changes.
    pub version: i64,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// A paper as it is kept.
#[derive(Clone)]
pub struct KeptPaper {
    /// Which.
    pub item: Item,
    /// How it stands.
    pub state: PaperState,
    /// From which day it is given.
    pub on: Date,
    /// When it is looked at again.
    pub due_at: Option<Timestamp>,
    /// How often it was asked for in a row.
    pub tries: i64,
    /// How often it was asked for at all.
    pub asked: i64,
    /// Why it is not here.
    pub reason: Option<String>,
    /// The source's version.
    pub paper_version: Option<i64>,
    /// Whether the paper itself is here, and not its check alone.
    pub whole: bool,
    /// The check with its receipt, sealed.
    pub receipt: Option<Vec<u8>>,
    /// Until when the check is relied on.
    pub holds_until: Option<Timestamp>,
    /// Whether somebody handed it in.
    pub handed_in: bool,
    /// Counts changes.
    pub version: i64,
}

/// A claim of an accident.
#[derive(Clone)]
pub struct FilingView {
    /// The claim.
    pub claim: ClaimId,
    /// The accident.
    pub accident: AccidentId,
    /// Who filed it.
    pub opener: PartyId,
    /// Keyed digest of what was filed.
    pub body_mac: Mac,
    /// A `Filed`, sealed.
    pub body: Vec<u8>,
    /// What its filer answered to the question whether filings are linked.
    pub linking: Option<Linking>,
}

claimgate_packet::opaque_debug!(KeptAccident, KeptPaper, FilingView);

/// A paper that is due.
#[derive(Clone, Copy, Debug)]
pub struct DuePaper {
    /// The accident.
    pub accident: AccidentId,
    /// Which.
    pub item: Item,
}

/// That a recipient got something of a paper, as its source sees it.
#[derive(Clone, Debug)]
pub struct UseView {
    /// Id.
    pub id: UseId,
    /// The accident.
    pub accident: AccidentId,
    /// The paper.
    pub item: String,
    /// Its version.
    pub version: i64,
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// `content` or `check`.
    pub share: String,
    /// When.
    pub at: Timestamp,
}

/// A recipient, on what ground, and since when no more.
type Recipient = (PartyId, Line, Option<GroundKind>, Option<Timestamp>);
type AccidentRow = (String, Option<String>, i64, Vec<u8>, i64, Vec<u8>);
type FilingRow = (String, String, String, Vec<u8>, Vec<u8>, Option<String>);
type UseRow = (String, String, String, i64, String, String, String, i64);

fn accident((id, jurisdiction, moves, body, version, wrapped_key): AccidentRow) -> Result<KeptAccident, StoreError> {
    let jurisdiction = jurisdiction.map(|word| parse(TABLE, "jurisdiction", &word)).transpose()?;
    Ok(KeptAccident { id: parse(TABLE, "id", &id)?, jurisdiction, moves, body, version, wrapped_key })
}

fn paper(row: &Row) -> Result<KeptPaper, StoreError> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let instant = |column: &'static str| -> Result<Option<Timestamp>, StoreError> {
        row.try_get::<Option<i64>, _>(column)?.map(|at| time(PAPER, column, at)).transpose()
    };
    Ok(KeptPaper {
        item: parse(PAPER, "item", &text("item")?)?,
        state: parse(PAPER, "state", &text("state")?)?,
        on: parse(PAPER, "due_on", &text("due_on")?)?,
        due_at: instant("due_at")?,
        tries: row.try_get("tries")?,
        asked: row.try_get("asked")?,
        reason: row.try_get("reason")?,
        paper_version: row.try_get("paper_version")?,
        whole: row.try_get("whole")?,
        receipt: row.try_get("receipt")?,
        holds_until: instant("holds_until")?,
        handed_in: row.try_get::<i64, _>("handed_in")? != 0,
        version: row.try_get("version")?,
    })
}

fn filing((claim, accident, opener, body_mac, body, linking): FilingRow) -> Result<FilingView, StoreError> {
    let table = "accident_filing";
    Ok(FilingView {
        claim: parse(table, "claim_id", &claim)?,
        accident: parse(table, "accident_id", &accident)?,
        opener: parse(table, "opener", &opener)?,
        body_mac: mac(table, "body_mac", &body_mac)?,
        body,
        linking: linking.map(|word| parse(table, "linking", &word)).transpose()?,
    })
}

impl Store {
    /// An accident.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn accident(&self, id: AccidentId) -> Result<Option<KeptAccident>, StoreError> {
        let sql = "-- accident::by_id
            select a.id, a.jurisdiction, a.moves, a.body, a.version, k.wrapped from accident a
            join claim_key k on k.claim_id = a.key_id where a.id = $1";
        let row: Option<AccidentRow> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(accident).transpose()
    }

    /// The accident of a record: by the keyed digest of jurisdiction and case number.
    ///
    /// # Errors
    /// As above.
    pub async fn accident_of_case(&self, case: &Mac) -> Result<Option<KeptAccident>, StoreError> {
        let sql = "-- accident::by_case
            select a.id, a.jurisdiction, a.moves, a.body, a.version, k.wrapped from accident a
            join claim_key k on k.claim_id = a.key_id where a.case_mac = $1";
        let row: Option<AccidentRow> = query_as(sql).bind(case.as_slice()).fetch_optional(self.readers()).await?;
        row.map(accident).transpose()
    }

    /// The papers of an accident, in the order in which they are released.
    ///
    /// # Errors
    /// As above.
    pub async fn accident_papers(&self, id: AccidentId) -> Result<Vec<KeptPaper>, StoreError> {
        let sql = "-- accident::papers
            select item, state, due_on, due_at, tries, asked, reason, paper_version, receipt, holds_until,
                handed_in, version, content is not null as whole
            from accident_paper where accident_id = $1 order by due_on, item";
        let rows = query(sql).bind(id.to_string()).fetch_all(self.readers()).await?;
        let mut papers = rows.iter().map(paper).collect::<Result<Vec<_>, _>>()?;
        papers.sort_by_key(|paper| paper.item);
        Ok(papers)
    }

    /// A paper, sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn paper_content(&self, id: AccidentId, item: Item) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- accident::paper_content
            select content from accident_paper where accident_id = $1 and item = $2";
        let row: Option<(Option<Vec<u8>>,)> =
            query_as(sql).bind(id.to_string()).bind(item.as_str()).fetch_optional(self.readers()).await?;
        Ok(row.and_then(|(content,)| content))
    }

    /// Papers that are to be asked for now.
    ///
    /// # Errors
    /// As above.
    pub async fn papers_due(&self, now: Timestamp, limit: i64) -> Result<Vec<DuePaper>, StoreError> {
        let sql = "-- accident::papers_due
            select accident_id, item from accident_paper where due_at <= $1 order by due_at limit $2";
        let rows: Vec<(String, String)> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(accident, item)| {
                Ok(DuePaper { accident: parse(PAPER, "accident_id", &accident)?, item: parse(PAPER, "item", &item)? })
            })
            .collect()
    }

    /// What was filed as a claim, if it is one of an accident.
    ///
    /// # Errors
    /// As above.
    pub async fn filing(&self, claim: ClaimId) -> Result<Option<FilingView>, StoreError> {
        let sql = "-- accident::filing
            select claim_id, accident_id, opener, body_mac, body, linking from accident_filing where claim_id = $1";
        let row: Option<FilingRow> = query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(filing).transpose()
    }

    /// The claims of an accident that are in use.
    ///
    /// # Errors
    /// As above.
    pub async fn claims_of_accident(&self, id: AccidentId) -> Result<Vec<(ClaimId, PartyId)>, StoreError> {
        let sql = "-- accident::claims
            select f.claim_id, f.opener from accident_filing f join claim c on c.id = f.claim_id
            where f.accident_id = $1 and c.barred is null order by f.claim_id";
        let rows: Vec<(String, String)> = query_as(sql).bind(id.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(claim, opener)| {
                Ok((parse("accident_filing", "claim_id", &claim)?, parse("accident_filing", "opener", &opener)?))
            })
            .collect()
    }

    /// The recipients of a claim of an accident.
    ///
    /// # Errors
    /// As above.
    pub async fn accident_recipients(&self, claim: ClaimId) -> Result<Vec<Recipient>, StoreError> {
        let table = "accident_recipient";
        let sql = "-- accident::recipients
            select party_id, line, ground, ended_at from accident_recipient where claim_id = $1 order by party_id, line";
        let rows: Vec<(String, String, Option<String>, Option<i64>)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, line, ground, ended)| {
                let ground = ground.map(|word| {
                    let kind = GroundKind::ALL.into_iter().find(|kind| kind.as_str() == word);
                    kind.ok_or(StoreError::Inconsistent { table, column: "ground" })
                });
                let ended = ended.map(|at| time(table, "ended_at", at)).transpose()?;
                Ok((parse(table, "party_id", &party)?, parse(table, "line", &line)?, ground.transpose()?, ended))
            })
            .collect()
    }

    /// Whether a claim of an accident may still go to a recipient.
    ///
    /// # Errors
    /// The database is away.
    pub async fn accident_goes_to(&self, claim: ClaimId, party: &PartyId, line: Line) -> Result<bool, StoreError> {
        let sql = "-- accident::goes_to
            select count(*) from accident_recipient
            where claim_id = $1 and party_id = $2 and line = $3 and ended_at is null";
        let (count,): (i64,) = query_as(sql)
            .bind(claim.to_string())
            .bind(party.as_str())
            .bind(line.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(count > 0)
    }

    /// Who got what of a source's papers, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn uses_of_source(
        &self,
        source: &PartyId,
        after: Option<UseId>,
        limit: i64,
    ) -> Result<Vec<UseView>, StoreError> {
        let table = "accident_use";
        let sql = "-- accident::uses
            select id, accident_id, item, paper_version, party_id, line, share, at from accident_use
            where source_id = $1 and id > $2 order by id limit $3";
        let rows: Vec<UseRow> = query_as(sql)
            .bind(source.as_str())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter()
            .map(|(id, accident, item, version, party, line, share, at)| {
                Ok(UseView {
                    id: parse(table, "id", &id)?,
                    accident: parse(table, "accident_id", &accident)?,
                    item,
                    version,
                    party: parse(table, "party_id", &party)?,
                    line: parse(table, "line", &line)?,
                    share,
                    at: time(table, "at", at)?,
                })
            })
            .collect()
    }

    /// Which versions of papers each recipient of a claim has got something of.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn uses_of_claim(&self, claim: ClaimId) -> Result<Vec<(PartyId, Line, String, i64)>, StoreError> {
        let sql = "-- accident::uses_of_claim
            select party_id, line, item, paper_version from accident_use where claim_id = $1";
        let rows: Vec<(String, String, String, i64)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, line, item, version)| {
                Ok((parse("accident_use", "party_id", &party)?, parse("accident_use", "line", &line)?, item, version))
            })
            .collect()
    }
}
