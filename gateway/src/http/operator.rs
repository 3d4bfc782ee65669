//! `/operator/v1`: operators (維運人員), authenticated in person, look after the registry, endpoints and alerts.
//! Regulators (主管機關) read the same. Who acts is always the party behind the token, never a name in a request.

use actix_web::HttpRequest;
use actix_web::HttpResponseBuilder;
use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;

use super::caller::{Caller, Right};
use super::form::Form;
use super::problem::Problem;
use crate::flows::endpoint::NotChanged;
use crate::flows::registry::{NotRegistered, Operator};

pub mod alerts;
pub mod endpoints;
pub mod parties;
pub mod proposals;
pub mod trust;
pub mod watch;

/// How many things a page has where nothing is said, and the most.
const USUAL: i64 = 50;
const MOST: i64 = 200;

/// One page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cursor {
    /// The `after` of the next page; null where this is the last.
    pub next_after: Option<String>,
}

impl Cursor {
    /// Of rows of which one more than asked for was read.
    fn of<T>(rows: &mut Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { next_after: rows.last().filter(|_| more).map(key) }
    }
}

/// The query of a list: each parameter once, none that is not known.
struct Query(Form);

impl Query {
    fn read(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let form = Form::read(request.query_string()).ok_or_else(|| wrong(known))?;
        if form.names().any(|name| !known.contains(&name)) {
            return Err(wrong(known));
        }
        Ok(Self(form))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.one(name).filter(|text| text.len() <= 256)
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name).map(str::parse).transpose().map_err(|_| wrong(&[name]))
    }

    fn flag(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.parsed(name)?.unwrap_or_default())
    }

    fn limit(&self) -> Result<i64, Problem> {
        let limit = self.parsed("limit")?.unwrap_or(USUAL);
        if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(wrong(&["limit"])) }
    }
}

fn wrong(known: &[&str]) -> Problem {
    let detail = format!("The query holds other than {}, one of them twice, or out of bounds", known.join(", "));
    Problem::new(400, "query.invalid", detail)
}

/// Who acts.
fn who<R: Right>(caller: &Caller<R>) -> Operator {
    Operator::authenticated(&caller.party)
}

/// The version a change is made from; 0 where nothing is there, said by `If-None-Match: *`.
fn base(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let form = || {
        Problem::new(
            400,
            "operator.if-match-form",
            "If-Match is one ETag as the gateway gave it, W/\"1\"; If-None-Match is *",
        )
    };
    let text = |name| request.headers().get(name).map(|value| value.to_str().map_err(|_| form())).transpose();
    match (text(IF_MATCH)?, text(IF_NONE_MATCH)?) {
        (None, None) => Ok(None),
        (None, Some("*")) => Ok(Some(0)),
        (Some(tag), None) => {
            let tag = tag.trim();
            let version = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            version.and_then(|text| text.parse().ok()).filter(|version| *version > 0).map(Some).ok_or_else(form)
        }
        _ => Err(form()),
    }
}

fn required_base(request: &HttpRequest) -> Result<i64, Problem> {
    base(request)?.ok_or_else(|| {
        let detail = "Send If-Match with the ETag you read, or If-None-Match: * for what is not there yet";
        Problem::new(428, "operator.if-match-missing", detail)
    })
}

fn tagged(status: u16, version: i64) -> HttpResponseBuilder {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::OK);
    let mut response = actix_web::HttpResponse::build(status);
    response.insert_header(("Cache-Control", "no-store")).insert_header(("ETag", format!("W/\"{version}\"")));
    response
}

impl From<NotRegistered> for Problem {
    fn from(reason: NotRegistered) -> Self {
        match reason {
            NotRegistered::Fault(fault) => fault.into(),
            NotRegistered::Unknown | NotRegistered::NoProposal => Self::not_found(),
            NotRegistered::Registration(reason) => {
                Problem::new(422, "registration.refused", format!("The registration is refused: {reason}"))
            }
            NotRegistered::Issuer(reason) => {
                Problem::new(422, "trust.refused", format!("The issuer is refused: {reason}")).at("/issuer")
            }
            NotRegistered::Taken(_) => {
                Problem::new(409, "registration.taken", format!("Nothing was changed: {reason}"))
            }
            NotRegistered::SameOperator => {
                Problem::new(403, "proposal.own", "You proposed this yourself: another operator approves it")
            }
            NotRegistered::OtherOperator => {
                Problem::new(403, "proposal.other", "Only who proposed it takes it back; you may reject it")
            }
            NotRegistered::Expired => {
                Problem::new(409, "proposal.expired", "The proposal has expired; propose it again")
            }
            NotRegistered::TooFew => Problem::new(409, "operator.too-few", format!("Nothing was changed: {reason}")),
            NotRegistered::Outdated => Problem::new(
                412,
                "registry.version",
                "It has changed since you read it; read it again and look at what changed",
            ),
            NotRegistered::Endpoint(reason) => of_endpoint(reason),
            other => Problem::new(409, "registry.changed", format!("Nothing was changed: {other}")),
        }
    }
}

/// What operators are told of an endpoint; parties get less.
fn of_endpoint(reason: NotChanged) -> Problem {
    match reason {
        NotChanged::Address(reason) => {
            Problem::new(422, "endpoint.address", format!("The address is refused: {reason}")).at("/url")
        }
        NotChanged::NotAnInsurer => Problem::not_found(),
        NotChanged::NoPackets => Problem::new(422, "body.value", reason.to_string()).at("/content"),
        other => other.into(),
    }
}
