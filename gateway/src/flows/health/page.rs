//! The page a patient applies on (院內申請): a hospital asks for a link, which opens one session once; what is typed is kept
//! sealed until it is signed or forgotten. A wallet may sign: what it presents to is this application's consent.

use std::collections::BTreeMap;

use claimgate_adapters::hospital::CaseIdentifier;
use claimgate_packet::evidence::application::{ApplicationChannel, SignatureKind};
use claimgate_packet::jose::{base64url, digest};
use claimgate_packet::words::{Line, Purpose};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::application::{Came, NotApplied};
use crate::core::application::page::{Asked, Language, PageRow, PageWrite, Paper, Step, Times};
use crate::core::application::{ApplicationWrite, Faulty, MOST_RECIPIENTS, Signed, same_person};
use crate::core::change::{Change, Write};
use crate::core::master::Encrypted;
use crate::core::route::addressee;
use crate::flows::wallet::{NewSession, NotStarted};
use crate::flows::{Engine, Fault};
use crate::id::{ApplicationId, PageId};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId, Role};
use crate::store::{PageView, StoreError};

/// Bytes of a link's secret, and of a session's.
const SECRET: usize = 32;
/// How long a session lasts, in minutes.
const SESSION: i64 = 60;
/// How long a page is kept after its session, in hours: the hospital reads what came of it.
const KEPT: i64 = 24;
/// What a wallet is asked for.
const PURPOSE: &str = "health-claim";

/// What a hospital prepares.
pub struct NewPage {
    /// The case.
    pub case: CaseIdentifier,
    /// Where the application is made.
    pub channel: ApplicationChannel,
    /// In which language the page begins.
    pub language: Language,
    /// Whom it offers; all that take part where nothing is said.
    pub offered: Vec<(PartyId, Line)>,
    /// Fields that are filled in already.
    pub fields: BTreeMap<String, String>,
    /// How long the link lives, in minutes.
    pub minutes: i64,
}

/// A page as it begins.
pub struct BegunPage {
    /// Id.
    pub id: PageId,
    /// The secret of its link, told once.
    pub secret: String,
    /// Until when the link can be used.
    pub until: Timestamp,
}

/// A page with what it holds.
pub struct OpenPage {
    /// As it was read.
    pub view: PageView,
    /// What it holds.
    pub paper: Paper,
}

/// An insurer and line that is offered, with the evidence types it would get.
pub struct Offer {
    /// Who.
    pub party: Party,
    /// In which line.
    pub line: Line,
    /// Evidence types.
    pub kinds: Vec<&'static str>,
}

