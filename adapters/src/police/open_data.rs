//! National open data of the police (警政署 A1, A2, data.gov.tw 12818 and 13139) → accidents with their parties.
//!
//! In: the bytes of one CSV, UTF-8 with or without byte order mark or Big5, of the generation with 51 columns (a row for
//! each party) or the one before with six (a row for each accident). Out: accidents in the order of the file, and every
//! row that is none with its number and reason. Must not know: who is insured, which claim an accident belongs to.

use std::collections::{BTreeMap, HashMap};

use crate::csv::{Cells, Reader};
use crate::export::Encoding;
use crate::export::decode;

mod columns;
mod party;
mod report;
mod row;
mod six;

pub use party::{Accident, Casualties, Party};

use columns::{Generation, Places};
use row::Key;

/// Bytes of one file; a month of A2 has about 20 million.
pub const BYTES: usize = 64 << 20;
/// Rows of one file.
pub const ROWS: usize = 400_000;
/// Parties of one accident; the largest pile-ups have a few dozen.
pub const PARTIES: usize = 300;
/// Rejected rows that are listed; more are counted.
pub const LISTED: usize = 10_000;

/// Why a file is none of the police's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than [`BYTES`].
    #[error("the file has more than {BYTES} bytes: split it by month")]
    TooLarge,
    /// Neither UTF-8 nor Big5.
    #[error("the file is neither UTF-8 nor Big5")]
    Encoding,
    /// No header of a generation this reader knows.
    #[error("the first row is not the header of the police's open data (51 columns, or the 6 of before 2019): {0}")]
    Header(String),
}

/// Why one row is no party or accident. The words are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A closing line of the publisher: 資料提供日期, 事故類別.
    Trailer,
    /// More or fewer values than the header.
    RowWidth,
    /// Broken quoting, or a value or row too long; nothing behind it was read.
    RowBroken,
    /// No day, or another year or month than beside it.
    Date,
    /// No time of day.
    Time,
    /// Neither A1, A2, A3 nor A4.
    Class,
    /// Not of the form 死亡1;受傷0.
    Casualties,
    /// No whole number from 1.
    Order,
    /// The order stands twice in one accident.
    OrderTwice,
    /// No whole number, or above 150.
    Age,
    /// No number of km/h.
    SpeedLimit,
    /// Longitude or latitude is no plain decimal on the globe.
    Coordinates,
    /// What all rows of an accident share is not the same as in its first row.
    HeaderDiffers,
    /// More than [`PARTIES`] in one accident.
    TooManyParties,
    /// More than [`ROWS`]; nothing behind it was read.
    TooManyRows,
    /// A sign that no standard knows, outside the place.
    Encoding,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 16] = [
        Self::Trailer,
        Self::RowWidth,
        Self::RowBroken,
        Self::Date,
        Self::Time,
        Self::Class,
        Self::Casualties,
        Self::Order,
        Self::OrderTwice,
        Self::Age,
        Self::SpeedLimit,
        Self::Coordinates,
        Self::HeaderDiffers,
        Self::TooManyParties,
        Self::TooManyRows,
        Self::Encoding,
    ];

    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trailer => "trailer",
            Self::RowWidth => "row-width",
            Self::RowBroken => "row-broken",
            Self::Date => "date",
            Self::Time => "time",
            Self::Class => "class",
            Self::Casualties => "casualties",
            Self::Order => "order",
            Self::OrderTwice => "order-twice",
            Self::Age => "age",
            Self::SpeedLimit => "speed-limit",
            Self::Coordinates => "coordinates",
            Self::HeaderDiffers => "header-differs",
            Self::TooManyParties => "too-many-parties",
            Self::TooManyRows => "too-many-rows",
            Self::Encoding => "encoding",
        }
    }
}

/// A row that is not in any accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line of the file it begins at, the header being line 1.
    pub row: usize,
    /// Why.
    pub reason: Reason,
}

