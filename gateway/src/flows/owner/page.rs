//! The page the owner of a claim follows it on (保戶進度頁): opened once by a link an app backend asked for, or by the hospital's
//! tracking code, which stays good for an app. A session is short, sees what an app sees, and may hand in papers. A wallet can
//! show who the person is.

use claimgate_packet::jose::base64url;
use jiff::{SignedDuration, Timestamp};

use crate::core::application::page::{Language, Times};
use crate::core::change::{Change, SearchName, Write};
use crate::core::owner::{AskedWallet, OwnerPageRow, OwnerState, OwnerWrite};
use crate::core::turn::Turn;
use crate::flows::insurer::Owner;
use crate::flows::wallet::{NewSession, NotStarted};
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, OwnerPageId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::keys::tracking;
use crate::party::PartyId;
use crate::store::{AppView, ClaimHead, OwnerPageView, StoreError, Stream};

/// Bytes of a link's secret, and of a session's.
const SECRET: usize = 32;
/// How long a session lasts, in minutes.
pub const SESSION: i64 = 30;
/// What a wallet is asked for, the first that this gateway can ask.
const PURPOSES: [&str; 2] = ["health-claim", "motor-claim"];

/// A page as it begins.
pub struct BegunOwnerPage {
    /// Id.
    pub id: OwnerPageId,
    /// The secret of its link, told once.
    pub secret: String,
    /// Until when the link can be used.
    pub until: Timestamp,
}

/// A page of a session that lasts, with what it holds.
pub struct OpenOwnerPage {
    /// As it was read.
    pub view: OwnerPageView,
    /// What it holds.
    pub state: OwnerState,
    head: ClaimHead,
    pub(super) key: ClaimKey,
}

claimgate_packet::opaque_debug!(BegunOwnerPage, OpenOwnerPage);

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum OwnerNotLetIn {
    /// There is no such link or code, or its time is over.
    #[error("there is no such link or code")]
    Unknown,
    /// Another browser used it.
    #[error("the link was used")]
    Used,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// How a wallet that was asked stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nobody was asked, or the time is over.
    Nothing,
    /// It has not answered.
    Waiting,
    /// The person of the claim.
    Identified,
    /// Somebody else, something that does not count, or a claim that names nobody.
    Refused,
}

impl OpenOwnerPage {
    /// As whom its reader acts.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner::Page(self.view.id.to_string(), self.state.identified.is_some())
    }

    /// The claim.
    #[must_use]
    pub fn claim(&self) -> ClaimId {
        self.view.claim
    }

    /// In whose name a wallet is asked: the app that asked for the link, or whoever opened the claim.
    fn asker(&self) -> &PartyId {
        self.view.party.as_ref().unwrap_or(&self.head.hospital)
    }
}

