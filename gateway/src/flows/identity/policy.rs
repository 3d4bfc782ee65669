//! Which level of assurance (身分保證等級) a recipient needs before a packet leaves for it, and which means of identification
//! count here: the operator's file, read once and checked.
//!
//! In: TOML. Out: the level for a recipient and line, the identity provider's keys. Without a file nothing is needed.

use std::path::Path;

use claimgate_adapters::signature::AssertionKeys;
use claimgate_packet::words::Line;
use serde::Deserialize;

use crate::core::identity::Hold;
use crate::core::wallet::Assurance;
use crate::party::PartyId;

/// The largest file read.
const FILE_BYTES: u64 = 1 << 20;
/// Means an app may say it used without anything signed, unless the file says otherwise.
const STATED: [Assurance; 2] = [Assurance::AppLogin, Assurance::TwoDocuments];
/// What an app's word may at most be made to count for: the surest have something signed to show.
const SIGNED: [Assurance; 4] =
    [Assurance::PersonCertificate, Assurance::TwFido, Assurance::Wallet, Assurance::WalletTwdiw];

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It, or a key set it names, cannot be read, or is larger than 1 MiB.
    #[error("identity.policy: {0} cannot be read, or is larger than 1 MiB")]
    Unreadable(std::path::PathBuf),
    /// Not of the form.
    #[error("identity.policy: {0}")]
    Form(String),
    /// The identity provider's keys.
    #[error("identity.policy: tw_fido.keys is a key set of P-256 or RSA keys for signatures, each with a kid")]
    Keys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stated: Option<Vec<String>>,
    represented_most: Option<String>,
    revocation_required: Option<bool>,
    tw_fido: Option<Provider>,
    #[serde(default)]
    needs: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    issuer: String,
    audience: String,
    keys: String,
    #[serde(default = "number")]
    number: String,
}

fn number() -> String {
    "id_number".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
    least: String,
}

#[derive(Debug)]
struct Need {
    recipients: Vec<PartyId>,
    lines: Vec<Line>,
    least: Assurance,
}

/// An identity provider whose signed logins count (`TW FidO`).
#[derive(Debug)]
pub struct IdentityProvider {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Its registered keys.
    pub keys: AssertionKeys,
    /// The claim that holds the person's number.
    pub number: String,
}

/// What identities are worth here.
#[derive(Debug)]
pub struct Setup {
    needs: Vec<Need>,
    stated: Vec<Assurance>,
    /// What a statutory representative's identification counts for at most.
    pub represented: Assurance,
    /// Whether a card whose certificate no list in force covers is refused.
    pub revocation_required: bool,
    /// `TW FidO`'s provider.
    pub tw_fido: Option<IdentityProvider>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            needs: Vec::new(),
            stated: STATED.to_vec(),
            represented: Assurance::TwoDocuments,
            revocation_required: true,
            tw_fido: None,
        }
    }
}

impl Setup {
    /// Reads a file; nothing is needed where the path is empty.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn open(path: &Path) -> Result<Self, IdentityError> {
        if path.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let text = String::from_utf8(read(path)?).map_err(|_| IdentityError::Form("not text".to_owned()))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, IdentityError> {
        let file: File = toml::from_str(text).map_err(|error| IdentityError::Form(error.message().to_owned()))?;
        let level = |word: &String| {
            let known: Vec<&str> = Assurance::ALL.iter().map(|one| one.as_str()).collect();
            word.parse().map_err(|_| IdentityError::Form(format!("{word}: a level is one of {}", known.join(", "))))
        };
        let defaults = Self::default();
        let stated = match &file.stated {
            Some(words) => words.iter().map(level).collect::<Result<Vec<Assurance>, _>>()?,
            None => defaults.stated,
        };
        if let Some(wrong) = stated.iter().find(|one| SIGNED.contains(one)) {
            let text = format!("stated: {} counts with something signed alone", wrong.as_str());
            return Err(IdentityError::Form(text));
        }
        let needs = file.needs.iter().map(|entry| entry.read(level)).collect::<Result<_, _>>()?;
        let tw_fido = file.tw_fido.map(|provider| provider.read(folder)).transpose()?;
        Ok(Self {
            needs,
            stated,
            represented: file.represented_most.as_ref().map_or(Ok(defaults.represented), level)?,
            revocation_required: file.revocation_required.unwrap_or(true),
            tw_fido,
        })
    }

