//! What was asked of a wallet, and the judgement of its answer. The dialect stands here, in what we sent: no token
//! chooses how strictly it is read.
//!
//! In: the request as it was kept, the answer, the registry, the keys of the request, the time. Out: verified
//! credentials with the claims that were asked for, or the first reason there are none. Whether the session is known
//! and was used before is the caller's to say (check R2), as is the status of what is presented (check T1).

use std::collections::HashSet;

use claimgate_packet::jose::jwk::PrivateJwk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::credential::Credential;
use super::oid4vp::client::Client;
use super::oid4vp::dcql::evaluate::drop_surplus;
use super::oid4vp::dcql::{CredentialQuery, PathElement, Query};
use super::oid4vp::response::{Form, Opened};
use super::oid4vp::transaction::Transaction;
use super::reason::Reason;
use super::trust::Trust;
use super::twdiw::definition::Definition;
use super::twdiw::presentation::{self, Presentation};
use super::verify::binding::{Proof, check_nonce};
use super::verify::{Expected, Strictness, verify};

/// How an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenID4VP 1.0 with SD-JWT VC.
    Oid4vp,
    /// The same under HAIP 1.0: issuers by certificate.
    Haip,
    /// Today's digital wallet of Taiwan (數位憑證皮夾).
    Twdiw,
    /// Any SD-JWT (RFC 9901), for files and mandates.
    SdJwtRaw,
}

/// How the wallet answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the open, over TLS.
    #[serde(rename = "direct_post")]
    DirectPost,
    /// Encrypted to a key of the request.
    #[serde(rename = "direct_post.jwt")]
    DirectPostJwt,
}

impl ResponseMode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DirectPost => "direct_post",
            Self::DirectPostJwt => "direct_post.jwt",
        }
    }
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// By DCQL.
    Dcql(Query),
    /// By a presentation definition, of TWDIW alone.
    Definition(Definition),
}

/// A request as it was sent. It holds the nonce: keep it as a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// How the answer is read.
    pub dialect: Dialect,
    /// Who asked.
    pub client: Client,
    /// Where the answer goes.
    pub response_uri: String,
    /// How it comes.
    pub response_mode: ResponseMode,
    /// Good for one answer.
    pub nonce: String,
    /// Comes back as it is.
    pub state: String,
    /// What was asked.
    pub question: Question,
    /// What the holder consents to.
    #[serde(default)]
    pub transactions: Vec<Transaction>,
    /// Whether all presentations must be one holder's.
    pub one_holder: bool,
    /// When it was asked.
    pub opened_at: Timestamp,
    /// Until when it may be answered.
    pub closes_at: Timestamp,
}

claimgate_packet::opaque_debug!(Asked);

/// One presentation that answers one part of the question.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The id of the credential query or input descriptor.
    pub query: String,
    /// What was proved, without surplus claims.
    pub credential: Credential,
    /// The names of claims that were disclosed, not asked for, and dropped.
    pub surplus: Vec<String>,
}

impl Asked {
    /// Judges an answer.
    ///
    /// # Errors
    /// The first [`Reason`], in the order of the checks.
    pub fn judge(
        &self,
        form: &Form,
        keys: &[PrivateJwk],
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Vec<Presented>, Reason> {
        if now >= self.closes_at || now < self.opened_at {
            return Err(Reason::SessionExpired);
        }
        if form.error().is_some() {
            return Err(Reason::WalletError);
        }
        let opened = form.open(self.response_mode, keys)?;
        if opened.error().is_some() {
            return Err(Reason::WalletError);
        }
        if check_nonce(opened.state(), &self.state).is_err() {
            return Err(Reason::SessionUnknown);
        }
        let presented = match &self.question {
            Question::Definition(definition) if self.dialect == Dialect::Twdiw => {
                self.by_definition(definition, &opened, trust, now)?
            }
            Question::Dcql(query) if self.dialect != Dialect::Twdiw => self.by_query(query, &opened, trust, now)?,
            Question::Definition(_) | Question::Dcql(_) => return Err(Reason::VpTokenMalformed),
        };
        if self.one_holder {
            check_one_holder(&presented)?;
        }
        Ok(presented)
    }

    fn by_query(
        &self,
        query: &Query,
        opened: &Opened,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Vec<Presented>, Reason> {
        let mut presented = Vec::new();
        for (id, texts) in opened.presentations()? {
            let asked = query.find(&id).ok_or(Reason::VpTokenMalformed)?;
            if texts.len() > 1 && !asked.multiple {
                return Err(Reason::VpTokenMalformed);
            }
            for text in texts {
                presented.push(self.one(asked, &text, trust, now)?);
            }
        }
        query.complete_with(&presented.iter().map(|one| one.query.as_str()).collect::<HashSet<_>>())?;
        Ok(presented)
    }

    fn one(&self, asked: &CredentialQuery, text: &str, trust: &Trust, now: Timestamp) -> Result<Presented, Reason> {
        let audience = self.client.id();
        let named = |one: &&Transaction| one.credential_ids.contains(&asked.id);
        let transactions: Vec<String> = self.transactions.iter().filter(named).map(|one| one.encoded.clone()).collect();
        let proof = Proof { nonce: &self.nonce, audience: &audience, transactions: &transactions };
        let types = asked.vct_values();
        let strictness = match self.dialect {
            Dialect::Haip => Strictness::Haip,
            Dialect::Oid4vp => Strictness::Credential,
            Dialect::SdJwtRaw | Dialect::Twdiw => Strictness::Raw,
        };
        // Who consents, or is one with another's holder, signs: whatever the query asks for.
        let bound = asked.require_cryptographic_holder_binding || self.one_holder || !transactions.is_empty();
        let proof = bound.then_some(proof);
        let mut credential = verify(text, &Expected { strictness, types: &types, proof }, trust, now)?;
        let paths = asked.satisfied_by(&credential.claims)?;
        let paths: Vec<&[PathElement]> = paths.iter().map(|claim| claim.path.as_slice()).collect();
        let surplus = drop_surplus(&mut credential.claims, &credential.disclosed, &paths);
        Ok(Presented { query: asked.id.clone(), credential, surplus })
    }

    fn by_definition(
        &self,
        definition: &Definition,
        opened: &Opened,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Vec<Presented>, Reason> {
        let submission = opened.submission()?;
        let text = opened.presentation()?;
        let audience = self.client.id();
        let types = definition.types();
        let expected =
            Presentation { nonce: &self.nonce, audience: &audience, types: &types, opened_at: Some(self.opened_at) };
        let credentials = presentation::verify(&text, &expected, trust, now)?;
        definition.answered_by(&submission, &credentials)
    }
}

/// Check Q2: every presentation is bound to one key.
fn check_one_holder(presented: &[Presented]) -> Result<(), Reason> {
    let mut keys = presented.iter().map(|one| one.credential.holder.as_ref());
    let Some(first) = keys.next() else { return Ok(()) };
    let same = first.is_some() && keys.all(|key| key == first);
    if same { Ok(()) } else { Err(Reason::HolderKeyMismatch) }
}