/// The text of a file, decoded once; accidents borrow from it.
pub struct Text(String);

impl Text {
    /// Decodes a file.
    ///
    /// # Errors
    /// [`Unreadable::TooLarge`], [`Unreadable::Encoding`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > BYTES {
            return Err(Unreadable::TooLarge);
        }
        let own = BTreeMap::new();
        if let Ok(text) = decode::text(bytes, Encoding::Utf8, &own) {
            return Ok(Self(text));
        }
        decode::text(bytes, Encoding::Big5, &own).map(Self).map_err(|_| Unreadable::Encoding)
    }
}

claimgate_packet::opaque_debug!(Text);

/// What a file holds.
#[derive(Default)]
pub struct Import<'t> {
    /// Rows behind the header that are not blank.
    pub rows: usize,
    /// In the order of their first rows.
    pub accidents: Vec<Accident<'t>>,
    /// Rows that are no party, in the order of the file; at most [`LISTED`].
    pub rejected: Vec<Rejected>,
    /// Further rejected rows, beyond those listed.
    pub rejected_more: usize,
}

claimgate_packet::opaque_debug!(Import<'_>);

impl<'t> Import<'t> {
    /// Reads a decoded file. Rows of one accident need not follow one another; an accident is told by day, time, unit,
    /// place and coordinates, because the police publish no case number.
    ///
    /// # Errors
    /// [`Unreadable::Header`].
    pub fn read(text: &'t Text) -> Result<Self, Unreadable> {
        let mut reader = Reader::new(&text.0, ',', Some('"'));
        let Some((_, Ok(header))) = reader.next() else {
            return Err(Unreadable::Header("there is none".to_owned()));
        };
        let generation = Generation::of(&header)?;
        let mut import = Self::default();
        let mut known: HashMap<Key<'t>, usize> = HashMap::new();
        while let Some((line, cells)) = reader.next() {
            import.rows += 1;
            let cells = match cells {
                _ if import.rows > ROWS => {
                    import.reject(line, Reason::TooManyRows);
                    break;
                }
                Ok(cells) => cells,
                Err(_) => {
                    import.reject(line, Reason::RowBroken);
                    break;
                }
            };
            let taken = match &generation {
                Generation::Parties(places) => import.party(cells, places, &mut known),
                Generation::Accidents(places) => import.accident(cells, places),
            };
            if let Err(reason) = taken {
                import.reject(line, reason);
            }
        }
        for accident in &mut import.accidents {
            accident.parties.sort_by_key(|party| party.order);
        }
        Ok(import)
    }

    fn reject(&mut self, row: usize, reason: Reason) {
        if self.rejected.len() < LISTED {
            self.rejected.push(Rejected { row, reason });
        } else {
            self.rejected_more += 1;
        }
    }

    fn party(&mut self, cells: Cells<'t>, places: &Places, known: &mut HashMap<Key<'t>, usize>) -> Result<(), Reason> {
        let mut row = row::Row::check(cells, places)?;
        let key = row.key()?;
        if let Some(accident) = known.get(&key).and_then(|place| self.accidents.get_mut(*place)) {
            return accident.join(&mut row);
        }
        known.insert(key, self.accidents.len());
        self.accidents.push(row.accident()?);
        Ok(())
    }

    fn accident(&mut self, cells: Cells<'t>, places: &Places) -> Result<(), Reason> {
        self.accidents.push(six::accident(cells, places)?);
        Ok(())
    }

    /// Parties of all accidents.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.accidents.iter().map(|accident| accident.parties.len()).sum()
    }

    /// How many accidents have which main cause (肇因研判－主要), by its name; the generation of six columns has none.
    #[must_use]
    pub fn causes(&self) -> BTreeMap<&str, usize> {
        let mut causes = BTreeMap::new();
        for cause in self.accidents.iter().filter_map(Accident::main_cause) {
            *causes.entry(cause).or_default() += 1;
        }
        causes
    }
}

#[cfg(test)]
mod tests;
