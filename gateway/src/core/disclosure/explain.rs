//! What a table means for a recipient, in words: what it gets, what not, and why.
//!
//! In: a policy, a recipient, a purpose. Out: one entry per evidence type with its fields, as JSON, text or Markdown. Must
//! not know: any claim. Names of fields are shown, never a value.

use std::fmt::Write;

use claimgate_packet::words::Purpose;
use serde_json::{Value, json};

use super::fields::Field;
use super::{Addressee, Grant, Kind, Policy, Why, chinese, reaches};

/// What a recipient gets of one evidence type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfKind {
    /// The type word.
    pub kind: String,
    /// Whether it is given at all.
    pub given: bool,
    /// Why, or why not.
    pub why: Why,
    /// Its fields, in order; a field whose parts fare alike stands for them. Empty where nothing is given.
    pub fields: Vec<OfField>,
    /// Whether its files go with it; `None` where that is not told.
    pub files: Option<bool>,
}

/// What a recipient gets of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfField {
    /// JSON pointer with `*` for every element of an array.
    pub pointer: String,
    /// Why it is withheld; `None` where it is given.
    pub withheld: Option<Why>,
}

/// What a recipient gets for a purpose: one entry per evidence type.
#[must_use]
pub fn explain(policy: &Policy, to: Addressee, purpose: Purpose) -> Vec<OfKind> {
    let of = |kind: &Kind| {
        if let Some(grant) = policy.grant(to, purpose, kind.name) {
            return given(kind, grant);
        }
        let why = policy.why_nothing(to, purpose, kind.name).cloned().unwrap_or_else(Why::not_listed);
        OfKind { kind: kind.name.to_owned(), given: false, why, fields: Vec::new(), files: Some(false) }
    };
    policy.kinds().iter().map(of).collect()
}

/// A grant in words.
#[must_use]
pub fn given(kind: &Kind, grant: &Grant) -> OfKind {
    let mut fields = Vec::new();
    collapse(&kind.fields, grant, &mut fields);
    OfKind {
        kind: kind.name.to_owned(),
        given: true,
        why: grant.why().clone(),
        fields,
        files: Some(grant.gives_files()),
    }
}

fn collapse(fields: &[Field], grant: &Grant, into: &mut Vec<OfField>) {
    for field in fields {
        let pointer = field.pointer.clone();
        if grant.withholds(&pointer) {
            let why = grant.why_not(&pointer).cloned().unwrap_or_else(Why::not_listed);
            into.push(OfField { pointer, withheld: Some(why) });
        } else if grant.withheld().any(|inner| reaches(&pointer, inner)) {
            collapse(&field.fields, grant, into);
        } else {
            into.push(OfField { pointer, withheld: None });
        }
    }
}

impl OfKind {
    /// The fields given, or not.
    pub fn pointers(&self, given: bool) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.withheld.is_none() == given).map(|field| field.pointer.as_str())
    }

    /// The withheld fields by reason, in order of their first field.
    #[must_use]
    pub fn reasons(&self) -> Vec<(&Why, Vec<&str>)> {
        let mut found: Vec<(&Why, Vec<&str>)> = Vec::new();
        for field in &self.fields {
            let Some(why) = &field.withheld else { continue };
            match found.iter_mut().find(|(known, _)| *known == why) {
                Some((_, pointers)) => pointers.push(&field.pointer),
                None => found.push((why, vec![&field.pointer])),
            }
        }
        found
    }

    /// As JSON: `{ type, type_zh, given, reason, reason_zh, basis, fields: [{ field, given, reason?, reason_zh?, basis? }],
    /// attachments }`; `attachments` is null where it is not told.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|field| match &field.withheld {
                None => json!({ "field": field.pointer, "given": true }),
                Some(why) => json!({ "field": field.pointer, "given": false, "reason": why.reason,
                    "reason_zh": why.chinese, "basis": why.basis }),
            })
            .collect();
        json!({ "type": self.kind, "type_zh": chinese(&self.kind), "given": self.given, "reason": self.why.reason,
            "reason_zh": self.why.chinese, "basis": self.why.basis, "fields": fields, "attachments": self.files })
    }

    /// As lines for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.given { "given 提供" } else { "withheld 不提供" };
        let _ = writeln!(text, "{} {}: {verdict}", self.kind, chinese(&self.kind));
        reason(&mut text, "  ", &self.why);
        let given: Vec<&str> = self.pointers(true).collect();
        if self.given {
            let _ = writeln!(text, "  given 提供      {}", given.join(" "));
        }
        match self.files {
            Some(true) => text.push_str("  files 附件      given 提供\n"),
            Some(false) if self.given => text.push_str("  files 附件      withheld 不提供\n"),
            _ => {}
        }
        for (why, pointers) in self.reasons() {
            let _ = writeln!(text, "  withheld 不提供 {}", pointers.join(" "));
            reason(&mut text, "    ", why);
        }
        text
    }
}

