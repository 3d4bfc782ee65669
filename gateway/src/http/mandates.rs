//! `/mandates/v1`: a party hands in a mandate (委託) and what is to be done under it, and is answered check by check; mandates
//! are recorded here, and end here before their time.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::mandate::scope::cents;
use serde::Deserialize;
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, CheckMandates, WriteOperator};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::mandate::Ending;
use crate::core::wallet::Act;
use crate::flows::mandate::{Ended, Given, NewCheck, NotChecked, NotRecorded, Recorded, Recording, Which};
use crate::flows::registry::Operator;
use crate::id::MandateId;

mod shown;

pub use shown::{MandateRecorded, MandateVerdict};

use shown::shown;

/// Documents of one check, and bytes of all of them.
const DOCUMENTS: usize = 4;
const DOCUMENT_BYTES: usize = 8 << 20;
/// Bytes of a body: the documents in base64, two mandates and the rest.
const BODY_BYTES: usize = 12 << 20;
/// Bytes of one mandate.
const MANDATE_BYTES: u64 = 256 << 10;
/// Kinds of records asked for at once, and the characters of each.
const KINDS: usize = 16;
const KIND: usize = 64;

/// A person, as who asks knows them.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandatePersonGiven"))]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// The scheme, as in mandates: `tw_national_id`, `tw_arc`, `tw_ubn`, `passport`, `insurer_code`.
    #[validate(length(min = 1, max = 32))]
    scheme: String,
    /// The number.
    #[validate(length(min = 1, max = 64))]
    value: String,
}

impl From<PersonBody> for Given {
    fn from(person: PersonBody) -> Self {
        Self { scheme: person.scheme, value: person.value }
    }
}

/// What the holder was asked to prove the key for.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateProof"))]
#[serde(deny_unknown_fields)]
pub struct ProofBody {
    /// The nonce you gave; use each once.
    #[validate(length(min = 16, max = 256))]
    nonce: String,
    /// Who you said you are.
    #[validate(length(min = 1, max = 512))]
    audience: String,
}

/// Body of `POST /mandates/v1/check`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateCheck"))]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// The mandate as its mandatary (受託人) presents it: an SD-JWT VC, with the holder's proof (KB-JWT) where `proof` is asked.
    #[validate(length(min = 1, max = MANDATE_BYTES))]
    mandate: Option<String>,
    /// Instead of it, the id of a recorded one.
    #[validate(length(min = 40, max = 40))]
    mandate_id: Option<String>,
    /// Of one its mandator (委託人) signed: a credential of the mandator that is bound to the key, the number disclosed.
    #[validate(length(min = 1, max = MANDATE_BYTES))]
    mandator_credential: Option<String>,
    /// The mandate it was passed on from (複委任).
    #[validate(length(min = 1, max = MANDATE_BYTES))]
    parent: Option<String>,
    /// What the holder proves the key for. Without it the mandatary is a party, by its registered key.
    #[validate(nested)]
    proof: Option<ProofBody>,
    /// What for, such as `motor-claim`: issuers are trusted by purpose.
    #[validate(length(min = 1, max = 64))]
    purpose: String,
    /// What is to be done.
    action: Option<Act>,
    /// The kinds of records that are asked for: each is granted or refused for itself.
    #[serde(default)]
    record_kinds: Vec<String>,
    /// Whose case it is: policyholder, insured or vehicle owner (案件當事人).
    #[validate(nested)]
    principal: Option<PersonBody>,
    /// Who presents, as you identified them.
    #[validate(nested)]
    presenter: Option<PersonBody>,
    /// Which party presents; without `proof` yourself, and any party where a police source asks.
    #[validate(length(min = 3, max = 64))]
    presented_by: Option<String>,
    /// Signed documents (委託書), PDF in base64: up to four, 8 MiB together. Alone they are judged by their signatures.
    #[serde(default)]
    documents: Vec<String>,
    /// Whether you act on it: counted where the mandate may run out, and only if it is granted.
    #[serde(default, rename = "use")]
    counts: bool,
}

/// Body of `POST /mandates/v1/records`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateRecord"))]
#[serde(deny_unknown_fields)]
pub struct RecordBody {
    /// The mandate, an SD-JWT VC. A holder's proof behind it is not kept. Left out where the session gave one.
    #[validate(length(min = 1, max = MANDATE_BYTES))]
    mandate: Option<String>,
    /// Of one its mandator (委託人) signed: a credential of the mandator that is bound to the key, the number disclosed.
    #[validate(length(min = 1, max = MANDATE_BYTES))]
    mandator_credential: Option<String>,
    /// A verified session (`wse_`) of yours: of the mandator who signed the mandate, instead of `mandator_credential`; or in which
    /// a mandate was given.
    #[validate(length(min = 40, max = 40))]
    session_id: Option<String>,
    /// What for, such as `motor-claim`.
    #[validate(length(min = 1, max = 64))]
    purpose: String,
}

/// Body of `POST /operator/v1/mandate-ends`: a mandate, or a person.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateEnd"))]
#[serde(deny_unknown_fields)]
pub struct EndBody {
    /// The issuer of a mandate that was revoked.
    #[validate(length(min = 1, max = 2048))]
    issuer: Option<String>,
    /// Its id there (`mandate.id`).
    #[validate(length(min = 16, max = 128))]
    mandate: Option<String>,
    /// A person who died: every mandate they gave or had ends.
    #[validate(nested)]
    died: Option<PersonBody>,
}

claimgate_packet::opaque_debug!(PersonBody, ProofBody, CheckBody, RecordBody, EndBody);

