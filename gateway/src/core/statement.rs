//! A day's statement (對帳單): what was open, decided, paid and came back between two parties, and what is open at the end.
//!
//! In: the entries of submissions, one submission after another. Out: sums that fit together, and each submission whose
//! books are not even, by kind. Pure: no IO, no clock.

use std::collections::BTreeMap;
use std::fmt;

use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::id::{ClaimId, SubmissionId};
use crate::party::PartyId;

/// The most differences listed for one account; the rest is counted and summed.
pub const MOST_LISTED: usize = 1_000;

/// A sum of amounts: beyond the bound of a single one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total(i64);

impl Total {
    fn add(&mut self, amount: Twd) {
        self.0 = self.0.saturating_add(amount.hundredths());
    }

    fn plus(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let sign = if self.0 < 0 { "-" } else { "" };
        if cents == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{cents:02}") }
    }
}

impl Serialize for Total {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Total {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Total".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^-?[0-9]{1,18}(\.[0-9]{2})?$",
            "description": "A sum in New Taiwan dollars as a decimal text.",
        })
    }
}

/// One entry of a submission's books.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A decision accepts this; a decision before it counts no more.
    Decided(Twd),
    /// This was paid.
    Paid(Twd),
    /// This came back.
    CameBack(Twd),
}

claimgate_packet::opaque_debug!(Entry);

/// A submission with its entries by day, each kind in its order.
#[derive(Debug)]
pub struct Books {
    /// The submission.
    pub submission: SubmissionId,
    /// Its claim.
    pub claim: ClaimId,
    /// Its line.
    pub line: Line,
    /// The party at the other side.
    pub other: PartyId,
    /// The entries.
    pub entries: Vec<(Date, Entry)>,
}

/// The sums of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sums {
    /// Open when the day began.
    pub opening: Total,
    /// Accepted by decisions of the day.
    pub decided: Total,
    /// Accepted before by decisions the day reversed.
    pub reversed: Total,
    /// Paid on the day.
    pub paid: Total,
    /// Came back on the day.
    pub came_back: Total,
    /// Open when it ended: opening + decided - reversed - paid + `came_back`.
    pub closing: Total,
}

impl Sums {
    fn plus(&mut self, other: &Self) {
        self.opening.plus(other.opening);
        self.decided.plus(other.decided);
        self.reversed.plus(other.reversed);
        self.paid.plus(other.paid);
        self.came_back.plus(other.came_back);
        self.closing.plus(other.closing);
    }
}

/// Why the books of a submission are not even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DifferenceKind"))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Accepted, nothing paid (已核未付).
    DecidedUnpaid,
    /// Accepted, a part paid (部分未付).
    PartlyPaid,
    /// Money came back and was not paid again (退匯未重付).
    CameBack,
    /// Paid, nothing decided (未核先付).
    PaidWithoutDecision,
    /// More is paid than is accepted (溢付).
    Overpaid,
}

impl Kind {
    /// The word in interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecidedUnpaid => "decided-unpaid",
            Self::PartlyPaid => "partly-paid",
            Self::CameBack => "came-back",
            Self::PaidWithoutDecision => "paid-without-decision",
            Self::Overpaid => "overpaid",
        }
    }
}

/// A submission whose books are not even at the end of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// Why.
    pub kind: Kind,
    /// What is open; negative where too much is paid.
    pub amount: Total,
}

/// The day between the reader and one other party.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StatementAccount"))]
pub struct Account {
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
    /// Whether nothing is open at the end.
    pub balances: bool,
    /// What the differences do not explain of what is open: always 0, or the books are damaged.
    pub unexplained: Total,
    /// Each submission whose books are not even.
    pub differences: Vec<Difference>,
    /// How many more there are than are listed.
    pub differences_more: u64,
    /// What is open of those.
    pub differences_more_amount: Total,
}

/// A day's statement of one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// Whose.
    pub party: String,
    /// The day in Taiwan.
    pub date: Date,
    /// Whether the day is over, so that nothing is added any more.
    pub complete: bool,
    /// Whether nothing is open anywhere.
    pub balances: bool,
    /// The sums of all accounts.
    pub total: Sums,
    /// By the other party's id.
    pub accounts: BTreeMap<String, Account>,
}

impl Statement {
    /// An empty statement.
    #[must_use]
    pub fn new(party: &PartyId, date: Date, complete: bool) -> Self {
        let (total, accounts) = (Sums::default(), BTreeMap::new());
        Self { party: party.to_string(), date, complete, balances: true, total, accounts }
    }

