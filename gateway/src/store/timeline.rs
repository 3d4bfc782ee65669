//! The timeline (進度) in the database: who reads what is decided here, by the audience each entry was written for.
//!
//! Entries get their places in the stream of each reader after the commit, as deliveries do: nothing appears behind a place
//! that was handed out. A party has one stream; the owner of a claim one for each claim.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::inserts::pieces;
use super::rows::{TimelineLine, parse, time};
use super::sequence::{advance, last};
use super::sql::{Builder, Connection, query_as};
use super::written::exactly;
use super::{Store, StoreError, owner};
use crate::core::retention::Bar;
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, EventId, SubmissionId};
use crate::party::PartyId;

/// The owner's audience has no party.
const NOBODY: &str = "";

/// Whose stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What a hospital reads of its claims.
    Hospital(PartyId),
    /// What an insurer reads of its submissions.
    Insurer(PartyId),
    /// What a repair shop reads of its jobs.
    Shop(PartyId),
    /// What an app backend that is linked to a claim reads of it.
    Owner(PartyId, ClaimId),
}

/// An entry with its place.
#[derive(Clone, Debug)]
pub struct StreamLine {
    /// From 1 without gaps; what its reader may not read any more leaves one.
    pub position: i64,
    /// The claim.
    pub claim: ClaimId,
    /// What happened.
    pub line: TimelineLine,
}

/// A submission, as far as it says who is on turn.
#[derive(Clone, Debug)]
pub struct OpenSubmission {
    /// Id.
    pub id: SubmissionId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// Where it stands.
    pub state: SubmissionState,
    /// Since when.
    pub since: Timestamp,
    /// What the insurer said of it, sealed.
    pub detail: Option<Vec<u8>>,
}

impl Stream {
    /// The name its readers wait under; of all readers of a claim one.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Hospital(party) => name("hospital", party.as_str(), ""),
            Self::Insurer(party) => name("insurer", party.as_str(), ""),
            Self::Shop(party) => name("shop", party.as_str(), ""),
            Self::Owner(_, claim) => name("owner", NOBODY, &claim.to_string()),
        }
    }
}

fn name(role: &str, party: &str, claim: &str) -> String {
    if role == "owner" { format!("owner:{claim}") } else { format!("{role}:{party}") }
}

type Unplaced = (String, String, String, String);

