//! The registry of trusted issuers (信任清單): what counts, and changes that wait for a second operator.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::who;
use crate::app::App;
use crate::core::change::Verdict;
use crate::core::trust::TrustProposal;
use crate::flows::registry::{IssuerShown as Issuer, NotRegistered, Operator};
use crate::http::body::{self, Small};
use crate::http::caller::{ApproveOperator, Caller, ReadOperator, WriteOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::id::ProposalId;
use crate::keys::issuers::IssuerDocument;

/// Bytes of a document with its certificates.
const DOCUMENT: Small = Small { bytes: 256 << 10, members: 2_000 };

/// An issuer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TrustedIssuerShown"))]
pub struct IssuerShown {
    /// The document.
    #[serde(flatten)]
    pub issuer: IssuerDocument,
    /// Its version; 0 where the operator's file names it and nobody agreed on anything else.
    pub version: i64,
}

impl From<Issuer> for IssuerShown {
    fn from(known: Issuer) -> Self {
        Self { issuer: known.document, version: known.version }
    }
}

/// What `GET /operator/v1/trust/issuers` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustedIssuers {
    /// All, by id, revoked ones too.
    pub issuers: Vec<IssuerShown>,
}

/// A proposal.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustProposalShown {
    /// Id.
    pub id: String,
    /// The issuer as it would be.
    pub issuer: IssuerDocument,
    /// The version it was made against; 0 for one nobody agreed on before.
    pub base_version: i64,
    /// Who proposed it.
    pub proposed_by: String,
    /// When (UTC).
    pub proposed_at: Timestamp,
    /// Until when it can be approved (UTC).
    pub expires_at: Timestamp,
    /// `open`, `expired`, `approved`, `rejected` or `withdrawn`.
    pub standing: &'static str,
    /// Who decided.
    pub decided_by: Option<String>,
}

/// What `GET /operator/v1/trust/proposals` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustProposals {
    /// Those nobody has decided, oldest first.
    pub proposals: Vec<TrustProposalShown>,
}

/// Body of `POST /operator/v1/trust/issuers/revoke`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TrustRevoke"))]
#[serde(deny_unknown_fields)]
pub struct RevokeBody {
    /// The issuer's id.
    #[validate(length(min = 1, max = 2048))]
    pub id: String,
}

/// Body of `POST /operator/v1/trust/proposals`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TrustPropose"))]
#[serde(deny_unknown_fields)]
pub struct ProposeBody {
    /// The issuer as it shall be.
    pub issuer: IssuerDocument,
}

fn proposal(app: &App, one: TrustProposal) -> Result<TrustProposalShown, Problem> {
    let standing = match &one.decided {
        Some((verdict, _)) => verdict.as_str(),
        None if one.expires_at <= app.engine.now() => "expired",
        None => "open",
    };
    Ok(TrustProposalShown {
        id: one.id.to_string(),
        issuer: serde_json::from_str(&one.document).map_err(NotRegistered::from)?,
        base_version: one.base,
        proposed_by: one.by,
        proposed_at: one.at,
        expires_at: one.expires_at,
        standing,
        decided_by: one.decided.map(|(_, by)| by),
    })
}

/// `GET /operator/v1/trust/issuers`.
///
/// # Errors
/// A fault of ours.
pub async fn issuers(app: Data<App>, _caller: Caller<ReadOperator>) -> Result<HttpResponse, Problem> {
    let issuers = app.engine.trusted_issuers().await?.into_iter().map(IssuerShown::from).collect();
    Ok(no_store().json(TrustedIssuers { issuers }))
}

/// `POST /operator/v1/trust/issuers/revoke`: at once, by one operator.
///
/// # Errors
/// 404 where there is none.
pub async fn revoke(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let said: RevokeBody = body::json(&app, &request, payload).await?;
    let revoked = app.engine.revoke_trust(&who(&caller), &said.id).await?;
    Ok(no_store().json(IssuerShown::from(revoked)))
}

/// `GET /operator/v1/trust/proposals`.
///
/// # Errors
/// A fault of ours.
pub async fn list(app: Data<App>, _caller: Caller<ReadOperator>) -> Result<HttpResponse, Problem> {
    let open = app.engine.store.open_trust_proposals().await?;
    let proposals = open.into_iter().map(|one| proposal(&app, one)).collect::<Result<_, _>>()?;
    Ok(no_store().json(TrustProposals { proposals }))
}

/// `POST /operator/v1/trust/proposals`.
///
/// # Errors
/// 422 for a document that is refused, 409 where nothing would change.
pub async fn propose(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let said: ProposeBody = body::json_within(&app, &request, payload, DOCUMENT).await?;
    let proposed = app.engine.propose_trust(&who(&caller), &said.issuer).await?;
    let mut answer = HttpResponse::Accepted();
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(proposal(&app, proposed)?))
}

/// `GET /operator/v1/trust/proposals/{id}`.
///
/// # Errors
/// 404 where there is none.
pub async fn read(app: Data<App>, _caller: Caller<ReadOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let found = app.engine.store.trust_proposal(parse(&id)?).await?.ok_or_else(Problem::not_found)?;
    Ok(no_store().json(proposal(&app, found)?))
}

/// `POST /operator/v1/trust/proposals/{id}/approve`: by another operator than the one who proposed it.
///
/// # Errors
/// 403 for one's own, 409 where it cannot be approved any more.
pub async fn approve(
    app: Data<App>,
    caller: Caller<ApproveOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (who(&caller), parse(&id)?);
    match app.engine.approve_trust(&by, id).await {
        Ok(done) => Ok(no_store().json(proposal(&app, done)?)),
        Err(NotRegistered::NoProposal) => decided(&app, &by, (id, Verdict::Approved)).await,
        Err(NotRegistered::Outdated) => Err(Problem::new(
            409,
            "proposal.outdated",
            "What it was made against has changed since; look at it, and propose again",
        )),
        Err(reason) => Err(reason.into()),
    }
}

/// `POST /operator/v1/trust/proposals/{id}/reject`.
///
/// # Errors
/// 409 where it was decided otherwise.
pub async fn reject(
    app: Data<App>,
    caller: Caller<ApproveOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    turn_down(&app, &who(&caller), (parse(&id)?, Verdict::Rejected)).await
}

/// `POST /operator/v1/trust/proposals/{id}/withdraw`: by who proposed it.
///
/// # Errors
/// 403 for another's, 409 where it was decided otherwise.
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    turn_down(&app, &who(&caller), (parse(&id)?, Verdict::Withdrawn)).await
}

async fn turn_down(app: &App, by: &Operator, (id, verdict): (ProposalId, Verdict)) -> Result<HttpResponse, Problem> {
    match app.engine.turn_down_trust(by, id, verdict).await {
        Ok(done) => Ok(no_store().json(proposal(app, done)?)),
        Err(NotRegistered::NoProposal) => decided(app, by, (id, verdict)).await,
        Err(reason) => Err(reason.into()),
    }
}

/// The same decision by the same operator again is the same answer.
async fn decided(app: &App, by: &Operator, (id, verdict): (ProposalId, Verdict)) -> Result<HttpResponse, Problem> {
    let found = app.engine.store.trust_proposal(id).await?.ok_or_else(Problem::not_found)?;
    if found.decided.as_ref().is_some_and(|(known, who)| *known == verdict && who == by.name()) {
        return Ok(no_store().json(proposal(app, found)?));
    }
    Err(Problem::new(409, "proposal.decided", "The proposal was decided before; read it to see by whom"))
}

fn parse(id: &str) -> Result<ProposalId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
