//! Whether a mapping holds together: names that exist, transforms that fit, tables that join. All faults at once.

use toml::Spanned;

use super::super::target::{self, Kind, Target};
use super::super::value;
use super::{Block, Field, InputSpec, Map, MapError, Namespaces, Raw, RawBlock, Source, VERSION, Written, line_of};

/// More tables than any hospital exports for a claim.
const INPUTS: usize = 32;

struct Faults<'t> {
    text: &'t str,
    found: Vec<MapError>,
}

impl Faults<'_> {
    fn at<T>(&mut self, place: &Spanned<T>, text: impl Into<String>) {
        self.found.push(MapError { line: line_of(self.text, place.span().start), text: text.into() });
    }
}

/// The mapping, or everything that is wrong with it.
pub(super) fn hold_together(raw: Raw, text: &str) -> Result<Map, Vec<MapError>> {
    let mut faults = Faults { text, found: Vec::new() };
    if *raw.version.get_ref() != VERSION {
        faults.at(&raw.version, format!("`version` is {VERSION}."));
    }
    if !["http://", "https://", "urn:"].iter().any(|scheme| raw.system.get_ref().starts_with(scheme)) {
        faults
            .at(&raw.system, "`system` is an address of the hospital's own, for example \"https://hospital.example\".");
    }
    let inputs = inputs(&raw.inputs, &mut faults);
    // Where the case numbers come from, all else does that names no table.
    let root = root(&raw.case, &inputs, &mut faults);
    let mut block = |raw: &Spanned<RawBlock>, targets| block(raw, targets, root, &inputs, &mut faults);
    let hospital = block(&raw.hospital, target::HOSPITAL);
    let case = block(&raw.case, target::CASE);
    let patient = block(&raw.patient, target::PATIENT);
    let mut all = |list: &[Spanned<RawBlock>], targets| list.iter().map(|raw| block(raw, targets)).collect();
    let map = Map {
        hospital,
        case,
        patient,
        encounters: all(&raw.encounter, target::ENCOUNTER),
        diagnoses: all(&raw.diagnosis, target::DIAGNOSIS),
        receipts: all(&raw.receipt, target::RECEIPT),
        lines: all(&raw.line, target::LINE),
        labs: all(&raw.lab, target::LAB),
        coverages: all(&raw.coverage, target::COVERAGE),
        systems: Namespaces::new(raw.system.get_ref(), raw.systems),
        inputs: inputs.clone(),
    };
    for (list, name, why) in [
        (&map.receipts, "receipt", "a claim has at least one receipt (收據)"),
        (&map.lines, "line", "a receipt has at least one line (收費項目)"),
        (&map.coverages, "coverage", "without one nobody is there to send the claim to"),
    ] {
        if list.is_empty() {
            faults.at(&raw.case, format!("There is no [[{name}]]: {why}."));
        }
    }
    for (at, spec) in raw.inputs.iter().enumerate() {
        tie(&map, at, spec, &mut faults);
    }
    faults.found.sort_by_key(|fault| fault.line);
    faults.found.dedup();
    if faults.found.is_empty() { Ok(map) } else { Err(faults.found) }
}

fn inputs(raw: &[Spanned<InputSpec>], faults: &mut Faults<'_>) -> Vec<InputSpec> {
    let mut inputs: Vec<InputSpec> = Vec::new();
    for spanned in raw {
        let mut spec = spanned.get_ref().clone();
        let named = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '-' | '_');
        if spec.name.is_empty() || spec.name.len() > 40 || !spec.name.chars().all(named) {
            faults.at(spanned, "`name` has 1 to 40 lower-case letters, digits, hyphens and low lines.");
        }
        if inputs.iter().any(|known| known.name == spec.name) {
            faults.at(spanned, "Two inputs have this name.");
        }
        let (csv, lines) = (spec.format == Written::Csv, spec.format == Written::JsonLines);
        if !csv && (spec.delimiter.is_some() || spec.quote.is_some() || spec.header.is_some()) {
            faults.at(spanned, "`delimiter`, `quote` and `header` are for format \"csv\".");
        }
        if (csv || lines) && spec.rows.is_some() {
            faults.at(spanned, "`rows` is for the formats \"json\" and \"xml\".");
        }
        if spec.format == Written::Xml && spec.rows.as_ref().is_none_or(String::is_empty) {
            faults
                .at(spanned, "`rows` is needed: the path of the elements that are rows, for example \"Visits/Visit\".");
        }
        let many = spec.quote.as_ref().is_some_and(|quote| quote.chars().count() > 1);
        let same = spec.quote() == Some(spec.delimiter());
        let odd = |sign: char| matches!(sign, '\n' | '\r');
        if many || same || odd(spec.delimiter()) || spec.quote().is_some_and(odd) {
            faults.at(spanned, "`delimiter` and `quote` are one sign each, different, and no line break.");
        }
        for (code, sign) in &spec.characters {
            let mut signs = sign.chars();
            match (u16::from_str_radix(code.trim_start_matches("U+"), 16), signs.next(), signs.next()) {
                (Ok(code), Some(sign), None) => drop(spec.own.insert(code, sign)),
                _ => faults
                    .at(spanned, "`characters` is a table of codes in hexadecimal and one sign each: FA40 = \"喆\"."),
            }
        }
        spec.empty = spec.empty.iter().map(|word| word.trim().to_owned()).collect();
        inputs.push(spec);
    }
    if let Some(first) = raw.first().filter(|_| raw.len() > INPUTS) {
        faults.at(first, format!("There are more than {INPUTS} inputs."));
    }
    inputs
}

