//! The checks of a mandate one by one, each answered for itself: for who must say what was granted, what was refused and
//! why, instead of the first reason alone.
//!
//! In: what [`decide`](super::decide) takes, as far as it is known. Out: twelve answers in the order of the checks. It
//! allows nothing: an action is allowed where the decision itself is. Whether it was recorded (M12) is the caller's to say.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;

use super::{
    Grounds, check_assurance, check_documents, check_issuer, check_passed_on, check_presenter, check_status,
    check_term, check_uses, is_one, level_of,
};
use crate::wallet::key::PublicKey;
use crate::wallet::mandate::Mandate;
use crate::wallet::mandate::scope::Action;
use crate::wallet::mandate::terms::Person;
use crate::wallet::reason::{Effect, Reason};

macro_rules! checks {
    ($($name:ident $number:literal $word:literal;)+) => {
        /// One of the twelve checks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "docs/mandates.md says what each looks at")]
        pub enum Check {
            $($name,)+
        }

        impl Check {
            /// All, in their order.
            pub const ALL: [Self; 12] = [$(Self::$name),+];

            /// Its number, `M1` to `M12`.
            #[must_use]
            pub fn number(self) -> &'static str {
                match self { $(Self::$name => $number,)+ }
            }

            /// What it looks at, in a word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

checks! {
    Issuer "M1" "issuer";
    Form "M2" "form";
    Term "M3" "term";
    Status "M4" "status";
    Mandatary "M5" "mandatary";
    Mandator "M6" "mandator";
    Power "M7" "power";
    Limits "M8" "limits";
    Substitution "M9" "substitution";
    Documents "M10" "documents";
    Assurance "M11" "assurance";
    Record "M12" "record";
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// In order.
    Passed,
    /// Refused.
    Failed(Reason),
    /// Nobody can say.
    Unknown(Reason),
    /// Not looked at: what it rests on is not there.
    NotReached,
}

impl From<Result<(), Reason>> for Finding {
    fn from(found: Result<(), Reason>) -> Self {
        match found {
            Ok(()) => Self::Passed,
            Err(reason) if reason.effect() == Effect::Hold => Self::Unknown(reason),
            Err(reason) => Self::Failed(reason),
        }
    }
}

/// Who presents and for whom, as far as it is known: what is not known does not pass.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The presenter, as a credential or registration of its own proves it.
    pub presenter: Option<&'a Person>,
    /// The key the presenter proved.
    pub presenter_key: Option<&'a PublicKey>,
    /// The person of the case.
    pub principal: Option<&'a Person>,
}

opaque_debug!(Known<'_>);

/// The twelve checks, each answered.
#[must_use]
pub fn items(grounds: &Grounds<'_>, known: &Known<'_>, action: &Action<'_>, now: Timestamp) -> Vec<(Check, Finding)> {
    let issuer = check_issuer(grounds).and_then(|()| grounds.parent.map_or(Ok(()), check_issuer));
    let mandate = Mandate::read(grounds.credential);
    let above = grounds.parent.map(|parent| Mandate::read(parent.credential)).transpose();
    let (mandate, above) = match (mandate, above) {
        (Ok(mandate), Ok(above)) => (mandate, above),
        (Err(reason), _) | (_, Err(reason)) => {
            let unread = |check: Check| match check {
                Check::Issuer => issuer.into(),
                Check::Form => Finding::Failed(reason),
                _ => Finding::NotReached,
            };
            return Check::ALL.into_iter().map(|check| (check, unread(check))).collect();
        }
    };
    let passed_on = grounds.parent.zip(above.as_ref());
    let nobody = Person::default();
    let found = |check: Check| -> Finding {
        let found = match check {
            Check::Issuer => issuer,
            Check::Form => Ok(()),
            Check::Term => {
                let parent = |(parent, above): (&Grounds<'_>, &Mandate)| check_term(above, parent.credential, now);
                check_term(&mandate, grounds.credential, now).and_then(|()| passed_on.map_or(Ok(()), parent))
            }
            Check::Status => check_status(grounds).and_then(|()| grounds.parent.map_or(Ok(()), check_status)),
            Check::Mandatary => known.presenter_key.map_or(Err(Reason::MandataryMismatch), |key| {
                check_presenter(&mandate, grounds.credential, known.presenter.unwrap_or(&nobody), key)
            }),
            Check::Mandator => {
                // Passed on, it is the first mandator whose case it is.
                let first = above.as_ref().map_or(&mandate.mandator, |above| &above.mandator);
                let same = known.principal.is_some_and(|principal| is_one(first, principal));
                if same { Ok(()) } else { Err(Reason::MandatorMismatch) }
            }
            Check::Power => mandate.grants(action.power),
            Check::Limits => {
                let parent = |(parent, above): (&Grounds<'_>, &Mandate)| check_uses(above, parent);
                mandate
                    .covers(action)
                    .and_then(|()| check_uses(&mandate, grounds))
                    .and_then(|()| passed_on.map_or(Ok(()), parent))
            }
            Check::Substitution => passed_on.map_or(Ok(()), |(parent, above)| check_passed_on(above, parent, &mandate)),
            Check::Documents => check_documents(&mandate, grounds.documents),
            Check::Assurance => check_assurance(level_of(&mandate, above.as_ref()), action),
            Check::Record => return Finding::NotReached,
        };
        found.into()
    };
    Check::ALL.into_iter().map(|check| (check, found(check))).collect()
}
