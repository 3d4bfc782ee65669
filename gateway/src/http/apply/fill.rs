//! The form: who, what happened, who gets what for what, where the money goes.

use actix_web::{HttpResponse, HttpResponseBuilder};

use super::super::page::document;
use super::super::page::field::{DAY, DIGITS, Fields, TEXT, Wrong};
use super::super::page::html::Html;
use super::texts;
use crate::core::application::page::{Language, Paper};
use crate::flows::health::Offer;

pub(super) fn page(
    answer: HttpResponseBuilder,
    paper: &Paper,
    token: &str,
    offers: &[Offer],
    wrong: &[Wrong],
) -> HttpResponse {
    let language = paper.language;
    document(answer, language, texts::APPLY, |html| {
        let fields = Fields { language, typed: &paper.fields, wrong };
        fields.summary(html);
        html.within("form", &[("method", "post"), ("action", "/apply"), ("novalidate", "")], |html| {
            hidden(html, token);
            // Enter in a field goes on, and does not change the language.
            let first = [("name", "step"), ("value", "review"), ("class", "first"), ("tabindex", "-1")];
            html.within("div", &[("hidden", "")], |html| html.element("button", &first, "→"));
            languages(html, language);
            person(html, &fields);
            applicant(html, &fields);
            cause(html, &fields);
            recipients(html, &fields, offers);
            account(html, &fields);
            html.within("div", &[("class", "steps")], |html| {
                let next = [("type", "submit"), ("name", "step"), ("value", "review")];
                html.element("button", &next, language.say(("下一步：確認內容", "Next: look it over")));
                close(html, language, ("放棄並清除", "Give up and clear"));
            });
        });
    })
}

pub(super) fn hidden(html: &mut Html, token: &str) {
    html.void("input", &[("type", "hidden"), ("name", "token"), ("value", token)]);
}

/// The other language keeps what was typed.
pub(super) fn languages(html: &mut Html, language: Language) {
    let (to, text) = match language {
        Language::Chinese => ("language-en", "English"),
        Language::English => ("language-zh-TW", "中文"),
    };
    let tag = if language == Language::Chinese { "en" } else { "zh-TW" };
    let attributes = [("type", "submit"), ("name", "step"), ("value", to), ("class", "plain"), ("lang", tag)];
    html.within("div", &[("class", "steps")], |html| html.element("button", &attributes, text));
}

/// Ends the session: a tablet goes from hand to hand.
pub(super) fn close(html: &mut Html, language: Language, text: (&str, &str)) {
    let attributes = [("type", "submit"), ("name", "step"), ("value", "close"), ("class", "plain")];
    html.element("button", &attributes, language.say(text));
}

fn group(html: &mut Html, legend: &str, inside: impl FnOnce(&mut Html)) {
    html.within("fieldset", &[], |html| {
        html.element("legend", &[], legend);
        html.within("div", &[], inside);
    });
}

fn person(html: &mut Html, fields: &Fields<'_>) {
    group(html, fields.language.say(("被保險人（病人）", "The insured (patient)")), |html| {
        fields.line(html, "insured-name", ("姓名", "Name"), None, TEXT);
        let hint = Some(("西元年月日", "Year, month, day"));
        fields.line(html, "insured-birth", ("出生日期", "Date of birth"), hint, DAY);
        fields.select(html, "insured-kind", ("證件種類", "Kind of number"), &texts::NUMBERS);
        fields.line(html, "insured-number", ("證號", "Number"), None, TEXT);
    });
}

