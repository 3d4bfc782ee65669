//! The second way to today's digital wallet (數位憑證皮夾): the organisation's own verifier module (驗證端模組) asks and verifies, the
//! gateway calls its relying-party API (`/api/oidvp/qrcode`, `/api/oidvp/result`) by the one way out.
//!
//! In: a query by reference, what the module answers. Out: the same sessions apps know. What the module says is unsigned:
//! its worth is TLS to the operator's own module and the access token. It tells a result once, so it is written down before
//! anybody is told.

use std::collections::BTreeSet;

use claimgate_adapters::wallet::Reason;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::{Limits, parse_object};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::answer::{NotTaken, bare};
use super::{ByModule, NewSession, NotStarted, Started, to_json};
use crate::config;
use crate::core::change::{Change, Write};
use crate::core::wallet::{Outcome, Proved, Session, SessionState, WalletWrite};
use crate::flows::{Engine, Fault};
use crate::id::WalletSessionId;
use crate::keys::at_rest::Place;
use crate::sender::SendError;
use crate::store::StoreError;

/// Bytes of an answer of the module, with its picture.
const ANSWER: usize = 512 << 10;
const FORM: Limits = Limits { bytes: ANSWER, depth: 8, members: 2_000 };
/// Seconds the module keeps a session.
const LIFE: i64 = 300;
/// Characters of an access token.
const TOKEN: usize = 4_096;
/// Characters of a link.
const LINK: usize = 4_096;
/// "No result yet", and "no such session or over" (code 4002, 4003).
const WAITS: i64 = 4_002;
const OVER: i64 = 4_003;
/// The wallet said no (code 2001).
const DECLINED: i64 = 2_001;

/// Where the module is.
pub(super) struct Module {
    address: String,
    token: Zeroizing<String>,
}

claimgate_packet::opaque_debug!(Module);

/// Why the module cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleFault {
    /// No module is configured.
    Off,
    /// It cannot be reached.
    Away(&'static str),
    /// It refuses us: the access token, or the reference.
    Refused,
    /// It answers something else than its API says, or for another transaction.
    Answer,
}

impl ModuleFault {
    /// The word in answers and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "not-configured",
            Self::Away(why) => why,
            Self::Refused => "refused-by-module",
            Self::Answer => "answer-not-understood",
        }
    }
}

/// What is kept of a session by module, sealed.
#[derive(Serialize, Deserialize)]
struct KeptModule {
    transaction: String,
}

claimgate_packet::opaque_debug!(KeptModule);

impl Module {
    pub(super) fn open(settings: &config::Wallet) -> Result<Option<Self>, ()> {
        if settings.module_address.is_empty() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&settings.module_token_file).map(Zeroizing::new).map_err(|_| ())?;
        let token = text.trim();
        let fits = (1..=TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            return Err(());
        }
        let address = settings.module_address.trim_end_matches('/').to_owned();
        Ok(Some(Self { address, token: Zeroizing::new(token.to_owned()) }))
    }
}

