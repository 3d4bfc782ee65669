//! The same thing many times at once, round after round: conditional creates and idempotent posts of one bundle.
//!
//! Out: how many claims came of it. One for each round and kind is right; more are doubled, and no answer is lost.

use std::collections::BTreeSet;

use claimgate_gateway::sandbox::client::PartyClient;
use futures_util::future::join_all;
use reqwest::Method;

use crate::bundles::{bytes, case};
use crate::gateway::must;

/// Requests at once.
pub const AT_ONCE: usize = 50;
/// Rounds of each kind.
pub const ROUNDS: u32 = 40;

/// Claims that came of all rounds of both kinds; `2 * ROUNDS` are right.
///
/// # Panics
/// An answer is neither 200 nor 201.
pub async fn effects(hospital: &PartyClient) -> usize {
    let mut effects = 0;
    for round in 0..ROUNDS {
        for (kind, header) in [("FOUND", "if-none-exist"), ("KEYED", "idempotency-key")] {
            let name = format!("{kind}-{round}");
            let body = bytes(&case(&name));
            let value = if kind == "FOUND" { format!("identifier={name}") } else { name };
            let headers = [("content-type", "application/fhir+json"), (header, value.as_str())];
            let calls = (0..AT_ONCE).map(|_| hospital.call(Method::POST, "/fhir/Bundle", &headers, body.clone()));
            let mut claims = BTreeSet::new();
            for answer in join_all(calls).await {
                let answer = must(answer);
                assert!(matches!(answer.status.as_u16(), 200 | 201), "{}", answer.status);
                claims.insert(answer.header("claimgate-claim-id").unwrap_or_default().to_owned());
            }
            effects += claims.len();
        }
    }
    effects
}
