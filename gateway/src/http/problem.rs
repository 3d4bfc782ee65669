//! The outer face of every error: RFC 9457 problem details, or an OperationOutcome under `/fhir/`.
//!
//! Inner causes are logged once, here, and never sent. A text never repeats a value of the request.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use claimgate_adapters::hospital::Refused;
use claimgate_fhir::outcome::{Issue, IssueKind, OperationOutcome};
use serde::Serialize;
use serde_json::{Value, json};

use super::codes::{self, Family, Retryable};
use super::{context, dpop, fhir};
use crate::access::limits::{Exceeded, What};
use crate::core::retention::Bar;
use crate::flows::Fault;
use crate::flows::health::Refusal;
use crate::flows::insurer::NotDone;
use crate::flows::log::NotProven;
use crate::keys::ring::KeyRingError;
use crate::objects::ObjectsError;
use crate::store::StoreError;

/// Media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as the caller sees it.
#[derive(Debug)]
pub struct Problem {
    status: u16,
    code: &'static str,
    detail: String,
    pointer: Option<String>,
    issues: Vec<Issue>,
    hint: Option<Hint>,
}

/// Problem details as they are written (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct ProblemBody {
    /// `urn:claimgate:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// The stable code; `/errors.json` lists all.
    pub code: &'static str,
    /// Who failed.
    pub family: Family,
    /// Whether sending again helps.
    pub retryable: Retryable,
    /// What is wrong and how to mend it. Never a value of the request.
    pub detail: String,
    /// What the operator asks for.
    pub request_id: String,
    /// Where in the request, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// A header that goes with an error.
#[derive(Clone, Debug)]
enum Hint {
    Challenge(&'static str),
    RetryAfter(&'static str),
    RetryIn(u64),
    Allow(&'static str),
    Nonce(Box<str>),
}

impl Problem {
    /// An error with a stable code and a sentence that says what is wrong and how to mend it.
    #[must_use]
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), pointer: None, issues: Vec::new(), hint: None }
    }

    /// Where in the request, as a JSON pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// When to come again, in seconds.
    #[must_use]
    pub fn again_in(mut self, seconds: u64) -> Self {
        self.hint = Some(Hint::RetryIn(seconds));
        self
    }

