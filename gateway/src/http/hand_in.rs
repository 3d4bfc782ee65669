//! `POST /claims/v1/claims/{id}/requests/{request}/answer`: an app hands in the papers its person is asked for (補件).

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::insurer::request::{DocumentKind, RequestPage};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, FollowClaims};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::flows::insurer::{HandedIn, NotAsked, Owner, Paper};
use crate::id::{ClaimId, TaskId};

/// Twenty MiB of files in base64, and their names.
const PAPERS: Small = Small { bytes: 28 << 20, members: 400 };

/// Body of `POST /claims/v1/claims/{id}/requests/{request}/answer`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandInPapers"))]
#[serde(deny_unknown_fields)]
pub struct HandInBody {
    /// The papers, by what was asked for.
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    pub documents: Vec<HandedInDocument>,
    /// Ids of other requests of the same claim that these papers answer too, of whatever insurer.
    #[serde(default)]
    #[validate(length(max = 49))]
    pub also: Vec<String>,
    /// That is all the person has: the requests are answered even where something is missing.
    #[serde(default)]
    pub complete: bool,
    /// What the person says to the insurers.
    #[validate(length(min = 1, max = 1_000))]
    pub note: Option<String>,
}

/// A paper that is handed in.
#[derive(Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedInDocument {
    /// Which of the documents asked for it is.
    pub kind: DocumentKind,
    /// Its files, ten in all documents of an answer: photos (JPEG, PNG, HEIC, WebP, TIFF) or PDF in base64, each at most
    /// 5 MiB before that, all of them at most 20 MiB.
    #[validate(length(min = 1, max = 10))]
    pub files: Vec<String>,
}

claimgate_packet::opaque_debug!(HandInBody, HandedInDocument);

/// `POST /claims/v1/claims/{id}/requests/{request}/answer`. The same files again change nothing.
///
/// # Errors
/// 404 for a claim this app is not linked to or a request it is not asked, 409 where the request is over, 422 for papers
/// nobody asked for and files that are none.
pub async fn answer(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    path: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (claim, id) = path.into_inner();
    let claim: ClaimId = claim.parse().map_err(|_| Problem::not_found())?;
    let id: TaskId = id.parse().map_err(|_| Problem::not_found())?;
    let asked: HandInBody = body::json_within(&app, &request, payload, PAPERS).await?;
    let also = asked.also.iter().map(|other| other.parse::<TaskId>().map_err(|_| NotAsked::Also));
    let ids = std::iter::once(Ok(id)).chain(also).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(Problem::from)?;
    let mut papers = Vec::new();
    for (place, document) in asked.documents.iter().enumerate() {
        let files = document.files.iter().map(|text| STANDARD.decode(text)).collect::<Result<Vec<_>, _>>();
        let files = files
            .map_err(|_| Problem::new(422, "body.value", "files are base64").at(format!("/documents/{place}/files")))?;
        papers.push(Paper { kind: document.kind, files });
    }
    let handed = HandedIn { papers, complete: asked.complete, note: asked.note };
    let owner = Owner::App(caller.party.id.clone());
    let requests = app.engine.hand_in(&owner, (claim, &ids), &handed).await?;
    Ok(no_store().json(RequestPage { requests, more: false }))
}