fn root(case: &Spanned<RawBlock>, inputs: &[InputSpec], faults: &mut Faults<'_>) -> usize {
    if case.get_ref().from.is_none() {
        faults.at(case, format!("`case.from` is needed: the table of the case numbers. Inputs: {}.", names(inputs)));
    }
    let named = case.get_ref().from.as_ref().map(Spanned::get_ref);
    inputs.iter().position(|spec| Some(&spec.name) == named).unwrap_or_default()
}

fn names(inputs: &[InputSpec]) -> String {
    inputs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn block(
    spanned: &Spanned<RawBlock>,
    targets: &'static [Target],
    root: usize,
    inputs: &[InputSpec],
    faults: &mut Faults<'_>,
) -> Block {
    let raw = spanned.get_ref();
    let mut from = root;
    if let Some(name) = &raw.from {
        match inputs.iter().position(|spec| spec.name == *name.get_ref()) {
            Some(position) => from = position,
            None => faults.at(name, format!("No input has this name. Inputs: {}.", names(inputs))),
        }
    }
    let mut fields = Vec::new();
    for (name, field) in &raw.fields {
        let Some(target) = targets.iter().find(|target| target.name == name.get_ref()) else {
            let known: Vec<&str> = targets.iter().map(|target| target.name).collect();
            faults.at(name, format!("No such field `{}`. Allowed here: from, {}.", name.get_ref(), known.join(", ")));
            continue;
        };
        fits(target, field, faults);
        fields.push((target, field.get_ref().clone()));
    }
    let needed =
        targets.iter().filter(|target| matches!((target.block, target.name), (_, "code") | ("case", "number")));
    for target in needed.filter(|target| matches!(target.block, "hospital" | "case")) {
        if !fields.iter().any(|(known, _)| known.name == target.name) {
            faults.at(spanned, format!("`{}.{}` ({}) is needed.", target.block, target.name, target.chinese));
        }
    }
    Block { from, fields }
}

/// Whether a field's transforms fit its kind, and its fixed values are values of it.
fn fits(target: &Target, spanned: &Spanned<Field>, faults: &mut Faults<'_>) {
    let field = spanned.get_ref();
    if field.date.is_some() && !matches!(target.kind, Kind::Date | Kind::DateTime | Kind::Instant) {
        faults.at(spanned, format!("`date` is for dates; {}.{} is none.", target.block, target.name));
    }
    let constant = if let Source::Constant(constant) = &field.source { Some(constant) } else { None };
    for (what, text) in [("constant", constant), ("default", field.default.as_ref())] {
        if let Some(Err(why)) = text.map(|text| value::convert(text, target.kind, None)) {
            faults.at(spanned, format!("The {what} of {}.{}: {why}.", target.block, target.name));
        }
    }
    for meaning in field.map.values() {
        // A meaning may be empty: the hospital's word for nothing.
        if let Some(Err(why)) =
            Some(meaning).filter(|it| !it.is_empty()).map(|it| value::convert(it, target.kind, None))
        {
            faults.at(spanned, format!("A value of `map` of {}.{}: {why}.", target.block, target.name));
        }
    }
}

/// Whether a table is used, can be joined, and names its columns in a way it has.
fn tie(map: &Map, at: usize, spanned: &Spanned<InputSpec>, faults: &mut Faults<'_>) {
    let spec = spanned.get_ref();
    let used = map.blocks().any(|block| block.from == at);
    if !used {
        faults.at(spanned, "No block takes anything from this input. Name it in a `from`, or leave it out.");
    }
    if at == map.root() && (!spec.join.is_empty() || spec.optional) {
        faults.at(spanned, "The table of the case numbers (`case.from`) has no `join` and is not `optional`.");
    }
    if at != map.root() && used && spec.join.is_empty() {
        let text =
            "`join` is needed: own column = column of the case's table, for example { \"就醫號\" = \"就醫號\" }.";
        faults.at(spanned, text);
    }
    let by_number = spec.format == Written::Csv && !spec.header();
    for column in map.columns(at) {
        let fault = match column.number() {
            None if by_number => "A table without header names its columns by number, \"#1\" the first",
            Some(_) if spec.format != Written::Csv => "Only columns of CSV have numbers",
            _ => continue,
        };
        faults.at(spanned, format!("{fault}: {}.", column.name()));
    }
}
