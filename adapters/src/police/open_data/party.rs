//! An accident and its parties, as the names stand in the file.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;

use super::row::{HEADER, Row};
use super::{PARTIES, Reason};

/// Dead and injured (死亡受傷人數).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Casualties {
    /// 死亡.
    pub deaths: u32,
    /// 受傷.
    pub injured: u32,
}

/// One accident.
pub struct Accident<'t> {
    /// The day in Taiwan.
    pub on: Date,
    /// The instant (UTC).
    pub at: Timestamp,
    /// Dead and injured.
    pub casualties: Casualties,
    /// Speed limit in km/h on the first party's road, where published.
    pub speed_limit: Option<u32>,
    /// Values all its rows share, in the order of the header, before the columns of a party.
    pub(super) header: Vec<Cow<'t, str>>,
    pub(super) longitude: Cow<'t, str>,
    pub(super) latitude: Cow<'t, str>,
    /// In the police's order.
    pub parties: Vec<Party<'t>>,
}

/// One party: driver, passenger, pedestrian or thing.
pub struct Party<'t> {
    /// The police's order, from 1.
    pub order: u32,
    /// Age, where it is known.
    pub age: Option<u32>,
    /// The names of its columns, in the order of the header.
    pub(super) names: Vec<Cow<'t, str>>,
}

claimgate_packet::opaque_debug!(Accident<'_>, Party<'_>);

impl<'t> Accident<'t> {
    /// The main cause (肇因研判子類別名稱－主要), where it is published.
    #[must_use]
    pub fn main_cause(&self) -> Option<&str> {
        self.text(31)
    }

    /// The class (事故類別), where it is published.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.text(4)
    }

    /// A value its rows share.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.header.get(column).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// Takes a further row of it.
    pub(super) fn join(&mut self, row: &mut Row<'t>) -> Result<(), Reason> {
        if row.cells.get(..HEADER) != Some(self.header.as_slice()) {
            return Err(Reason::HeaderDiffers);
        }
        if self.parties.len() >= PARTIES {
            return Err(Reason::TooManyParties);
        }
        let party = row.party()?;
        if self.parties.iter().any(|known| known.order == party.order) {
            return Err(Reason::OrderTwice);
        }
        self.parties.push(party);
        Ok(())
    }
}

impl Party<'_> {
    /// A value of it, by its place behind the columns all rows share.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.names.get(column).map(|text| text.trim()).filter(|text| !text.is_empty())
    }
}
