//! One row of the generation with 51 columns: checked, then an accident or a further party of one.

use std::borrow::Cow;

use claimgate_packet::evidence::accident::Wgs84;
use jiff::civil::Date;

use super::Reason;
use super::columns::Places;
use super::party::{Accident, Casualties, Party};
use crate::police::moment;

/// Columns that all rows of an accident share.
pub(super) const HEADER: usize = 33;
/// Behind the party's own: 經度, 緯度.
const LONGITUDE: usize = 49;
const OLDEST: u32 = 150;

/// What tells one accident from another: day, time, unit, place, longitude, latitude.
pub(super) type Key<'t> = [Cow<'t, str>; 6];

/// A row whose own values make sense.
pub(super) struct Row<'t> {
    pub(super) cells: Vec<Cow<'t, str>>,
}

impl<'t> Row<'t> {
    pub(super) fn check(cells: Vec<Cow<'t, str>>, places: &Places) -> Result<Self, Reason> {
        let row = Self { cells: places.arrange(cells)? };
        let day = row.day()?;
        let beside = |column: usize, number: i16| {
            let text = row.cell(column);
            let found = text.parse::<i16>().ok();
            let of_the_republic = || found.and_then(|year| year.checked_add(1911)) == Some(number);
            text.is_empty() || found == Some(number) || column == 0 && of_the_republic()
        };
        if !beside(0, day.year()) || !beside(1, day.month().into()) {
            return Err(Reason::Date);
        }
        moment::time(row.cell(3)).ok_or(Reason::Time)?;
        if !matches!(row.cell(4), "A1" | "A2" | "A3" | "A4") {
            return Err(Reason::Class);
        }
        row.speed_limit()?;
        casualties(row.cell(32)).ok_or(Reason::Casualties)?;
        row.age()?;
        row.order()?;
        let (longitude, latitude) = (row.cell(LONGITUDE), row.cell(LONGITUDE + 1));
        let nowhere = longitude.is_empty() && latitude.is_empty();
        if !nowhere && Wgs84::of(latitude, longitude).is_none() {
            return Err(Reason::Coordinates);
        }
        Ok(row)
    }

    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.trim())
    }

    fn day(&self) -> Result<Date, Reason> {
        moment::day(self.cell(2)).ok_or(Reason::Date)
    }

    fn order(&self) -> Result<u32, Reason> {
        self.cell(33).parse().ok().filter(|order| *order > 0).ok_or(Reason::Order)
    }

    /// A thing has the age −1, and so has whoever's age is not known.
    fn age(&self) -> Result<Option<u32>, Reason> {
        match self.cell(37) {
            "" | "-1" => Ok(None),
            text => text.parse().ok().filter(|age| *age <= OLDEST).map(Some).ok_or(Reason::Age),
        }
    }

    fn speed_limit(&self) -> Result<Option<u32>, Reason> {
        match self.cell(10) {
            "" => Ok(None),
            text => text.parse().ok().filter(|limit| *limit <= 200).map(Some).ok_or(Reason::SpeedLimit),
        }
    }

    /// What tells its accident.
    pub(super) fn key(&self) -> Result<Key<'t>, Reason> {
        let cell = |column: usize| self.cells.get(column).cloned().ok_or(Reason::RowWidth);
        Ok([cell(2)?, cell(3)?, cell(5)?, cell(6)?, cell(LONGITUDE)?, cell(LONGITUDE + 1)?])
    }

    /// The party of this row; its values move there.
    pub(super) fn party(&mut self) -> Result<Party<'t>, Reason> {
        let (order, age) = (self.order()?, self.age()?);
        let own = self.cells.get_mut(HEADER..LONGITUDE).ok_or(Reason::RowWidth)?;
        Ok(Party { order, age, names: own.iter_mut().map(std::mem::take).collect() })
    }

    /// The accident that begins with this row.
    pub(super) fn accident(mut self) -> Result<Accident<'t>, Reason> {
        let on = self.day()?;
        let at = moment::time(self.cell(3)).and_then(|time| moment::instant(on, time)).ok_or(Reason::Time)?;
        let casualties = casualties(self.cell(32)).ok_or(Reason::Casualties)?;
        let speed_limit = self.speed_limit()?;
        let party = self.party()?;
        let mut point = self.cells.drain(LONGITUDE..);
        let (longitude, latitude) = (point.next().unwrap_or_default(), point.next().unwrap_or_default());
        drop(point);
        self.cells.truncate(HEADER);
        self.cells.shrink_to_fit();
        Ok(Accident { on, at, casualties, speed_limit, header: self.cells, longitude, latitude, parties: vec![party] })
    }
}

/// 死亡1;受傷0, with either semicolon.
pub(super) fn casualties(text: &str) -> Option<Casualties> {
    let (deaths, injured) = text.split_once([';', '；'])?;
    let number = |text: &str, word: &str| text.trim().strip_prefix(word)?.parse::<u32>().ok();
    Some(Casualties { deaths: number(deaths, "死亡")?, injured: number(injured, "受傷")? })
}
