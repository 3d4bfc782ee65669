//! Reports over a window: how long each step takes (辦理時效), and what a consortium's members share. Functions over values.
//!
//! In: counts and durations, by party. Out: figures of which none tells others of a few cases, as JSON and as a table. Knows
//! no database and no clock.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::offset::end_of;
use super::proposal::words;

/// Figures over fewer cases than this are shown to nobody but the party itself.
pub const SMALLEST: i64 = 5;

words! {
    /// A step whose time is measured.
    Step {
        /// From the patient's application until the packet was with the insurer.
        Delivered = "delivered";
        /// From there until the insurer's receipt (簽收).
        Acknowledged = "acknowledged";
        /// From there until the insurer reports that it has the case (收件).
        Received = "received";
        /// From there until it first decides (決定).
        Decided = "decided";
        /// From the first decision until it is paid (已給付).
        Paid = "paid";
        /// From the application until it is paid.
        Whole = "application-to-paid";
        /// From a request for papers until they came (補件).
        Answered = "papers-answered";
        /// From the first promise of an offset until it was settled (理賠抵繳).
        Settled = "offset-settled";
    }
}

/// Days in Taiwan, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

impl Window {
    /// A window of at most so many days.
    #[must_use]
    pub fn new(from: Date, to: Date, most: i32) -> Option<Self> {
        let days = from.until(to).ok()?.get_days().checked_add(1)?;
        (1..=most).contains(&days).then_some(Self { from, to })
    }

    /// From when, and until before when.
    #[must_use]
    pub fn bounds(self) -> (Timestamp, Timestamp) {
        (self.from.yesterday().map_or(Timestamp::MIN, end_of), end_of(self.to))
    }
}

/// How long a step took, of one party or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The step.
    pub step: Step,
    /// The party; empty for all.
    pub who: String,
    /// How many cases.
    pub count: i64,
    /// Milliseconds that half, nine tenths, and ninety-nine hundredths of them took at most.
    pub millis: [i64; 3],
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StepTook"))]
pub struct Took {
    /// The step.
    pub step: &'static str,
    /// How many cases; null where there are fewer than five and others read it.
    pub count: Option<i64>,
    /// Seconds half of them took at most.
    pub p50_seconds: Option<i64>,
    /// Seconds nine tenths of them took at most.
    pub p90_seconds: Option<i64>,
    /// Seconds ninety-nine hundredths of them took at most.
    pub p99_seconds: Option<i64>,
}

impl Took {
    /// As the party itself reads it.
    #[must_use]
    pub fn own(measured: &Measured) -> Self {
        let [p50, p90, p99] = measured.millis.map(|millis| Some(millis / 1_000));
        let (step, count) = (measured.step.as_str(), Some(measured.count));
        Self { step, count, p50_seconds: p50, p90_seconds: p90, p99_seconds: p99 }
    }

    /// As others read it.
    #[must_use]
    pub fn shared(measured: &Measured) -> Self {
        if measured.count >= SMALLEST {
            return Self::own(measured);
        }
        let step = measured.step.as_str();
        Self { step, count: None, p50_seconds: None, p90_seconds: None, p99_seconds: None }
    }
}

/// How long each step takes at one party.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Turnaround {
    /// Whose.
    pub party: String,
    /// The first day in Taiwan.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// The steps that happened.
    pub steps: Vec<Took>,
}

/// What a member did in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// The party.
    pub party: String,
    /// Packets that reached it; of a hospital, claims of which something reached an insurer.
    pub handled: i64,
    /// Submissions of which something reached an insurer first in the window.
    pub submissions: i64,
    /// Requests for papers it made, or was asked.
    pub requests: i64,
    /// Of these answered.
    pub answered: i64,
}