claimgate_packet::opaque_debug!(NewPage, BegunPage, OpenPage, Offer);

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// There is no such link, or its time is over.
    #[error("there is no such link")]
    Unknown,
    /// Another browser used it.
    #[error("the link was used")]
    Used,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a wallet has not signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSignedByWallet {
    /// Wallets are not asked here.
    #[error("no wallet is asked here")]
    Off,
    /// None was asked, or it has not answered.
    #[error("the wallet has not answered")]
    Waiting,
    /// It presented something else, of somebody else, or what was changed since.
    #[error("what the wallet presented does not count for this application")]
    Refused,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Prepares a page, and gives the secret of its link.
    ///
    /// # Errors
    /// Whom it offers takes no part, or a fault of ours.
    pub async fn begin_page(&self, hospital: &PartyId, new: NewPage) -> Result<BegunPage, NotApplied> {
        let live = self.taking_part().await?;
        let all: Vec<(PartyId, Line)> = live.iter().map(|(party, line)| (party.id.clone(), *line)).collect();
        let offered = if new.offered.is_empty() {
            all.into_iter().take(MOST_RECIPIENTS).collect()
        } else {
            known_offers(&all, new.offered)?
        };
        let now = self.now();
        let (id, secret) = (PageId::new(now, &self.random), base64url::encode(&self.random.bytes::<SECRET>()));
        let until = later(now, SignedDuration::from_mins(new.minutes));
        let paper = Paper {
            case_system: new.case.system.clone(),
            case_number: new.case.value.clone(),
            channel: new.channel,
            language: new.language,
            offered: offered.into_iter().map(|(party, line)| (party.to_string(), line)).collect(),
            fields: new.fields,
            step: Step::Fill,
            wallet: None,
        };
        let mut change = Change::new("begin_application_page");
        let row = PageRow {
            id,
            hospital: hospital.clone(),
            case_index: self.case_index(hospital, &new.case),
            link: self.page_secret("link", &secret),
            body: self.seal_paper(id, &paper)?,
            at: now,
            link_until: until,
            forget_at: later(until, SignedDuration::from_hours(KEPT)),
        };
        change.push(Write::Application(ApplicationWrite::Page(PageWrite::New(Box::new(row)))));
        change.push(self.audit(hospital.as_str(), "application-page.begun", &id, []));
        self.store.commit(change).await?;
        Ok(BegunPage { id, secret, until })
    }

    /// Every insurer and line that takes part now and is no line of motor insurance.
    async fn taking_part(&self) -> Result<Vec<(Party, Line)>, Fault> {
        let mut found = Vec::new();
        for party in self.store.parties().await? {
            if party.role() != Role::Insurer || !party.is_live(self.now()) {
                continue;
            }
            let lines = party.registration().lines.clone();
            let health = lines.into_iter().filter(|line| !line.as_str().starts_with("motor-"));
            found.extend(health.map(|line| (party.clone(), line)));
        }
        Ok(found)
    }

    /// A page of a hospital.
    ///
    /// # Errors
    /// Another's, or a fault of ours.
    pub async fn page_of_hospital(&self, hospital: &PartyId, id: PageId) -> Result<PageView, NotApplied> {
        self.store.page_of_hospital(hospital, id).await?.ok_or(NotApplied::NotFound)
    }

    /// In which language a link's page begins, where the link can be used.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub async fn look_at_link(&self, secret: &str) -> Result<Language, NotOpened> {
        let view = self.page_of_open_link(secret).await?;
        Ok(self.open_paper(&view)?.language)
    }

    async fn page_of_open_link(&self, secret: &str) -> Result<PageView, NotOpened> {
        let found = self.store.page_of_link(&self.page_secret("link", secret)).await.map_err(Fault::from)?;
        let view = found.ok_or(NotOpened::Unknown)?;
        if view.used {
            return Err(NotOpened::Used);
        }
        if self.now() >= view.link_until { Err(NotOpened::Unknown) } else { Ok(view) }
    }

    /// Uses a link up for a session, whose secret it gives.
    ///
    /// # Errors
    /// [`NotOpened`]: of two browsers the second one is refused.
    pub async fn open_link(&self, secret: &str) -> Result<String, NotOpened> {
        let view = self.page_of_open_link(secret).await?;
        let (now, session) = (self.now(), base64url::encode(&self.random.bytes::<SECRET>()));
        let open_until = later(now, SignedDuration::from_mins(SESSION));
        let times = Times { now, open_until, forget_at: later(open_until, SignedDuration::from_hours(KEPT)) };
        let mut change = Change::new("open_application_page");
        let opened = PageWrite::Opened(view.id, self.page_secret("session", &session), times);
        change.push(Write::Application(ApplicationWrite::Page(opened)));
        change.push(self.audit(view.hospital.as_str(), "application-page.opened", &view.id, []));
        match self.store.commit(change).await {
            Ok(()) => Ok(session),
            Err(StoreError::Conflict { .. }) => Err(NotOpened::Used),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// The page of a session, while it lasts.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn page_of_session(&self, secret: &str) -> Result<Option<OpenPage>, Fault> {
        let found = self.store.page_of_session(&self.page_secret("session", secret)).await?;
        let Some(view) = found.filter(|view| view.open_until.is_some_and(|until| self.now() < until)) else {
            return Ok(None);
        };
        let paper = self.open_paper(&view)?;
        Ok(Some(OpenPage { view, paper }))
    }

    /// Keeps what was typed; `false` where something else was kept meanwhile.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn save_page(&self, page: &OpenPage) -> Result<bool, Fault> {
        self.keep_page(page, None).await
    }

    async fn keep_page(&self, page: &OpenPage, application: Option<ApplicationId>) -> Result<bool, Fault> {
        let mut change = Change::new("save_application_page");
        change.push(self.page_saved(page, application)?);
        match self.store.commit(change).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A page as it is now, over what was read; with the application that was signed on it.
    pub(super) fn page_saved(&self, page: &OpenPage, application: Option<ApplicationId>) -> Result<Write, Fault> {
        let body = self.seal_paper(page.view.id, &page.paper)?;
        let saved = PageWrite::Saved(page.view.id, page.view.version, body, application);
        Ok(Write::Application(ApplicationWrite::Page(saved)))
    }

    /// The application a page was signed with already.
    ///
    /// # Errors
    /// Something else was kept on it since it was read, it is over, or a fault of ours.
    pub(super) async fn signed_on(&self, page: &OpenPage) -> Result<Option<ApplicationId>, NotApplied> {
        let now = self.page_of_hospital(&page.view.hospital, page.view.id).await?;
        match now.application {
            None if now.version != page.view.version => Err(NotApplied::NotFound),
            signed => Ok(signed),
        }
    }

    /// Ends a session: the next one at the same tablet sees nothing of it.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn close_page(&self, mut page: OpenPage) -> Result<(), Fault> {
        page.paper.fields.clear();
        page.paper.wallet = None;
        let body = self.seal_paper(page.view.id, &page.paper)?;
        let mut change = Change::new("close_application_page");
        let closed = PageWrite::Closed(page.view.id, body, self.now());
        change.push(Write::Application(ApplicationWrite::Page(closed)));
        change.push(self.audit(page.view.hospital.as_str(), "application-page.closed", &page.view.id, []));
        Ok(self.store.commit(change).await?)
    }

    /// Whom a page offers, with what each would get.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn offers(&self, paper: &Paper) -> Result<Vec<Offer>, Fault> {
        let mut found = Vec::new();
        for (id, line) in &paper.offered {
            let id: PartyId = id.parse().map_err(|_| Fault::Stored("application_page"))?;
            let Some(party) = self.store.party(&id).await? else { continue };
            let to = addressee(party.role(), *line);
            let given = |kind: &&'static str| self.policy.grant(to, Purpose::ClaimAssessment, kind).is_some();
            let kinds = self.policy.kinds().iter().map(|kind| kind.name).filter(given).collect();
            found.push(Offer { party, line: *line, kinds });
        }
        Ok(found)
    }

    /// Takes what was signed on a page, once: application and page are written together, and whoever signs a page that was
    /// signed already gets the application it was signed with.
    ///
    /// # Errors
    /// As an application that was sent; not found where something else was kept on the page since it was read.
    pub async fn sign_page(&self, page: &OpenPage, signed: Signed) -> Result<ApplicationId, NotApplied> {
        let case = CaseIdentifier { system: page.paper.case_system.clone(), value: page.paper.case_number.clone() };
        let (id, new) = self.apply(&page.view.hospital, &case, signed, Came::ByPage(page)).await?;
        if !new {
            // Word for word the one that counts, from elsewhere: the page is signed with that.
            self.keep_page(page, Some(id)).await?;
        }
        Ok(id)
    }

    /// Whether a wallet can be asked to sign here.
    #[must_use]
    pub fn wallet_can_sign(&self) -> bool {
        self.wallet.signing_query(PURPOSE).is_some()
    }

    /// Asks a wallet to sign what a page holds.
    ///
    /// # Errors
    /// [`NotSignedByWallet::Off`], or a fault of ours.
    pub async fn ask_wallet_to_sign(
        &self,
        page: &OpenPage,
        signed: &Signed,
        with: &[String],
    ) -> Result<Asked, NotSignedByWallet> {
        let query = self.wallet.signing_query(PURPOSE).ok_or(NotSignedByWallet::Off)?.to_owned();
        let digest = consented(signed)?;
        let what = ["理賠申請書 Claim form", "個人資料提供同意書 Consent to hand over documents"];
        let members: [(&str, Value); 4] = [
            ("what", what.to_vec().into()),
            ("with", with.iter().take(16).cloned().collect::<Vec<_>>().into()),
            ("for", "理賠審核 Assessment of a claim".into()),
            ("application", digest.clone().into()),
        ];
        let consent: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let new = NewSession { query, purpose: PURPOSE.to_owned(), consent: Some(consent), ..NewSession::default() };
        match self.start_wallet_session(&page.view.hospital, new).await {
            Ok(started) => Ok(Asked { session: started.id.to_string(), digest, link: started.link }),
            Err(NotStarted::Fault(fault)) => Err(fault.into()),
            Err(_) => Err(NotSignedByWallet::Off),
        }
    }

    /// The session and the level of assurance of a wallet that signed what a page holds: verified, for this very text, by
    /// the person who applies.
    ///
    /// # Errors
    /// [`NotSignedByWallet`].
    pub async fn signed_by_wallet(&self, page: &OpenPage, signed: &Signed) -> Result<String, NotSignedByWallet> {
        let asked = page.paper.wallet.as_ref().ok_or(NotSignedByWallet::Waiting)?;
        if asked.digest != consented(signed)? {
            return Err(NotSignedByWallet::Refused);
        }
        let id = asked.session.parse().map_err(|_| NotSignedByWallet::Refused)?;
        let proof = self.wallet_proof(&page.view.hospital, id).await?;
        let Some(proof) = proof else { return Err(NotSignedByWallet::Waiting) };
        if !proof.verified {
            return Err(NotSignedByWallet::Refused);
        }
        let (insured, applicant) = (&signed.application.insured, &signed.application.applicant);
        let own = if applicant.identifiers.is_empty() { &insured.identifiers } else { &applicant.identifiers };
        if !proof.number.is_some_and(|number| own.iter().any(|one| same_person(&one.value, &number))) {
            return Err(NotSignedByWallet::Refused);
        }
        Ok(format!("{} ({})", asked.session, proof.assurance))
    }

    /// The digest of a link's or a session's secret.
    fn page_secret(&self, kind: &'static str, secret: &str) -> Mac {
        self.index.exact("application_page.secret", &[kind.as_bytes(), secret.as_bytes()])
    }

    /// What a form of a session carries, so that no other site can send it.
    #[must_use]
    pub fn page_token(&self, session: &str) -> String {
        base64url::encode(&self.page_secret("form", session))
    }

    fn seal_paper(&self, id: PageId, paper: &Paper) -> Result<Vec<u8>, Fault> {
        let (row, json) = (id.to_string(), serde_json::to_vec(paper).map_err(|_| Fault::Stored("application_page"))?);
        Ok(self.vault.seal_registry(Encrypted::ApplicationPage.place(&row), &json)?)
    }

    fn open_paper(&self, view: &PageView) -> Result<Paper, Fault> {
        let row = view.id.to_string();
        let plain = self.vault.open_registry(Encrypted::ApplicationPage.place(&row), &view.body)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("application_page"))
    }
}

