//! Alerts: what is wrong is looked for again and again, and an alert lasts as long as it does.

use claimgate_packet::jose::jwk::KeyUse;
use jiff::{SignedDuration, Timestamp};

use super::registry::Operator;
use super::{Engine, Fault, log};
use crate::core::alert::{self, Alert, AlertKind, AlertState, AlertWrite, Audience, Condition};
use crate::core::change::{Change, Write};
use crate::core::push::EndpointState;
use crate::flows::log::LogCheck;
use crate::id::AlertId;
use crate::party::{Party, PartyState};
use crate::store::{AlertQuery, StoreError};

/// The most alerts that are open at once: one look reads them all.
const MOST: i64 = 10_000;
/// What is read of endpoints at once.
const PAGE: i64 = 500;
/// An alert that lasts is written again only after this.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Why an alert was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum NotAcknowledged {
    /// No such alert.
    #[error("there is no such alert; `claimgate alerts` lists them")]
    Unknown,
    /// It is over.
    #[error("this alert is over")]
    Over,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Looks at endpoints, keys, authorities and deferred steps.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look(&self) -> Result<(), Fault> {
        let mut found = self.endpoints_wrong().await?;
        for party in self.store.parties().await? {
            found.extend(keys_wrong(&party, self.now()));
        }
        found.extend(self.authorities_wrong());
        found.extend(self.work_overdue().await?);
        self.compare(found, |kind| !checked(kind) && !of_deadlines(kind)).await
    }

    /// Looks at payments whose term ends soon or is over: there may be many, and a day is long.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look_at_deadlines(&self) -> Result<(), Fault> {
        let found = self.deadlines_wrong().await?;
        self.compare(found, of_deadlines).await
    }

    /// Checks the whole audit trail and the public log.
    ///
    /// # Errors
    /// The database is away.
    pub async fn check_chains(&self) -> Result<(), Fault> {
        let whole =
            |kind, subject: &str, detail: String| Condition { kind, party: None, subject: subject.to_owned(), detail };
        let mut found = Vec::new();
        if let Err(position) = self.store.check_audit().await? {
            found.push(whole(AlertKind::AuditBroken, "audit", format!("line {position}")));
        }
        let log = log::check(&self.store, self.log.public()).await?;
        if !matches!(log, LogCheck::Whole { .. }) {
            found.push(whole(AlertKind::LogBroken, "log", log.to_string()));
        }
        self.compare(found, checked).await
    }

    async fn compare(&self, found: Vec<Condition>, looked_at: impl Fn(AlertKind) -> bool) -> Result<(), Fault> {
        let open = self.store.alerts(&AlertQuery { limit: MOST, ..AlertQuery::default() }).await?;
        let now = self.now();
        let steps = alert::steps(&open, found, looked_at);
        let mut change = Change::new("alerts");
        for condition in steps.open {
            let Condition { kind, party, subject, detail } = condition;
            tracing::error!(alert = kind.as_str(), subject, detail, "an alert opens");
            let id = AlertId::new(now, &self.random);
            let state = AlertState::Open;
            let row = Alert {
                id,
                kind,
                party,
                subject,
                state,
                detail,
                since: now,
                last_seen: now,
                acknowledged_by: None,
                closed: None,
            };
            let tell = self.audiences(&row);
            change.push(self.audit("gateway", "alert.opened", &row.id, told(&row)));
            change.push(Write::Alert(AlertWrite::Open(Box::new(row), tell)));
        }
        let known = |id: AlertId| open.iter().find(|alert| alert.id == id);
        for (id, detail) in steps.seen {
            if known(id).is_some_and(|alert| alert.last_seen + SEEN_EVERY <= now) {
                change.push(Write::Alert(AlertWrite::Seen(id, detail, now)));
            }
        }
        for (id, tell) in steps.close {
            let Some(alert) = known(id) else { continue };
            tracing::warn!(alert = alert.kind.as_str(), subject = alert.subject, "an alert is over");
            let tell = if tell { self.audiences(alert) } else { Vec::new() };
            change.push(self.audit("gateway", "alert.closed", &id, told(alert)));
            change.push(Write::Alert(AlertWrite::Close(id, now, tell)));
        }
        if change.writes.is_empty() {
            return Ok(());
        }
        Ok(self.store.commit(change).await?)
    }

    /// Who is told: nobody while there is no mail, so that switching it on tells of nothing old.
    fn audiences(&self, alert: &Alert) -> Vec<Audience> {
        let Some(mailer) = &self.mailer else { return Vec::new() };
        let mut audiences = Vec::new();
        if !mailer.operators().is_empty() {
            audiences.push(Audience::Operators);
        }
        if alert.party.is_some() {
            audiences.push(Audience::Party);
        }
        audiences
    }

    async fn endpoints_wrong(&self) -> Result<Vec<Condition>, Fault> {
        let patience = SignedDuration::from_mins(self.rules.endpoint_failing_minutes);
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.store.endpoints_page(true, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = last.to_string();
            for (party, endpoint) in page {
                let since = endpoint.failing_since;
                let kind = match endpoint.state {
                    EndpointState::Failing => AlertKind::EndpointOff,
                    EndpointState::Gone => AlertKind::EndpointGone,
                    EndpointState::On if since.is_some_and(|since| since + patience <= self.now()) => {
                        AlertKind::EndpointFailing
                    }
                    EndpointState::On | EndpointState::Off => continue,
                };
                let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
                let detail = format!("{} failures in a row{since}, {} messages wait", endpoint.failures, endpoint.due);
                found.push(Condition { kind, subject: party.to_string(), party: Some(party), detail });
            }
        }
    }

    fn authorities_wrong(&self) -> Vec<Condition> {
        let Some(loaded) = self.authorities.present() else { return Vec::new() };
        let standing = loaded.standing(self.now());
        let files = standing.ended_authorities.iter().filter_map(|place| loaded.certificate_file(*place));
        let lists = standing.ended_lists.iter().filter_map(|place| loaded.list_file(*place));
        let name = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        files
            .chain(lists)
            .filter_map(name)
            .map(|subject| Condition { kind: AlertKind::AuthorityEnded, party: None, subject, detail: String::new() })
            .collect()
    }

    async fn work_overdue(&self) -> Result<Option<Condition>, Fault> {
        let minutes = SignedDuration::from_mins(self.rules.work_overdue_minutes);
        let before = self.now().checked_sub(minutes).unwrap_or(Timestamp::MIN);
        Ok(self.store.overdue_work(before).await?.map(|(count, oldest)| Condition {
            kind: AlertKind::WorkOverdue,
            party: None,
            subject: "work".to_owned(),
            detail: format!("{count} steps, the oldest due {oldest}"),
        }))
    }

    /// An operator says that they know. Said again, nothing changes.
    ///
    /// # Errors
    /// See [`NotAcknowledged`].
    pub async fn acknowledge_alert(&self, by: &Operator, id: AlertId) -> Result<Alert, NotAcknowledged> {
        for _ in 0..super::TRIES {
            let known = self.store.alert(id).await.map_err(Fault::from)?.ok_or(NotAcknowledged::Unknown)?;
            match known.state {
                AlertState::Acknowledged => return Ok(known),
                AlertState::Closed => return Err(NotAcknowledged::Over),
                AlertState::Open => {}
            }
            let mut change = Change::new("acknowledge_alert");
            by.rely(&mut change);
            change.push(Write::Alert(AlertWrite::Acknowledge(id, by.name().to_owned(), self.now())));
            change.push(self.audit(&by.actor(), "alert.acknowledged", &id, []));
            match self.store.commit(change).await {
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(Fault::from(error).into()),
            }
        }
        Err(Fault::Contended.into())
    }
}

