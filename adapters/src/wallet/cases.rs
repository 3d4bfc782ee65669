//! Presentations in a file, judged offline: for the command line and for whoever compares two verifiers.
//!
//! In: JSON with the request, the issuer and its keys, status lists, and presentations by id, as the made-up TWDIW
//! vectors have it; or one SD-JWT and a key set. Out: a verdict each. Persons are named by their claims' names alone.

use claimgate_packet::jose::json::{Limits, parse_object};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::credential::Credential;
use super::key::Keys;
use super::reason::{Effect, Reason};
use super::status::{List, Outcome, Reference, list2021, outcome};
use super::trust::{Domain, Issuer, IssuerKeys, Registered, Trust, host_of};
use super::twdiw::presentation::{self, Presentation};
use super::verify::binding::Proof;
use super::verify::{Expected, Strictness, verify};

/// A file of cases.
const FILE: Limits = Limits { bytes: 16 << 20, depth: 16, members: 100_000 };

/// What becomes of one presentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The case.
    pub id: String,
    /// `accept`, `hold` or `reject`.
    pub verdict: &'static str,
    /// The code of the reason, where it is not accepted.
    pub reason: Option<&'static str>,
    /// The names of the claims that were disclosed.
    pub claims: Vec<String>,
}

/// The file is not of this shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a file of cases has now, expected_nonce, expected_client_id, issuer_did, issuer_jwks, requested_type, status_lists with \
     revocation_list_url, and cases with id and vp_token"
)]
pub struct NotCases;

#[derive(Deserialize)]
struct File {
    now: i64,
    expected_nonce: String,
    expected_client_id: String,
    issuer_did: String,
    issuer_jwks: Value,
    requested_type: String,
    cases: Vec<Case>,
    #[serde(default)]
    status_lists: Map<String, Value>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    vp_token: String,
}

/// Judges every case of a file of TWDIW presentations.
///
/// # Errors
/// [`NotCases`].
pub fn judge(bytes: &[u8]) -> Result<Vec<Verdict>, NotCases> {
    let whole = parse_object(bytes, FILE).map_err(|_| NotCases)?;
    let file: File = serde_json::from_value(whole.into()).map_err(|_| NotCases)?;
    let now = Timestamp::from_second(file.now).map_err(|_| NotCases)?;
    let trust = file.trust().ok_or(NotCases)?;
    Ok(file.cases.iter().map(|case| file.verdict(case, &trust, now)).collect())
}

impl File {
    fn trust(&self) -> Option<Trust> {
        let host = host_of(self.status_lists.get("revocation_list_url")?.as_str()?)?;
        let registered = Registered { status: 1, host, list_keys: Keys::from_json(&self.issuer_jwks)? };
        let keys = IssuerKeys::Registered(registered);
        let types = vec![self.requested_type.clone()];
        let issuer = Issuer { id: self.issuer_did.clone(), types, domain: Domain::Production, keys };
        Some(Trust { issuers: vec![issuer], domain: Domain::Production })
    }

    fn verdict(&self, case: &Case, trust: &Trust, now: Timestamp) -> Verdict {
        let types = [self.requested_type.clone()];
        let expected = Presentation {
            nonce: &self.expected_nonce,
            audience: &self.expected_client_id,
            types: &types,
            opened_at: None,
        };
        let judged = presentation::verify(&case.vp_token, &expected, trust, now).and_then(|credentials| {
            credentials.iter().try_for_each(|credential| self.check_status(credential, trust, now))?;
            Ok(credentials.iter().flat_map(|one| one.claims.keys().cloned()).collect())
        });
        Verdict::of(&case.id, judged)
    }

    fn check_status(&self, credential: &Credential, trust: &Trust, now: Timestamp) -> Result<(), Reason> {
        let read = |reference: &Reference| -> Result<List, Reason> {
            let of = |name: &str| {
                self.status_lists.get(&format!("{name}_list_url")).is_some_and(|url| *url == reference.uri)
            };
            let name =
                ["revocation", "suspension"].into_iter().find(|name| of(name)).ok_or(Reason::StatusUnavailable)?;
            let body = self.status_lists.get(name).ok_or(Reason::StatusUnavailable)?.to_string();
            let token = list2021::token_in(body.as_bytes()).ok_or(Reason::StatusMalformed)?;
            list2021::read(&token, reference, &credential.issuer, trust, now)
        };
        let lists: Vec<_> = credential.status.iter().map(|one| (one, read(one))).collect();
        let find = |wanted: &Reference| {
            let found = lists.iter().find(|(one, _)| *one == wanted);
            found.map_or(Err(Reason::StatusUnavailable), |(_, list)| list.as_ref().map_err(|reason| *reason))
        };
        match outcome(&credential.status, find, now) {
            Outcome::Valid => Ok(()),
            Outcome::Refused(reason) | Outcome::Unknown(reason) => Err(reason),
        }
    }
}

/// Judges one SD-JWT by a key set, whoever issued it; with a proof of the holder where one is asked for. Its status is
/// not looked at: a credential that names one is held.
#[must_use]
pub fn judge_one(text: &str, keys: Keys, proof: Option<Proof<'_>>, now: Timestamp) -> Verdict {
    let expected = Expected { strictness: Strictness::Raw, types: &[], proof };
    let judged = verify(text.trim_ascii(), &expected, &Trust::of_keys(keys), now).and_then(|credential| {
        let names = credential.claims.keys().cloned().collect();
        if credential.status.is_empty() { Ok(names) } else { Err(Reason::StatusUnavailable) }
    });
    Verdict::of("", judged)
}

impl Verdict {
    fn of(id: &str, judged: Result<Vec<String>, Reason>) -> Self {
        let id = id.to_owned();
        match judged {
            Ok(claims) => Self { id, verdict: "accept", reason: None, claims },
            Err(reason) => {
                // The malformed status of a credential refuses; that of a list comes as unknown and holds.
                let verdict = if reason.effect() == Effect::Hold { "hold" } else { "reject" };
                Self { id, verdict, reason: Some(reason.code()), claims: Vec::new() }
            }
        }
    }
}
