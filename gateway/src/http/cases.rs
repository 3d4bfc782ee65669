//! `/claims/v1/cases`: the owner's case (車禍理賠案件) for app backends: opened, saved field by field, joined by others of the
//! accident, consented to, sent, followed. What is shown stands in `shown`.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, FileAccidents, FollowClaims};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::cases::draft::Edit;
use crate::core::cases::{FiledBy, FilerKind};
use crate::flows::cases::{NotCased, Opening, Submitting};
use crate::id::CaseId;

pub mod shown;

use shown::{ConsentsShown, InvitationShown, SavedShown, shown};

/// Edits of a draft: a step of a form, or all of it.
const EDITS: Small = Small { bytes: 256 << 10, members: 4_000 };

/// Body of `POST /claims/v1/cases`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewCase"))]
#[serde(deny_unknown_fields)]
pub struct CaseBody {
    /// Your own id of this case, for example a UUID made on the device. The same again is the case that is there.
    #[validate(length(min = 1, max = 100))]
    pub client_id: String,
    /// Your own number of the person, for example of the account. Only a keyed digest of it is kept.
    #[validate(length(min = 1, max = 100))]
    pub person: String,
    /// Who fills it in, where it is not the person (協助申請).
    pub filed_by: Option<FiledByBody>,
}

/// Who fills a case in for the person.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseFiledBy"))]
#[serde(deny_unknown_fields)]
pub struct FiledByBody {
    /// In which capacity.
    pub kind: FilerKind,
    /// The mandate (委託) as you recorded it: `mdt_` and a UUID.
    pub mandate: Option<String>,
}

/// Body of `PATCH /claims/v1/cases/{id}`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseEdits"))]
#[serde(deny_unknown_fields)]
pub struct EditsBody {
    /// Edits by the name of the field; docs/cases.md lists them.
    #[validate(length(min = 1, max = 250))]
    pub fields: BTreeMap<String, EditBody>,
}

/// An edit of one field.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseEdit"))]
#[serde(deny_unknown_fields)]
pub struct EditBody {
    /// The new value; null takes it out.
    #[serde(default)]
    pub value: Value,
    /// The version it was made on; 0 where the field was not seen.
    #[serde(default)]
    pub base: u32,
}

/// Body of `POST /claims/v1/cases/{id}/join`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseJoining"))]
#[serde(deny_unknown_fields)]
pub struct JoinBody {
    /// The code of the invitation as the person typed or scanned it; case, spaces and hyphens do not matter.
    #[validate(length(min = 25, max = 40))]
    pub code: String,
}

/// Body of `POST /claims/v1/cases/{id}/submit`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseSubmission"))]
#[serde(deny_unknown_fields)]
pub struct SubmitBody {
    /// The consents the person gave, one for each claim that is to go; without any, what was edited since goes alone.
    #[serde(default)]
    #[validate(length(max = 32), nested)]
    pub consents: Vec<ConsentBody>,
    /// The `policy` that came with the consents the person was shown.
    #[validate(length(min = 1, max = 100))]
    pub policy: Option<String>,
    /// When a claim goes.
    #[serde(default)]
    pub when: When,
}

/// When a claim goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseWhen"))]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Once nothing is missing for its recipient; look again after the last paper and submit again.
    #[default]
    Complete,
    /// At once.
    Now,
}

/// A consent (同意).
#[derive(Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseConsent"))]
#[serde(deny_unknown_fields)]
pub struct ConsentBody {
    /// The claim's key: `own` for the field `claim.own`.
    #[validate(length(min = 1, max = 36))]
    pub claim: String,
    /// Your number of the consent.
    #[validate(length(min = 1, max = 100))]
    pub reference: String,
}

claimgate_packet::opaque_debug!(CaseBody, FiledByBody, EditsBody, EditBody, JoinBody, SubmitBody, ConsentBody);

fn case_id(text: &str) -> Result<CaseId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// `POST /claims/v1/cases`: opens a case. The same id again is the case that is there.
///
/// # Errors
/// 409 for an id that was used for another person, 422 for a mandate that is not there.
pub async fn open(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: CaseBody = body::json(&app, &request, payload).await?;
    let filed_by = asked.filed_by.map(|by| FiledBy { kind: by.kind, mandate: by.mandate });
    let opening = Opening { client_id: asked.client_id, person: asked.person, filed_by };
    let (seen, new) = app.engine.open_case(&caller.party, &opening).await?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(shown(&seen)))
}

