//! `/identity/v1`: an app reports how it identified the person of a claim (身分確認), with what was signed there over a challenge of
//! ours; and reads how sure the person is, and who waits for more.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body;
use super::caller::{AskWallets, Caller};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::identity::{Capacity, Hold, Identification};
use crate::core::wallet::Assurance;
use crate::flows::identity::{NewIdentification, NotIdentified};

/// Characters of a PKCS#7 signature in base64: 64 KiB.
const SIGNATURE: u64 = 88 << 10;
/// Characters of an identity provider's assertion.
const ASSERTION: u64 = 16 << 10;

/// Body of `POST /identity/v1/challenges`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "IdentityChallengeAsk"))]
#[serde(deny_unknown_fields)]
pub struct ChallengeBody {
    /// The claim, one this app is linked to.
    #[validate(length(min = 40, max = 40))]
    claim_id: String,
}

/// A challenge.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "IdentityChallenge"))]
pub struct ChallengeView {
    /// What is signed, byte for byte (自然人憑證); the `nonce` of the provider's assertion (`TW FidO`). Good for one report.
    pub challenge: String,
    /// Until when it can be reported (UTC).
    pub expires_at: Timestamp,
}

/// A person by a number.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "IdentityPerson"))]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// `tw_national_id` 身分證字號, `tw_arc` 居留證號, or `passport` 護照號碼.
    #[validate(length(min = 1, max = 32))]
    scheme: String,
    /// The number: compared by keyed digest, and kept nowhere.
    #[validate(length(min = 1, max = 32))]
    value: String,
    /// The name as the card has it, where a card signed.
    #[validate(length(min = 1, max = 100))]
    name: Option<String>,
}

/// Body of `POST /identity/v1/identifications`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "IdentityReport"))]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// The claim, one this app is linked to.
    #[validate(length(min = 40, max = 40))]
    claim_id: String,
    /// The means, a level of docs/wallet.md: `natural-person-certificate` and `tw-fido` with what was signed; others at this app's
    /// word, where the operator takes it for them.
    #[validate(length(min = 1, max = 64))]
    method: String,
    /// Who was identified.
    #[validate(nested)]
    person: PersonBody,
    /// `self` where nothing is said, or `statutory-representative` (法定代理人).
    capacity: Option<String>,
    /// By what a representative is one, such as 戶籍謄本.
    #[validate(length(min = 1, max = 200))]
    ground: Option<String>,
    /// The challenge that was signed.
    #[validate(length(min = 1, max = 256))]
    challenge: Option<String>,
    /// The detached PKCS#7 signature over the challenge, DER in base64.
    #[validate(length(min = 1, max = SIGNATURE))]
    signature: Option<String>,
    /// The identity provider's assertion, a signed JWT.
    #[validate(length(min = 1, max = ASSERTION))]
    assertion: Option<String>,
}

/// One identification.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdentificationView {
    /// Id, `idn_` + UUIDv7.
    pub identification_id: String,
    /// `wallet`, `mydata` or `app`.
    pub source: &'static str,
    /// How sure it is (身分保證等級), as docs/wallet.md lists.
    pub assurance: &'static str,
    /// Whether something signed was verified here; otherwise it is an app's word.
    pub proved: bool,
    /// `self` or `statutory-representative`.
    pub capacity: &'static str,
    /// The session (`wse_`) or transaction (`myd_`) it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// A recipient that waits.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdentityNeed {
    /// The recipient's party id.
    pub party: String,
    /// The line of insurance.
    pub line: &'static str,
    /// What it needs at least.
    pub least: &'static str,
    /// Since when its packet waits (UTC).
    pub since: Timestamp,
}

/// How sure the person of a claim is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimIdentity {
    /// The claim.
    pub claim_id: String,
    /// The surest level that counts; absent where nobody was identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assurance: Option<&'static str>,
    /// Every identification, the oldest first.
    pub identifications: Vec<IdentificationView>,
    /// The recipients whose packets wait for a surer one (`identity-too-weak`).
    pub waiting: Vec<IdentityNeed>,
}

claimgate_packet::opaque_debug!(PersonBody, ReportBody);

impl From<Identification> for IdentificationView {
    fn from(one: Identification) -> Self {
        Self {
            identification_id: one.id.to_string(),
            source: one.source.as_str(),
            assurance: one.assurance.as_str(),
            proved: one.proved,
            capacity: one.capacity.as_str(),
            subject: one.subject,
            at: one.at,
        }
    }
}

