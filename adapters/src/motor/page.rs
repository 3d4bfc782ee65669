//! The tables as a page for people (docs/motor-rules.md): written from the same rows that decide.
//!
//! Out: Markdown. A test compares the page with it; `cargo run -p claimgate-adapters --example motor docs/motor-rules.md` writes it.

use std::fmt::Write as _;

use super::accident::{Accident, Cover, Harm, Person, Position, PositionKind, Vehicle};
use super::benefits::{COMBINATIONS, COSTS, Rule};
use super::claimants::RANKS;
use super::documents::DOCUMENTS;
use super::limits::{EARLIEST, LIMITS};
use super::payers::{
    Answers, COVERS, Count, EXCLUSIONS, HINTS, NOTICE, OUTCOMES, Outcome, POSITIONS, Which, Who, verdict,
};
use super::{Basis, Status};

/// Everything between the marks of the page.
#[must_use]
pub fn tables() -> String {
    let parts = [
        covers(),
        positions(),
        outcomes(),
        exclusions(),
        worked(),
        hints(),
        ranks(),
        limits(),
        costs(),
        combinations(),
        documents(),
    ];
    parts.join("\n")
}

fn by(basis: Basis) -> String {
    match basis.status {
        Status::Confirmed => basis.article.to_owned(),
        Status::Unverified => format!("{} *(unverified 待查證)*", basis.article),
    }
}

