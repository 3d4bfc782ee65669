//! Looked over and signed: what was filled in, the claim form, the consent of each insurer, and the ways to sign.

use actix_web::{HttpResponse, HttpResponseBuilder};

use super::super::page::document;
use super::super::page::field::{Fields, TEXT, Wrong};
use super::super::page::html::Html;
use super::super::qr::Square;
use super::fill::{close, hidden, languages};
use super::{read, texts};
use crate::core::application::page::Paper;
use crate::flows::health::Offer;

pub(super) fn page(
    answer: HttpResponseBuilder,
    paper: &Paper,
    token: &str,
    offers: &[Offer],
    (wrong, wallet): (&[Wrong], bool),
) -> HttpResponse {
    let language = paper.language;
    document(answer, language, ("確認並簽署", "Look it over and sign"), |html| {
        let fields = Fields { language, typed: &paper.fields, wrong };
        fields.summary(html);
        html.within("form", &[("method", "post"), ("action", "/apply"), ("novalidate", "")], |html| {
            hidden(html, token);
            let first = [("name", "step"), ("value", "sign"), ("class", "first"), ("tabindex", "-1")];
            html.within("div", &[("hidden", "")], |html| html.element("button", &first, "→"));
            languages(html, language);
            facts(html, &fields);
            html.within("section", &[], |html| {
                html.element("h2", &[], language.say(("理賠申請書", "Claim form")));
                html.element("p", &[], language.say(texts::CLAIM_FORM));
                fields.switch(
                    html,
                    "agree-form",
                    language.say(("我已閱讀並申請", "I have read this and apply")),
                    false,
                );
            });
            for place in read::places(paper, offers) {
                if let Some(offer) = offers.get(place) {
                    consent(html, &fields, (place, offer));
                }
            }
            signature(html, &fields, paper, wallet);
            html.within("div", &[("class", "steps")], |html| {
                let sign = [("type", "submit"), ("name", "step"), ("value", "sign")];
                html.element("button", &sign, language.say(("簽署並送出", "Sign and send")));
                let back = [("type", "submit"), ("name", "step"), ("value", "back"), ("class", "plain")];
                html.element("button", &back, language.say(("返回修改", "Go back and change")));
                close(html, language, ("放棄並清除", "Give up and clear"));
            });
        });
    })
}