impl Engine {
    /// A link to the page of a claim, for an app that is linked to it; none where it is not.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn begin_owner_page(
        &self,
        app: &PartyId,
        claim: ClaimId,
        (minutes, language): (i64, Language),
    ) -> Result<Option<BegunOwnerPage>, Fault> {
        let Some((_, wrapped)) = self.store.claim_of_app(app, claim).await? else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &wrapped)?;
        let (now, secret) = (self.now(), self.page_secret_text());
        let id = OwnerPageId::new(now, &self.random);
        let until = later(now, minutes);
        let row = OwnerPageRow {
            id,
            claim,
            party: Some(app.clone()),
            link: Some(self.owner_secret("link", &secret)),
            session: None,
            body: sealed(&key, id, &OwnerState { language, ..OwnerState::default() })?,
            at: now,
            link_until: until,
            open_until: None,
            forget_at: until,
        };
        let mut change = Change::new("begin_owner_page");
        change.push(Write::Owner(OwnerWrite::Page(Box::new(row))));
        change.push(self.audit(app.as_str(), "owner-page.begun", &id, [("claim", claim.to_string())]));
        self.store.commit(change).await?;
        Ok(Some(BegunOwnerPage { id, secret, until }))
    }

    /// Whether a link can be used. Looking at it does not use it up.
    ///
    /// # Errors
    /// [`OwnerNotLetIn`].
    pub async fn look_at_owner_link(&self, secret: &str) -> Result<(), OwnerNotLetIn> {
        self.owner_link(secret).await.map(|_| ())
    }

    async fn owner_link(&self, secret: &str) -> Result<OwnerPageView, OwnerNotLetIn> {
        let found = self.store.owner_page_of_link(&self.owner_secret("link", secret)).await.map_err(Fault::from)?;
        let view = found.ok_or(OwnerNotLetIn::Unknown)?;
        if view.used {
            return Err(OwnerNotLetIn::Used);
        }
        if self.now() >= view.link_until { Err(OwnerNotLetIn::Unknown) } else { Ok(view) }
    }

    /// Uses a link up for a session, whose secret it gives.
    ///
    /// # Errors
    /// [`OwnerNotLetIn`]: of two browsers the second one is refused.
    pub async fn open_owner_link(&self, secret: &str) -> Result<String, OwnerNotLetIn> {
        let view = self.owner_link(secret).await?;
        let (now, session) = (self.now(), self.page_secret_text());
        let open_until = later(now, SESSION);
        let times = Times { now, open_until, forget_at: open_until };
        let mut change = Change::new("open_owner_page");
        change.push(Write::Owner(OwnerWrite::Opened(view.id, self.owner_secret("session", &session), times)));
        change.push(self.audit(
            view.id.to_string().as_str(),
            "owner-page.opened",
            &view.claim,
            [("by", "link".into())],
        ));
        match self.store.commit(change).await {
            Ok(()) => Ok(session),
            Err(StoreError::Conflict { .. }) => Err(OwnerNotLetIn::Used),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// Begins a session by the tracking code (追蹤碼) as it was typed. The code is not used up: the app it is for can still
    /// redeem it, and when one has, it opens no page any more.
    ///
    /// # Errors
    /// [`OwnerNotLetIn::Unknown`] for one that is unknown, redeemed or expired, or a fault of ours.
    pub async fn open_owner_page_by_code(&self, typed: &str, language: Language) -> Result<String, OwnerNotLetIn> {
        let code = self.index.text("tracking.code", &[&tracking::normal(typed)]);
        let claim = self.store.claim_of_code(&code, self.now()).await.map_err(Fault::from)?;
        let claim = claim.ok_or(OwnerNotLetIn::Unknown)?;
        let head = self.head_of_owner(claim).await?.ok_or(OwnerNotLetIn::Unknown)?;
        let key = self.vault.open_claim_key(claim, &head.wrapped_key).map_err(Fault::from)?;
        let (now, session) = (self.now(), self.page_secret_text());
        let id = OwnerPageId::new(now, &self.random);
        let until = later(now, SESSION);
        let row = OwnerPageRow {
            id,
            claim,
            party: None,
            link: None,
            session: Some(self.owner_secret("session", &session)),
            body: sealed(&key, id, &OwnerState { language, ..OwnerState::default() })?,
            at: now,
            link_until: now,
            open_until: Some(until),
            forget_at: until,
        };
        let mut change = Change::new("open_owner_page_by_code");
        change.push(Write::Owner(OwnerWrite::Page(Box::new(row))));
        change.push(self.audit(id.to_string().as_str(), "owner-page.opened", &claim, [("by", "tracking-code".into())]));
        self.store.commit(change).await.map_err(Fault::from)?;
        Ok(session)
    }

    /// The page of a session, while it lasts, its claim may be used, and the app that asked for it is linked still.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn owner_page(&self, session: &str) -> Result<Option<OpenOwnerPage>, Fault> {
        let found = self.store.owner_page_of_session(&self.owner_secret("session", session)).await?;
        let Some(view) = found.filter(|view| view.open_until.is_some_and(|until| self.now() < until)) else {
            return Ok(None);
        };
        if let Some(app) = &view.party
            && !self.store.is_linked(app, view.claim).await?
        {
            return Ok(None);
        }
        let Some(head) = self.head_of_owner(view.claim).await? else { return Ok(None) };
        let key = self.vault.open_claim_key(view.claim, &head.wrapped_key)?;
        let plain = key.open(place(&view.id.to_string()), &view.body)?;
        let state = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("owner_page"))?;
        Ok(Some(OpenOwnerPage { view, state, head, key }))
    }

    /// A claim that may be used.
    async fn head_of_owner(&self, claim: ClaimId) -> Result<Option<ClaimHead>, Fault> {
        match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) => Ok(None),
            found => Ok(found?),
        }
    }

    /// What the owner of a page sees of the claim: how it stands, what happened, who is on turn.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn seen_on_page(&self, page: &OpenOwnerPage) -> Result<(AppView, Vec<Turn>), Fault> {
        let view = self.store.view_of_owner(page.view.claim, page.head.revision).await?;
        let (_, turns) = self.open_turns(page.view.claim, &page.key).await?;
        Ok((view, turns))
    }

    /// The place of the newest entry of the claim of a page.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn newest_on_page(&self, page: &OpenOwnerPage) -> Result<i64, Fault> {
        Ok(self.store.stream_end(&Stream::Owner(page.asker().clone(), page.view.claim)).await?)
    }

    /// Keeps what a page holds; `false` where something else was kept meanwhile.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn save_owner_page(&self, page: &OpenOwnerPage) -> Result<bool, Fault> {
        let body = sealed(&page.key, page.view.id, &page.state)?;
        let mut change = Change::new("save_owner_page");
        change.push(Write::Owner(OwnerWrite::Saved(page.view.id, page.view.version, body)));
        match self.store.commit(change).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn close_owner_page(&self, page: &OpenOwnerPage) -> Result<(), Fault> {
        let mut change = Change::new("close_owner_page");
        change.push(Write::Owner(OwnerWrite::Closed(page.view.id, self.now())));
        change.push(self.audit(&page.view.id.to_string(), "owner-page.closed", &page.view.claim, []));
        Ok(self.store.commit(change).await?)
    }

    /// The query wallets are asked with here, and its purpose.
    fn identity_query(&self) -> Option<(&str, &'static str)> {
        PURPOSES.into_iter().find_map(|purpose| Some((self.wallet.signing_query(purpose)?, purpose)))
    }

    /// Whether a wallet can be asked here who somebody is.
    #[must_use]
    pub fn wallet_can_identify(&self) -> bool {
        self.identity_query().is_some()
    }

    /// Asks a wallet who the person is; `false` where none can be asked now.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn ask_wallet_who(&self, page: &mut OpenOwnerPage) -> Result<bool, Fault> {
        let Some((query, purpose)) = self.identity_query() else { return Ok(false) };
        let (query, purpose) = (query.to_owned(), purpose.to_owned());
        let new = NewSession { query, purpose, ..NewSession::default() };
        match self.start_wallet_session(page.asker(), new).await {
            Ok(started) => {
                page.state.wallet = Some(AskedWallet { session: started.id.to_string(), link: started.link });
                self.save_owner_page(page).await
            }
            Err(NotStarted::Fault(fault)) => Err(fault),
            Err(_) => Ok(false),
        }
    }

    /// What a wallet that was asked has shown. What it shows is kept with the session, and nothing of the person.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn shown_by_wallet(&self, page: &mut OpenOwnerPage) -> Result<Shown, Fault> {
        if page.state.identified.is_some() {
            return Ok(Shown::Identified);
        }
        let Some(asked) = &page.state.wallet else { return Ok(Shown::Nothing) };
        let id = asked.session.parse().map_err(|_| Fault::Stored("owner_page"))?;
        let party = page.asker().clone();
        let Some(proof) = self.wallet_proof(&party, id).await? else {
            let open = self.wallet_session(&party, id, None).await?;
            let waits = open.is_some_and(|shown| shown.state != "expired");
            return Ok(if waits { Shown::Waiting } else { Shown::Nothing });
        };
        let mut is_person = None;
        if let Some(number) = proof.number.as_deref().filter(|_| proof.verified) {
            let digest = self.search_mac(&page.head.hospital, SearchName::Patient, None, number);
            is_person = self.store.claim_is_of(page.view.claim, &digest).await?;
        }
        page.state.wallet = None;
        let shown = if is_person == Some(true) {
            page.state.identified = Some(proof.assurance);
            let detail = [("by", "wallet".to_owned())];
            let mut change = Change::new("owner_identified");
            change.push(self.audit(&page.view.id.to_string(), "owner-page.identified", &page.view.claim, detail));
            self.store.commit(change).await?;
            Shown::Identified
        } else {
            Shown::Refused
        };
        self.save_owner_page(page).await?;
        Ok(shown)
    }

    /// What a form of a session carries, so that no other site can send it.
    #[must_use]
    pub fn owner_token(&self, session: &str) -> String {
        base64url::encode(&self.owner_secret("form", session))
    }

    fn page_secret_text(&self) -> String {
        base64url::encode(&self.random.bytes::<SECRET>())
    }

    fn owner_secret(&self, kind: &'static str, secret: &str) -> Mac {
        self.index.exact("owner_page.secret", &[kind.as_bytes(), secret.as_bytes()])
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "owner_page", row, column: "body" }
}

fn sealed(key: &ClaimKey, id: OwnerPageId, state: &OwnerState) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(state).map_err(|_| Fault::Stored("owner_page"))?;
    Ok(key.seal(place(&id.to_string()), &plain)?)
}

fn later(from: Timestamp, minutes: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
}
