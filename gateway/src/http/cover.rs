//! `/claims/v1/accidents/{id}/cover`: who covers a vehicle of an accident (投保查詢). `/insurer/v1/cover-key`: what an insurer that
//! answers such questions makes its digests with.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::cover::Covers;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::accidents::GroundBody;
use super::body;
use super::caller::{Caller, FileAccidents, FollowClaims, ReadDeliveries};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::accident::cover::{CompulsoryFound, InsurerFound};
use crate::flows::accident::{LookUp, NotLookedUp};

/// Body of `POST /claims/v1/accidents/{id}/cover`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewCoverLookUp"))]
#[serde(deny_unknown_fields)]
pub struct CoverBody {
    /// The plate (牌照號碼) of a vehicle the filing or the registration slip names.
    #[validate(length(min = 2, max = 20))]
    pub plate: String,
    /// The person's consent or mandate: by asking, the plate is disclosed.
    pub ground: GroundBody,
}

claimgate_packet::opaque_debug!(CoverBody);

/// What was looked up.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CoverLookUp"))]
pub struct CoverShown {
    /// Its number in the claim.
    pub number: i64,
    /// The plate, as it was asked about.
    pub plate: String,
    /// The day of the accident.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// When.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub asked_at: Timestamp,
    /// When it was answered.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub answered_at: Option<Timestamp>,
    /// Compulsory cover (強制險), by the institute; absent where no institute takes part.
    pub compulsory: Option<CompulsoryShown>,
    /// Each insurer that takes part.
    pub insurers: Vec<InsurerShown>,
}

/// Compulsory cover.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CompulsoryCover"))]
pub struct CompulsoryShown {
    /// Whether a certificate was in force.
    pub covers: Covers,
    /// The insurer's 統一編號.
    pub insurer: Option<String>,
    /// Its party id, where it is registered here.
    pub party: Option<String>,
    /// The certificate's number (保險證號碼).
    pub certificate: Option<String>,
    /// The first day of cover.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub from: Option<Date>,
    /// The last.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub until: Option<Date>,
    /// Why it is not known, as a stable word.
    pub reason: Option<String>,
}

/// What an insurer says.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InsurerCover"))]
pub struct InsurerShown {
    /// Party id.
    pub party: String,
    /// Whether it covers the vehicle.
    pub covers: Covers,
    /// In which lines.
    pub lines: Vec<Line>,
    /// Why it is not known, as a stable word.
    pub reason: Option<String>,
}

/// The look-ups of a claim.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CoverLookUps"))]
pub struct CoversShown {
    /// Oldest first.
    pub lookups: Vec<CoverShown>,
}

/// The key of the pair of this gateway and an insurer.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CoverKey {
    /// Its name.
    pub kid: &'static str,
    /// Always `HMAC-SHA-256`.
    pub algorithm: &'static str,
    /// 32 bytes, base64url. Keep it as you keep private keys.
    pub key: String,
}

claimgate_packet::opaque_debug!(CoverShown, CompulsoryShown, InsurerShown, CoversShown, CoverKey);

fn compulsory(found: CompulsoryFound) -> CompulsoryShown {
    CompulsoryShown {
        covers: found.covers,
        insurer: found.insurer,
        party: found.party,
        certificate: found.certificate,
        from: found.term.map(|(from, _)| from),
        until: found.term.map(|(_, until)| until),
        reason: found.reason,
    }
}

fn insurer(found: InsurerFound) -> InsurerShown {
    InsurerShown { party: found.party, covers: found.covers, lines: found.lines, reason: found.reason }
}

fn shown(seen: LookUp) -> CoverShown {
    CoverShown {
        number: seen.number,
        plate: seen.found.plate,
        on: seen.found.on,
        asked_at: seen.asked_at,
        answered_at: seen.answered_at,
        compulsory: seen.found.compulsory.map(compulsory),
        insurers: seen.found.insurers.into_iter().map(insurer).collect(),
    }
}

/// `POST /claims/v1/accidents/{id}/cover`.
///
/// # Errors
/// 404 where it is another's, 422 for a plate that is none of its vehicles' or a ground that is none, 429 where it was asked too
/// often.
pub async fn ask(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let asked: CoverBody = body::json(&app, &request, payload).await?;
    if !(1..=100).contains(&asked.ground.reference.chars().count()) {
        return Err(Problem::new(422, "body.value", "A reference has 1 to 100 characters").at("/ground/reference"));
    }
    let ground = (asked.ground.kind, asked.ground.reference);
    let seen = app.engine.look_up_cover(&caller.party, id, &asked.plate, ground).await?;
    Ok(no_store().json(shown(seen)))
}

/// `GET /claims/v1/accidents/{id}/cover`.
///
/// # Errors
/// 404 where it is another's.
pub async fn read(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let lookups = app.engine.covers_of(&caller.party.id, id).await?.into_iter().map(shown).collect();
    Ok(no_store().json(CoversShown { lookups }))
}

/// `GET /insurer/v1/cover-key`.
///
/// # Errors
/// The store is away.
pub async fn key(app: Data<App>, caller: Caller<ReadDeliveries>) -> Result<HttpResponse, Problem> {
    let key = app.engine.give_pair_key(&caller.party.id).await?;
    Ok(no_store().json(CoverKey { kid: "cover-1", algorithm: "HMAC-SHA-256", key: key.to_text() }))
}

impl From<NotLookedUp> for Problem {
    fn from(reason: NotLookedUp) -> Self {
        match reason {
            NotLookedUp::NotFound => Self::not_found(),
            NotLookedUp::Plate => {
                Problem::new(422, "cover.plate", "This is no plate of a vehicle that the filing or the slip names")
                    .at("/plate")
            }
            NotLookedUp::Ground => {
                Problem::new(422, "cover.ground", "A look-up discloses the plate: name the person's consent or mandate")
                    .at("/ground/kind")
            }
            NotLookedUp::TooOften(seconds) => {
                let text = "This case was looked up as often as it may be; GET gives what was found";
                let problem = Problem::new(429, "cover.limit", text);
                match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
                    Some(seconds) => problem.again_in(seconds),
                    None => problem,
                }
            }
            NotLookedUp::Fault(fault) => fault.into(),
        }
    }
}
