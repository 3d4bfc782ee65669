//! How far a party has come (狀態), as a small state machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a party stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartyState {
    /// Known and asked to take part; keys and numbers may still be lacking. Nobody sends to it.
    Invited,
    /// Tries its programs on a gateway of made-up data (`gateway.sandbox`); nowhere else does it get tokens.
    Sandbox,
    /// Has shown that its programs work; waits for its start. What is pushed for it waits as well.
    Certified,
    /// Takes part.
    Live,
    /// Disabled: its tokens are refused at once, its deliveries are held.
    Suspended,
}

/// A step the state machine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a party in state {from} cannot become {to}; from {from} it can become: {}", words(from.successors()))]
pub struct InvalidPartyStep {
    from: PartyState,
    to: PartyState,
}

/// A word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a party's state is one of: invited, sandbox, certified, live, suspended")]
pub struct UnknownPartyState;

impl PartyState {
    const ALL: [Self; 5] = [Self::Invited, Self::Sandbox, Self::Certified, Self::Live, Self::Suspended];

    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Sandbox => "sandbox",
            Self::Certified => "certified",
            Self::Live => "live",
            Self::Suspended => "suspended",
        }
    }

    /// The states that can follow this one.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        match self {
            Self::Invited => &[Self::Sandbox, Self::Certified],
            Self::Sandbox => &[Self::Invited, Self::Certified],
            Self::Certified => &[Self::Sandbox, Self::Live],
            Self::Live => &[Self::Suspended],
            Self::Suspended => &[Self::Certified, Self::Live],
        }
    }

    /// The state after this step; the same state again changes nothing.
    ///
    /// Nobody becomes live without having been certified, and only who is live can be suspended: the others get nothing
    /// that could be stopped.
    ///
    /// # Errors
    /// A step that does not exist.
    pub fn step(self, to: Self) -> Result<Self, InvalidPartyStep> {
        if self == to || self.successors().contains(&to) { Ok(to) } else { Err(InvalidPartyStep { from: self, to }) }
    }

    /// Whether a hospital may name it as payor: who has only been invited, or tries its programs, does not take part.
    #[must_use]
    pub fn can_be_named(self) -> bool {
        matches!(self, Self::Certified | Self::Live | Self::Suspended)
    }
}

fn words(states: &[PartyState]) -> String {
    states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for PartyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PartyState {
    type Err = UnknownPartyState;

    fn from_str(text: &str) -> Result<Self, UnknownPartyState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownPartyState)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_becomes_live_uncertified_and_only_who_is_live_is_suspended() {
        let mut steps = Vec::new();
        for from in PartyState::ALL {
            assert_eq!(from.as_str().parse(), Ok(from));
            assert_eq!(from.step(from), Ok(from));
            for to in PartyState::ALL.into_iter().filter(|to| *to != from && from.step(*to).is_ok()) {
                steps.push(format!("{from} {to}"));
            }
        }
        assert_eq!(
            steps,
            [
                "invited sandbox",
                "invited certified",
                "sandbox invited",
                "sandbox certified",
                "certified sandbox",
                "certified live",
                "live suspended",
                "suspended certified",
                "suspended live"
            ]
        );
        let refused = PartyState::Sandbox.step(PartyState::Live).unwrap_err().to_string();
        assert!(refused.ends_with("it can become: invited, certified"), "{refused}");
    }
}
