//! Endpoints, attempts and dead letters as operators see and look after them.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::RedriveBody;
use claimgate_adapters::insurer::told::{Attempts, EndpointShown};
use claimgate_adapters::insurer::webhook;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::proposals::ProposalShown;
use super::{Cursor, Query, base, of_endpoint, required_base, tagged, who};
use crate::app::App;
use crate::core::push::Content;
use crate::flows::endpoint::{NotChanged, WantedEndpoint};
use crate::flows::registry::EndpointChanged;
use crate::http::body;
use crate::http::caller::{Caller, ReadOperator, WriteOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::http::push::{attempt, selection, shown};
use crate::id::DeliveryId;
use crate::party::PartyId;

/// What an endpoint is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sent {
    /// A thin event.
    #[default]
    Event,
    /// The sealed packet.
    Packet,
}

/// How messages are signed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Signed {
    /// A public key for the insurer.
    #[default]
    Ed25519,
    /// A shared secret.
    Hmac,
}

impl From<Signed> for webhook::Scheme {
    fn from(word: Signed) -> Self {
        match word {
            Signed::Ed25519 => Self::Ed25519,
            Signed::Hmac => Self::Hmac,
        }
    }
}

/// Body of `PUT /operator/v1/parties/{id}/endpoint`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EndpointBody {
    /// Where: https, a public domain name.
    #[validate(length(min = 1, max = 2048))]
    pub url: String,
    /// What it is sent.
    #[serde(default)]
    pub content: Sent,
    /// How messages are signed.
    #[serde(default)]
    pub scheme: Signed,
}

/// Body of `POST /operator/v1/parties/{id}/endpoint/rotate`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateBody {
    /// How messages are signed.
    #[serde(default)]
    pub scheme: Signed,
}

/// An endpoint that was set.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EndpointSet {
    /// The endpoint as it is now.
    pub endpoint: EndpointShown,
    /// For the insurer: what it checks signatures with. Not shown again.
    pub key: String,
}

claimgate_packet::opaque_debug!(EndpointSet, EndpointProposed);

/// An endpoint that waits for a second operator.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EndpointProposed {
    /// The proposal.
    pub proposal: ProposalShown,
    /// For the insurer: what it will check signatures with. Not shown to anybody else.
    pub key: String,
}

/// An endpoint and whose it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EndpointOf {
    /// Party id.
    pub party: String,
    /// The endpoint.
    pub endpoint: EndpointShown,
}

/// What `GET /operator/v1/endpoints` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Endpoints {
    /// Endpoints by party id.
    pub endpoints: Vec<EndpointOf>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// A message that was given up.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadShown {
    /// The message's id.
    pub message_id: String,
    /// Party id.
    pub party: String,
    /// Delivery id.
    pub delivery_id: String,
    /// `delivery.ready` or `delivery.withdrawn`.
    pub event: String,
    /// Attempts made.
    pub tries: i64,
    /// When the first one was (UTC).
    pub first_try: Option<Timestamp>,
    /// When it was given up (UTC).
    pub given_up: Timestamp,
}

/// What `GET /operator/v1/dead-letters` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetters {
    /// Messages by id.
    pub messages: Vec<DeadShown>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// `GET /operator/v1/endpoints?failing=&after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn list(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["failing", "after", "limit"])?;
    let (failing, limit) = (query.flag("failing")?, query.limit()?);
    let after = query.text("after").unwrap_or_default();
    let mut rows = app.engine.store.endpoints_page(failing, after, limit + 1).await?;
    let cursor = Cursor::of(&mut rows, limit, |(party, _)| party.to_string());
    let of = |(party, known): (PartyId, _)| EndpointOf { party: party.to_string(), endpoint: shown(known) };
    Ok(no_store().json(Endpoints { endpoints: rows.into_iter().map(of).collect(), cursor }))
}

/// `GET /operator/v1/dead-letters?party=&after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn dead(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["party", "after", "limit"])?;
    let (party, limit) = (query.parsed::<PartyId>("party")?, query.limit()?);
    let after = query.text("after").unwrap_or_default();
    let mut rows = app.engine.store.dead_letters(party.as_ref(), after, limit + 1).await?;
    let cursor = Cursor::of(&mut rows, limit, |one| one.message.clone());
    let messages = rows.into_iter().map(|one| DeadShown {
        message_id: one.message,
        party: one.party.to_string(),
        delivery_id: one.delivery,
        event: one.kind,
        tries: one.tries,
        first_try: one.first_try,
        given_up: one.given_up,
    });
    Ok(no_store().json(DeadLetters { messages: messages.collect(), cursor }))
}