/// What is looked at less often.
fn of_deadlines(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::TermEnds | AlertKind::TermPast)
}

/// What only the whole check finds.
fn checked(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::AuditBroken | AlertKind::LogBroken)
}

fn told(alert: &Alert) -> [(&'static str, String); 2] {
    [("kind", alert.kind.as_str().to_owned()), ("of", alert.subject.clone())]
}

/// The uses for which a party soon has no key: what counts is when the last of its keys ends.
fn keys_wrong(party: &Party, now: Timestamp) -> Vec<Condition> {
    if party.state != PartyState::Live || !party.term().holds(now) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for usage in [KeyUse::Sig, KeyUse::Enc] {
        let keys: Vec<_> = party.keys().iter().filter(|key| key.usage == usage && key.revoked_at.is_none()).collect();
        // A use without any key is none of this party's, or doctor's to say.
        if keys.is_empty() || keys.iter().any(|key| key.ends().is_none()) {
            continue;
        }
        let ends = keys.iter().filter_map(|key| key.ends()).max();
        let kids: Vec<&str> = keys.iter().filter(|key| key.ends() == ends).map(|key| key.kid.as_str()).collect();
        if let (Some(kind), Some(ends)) = (alert::of_key(ends, now), ends) {
            found.push(Condition {
                kind,
                party: Some(party.id.clone()),
                subject: format!("{} {}", party.id, usage.as_str()),
                detail: format!("{} ends {ends}", kids.join(", ")),
            });
        }
    }
    found
}
