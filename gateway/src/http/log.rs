//! `/log`: the public log of packets (C2SP tlog-tiles). No token: it holds hashes only.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use claimgate_packet::log::tile::Wanted;

use super::caller::{Caller, ReadDeliveries};
use super::problem::Problem;
use crate::app::App;

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /log/checkpoint`: size and root, signed.
///
/// # Errors
/// 404 before the first checkpoint.
pub async fn checkpoint(app: Data<App>) -> Result<HttpResponse, Problem> {
    let (_, note) = app.engine.store.log_checkpoint().await?.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=1")).content_type(TEXT).body(note))
}

/// `GET /log/tile/{level}/{number}` and `/log/tile/entries/{number}`.
///
/// # Errors
/// 404 for another spelling, or for what the newest checkpoint does not reach.
pub async fn tile(app: Data<App>, path: Path<String>) -> Result<HttpResponse, Problem> {
    let wanted = Wanted::parse(&path).ok_or_else(Problem::not_found)?;
    let bytes = app.engine.log_bytes(wanted).await?.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=31536000, immutable"))
        .content_type("application/octet-stream")
        .body(bytes))
}

/// `GET /insurer/v1/deliveries/{id}/proof`: that its packet stands in the log, as one text to keep with the packet.
///
/// # Errors
/// 404 where it is another's or withdrawn, 503 while its packet is not under a checkpoint yet.
pub async fn proof(app: Data<App>, caller: Caller<ReadDeliveries>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let proof = app.engine.log_proof(&caller.party.id, id).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).content_type(TEXT).body(proof.to_text()))
}