/// A member in the report.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsortiumMember"))]
pub struct Member {
    /// Party id.
    pub party: String,
    /// `insurer` or `hospital`.
    pub role: &'static str,
    /// Packets that reached it; of a hospital, claims of which something reached an insurer. Null where fewer than five.
    pub handled: Option<i64>,
    /// Its share of the members of its role, in percent; all of a role make up 100.00.
    pub cost_share_percent: String,
    /// Requests for papers for 100 submissions; null where there were fewer than five submissions.
    pub supplements_per_100: Option<String>,
    /// How long its steps took.
    pub steps: Vec<Took>,
}

/// What trips (往返) a paper claim takes that these did not, by an assumption that is data.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaperTrips {
    /// submissions × `per_submission` + answered requests × `per_supplement`, of those that are shown; null where neither is.
    pub saved: Option<i64>,
    /// Submissions of which something reached an insurer first in the window. Null where fewer than five.
    pub submissions: Option<i64>,
    /// Requests for papers that were answered. Null where fewer than five.
    pub answered: Option<i64>,
    /// Trips of a paper claim.
    pub per_submission: u32,
    /// Trips of papers that are brought later.
    pub per_supplement: u32,
    /// Where the two come from.
    pub source: String,
}

impl PaperTrips {
    /// What these members saved, each trip by an assumption and its source.
    #[must_use]
    pub fn of(insurers: &[Handled], (per_submission, per_supplement): (u32, u32), source: &str) -> Self {
        let sum = |count: fn(&Handled) -> i64| -> Option<i64> {
            let sum = insurers.iter().map(count).fold(0, i64::saturating_add);
            (sum >= SMALLEST).then_some(sum)
        };
        let (submissions, answered) = (sum(|one| one.submissions), sum(|one| one.answered));
        // By what is hidden nothing is saved: else the sum would tell it.
        let trips = [(submissions, per_submission), (answered, per_supplement)];
        let shown = trips.into_iter().filter_map(|(count, each)| Some(count?.saturating_mul(each.into())));
        let saved = shown.reduce(i64::saturating_add);
        Self { saved, submissions, answered, per_submission, per_supplement, source: source.to_owned() }
    }
}

/// The consortium's report (聯盟報表).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Consortium {
    /// The first day in Taiwan.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Days from application to payment, of all: half, nine tenths, ninety-nine hundredths took at most so many.
    pub application_to_payment_days: Option<[String; 3]>,
    /// How long each step took, of all.
    pub steps: Vec<Took>,
    /// Trips that were saved.
    pub paper_trips: PaperTrips,
    /// Insurers, then hospitals.
    pub members: Vec<Member>,
}

/// Parts of 100.00 in proportion to counts, in hundredths of a percent; what rounding leaves goes to the largest remainders,
/// so that all together are 10 000. All zero where nothing was counted.
#[must_use]
pub fn shares(counts: &[i64]) -> Vec<i64> {
    let whole: i128 = counts.iter().map(|count| i128::from(*count)).sum();
    if whole <= 0 {
        return vec![0; counts.len()];
    }
    let parts: Vec<(i128, i128)> =
        counts.iter().map(|count| i128::from(*count) * 10_000).map(|part| (part / whole, part % whole)).collect();
    let given: i128 = parts.iter().map(|(part, _)| part).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(parts.get(*place).map_or(0, |(_, rest)| *rest)));
    let left = usize::try_from(10_000 - given).unwrap_or_default();
    let more: Vec<usize> = order.into_iter().take(left).collect();
    let one = |(place, (part, _)): (usize, &(i128, i128))| {
        i64::try_from(*part).unwrap_or_default() + i64::from(more.contains(&place))
    };
    parts.iter().enumerate().map(one).collect()
}