    /// Whether any recipient needs anything.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.needs.is_empty()
    }

    /// What a recipient needs at least in a line: the surest of all that is said of it.
    #[must_use]
    pub fn needed(&self, party: &PartyId, line: Line) -> Option<Assurance> {
        let speaks = |need: &&Need| {
            (need.recipients.is_empty() || need.recipients.contains(party))
                && (need.lines.is_empty() || need.lines.contains(&line))
        };
        let all = self.needs.iter().filter(speaks).map(|need| need.least);
        all.reduce(|one, other| if one.reaches(other) { one } else { other })
    }

    /// Those of some recipients that still need something: the operator may have taken a need away since they were held.
    #[must_use]
    pub fn still(&self, held: Vec<Hold>) -> Vec<Hold> {
        held.into_iter().filter(|hold| self.needed(&hold.party, hold.line).is_some()).collect()
    }

    /// Whether an app may say that it identified somebody so, without anything signed.
    #[must_use]
    pub fn takes_word_for(&self, method: Assurance) -> bool {
        self.stated.contains(&method)
    }
}

impl Entry {
    fn read(&self, level: impl Fn(&String) -> Result<Assurance, IdentityError>) -> Result<Need, IdentityError> {
        let wrong = |word: &String, what: &str| IdentityError::Form(format!("needs: {word} is no {what}"));
        let recipients = self.recipients.iter().map(|word| word.parse().map_err(|_| wrong(word, "party id")));
        let lines = self.lines.iter().map(|word| word.parse().map_err(|_| wrong(word, "line of insurance")));
        Ok(Need {
            recipients: recipients.collect::<Result<_, _>>()?,
            lines: lines.collect::<Result<_, _>>()?,
            least: level(&self.least)?,
        })
    }
}

impl Provider {
    fn read(self, folder: &Path) -> Result<IdentityProvider, IdentityError> {
        let keys = AssertionKeys::from_jwks(&read(&folder.join(&self.keys))?).ok_or(IdentityError::Keys)?;
        if [&self.issuer, &self.audience, &self.number].iter().any(|text| text.is_empty()) {
            return Err(IdentityError::Form("tw_fido: issuer, audience and number are not empty".to_owned()));
        }
        Ok(IdentityProvider { issuer: self.issuer, audience: self.audience, keys, number: self.number })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let fits = std::fs::metadata(path).is_ok_and(|about| about.len() <= FILE_BYTES);
    let bytes = fits.then(|| std::fs::read(path).ok()).flatten();
    bytes.ok_or_else(|| IdentityError::Unreadable(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_need_of_a_recipient_and_line_counts_and_faults_are_told() {
        let parse = |text: &str| Setup::parse(text, Path::new(""));
        let setup = parse(
            "[[needs]]\nleast = \"app-login\"\n[[needs]]\nrecipients = [\"insurer-a\"]\nleast = \"wallet\"\n\
             [[needs]]\nlines = [\"motor-damage\"]\nleast = \"tw-fido\"\n",
        )
        .unwrap();
        let of = |party: &str, line| setup.needed(&party.parse().unwrap(), line);
        assert_eq!(of("insurer-b", Line::Life), Some(Assurance::AppLogin));
        assert_eq!(of("insurer-a", Line::Life), Some(Assurance::Wallet));
        assert_eq!(of("insurer-a", Line::MotorDamage), Some(Assurance::TwFido));
        assert!(setup.takes_word_for(Assurance::TwoDocuments) && !setup.takes_word_for(Assurance::HealthCard));
        assert!(parse("stated = [\"nhi-card\"]").unwrap().takes_word_for(Assurance::HealthCard));
        let nothing = parse("").unwrap();
        assert!(!nothing.is_on() && nothing.revocation_required && nothing.represented == Assurance::TwoDocuments);
        for wrong in [
            "stated = [\"wallet\"]",
            "stated = [\"natural-person-certificate\"]",
            "represented_most = \"high\"",
            "[[needs]]\nleast = \"high\"",
            "[[needs]]\nlines = [\"motor\"]\nleast = \"wallet\"",
            "[[needs]]\nrecipients = [\"?\"]\nleast = \"wallet\"",
            "[[need]]\nleast = \"wallet\"",
        ] {
            assert!(matches!(parse(wrong), Err(IdentityError::Form(_))), "{wrong}");
        }
        let provider = "[tw_fido]\nissuer = \"https://f\"\naudience = \"g\"\nkeys = \"nowhere.jwks\"\n";
        assert!(matches!(parse(provider), Err(IdentityError::Unreadable(_))));
    }
}