/// A table with its heading. Writing to a text cannot fail.
fn table(heading: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("### {heading}\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

fn covers() -> String {
    let rows = COVERS.iter().map(|row| {
        let answers = match row.answers {
            Answers::Insurer => "its insurer",
            Answers::Fund => "the fund 特別補償基金",
            Answers::NotKnown => "not known: look it up",
        };
        vec![format!("`{}`", row.cover.as_str()), row.cover.chinese().to_owned(), answers.to_owned(), by(row.basis)]
    });
    table("1. What answers for a vehicle", &["cover", "投保情形", "answers", "article"], rows)
}

fn count(count: Count) -> &'static str {
    match count {
        Count::None => "none",
        Count::One => "1",
        Count::Two => "2",
        Count::More => "3 or more",
    }
}

fn positions() -> String {
    let rows = POSITIONS.iter().map(|row| {
        let of = format!("{} {}", row.of.as_str(), row.of.chinese());
        vec![
            format!("{} {}", row.position.as_str(), row.position.chinese()),
            count(row.vehicles).to_owned(),
            of,
            by(row.basis),
        ]
    });
    table("2. Whose vehicles answer to a person", &["person", "vehicles", "of which", "article"], rows)
}

fn outcomes() -> String {
    let rows = OUTCOMES.iter().map(|row| {
        let insurers = match row.insurers {
            [Count::None] => "none",
            [Count::One] => "one",
            [Count::Two, Count::More] => "several",
            [Count::One, ..] => "one or several",
            _ => "any",
        };
        let fund = match row.fund {
            [true] => "yes",
            [false] => "no",
            _ => "any",
        };
        let basis: Vec<String> = row.basis.iter().copied().map(by).collect();
        let known = if row.not_known { "yes" } else { "no" };
        let outcome = format!("`{}` {}", row.outcome.as_str(), row.outcome.chinese());
        vec![insurers.to_owned(), fund.to_owned(), known.to_owned(), outcome, basis.join("; ")]
    });
    let columns = ["insurers", "fund", "a cover not known", "the payers answer", "article"];
    table("3. How the payers answer together", &columns, rows)
}

fn exclusions() -> String {
    let rows = EXCLUSIONS.iter().map(|row| {
        let mut when = Vec::new();
        when.extend(row.position.map(|position| format!("{} {}", position.as_str(), position.chinese())));
        when.extend(row.harm.map(|harm| format!("{} {}", harm.as_str(), harm.chinese())));
        when.extend(row.conduct.map(|_| "the victim's own conduct".to_owned()));
        match row.vehicles {
            Which::Any => {}
            Which::One => when.push("one vehicle".to_owned()),
            Which::Several => when.push("several vehicles".to_owned()),
            Which::AllNotRequired => when.push("no vehicle need be insured".to_owned()),
        }
        let excludes = if row.whole { "everything" } else { "the own vehicle's payer" };
        let code = format!("`{}` {}", row.code.as_str(), row.code.chinese());
        vec![code, when.join(", "), excludes.to_owned(), by(row.basis)]
    });
    table("4. What excludes", &["exclusion", "when", "excludes", "article"], rows)
}

/// Accidents of one and two vehicles, answered by the tables.
fn worked() -> String {
    let covers = [
        Cover::Insured { by: "A".to_owned() },
        Cover::ConsentDisputed { by: "A".to_owned() },
        Cover::WithoutConsent,
        Cover::Uninsured,
        Cover::Untraceable,
        Cover::NotRequired,
    ];
    let others = [None, Some(Cover::Insured { by: "B".to_owned() }), Some(Cover::Uninsured), Some(Cover::NotRequired)];
    let pairs = covers.iter().flat_map(|own| others.iter().map(move |other| (own, other.as_ref())));
    let rows = pairs.map(|(own, other)| {
        let shown = |cover: &Cover| match cover.insurer() {
            Some(by) => format!("{} ({by})", cover.kind().as_str()),
            None => cover.kind().as_str().to_owned(),
        };
        let mut row = vec![shown(own), other.map_or_else(|| "–".to_owned(), shown)];
        row.extend(PositionKind::ALL.iter().map(|position| answer(own, other, *position)));
        row
    });
    let columns = ["vehicle 1", "vehicle 2", "driver of 1", "passenger of 1", "outside"];
    table("5. Worked out: one and two vehicles, a person hurt", &columns, rows)
}

fn answer(own: &Cover, other: Option<&Cover>, position: PositionKind) -> String {
    let vehicle = |id: &str, cover: &Cover| Vehicle { id: id.to_owned(), cover: cover.clone() };
    let mut vehicles = vec![vehicle("1", own)];
    vehicles.extend(other.map(|cover| vehicle("2", cover)));
    let of = "1".to_owned();
    let position = match position {
        PositionKind::Driver => Position::Driver { of },
        PositionKind::Passenger => Position::Passenger { of },
        PositionKind::Outside => Position::Outside,
    };
    let person = Person { id: "p".to_owned(), position, harm: Harm::Injury, conduct: super::accident::Conduct::None };
    let accident = Accident { on: EARLIEST, vehicles, persons: Vec::new() };
    let found = verdict(&accident, &person);
    let payers = found.payers.iter().map(|payer| {
        let who = match &payer.who {
            Who::Insurer { id } => id.as_str(),
            Who::Fund => "fund",
            Who::NotKnown => "?",
        };
        format!("{who} {}/{}", payer.share.of, payer.share.over)
    });
    let payers: Vec<String> = payers.collect();
    if found.outcome == Outcome::Nobody { "nobody".to_owned() } else { payers.join(" + ") }
}

fn hints() -> String {
    let rows = HINTS.iter().map(|row| {
        let hints: Vec<String> = row
            .hints
            .iter()
            .map(|hint| format!("{} {} ({})", hint.line.as_str(), hint.line.chinese(), hint.of.as_str()))
            .collect();
        let harm = if row.bodily { "person" } else { "things alone" };
        vec![format!("{} {}", row.position.as_str(), row.position.chinese()), harm.to_owned(), hints.join("; ")]
    });
    table("6. Voluntary covers to ask about 任意險", &["person", "hurt", "lines"], rows)
}

fn ranks() -> String {
    let rows = RANKS.iter().map(|(rank, kinships, basis)| {
        let kinships: Vec<String> = kinships.iter().map(|one| format!("{} {}", one.as_str(), one.chinese())).collect();
        vec![rank.to_string(), kinships.join(", "), by(*basis)]
    });
    table("7. Who claims on death", &["rank", "relatives", "article"], rows)
}

fn limits() -> String {
    let sure = |status: Status| if status == Status::Confirmed { "" } else { " *(unverified 待查證)*" };
    let rows = LIMITS.iter().map(|row| {
        let until = row.until.map_or_else(|| "–".to_owned(), |until| until.to_string());
        let levels: Vec<String> = row.disability.iter().map(ToString::to_string).collect();
        vec![
            row.from.to_string(),
            until,
            format!("{}{}", row.death, sure(row.main)),
            levels.join(", ") + if row.rest == Status::Confirmed { "" } else { "; 2 to 15 *(unverified 待查證)*" },
            format!("{}{}", row.medical, sure(row.rest)),
            format!("{}{}", row.all, sure(row.rest)),
        ]
    });
    let columns = ["accidents from", "until", "death", "disability, levels 1 to 15", "medical", "all together"];
    table("8. Limits, TWD for each victim and accident", &columns, rows)
}

fn costs() -> String {
    let rows = COSTS.iter().map(|row| {
        let mut caps = Vec::new();
        caps.extend(row.each.zip(row.unit).map(|(each, unit)| format!("{each} {}", unit.chinese())));
        caps.extend(row.together.map(|most| format!("{most} together")));
        caps.extend(row.most_units.map(|days| format!("{days} days of nursing in all")));
        match row.rule {
            Rule::Plain => {}
            Rule::ByDoctor => caps.push("with a doctor's certificate".to_owned()),
            Rule::NotTheirs => caps.push("nothing: NHI claims it itself; the fund never pays it (§40 VI)".to_owned()),
        }
        if caps.is_empty() {
            caps.push("within the limit of all".to_owned());
        }
        vec![format!("`{}`", row.kind.as_str()), row.kind.chinese().to_owned(), caps.join("; "), by(row.basis)]
    });
    table("9. Caps of medical costs", &["cost", "項目", "at most, TWD", "article"], rows)
}

fn combinations() -> String {
    let rows = COMBINATIONS.iter().map(|row| {
        let raised =
            if row.raised == 0 { "the highest".to_owned() } else { format!("the highest, raised by {}", row.raised) };
        vec![format!("1 to {}", row.within), raised, by(row.basis)]
    });
    let text =
        table("10. Several disabilities: the first row that two or more fit", &["levels", "counts", "article"], rows);
    format!("{text}\nNever above level 1; where the single amounts together are less, their sum (§4 (6)).\n")
}

fn documents() -> String {
    let rows = DOCUMENTS.iter().map(|row| {
        let one = row.needed;
        let optional = if one.optional { "optional" } else { "needed" };
        vec![
            format!("`{}`", one.code),
            one.name.to_owned(),
            row.when.shown(),
            format!("{} {}", one.from.as_str(), one.from.chinese()),
            optional.to_owned(),
            by(one.basis),
        ]
    });
    let text = table("11. Papers", &["code", "name", "when", "from", "", "basis"], rows);
    format!("{text}\nThe insurer that receives first tells the others and the fund: {}.\n", NOTICE.article)
}