/// What the module says of a transaction.
enum Said {
    Waits,
    /// It is over, or the wallet said no.
    Ended(Reason, Option<&'static str>),
    Presented(Vec<Shown>, String),
}

/// One credential as the module tells it.
struct Shown {
    kind: String,
    holder: Option<String>,
    claims: Map<String, Value>,
}

impl Engine {
    pub(super) async fn start_module_session(
        &self,
        app: &crate::party::PartyId,
        new: &NewSession,
        query: &ByModule,
    ) -> Result<Started, NotStarted> {
        if !query.purposes.contains(&new.purpose) {
            return Err(NotStarted::Purpose);
        }
        if new.act.is_some() {
            return Err(NotStarted::Action);
        }
        if new.at_least.is_some_and(|least| !query.assurance.reaches(least)) {
            return Err(NotStarted::Assurance);
        }
        // Nobody signs a consent in this dialect, and the module sends nobody back.
        if new.consent.is_some() || new.gives.is_some() || new.return_to.is_some() {
            return Err(NotStarted::Consent);
        }
        if let Some(claim) = new.claim {
            self.store.claim_of_app(app, claim).await.map_err(Fault::from)?.ok_or(NotStarted::Claim)?;
        }
        let now = self.now();
        let id = WalletSessionId::new(now, &self.random);
        let transaction = id.uuid().to_string();
        let link = self.module_link(query, &transaction).await.map_err(NotStarted::Module)?;
        let open = self.wallet.open.min(jiff::SignedDuration::from_secs(LIFE));
        let closes_at = now.saturating_add(open).unwrap_or(Timestamp::MAX);
        let row = id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "request" };
        let kept = to_json(&KeptModule { transaction })?;
        let session = Session {
            id,
            party: app.clone(),
            query: new.query.clone(),
            purpose: new.purpose.clone(),
            claim: new.claim,
            state: SessionState::Waiting,
            reason: None,
            request: Some(self.vault.seal_registry(place, &kept).map_err(Fault::from)?),
            outcome: None,
            code: None,
            closes_at,
        };
        let forget_at = closes_at.saturating_add(self.wallet.kept).unwrap_or(Timestamp::MAX);
        // No wallet comes here for it: its handle is one nobody has.
        let handle = self.index.exact("wallet_session.handle", &[&self.random.bytes::<32>()]);
        let mut change = Change::new("start_wallet_session");
        change.push(self.audit(app.as_str(), "wallet.asked", &id, [("query", session.query.clone())]));
        change.push(Write::Wallet(WalletWrite::New(Box::new(session), handle, now, forget_at)));
        match self.store.commit(change).await {
            Err(StoreError::Conflict { table: "claim" }) => Err(NotStarted::Claim),
            committed => {
                committed.map_err(Fault::from)?;
                Ok(Started { id, link, universal_link: None, closes_at })
            }
        }
    }