/// What was filled in.
fn facts(html: &mut Html, fields: &Fields<'_>) {
    let language = fields.language;
    let choice = |name: &str, all: &[(&'static str, (&'static str, &'static str))]| {
        let value = fields.value(name);
        all.iter().find(|(known, _)| *known == value).map_or("", |(_, text)| language.say(*text)).to_owned()
    };
    let plain = |name: &str| fields.value(name).to_owned();
    let only = |holds: bool, text: String| if holds { text } else { String::new() };
    let (other, accident) = (fields.value("capacity") != "insured", fields.value("cause") == "accident");
    let told = format!("{} {} {}", plain("accident-at"), plain("accident-place"), plain("accident-told"));
    let rows = [
        (("被保險人", "The insured"), plain("insured-name")),
        (("出生日期", "Date of birth"), plain("insured-birth")),
        (("證號", "Number"), format!("{} {}", choice("insured-kind", &texts::NUMBERS), plain("insured-number"))),
        (("申請人身分", "Who applies"), choice("capacity", &texts::CAPACITIES)),
        (("申請人", "Name of who applies"), only(other, plain("applicant-name"))),
        (("就醫原因", "Why treated"), choice("cause", &texts::CAUSES)),
        (("意外", "Accident"), only(accident, told)),
        (("給付帳戶", "Account"), format!("{} {} {}", plain("bank"), plain("account"), plain("holder"))),
    ];
    html.within("section", &[], |html| {
        html.element("h2", &[], language.say(("填寫內容", "What was filled in")));
        html.within("dl", &[], |html| {
            for (label, value) in rows.iter().filter(|(_, value)| !value.trim().is_empty()) {
                html.element("dt", &[], language.say(*label));
                html.element("dd", &[], value.trim());
            }
        });
    });
}

/// The consent for one insurer: who gets what for what.
fn consent(html: &mut Html, fields: &Fields<'_>, (place, offer): (usize, &Offer)) {
    let language = fields.language;
    let name = &offer.party.registration().name;
    html.within("section", &[], |html| {
        let title = format!("{name} · {}", language.say(texts::line(offer.line)));
        let title = texts::with(language, ("資料提供同意書", "Consent"), &title);
        html.element("h2", &[], &title);
        html.element("p", &[], language.say(texts::CONSENT));
        html.within("ul", &[], |html| {
            for kind in &offer.kinds {
                let given = !texts::is_optional(kind) || !fields.value(&format!("document-{place}-{kind}")).is_empty();
                if given {
                    html.element("li", &[], language.say(texts::document(kind)));
                }
            }
        });
        if offer.line.reimburses() && !fields.value(&format!("share-{place}")).is_empty() {
            html.element("p", &[], language.say(texts::SHARE));
        }
        let policies = fields.value(&format!("policies-{place}"));
        if !policies.is_empty() {
            let text = texts::with(language, ("保單號碼", "Policy numbers"), policies);
            html.element("p", &[], &text);
        }
        let label = texts::with(language, ("我同意提供", "I consent"), name);
        fields.switch(html, &format!("agree-{place}"), &label, false);
    });
}

fn signature(html: &mut Html, fields: &Fields<'_>, paper: &Paper, wallet: bool) {
    let language = fields.language;
    html.within("section", &[], |html| {
        html.element("h2", &[], language.say(("簽署", "Signature")));
        let mut ways = texts::WAYS.to_vec();
        if wallet {
            ways.push(("wallet", ("數位憑證皮夾", "Digital wallet")));
        }
        fields.select(html, "sign", ("簽署方式", "How to sign"), &ways);
        let signer = read::signer(paper);
        let text = texts::with(language, ("簽署人", "Who signs"), signer);
        html.element("p", &[], &text);
        html.within("div", &[("class", "only-script")], |html| {
            let label = language.say(("手寫簽名", "Drawn signature"));
            html.element("p", &[("id", "canvas-label")], label);
            let canvas = [
                ("width", "600"),
                ("height", "200"),
                ("data-field", "picture"),
                ("data-clear", "clear"),
                ("role", "img"),
                ("aria-labelledby", "canvas-label"),
            ];
            html.element("canvas", &canvas, "");
            html.element(
                "button",
                &[("type", "button"), ("id", "clear"), ("class", "plain")],
                language.say(("清除", "Clear")),
            );
        });
        html.void(
            "input",
            &[("type", "hidden"), ("id", "picture"), ("name", "picture"), ("value", fields.value("picture"))],
        );
        let hint = Some((
            "手寫或輸入姓名時，請再輸入一次姓名確認",
            "With a drawn or typed signature, type the name once more",
        ));
        fields.line(html, "confirm", ("確認姓名", "Name to confirm"), hint, TEXT);
        let hint = Some(("輸入姓名須一人、指印須二人見證", "One for a typed name, two for a thumbprint"));
        fields.line(html, "witness-1", ("見證人一", "First witness"), hint, TEXT);
        fields.line(html, "witness-2", ("見證人二", "Second witness"), None, TEXT);
        fields.line(html, "paper-number", ("紙本掃描編號", "Number of the paper's scan"), None, TEXT);
        if wallet {
            by_wallet(html, fields, paper);
        }
    });
}

/// What a wallet is asked to sign, as a link and as a QR code.
fn by_wallet(html: &mut Html, fields: &Fields<'_>, paper: &Paper) {
    let language = fields.language;
    let ask = [("type", "submit"), ("name", "step"), ("value", "wallet"), ("class", "plain")];
    html.element("button", &ask, language.say(("以皮夾簽署", "Sign with a wallet")));
    if let Some(asked) = &paper.wallet {
        let text = (
            "請以皮夾掃描並出示，再按「簽署並送出」。",
            "Scan this with the wallet and present, then press Sign and send.",
        );
        html.element("p", &[("id", "wallet")], language.say(text));
        if let Some(square) = Square::of(&asked.link) {
            html.square(&square);
        }
        html.element(
            "a",
            &[("href", &asked.link)],
            language.say(("在此裝置開啟皮夾", "Open the wallet on this device")),
        );
    }
}