    /// More of what is wrong, behind the first sentence.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        self.detail.push_str(more);
        self
    }

    /// 401 with the reason in the standard header (RFC 6750 §3).
    #[must_use]
    pub fn unauthorized(code: &'static str, detail: impl Into<String>, challenge: &'static str) -> Self {
        Self { hint: Some(Hint::Challenge(challenge)), ..Self::new(401, code, detail) }
    }

    /// 401 with the nonce a proof must hold (RFC 9449 §9).
    #[must_use]
    pub fn nonce_needed(code: &'static str, detail: impl Into<String>, nonce: String) -> Self {
        Self { hint: Some(Hint::Nonce(nonce.into())), ..Self::new(401, code, detail) }
    }

    /// 403 for a token without the scope (RFC 6750 §3.1).
    #[must_use]
    pub fn insufficient_scope(detail: impl Into<String>, by_dpop: bool) -> Self {
        let bearer = "Bearer error=\"insufficient_scope\"";
        let hint = Some(Hint::Challenge(if by_dpop { dpop::INSUFFICIENT_SCOPE } else { bearer }));
        Self { hint, ..Self::new(403, "scope.missing", detail) }
    }

    /// 405 with the methods there are (RFC 9110 §15.5.6).
    #[must_use]
    pub fn method_not_allowed(methods: &'static str) -> Self {
        let detail = format!("This address takes {methods} only");
        Self { hint: Some(Hint::Allow(methods)), ..Self::new(405, "method.not-allowed", detail) }
    }

    /// 503: no room now.
    #[must_use]
    pub fn busy() -> Self {
        let detail = "The gateway has as many requests in hand as it can hold; nothing was kept, send it again";
        Self { hint: Some(Hint::RetryAfter("2")), ..Self::new(503, "busy", detail) }
    }

    /// 429: the party has as many streams of events open as it may.
    #[must_use]
    pub fn too_many_streams() -> Self {
        let detail = "You have as many streams of events open as you may; end one, or ask for pages of a timeline";
        Self { hint: Some(Hint::RetryAfter("10")), ..Self::new(429, "limit.streams", detail) }
    }

    /// 429: the party, or who asks for a token, has reached a limit (RFC 6585 §4).
    #[must_use]
    pub fn limited(exceeded: Exceeded) -> Self {
        let (code, detail) = match exceeded.what {
            What::Requests => (
                "limit.requests",
                "Too many requests of late; nothing was done. Come again after Retry-After; RateLimit says how many you \
                 have left",
            ),
            What::Bytes => (
                "limit.bytes",
                "Too many bytes of late; nothing was kept. Send it again after Retry-After; RateLimit says how many you \
                 have left",
            ),
            What::Concurrent => (
                "limit.concurrent",
                "Too many requests of yours in hand at once, or too much that you have not read yet; nothing was done. \
                 Finish some, then come again",
            ),
        };
        Self { hint: Some(Hint::RetryIn(exceeded.retry_after)), ..Self::new(429, code, detail) }
    }

    /// 404: not there, or another party's; the two are not told apart.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(404, "not-found", "There is no such thing, or it belongs to another party")
    }

    /// Status, code and sentence: for an answer that holds several.
    #[must_use]
    pub fn parts(&self) -> (u16, &'static str, &str) {
        (self.status, self.code, &self.detail)
    }

    /// The outcome with the family of the whole refusal; its place is the same whatever the issues are.
    fn outcome_json(&self) -> Value {
        let (family, retryable) = codes::judge(self.code, self.status);
        let mut outcome = self.outcome().to_json();
        if let Some(members) = outcome.as_object_mut() {
            let said = json!([
                { "url": "urn:claimgate:family", "valueCode": family },
                { "url": "urn:claimgate:retryable", "valueCode": retryable },
            ]);
            members.insert("extension".to_owned(), said);
        }
        outcome
    }

    fn outcome(&self) -> OperationOutcome {
        if !self.issues.is_empty() {
            return OperationOutcome { issues: self.issues.clone() };
        }
        let kind = match self.status {
            401 => IssueKind::Login,
            403 | 451 => IssueKind::Forbidden,
            404 | 410 => IssueKind::NotFound,
            405 | 406 | 415 => IssueKind::NotSupported,
            409 | 412 | 428 => IssueKind::Conflict,
            408 => IssueKind::Timeout,
            413 => IssueKind::TooCostly,
            429 => IssueKind::Throttled,
            503 => IssueKind::Transient,
            500.. => IssueKind::Exception,
            _ => IssueKind::Invalid,
        };
        let issue = Issue::error(kind, self.code, self.detail.clone());
        let chinese = codes::find(self.code).map(|known| known.chinese);
        OperationOutcome { issues: vec![chinese.into_iter().fold(issue, Issue::zh)] }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let context = context::current();
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CACHE_CONTROL, "no-store"));
        let hint = self.hint.as_ref().map(|hint| match hint {
            Hint::Challenge(challenge) => (WWW_AUTHENTICATE, (*challenge).to_owned()),
            Hint::RetryAfter(seconds) => (RETRY_AFTER, (*seconds).to_owned()),
            Hint::RetryIn(seconds) => (RETRY_AFTER, seconds.to_string()),
            Hint::Allow(methods) => (ALLOW, (*methods).to_owned()),
            Hint::Nonce(nonce) => {
                response.insert_header((WWW_AUTHENTICATE, dpop::USE_NONCE));
                (dpop::NONCE, nonce.to_string())
            }
        });
        if let Some(header) = hint {
            response.insert_header(header);
        }
        if context.fhir {
            return fhir::answer(response, &self.outcome_json());
        }
        let (family, retryable) = codes::judge(self.code, self.status);
        let body = ProblemBody {
            kind: format!("urn:claimgate:problem:{}", self.code),
            title: self.status_code().canonical_reason().unwrap_or("Error"),
            status: self.status,
            code: self.code,
            family,
            retryable,
            detail: self.detail.clone(),
            request_id: context.id,
            pointer: self.pointer.clone(),
        };
        response.content_type(PROBLEM_JSON).body(json!(body).to_string())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if let Fault::Store(StoreError::Barred(bar)) = &fault {
            return match bar {
                Bar::Restricted => Self::new(
                    451,
                    "claim.restricted",
                    "This claim is kept and may not be used now (處理限制); nothing was done. Ask the gateway's operator",
                ),
                Bar::Erased => Self::new(
                    410,
                    "claim.erased",
                    "This claim was erased; its ids, times and states remain, its content does not come back",
                ),
            };
        }
        let request = context::current().id;
        if fault.is_passing() {
            tracing::error!(request, error = %fault, "the store could not do it now");
            let detail = "The gateway could not store this now; nothing was kept. Send the same request again";
            return Self { hint: Some(Hint::RetryAfter("2")), ..Self::new(503, "unavailable", detail) };
        }
        if matches!(fault, Fault::Objects(ObjectsError::Full)) {
            tracing::error!(request, error = %fault, "the object store is full");
            let detail = "The gateway has no space left for files; nothing new was kept. Tell the operator, then go on";
            return Self::new(507, "storage.full", detail);
        }
        if let Fault::Keys(KeyRingError::NoKey(usage)) = &fault {
            let usage = usage.as_str();
            tracing::error!(request, error = %fault, "no valid signing key");
            let detail = format!(
                "The gateway has no valid {usage} key now; nothing was kept. Tell the operator, then send the same \
                 request again"
            );
            return Self { hint: Some(Hint::RetryAfter("60")), ..Self::new(503, "signing-key.none", detail) };
        }
        tracing::error!(request, error = %fault, "internal error");
        Self::new(500, "internal", "The gateway failed; nothing was kept. Tell the operator the request id")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => {
                let status = match rejection.reason {
                    Refused::TooLarge => 413,
                    Refused::Malformed => 400,
                    Refused::Unprocessable => 422,
                };
                Self { issues: rejection.issues, ..Self::new(status, "bundle.refused", "The bundle is refused") }
            }
            Refusal::NoRoute(issues) => {
                Self { issues, ..Self::new(422, "insurer.unknown", "A coverage names no insurer of this exchange") }
            }
            Refusal::TooMuch(bound) => Self::new(
                413,
                "bundle.too-much",
                format!("Bundle.entry: {bound}; send the rest as a bundle with a case number of its own"),
            ),
            Refusal::ManyExist => Self::new(
                412,
                "bundle.many-exist",
                "More than one case fits this identifier; name the system too: identifier=<system>|<value>",
            ),
            Refusal::ForeignHospital => Self::new(
                403,
                "bundle.foreign-hospital",
                "Bundle.entry: the institution code (醫事機構代碼) of Claim.provider is not one registered for the \
                 hospital whose token this is; push with that hospital's own client",
            ),
            Refusal::KeyReused => Self::new(
                422,
                "idempotency.key-reused",
                "This Idempotency-Key was used for another body; use a new key for a new bundle",
            ),
            Refusal::NotFound => Self::not_found(),
            Refusal::RevisionMismatch => Self::new(
                412,
                "bundle.revision-mismatch",
                "If-Match is not the present revision; read the bundle, then send PUT with its ETag",
            ),
            Refusal::IdentifierChanged => Self::new(
                422,
                "bundle.identifier-changed",
                "Bundle.identifier is not the case number of the bundle this PUT replaces; it may not change",
            ),
            Refusal::IdentifierDiffers => Self::new(
                422,
                "bundle.identifier-differs",
                "Bundle.identifier is not the case number in the address; PUT a bundle to its own case number",
            ),
            Refusal::Overtaken => Self::new(
                428,
                "bundle.if-match-missing",
                "These bytes are an earlier revision of the case; to go back to them send If-Match with the present ETag",
            ),
            Refusal::Records(reason) => reason.into(),
            Refusal::Fault(fault) => fault.into(),
        }
    }
}