/// `GET /operator/v1/deliveries/{id}/attempts`.
///
/// # Errors
/// 404 where there is no such delivery.
pub async fn attempts(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = id.parse().map_err(|_| Problem::not_found())?;
    let store = &app.engine.store;
    let party = store.recipient_of(id).await?.ok_or_else(Problem::not_found)?;
    let attempts = store.attempts(&party, id).await?.into_iter().map(attempt).collect();
    Ok(no_store().json(Attempts { delivery_id: id.to_string(), repository: None, attempts }))
}

/// `GET /operator/v1/parties/{id}/endpoint`.
///
/// # Errors
/// 404 where it has none.
pub async fn read(app: Data<App>, _caller: Caller<ReadOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let known = app.engine.store.endpoint(&parse(&id)?).await?.ok_or_else(|| of_endpoint(NotChanged::None))?;
    Ok(tagged(200, known.version).json(shown(known)))
}

/// `PUT /operator/v1/parties/{id}/endpoint`: an address, with a new key.
///
/// # Errors
/// 412 for another version, 422 for an address that may not be reached.
pub async fn set(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, base) = (parse(&id)?, required_base(&request)?);
    let said: EndpointBody = body::json(&app, &request, payload).await?;
    let content = match said.content {
        Sent::Event => Content::Event,
        Sent::Packet => Content::Packet,
    };
    let wanted = WantedEndpoint::Set { url: said.url, content, scheme: said.scheme.into() };
    Ok(answer(app.engine.change_endpoint_as(&who(&caller), (&id, Some(base)), &wanted).await?))
}

/// `POST /operator/v1/parties/{id}/endpoint/rotate`: a new key; the one before signs beside it for a day.
///
/// # Errors
/// 404 where it has none, 412 for another version.
pub async fn rotate(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, base) = (parse(&id)?, base(&request)?);
    let said: RotateBody = body::json(&app, &request, payload).await?;
    let wanted = WantedEndpoint::Rotate { scheme: said.scheme.into() };
    Ok(answer(app.engine.change_endpoint_as(&who(&caller), (&id, base), &wanted).await?))
}

fn answer(changed: EndpointChanged) -> HttpResponse {
    match changed {
        EndpointChanged::Now(known, key) => {
            tagged(200, known.version).json(EndpointSet { endpoint: shown(*known), key: key.to_string() })
        }
        EndpointChanged::Waits(proposal, key) => tagged(202, proposal.row.base)
            .json(EndpointProposed { proposal: ProposalShown::open(&proposal), key: key.to_string() }),
    }
}

/// `POST /operator/v1/parties/{id}/endpoint/resume`: sent to again, beginning with what is not acknowledged.
///
/// # Errors
/// 404 where it has none.
pub async fn resume(app: Data<App>, caller: Caller<WriteOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    switch(&app, &caller, &id, true).await
}

/// `POST /operator/v1/parties/{id}/endpoint/off`: nothing is sent, everything is kept.
///
/// # Errors
/// 404 where it has none.
pub async fn off(app: Data<App>, caller: Caller<WriteOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    switch(&app, &caller, &id, false).await
}

async fn switch(app: &App, caller: &Caller<WriteOperator>, id: &str, on: bool) -> Result<HttpResponse, Problem> {
    let known = app.engine.switch_endpoint_as(&who(caller), &parse(id)?, on).await?;
    Ok(tagged(200, known.version).json(shown(known)))
}

/// `POST /operator/v1/parties/{id}/endpoint/redrive`: told again, under the same message ids.
///
/// # Errors
/// 404 where it has none, 422 for another form.
pub async fn redrive(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = parse(&id)?;
    let asked: RedriveBody = body::json(&app, &request, payload).await?;
    let which = selection(&app, asked)?;
    let known = app.engine.redrive(&who(&caller).actor(), &id, which).await.map_err(of_endpoint)?;
    Ok(tagged(200, known.version).json(shown(known)))
}

fn parse(id: &str) -> Result<PartyId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
