//! Retention and erasure: what an operator decides of a claim, what is due to go, and the list that outlives a restore.
//!
//! The list of erasures is a file of JSON lines beside the database, ids alone. Database and list are brought together at
//! every start: what only the database knows is added to the file, what only the file knows is erased again.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::registry::Operator;
use super::{Engine, Fault, TRIES};
use crate::config::Retention;
use crate::core::change::{Change, Write};
use crate::core::retention::{
    Bar, Because, Erasure, Ground, Hold, Restriction, RetentionWrite, Standing, UNDELIVERED_DAYS, Verdict, before,
    judge,
};
use crate::id::ClaimId;
use crate::keys::at_rest::Place;
use crate::store::{Due, Expired, Periods, StoreError};

mod drafts;

/// Claims of one batch, and attempts of one.
const BATCH: i64 = 100;
const ATTEMPTS: i64 = 1_000;
/// The longest reason of a hold, in characters.
const REASON: usize = 500;
/// The longest line of the list of erasures, in bytes.
const LINE_BYTES: u64 = 4 << 10;

/// Why an operator's decision on a claim does not hold.
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// There is no such claim.
    #[error("there is no such claim")]
    NoClaim,
    /// It is gone.
    #[error("the claim is erased already")]
    Erased,
    /// There is a hold already, or none to release.
    #[error("{0}")]
    Hold(&'static str),
    /// A reason that is none.
    #[error("--reason is 1 to {REASON} characters")]
    Reason,
    /// The list of erasures.
    #[error("the list of erasures {path}: {source}")]
    List {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotDecided {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// What became of a claim that was to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Its key and everything sealed under it are gone.
    Erased,
    /// It is restricted, and erased when nothing is against it any more.
    Restricted(Because),
}

/// A kind of what is kept, how long, and how much of it is due.
#[derive(Clone, Debug, Serialize)]
pub struct DueKind {
    /// The kind.
    pub kind: &'static str,
    /// Its period in days; 0 for ever.
    pub days: i64,
    /// Where the period comes from.
    pub source: String,
    /// How many are due.
    pub due: i64,
    /// When the oldest of them was changed last.
    pub oldest: Option<Timestamp>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// Claims that were erased.
    pub erased: u64,
    /// Applications without documents that were deleted.
    pub applications: u64,
    /// Drafts of cases that were deleted.
    pub cases: u64,
    /// Attempts that were deleted.
    pub attempts: i64,
}

/// A line of the list of erasures.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    claim: String,
    ground: String,
    at: Timestamp,
}

/// What bringing list and database together did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Claims that had come back from a backup and were erased again.
    pub erased: u64,
    /// Lines that were added to the list.
    pub listed: u64,
    /// Lines that cannot be read, as after a power cut.
    pub unreadable: u64,
}

impl Engine {
    /// Places a legal hold: the claim is neither erased nor deleted when its period is over.
    ///
    /// # Errors
    /// No such claim, a hold already, or a fault of ours.
    pub async fn hold(&self, by: &Operator, claim: ClaimId, reason: &str) -> Result<(), NotDecided> {
        if reason.trim().is_empty() || reason.chars().count() > REASON {
            return Err(NotDecided::Reason);
        }
        let standing = self.standing(claim).await?;
        if standing.held {
            return Err(NotDecided::Hold("the claim is under a legal hold already"));
        }
        let row = claim.to_string();
        let place = Place { table: "claim_hold", row: &row, column: "reason" };
        let reason = self.vault.seal_registry(place, reason.trim().as_bytes()).map_err(Fault::from)?;
        let mut change = Change::new("hold_claim");
        let hold = Hold { claim, reason, by: by.actor(), at: self.now() };
        change.push(Write::Retention(RetentionWrite::Hold(hold)));
        change.push(self.audit(&by.actor(), "claim.held", &claim, [("account", by.account())]));
        Ok(self.store.commit(change).await?)
    }

