//! Parties as operators see and change them.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::{Validate, ValidationErrors};

use super::proposals::ProposalShown;
use super::{Cursor, Query, base, required_base, tagged, who};
use crate::access::scope::Scope;
use crate::app::App;
use crate::flows::registry::Changed;
use crate::http::body::{self, Small};
use crate::http::caller::{Caller, ReadOperator, WriteOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::party::{Party, PartyId, Registration};
use crate::store::read::PartyQuery;

/// A registration document: twelve contacts and a dozen keys fit.
const DOCUMENT: Small = Small { bytes: 131_072, members: 2_000 };

/// A key of a party; never its private half.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyShown {
    /// Key id.
    pub kid: String,
    /// `sig` or `enc`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// Algorithm.
    pub alg: &'static str,
    /// RFC 7638.
    pub thumbprint: String,
    /// Not used before (UTC).
    pub not_before: Option<Timestamp>,
    /// Ends or was revoked (UTC).
    pub ends: Option<Timestamp>,
    /// Whether it counts now.
    pub valid: bool,
}

/// A party (參與機構).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyShown {
    /// Id.
    pub id: String,
    /// Role (角色).
    pub role: &'static str,
    /// Name.
    pub name: String,
    /// State (狀態).
    pub state: &'static str,
    /// Counts changes; in `ETag` and `If-Match`.
    pub version: i64,
    /// Whether its registration counts today.
    pub in_effect: bool,
    /// First day, in Taiwan.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub effective_from: Option<Date>,
    /// Last day, in Taiwan.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub effective_until: Option<Date>,
    /// What an invited party still lacks.
    pub missing: Vec<&'static str>,
    /// Keys.
    pub keys: Vec<KeyShown>,
    /// The registration document, where one party is read; with contacts only under `operator.write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// What `GET /operator/v1/parties` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Parties {
    /// Parties by id.
    pub parties: Vec<PartyShown>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// A registration document as it comes: read further where an error can name its member.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Document(Value);

claimgate_packet::opaque_debug!(Document);

impl Validate for Document {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// Body of `PATCH /operator/v1/parties/{id}`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateBody {
    /// `invited`, `sandbox`, `certified`, `live` or `suspended`.
    #[validate(length(max = 16))]
    pub state: String,
}

/// `GET /operator/v1/parties?role=&state=&after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn list(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["role", "state", "after", "limit"])?;
    let limit = query.limit()?;
    let role = query.text("role").map(|word| serde_json::from_value(Value::String(word.to_owned()))).transpose();
    let which = PartyQuery {
        role: role.map_err(|_| super::wrong(&["role"]))?,
        state: query.parsed("state")?,
        after: query.text("after").unwrap_or_default().to_owned(),
        limit: limit + 1,
    };
    let mut rows = app.engine.store.parties_page(&which).await?;
    let cursor = Cursor::of(&mut rows, limit, |party| party.id.to_string());
    let parties = rows.iter().map(|party| shown(party, app.engine.now(), None)).collect();
    Ok(no_store().json(Parties { parties, cursor }))
}

/// `GET /operator/v1/parties/{id}`.
///
/// # Errors
/// 404 where there is none.
pub async fn read(app: Data<App>, caller: Caller<ReadOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id: PartyId = id.parse().map_err(|_| Problem::not_found())?;
    let party = if caller.bearer.has(Scope::OperatorWrite) {
        app.engine.party_with_contacts(&id).await?
    } else {
        app.engine.store.party(&id).await?
    };
    let party = party.ok_or_else(Problem::not_found)?;
    Ok(tagged(200, party.version).json(shown(&party, app.engine.now(), Some(document(&party)?))))
}

/// `PUT /operator/v1/parties/{id}`: the whole document, as it should be.
///
/// # Errors
/// 412 for another version, 422 for a document that is refused, 409 for a taken number.
pub async fn replace(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let base = required_base(&request)?;
    let Document(document) = body::json_within(&app, &request, payload, DOCUMENT).await?;
    let registration: Registration = body::typed(document).map_err(|found| {
        let detail = format!("It is no registration: {}", found.words);
        Problem::new(422, "registration.refused", detail).at(found.pointer)
    })?;
    if registration.id != *id {
        return Err(Problem::new(422, "registration.id", "The document's id is not the one in the address").at("/id"));
    }
    answer(&app, app.engine.change_as(&who(&caller), (registration, base), None).await?)
}

/// `PATCH /operator/v1/parties/{id}`: another state.
///
/// # Errors
/// 404, 412, 422 for a step that does not exist.
pub async fn change_state(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id: PartyId = id.parse().map_err(|_| Problem::not_found())?;
    let base = base(&request)?;
    let wanted: StateBody = body::json(&app, &request, payload).await?;
    let state = wanted.state.parse().map_err(|error: crate::party::UnknownPartyState| {
        Problem::new(422, "registration.refused", error.to_string()).at("/state")
    })?;
    answer(&app, app.engine.change_state_as(&who(&caller), (&id, base), state).await?)
}

fn answer(app: &App, changed: Changed) -> Result<HttpResponse, Problem> {
    match changed {
        Changed::Now(party) => {
            Ok(tagged(200, party.version).json(shown(&party, app.engine.now(), Some(document(&party)?))))
        }
        Changed::Waits(proposal) => Ok(tagged(202, proposal.row.base).json(ProposalShown::open(&proposal))),
    }
}

fn document(party: &Party) -> Result<Value, Problem> {
    party.registration().with_contacts().map_err(|_| crate::flows::Fault::Stored("registration").into())
}

fn shown(party: &Party, now: Timestamp, document: Option<Value>) -> PartyShown {
    let registration = party.registration();
    PartyShown {
        id: party.id.to_string(),
        role: party.role().as_str(),
        name: registration.name.clone(),
        state: party.state.as_str(),
        version: party.version,
        in_effect: party.term().holds(now),
        effective_from: registration.effective_from,
        effective_until: registration.effective_until,
        missing: party.missing(),
        keys: party
            .keys()
            .iter()
            .map(|key| KeyShown {
                kid: key.kid.clone(),
                usage: key.usage.as_str(),
                alg: key.alg.as_str(),
                thumbprint: key.thumbprint(),
                not_before: key.not_before,
                ends: key.ends(),
                valid: key.valid_at(now),
            })
            .collect(),
        document,
    }
}
