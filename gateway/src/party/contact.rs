//! Contacts (聯絡窗口): whom an operator asks. Personal data of a party's staff: kept encrypted, apart from the rest of the
//! registration, and never written to a log or the audit trail.

use serde::{Deserialize, Serialize};

use super::RegistrationError::{self, Rule};

/// Contacts of one party.
const CONTACTS: usize = 12;

/// For what somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactKind {
    /// Programs and keys (技術).
    Technical,
    /// Claims and deliveries (作業).
    Operations,
    /// Personal data (個資).
    Privacy,
}

/// Somebody to ask.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// For what.
    pub kind: ContactKind,
    /// Name of the person or desk, 1 to 100 characters.
    pub name: String,
    /// Address for mail, at most 254 characters.
    pub email: String,
    /// Number, at most 40 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

claimgate_packet::opaque_debug!(Contact);

/// Checks contacts; a refusal repeats nothing of them.
pub(super) fn check(contacts: &[Contact]) -> Result<(), RegistrationError> {
    if contacts.len() > CONTACTS {
        return Err(Rule("contacts: at most 12"));
    }
    let plain = |text: &str, longest: usize| {
        let text = text.trim();
        !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
    };
    for contact in contacts {
        if !plain(&contact.name, 100) {
            return Err(Rule("contacts: name has 1 to 100 characters, none of them control characters"));
        }
        let address = contact.email.split_once('@').is_some_and(|(desk, host)| {
            !desk.is_empty() && host.contains('.') && !host.starts_with('.') && !host.contains('@')
        });
        if !(address && plain(&contact.email, 254)) || contact.email.contains(char::is_whitespace) {
            return Err(Rule("contacts: email is an address of at most 254 characters"));
        }
        if contact.phone.as_deref().is_some_and(|phone| {
            !plain(phone, 40) || !phone.chars().all(|sign| sign.is_ascii_digit() || "+-#() ".contains(sign))
        }) {
            return Err(Rule("contacts: phone has 1 to 40 digits, spaces and the signs + - # ( )"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_bounded_and_a_refusal_or_debug_output_repeats_none() {
        let contact = |name: &str, email: &str, phone: Option<&str>| Contact {
            kind: ContactKind::Technical,
            name: name.to_owned(),
            email: email.to_owned(),
            phone: phone.map(ToOwned::to_owned),
        };
        let good = contact("林小美", "it@hospital.example", Some("+886 2 1234-5678 #12"));
        assert!(check(std::slice::from_ref(&good)).is_ok());
        assert!(check(&vec![good.clone(); 13]).is_err());
        assert!(!format!("{good:?}").contains("hospital.example"));
        for bad in [
            contact("", "it@hospital.example", None),
            contact(&"名".repeat(101), "it@hospital.example", None),
            contact("林\u{1b}[2J", "it@hospital.example", None),
            contact("林小美", "it.hospital.example", None),
            contact("林小美", "it@hospital.example, x@y.example", None),
            contact("林小美", "it@hospital.example", Some("call me")),
        ] {
            let refused = check(&[bad]).unwrap_err().to_string();
            assert!(!refused.contains("hospital.example") && !refused.contains('林'), "{refused}");
        }
    }
}
