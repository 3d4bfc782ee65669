//! `/hospital/v1/applications`: patients' applications (院內申請) as a hospital takes them.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::hospital::CaseIdentifier;
use claimgate_packet::evidence::application::{
    AccidentFacts, Applicant, ApplicationChannel, ApplicationSignature, ClaimApplication, Identification, PayoutAccount,
};
use claimgate_packet::evidence::{Consent, Patient};
use claimgate_packet::words::{Line, Purpose};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, PushBundles, ReadBundles};
use super::hospital::idempotency_key;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::application::Signed;
use crate::flows::health::{Applied, Came, NotApplied};
use crate::party::PartyId;

/// An application with a drawn signature fits.
const APPLICATION: Small = Small { bytes: 160 << 10, members: 2_000 };

/// Body of `POST /hospital/v1/applications`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewApplication"))]
#[serde(deny_unknown_fields)]
pub struct ApplicationBody {
    /// System of the case number, as `Bundle.identifier.system` has it.
    #[validate(length(max = 500))]
    pub case_system: Option<String>,
    /// Case number (案件編號), as `Bundle.identifier.value` has it.
    #[validate(length(min = 1, max = 200))]
    pub case_number: String,
    /// When it was signed.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub signed_at: Timestamp,
    /// Where it was made.
    pub channel: ApplicationChannel,
    /// How the insured was identified.
    pub identified_by: Identification,
    /// The insured (被保險人).
    pub insured: Patient,
    /// Who applies (申請人).
    pub applicant: Applicant,
    /// Facts of an accident.
    pub accident: Option<AccidentFacts>,
    /// Where the money goes.
    pub account: Option<PayoutAccount>,
    /// How it was signed.
    pub signature: ApplicationSignature,
    /// A drawn signature: a PNG in base64.
    #[validate(length(max = 98_304))]
    pub picture: Option<String>,
    /// Which text of the consent was signed.
    #[validate(length(min = 1, max = 200))]
    pub form: String,
    /// Whom the patient consents to.
    #[validate(length(min = 1, max = 64))]
    pub recipients: Vec<RecipientBody>,
}

/// The consent for one recipient.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentTo"))]
#[serde(deny_unknown_fields)]
pub struct RecipientBody {
    /// The insurer's party id.
    pub party: String,
    /// The line of insurance (險種).
    pub line: Line,
    /// Policy numbers, where known.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Evidence types it does not get.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether it may be told how much others pay of the same expenses.
    #[serde(default)]
    pub coordination: bool,
}

claimgate_packet::opaque_debug!(ApplicationBody, RecipientBody);

/// An application and who received what.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Application"))]
pub struct ApplicationShown {
    /// Id, `apl_` and a UUID.
    pub id: String,
    /// When it came.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created: Timestamp,
    /// The claim, once documents of the case are here.
    pub claim_id: Option<String>,
    /// Whom the patient consented to.
    pub recipients: Vec<RecipientShown>,
}

/// A recipient and what became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ApplicationRecipient"))]
pub struct RecipientShown {
    /// The insurer's party id.
    pub party: String,
    /// The line of insurance.
    pub line: Line,
    /// Since when the patient does not consent any more.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub withdrawn: Option<Timestamp>,
    /// When it first received anything; what has left cannot be called back.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub received: Option<Timestamp>,
    /// Packets made for it that it has not received and will not: withdrawn before they left.
    pub kept_back: usize,
}

fn shown(applied: &Applied) -> ApplicationShown {
    let recipient = |(party, line, withdrawn): &(PartyId, Line, Option<Timestamp>)| {
        let own = || applied.sent.iter().filter(|one| one.party == *party && one.line == *line);
        RecipientShown {
            party: party.to_string(),
            line: *line,
            withdrawn: *withdrawn,
            received: own().filter_map(|one| one.left).min(),
            kept_back: own().filter(|one| one.state.as_str() == "withdrawn").count(),
        }
    };
    ApplicationShown {
        id: applied.id.to_string(),
        created: applied.created,
        claim_id: applied.claim.map(|claim| claim.to_string()),
        recipients: applied.recipients.iter().map(recipient).collect(),
    }
}

/// `POST /hospital/v1/applications`. The same application again is the one that is there.
///
/// # Errors
/// 422 for one that does not hold together or is of another person than the documents.
pub async fn apply(
    app: Data<App>,
    caller: Caller<PushBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(request.headers())?;
    let bytes = body::small(&app, &request, payload, APPLICATION).await?;
    let asked: ApplicationBody = body::of_form(&request, &bytes, APPLICATION)?;
    let case = CaseIdentifier { system: asked.case_system, value: asked.case_number };
    let application = ClaimApplication {
        number: String::new(),
        signed_at: asked.signed_at,
        channel: asked.channel,
        identified_by: asked.identified_by,
        insured: asked.insured,
        applicant: asked.applicant,
        accident: asked.accident,
        account: asked.account,
        signature: asked.signature,
    };
    let consents = asked.recipients.into_iter().map(|one| Consent {
        application: String::new(),
        insurer: one.party,
        line: one.line,
        purpose: Purpose::ClaimAssessment,
        given_at: application.signed_at,
        insured: application.insured.clone(),
        applicant: application.applicant.clone(),
        policies: one.policies,
        without: one.without,
        coordination: one.coordination,
        form: asked.form.clone(),
        signature: application.signature.clone(),
    });
    let signed = Signed { consents: consents.collect(), application, picture: asked.picture };
    let (id, new) = app.engine.apply(&caller.party.id, &case, signed, Came::Sent(&bytes, key.as_deref())).await?;
    let applied = app.engine.applied(&caller.party.id, id).await?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(shown(&applied)))
}

/// `GET /hospital/v1/applications/{id}`: who received what, for the patient.
///
/// # Errors
/// 404 where it is another's.
pub async fn read(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(&app.engine.applied(&caller.party.id, id).await?)))
}

/// `POST /hospital/v1/applications/{id}/recipients/{party}/withdraw`: the patient takes the consent back.
///
/// # Errors
/// 404 where it is another's or names no such recipient.
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<PushBundles>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, party) = path.into_inner();
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let party = party.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(&app.engine.withdraw_recipient(&caller.party.id, id, &party).await?)))
}

impl From<NotApplied> for Problem {
    fn from(reason: NotApplied) -> Self {
        match reason {
            NotApplied::NotFound => Self::not_found(),
            NotApplied::KeyReused => Self::new(
                422,
                "idempotency.key-reused",
                "This Idempotency-Key was used for another application; use a new key for a new one",
            ),
            NotApplied::Faulty(fault) => Self::new(422, fault.code, fault.text).at(fault.at),
            NotApplied::Recipient(place, fault) => {
                Self::new(422, fault.code, fault.text).at(format!("{}/{place}", fault.at))
            }
            NotApplied::Fault(fault) => fault.into(),
        }
    }
}
