//! An insurer's system under load: pulls by its cursor, fetches, opens, acknowledges, reports; out comes what it saw.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use claimgate_adapters::insurer::{AckBody, AckResult, Envelope, StatusBody};
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::open::{Opened, TrustedKeys, open};
use claimgate_packet::receipt::{self, Receipt};
use serde_json::Value;

use super::chance::Chance;
use super::patience::{Asked, Patient, Scene};
use crate::gateway::must;

/// What an insurer has at the end.
#[derive(Debug)]
pub struct Read {
    /// Its client.
    pub client: Patient,
    /// Deliveries in the order they came.
    pub seen: Vec<Envelope>,
    /// Deliveries whose acknowledgement was answered.
    pub acked: Vec<String>,
    /// Submissions whose report was answered.
    pub reported: Vec<String>,
}

/// A page after a position.
///
/// # Panics
/// There is no answer.
pub async fn page(scene: &Scene, client: &mut Patient, after: usize, wait: u32) -> Vec<Envelope> {
    let path = format!("/insurer/v1/deliveries?after={after}&wait={wait}&limit=50");
    let answer = client.ask(scene, Asked { path: &path, headers: &[], body: None }).await;
    let list = answer.json("page").ok().and_then(|mut page| page.get_mut("deliveries").map(Value::take));
    list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_else(|| {
        scene.note(format_args!("{path}: {}", answer.status));
        Vec::new()
    })
}

/// Reads until all hospitals are done and nothing more comes.
///
/// # Panics
/// A request is not answered.
pub async fn read_all(scene: Arc<Scene>, client: Patient, keys: Vec<PrivateJwk>, mut chance: Chance) -> Read {
    let mut read = Read { client, seen: Vec::new(), acked: Vec::new(), reported: Vec::new() };
    let path = "/.well-known/claim-packet-keys";
    let published = read.client.ask(&scene, Asked { path, headers: &[], body: None }).await;
    let trust = must(TrustedKeys::parse(&published.body));
    loop {
        // Asked before the page: what was pushed before it is in the page.
        let last = scene.pushed.load(Ordering::SeqCst);
        let back = usize::try_from(chance.below(5)).unwrap_or_default();
        let after = if chance.once_in(8) { read.seen.len().saturating_sub(back) } else { read.seen.len() };
        let found = page(&scene, &mut read.client, after, 1).await;
        let empty = found.is_empty();
        for (envelope, position) in found.into_iter().zip(after + 1..) {
            if envelope.position != i64::try_from(position).unwrap_or_default() {
                scene.note(format_args!("lost: position {position}, {} came", envelope.position));
            }
            match read.seen.get(position - 1) {
                Some(known) if known.id == envelope.id => {}
                Some(known) => scene.note(format_args!("doubled: {} at the place of {}", envelope.id, known.id)),
                None => {
                    read.serve(&scene, &envelope, &keys, &trust).await;
                    read.seen.push(envelope);
                    scene.behind.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
        if last && empty && after == read.seen.len() {
            return read;
        }
    }
}

impl Read {
    async fn serve(&mut self, scene: &Scene, envelope: &Envelope, keys: &[PrivateJwk], trust: &TrustedKeys) {
        let path = format!("/insurer/v1/deliveries/{}", envelope.id);
        let sealed = self.client.ask(scene, Asked { path: &path, headers: &[], body: None }).await;
        let sealed = String::from_utf8_lossy(&sealed.body).into_owned();
        let (id, now) = (self.client.client.id(), self.client.client.now());
        match open(&sealed, keys, trust, id, Some(envelope.line), now) {
            Ok(opened) => self.accept(scene, envelope, &opened).await,
            Err(error) => scene.note(format_args!("lost: {path}: {error}")),
        }
    }

    async fn accept(&mut self, scene: &Scene, envelope: &Envelope, opened: &Opened) {
        let client = &self.client.client;
        let signed = receipt::sign(&Receipt::accepted(envelope.id.clone(), opened, client.now()), client.key());
        let ack = AckBody {
            result: AckResult::Accepted,
            presentation_digest: Some(opened.presentation_digest.clone()),
            receipt: Some(must(signed)),
        };
        let headers = [("content-type", "application/json")];
        let (path, body) = (format!("/insurer/v1/deliveries/{}/ack", envelope.id), must(serde_json::to_vec(&ack)));
        let asked = Asked { path: &path, headers: &headers, body: Some(&body) };
        if self.client.write(scene, asked, &[200]).await.is_some() {
            self.acked.push(envelope.id.clone());
        }
        if envelope.revision > 1 {
            return;
        }
        let status =
            StatusBody { state: "in-review".to_owned(), number: Some("C-1".to_owned()), ..StatusBody::default() };
        let path = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
        let headers = [headers[0], ("idempotency-key", envelope.submission_id.as_str())];
        let body = must(serde_json::to_vec(&status));
        let asked = Asked { path: &path, headers: &headers, body: Some(&body) };
        if self.client.write(scene, asked, &[200]).await.is_some() {
            self.reported.push(envelope.submission_id.clone());
        }
    }
}
