//! Why a decision or a payment is refused. Nothing of it was kept.

use claimgate_adapters::insurer::decision::Unbalanced;

/// Why a decision or a payment does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBooked {
    /// The decision does not balance.
    #[error("{}", .0.what)]
    Unbalanced(Unbalanced),
    /// The state is not what the decision comes to.
    #[error(
        "a decision goes with the state it comes to: accepted where nothing is declined, declined where nothing is \
         accepted, otherwise partly-accepted"
    )]
    Outcome,
    /// Another decision stands than the one this corrects.
    #[error("{}", match .0 {
        Some(version) => format!("decision {version} stands: a decision that changes it names it in corrects, and says why"),
        None => "no decision stands that could be corrected; leave out corrects".to_owned(),
    })]
    Corrects(Option<i64>),
    /// The books say that it is not paid.
    #[error("the payments do not reach what was accepted; report them, and the state follows")]
    NotPaid,
    /// Too many entries.
    #[error("the books of this submission are full; ask the operator")]
    Full,
    /// No amount.
    #[error("an amount is more than zero, and the sums stay within ten billion")]
    Amount,
    /// The calculation sheet does not make up the amount.
    #[error("the lines of the calculation sheet make up the amount")]
    Sheet,
    /// Payee and reversal do not go with the kind.
    #[error(
        "money that goes out names its payee; money that comes back (returned, reclaimed) names in reverses the payment \
         it belongs to, and no payee"
    )]
    Form,
    /// To a third account without an instruction.
    #[error("a payment to a third account names the claimant's written instruction")]
    Instruction,
    /// The reference was used.
    #[error("this reference was used for another payment; each payment has its own")]
    Reference,
    /// Not a state in which money goes out.
    #[error("no money goes out in this state; reopen the submission first where it was closed")]
    State,
    /// Nothing is decided.
    #[error("no decision stands; report it with the state, or mark a provisional payment with ahead_of_decision")]
    NoDecision,
    /// More than was accepted.
    #[error(
        "more would be paid than was accepted; correct the decision first, or mark a provisional payment with \
         ahead_of_decision"
    )]
    AboveAccepted,
    /// There is no such payment to reverse.
    #[error("this submission has no such payment whose money could come back")]
    ReversesUnknown,
    /// More comes back than was paid.
    #[error("more would come back than was paid with it and is still out")]
    ReversesTooMuch,
}
