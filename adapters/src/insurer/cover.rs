//! Whether an insurer covers a vehicle (投保查詢; docs/cover-api.md): asked by keyed digests of plates, answered yes, no or unknown.
//!
//! In: the key of a pair of gateway and insurer, a plate, the day. Out: a digest only these two can make, the question, the answer
//! with lines and nothing else. An insurer that does not cover a vehicle learns neither its plate nor who asks.

use aws_lc_rs::hmac;
use claimgate_packet::jose::base64url;
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::exchange::{Form, Reason};

/// The forms of question and answer.
pub const FORM: Form = Form { question: "cover-question+jws", answer: "cover-answer+jws" };
/// Where it is asked, under the insurer's address.
pub const PATH: &str = "covers";
/// The most plates of a question.
pub const MOST_PROBES: usize = 20;
/// The lines an insurer may name.
pub const LINES: [Line; 6] = [
    Line::MotorCompulsory,
    Line::MotorLiability,
    Line::MotorDamage,
    Line::MotorTheft,
    Line::MotorDriverInjury,
    Line::MotorPassenger,
];
/// What digests are of.
const DOMAIN: &[u8] = b"claimgate-cover-1";

/// The key of one pair of gateway and insurer, 32 bytes.
#[derive(Clone)]
pub struct PairKey([u8; 32]);

opaque_debug!(PairKey);

impl PairKey {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From base64url, as the gateway gives it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        base64url::decode(text)?.try_into().ok().map(Self)
    }

    /// As base64url.
    #[must_use]
    pub fn to_text(&self) -> String {
        base64url::encode(&self.0)
    }

    /// The digest of a plate in its plain form ([`crate::institute::plain_plate`]) on a day: HMAC-SHA-256 over
    /// `claimgate-cover-1`, the plate and the day as `2026-11-01`, with a zero byte between; base64url.
    #[must_use]
    pub fn probe(&self, plate: &str, on: Date) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        context.update(DOMAIN);
        context.update(&[0]);
        context.update(plate.as_bytes());
        context.update(&[0]);
        context.update(on.to_string().as_bytes());
        base64url::encode(context.sign().as_ref())
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverQuestion {
    /// The day of the accident: a digest is looked up among those of the policies in force that day.
    pub on: Date,
    /// Digests, 1 to 20.
    pub probes: Vec<String>,
}

/// What an insurer says of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Covers {
    /// It covers the vehicle on that day.
    Yes,
    /// It does not.
    No,
    /// It cannot say, or did not answer in time.
    Unknown,
}

/// What is answered of a digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeAnswer {
    /// The digest.
    pub probe: String,
    /// Whether.
    pub covers: Covers,
    /// In which lines; with yes, and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverAnswer {
    /// One for each digest, in any order.
    pub answers: Vec<ProbeAnswer>,
}

opaque_debug!(CoverQuestion, ProbeAnswer, CoverAnswer);

impl CoverAnswer {
    /// Whether it answers each digest once, with motor lines where it says yes and none elsewhere.
    ///
    /// # Errors
    /// [`Reason::Content`].
    pub fn check(&self, question: &CoverQuestion) -> Result<(), Reason> {
        let one = |probe: &String| {
            let mut found = self.answers.iter().filter(|answer| answer.probe == *probe);
            let (Some(answer), None) = (found.next(), found.next()) else { return false };
            let named = !answer.lines.is_empty() && answer.lines.len() <= LINES.len();
            answer.lines.iter().all(|line| LINES.contains(line)) && named == (answer.covers == Covers::Yes)
        };
        let holds = self.answers.len() == question.probes.len() && question.probes.iter().all(one);
        if holds { Ok(()) } else { Err(Reason::Content) }
    }
}

#[cfg(test)]
mod tests;