    /// Ends a legal hold.
    ///
    /// # Errors
    /// No such claim, no hold, or a fault of ours.
    pub async fn release_hold(&self, by: &Operator, claim: ClaimId, reason: &str) -> Result<(), NotDecided> {
        if reason.trim().is_empty() || reason.chars().count() > REASON {
            return Err(NotDecided::Reason);
        }
        if !self.standing(claim).await?.held {
            return Err(NotDecided::Hold("the claim is under no legal hold"));
        }
        let mut change = Change::new("release_claim");
        change.push(Write::Retention(RetentionWrite::Release(claim)));
        change.push(self.audit(&by.actor(), "claim.released", &claim, [("account", by.account())]));
        Ok(self.store.commit(change).await?)
    }

    /// Takes a restriction back; with it goes the request to erase.
    ///
    /// # Errors
    /// No such claim, no restriction, or a fault of ours.
    pub async fn lift_restriction(&self, by: &Operator, claim: ClaimId) -> Result<(), NotDecided> {
        let standing = self.standing(claim).await?;
        if self.store.restriction(claim).await?.is_none() {
            return Err(NotDecided::Hold("the claim is not restricted"));
        }
        let mut change = Change::new("lift_restriction");
        change.push(Write::Retention(RetentionWrite::Lift(claim, standing.version)));
        if self.store.filing(claim).await?.is_some() {
            // Papers of its accident may have come meanwhile.
            change.push(self.due(claim));
        }
        change.push(self.audit(&by.actor(), "claim.unrestricted", &claim, [("account", by.account())]));
        Ok(self.store.commit(change).await?)
    }

