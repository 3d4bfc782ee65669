//! One row of the generation with six columns: an accident, its parties by kind of vehicle alone.

use std::borrow::Cow;

use claimgate_packet::evidence::accident::Wgs84;

use super::columns::Places;
use super::party::{Accident, Party};
use super::row::{HEADER, casualties};
use super::{PARTIES, Reason};
use crate::police::moment;

/// Where a party's kind stands among its own columns: 大類別, 子類別.
const KIND: usize = 1;

/// `發生時間` is day and time in one; `車種` lists the parties as 子類別-大類別, a semicolon between them. Whose order
/// counts is not said, so it is the order of the list.
pub(super) fn accident<'t>(cells: Vec<Cow<'t, str>>, places: &Places) -> Result<Accident<'t>, Reason> {
    let cells = places.arrange(cells)?;
    let [when, place, casualty, kinds, longitude, latitude] =
        <[_; 6]>::try_from(cells).map_err(|_| Reason::RowWidth)?;
    let (day, time) = when.trim().split_once(' ').ok_or(Reason::Time)?;
    let on = moment::day(day).ok_or(Reason::Date)?;
    let at = moment::time(time).and_then(|time| moment::instant(on, time)).ok_or(Reason::Time)?;
    let casualties = casualties(&casualty).ok_or(Reason::Casualties)?;
    let nowhere = longitude.trim().is_empty() && latitude.trim().is_empty();
    if !nowhere && Wgs84::of(latitude.trim(), longitude.trim()).is_none() {
        return Err(Reason::Coordinates);
    }
    let kinds: Vec<&str> = kinds.split(';').map(str::trim).filter(|kind| !kind.is_empty()).take(PARTIES + 1).collect();
    if kinds.len() > PARTIES {
        return Err(Reason::TooManyParties);
    }
    let parties = (1..).zip(&kinds).map(|(order, kind)| party(order, kind)).collect();
    let mut header = vec![Cow::default(); HEADER];
    if let Some(cell) = header.get_mut(6) {
        *cell = place;
    }
    Ok(Accident { on, at, casualties, speed_limit: None, header, longitude, latitude, parties })
}

fn party<'t>(order: u32, kind: &str) -> Party<'t> {
    let (name, group) = kind.rsplit_once('-').unwrap_or((kind, ""));
    let mut names = vec![Cow::default(); KIND + 2];
    if let Some([first, second]) = names.get_mut(KIND..) {
        *first = Cow::Owned(group.to_owned());
        *second = Cow::Owned(name.to_owned());
    }
    Party { order, age: None, names }
}
