//! `/fhir/Bundle?`, `/fhir/Composition?`, `/fhir/ClaimResponse?`: a hospital searches what is its own (FHIR R4 §3.1.1).
//!
//! Prefer `_search` by POST: identifiers then stand in no address. They are logged in neither form.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_fhir::answer::{Promise, Response, claim_response, promise_response, searchset};
use claimgate_fhir::format::Format;
use serde_json::{Value, json};

use super::body;
use super::caller::{Caller, ReadBundles};
use super::fhir;
use super::form::{Form, token};
use super::hospital::claim_id;
use super::problem::Problem;
use crate::app::App;
use crate::core::offset::PartState;
use crate::flows::Fault;
use crate::flows::health::{Found, Search};
use crate::id::ClaimId;
use crate::party::{Party, PartyId};

/// The most a search gives, and what it gives where nothing is said.
const MOST: i64 = 50;
const USUAL: i64 = 20;
/// A search stops before it has read more than this of stored bundles.
const BYTES: usize = 16 << 20;

/// What kind of resource is searched for, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bundle,
    Composition,
    ClaimResponse,
}

macro_rules! handlers {
    ($($(#[$doc:meta])* $by_query:ident, $by_form:ident => $kind:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// 400 for a parameter that is not supported.
        pub async fn $by_query(
            app: Data<App>,
            caller: Caller<ReadBundles>,
            request: HttpRequest,
        ) -> Result<HttpResponse, Problem> {
            answer(&app, &caller.party.id, Kind::$kind, request.query_string()).await
        }

        /// The same by `POST …/_search`.
        ///
        /// # Errors
        /// As by GET, and a body that is no form.
        pub async fn $by_form(
            app: Data<App>,
            caller: Caller<ReadBundles>,
            request: HttpRequest,
            payload: Payload,
        ) -> Result<HttpResponse, Problem> {
            let form = body::form(&app, &request, payload).await?;
            answer(&app, &caller.party.id, Kind::$kind, &form).await
        }
    )+};
}

handlers! {
    /// `GET /fhir/Bundle?identifier=` or `?_id=`.
    bundles, bundles_by_form => Bundle;
    /// `GET /fhir/Composition?patient.identifier=` or `?entry:Encounter.identifier=`.
    compositions, compositions_by_form => Composition;
    /// `GET /fhir/ClaimResponse?request.identifier=`: how the insurers stand with a claim.
    responses, responses_by_form => ClaimResponse;
}

async fn answer(app: &App, hospital: &PartyId, kind: Kind, text: &str) -> Result<HttpResponse, Problem> {
    fhir::check_wanted(text)?;
    let (search, count) = parse(kind, text)?;
    // One more than is given shows whether there are more.
    let mut claims = app.engine.search(hospital, &search, count + 1).await?;
    let base = format!("{}/fhir", app.engine.issuer);
    let (mut entries, mut read) = (Vec::new(), 0);
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let mut cut = claims.len() > most;
    claims.truncate(most);
    for claim in claims {
        let Some(found) = app.engine.stored_bundle(hospital, claim, None).await? else { continue };
        read += found.body.len();
        if read > BYTES && !entries.is_empty() {
            cut = true;
            break;
        }
        let bundle = parsed(found).await?;
        match kind {
            Kind::Bundle => entries.push((format!("{base}/Bundle/{}", claim.uuid()), bundle)),
            Kind::Composition => entries.extend(composition_entry(&base, claim, &bundle)),
            Kind::ClaimResponse => entries.extend(response_entries(app, hospital, &base, claim, &bundle).await?),
        }
    }
    let set = searchset(entries, cut);
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    Ok(fhir::answer_search(text, response, &set))
}

/// A stored bundle as JSON; large ones take long enough to hold up a server thread.
async fn parsed(found: Found) -> Result<Value, Problem> {
    let read = tokio::task::spawn_blocking(move || Format::of_bytes(&found.body).read(&found.body)).await;
    Ok(read.map_err(|_| Fault::Task)?.ok_or(Fault::Stored("bundle"))?)
}

fn parse(kind: Kind, text: &str) -> Result<(Search, i64), Problem> {
    let supported = match kind {
        Kind::Bundle => "identifier=<system>|<value> or _id=<id>",
        Kind::Composition => "patient.identifier=<system>|<value> or entry:Encounter.identifier=<value>",
        Kind::ClaimResponse => "request.identifier=<system>|<value>",
    };
    let refused = || Problem::new(400, "search.parameter", format!("Search by exactly one of: {supported}"));
    let form = Form::read(text).ok_or_else(refused)?;
    let count = match form.one("_count") {
        None => USUAL,
        Some(text) => text
            .parse()
            .ok()
            .filter(|count| (1..=MOST).contains(count))
            .ok_or_else(|| Problem::new(400, "search.count", format!("_count is 1 to {MOST}")))?,
    };
    let mut names = form.names().filter(|name| !matches!(*name, "_format" | "_count"));
    let (Some(name), None) = (names.next(), names.next()) else { return Err(refused()) };
    let value = form.one(name).ok_or_else(refused)?;
    let identifier = || token(value).ok_or_else(refused);
    let search = match (kind, name) {
        (Kind::Bundle, "_id") => Search::Id(claim_id(value).ok()),
        (Kind::Bundle, "identifier") | (Kind::ClaimResponse, "request.identifier") => {
            let (system, value) = identifier()?;
            Search::Case(system, value)
        }
        (Kind::Composition, "patient.identifier") => {
            let (system, value) = identifier()?;
            Search::Patient(system, value)
        }
        (Kind::Composition, "entry:Encounter.identifier") => Search::Encounter(identifier()?.1),
        _ => return Err(refused()),
    };
    Ok((search, count))
}

fn composition_entry(base: &str, claim: ClaimId, bundle: &Value) -> Option<(String, Value)> {
    let mut composition = bundle.pointer("/entry/0/resource").cloned()?;
    // The document's own entry has no address here; the bundle that holds it has.
    let source = json!([{ "url": "urn:claimgate:bundle", "valueUri": format!("{base}/Bundle/{}", claim.uuid()) }]);
    composition.as_object_mut()?.insert("extension".to_owned(), source);
    Some((format!("urn:uuid:{}", claim.uuid()), composition))
}

async fn response_entries(
    app: &App,
    hospital: &PartyId,
    base: &str,
    claim: ClaimId,
    bundle: &Value,
) -> Result<Vec<(String, Value)>, Problem> {
    let mut entries = Vec::new();
    for one in app.engine.store.submissions_of_hospital(hospital, claim).await? {
        let insurer = app.engine.store.party(&one.insurer).await?;
        let registration = insurer.as_ref().map(Party::registration);
        let number = registration.and_then(|known| known.identifiers.first());
        let response = Response {
            id: one.id.uuid().to_string(),
            request: bundle.get("identifier").cloned().unwrap_or(Value::Null),
            created: one.changed.to_string(),
            insurer_name: registration.map(|known| known.name.clone()).unwrap_or_default(),
            insurer_number: number.map(|known| (known.system.clone(), known.value.clone())),
            line: one.line,
            state: one.state.as_str(),
        };
        entries.push((format!("{base}/ClaimResponse/{}", one.id.uuid()), claim_response(&response)));
    }
    for seen in app.engine.offsets_of_claim(claim).await? {
        for (place, (part, bears)) in seen.offset.borne().enumerate() {
            let insurer = app.engine.store.party(&part.party).await?;
            let registration = insurer.as_ref().map(Party::registration);
            let number = registration.and_then(|known| known.identifiers.first());
            let of = Response {
                id: format!("{}-{}", seen.id.uuid(), place + 1),
                request: bundle.get("identifier").cloned().unwrap_or(Value::Null),
                created: seen.changed.to_string(),
                insurer_name: registration.map(|known| known.name.clone()).unwrap_or_default(),
                insurer_number: number.map(|known| (known.system.clone(), known.value.clone())),
                line: part.line,
                state: seen.offset.state().as_str(),
            };
            let address = format!("{base}/ClaimResponse/{}", of.id);
            let promise = Promise {
                of,
                case: seen.id.to_string(),
                state_zh: seen.offset.state().chinese(),
                answered: part.state != PartState::Asked,
                bears,
                paid: part.paid(),
                expires: part.expires_at.map(|at| at.to_string()),
            };
            entries.push((address, promise_response(&promise)));
        }
    }
    Ok(entries)
}
