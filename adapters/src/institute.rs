//! The certificate check of the insurance institute (保險事業發展中心 強制險投保查詢; docs/cover-api.md). No public specification exists:
//! this form is ours, kept as small as what a claim needs.
//!
//! In: a plate, a day, the ground. Out: a question for the institute, and what it says: insured by whom, or not. Must not know:
//! accidents, who else is asked.

use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::exchange::{Form, Reason};
use crate::police::api::Ground;

/// The forms of question and answer.
pub const FORM: Form = Form { question: "certificate-question+jws", answer: "certificate-answer+jws" };
/// Where it is asked, under the institute's address.
pub const PATH: &str = "certificates";

/// What is asked: whether a vehicle had compulsory cover on a day.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateQuestion {
    /// The plate (牌照號碼) in its plain form, see [`plain_plate`].
    pub plate: String,
    /// The day of the accident.
    pub on: Date,
    /// On what ground.
    pub ground: Ground,
}

/// How the check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// A certificate was in force on that day.
    Insured,
    /// None was.
    NotInsured,
    /// It cannot be said: no such vehicle, or data not yet uploaded (four working days, 強制汽車責任保險法 §19 II).
    Unknown,
    /// Not on this ground.
    Refused,
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateAnswer {
    /// How it ended.
    pub found: Found,
    /// The certificate, where one was in force, and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

/// A certificate (保險證), as far as a claim needs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The insurer's 統一編號.
    pub insurer: String,
    /// Its number (保險證號碼), which the application form asks for (承保及理賠作業處理辦法 §15 IV).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The first day of cover.
    pub from: Date,
    /// The last.
    pub until: Date,
}

opaque_debug!(CertificateQuestion, CertificateAnswer, Certificate);

impl CertificateAnswer {
    /// Whether it answers what was asked: a certificate where one is said to be, that held on that day.
    ///
    /// # Errors
    /// [`Reason::Content`].
    pub fn check(&self, on: Date) -> Result<(), Reason> {
        let word = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let holds = match (&self.certificate, self.found) {
            (Some(one), Found::Insured) => {
                let number = one.number.as_deref().is_none_or(|number| word(number, 40));
                one.insurer.len() == 8 && word(&one.insurer, 8) && number && one.from <= on && on <= one.until
            }
            (None, found) => found != Found::Insured,
            (Some(_), _) => false,
        };
        if holds { Ok(()) } else { Err(Reason::Content) }
    }
}

/// A plate without hyphens, dots, spaces and case, full-width signs as plain ones: 2 to 8 letters and digits, at least one of them a
/// digit, and before them at most two Chinese signs (軍, 使, 外). `None` for what is no plate.
#[must_use]
pub fn plain_plate(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let mut plain = String::new();
    for sign in text.trim().chars() {
        match half(sign) {
            '-' | '.' | ' ' | '－' | '‐' | '–' | '·' => {}
            sign => plain.extend(sign.to_uppercase()),
        }
    }
    let letters = plain.trim_start_matches(|sign: char| ('\u{4e00}'..='\u{9fff}').contains(&sign));
    let before = plain.chars().count() - letters.chars().count();
    let fits = (2..=8).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && letters.bytes().any(|byte| byte.is_ascii_digit());
    (fits && before <= 2).then_some(plain)
}

/// A full-width sign as the plain one.
fn half(sign: char) -> char {
    match sign {
        '\u{ff01}'..='\u{ff5e}' => u32::from(sign).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(sign),
        '\u{3000}' => ' ',
        sign => sign,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn spellings_of_a_plate_are_one_and_what_is_none_is_refused() {
        for text in ["ABC-1234", "abc1234", " ＡＢＣ－１２３４ ", "ABC.1234", "ABC 1234"] {
            assert_eq!(plain_plate(text).as_deref(), Some("ABC1234"), "{text}");
        }
        assert_eq!(plain_plate("軍A-20001").as_deref(), Some("軍A20001"));
        for text in ["", "A", "ABCDEF", "車禍", "ABC-12345678", "軍軍軍A1", "ABC\n1234", "1234; drop", "ＡＢ\u{202e}12"]
        {
            assert_eq!(plain_plate(text), None, "{text}");
        }
        assert_eq!(plain_plate(&"1".repeat(100)), None);
    }

    #[test]
    fn an_answer_holds_what_it_says() {
        let on = date(2026, 11, 1);
        let certificate = Certificate {
            insurer: "34900001".to_owned(),
            number: Some("0511500001".to_owned()),
            from: date(2026, 1, 1),
            until: date(2026, 12, 31),
        };
        let answer = |found, certificate| CertificateAnswer { found, certificate };
        assert!(answer(Found::Insured, Some(certificate.clone())).check(on).is_ok());
        assert!(answer(Found::NotInsured, None).check(on).is_ok());
        let late = Certificate { until: date(2026, 10, 31), ..certificate.clone() };
        let strange = Certificate { number: Some("<b>".repeat(20)), ..certificate.clone() };
        for wrong in [
            answer(Found::Insured, None),
            answer(Found::Unknown, Some(certificate)),
            answer(Found::Insured, Some(late)),
            answer(Found::Insured, Some(strange)),
        ] {
            assert_eq!(wrong.check(on), Err(Reason::Content));
        }
    }
}
