//! Whether an action is inside a mandate's powers and limits (checks M7 and M8), and one mandate inside another (M9).

use claimgate_packet::opaque_debug;
use jiff::civil::Date;

use super::Mandate;
use super::terms::{CaseRef, Limits, Power};
use crate::wallet::reason::Reason;

/// What someone wants to do under a mandate.
#[derive(Clone)]
pub struct Action<'a> {
    /// The power it needs.
    pub power: Power,
    /// The case.
    pub case: &'a CaseRef,
    /// The insurer it is done with.
    pub insurer: Option<&'a str>,
    /// The policy.
    pub policy_number: Option<&'a str>,
    /// The vehicle.
    pub plate: Option<&'a str>,
    /// The day of the accident.
    pub accident_on: Option<Date>,
    /// The kind of record, where records are obtained.
    pub record_kind: Option<&'a str>,
    /// Hundredths of a New Taiwan dollar, where money moves.
    pub cents: Option<u64>,
}

opaque_debug!(Action<'_>);

impl Mandate {
    /// Whether it allows an action. How often it was used is another question.
    ///
    /// # Errors
    /// [`Reason::PowerMissing`], [`Reason::MandateScopeExceeded`].
    pub fn allows(&self, action: &Action<'_>) -> Result<(), Reason> {
        self.grants(action.power)?;
        self.covers(action)
    }

    /// Check M7.
    pub(super) fn grants(&self, power: Power) -> Result<(), Reason> {
        if self.powers.contains(&power) { Ok(()) } else { Err(Reason::PowerMissing) }
    }

    /// Check M8, but for how often it was used.
    pub(super) fn covers(&self, action: &Action<'_>) -> Result<(), Reason> {
        let limits = &self.limits;
        // A limit that is set and an action that does not say: outside.
        let listed = |limit: &Option<Vec<String>>, value: Option<&str>| {
            limit.as_ref().is_none_or(|list| value.is_some_and(|value| list.iter().any(|one| one == value)))
        };
        let records = action.power != Power::ObtainRecords || listed(&limits.record_kinds, action.record_kind);
        let inside = limits.case_refs.contains(action.case)
            && listed(&limits.insurers, action.insurer)
            && listed(&limits.policy_numbers, action.policy_number)
            && listed(&limits.plates, action.plate)
            && limits.accident_on.is_none_or(|day| action.accident_on == Some(day))
            && records
            && limits.affords(action);
        if inside { Ok(()) } else { Err(Reason::MandateScopeExceeded) }
    }

    /// Whether a mandate passed on stays inside this one: powers, limits and time.
    #[must_use]
    pub(super) fn contains(&self, sub: &Self) -> bool {
        sub.powers.iter().all(|power| self.powers.contains(power))
            && sub.valid_from >= self.valid_from
            && sub.valid_until <= self.valid_until
            && self.limits.contain(&sub.limits)
    }
}

impl Limits {
    fn affords(&self, action: &Action<'_>) -> bool {
        let most = self.max_amount.as_ref().map(|amount| cents(&amount.value));
        match (most, action.cents) {
            (None, _) => true,
            // Where money moves, an amount nobody names is over every limit.
            (Some(_), None) => !action.power.moves_money(),
            (Some(most), Some(asked)) => most.is_some_and(|most| asked <= most),
        }
    }

    fn contain(&self, sub: &Self) -> bool {
        let lists = [
            (&self.insurers, &sub.insurers),
            (&self.policy_numbers, &sub.policy_numbers),
            (&self.plates, &sub.plates),
            (&self.record_kinds, &sub.record_kinds),
        ];
        let within = |(outer, inner): &(&Option<Vec<String>>, &Option<Vec<String>>)| match (outer, inner) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(outer), Some(inner)) => inner.iter().all(|one| outer.contains(one)),
        };
        let amount = |limits: &Self| limits.max_amount.as_ref().map(|amount| cents(&amount.value));
        let smaller = match (amount(self), amount(sub)) {
            (None, _) => true,
            (Some(Some(outer)), Some(Some(inner))) => inner <= outer,
            (Some(_), _) => false,
        };
        let fewer = self.max_uses.is_none_or(|most| sub.max_uses.is_some_and(|uses| uses <= most));
        sub.case_refs.iter().all(|case| self.case_refs.contains(case))
            && lists.iter().all(within)
            && (self.accident_on.is_none() || self.accident_on == sub.accident_on)
            && smaller
            && fewer
    }
}

/// Hundredths of an amount such as `1200` or `1200.50`; `None` for any other spelling.
#[must_use]
pub fn cents(value: &str) -> Option<u64> {
    let (whole, part) = value.split_once('.').map_or((value, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || part.is_some_and(|part| !digits(part) || part.len() > 2) {
        return None;
    }
    let part = format!("{:0<2}", part.unwrap_or_default());
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}