fn reason(text: &mut String, margin: &str, why: &Why) {
    let _ = writeln!(text, "{margin}why   {}", why.reason);
    let _ = writeln!(text, "{margin}理由  {}", why.chinese);
    let _ = writeln!(text, "{margin}basis {}", why.basis);
}

/// The whole table as Markdown: by purpose and evidence type who gets which fields, who nothing, and why.
#[must_use]
pub fn markdown(policy: &Policy) -> String {
    let mut text = String::new();
    for purpose in Purpose::ALL {
        let _ = writeln!(text, "## For {purpose} {}\n", purpose.chinese());
        let mut groups: Vec<(Vec<Addressee>, OfKind)> = Vec::new();
        for to in Addressee::all() {
            for one in explain(policy, to, *purpose) {
                match groups.iter_mut().find(|(_, known)| *known == one) {
                    Some((all, _)) => all.push(to),
                    None => groups.push((vec![to], one)),
                }
            }
        }
        if groups.iter().all(|(_, one)| !one.given) {
            let mut reasons: Vec<&Why> = Vec::new();
            for (_, one) in &groups {
                if !reasons.contains(&&one.why) {
                    reasons.push(&one.why);
                }
            }
            let reasons: Vec<String> = reasons.into_iter().map(sentence).collect();
            let _ = writeln!(text, "Nothing, to nobody. {}\n", reasons.join(" "));
            continue;
        }
        for kind in policy.kinds() {
            let _ = writeln!(text, "### {} {}\n", kind.name, chinese(kind.name));
            let of: Vec<&(Vec<Addressee>, OfKind)> = groups.iter().filter(|(_, one)| one.kind == kind.name).collect();
            for (to, one) in of.iter().filter(|(_, one)| one.given).chain(of.iter().filter(|(_, one)| !one.given)) {
                group(&mut text, to, one);
            }
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn group(text: &mut String, to: &[Addressee], one: &OfKind) {
    if !one.given {
        let _ = writeln!(text, "**Nothing** for {}. {}\n", names(to), sentence(&one.why));
        return;
    }
    let _ = writeln!(text, "**{}.** {}\n", names(to), sentence(&one.why));
    let _ = writeln!(text, "- given: {}", ticked(one.pointers(true)));
    for (why, pointers) in one.reasons() {
        let _ = writeln!(text, "- withheld: {}. {}", ticked(pointers), sentence(why));
    }
    let _ = writeln!(text, "- files 附件: {}", if one.files == Some(true) { "given" } else { "withheld" });
    text.push('\n');
}

fn sentence(why: &Why) -> String {
    format!("{} {} ({})", why.reason, why.chinese, why.basis)
}

fn names(to: &[Addressee]) -> String {
    let names: Vec<String> = to.iter().map(|one| format!("`{one}` {}", one.chinese())).collect();
    names.join(", ")
}

fn ticked<'a>(pointers: impl IntoIterator<Item = &'a str>) -> String {
    pointers.into_iter().map(|pointer| format!("`{pointer}`")).collect::<Vec<_>>().join(" ")
}
