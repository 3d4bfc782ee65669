//! Afterwards: who received what, and the consent taken back for what has not left.

use actix_web::{HttpResponse, HttpResponseBuilder};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::super::page::document;
use super::super::page::html::Html;
use super::fill::{close, hidden, languages};
use super::texts;
use crate::app::App;
use crate::core::application::page::Language;
use crate::flows::health::{Applied, OpenPage};
use crate::party::PartyId;

/// One recipient, as it is shown.
struct Row {
    party: PartyId,
    name: String,
    line: Line,
    withdrawn: Option<Timestamp>,
    received: Option<Timestamp>,
}

pub(super) async fn page(
    app: &App,
    answer: HttpResponseBuilder,
    (page, token): (&OpenPage, &str),
    applied: &Applied,
) -> HttpResponse {
    let mut rows = Vec::new();
    for (party, line, withdrawn) in &applied.recipients {
        let known = app.engine.store.party(party).await.ok().flatten();
        let own = applied.sent.iter().filter(|one| one.party == *party && one.line == *line);
        rows.push(Row {
            party: party.clone(),
            name: known.map_or_else(|| party.to_string(), |party| party.registration().name.clone()),
            line: *line,
            withdrawn: *withdrawn,
            received: own.filter_map(|one| one.left).min(),
        });
    }
    let language = page.paper.language;
    document(answer, language, ("申請已送出", "The application was sent"), |html| {
        let number = texts::with(language, ("申請編號", "Number of the application"), &applied.id.to_string());
        html.element("p", &[("id", "application")], &number);
        html.within("form", &[("method", "post"), ("action", "/apply")], |html| {
            hidden(html, token);
            languages(html, language);
            for row in &rows {
                html.within("section", &[], |html| one(html, language, row));
            }
            html.within("div", &[("class", "steps")], |html| close(html, language, ("完成並關閉", "Done")));
        });
    })
}

fn one(html: &mut Html, language: Language, row: &Row) {
    let title = format!("{} · {}", row.name, language.say(texts::line(row.line)));
    html.element("h2", &[], &title);
    let day = |at: Timestamp| at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%d %H:%M").to_string();
    let text = match (row.withdrawn, row.received) {
        (Some(at), None) => format!(
            "{} {}",
            language.say(("已收回同意，未送出任何資料", "Consent taken back; nothing was sent")),
            day(at)
        ),
        (Some(at), Some(_)) => format!(
            "{} {}",
            language
                .say(("已收回同意；先前已送出者無法取回", "Consent taken back; what had left cannot be called back")),
            day(at)
        ),
        (None, Some(at)) => {
            format!("{} {}", language.say(("已於下列時間收到文件", "Received the documents at")), day(at))
        }
        (None, None) => language.say(("尚未收到", "Has not received anything yet")).to_owned(),
    };
    html.element("p", &[], &text);
    if row.withdrawn.is_none() {
        let party = row.party.to_string();
        let button = [("type", "submit"), ("name", "withdraw"), ("value", party.as_str()), ("class", "plain")];
        let label = texts::with(language, ("收回同意", "Take the consent back"), &row.name);
        html.element("button", &button, &label);
    }
}