    /// Erases a claim, or restricts it where something stands against that.
    ///
    /// # Errors
    /// No such claim, erased already, or a fault of ours.
    pub async fn erase(
        &self,
        by: &Operator,
        claim: ClaimId,
        ground: Ground,
        settings: &Retention,
    ) -> Result<Decided, NotDecided> {
        for _ in 0..TRIES {
            let standing = self.standing(claim).await?;
            let (change, decided) = match judge(&standing, ground, settings.duty_days, self.now()) {
                Verdict::Gone => return Err(NotDecided::Erased),
                Verdict::Erase => (self.erasing(&by.actor(), &standing, ground), Decided::Erased),
                Verdict::Restrict(because) => {
                    (self.restricting(by, &standing, ground, because), Decided::Restricted(because))
                }
            };
            match self.store.commit(change).await {
                Ok(()) => return Ok(decided),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended.into())
    }

    async fn standing(&self, claim: ClaimId) -> Result<Standing, NotDecided> {
        self.store.standing(claim).await?.ok_or(NotDecided::NoClaim)
    }

    fn erasing(&self, actor: &str, standing: &Standing, ground: Ground) -> Change {
        let (claim, at) = (standing.claim, self.now());
        let mut change = Change::new("erase_claim");
        let erasure = Erasure { claim, version: Some(standing.version), ground, at };
        change.push(Write::Retention(RetentionWrite::Erase(erasure)));
        change.push(self.audit(actor, "claim.erased", &claim, [("ground", ground.to_string())]));
        change
    }

    fn restricting(&self, by: &Operator, standing: &Standing, ground: Ground, because: Because) -> Change {
        let claim = standing.claim;
        let mut change = Change::new("restrict_claim");
        change.push(Write::Retention(RetentionWrite::Restrict(Restriction {
            claim,
            version: standing.version,
            ground,
            because,
            by: by.actor(),
            at: self.now(),
        })));
        let detail = [("ground", ground.to_string()), ("because", because.to_string()), ("account", by.account())];
        change.push(self.audit(&by.actor(), "claim.restricted", &claim, detail));
        change
    }

    /// What is due to go, by kind.
    ///
    /// # Errors
    /// The database is away.
    pub async fn due_to_go(&self, settings: &Retention) -> Result<Vec<DueKind>, Fault> {
        let mut kinds = Vec::new();
        for (due, kind, days, source) in kinds_of(settings) {
            let found = match self.periods(due, days) {
                Some(periods) => self.store.count_due(due, periods).await?,
                None => Expired { count: 0, oldest: None },
            };
            kinds.push(DueKind { kind, days, source: source.to_owned(), due: found.count, oldest: found.oldest });
        }
        let days = settings.application_days;
        let found = match days {
            0 => Expired { count: 0, oldest: None },
            days => self.store.count_unused_applications(before(self.now(), days)).await?,
        };
        let source = settings.application_source.clone();
        kinds.push(DueKind { kind: "unused-applications", days, source, due: found.count, oldest: found.oldest });
        kinds.push(self.drafts_due(settings).await?);
        let days = settings.attempt_days;
        let found = match days {
            0 => Expired { count: 0, oldest: None },
            days => self.store.count_attempts(before(self.now(), days)).await?,
        };
        let source = settings.attempt_source.clone();
        kinds.push(DueKind { kind: "endpoint-attempts", days, source, due: found.count, oldest: found.oldest });
        Ok(kinds)
    }

    /// Erases and deletes what is due, in small steps, each whole by itself: a run that was stopped goes on where it was.
    ///
    /// # Errors
    /// The database is away.
    pub async fn run_retention(
        &self,
        by: &Operator,
        settings: &Retention,
        mut progress: impl FnMut(&Ran),
    ) -> Result<Ran, Fault> {
        let mut ran = Ran::default();
        for (due, _, days, _) in kinds_of(settings) {
            let Some(periods) = self.periods(due, days) else { continue };
            loop {
                let batch = self.store.claims_due(due, periods, BATCH).await?;
                let mut gone = 0;
                for claim in &batch {
                    gone += u64::from(self.let_go(by, *claim, due, settings).await?);
                }
                ran.erased += gone;
                progress(&ran);
                // What collided is left for the next run.
                if gone == 0 {
                    break;
                }
            }
        }
        self.forget_applications(by, settings.application_days, (&mut ran, &mut progress)).await?;
        self.forget_cases(by, settings.application_days, (&mut ran, &mut progress)).await?;
        if settings.attempt_days > 0 {
            let until = before(self.now(), settings.attempt_days);
            loop {
                let left = self.store.count_attempts(until).await?.count;
                if left == 0 {
                    break;
                }
                let mut change = Change::new("delete_attempts");
                change.push(Write::Retention(RetentionWrite::Attempts(until, ATTEMPTS)));
                let count = left.min(ATTEMPTS);
                let detail = [("count", count.to_string()), ("before", until.to_string())];
                change.push(self.audit(&by.actor(), "retention.attempts-deleted", &"webhook_attempt", detail));
                self.store.commit(change).await?;
                ran.attempts += count;
                progress(&ran);
            }
        }
        Ok(ran)
    }

    /// Deletes applications whose case never got any documents. One that comes while this runs is newer, and keeps its
    /// case's others.
    async fn forget_applications(
        &self,
        by: &Operator,
        days: i64,
        (ran, progress): (&mut Ran, &mut impl FnMut(&Ran)),
    ) -> Result<(), Fault> {
        if days == 0 {
            return Ok(());
        }
        let until = before(self.now(), days);
        loop {
            let batch = self.store.unused_applications(until, BATCH).await?;
            if batch.is_empty() {
                return Ok(());
            }
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            let mut change = Change::new("delete_applications");
            change.writes = batch.into_iter().map(|id| Write::Retention(RetentionWrite::Application(id))).collect();
            let detail = [("count", count.to_string()), ("before", until.to_string())];
            change.push(self.audit(&by.actor(), "retention.applications-deleted", &"application", detail));
            self.store.commit(change).await?;
            ran.applications += count;
            progress(ran);
        }
    }

    /// Erases one claim that was due, if nothing stands against it now.
    async fn let_go(&self, by: &Operator, claim: ClaimId, due: Due, settings: &Retention) -> Result<bool, Fault> {
        let Some(standing) = self.store.standing(claim).await? else { return Ok(false) };
        // Read after the standing, on whose version the erasure rests: a dispute since then is a conflict.
        let restricted = self.store.restriction(claim).await?.map(|restriction| restriction.ground);
        let ground = match (due, restricted) {
            (_, Some(Ground::Disputed)) | (Due::Restricted, None) => return Ok(false),
            (Due::Restricted, Some(ground)) => ground,
            (Due::Closed | Due::Idle, _) => Ground::PeriodOver,
        };
        // The period of one that never closes takes the place of its closing.
        let standing = Standing { open: standing.open && due != Due::Idle, ..standing };
        if judge(&standing, ground, settings.duty_days, self.now()) != Verdict::Erase {
            return Ok(false);
        }
        match self.store.commit(self.erasing(&by.actor(), &standing, ground)).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn periods(&self, due: Due, days: i64) -> Option<Periods> {
        let undelivered_since = before(self.now(), UNDELIVERED_DAYS);
        // A request to erase waits for the duty alone.
        (days > 0 || due == Due::Restricted)
            .then(|| Periods { quiet_since: before(self.now(), days), undelivered_since })
    }

    /// Brings the list of erasures and the database together.
    ///
    /// # Errors
    /// The file cannot be read or written, or the database is away.
    pub async fn replay_erasures(&self, path: &Path) -> Result<Replayed, NotDecided> {
        let list = |source| NotDecided::List { path: path.to_owned(), source };
        let (lines, unreadable, ends) = read(path).map_err(list)?;
        let mut replayed = Replayed { unreadable, ..Replayed::default() };
        let known: BTreeSet<String> = self.store.erasures().await?.iter().map(|one| one.claim.to_string()).collect();
        let mut listed = BTreeSet::new();
        for line in lines {
            let (Ok(claim), Ok(ground)) = (line.claim.parse::<ClaimId>(), line.ground.parse::<Ground>()) else {
                replayed.unreadable += 1;
                continue;
            };
            listed.insert(line.claim.clone());
            if known.contains(&line.claim) || self.store.standing(claim).await?.is_none() {
                continue;
            }
            if self.erase_again(claim, ground, line.at).await? {
                replayed.erased += 1;
            }
        }
        let mut fresh = String::new();
        for one in self.store.erasures().await? {
            let claim = one.claim.to_string();
            if !listed.contains(&claim) {
                let line = Line { claim, ground: one.ground.to_string(), at: one.at };
                fresh.push_str(&serde_json::to_string(&line).map_err(|_| Fault::Stored("claim_erasure"))?);
                fresh.push('\n');
                replayed.listed += 1;
            }
        }
        if !fresh.is_empty() {
            append(path, &format!("{}{fresh}", if ends { "" } else { "\n" })).map_err(list)?;
        }
        if replayed.erased > 0 || replayed.listed > 0 {
            self.store.empty_log().await?;
        }
        Ok(replayed)
    }

    /// Erases a claim as the list says; `false` where another gateway was first.
    async fn erase_again(&self, claim: ClaimId, ground: Ground, at: Timestamp) -> Result<bool, NotDecided> {
        for _ in 0..TRIES {
            let mut change = Change::new("replay_erasure");
            change.push(Write::Retention(RetentionWrite::Erase(Erasure { claim, version: None, ground, at })));
            let detail = [("ground", ground.to_string()), ("replayed", "true".to_owned())];
            change.push(self.audit("gateway", "claim.erased", &claim, detail));
            match self.store.commit(change).await {
                Ok(()) => return Ok(true),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // A conflict is also a database too busy to say more: what stands there decides.
            if self.store.standing(claim).await?.is_none_or(|standing| standing.barred == Some(Bar::Erased)) {
                return Ok(false);
            }
        }
        Err(Fault::Contended.into())
    }
}

fn kinds_of(settings: &Retention) -> [(Due, &'static str, i64, &str); 3] {
    [
        (Due::Restricted, "requested-erasures", settings.duty_days, settings.duty_source.as_str()),
        (Due::Closed, "closed-claims", settings.closed_days, settings.closed_source.as_str()),
        (Due::Idle, "idle-claims", settings.idle_days, settings.idle_source.as_str()),
    ]
}

/// The lines of the list, how many cannot be read, and whether it ends with a whole line.
fn read(path: &Path) -> io::Result<(Vec<Line>, u64, bool)> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0, true)),
        file => file?,
    };
    let (mut lines, mut unreadable, mut ends) = (Vec::new(), 0, true);
    let mut file = io::BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok((lines, unreadable, ends));
        }
        ends = line.ends_with(b"\n");
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(line) => lines.push(line),
            Err(_) => unreadable += 1,
        }
    }
}

/// Adds lines for good: they are on disk when this returns.
fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    // The name as well, where the file is new.
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
