//! Proposals: what waits for a second operator, read and decided.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{Cursor, Query, who};
use crate::app::App;
use crate::core::change::Verdict;
use crate::flows::registry::{NotRegistered, Operator, Proposal, Reviewed, Standing};
use crate::http::body;
use crate::http::caller::{ApproveOperator, Caller, ReadOperator, WriteOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::id::ProposalId;

/// A member that would change.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The member, or `state`, `url`, `content`, `key`.
    pub member: &'static str,
    /// What stands there; empty for nothing. Keys by kid and thumbprint, contacts by their number.
    pub old: String,
    /// What would stand there.
    pub new: String,
}

/// A proposal (變更提案).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalShown {
    /// Id.
    pub id: String,
    /// `party` or `endpoint`.
    pub kind: &'static str,
    /// The party.
    pub party: String,
    /// The version it was made against; 0 for something new.
    pub base_version: i64,
    /// The state the party would have.
    pub state: Option<&'static str>,
    /// Who proposed it.
    pub proposed_by: String,
    /// When (UTC).
    pub proposed_at: Timestamp,
    /// Until when it can be approved (UTC).
    pub expires_at: Timestamp,
    /// `open`, `expired`, `outdated`, `refused`, `approved`, `rejected` or `withdrawn`.
    pub standing: &'static str,
    /// What would change; empty where it cannot be approved.
    pub changes: Vec<Change>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why it was rejected; shown to operators who may decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ProposalShown {
    pub(super) fn open(proposal: &Proposal) -> Self {
        let row = &proposal.row;
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str(),
            party: row.party.to_string(),
            base_version: row.base,
            state: row.state.map(crate::party::PartyState::as_str),
            proposed_by: row.by.clone(),
            proposed_at: row.at,
            expires_at: row.expires_at,
            standing: match proposal.standing {
                Standing::Open => "open",
                Standing::Expired => "expired",
                Standing::Outdated => "outdated",
                Standing::Refused(_) => "refused",
            },
            changes: proposal
                .differences
                .iter()
                .map(|one| Change { member: one.member, old: one.old.clone(), new: one.new.clone() })
                .collect(),
            decided_by: None,
            reason: None,
        }
    }

    fn reviewed(reviewed: Reviewed, with_reason: bool) -> Self {
        let mut shown = Self::open(&reviewed.proposal);
        if let Some(verdict) = reviewed.verdict {
            shown.standing = verdict.as_str();
            shown.decided_by = reviewed.by;
            shown.reason = reviewed.reason.filter(|_| with_reason);
        }
        shown
    }
}

/// What `GET /operator/v1/proposals` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proposals {
    /// Those nobody has decided, oldest first.
    pub proposals: Vec<ProposalShown>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// Body of `POST /operator/v1/proposals/{id}/reject`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RejectBody {
    /// Why; kept encrypted.
    #[validate(length(min = 1, max = 1000))]
    pub reason: String,
}

claimgate_packet::opaque_debug!(RejectBody);

/// `GET /operator/v1/proposals?after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn list(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["after", "limit"])?;
    let (limit, after) = (query.limit()?, query.parsed::<ProposalId>("after")?);
    let mut proposals = app.engine.proposals_after(after, limit + 1).await?;
    let cursor = Cursor::of(&mut proposals, limit, |one| one.row.id.to_string());
    Ok(no_store().json(Proposals { proposals: proposals.iter().map(ProposalShown::open).collect(), cursor }))
}

/// `GET /operator/v1/proposals/{id}`.
///
/// # Errors
/// 404 where there is none.
pub async fn read(app: Data<App>, caller: Caller<ReadOperator>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let reviewed = app.engine.proposal(parse(&id)?).await?;
    let may = caller.bearer.has(crate::access::scope::Scope::OperatorApprove);
    Ok(no_store().json(ProposalShown::reviewed(reviewed, may)))
}

/// `POST /operator/v1/proposals/{id}/approve`: by another operator than the one who proposed it.
///
/// # Errors
/// 403 for one's own, 409 where it cannot be approved any more.
pub async fn approve(
    app: Data<App>,
    caller: Caller<ApproveOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (who(&caller), parse(&id)?);
    match app.engine.approve(&by, id).await {
        Ok(_) | Err(NotRegistered::NoProposal) => decided(&app, &by, (id, Verdict::Approved)).await,
        Err(NotRegistered::Outdated) => Err(Problem::new(
            409,
            "proposal.outdated",
            "What it was made against has changed since; look at it, and propose again",
        )),
        Err(reason) => Err(reason.into()),
    }
}

/// `POST /operator/v1/proposals/{id}/reject`: with a reason.
///
/// # Errors
/// 409 where it was decided otherwise.
pub async fn reject(
    app: Data<App>,
    caller: Caller<ApproveOperator>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (who(&caller), parse(&id)?);
    let said: RejectBody = body::json(&app, &request, payload).await?;
    turn_down(&app, &by, (id, Verdict::Rejected), Some(&said.reason)).await
}

/// `POST /operator/v1/proposals/{id}/withdraw`: by who proposed it.
///
/// # Errors
/// 403 for another's, 409 where it was decided otherwise.
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (who(&caller), parse(&id)?);
    turn_down(&app, &by, (id, Verdict::Withdrawn), None).await
}

async fn turn_down(
    app: &App,
    by: &Operator,
    (id, verdict): (ProposalId, Verdict),
    reason: Option<&str>,
) -> Result<HttpResponse, Problem> {
    match app.engine.turn_down(by, (id, verdict), reason).await {
        Ok(_) | Err(NotRegistered::NoProposal) => decided(app, by, (id, verdict)).await,
        Err(reason) => Err(reason.into()),
    }
}

/// The same decision by the same operator again is the same answer.
async fn decided(app: &App, by: &Operator, (id, verdict): (ProposalId, Verdict)) -> Result<HttpResponse, Problem> {
    let reviewed = app.engine.proposal(id).await?;
    if reviewed.verdict == Some(verdict) && reviewed.by.as_deref() == Some(by.name()) {
        return Ok(no_store().json(ProposalShown::reviewed(reviewed, true)));
    }
    Err(Problem::new(409, "proposal.decided", "The proposal was decided before; read it to see by whom"))
}

fn parse(id: &str) -> Result<ProposalId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