    /// Asks the module for a request to a wallet: `GET /api/oidvp/qrcode`.
    async fn module_link(&self, query: &ByModule, transaction: &str) -> Result<String, ModuleFault> {
        let reference = escaped(&query.reference);
        let path = format!("/api/oidvp/qrcode?ref={reference}&transactionId={transaction}&isCallback=N");
        let (status, answer) = self.ask_module(&path, None).await?;
        if status != 200 {
            return Err(if (400..500).contains(&status) { ModuleFault::Refused } else { ModuleFault::Answer });
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let link = text("authUri").filter(|_| text("transactionId") == Some(transaction));
        let fits = |link: &&str| {
            let known =
                ["modadigitalwallet://", "openid4vp://", "https://"].iter().any(|scheme| link.starts_with(scheme));
            known && link.len() <= LINK && link.bytes().all(|byte| byte.is_ascii_graphic())
        };
        link.filter(fits).map(str::to_owned).ok_or(ModuleFault::Answer)
    }

    async fn ask_module(&self, path: &str, body: Option<Value>) -> Result<(u16, Map<String, Value>), ModuleFault> {
        let module = self.wallet.module.as_ref().ok_or(ModuleFault::Off)?;
        let address = format!("{}{path}", module.address);
        let target = self.keys_target(&address).map_err(|_| ModuleFault::Away("address-forbidden"))?;
        let mut headers = vec![("access-token", module.token.to_string()), ("accept", "application/json".to_owned())];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        let body = body.map(|body| body.to_string().into_bytes());
        let answered = self.sender.exchange(&target, &headers, body, ANSWER).await;
        let answered = answered.map_err(|error: SendError| ModuleFault::Away(error.as_str()))?;
        match parse_object(&answered.body, FORM) {
            Ok(members) => Ok((answered.status, members)),
            Err(_) if (400..500).contains(&answered.status) => Ok((answered.status, Map::new())),
            Err(_) => Err(ModuleFault::Answer),
        }
    }

    /// Looks at an open session by module: what the module has is taken, and written down before it is told.
    pub(super) async fn follow_module(&self, session: Session) -> Result<Session, Fault> {
        let query = self.wallet.queries.by_module(&session.query);
        let Some(query) = query.filter(|_| session.state.is_open() && self.now() < session.closes_at) else {
            return Ok(session);
        };
        // The module tells it once: of two who read at the same time one asks, the other finds it written.
        let _turn = self.turns.of(session.id.uuid().as_bytes()).await;
        let party = session.party.clone();
        let Some(session) = self.store.wallet_session(&party, session.id).await?.filter(|one| one.state.is_open())
        else {
            return Ok(self.store.wallet_session(&party, session.id).await?.unwrap_or(session));
        };
        let said = match self.module_result(&session).await {
            Ok(said) => said,
            Err(fault) => {
                tracing::warn!(fault = fault.as_str(), "the verifier module told no result; the session stays open");
                return Ok(session);
            }
        };
        let id = session.id;
        let ended = match said {
            Said::Waits => return Ok(session),
            Said::Ended(reason, said) => {
                let outcome = Outcome { wallet_said: said.map(str::to_owned), ..Outcome::default() };
                self.end_wallet_session(&session, SessionState::Refused, Some(reason), &outcome, None, None).await
            }
            Said::Presented(shown, digest) => self.take_module_result(&session, query, shown, &digest).await,
        };
        match ended {
            Ok(()) | Err(NotTaken::Refused(_)) => {}
            Err(NotTaken::Fault(fault)) => return Err(fault),
        }
        Ok(self.store.wallet_session(&party, id).await?.unwrap_or(session))
    }

    async fn take_module_result(
        &self,
        session: &Session,
        query: &ByModule,
        shown: Vec<Shown>,
        digest: &str,
    ) -> Result<(), NotTaken> {
        let refused = async |reason, outcome: &Outcome| {
            self.end_wallet_session(session, SessionState::Refused, Some(reason), outcome, None, None).await
        };
        if shown.is_empty() || shown.iter().any(|one| !query.types.contains(&one.kind)) {
            return refused(Reason::CredentialTypeMismatch, &Outcome::default()).await;
        }
        let wanted: BTreeSet<&String> = query.fields.values().collect();
        let has = |claim: &String| shown.iter().any(|one| one.claims.contains_key(claim));
        if !wanted.iter().all(|claim| has(claim)) {
            return refused(Reason::QueryNotSatisfied, &Outcome::default()).await;
        }
        let surplus: BTreeSet<String> =
            shown.iter().flat_map(|one| one.claims.keys()).filter(|name| !wanted.contains(name)).cloned().collect();
        let evidence = shown.into_iter().map(|one| {
            let fields = query.fields.iter();
            let fields = fields.filter_map(|(field, claim)| Some((field.clone(), one.claims.get(claim)?.clone())));
            Proved {
                query: query.reference.clone(),
                fields: fields.collect(),
                kind: one.kind,
                issuer: String::new(),
                digest: digest.to_owned(),
                valid_from: None,
                valid_until: None,
                holder: one.holder,
                status: Vec::new(),
            }
        });
        let mut outcome = Outcome {
            claims: query.fields.keys().cloned().collect(),
            surplus: surplus.into_iter().collect(),
            assurance: Some(query.assurance.as_str().to_owned()),
            evidence: evidence.collect(),
            ..Outcome::default()
        };
        let number = query.subject.as_ref().and_then(|subject| {
            outcome.evidence.iter().find_map(|one| one.fields.get(subject)?.as_str()).map(str::to_owned)
        });
        outcome.person = self.is_person(session, number.as_deref()).await?;
        if outcome.person == Some(false) {
            return refused(Reason::SubjectMismatch, &bare(&outcome)).await;
        }
        self.end_wallet_session(session, SessionState::Verified, None, &outcome, None, None).await
    }

    /// `POST /api/oidvp/result`.
    async fn module_result(&self, session: &Session) -> Result<Said, ModuleFault> {
        let row = session.id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "request" };
        let sealed = session.request.as_deref().ok_or(ModuleFault::Answer)?;
        let plain = self.vault.open_registry(place, sealed).map_err(|_| ModuleFault::Answer)?;
        let kept: KeptModule = serde_json::from_slice(&plain).map_err(|_| ModuleFault::Answer)?;
        let asked = json!({ "transactionId": kept.transaction });
        let (status, answer) = self.ask_module("/api/oidvp/result", Some(asked)).await?;
        said(status, &answer, &kept.transaction)
    }
}

