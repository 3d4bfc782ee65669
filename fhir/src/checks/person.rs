//! People whom a profile has no place for: foreigners, several names beside each other, rare and masked characters.
//! All are accepted and carried as written; the warning names the limit, so that nobody looks for the fault twice.

use crate::bundle::Bundle;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::people;
use crate::shape::Shape;
use crate::taiwan::{Namespace, ResidentNumber};
use crate::terms::{self, Named};

/// TWPAS rule `pat-name`.
const NAME_CHARACTERS: usize = 40;

/// What stands for a character that is not shown or could not be written; 〇 is a character of names itself.
const MASKS: [char; 8] = ['○', '◯', '●', '*', '＊', '□', '■', '\u{FFFD}'];

pub(super) fn look(bundle: &Bundle<'_>, shape: Shape) {
    let Some(patient) = bundle.all("Patient").next() else { return };
    if shape == Shape::IClaim {
        identity(patient);
        let current = patient.children("name").iter().filter(|name| name.string("use") != Some("old")).count();
        if current > 1 {
            let text = "iClaim's Patient has one name (name 1..1). The official one is carried, otherwise the usual \
                        one, otherwise the first; the others are not.";
            warn(patient, "name", "patient.names", text, "iClaim 病人姓名僅一筆，其餘不轉送");
        }
    }
    if let Some(name) = people::name(patient) {
        characters(patient, &name);
    }
}

/// iClaim knows a national ID and a chart number only.
fn identity(patient: &Element<'_>) {
    let foreign = |named: &Named<'_>| match named.namespace {
        Some(Namespace::ResidentNumber | Namespace::Passport) => true,
        Some(Namespace::NationalId) => named.value.parse::<ResidentNumber>().is_ok(),
        _ => named.is_type("PRC") || named.is_type("PPN"),
    };
    if terms::identifiers(patient, "identifier").iter().any(foreign) {
        let text = "iClaim's Patient has a place for a national ID and a chart number only (identifier 2..2; passport \
                    and resident number 0..0). The number is carried all the same.";
        warn(patient, "identifier", "patient.outside-profile", text, "iClaim 未提供居留證或護照號碼欄位，仍予轉送");
    }
}

fn characters(patient: &Element<'_>, name: &str) {
    if name.chars().count() > NAME_CHARACTERS {
        let text = "The name has more than 40 characters, the most TWPAS takes (pat-name). It is carried whole.";
        warn(patient, "name", "patient.name-long", text, "姓名超過 40 字（健保事前審查上限），仍完整轉送");
    }
    if name.contains(MASKS) {
        let text = "The name is masked, or a character could not be written. An insurer cannot compare it: send the \
                    whole name.";
        warn(patient, "name", "patient.name-masked", text, "姓名含遮罩或缺字符號");
    }
    if name.chars().any(|sign| matches!(sign, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..)) {
        let text = "The name has user-defined characters (造字), which mean something inside your hospital only. Write \
                    them as CNS 11643 and Unicode have them.";
        warn(patient, "name", "patient.name-private-characters", text, "姓名含自造字，他處無法辨識");
    } else if name.chars().any(|sign| sign > '\u{FFFF}') {
        let text = "The name has characters beyond Unicode's first plane. They are carried as they are; the guides set \
                    no limit, but systems that keep 16-bit characters may not show them.";
        warn(
            patient,
            "name",
            "patient.name-rare-characters",
            text,
            "姓名含罕用字（Unicode 第一字面以外），仍照原字轉送",
        );
    }
}

fn warn(patient: &Element<'_>, member: &str, code: &'static str, text: &str, chinese: &'static str) {
    patient.report(Issue::warning(IssueKind::Invariant, code, text).zh(chinese), member);
}
