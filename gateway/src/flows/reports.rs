//! Reports: how long each step takes at one party, and what the members of a consortium share. Computed in the database, one
//! report at a time.

use super::{Engine, Fault};
use crate::config::Reports;
use crate::core::report::{Consortium, PaperTrips, Took, Turnaround, Window, members};
use crate::party::PartyId;
use crate::store::TimesOf;

impl Engine {
    /// How long each step takes at an insurer or a hospital, as it reads it itself.
    ///
    /// # Errors
    /// The database is away.
    pub async fn turnaround(&self, of: TimesOf<'_>, party: &PartyId, window: Window) -> Result<Turnaround, Fault> {
        // It reads all that left in the window: whoever asks meanwhile waits.
        let _turn = self.turns.long().await;
        let steps = self.store.times(of, window.bounds()).await?.iter().map(Took::own).collect();
        Ok(Turnaround { party: party.to_string(), from: window.from, to: window.to, steps })
    }

    /// The consortium's report, as every member may read it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn consortium(&self, window: Window, assumed: &Reports) -> Result<Consortium, Fault> {
        let _turn = self.turns.long().await;
        let bounds = window.bounds();
        let all = self.store.times(TimesOf::All, bounds).await?;
        let [insurers, hospitals] = self.store.handled(bounds).await?;
        let of_insurers = self.store.times(TimesOf::Insurers(None), bounds).await?;
        let of_hospitals = self.store.times(TimesOf::Hospitals(None), bounds).await?;
        let each = (assumed.trips_per_submission, assumed.trips_per_supplement);
        let paper_trips = PaperTrips::of(&insurers, each, &assumed.trips_source);
        let mut both = members("insurer", &insurers, &of_insurers);
        both.extend(members("hospital", &hospitals, &of_hospitals));
        Ok(Consortium::new(window, &all, paper_trips, both))
    }
}