impl From<NotDone> for Problem {
    fn from(reason: NotDone) -> Self {
        match reason {
            NotDone::NotFound => Self::not_found(),
            NotDone::Records(reasons) => super::records::all(reasons),
            NotDone::Withdrawn => Self::new(
                410,
                "delivery.withdrawn",
                "This delivery was withdrawn before it left; only its entry remains",
            ),
            NotDone::KeyReused => Self::new(
                422,
                "idempotency.key-reused",
                "This Idempotency-Key was used for other bytes or another submission; use a new key for a new report",
            ),
            NotDone::Returned => Self::new(
                410,
                "delivery.returned",
                "You gave this delivery back; only its entry remains. The trace of its submission says more",
            ),
            NotDone::ReturnedOtherwise => Self::new(
                409,
                "return.otherwise",
                "This delivery was given back before for another reason; a return cannot be changed",
            )
            .at("/reason"),
            NotDone::NotForwarded(reason) => Self::new(
                409,
                reason.code(),
                format!("The delivery counts as returned and was not handed on: {reason}"),
            )
            .at("/suggested_recipient"),
            NotDone::NotFetched => Self::new(
                409,
                "delivery.not-fetched",
                "This delivery was never fetched; fetch and open its packet first",
            ),
            NotDone::Withheld => Self::new(
                409,
                "attachment.withheld",
                "This attachment has not left yet, and the hospital has no consent basis now; ask again later",
            ),
            NotDone::LargeFile => Self::new(
                409,
                "attachment.large",
                "This file is over 20 MiB: fetch its key at …/key, then its bytes at …/content",
            ),
            NotDone::SmallFile => Self::new(
                409,
                "attachment.small",
                "This file has no key of its own: fetch it whole, without …/key or …/content",
            ),
            NotDone::KeyFirst => Self::new(409, "attachment.key-first", "Fetch the key of this file at …/key first"),
            NotDone::NoKey => Self::new(
                409,
                "insurer.no-key",
                "You have no valid encryption key now; have the operator register one, then fetch again",
            ),
            NotDone::DigestMismatch => Self::new(
                409,
                "delivery.digest-mismatch",
                "presentation_digest is not the SHA-256 (base64url) of the presentation in this delivery; fetch and \
                 open it again",
            )
            .at("/presentation_digest"),
            NotDone::Receipt(reason) => {
                Self::new(422, reason.code(), format!("{reason}; nothing was acknowledged")).at("/receipt")
            }
            NotDone::AcknowledgedOtherwise => Self::new(
                409,
                "delivery.acknowledged",
                "This delivery was acknowledged with the other result before; an acknowledgement cannot be changed",
            ),
            NotDone::NotCoordinated => Self::new(
                409,
                "coordination.none",
                "The consent that stands does not cover telling you of others that reimburse these expenses, or your line \
                 pays a fixed sum, or you got no receipt",
            ),
            NotDone::NotBooked(reason) => reason.into(),
            NotDone::NotAsked(reason) => reason.into(),
            NotDone::InvalidStep(step) => Self::new(409, "submission.invalid-step", step.to_string()),
            NotDone::Fault(fault) => fault.into(),
        }
    }
}

impl From<NotProven> for Problem {
    fn from(reason: NotProven) -> Self {
        match reason {
            NotProven::NotFound => Self::not_found(),
            NotProven::Pending => Self {
                hint: Some(Hint::RetryAfter("2")),
                ..Self::new(503, "proof.pending", "The log's next checkpoint will hold this packet; ask again")
            },
            NotProven::Fault(fault) => fault.into(),
        }
    }
}

impl From<crate::store::StoreError> for Problem {
    fn from(error: crate::store::StoreError) -> Self {
        Fault::from(error).into()
    }
}