/// Hundredths as a decimal text.
fn hundredths(value: i64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// Milliseconds as days with two decimals, rounded up: nothing takes no time.
fn days(millis: i64) -> String {
    const HUNDREDTH: i64 = 864_000;
    hundredths(millis.saturating_add(HUNDREDTH - 1) / HUNDREDTH)
}

/// The members of one role, each with what it shares.
#[must_use]
pub fn members(role: &'static str, handled: &[Handled], measured: &[Measured]) -> Vec<Member> {
    let counts: Vec<i64> = handled.iter().map(|one| one.handled).collect();
    let rate = |one: &Handled| {
        let tenths = one.requests.saturating_mul(1_000).checked_div(one.submissions)?;
        (one.submissions >= SMALLEST).then(|| format!("{}.{}", tenths / 10, tenths % 10))
    };
    let member = |(one, share): (&Handled, i64)| Member {
        party: one.party.clone(),
        role,
        handled: (one.handled >= SMALLEST).then_some(one.handled),
        cost_share_percent: hundredths(share),
        supplements_per_100: rate(one),
        steps: measured.iter().filter(|step| step.who == one.party).map(Took::shared).collect(),
    };
    handled.iter().zip(shares(&counts)).map(member).collect()
}

impl Consortium {
    /// The report of a window: figures of all, and the members of both roles.
    #[must_use]
    pub fn new(window: Window, all: &[Measured], paper_trips: PaperTrips, members: Vec<Member>) -> Self {
        let whole = all.iter().find(|one| one.step == Step::Whole && one.count >= SMALLEST);
        Self {
            from: window.from,
            to: window.to,
            application_to_payment_days: whole.map(|one| one.millis.map(days)),
            steps: all.iter().map(Took::shared).collect(),
            paper_trips,
            members,
        }
    }

    /// The same as a table: one row for each figure.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut rows = vec!["row,from,to,party,role,what,count,p50_seconds,p90_seconds,p99_seconds,value".to_owned()];
        let (from, to) = (self.from, self.to);
        let cell = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let took = |party: &str, role: &str, one: &Took| {
            let [count, p50, p90, p99] = [one.count, one.p50_seconds, one.p90_seconds, one.p99_seconds].map(cell);
            format!("step,{from},{to},{party},{role},{},{count},{p50},{p90},{p99},", one.step)
        };
        rows.extend(self.steps.iter().map(|one| took("", "", one)));
        for (what, value) in [("p50", 0), ("p90", 1), ("p99", 2)] {
            let days = self.application_to_payment_days.as_ref().and_then(|days| days.get(value));
            let days = days.cloned().unwrap_or_default();
            rows.push(format!("application-to-payment-days,{from},{to},,,{what},,,,,{days}"));
        }
        let trips = &self.paper_trips;
        rows.push(format!("paper-trips,{from},{to},,,saved,,,,,{}", cell(trips.saved)));
        for one in &self.members {
            let Member { party, role, handled, cost_share_percent, supplements_per_100, steps } = one;
            let (handled, rate) = (cell(*handled), supplements_per_100.clone().unwrap_or_default());
            rows.push(format!("share,{from},{to},{party},{role},cost-share-percent,{handled},,,,{cost_share_percent}"));
            rows.push(format!("supplements,{from},{to},{party},{role},per-100-submissions,,,,,{rate}"));
            rows.extend(steps.iter().map(|step| took(party, role, step)));
        }
        rows.join("\r\n") + "\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_proportion_and_make_up_a_hundred() {
        assert_eq!(shares(&[1, 1, 1]), [3_334, 3_333, 3_333]);
        assert_eq!(shares(&[2, 6]), [2_500, 7_500]);
        assert_eq!(shares(&[0, 7, 0]), [0, 10_000, 0]);
        assert_eq!(shares(&[0, 0]), [0, 0]);
        assert_eq!(shares(&[]), [0; 0]);
        let many: Vec<i64> = (1..=37).collect();
        assert_eq!(shares(&many).iter().sum::<i64>(), 10_000);
    }

    #[test]
    fn a_few_cases_are_told_to_the_party_alone() {
        let measured = |count| Measured { step: Step::Decided, who: "insurer-a".to_owned(), count, millis: [1_999; 3] };
        assert_eq!(Took::own(&measured(1)).p50_seconds, Some(1));
        let few = Took::shared(&measured(4));
        assert_eq!((few.count, few.p50_seconds, few.p99_seconds), (None, None, None));
        assert_eq!(Took::shared(&measured(5)).count, Some(5));
        let handled = |party: &str, handled, submissions| Handled {
            party: party.to_owned(),
            handled,
            submissions,
            requests: 3,
            answered: 0,
        };
        let both = members("insurer", &[handled("insurer-a", 9, 6), handled("insurer-b", 3, 3)], &[measured(4)]);
        assert_eq!((both[0].handled, both[0].supplements_per_100.as_deref()), (Some(9), Some("50.0")));
        assert_eq!((both[1].handled, both[1].supplements_per_100.as_deref()), (None, None));
        assert_eq!(both.iter().map(|one| one.cost_share_percent.as_str()).collect::<Vec<_>>(), ["75.00", "25.00"]);
        assert_eq!((both[0].steps[0].count, both[1].steps.len()), (None, 0));
    }

    #[test]
    fn what_is_summed_over_a_few_cases_is_told_to_nobody() {
        let one = |submissions, answered| Handled {
            party: "insurer-a".to_owned(),
            handled: submissions,
            submissions,
            requests: answered,
            answered,
        };
        let of = |members: &[Handled]| {
            let trips = PaperTrips::of(members, (2, 3), "made up");
            (trips.saved, trips.submissions, trips.answered)
        };
        assert_eq!(of(&[one(3, 2), one(2, 3)]), (Some(25), Some(5), Some(5)));
        assert_eq!(of(&[one(5, 1)]), (Some(10), Some(5), None), "nor does the sum tell it");
        assert_eq!(of(&[one(4, 0)]), (None, None, None));
        let window = Window { from: "2026-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() };
        let table = Consortium::new(window, &[], PaperTrips::of(&[], (2, 2), "made up"), Vec::new()).to_csv();
        assert!(table.contains("paper-trips,2026-11-01,2026-11-30,,,saved,,,,,\r\n"), "{table}");
    }

    #[test]
    fn a_window_is_days_in_taiwan_both_included() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let window = Window::new(day("2026-11-01"), day("2026-11-30"), 31).unwrap();
        let (from, to) = window.bounds();
        assert_eq!((from.to_string(), to.to_string()), ("2026-10-31T16:00:00Z".into(), "2026-11-30T16:00:00Z".into()));
        assert_eq!(Window::new(day("2026-11-01"), day("2026-12-02"), 31), None);
        assert_eq!(Window::new(day("2026-11-02"), day("2026-11-01"), 31), None);
        assert!(Window::new(day("2026-11-02"), day("2026-11-02"), 31).is_some());
        assert_eq!((days(1), days(86_400_000), days(129_600_000)), ("0.01".into(), "1.00".into(), "1.50".into()));
    }

    #[test]
    fn every_row_of_the_table_has_every_column() {
        let window = Window { from: "2026-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() };
        let all = [Measured { step: Step::Whole, who: String::new(), count: 5, millis: [86_400_000; 3] }];
        let one = Handled { party: "insurer-a".to_owned(), handled: 5, submissions: 5, requests: 1, answered: 1 };
        let trips = PaperTrips::of(std::slice::from_ref(&one), (1, 1), "made up");
        let report = Consortium::new(window, &all, trips, members("insurer", &[one], &all));
        assert_eq!(report.application_to_payment_days.clone().unwrap(), ["1.00", "1.00", "1.00"]);
        let table = report.to_csv();
        let columns: Vec<usize> = table.lines().map(|row| row.split(',').count()).collect();
        assert!(columns.iter().all(|count| *count == 11), "{table}");
        assert!(table.contains("share,2026-11-01,2026-11-30,insurer-a,insurer,cost-share-percent,5,,,,100.00\r\n"));
    }
}
