//! An insurer's requests that change something, signed or not (RFC 9421), and the answers that confirm them.
//!
//! A handler reads such a request as a [`Call`] and answers with it: the signature of the one is checked before anything
//! is done, and the other is signed where the party wants it. Every POST of `/insurer/` goes this way; a test walks them.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::body::{self, Body, Small};
use super::caller::{Caller, Right};
use super::insurer::no_store;
use super::problem::Problem;
use super::signed;
use crate::app::App;
use crate::flows::Fault;
use crate::flows::health::Request;
use crate::flows::insurer::NotSigned;

const JSON: &str = "application/json";

/// A request that changes something, whose signature was checked.
pub struct Call {
    http: HttpRequest,
    request: Request,
    body: Body,
    within: Small,
    answer_signed: bool,
}

claimgate_packet::opaque_debug!(Call);

impl Call {
    /// Reads the body and checks the signature.
    ///
    /// # Errors
    /// 422 where the caller must sign and did not, or signed what does not verify; as [`body::json`] for its bytes.
    pub async fn read<R: Right>(
        app: &App,
        caller: &Caller<R>,
        http: HttpRequest,
        payload: Payload,
        within: Small,
    ) -> Result<Self, Problem> {
        let request = signed::call(&http)?;
        let body = body::small(app, &http, payload, within).await?;
        let signed = app.engine.check_call(&caller.party, &request, &body).await?;
        let answer_signed = signed || caller.party.wants_signed_answers();
        Ok(Self { http, request, body, within, answer_signed })
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body in a known form.
    ///
    /// # Errors
    /// As [`body::json`].
    pub fn json<T: DeserializeOwned + Validate>(&self) -> Result<T, Problem> {
        body::of_form(&self.http, &self.body, self.within)
    }

    /// The answer that confirms it: 200 with this body, signed where it is wanted so.
    ///
    /// # Errors
    /// A body that cannot be written.
    pub fn confirm(&self, app: &App, answer: &impl Serialize) -> Result<HttpResponse, Problem> {
        let body = serde_json::to_string(answer).map_err(|_| Fault::Stored("answer"))?;
        let mut response = no_store();
        response.content_type(JSON);
        if self.answer_signed {
            let fields = app.engine.sign_answer(&self.request, (200, JSON), body.as_bytes());
            if fields.is_none() {
                tracing::error!("an answer could not be signed; what it confirms is done");
            }
            for field in fields.into_iter().flatten() {
                response.insert_header(field);
            }
        }
        Ok(response.body(body))
    }
}

impl From<NotSigned> for Problem {
    fn from(reason: NotSigned) -> Self {
        let detail = reason.to_string();
        match reason {
            NotSigned::Required => Problem::new(422, "request-signature.required", detail),
            NotSigned::Invalid(_) => Problem::new(422, "request-signature.invalid", detail),
            NotSigned::Replayed => Problem::new(422, "request-signature.replayed", detail),
            NotSigned::Fault(fault) => fault.into(),
        }
    }
}
