//! Routing: from the coverages of a bundle to recipients. Pure: the registry's answers are handed in.
//!
//! A recipient is party × line. Two coverages of one party and line are one recipient.

use std::sync::Arc;

use claimgate_packet::words::Line;

use super::disclosure::Addressee;
use crate::party::{Party, PartyId, Role};

/// One coverage with the party its payor was found to be.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Where it stands in the bundle, for messages.
    pub path: String,
    /// The line it names, if any.
    pub line: Option<Line>,
    /// The registered party of its payor, if there is one.
    pub payor: Option<Arc<Party>>,
}

/// A recipient: party × line.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The insurer, or the fund.
    pub party: Arc<Party>,
    /// The line.
    pub line: Line,
}

impl Recipient {
    /// To whom of the disclosure policy it is: the fund (特別補償基金) has rows of its own.
    #[must_use]
    pub fn addressee(&self) -> Addressee {
        addressee(self.party.role(), self.line)
    }
}

/// To whom of the disclosure policy a party of this role is, in this line.
#[must_use]
pub fn addressee(role: Role, line: Line) -> Addressee {
    if role == Role::Fund { Addressee::Fund } else { Addressee::Line(line) }
}

/// Why a coverage leads nowhere. Each names the coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Nobody registered is known by the payor's identifier.
    UnknownInsurer {
        /// The coverage.
        path: String,
    },
    /// The payor is registered but does not offer this line.
    LineNotOffered {
        /// The coverage.
        path: String,
        /// Lines it offers.
        offered: Vec<Line>,
    },
}

/// The recipients of all coverages, in bundle order, each once.
///
/// # Errors
/// Every coverage that leads nowhere; none is dropped silently.
pub fn recipients(coverages: &[Coverage]) -> Result<Vec<Recipient>, Vec<NoRoute>> {
    let mut found: Vec<Recipient> = Vec::new();
    let mut missing = Vec::new();
    for coverage in coverages {
        match one(coverage) {
            Ok(recipient) => {
                if !found.iter().any(|known| known.party.id == recipient.party.id && known.line == recipient.line) {
                    found.push(recipient);
                }
            }
            Err(reason) => missing.push(reason),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(missing) }
}

/// The recipients as a consent names them.
#[must_use]
pub fn named(recipients: &[Recipient]) -> Vec<(PartyId, Line)> {
    recipients.iter().map(|recipient| (recipient.party.id.clone(), recipient.line)).collect()
}

fn one(coverage: &Coverage) -> Result<Recipient, NoRoute> {
    let unknown = || NoRoute::UnknownInsurer { path: coverage.path.clone() };
    let takes_part = |party: &&Arc<Party>| party.role().receives() && party.state.can_be_named();
    let party = coverage.payor.as_ref().filter(takes_part).ok_or_else(unknown)?;
    let offered = &party.registration().lines;
    let line = match coverage.line {
        Some(line) if offered.contains(&line) => line,
        Some(_) => {
            return Err(NoRoute::LineNotOffered { path: coverage.path.clone(), offered: offered.clone() });
        }
        None => *offered.first().ok_or_else(unknown)?,
    };
    Ok(Recipient { party: Arc::clone(party), line })
}
