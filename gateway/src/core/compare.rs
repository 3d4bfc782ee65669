//! Comparing records that were asked for (病歷調閱) with one another and with what the insurer holds already: of one visit, what
//! do two papers say of the same thing? For people to read: it is decided nothing here.
//!
//! In: papers as they were disclosed to one insurer. Out: a list of agreements and contradictions, each with both values and
//! where they stand. A value that was not disclosed is not there, so it is compared with nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use claimgate_packet::evidence::Document;

mod facts;

use facts::{Facts, facts};

/// The most papers that are compared; the rest is counted.
pub const MOST_PAPERS: usize = 128;
/// The most findings that are listed; the rest is counted.
pub const MOST_FINDINGS: usize = 1_000;

/// What two papers speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The kind of visit: outpatient, emergency, inpatient (就醫類別).
    VisitClass,
    /// The first day: of the visit, of admission (就醫日、入院日).
    FirstDay,
    /// The last day: discharge (出院日).
    LastDay,
    /// Days as the source counted them (日數).
    Days,
    /// Codes of diagnoses (診斷碼).
    Diagnosis,
    /// Codes of operations and procedures (手術、處置碼).
    Operation,
    /// Days of operations and procedures (手術日).
    OperationDay,
    /// Sums of one receipt (收據合計).
    Total,
}

impl Subject {
    /// The Chinese term.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        match self {
            Self::VisitClass => "就醫類別",
            Self::FirstDay => "就醫日／入院日",
            Self::LastDay => "出院日",
            Self::Days => "日數",
            Self::Diagnosis => "診斷碼",
            Self::Operation => "手術、處置碼",
            Self::OperationDay => "手術日",
            Self::Total => "收據合計",
        }
    }
}

/// How two papers stand to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// They say the same (相符).
    Agrees,
    /// They share something, and one or both name more (部分相符).
    Overlaps,
    /// They share nothing (不符).
    Differs,
    /// One names something and the other, which could, names nothing, or it was not disclosed (僅一方記載).
    OneSided,
}

/// Where a paper came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// Whether it is an answer to this request, or was held before.
    pub from: From,
    /// The submission it was delivered for.
    pub submission_id: String,
    /// The delivery.
    pub delivery_id: String,
    /// The evidence document.
    pub evidence_id: String,
    /// Its type.
    pub evidence: String,
}

/// Which of the two kinds of papers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// An answer to this request (調閱所得).
    Answer,
    /// What the insurer had from this gateway before (原有文件).
    Held,
}

/// A paper as it was disclosed.
pub struct Paper {
    /// Where it came from.
    pub place: Place,
    /// What it says.
    pub document: Document,
}

/// What one paper says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Said {
    /// The paper.
    #[serde(flatten)]
    pub place: Place,
    /// The values, sorted; none where it names nothing.
    pub values: BTreeSet<String>,
}

/// Two papers of one visit on one subject.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// How they stand to one another.
    pub outcome: Outcome,
    /// What they speak of.
    pub subject: Subject,
    /// Its Chinese term.
    pub chinese: &'static str,
    /// What of it, where a subject has several: the code system, which sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What one says, always an answer to this request.
    pub one: Said,
    /// What the other says.
    pub other: Said,
}

claimgate_packet::opaque_debug!(Paper, Said, Finding);

/// What came of a comparison.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Contradictions first, then what one alone names, what is shared in part, what agrees.
    pub findings: Vec<Finding>,
    /// How many there are of each outcome, listed or not.
    pub counts: Counts,
    /// Findings beyond the most that are listed.
    pub cut: usize,
    /// Papers that were looked at.
    pub papers: usize,
    /// Papers beyond the most that are compared.
    pub left_out: usize,
    /// Answers that meet no other paper of the same visit: there is nothing to compare them with.
    pub alone: Vec<Place>,
}

/// How many findings of each outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Contradictions.
    pub differs: usize,
    /// Named by one alone.
    pub one_sided: usize,
    /// Shared in part.
    pub overlaps: usize,
    /// Agreements.
    pub agrees: usize,
}

claimgate_packet::opaque_debug!(Comparison);

/// Compares every answer with every other paper of the same visit. The order of the papers changes nothing.
#[must_use]
pub fn compare(mut papers: Vec<Paper>) -> Comparison {
    papers.sort_by(|one, other| one.place.cmp(&other.place));
    papers.dedup_by(|one, other| one.place == other.place);
    let left_out = papers.len().saturating_sub(MOST_PAPERS);
    papers.truncate(MOST_PAPERS);
    let read: Vec<(&Place, Facts)> = papers.iter().map(|paper| (&paper.place, facts(&paper.document))).collect();
    let (mut findings, mut alone) = (Vec::new(), Vec::new());
    for (number, (place, own)) in read.iter().enumerate().filter(|(_, (place, _))| place.from == From::Answer) {
        let mut met = false;
        for (other_number, (other_place, other)) in read.iter().enumerate() {
            // The other way round it is the same pair, where the other is an answer too.
            let before = other_place.from == From::Answer && other_number < number;
            if other_number == number || !own.is_of_the_visit_of(other) {
                continue;
            }
            met = true;
            if !before {
                pair((place, own), (other_place, other), &mut findings);
            }
        }
        if !met && !own.is_empty() {
            alone.push((*place).clone());
        }
    }
    findings.sort_by(|one: &Finding, other| rank(one.outcome).cmp(&rank(other.outcome)).then_with(|| one.cmp(other)));
    let of = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let counts = Counts {
        differs: of(Outcome::Differs),
        one_sided: of(Outcome::OneSided),
        overlaps: of(Outcome::Overlaps),
        agrees: of(Outcome::Agrees),
    };
    let cut = findings.len().saturating_sub(MOST_FINDINGS);
    findings.truncate(MOST_FINDINGS);
    Comparison { findings, counts, cut, papers: read.len(), left_out, alone }
}

/// What people look at first.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Differs => 0,
        Outcome::OneSided => 1,
        Outcome::Overlaps => 2,
        Outcome::Agrees => 3,
    }
}

fn pair((place, own): (&Place, &Facts), (other_place, other): (&Place, &Facts), findings: &mut Vec<Finding>) {
    let said = |place: &Place, values: &BTreeSet<String>| Said { place: place.clone(), values: values.clone() };
    let keys: BTreeSet<_> = own.said.keys().chain(other.said.keys()).collect();
    let none = BTreeSet::new();
    for key in keys {
        let (subject, of) = key;
        if *subject == Subject::Total && (own.receipt.is_none() || own.receipt != other.receipt) {
            continue;
        }
        let outcome = match (own.said.get(key), other.said.get(key)) {
            (Some(one), Some(two)) => {
                if one == two {
                    Outcome::Agrees
                } else if one.is_disjoint(two) {
                    Outcome::Differs
                } else {
                    Outcome::Overlaps
                }
            }
            (Some(_), None) if other.could_name(*subject) => Outcome::OneSided,
            (None, Some(_)) if own.could_name(*subject) => Outcome::OneSided,
            _ => continue,
        };
        findings.push(Finding {
            outcome,
            subject: *subject,
            chinese: subject.chinese(),
            of: Some(of.clone()).filter(|of| !of.is_empty()),
            one: said(place, own.said.get(key).unwrap_or(&none)),
            other: said(other_place, other.said.get(key).unwrap_or(&none)),
        });
    }
}

#[cfg(test)]
mod tests;
