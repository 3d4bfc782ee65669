//! Who is calling, as a type: a handler that takes a `Caller<Right>` cannot run without that right.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::context::CallerName;
use super::limited;
use super::problem::Problem;
use super::{certificate, dpop, fhir};
use crate::access::bearer::Bearer;
use crate::access::dpop::DpopError;
use crate::access::jwt::JwtError;
use crate::access::limits::Entered;
use crate::access::scope::Scope;
use crate::app::App;
use crate::flows::token::{Identified, NotCaller, Shown};
use crate::party::{Party, Role};

/// A right: a role and a scope.
pub trait Right: 'static {
    /// Who has it.
    const ROLE: Role;
    /// Who else.
    const ALSO: &'static [Role];
    /// What the token must carry.
    const SCOPE: Scope;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = $role:ident $(| $also:ident)*, $scope:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Right for $name {
            const ROLE: Role = Role::$role;
            const ALSO: &'static [Role] = &[$(Role::$also),*];
            const SCOPE: Scope = Scope::$scope;
        }
    )+};
}

rights! {
    /// Push bundles.
    PushBundles = Hospital, BundleCreate;
    /// Read own bundles.
    ReadBundles = Hospital, BundleRead;
    /// Replace own bundles.
    ReplaceBundles = Hospital, BundleUpdate;
    /// List and fetch deliveries.
    ReadDeliveries = Insurer, DeliveriesRead;
    /// Acknowledge deliveries.
    AckDeliveries = Insurer, DeliveriesAck;
    /// Report the status of submissions.
    ReportStatus = Insurer, SubmissionsWrite;
    /// Follow claims.
    FollowClaims = App, ClaimsRead;
    /// File accidents.
    FileAccidents = App, AccidentsWrite;
    /// See who uses own papers.
    ReadUses = Police, UsesRead;
    /// Tell that a paper was changed.
    GiveNotice = Police, NoticesWrite;
    /// See own jobs.
    ReadJobs = Shop, ShopRead;
    /// Take jobs, send estimates and invoices.
    WriteJobs = Shop, ShopWrite;
    /// Ask wallets for credentials.
    AskWallets = App, WalletAsk;
    /// Ask MyData for data sets.
    AskMydata = App, MydataAsk;
    /// Check, record and take back mandates.
    CheckMandates = Insurer | App | Police, MandatesCheck;
    /// See what operators see.
    ReadOperator = Operator, OperatorRead;
    /// Propose, look after endpoints and alerts.
    WriteOperator = Operator, OperatorWrite;
    /// Decide what another proposed.
    ApproveOperator = Operator, OperatorApprove;
}

/// The authenticated party of a request.
#[derive(Debug)]
pub struct Caller<R: Right> {
    /// The party.
    pub party: Party,
    /// Its place among its requests.
    pub entered: Arc<Entered>,
    /// What its token says.
    pub bearer: Bearer,
    right: PhantomData<R>,
}

impl<R: Right> FromRequest for Caller<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await })
    }
}

async fn identify<R: Right>(request: &HttpRequest) -> Result<Caller<R>, Problem> {
    let app = request.app_data::<Data<App>>().ok_or_else(Problem::not_found)?;
    let shown = shown(request).map_err(|reason| refused(app, reason, true))?;
    let by_dpop = matches!(shown, Shown::Dpop { .. });
    let certificate = certificate::of(request, &app.config.tls.client_cert_from);
    let certificate = certificate.as_ref().map(|certificate| certificate.thumbprint());
    let identified = app.engine.caller(shown, certificate).await?;
    let Identified { party, bearer, proof } = identified.map_err(|reason| refused(app, Some(reason), by_dpop))?;
    request.extensions_mut().insert(CallerName(party.id.to_string()));
    let entered = limited::enter(app, request, &party)?;
    if let Some(proof) = proof {
        app.engine.use_proof(&party, proof).await?.map_err(|reason| refused(app, Some(reason), by_dpop))?;
    }
    let may = |role: Role| role == R::ROLE || R::ALSO.contains(&role);
    if !party.role().interface().is_some_and(may) {
        return Err(Problem::new(403, "role.forbidden", "This address is for another role than the one of this token"));
    }
    if !bearer.has(R::SCOPE) {
        let detail = format!("This token does not carry the scope {}; ask for it at /oauth/token", R::SCOPE.as_str());
        return Err(Problem::insufficient_scope(detail, by_dpop));
    }
    if request.path().starts_with("/fhir/") {
        fhir::check_wanted(request.query_string())?;
    }
    Ok(Caller { party, entered, bearer, right: PhantomData })
}

/// The token of a request with what is beside it; `None` where there is none.
fn shown(request: &HttpRequest) -> Result<Shown<'_>, Option<NotCaller>> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(None) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(None)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Shown::Bearer(token));
    }
    if !scheme.eq_ignore_ascii_case("dpop") {
        return Err(None);
    }
    let proof = dpop::header(request).and_then(|proof| proof.ok_or(DpopError::Missing));
    let proof = proof.map_err(NotCaller::Proof)?;
    Ok(Shown::Dpop { token, proof, method: request.method().as_str(), path: request.path() })
}

fn refused(app: &App, reason: Option<NotCaller>, by_dpop: bool) -> Problem {
    let challenge = if by_dpop { dpop::INVALID_TOKEN } else { "Bearer error=\"invalid_token\"" };
    match reason {
        None => Problem::unauthorized(
            "token.missing",
            "Send an access token: Authorization: Bearer …, or DPoP … with a proof; \
             /.well-known/smart-configuration says where to get one",
            dpop::EITHER,
        ),
        Some(NotCaller::Token(JwtError::Expired)) => Problem::unauthorized(
            "token.expired",
            "The access token has expired; get a new one at /oauth/token",
            challenge,
        ),
        Some(NotCaller::Token(_)) => Problem::unauthorized(
            "token.invalid",
            "The access token is not one this gateway gave, or its party is not active; get a new one at /oauth/token",
            challenge,
        ),
        Some(NotCaller::Bound) => Problem::unauthorized(
            "token.bound",
            "This access token is bound to a key: send Authorization: DPoP … and a proof of that key in the header DPoP",
            dpop::INVALID_TOKEN,
        ),
        Some(NotCaller::Unbound) => Problem::unauthorized(
            "token.unbound",
            "This access token is not bound to what it must be. A party whose tokens are bound gets one by sending a \
             DPoP proof or showing its client certificate to /oauth/token; any other sends this one as Authorization: \
             Bearer …",
            dpop::INVALID_TOKEN,
        ),
        Some(NotCaller::Certificate) => Problem::unauthorized(
            "token.certificate",
            "This access token is bound to a client certificate (RFC 8705), and this connection showed none or another; \
             show the one the token was got with",
            challenge,
        ),
        Some(NotCaller::Proof(reason)) => dpop::refused(app, reason),
    }
}
