//! What mails to the owner of a claim say, in Chinese and English: what happened, the end of the claim's id, where to look. No
//! name, no insurer, no amount, no paper.

use serde_json::Value;

use crate::core::application::page::Language;
use crate::core::timeline::sentence;

/// A mail's subject and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// What links a mail carries.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// The page a claim is followed on.
    pub page: &'a str,
    /// Where the address is confirmed and taken off.
    pub address: &'a str,
}

/// The mail that asks an address to confirm.
#[must_use]
pub fn confirm(language: Language, claim: &str, links: Links<'_>) -> Letter {
    let address = links.address;
    let chinese = format!(
        "有人要求將理賠案件（末六碼 {claim}）的進度通知寄到此信箱。\r\n\r\n若是您本人，請於 24 小時內開啟以下連結並按「確認」：\r\n{address}\r\n\r\n\
         若不是您，請不必理會；未確認前不會寄送任何通知。\r\n",
    );
    let english = format!(
        "Somebody asked that news of the claim ending in {claim} be sent to this address.\r\n\r\nIf that was you, open this link \
         within 24 hours and press Confirm:\r\n{address}\r\n\r\nIf it was not, do nothing: without that nothing is sent.\r\n",
    );
    Letter {
        subject: subject(language, "請確認信箱", "Confirm your address", claim),
        text: both(language, &chinese, &english),
    }
}

/// The mail that tells of what happened.
#[must_use]
pub fn news(language: Language, claim: &str, events: &[(String, Value)], links: Links<'_>) -> Letter {
    let (mut in_chinese, mut in_english) = (String::new(), String::new());
    for (event, parameters) in events {
        let (chinese, english) = said(event, parameters);
        // The same thing twice, of two insurers, is one line: which insurer it is of stands on the page.
        let (one, other) = (format!("・{chinese}\r\n"), format!("- {english}\r\n"));
        if !in_chinese.contains(&one) {
            in_chinese.push_str(&one);
            in_english.push_str(&other);
        }
    }
    let Links { page, address } = links;
    let chinese = format!(
        "理賠案件（末六碼 {claim}）有新進度：\r\n\r\n{in_chinese}\r\n查看內容與補件：\r\n{page}\r\n\r\n不再接收通知：\r\n{address}\r\n",
    );
    let english = format!(
        "There is news of the claim ending in {claim}:\r\n\r\n{in_english}\r\nSee it, and send papers:\r\n{page}\r\n\r\nTo stop these mails:\r\n\
         {address}\r\n",
    );
    Letter {
        subject: subject(language, "理賠進度通知", "News of your claim", claim),
        text: both(language, &chinese, &english),
    }
}

/// What happened, in Chinese and English.
fn said(event: &str, parameters: &Value) -> (&'static str, &'static str) {
    let state = parameters.get("state").and_then(Value::as_str).unwrap_or_default();
    match (event, state) {
        ("submission.request", "requested") => ("保險公司要求補件", "An insurer asks for papers"),
        ("submission.request", "answered") => ("補件已提供", "The papers asked for are there"),
        ("submission.request", "expired") => ("補件期限已過", "The last day for papers is over"),
        ("packet.signed", _) => ("文件已送交保險公司", "The documents were sent to the insurers"),
        _ => {
            let (english, chinese) = sentence(event);
            (chinese, english)
        }
    }
}

fn subject(language: Language, chinese: &str, english: &str, claim: &str) -> String {
    match language {
        Language::Chinese => format!("{chinese} {english} ({claim})"),
        Language::English => format!("{english} {chinese} ({claim})"),
    }
}

/// Both languages, the chosen one first.
fn both(language: Language, chinese: &str, english: &str) -> String {
    let (first, second) = match language {
        Language::Chinese => (chinese, english),
        Language::English => (english, chinese),
    };
    format!("{first}\r\n----------\r\n\r\n{second}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::owner::TOLD;

    const LINKS: Links<'_> =
        Links { page: "https://gate.example/owner", address: "https://gate.example/owner/mail/oml_1.x" };

    #[test]
    fn every_event_has_a_line_in_both_languages_and_names_nobody() {
        for event in TOLD {
            let parameters =
                json!({ "party": "insurer-life", "line": "life", "state": "requested", "outcome": "declined" });
            for language in [Language::Chinese, Language::English] {
                let letter = news(language, "ABC123", &[(event.to_owned(), parameters.clone())], LINKS);
                assert!(
                    !letter.text.contains("Something happened") && !letter.text.contains("有新進度\r\n"),
                    "{event}"
                );
                for word in ["insurer-life", "declined"] {
                    assert!(!letter.text.contains(word) && !letter.subject.contains(word), "{event}");
                }
                assert!(letter.text.contains(LINKS.page) && letter.text.contains(LINKS.address));
                assert!(letter.subject.chars().count() < 78 && letter.text.split("\r\n").all(|line| line.len() < 998));
            }
        }
    }

    #[test]
    fn the_same_of_two_insurers_is_one_line_and_the_chosen_language_comes_first() {
        let asked = |party: &str| ("submission.request".to_owned(), json!({ "party": party, "state": "requested" }));
        let letter = news(Language::English, "ABC123", &[asked("a"), asked("b")], LINKS);
        assert_eq!(letter.text.matches("An insurer asks for papers").count(), 1);
        assert!(letter.subject.starts_with("News") && letter.text.starts_with("There is news"));
        let letter = confirm(Language::Chinese, "ABC123", LINKS);
        assert!(letter.text.starts_with("有人") && letter.text.contains("press Confirm"));
    }
}