fn applicant(html: &mut Html, fields: &Fields<'_>) {
    group(html, fields.language.say(("申請人", "Who applies")), |html| {
        fields.select(html, "capacity", ("申請人身分", "Who applies"), &texts::CAPACITIES);
        let hint = fields
            .language
            .say(("由他人代為申請時，請填以下三項。", "Fill in the rest only where somebody applies for the insured."));
        html.element("p", &[("class", "hint")], hint);
        fields.line(html, "applicant-name", ("申請人姓名", "Name of who applies"), None, TEXT);
        fields.select(html, "applicant-kind", ("申請人證件種類", "Kind of number of who applies"), &texts::NUMBERS);
        fields.line(html, "applicant-number", ("申請人證號", "Number of who applies"), None, TEXT);
        let hint = Some(("例如戶籍謄本、監護裁定、出生證明", "Which paper shows it, such as a household register"));
        fields.line(html, "ground", ("代理依據", "Ground"), hint, TEXT);
    });
}

fn cause(html: &mut Html, fields: &Fields<'_>) {
    group(html, fields.language.say(("事故原因", "What happened")), |html| {
        fields.select(html, "cause", ("就醫原因", "Why treated"), &texts::CAUSES);
        fields.line(html, "accident-at", ("意外日期", "Day of the accident"), None, DAY);
        fields.line(html, "accident-place", ("意外地點", "Place of the accident"), None, TEXT);
        fields.area(html, "accident-told", ("意外經過", "What happened in the accident"));
    });
}

fn recipients(html: &mut Html, fields: &Fields<'_>, offers: &[Offer]) {
    let language = fields.language;
    group(html, language.say(("提供給哪些保險公司", "Who gets what")), |html| {
        let hint = (
            "每家公司各有一個開關；未開啟者不會收到任何資料。用途：理賠審核。",
            "One switch for each insurer; without it nothing is sent. For: assessment of this claim.",
        );
        html.element("p", &[("class", "hint")], language.say(hint));
        for (place, offer) in offers.iter().enumerate() {
            let name = format!("to-{place}");
            let label = format!("{} · {}", offer.party.registration().name, language.say(texts::line(offer.line)));
            fields.switch(html, &name, &label, false);
            html.within("div", &[("class", "more")], |html| recipient(html, fields, (place, offer)));
        }
    });
}

fn recipient(html: &mut Html, fields: &Fields<'_>, (place, offer): (usize, &Offer)) {
    let language = fields.language;
    let name = &offer.party.registration().name;
    html.within("details", &[], |html| {
        let summary = texts::with(language, ("文件與保單", "Documents and policies"), name);
        html.element("summary", &[], &summary);
        html.within("fieldset", &[], |html| {
            let legend = texts::with(language, ("提供的文件", "Documents it gets"), name);
            html.element("legend", &[], &legend);
            let always = language.say(("理賠申請書、同意書（必附）", "This application and this consent (always)"));
            html.element("p", &[("class", "hint")], always);
            for kind in offer.kinds.iter().filter(|kind| texts::is_optional(kind)) {
                let field = format!("document-{place}-{kind}");
                let begins = !fields.typed.contains_key("filled");
                fields.switch(html, &field, language.say(texts::document(kind)), begins);
            }
        });
        let field = format!("policies-{place}");
        let hint = Some(("不知道可不填；多張以逗號分隔", "Leave empty if unknown; several with commas"));
        fields.line(html, &field, ("保單號碼", "Policy numbers"), hint, TEXT);
        if offer.line.reimburses() {
            fields.switch(html, &format!("share-{place}"), language.say(texts::SHARE), false);
        }
    });
}

fn account(html: &mut Html, fields: &Fields<'_>) {
    group(html, fields.language.say(("給付帳戶", "Where the money goes")), |html| {
        let hint = Some(("三碼或七碼", "Three or seven digits"));
        fields.line(html, "bank", ("金融機構代碼", "Code of the bank"), hint, DIGITS);
        fields.line(html, "account", ("帳號", "Number of the account"), None, DIGITS);
        fields.line(html, "holder", ("戶名", "In whose name"), None, TEXT);
        let hint = Some(("僅他人帳戶須填", "Only for another person's account"));
        fields.line(html, "instruction", ("書面給付指示編號", "Number of the written payment instruction"), hint, TEXT);
    });
}
