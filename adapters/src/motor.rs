//! The rules of compulsory motor insurance (強制汽車責任保險): who must pay whom, who may claim, how much, with which papers.
//!
//! In: facts of an accident as somebody states them. Out: answers, each with the article it rests on; tables decide, no code.
//! Must not know: claims, parties of the registry, the present, what anybody has decided. Nothing here is a decision.
//!
//! `accident`: the facts. `payers`: who must pay. `claimants`: who may claim. `limits`, `benefits`: what is owed, an estimate.
//! `documents`: what an insurer or the fund needs. `page`: the same tables for people (docs/motor-rules.md).

use serde::Serialize;

/// A closed list of words, each with its Chinese term.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $chinese:literal;)+ }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        $(#[$doc])*
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in interfaces.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The official term.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)+ }
            }
        }
    };
}

/// An article of the Compulsory Automobile Liability Insurance Act.
macro_rules! act {
    ($place:literal) => {
        super::Basis::confirmed(concat!("強制汽車責任保險法 ", $place))
    };
}

/// An article of the regulations for underwriting and claims.
macro_rules! handling {
    ($place:literal) => {
        super::Basis::confirmed(concat!("強制汽車責任保險承保及理賠作業處理辦法 ", $place))
    };
}

/// An article of the payment standards.
macro_rules! standard {
    ($place:literal) => {
        super::Basis::confirmed(concat!("強制汽車責任保險給付標準 ", $place))
    };
}

pub mod accident;
pub mod benefits;
pub mod claimants;
pub mod documents;
pub mod limits;
pub mod page;
pub mod payers;

words! {
    /// How sure a rule or a figure is.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorStatus"))]
    Status {
        /// Read in the text of the law or of the authority.
        Confirmed = "confirmed", "已確認";
        /// From one secondary source, or usage without a published text: verify before relying on it.
        Unverified = "unverified", "待查證";
    }
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorBasis"))]
pub struct Basis {
    /// The article, by its Chinese name; or what stands in place of one.
    pub article: &'static str,
    /// How sure it is.
    pub status: Status,
}

impl Basis {
    /// An article whose text was read.
    #[must_use]
    pub const fn confirmed(article: &'static str) -> Self {
        Self { article, status: Status::Confirmed }
    }

    /// Something whose text was not.
    #[must_use]
    pub const fn unverified(article: &'static str) -> Self {
        Self { article, status: Status::Unverified }
    }
}

/// An exact share: so many of so many parts, neither cancelled nor rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorFraction"))]
pub struct Fraction {
    /// So many parts.
    pub of: u32,
    /// Of so many.
    pub over: u32,
}

/// What is wrong with stated facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer into the facts.
    pub at: String,
    /// What is wrong and how to mend it; never a value.
    pub text: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
}

/// Each once, in the order they came.
fn once<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