/// `POST /mandates/v1/check`.
///
/// # Errors
/// 404 for a mandate that is not recorded for this party, 422 where there is nothing to check.
pub async fn check(
    app: Data<App>,
    caller: Caller<CheckMandates>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let within = Small { bytes: BODY_BYTES, ..Small::default() };
    let body: CheckBody = body::json_within(&app, &request, payload, within).await?;
    let asked = asked(body)?;
    let verdict = app.engine.check_mandate(&caller.party, &asked).await.map_err(|reason| match reason {
        NotChecked::Unknown => Problem::not_found().at("/mandate_id"),
        NotChecked::Nothing => {
            let detail = "Name exactly one of mandate and mandate_id, with an action; or hand in documents alone";
            Problem::new(422, "mandate.nothing", detail)
        }
        NotChecked::Fault(fault) => fault.into(),
    })?;
    Ok(no_store().json(shown(verdict)))
}

fn asked(body: CheckBody) -> Result<NewCheck, Problem> {
    let wrong = |detail: &'static str, place| Problem::new(422, "body.value", detail).at(place);
    let amount = body.action.as_ref().and_then(|action| action.amount.as_deref());
    if amount.is_some_and(|amount| cents(amount).is_none()) {
        return Err(wrong("amount is New Taiwan dollars: digits, and at most two behind a point", "/action/amount"));
    }
    let short = |kind: &String| (1..=KIND).contains(&kind.chars().count());
    if body.record_kinds.len() > KINDS || !body.record_kinds.iter().all(short) {
        return Err(wrong("record_kinds: at most 16, each of 1 to 64 characters", "/record_kinds"));
    }
    let decode = |text: &String| STANDARD.decode(text).ok();
    let documents = body.documents.iter().map(decode).collect::<Option<Vec<_>>>();
    let fits = |all: &Vec<Vec<u8>>| all.len() <= DOCUMENTS && all.iter().map(Vec::len).sum::<usize>() <= DOCUMENT_BYTES;
    let documents = documents.filter(fits);
    let documents =
        documents.ok_or_else(|| wrong("documents: at most four, 8 MiB together, each in base64", "/documents"))?;
    let which = match (body.mandate, body.mandate_id) {
        (Some(_), Some(_)) => {
            let detail = "Name exactly one of mandate and mandate_id, with an action; or hand in documents alone";
            return Err(Problem::new(422, "mandate.nothing", detail));
        }
        (Some(text), None) => Some(Which::Presented(text)),
        (None, Some(id)) => Some(Which::Recorded(id.parse().map_err(|_| Problem::not_found().at("/mandate_id"))?)),
        (None, None) => None,
    };
    let presented_by = body.presented_by.map(|id| id.parse()).transpose();
    Ok(NewCheck {
        which,
        parent: body.parent,
        mandator: body.mandator_credential,
        proof: body.proof.map(|proof| (proof.nonce, proof.audience)),
        purpose: body.purpose,
        act: body.action,
        kinds: body.record_kinds,
        principal: body.principal.map(Given::from),
        presenter: body.presenter.map(Given::from),
        presented_by: presented_by.map_err(|_| wrong("presented_by is a party's id", "/presented_by"))?,
        documents,
        counts: body.counts,
    })
}

/// `POST /mandates/v1/records`.
///
/// # Errors
/// 422 for what does not verify or is not in force.
pub async fn record(
    app: Data<App>,
    caller: Caller<CheckMandates>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let within = Small { bytes: 1 << 20, ..Small::default() };
    let body: RecordBody = body::json_within(&app, &request, payload, within).await?;
    let session = body.session_id.map(|id| id.parse().map_err(|_| Problem::not_found().at("/session_id")));
    let recording = Recording {
        text: body.mandate,
        mandator: body.mandator_credential,
        session: session.transpose()?,
        purpose: body.purpose,
    };
    let recorded = app.engine.record_mandate(&caller.party, &recording).await;
    let Recorded { id, until, level, known, text } = recorded.map_err(|reason| match reason {
        NotRecorded::Nothing => {
            let detail =
                "Name a mandate, or a verified session of your own in which one was given, or whose person signed it";
            Problem::new(422, "mandate.nothing", detail)
        }
        NotRecorded::Refused(reason) => {
            Problem::new(422, "mandate.refused", format!("{}: {}", reason.code(), reason.english())).at("/mandate")
        }
        NotRecorded::Fault(fault) => fault.into(),
    })?;
    let recorded = MandateRecorded { mandate_id: id.to_string(), valid_until: until, level, mandate: text };
    let mut answer = if known { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(recorded))
}

/// `POST /mandates/v1/records/{id}/revoke`: by who recorded it, for its mandator.
///
/// # Errors
/// 404 for one that is not this party's.
pub async fn revoke(app: Data<App>, caller: Caller<CheckMandates>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id: MandateId = id.parse().map_err(|_| Problem::not_found())?;
    let done = app.engine.revoke_mandate(&caller.party.id, id).await?;
    if done { Ok(HttpResponse::NoContent().finish()) } else { Err(Problem::not_found()) }
}

/// `POST /operator/v1/mandate-ends`.
///
/// # Errors
/// 422 where it is neither a mandate nor a person.
pub async fn end(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: EndBody = body::json(&app, &request, payload).await?;
    let (what, reason) = match (body.issuer, body.mandate, body.died) {
        (Some(issuer), Some(id), None) => (Ended::Mandate { issuer, id }, Ending::Revoked),
        (None, None, Some(person)) => (Ended::Person(person.into()), Ending::Died),
        _ => {
            let detail = "Say either issuer and mandate (revoked), or died: a person";
            return Err(Problem::new(422, "body.value", detail));
        }
    };
    app.engine.end_mandate(&Operator::authenticated(&caller.party), &what, reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