impl From<Hold> for IdentityNeed {
    fn from(hold: Hold) -> Self {
        Self { party: hold.party.to_string(), line: hold.line.as_str(), least: hold.least.as_str(), since: hold.since }
    }
}

/// `POST /identity/v1/challenges`.
///
/// # Errors
/// 404 for a claim this app is not linked to.
pub async fn challenge(
    app: Data<App>,
    caller: Caller<AskWallets>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: ChallengeBody = body::json(&app, &request, payload).await?;
    let claim = body.claim_id.parse().map_err(|_| Problem::not_found().at("/claim_id"))?;
    let given = app.engine.identity_challenge(&caller.party.id, claim).await.map_err(refused)?;
    let view = ChallengeView { challenge: given.challenge, expires_at: given.until };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(view))
}

/// `POST /identity/v1/identifications`.
///
/// # Errors
/// 404 for a claim this app is not linked to, 422 for what proves nothing, 501 where this means cannot be checked.
pub async fn report(
    app: Data<App>,
    caller: Caller<AskWallets>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let within = body::Small { bytes: 128 << 10, ..body::Small::default() };
    let body: ReportBody = body::json_within(&app, &request, payload, within).await?;
    let wrong = |detail: &'static str, place| Problem::new(422, "body.value", detail).at(place);
    let method: Assurance = body.method.parse().map_err(|_| wrong("method is a level of docs/wallet.md", "/method"))?;
    let capacity = body.capacity.as_deref().map_or(Ok(Capacity::Oneself), str::parse);
    let capacity = capacity.map_err(|_| wrong("capacity is self or statutory-representative", "/capacity"))?;
    let signature = body.signature.as_ref().map(|text| STANDARD.decode(text)).transpose();
    let new = NewIdentification {
        claim: body.claim_id.parse().map_err(|_| Problem::not_found().at("/claim_id"))?,
        method,
        scheme: body.person.scheme,
        number: body.person.value,
        name: body.person.name,
        capacity,
        ground: body.ground,
        challenge: body.challenge,
        signature: signature.map_err(|_| wrong("signature is base64 (RFC 4648 §4)", "/signature"))?,
        assertion: body.assertion,
    };
    let made = app.engine.identify(&caller.party.id, &new).await.map_err(refused)?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(IdentificationView::from(made)))
}

/// `GET /identity/v1/claims/{id}`.
///
/// # Errors
/// 404 for a claim this app is not linked to.
pub async fn read(app: Data<App>, caller: Caller<AskWallets>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let claim = id.parse().map_err(|_| Problem::not_found())?;
    let shown = app.engine.identity_shown(&caller.party.id, claim).await?;
    let (known, level) = shown.ok_or_else(Problem::not_found)?;
    Ok(no_store().json(ClaimIdentity {
        claim_id: id.into_inner(),
        assurance: level.map(Assurance::as_str),
        identifications: known.all.into_iter().map(IdentificationView::from).collect(),
        waiting: known.held.into_iter().map(IdentityNeed::from).collect(),
    }))
}

fn refused(reason: NotIdentified) -> Problem {
    match reason {
        NotIdentified::Claim => Problem::not_found().at("/claim_id"),
        NotIdentified::Off => Problem::new(
            501,
            "identity.off",
            "Nothing signed in this way can be checked here: the operator names the authorities or the identity provider",
        ),
        NotIdentified::Method => Problem::new(
            422,
            "identity.method",
            "This means does not count by an app's word here, or comes by a wallet session or MyData",
        )
        .at("/method"),
        NotIdentified::Form(detail) => Problem::new(422, "body.value", detail),
        NotIdentified::Challenge => Problem::new(
            422,
            "identity.challenge",
            "The challenge is not one of this claim, is over, or was used: get a new one",
        )
        .at("/challenge"),
        NotIdentified::Proof(detail) => Problem::new(422, "identity.proof", detail),
        NotIdentified::OtherPerson => Problem::new(
            422,
            "identity.other-person",
            "What was signed is another person's, or the person is another than the claim's; nothing was kept",
        )
        .at("/person"),
        NotIdentified::Fault(fault) => fault.into(),
    }
}