/// Whom a hospital offers, each once and taking part.
fn known_offers(all: &[(PartyId, Line)], offered: Vec<(PartyId, Line)>) -> Result<Vec<(PartyId, Line)>, NotApplied> {
    let mut known: Vec<(PartyId, Line)> = Vec::new();
    for one in offered {
        if !all.contains(&one) || known.contains(&one) || known.len() == MOST_RECIPIENTS {
            return Err(NotApplied::Faulty(Faulty {
                code: "application.recipient",
                text: "Offer each insurer and line once, and only those that take part",
                chinese: "所列保險公司及險種須參加本平台，且各列一次",
                at: "/offered",
            }));
        }
        known.push(one);
    }
    Ok(known)
}

/// SHA-256 of what is consented to, base64url: everything but when and how it is signed.
fn consented(signed: &Signed) -> Result<String, Fault> {
    let mut bare = signed.clone();
    let (at, kind) = (Timestamp::UNIX_EPOCH, SignatureKind::Wallet);
    bare.picture = None;
    bare.application.signed_at = at;
    bare.application.signature.kind = kind;
    bare.application.signature.reference = None;
    bare.application.signature.witnesses.clear();
    for consent in &mut bare.consents {
        consent.given_at = at;
        consent.signature = bare.application.signature.clone();
    }
    let json = serde_json::to_vec(&bare).map_err(|_| Fault::Stored("application_page"))?;
    Ok(digest::sha256_text(&json))
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