fn said(status: u16, answer: &Map<String, Value>, transaction: &str) -> Result<Said, ModuleFault> {
    if status != 200 {
        let code = answer.get("code").and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
        return match code {
            Some(WAITS) => Ok(Said::Waits),
            Some(OVER) => Ok(Said::Ended(Reason::SessionExpired, None)),
            Some(DECLINED) => Ok(Said::Ended(Reason::WalletError, Some("access-denied"))),
            Some(_) if status == 400 => Ok(Said::Ended(Reason::ModuleRefused, None)),
            // Our token, our address, their fault: it says nothing of the wallet.
            _ => Err(ModuleFault::Refused),
        };
    }
    // Another's result is nobody's here.
    if answer.get("transactionId").and_then(Value::as_str) != Some(transaction) {
        return Err(ModuleFault::Answer);
    }
    match answer.get("verifyResult").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => return Ok(Said::Ended(Reason::ModuleRefused, None)),
        None => return Err(ModuleFault::Answer),
    }
    let holder = answer.get("holder_did").and_then(Value::as_str);
    let holder = holder.and_then(claimgate_adapters::wallet::twdiw::did::key_of).map(|key| key.thumbprint());
    let read = || {
        let data = answer.get("data")?.as_array()?;
        data.iter().map(|one| shown(one, holder.as_ref())).collect::<Option<Vec<_>>>()
    };
    let digest = sha256_text(Value::Object(answer.clone()).to_string().as_bytes());
    read().map(|shown| Said::Presented(shown, digest)).ok_or(ModuleFault::Answer)
}

fn shown(one: &Value, holder: Option<&String>) -> Option<Shown> {
    let mut claims = Map::new();
    for claim in one.get("claims")?.as_array()? {
        let name = claim.get("ename")?.as_str()?.to_owned();
        if claims.insert(name, claim.get("value")?.clone()).is_some() {
            return None;
        }
    }
    Some(Shown { kind: one.get("credentialType")?.as_str()?.to_owned(), holder: holder.cloned(), claims })
}

/// A text as a value in a query.
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_module_says_is_read_strictly() {
        let read = |status, answer: Value| said(status, answer.as_object().unwrap(), "t-1");
        let claims = json!([{ "ename": "name", "cname": "姓名", "value": "陳筱玲" }]);
        let data = json!([{ "credentialType": "k", "claims": claims }]);
        let whole = json!({ "transactionId": "t-1", "verifyResult": true, "data": data });
        assert!(matches!(read(200, whole.clone()), Ok(Said::Presented(shown, _)) if shown.len() == 1));
        for (name, value) in [
            ("transactionId", json!("t-2")),
            ("verifyResult", json!("true")),
            ("data", json!({})),
            ("data", json!([{ "credentialType": "k" }])),
            ("data", json!([{ "credentialType": "k", "claims": [claims[0], claims[0]] }])),
        ] {
            let mut wrong = whole.clone();
            wrong[name] = value;
            assert!(matches!(read(200, wrong), Err(ModuleFault::Answer)), "{name}");
        }
        let refused = json!({ "transactionId": "t-1", "verifyResult": false });
        assert!(matches!(read(200, refused), Ok(Said::Ended(Reason::ModuleRefused, None))));
        assert!(matches!(read(400, json!({ "code": 4002 })), Ok(Said::Waits)));
        assert!(matches!(read(400, json!({ "code": "4002" })), Ok(Said::Waits)));
        assert!(matches!(read(400, json!({ "code": 4003 })), Ok(Said::Ended(Reason::SessionExpired, _))));
        assert!(matches!(read(400, json!({ "code": 2001 })), Ok(Said::Ended(Reason::WalletError, Some(_)))));
        assert!(matches!(read(400, json!({ "code": 2005 })), Ok(Said::Ended(Reason::ModuleRefused, _))));
        assert!(matches!(read(401, json!({})), Err(ModuleFault::Refused)));
        assert!(matches!(read(500, json!({})), Err(ModuleFault::Refused)));
        assert_eq!(escaped("12_a b&c"), "12_a%20b%26c");
    }
}