/// `GET /claims/v1/cases/{id}`.
///
/// # Errors
/// 404 where it is another's.
pub async fn read(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    Ok(no_store().json(shown(&app.engine.case_seen(&caller.party.id, case_id(&id)?).await?)))
}

/// `PATCH /claims/v1/cases/{id}`: saves edits, each field by itself.
///
/// # Errors
/// 404 where it is another's. Faults and conflicts of fields are part of the answer.
pub async fn save(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let asked: EditsBody = body::json_within(&app, &request, payload, EDITS).await?;
    let edits = asked.fields.into_iter().map(|(name, EditBody { value, base })| Edit { name, value, base });
    let edits: Vec<Edit> = edits.collect();
    let (seen, merged) = app.engine.save_case(&caller.party, id, &edits).await?;
    Ok(no_store().json(SavedShown::of(&seen, merged)))
}

/// `POST /claims/v1/cases/{id}/invitations`: a one-time code for another person of the accident.
///
/// # Errors
/// 404 where it is another's, 422 too many.
pub async fn invite(app: Data<App>, caller: Caller<FileAccidents>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let invited = app.engine.invite_to_case(&caller.party.id, case_id(&id)?).await?;
    let mut answer = HttpResponse::Created();
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(InvitationShown::of(&invited)))
}

/// `POST /claims/v1/cases/{id}/join`: joins the case to that of whoever invited.
///
/// # Errors
/// 404 for a code that does not hold, 409 for the person's own invitation or a case that is joined already.
pub async fn join(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let asked: JoinBody = body::json(&app, &request, payload).await?;
    Ok(no_store().json(shown(&app.engine.join_case(&caller.party, id, &asked.code).await?)))
}

/// `GET /claims/v1/cases/{id}/consents`: who gets what for what.
///
/// # Errors
/// 404 where it is another's.
pub async fn consents(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let asked = app.engine.consents_of_case(&caller.party.id, case_id(&id)?).await?;
    Ok(no_store().json(ConsentsShown::of(app.engine.policy.digest(), asked)))
}

/// `POST /claims/v1/cases/{id}/submit`: claims with their consents are filed, what was edited since is corrected.
///
/// # Errors
/// 404 where it is another's, 409 where values wait for a choice or the policy changed, 422 where something is missing.
pub async fn submit(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let asked: SubmitBody = body::json(&app, &request, payload).await?;
    let submitting = Submitting {
        consents: asked.consents.into_iter().map(|one| (one.claim, one.reference)).collect(),
        policy: asked.policy,
        early: asked.when == When::Now,
    };
    Ok(no_store().json(shown(&app.engine.submit_case(&caller.party, id, &submitting).await?)))
}

impl From<NotCased> for Problem {
    fn from(reason: NotCased) -> Self {
        match reason {
            NotCased::NotFound => Self::not_found(),
            NotCased::ClientIdUsed => {
                Problem::new(409, "case.client-id-used", "This client_id was used for a case of another person")
                    .at("/client_id")
            }
            NotCased::Mandate => Problem::new(
                422,
                "case.mandate",
                "There is no such mandate of yours, or it has ended; record it at /mandates/v1/records first",
            )
            .at("/filed_by/mandate"),
            NotCased::Code => Problem::new(
                404,
                "case.code-unknown",
                "This code is unknown, used or expired; ask for a new invitation",
            )
            .at("/code"),
            NotCased::OwnInvitation => Problem::new(
                409,
                "case.own-invitation",
                "This is the person's own invitation; it is for another person of the accident",
            )
            .at("/code"),
            NotCased::Joined => {
                Problem::new(409, "case.joined", "This case is joined with another one already").at("/code")
            }
            NotCased::TooMany => Problem::new(
                422,
                "case.too-many",
                "The accident has as many cases or open invitations as it can have; let some be used or expire",
            ),
            NotCased::NotReady { at, text } => Problem::new(422, "case.not-ready", text).at(at),
            NotCased::Disputed(name) => Problem::new(
                409,
                "case.disputed",
                "A field has values that differ; choose one by saving it on its newest version, then send",
            )
            .at(format!("/fields/{name}")),
            NotCased::Policy => Problem::new(
                409,
                "case.policy-changed",
                "policy is not the disclosure policy in force; show the consents anew and send its policy",
            )
            .at("/policy"),
            NotCased::Filing(reason) => reason.into(),
            NotCased::Fault(fault) => fault.into(),
        }
    }
}
