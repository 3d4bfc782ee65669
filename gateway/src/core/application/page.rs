//! The page a patient applies on (院內申請): what a hospital prepares, what was typed so far, how long a link lives. Values
//! only; everything typed is kept sealed.

use std::collections::BTreeMap;

use claimgate_packet::evidence::application::ApplicationChannel;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, PageId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// In which language a page is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Language {
    /// 繁體中文.
    #[default]
    #[serde(rename = "zh-TW")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-TW",
            Self::English => "en",
        }
    }

    /// The language of a tag.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        [Self::Chinese, Self::English].into_iter().find(|one| one.tag() == tag)
    }

    /// The text of this language, of one in Chinese and English.
    #[must_use]
    pub fn say<'a>(self, (chinese, english): (&'a str, &'a str)) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// What a page holds, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Paper {
    /// System of the case number.
    pub case_system: Option<String>,
    /// Case number (案件編號).
    pub case_number: String,
    /// Where the application is made.
    pub channel: ApplicationChannel,
    /// In which language.
    pub language: Language,
    /// The insurers, by party id, and lines that are offered.
    pub offered: Vec<(String, Line)>,
    /// What was typed, by field: whatever it is, it is shown again.
    pub fields: BTreeMap<String, String>,
    /// Where the patient is.
    #[serde(default)]
    pub step: Step,
    /// A wallet that was asked to sign.
    #[serde(default)]
    pub wallet: Option<Asked>,
}

/// Where on the page somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Fills it in.
    #[default]
    Fill,
    /// Looks it over and signs.
    Review,
}

/// A session with a wallet, and what it was asked to sign.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Its session.
    pub session: String,
    /// SHA-256 of what is consented to, base64url.
    pub digest: String,
    /// What invokes the wallet.
    pub link: String,
}

claimgate_packet::opaque_debug!(Paper, Asked);

/// What is written of pages.
#[derive(Debug)]
pub enum PageWrite {
    /// A new page.
    New(Box<PageRow>),
    /// Its link is used up for this session, where it was not and its time is not over.
    Opened(PageId, Mac, Times),
    /// What was typed, over what was read at this version; the application, once it is signed.
    Saved(PageId, i64, Vec<u8>, Option<ApplicationId>),
    /// The session ends now, and what was typed goes.
    Closed(PageId, Vec<u8>, Timestamp),
}

/// Now, until when a session lasts, and when the page is forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Now.
    pub now: Timestamp,
    /// Until when the session lasts.
    pub open_until: Timestamp,
    /// When all of it is forgotten.
    pub forget_at: Timestamp,
}

/// A new page.
#[derive(Debug)]
pub struct PageRow {
    /// Id.
    pub id: PageId,
    /// The hospital.
    pub hospital: PartyId,
    /// Blind index of the case number.
    pub case_index: Mac,
    /// Keyed digest of the link's secret.
    pub link: Mac,
    /// A [`Paper`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Until when the link can be used.
    pub link_until: Timestamp,
    /// When it is forgotten.
    pub forget_at: Timestamp,
}