/// Gives places to entries; how many, and whose streams have grown.
pub(super) async fn place(tx: &mut Connection, most: i64) -> Result<(u64, BTreeSet<String>), StoreError> {
    let sql = "-- timeline::unplaced
        select id, claim_id, audience_role, audience_party from timeline where position is null order by at, id limit $1";
    let waiting: Vec<Unplaced> = query_as(sql).bind(most).fetch_all(&mut *tx).await?;
    let owned: BTreeSet<&str> =
        waiting.iter().filter(|(_, _, role, _)| role == "owner").map(|(_, claim, ..)| claim.as_str()).collect();
    let mut ends = owners(tx, &owned).await?;
    let mut grown = BTreeSet::new();
    let mut parties: BTreeSet<String> = BTreeSet::new();
    let mut places = Vec::with_capacity(waiting.len());
    for (id, claim, role, party) in &waiting {
        let stream = name(role, party, claim);
        if !ends.contains_key(&stream) {
            let end = if role == "owner" { 0 } else { last(tx, &row(&stream)).await?.0 };
            ends.insert(stream.clone(), end);
        }
        if role != "owner" {
            parties.insert(stream.clone());
        }
        let end = ends.entry(stream.clone()).or_default();
        *end += 1;
        places.push((id.clone(), *end));
        grown.insert(stream);
    }
    for piece in pieces(&places) {
        let mut sql = Builder::new("-- timeline::place\nupdate timeline set position = v.column2 from (");
        sql.push_values(piece, |mut row, (id, position)| {
            row.push_bind(id).push_bind(position);
        });
        sql.push(") as v where timeline.id = v.column1");
        exactly("timeline", piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    for stream in &parties {
        advance(tx, &row(stream), ends.get(stream).copied().unwrap_or_default(), &[]).await?;
    }
    let of_owners: Vec<String> =
        waiting.iter().filter(|(_, _, role, _)| role == "owner").map(|(id, ..)| id.clone()).collect();
    owner::announce(tx, &of_owners).await?;
    Ok((u64::try_from(places.len()).unwrap_or(u64::MAX), grown))
}

/// Where the last place of a party's stream is kept. Of a claim's owner the last place is read from its entries: they go with
/// the claim alone.
fn row(stream: &str) -> String {
    format!("timeline:{stream}")
}

async fn owners(tx: &mut Connection, claims: &BTreeSet<&str>) -> Result<BTreeMap<String, i64>, StoreError> {
    if claims.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = Builder::new(
        "-- timeline::owners
        select claim_id, coalesce(max(position), 0) from timeline
        where audience_role = 'owner' and audience_party = '' and claim_id in (",
    );
    let mut list = sql.separated(", ");
    for claim in claims {
        list.push_bind((*claim).to_owned());
    }
    sql.push(") group by claim_id");
    let rows: Vec<(String, i64)> = sql.build_query_as().fetch_all(tx).await?;
    Ok(rows.into_iter().map(|(claim, end)| (name("owner", NOBODY, &claim), end)).collect())
}

type EntryRow = (Option<i64>, String, i64, String, String);

impl Store {
    /// The entries of a claim for one audience, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn entries_of_claim(&self, stream: &Stream, claim: ClaimId) -> Result<Vec<TimelineLine>, StoreError> {
        let (role, party) = audience(stream);
        self.entries_for(claim, (role, party)).await
    }

    /// The entries of a claim for its owner, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn entries_of_owner(&self, claim: ClaimId) -> Result<Vec<TimelineLine>, StoreError> {
        self.entries_for(claim, ("owner", NOBODY)).await
    }

    async fn entries_for(&self, claim: ClaimId, (role, party): (&str, &str)) -> Result<Vec<TimelineLine>, StoreError> {
        let sql = "-- timeline::of_claim
            select position, claim_id, at, event, parameters from timeline
            where claim_id = $1 and audience_role = $2 and audience_party = $3 order by at, id";
        let rows: Vec<EntryRow> =
            query_as(sql).bind(claim.to_string()).bind(role).bind(party).fetch_all(self.readers()).await?;
        rows.into_iter().map(|row| Ok(line(row)?.1)).collect()
    }

    /// A page of a stream beyond a place, of claims its reader may read now.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn stream(&self, stream: &Stream, after: i64, limit: i64) -> Result<Vec<StreamLine>, StoreError> {
        let rows: Vec<EntryRow> = match stream {
            Stream::Hospital(party) => {
                let sql = "-- timeline::of_hospital
                    select t.position, t.claim_id, t.at, t.event, t.parameters from timeline t
                    join claim c on c.id = t.claim_id
                    where t.audience_role = 'hospital' and t.audience_party = $1 and t.position > $2
                        and c.barred is null and c.hospital_id = $1
                    order by t.position limit $3";
                query_as(sql).bind(party.as_str()).bind(after).bind(limit).fetch_all(self.readers()).await?
            }
            Stream::Insurer(party) => {
                // An insurer goes on while a claim is restricted, or it would never close.
                let sql = "-- timeline::of_insurer
                    select t.position, t.claim_id, t.at, t.event, t.parameters from timeline t
                    join claim c on c.id = t.claim_id
                    where t.audience_role = 'insurer' and t.audience_party = $1 and t.position > $2
                        and coalesce(c.barred, '') <> 'erased'
                    order by t.position limit $3";
                query_as(sql).bind(party.as_str()).bind(after).bind(limit).fetch_all(self.readers()).await?
            }
            Stream::Shop(party) => {
                let sql = "-- timeline::of_shop
                    select t.position, t.claim_id, t.at, t.event, t.parameters from timeline t
                    join claim c on c.id = t.claim_id
                    where t.audience_role = 'shop' and t.audience_party = $1 and t.position > $2 and c.barred is null
                    order by t.position limit $3";
                query_as(sql).bind(party.as_str()).bind(after).bind(limit).fetch_all(self.readers()).await?
            }
            Stream::Owner(app, claim) => {
                let sql = "-- timeline::of_owner
                    select t.position, t.claim_id, t.at, t.event, t.parameters from timeline t
                    join claim c on c.id = t.claim_id join claim_link l on l.claim_id = c.id and l.party_id = $1
                    where t.claim_id = $2 and t.audience_role = 'owner' and t.audience_party = '' and t.position > $3
                        and c.barred is null
                    order by t.position limit $4";
                let sql = query_as(sql).bind(app.as_str()).bind(claim.to_string()).bind(after).bind(limit);
                sql.fetch_all(self.readers()).await?
            }
        };
        rows.into_iter()
            .map(|row| {
                let (claim, line) = line(row)?;
                let position =
                    line.position.ok_or(StoreError::Inconsistent { table: "timeline", column: "position" })?;
                Ok(StreamLine { position, claim, line })
            })
            .collect()
    }

    /// An entry of a claim's owner for an app backend that is linked to the claim, and what bars the claim.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn entry_of_app(
        &self,
        app: &PartyId,
        entry: EventId,
    ) -> Result<Option<(StreamLine, Option<Bar>)>, StoreError> {
        type Row = (i64, String, i64, String, String, Option<String>);
        let sql = "-- timeline::entry_of_app
            select t.position, t.claim_id, t.at, t.event, t.parameters, c.barred from timeline t
            join claim c on c.id = t.claim_id join claim_link l on l.claim_id = c.id and l.party_id = $1
            where t.id = $2 and t.audience_role = 'owner' and t.position is not null";
        let row: Option<Row> =
            query_as(sql).bind(app.as_str()).bind(entry.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(position, claim, at, event, parameters, barred)| {
            let (claim, line) = line((Some(position), claim, at, event, parameters))?;
            let bar = barred.map(|word| parse("claim", "barred", &word)).transpose()?;
            Ok((StreamLine { position, claim, line }, bar))
        })
        .transpose()
    }

    /// The last place of a stream.
    ///
    /// # Errors
    /// The database is away.
    pub async fn stream_end(&self, stream: &Stream) -> Result<i64, StoreError> {
        let (end,): (i64,) = match stream {
            Stream::Hospital(_) | Stream::Insurer(_) | Stream::Shop(_) => {
                let sql = "-- timeline::end\nselect coalesce(max(position), 0) from stream where name = $1";
                query_as(sql).bind(row(&stream.name())).fetch_one(self.readers()).await?
            }
            Stream::Owner(_, claim) => {
                let sql = "-- timeline::end_of_owner
                    select coalesce(max(position), 0) from timeline
                    where claim_id = $1 and audience_role = 'owner' and audience_party = ''";
                query_as(sql).bind(claim.to_string()).fetch_one(self.readers()).await?
            }
        };
        Ok(end)
    }

    /// Whether an app backend is linked to a claim.
    ///
    /// # Errors
    /// The database is away.
    pub async fn is_linked(&self, app: &PartyId, claim: ClaimId) -> Result<bool, StoreError> {
        let sql = "-- timeline::linked
            select exists (select 1 from claim_link where claim_id = $2 and party_id = $1)";
        let (linked,): (bool,) =
            query_as(sql).bind(app.as_str()).bind(claim.to_string()).fetch_one(self.readers()).await?;
        Ok(linked)
    }

    /// When the newest revision of a claim came, and its submissions.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn open_submissions(&self, claim: ClaimId) -> Result<(Timestamp, Vec<OpenSubmission>), StoreError> {
        type Row = (String, String, String, String, i64, Option<Vec<u8>>);
        let sql = "-- timeline::submissions
            select id, party_id, line, state, changed_at, detail from submission where claim_id = $1
            order by created_at, party_id, line";
        let rows: Vec<Row> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        let sql = "-- timeline::received
            select coalesce(max(received_at), 0) from bundle where claim_id = $1";
        let (received,): (i64,) = query_as(sql).bind(claim.to_string()).fetch_one(self.readers()).await?;
        let submissions = rows.into_iter().map(|(id, party, line, state, changed, detail)| {
            Ok(OpenSubmission {
                id: parse("submission", "id", &id)?,
                party: parse("submission", "party_id", &party)?,
                line: parse("submission", "line", &line)?,
                state: parse("submission", "state", &state)?,
                since: time("submission", "changed_at", changed)?,
                detail,
            })
        });
        Ok((time("bundle", "received_at", received)?, submissions.collect::<Result<_, StoreError>>()?))
    }
}

fn audience(stream: &Stream) -> (&'static str, &str) {
    match stream {
        Stream::Hospital(party) => ("hospital", party.as_str()),
        Stream::Insurer(party) => ("insurer", party.as_str()),
        Stream::Shop(party) => ("shop", party.as_str()),
        Stream::Owner(..) => ("owner", NOBODY),
    }
}

fn line((position, claim, at, event, parameters): EntryRow) -> Result<(ClaimId, TimelineLine), StoreError> {
    let line = TimelineLine {
        position,
        at: time("timeline", "at", at)?,
        event,
        parameters: parse("timeline", "parameters", &parameters)?,
    };
    Ok((parse("timeline", "claim_id", &claim)?, line))
}
