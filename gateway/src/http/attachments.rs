//! `/insurer/v1/deliveries/{id}/attachments`: an insurer fetches a file (附件) its packet names.
//!
//! A file is larger than most packets: it takes room before it is read.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::caller::{Caller, ReadDeliveries};
use super::insurer::{content_digest, no_store};
use super::problem::Problem;
use super::sending::{Room, send};
use crate::app::App;

/// `GET /insurer/v1/deliveries/{id}/attachments/{attachment}`: the sealed file (JWE compact, `application/jose`).
///
/// # Errors
/// 404 where it is another's or not disclosed in this delivery, 409 before its packet was fetched or without consent or
/// key, 410 where the delivery was withdrawn, 429 or 503 where there is no room now.
pub async fn fetch(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (delivery, attachment) = path.into_inner();
    let delivery = delivery.parse().map_err(|_| Problem::not_found())?;
    let attachment = attachment.parse().map_err(|_| Problem::not_found())?;
    let insurer = &caller.party.id;
    let bytes = app.engine.attachment_bytes(insurer, delivery, attachment).await?;
    let room = Room::take(&app, &caller.entered, bytes)?;
    let sealed = app.engine.fetch_attachment(insurer, delivery, attachment).await?;
    let mut response = no_store();
    response.content_type("application/jose").insert_header(("Content-Digest", content_digest(&sealed)));
    Ok(send(response, sealed, room))
}