    /// Adds a submission. One without an entry up to the day adds nothing.
    pub fn add(&mut self, books: &Books) {
        let (mut sums, mut accepted) = (Sums::default(), None);
        let (mut paid, mut came_back) = (Total::default(), Total::default());
        for (day, entry) in books.entries.iter().filter(|(day, _)| *day <= self.date) {
            let today = *day == self.date;
            match *entry {
                Entry::Decided(amount) => {
                    let before = accepted.replace(amount).unwrap_or(Twd::ZERO);
                    if today {
                        sums.decided.add(amount);
                        sums.reversed.add(before);
                    } else {
                        sums.opening.0 = sums.opening.0.saturating_add(amount.hundredths() - before.hundredths());
                    }
                }
                Entry::Paid(amount) => {
                    paid.add(amount);
                    if today {
                        sums.paid.add(amount);
                    } else {
                        sums.opening.0 = sums.opening.0.saturating_sub(amount.hundredths());
                    }
                }
                Entry::CameBack(amount) => {
                    came_back.add(amount);
                    if today { sums.came_back.add(amount) } else { sums.opening.add(amount) }
                }
            }
        }
        if accepted.is_none() && paid.is_zero() {
            return;
        }
        let moved = sums.decided.0 - sums.reversed.0 - sums.paid.0 + sums.came_back.0;
        sums.closing = Total(sums.opening.0.saturating_add(moved));
        // What is open by the books themselves, beside the way through the day's sums.
        let open = Total(accepted.unwrap_or(Twd::ZERO).hundredths() - paid.0 + came_back.0);
        let account = self
            .accounts
            .entry(books.other.to_string())
            .or_insert_with(|| Account { balances: true, ..Account::default() });
        account.sums.plus(&sums);
        account.unexplained.plus(Total(sums.closing.0 - open.0));
        if !open.is_zero() {
            let kind = kind(accepted, paid, came_back, open);
            list(account, books, kind, open);
        }
        account.balances = account.sums.closing.is_zero() && account.differences.is_empty();
        self.total.plus(&sums);
        self.balances = self.accounts.values().all(|account| account.balances);
    }

    /// The same as a table: one row for each account, each difference, and the total.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut rows = vec![
            "row,date,party,other,submission_id,claim_id,line,kind,opening,decided,reversed,paid,came_back,closing"
                .to_owned(),
        ];
        let (date, party) = (self.date, &self.party);
        let sums = |sums: &Sums| {
            let Sums { opening, decided, reversed, paid, came_back, closing } = sums;
            format!("{opening},{decided},{reversed},{paid},{came_back},{closing}")
        };
        for (other, account) in &self.accounts {
            rows.push(format!("account,{date},{party},{other},,,,,{}", sums(&account.sums)));
            for one in &account.differences {
                let Difference { submission_id, claim_id, line, kind, amount } = one;
                let kind = kind.as_str();
                rows.push(format!(
                    "difference,{date},{party},{other},{submission_id},{claim_id},{line},{kind},,,,,,{amount}"
                ));
            }
            if account.differences_more > 0 {
                let (count, amount) = (account.differences_more, account.differences_more_amount);
                rows.push(format!("more,{date},{party},{other},,,,{count},,,,,,{amount}"));
            }
        }
        rows.push(format!("total,{date},{party},,,,,,{}", sums(&self.total)));
        rows.join("\r\n") + "\r\n"
    }
}

fn kind(accepted: Option<Twd>, paid: Total, came_back: Total, open: Total) -> Kind {
    match accepted {
        None => Kind::PaidWithoutDecision,
        Some(_) if open.0 < 0 => Kind::Overpaid,
        Some(_) if !came_back.is_zero() => Kind::CameBack,
        Some(_) if paid.is_zero() => Kind::DecidedUnpaid,
        Some(_) => Kind::PartlyPaid,
    }
}

fn list(account: &mut Account, books: &Books, kind: Kind, amount: Total) {
    if account.differences.len() >= MOST_LISTED {
        account.differences_more += 1;
        account.differences_more_amount.plus(amount);
        return;
    }
    account.differences.push(Difference {
        submission_id: books.submission.to_string(),
        claim_id: books.claim.to_string(),
        line: books.line,
        kind,
        amount,
    });
}

#[cfg(test)]
mod tests;
