//! What is asked for, each kind of paper once however many insurers ask for it, and what of it was sent.

use claimgate_adapters::insurer::request::{DocumentKind, RequestView};

use super::super::page::parts::Part;
use crate::core::request::RequestState;
use crate::flows::insurer::{HandedIn, Paper};
use crate::id::TaskId;

/// The longest note that is kept, in characters.
const NOTE: usize = 1_000;

/// A kind of paper that is asked for.
pub(super) struct Asked {
    /// Which.
    pub kind: DocumentKind,
    /// What insurers say of it.
    pub notes: Vec<String>,
    /// The party ids of those that ask.
    pub by: Vec<String>,
}

/// The requests that wait, or whose last day is over: what comes late is late, not void.
pub(super) fn waiting(requests: Vec<RequestView>) -> Vec<RequestView> {
    let open = |one: &RequestView| {
        one.head.state.parse::<RequestState>().is_ok_and(|state| state.step(RequestState::Answered).is_ok())
    };
    requests.into_iter().filter(open).collect()
}

/// The kinds that are asked for, in the order they were.
pub(super) fn asked(requests: &[RequestView]) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    for request in requests {
        for wanted in &request.documents {
            let place = all.iter().position(|one| one.kind == wanted.kind);
            if place.is_none() {
                all.push(Asked { kind: wanted.kind, notes: Vec::new(), by: Vec::new() });
            }
            let Some(one) = all.iter_mut().find(|one| one.kind == wanted.kind) else { continue };
            one.notes.extend(wanted.note.clone().filter(|note| !one.notes.contains(note)));
            if !one.by.contains(&request.head.insurer) {
                one.by.push(request.head.insurer.clone());
            }
        }
    }
    all
}

/// The field of a kind of paper.
pub(super) fn field(kind: DocumentKind) -> String {
    format!("file-{}", kind.as_str())
}

/// What was sent, and for which of the requests; none where nothing was chosen.
pub(super) fn handed_in(requests: &[RequestView], parts: &[Part<'_>]) -> (Vec<TaskId>, HandedIn) {
    let mut papers = Vec::new();
    for one in asked(requests) {
        let name = field(one.kind);
        let files = parts.iter().filter(|part| part.name == name && !part.content.is_empty());
        let files: Vec<Vec<u8>> = files.map(|part| part.content.to_vec()).collect();
        if !files.is_empty() {
            papers.push(Paper { kind: one.kind, files });
        }
    }
    let said = |name: &str| parts.iter().find(|part| part.name == name).and_then(Part::text);
    let complete = said("complete").is_some_and(|value| !value.is_empty());
    let served = |request: &&RequestView| {
        complete || request.documents.iter().any(|wanted| papers.iter().any(|paper| paper.kind == wanted.kind))
    };
    let ids = requests.iter().filter(served).filter_map(|request| request.head.request_id.parse().ok()).collect();
    let note = said("note").map(str::trim).filter(|note| !note.is_empty());
    let note = note.map(|note| note.chars().take(NOTE).collect());
    (ids, HandedIn { papers, complete, note })
}
