//! A hospital's system under load: new cases, next revisions, repetitions; out comes what it was answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use claimgate_gateway::sandbox::client::Answer;
use serde_json::json;

use super::chance::Chance;
use super::patience::{Asked, Patient, Scene};
use crate::bundles::{bytes, case, resource};

/// How many deliveries may wait before the hospitals do.
const BEHIND: i64 = 24;
/// The headers that say what became of a push.
const SAID: [&str; 4] = ["location", "etag", "claimgate-claim-id", "claimgate-tracking-code"];

/// A push that was answered 201.
#[derive(Debug)]
pub struct Pushed {
    /// Case number.
    pub case: String,
    /// Revision of the case, from 1.
    pub revision: i64,
    /// `Idempotency-Key`, where one was sent.
    pub key: Option<String>,
    /// What was sent.
    pub body: Vec<u8>,
    /// What was answered: headers, then the body.
    pub said: [String; 5],
}

impl Pushed {
    /// Claim id.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.said[2]
    }

    /// Where the revision is read.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.said[0]
    }

    /// Sends it again; none where the answer is the same.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn again(&self, scene: &Scene, client: &mut Patient) -> Option<String> {
        let answer = send(scene, client, self.key.as_deref(), &self.body).await;
        match answer {
            Some(answer) if said(&answer) == self.said => None,
            Some(answer) => {
                Some(format!("{} {}: {:?} became {:?}", self.case, self.revision, self.said, said(&answer)))
            }
            None => Some(format!("{} {}: refused the second time", self.case, self.revision)),
        }
    }
}

fn said(answer: &Answer) -> [String; 5] {
    let [location, etag, claim, code] = SAID.map(|name| answer.header(name).unwrap_or_default().to_owned());
    [location, etag, claim, code, String::from_utf8_lossy(&answer.body).into_owned()]
}

async fn send(scene: &Scene, client: &mut Patient, key: Option<&str>, body: &[u8]) -> Option<Answer> {
    let mut headers = vec![("content-type", "application/fhir+json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    client.write(scene, Asked { path: "/fhir/Bundle", headers: &headers, body: Some(body) }, &[201]).await
}

/// Pushes until told that it is over; what was begun is brought to its answer.
///
/// # Panics
/// A push is not answered.
pub async fn push_all(scene: Arc<Scene>, mut client: Patient, system: u64, mut chance: Chance) -> Vec<Pushed> {
    let mut log = Vec::new();
    for number in 0_u64.. {
        if scene.over.load(Ordering::SeqCst) {
            break;
        }
        // As fast as the insurers read: so that all kinds of requests are under way at each kill.
        while scene.behind.load(Ordering::SeqCst) > BEHIND {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let name = format!("CRASH-{system}-{number}");
        let mut bundle = case(&name);
        for revision in 1..=i64::from(chance.once_in(3)) + 1 {
            if revision > 1 {
                // The certificate goes to both insurers.
                let note = json!([{ "text": format!("複診 {revision}") }]);
                if let Some(certificate) = resource(&mut bundle, "Condition").as_object_mut() {
                    certificate.insert("note".to_owned(), note);
                }
            }
            let (body, key) = (bytes(&bundle), (!chance.once_in(2)).then(|| format!("{name}-{revision}")));
            let Some(answer) = send(&scene, &mut client, key.as_deref(), &body).await else { continue };
            let pushed = Pushed { case: name.clone(), revision, key, body, said: said(&answer) };
            if pushed.said[1] != format!("W/\"{revision}\"") {
                scene.note(format_args!("doubled: {name}: revision {revision} is answered as {}", pushed.said[1]));
            }
            if chance.once_in(4)
                && let Some(other) = pushed.again(&scene, &mut client).await
            {
                scene.note(format_args!("doubled: {other}"));
            }
            scene.behind.fetch_add(2, Ordering::SeqCst);
            log.push(pushed);
        }
    }
    log
}
