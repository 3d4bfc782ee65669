//! The page itself: who is on turn, papers that are asked for, how it stands with each insurer, what happened, the wallet, and
//! who is told.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, HttpResponseBuilder};
use claimgate_adapters::insurer::request::RequestView;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;

use super::super::page::field::{Fields, Wrong};
use super::super::page::framed;
use super::super::page::html::Html;
use super::super::problem::Problem;
use super::super::qr::Square;
use super::papers::{self, Asked};
use super::{HERE, Notice, texts};
use crate::app::App;
use crate::core::application::page::Language;
use crate::core::owner::short;
use crate::core::request::RequestState;
use crate::core::submission::SubmissionState;
use crate::core::timeline::sentence;
use crate::core::turn::{self, Turn, Who, next_deadline};
use crate::flows::owner::{OpenOwnerPage, Shown};
use crate::id::OwnerMailId;
use crate::party::PartyId;
use crate::store::{AppView, TimelineLine};

/// Milliseconds between two looks for news, by the script.
const EVERY: &str = "10000";

/// All that a page shows.
pub(super) struct Sight {
    view: AppView,
    turns: Vec<Turn>,
    requests: Vec<RequestView>,
    names: BTreeMap<String, String>,
    addresses: Vec<(OwnerMailId, String, bool)>,
    mails: bool,
    wallet: bool,
}

impl Sight {
    pub(super) async fn of(app: &App, page: &OpenOwnerPage) -> Result<Self, Problem> {
        let (view, turns) = app.engine.seen_on_page(page).await?;
        let requests = app.engine.requests_of_owner(&page.owner(), page.claim()).await?;
        let mut names = BTreeMap::new();
        for (party, ..) in &view.submissions {
            if let Some(known) = app.engine.store.party(party).await? {
                names.insert(party.to_string(), known.registration().name.clone());
            }
        }
        Ok(Self {
            requests: papers::waiting(requests),
            addresses: app.engine.addresses_of_page(page).await?,
            mails: app.engine.sends_mail(),
            wallet: app.engine.wallet_can_identify(),
            view,
            turns,
            names,
        })
    }

    fn name(&self, party: &str) -> String {
        self.names.get(party).cloned().unwrap_or_else(|| party.to_owned())
    }
}

pub(super) fn page(
    answer: HttpResponseBuilder,
    page: &OpenOwnerPage,
    token: &str,
    (sight, wallet): (&Sight, Shown),
    (notice, wrong): (Notice, &[Wrong]),
) -> HttpResponse {
    let language = page.state.language;
    let header = |html: &mut Html| {
        html.element("a", &[("href", "#main"), ("class", "skip")], language.say(texts::SKIP));
        html.within("header", &[], |html| form(html, token, |html| languages(html, language)));
    };
    framed(answer, (language, texts::TITLE, "/page/owner.js"), header, |html| {
        let typed = BTreeMap::new();
        let fields = Fields { language, typed: &typed, wrong };
        let number = texts::labelled(language, texts::NUMBER, &short(page.claim()));
        html.element("p", &[("id", "claim"), ("class", "hint")], &number);
        told(html, language, notice);
        fields.summary(html);
        news(html, language, sight);
        html.within("section", &[("aria-labelledby", "turns")], |html| turns(html, language, sight));
        if !sight.requests.is_empty() {
            html.within("section", &[("aria-labelledby", "papers")], |html| asked(html, &fields, token, sight));
        }
        html.within("section", &[("aria-labelledby", "stands")], |html| stands(html, language, sight));
        html.within("section", &[("aria-labelledby", "happened")], |html| happened(html, language, sight));
        if sight.wallet {
            html.within("section", &[("aria-labelledby", "wallet")], |html| {
                identity(html, &fields, token, (page, wallet));
            });
        }
        if sight.mails {
            html.within("section", &[("aria-labelledby", "mail")], |html| mail(html, &fields, token, sight));
        }
        form(html, token, |html| {
            let close = [("type", "submit"), ("name", "step"), ("value", "close"), ("class", "plain")];
            html.element("button", &close, language.say(texts::CLOSE));
        });
    })
}

fn form(html: &mut Html, token: &str, inside: impl FnOnce(&mut Html)) {
    html.within("form", &[("method", "post"), ("action", HERE)], |html| {
        hidden(html, token);
        inside(html);
    });
}

fn hidden(html: &mut Html, token: &str) {
    html.void("input", &[("type", "hidden"), ("name", "token"), ("value", token)]);
}

fn languages(html: &mut Html, language: Language) {
    let (to, text, tag) = match language {
        Language::Chinese => ("language-en", "English", "en"),
        Language::English => ("language-zh-TW", "中文", "zh-TW"),
    };
    let attributes = [("type", "submit"), ("name", "step"), ("value", to), ("class", "plain"), ("lang", tag)];
    html.element("button", &attributes, text);
}

/// What was just done. Said with words, not with colour alone.
fn told(html: &mut Html, language: Language, notice: Notice) {
    let text = match notice {
        Notice::None => return,
        Notice::Sent => texts::SENT,
        Notice::Asked => texts::ASKED,
    };
    html.element("p", &[("class", "notice"), ("role", "status"), ("id", "notice")], language.say(text));
}

/// Where the script says that there is news; without it nothing is shown.
fn news(html: &mut Html, language: Language, sight: &Sight) {
    let newest = sight.view.timeline.iter().filter_map(|line| line.position).max().unwrap_or(0).to_string();
    let attributes = [
        ("id", "news"),
        ("role", "status"),
        ("data-newest", newest.as_str()),
        ("data-every", EVERY),
        ("data-text", language.say(texts::NEWS)),
    ];
    html.element("p", &attributes, "");
}

fn turns(html: &mut Html, language: Language, sight: &Sight) {
    html.element("h2", &[("id", "turns")], language.say(texts::TURNS));
    if sight.turns.is_empty() {
        html.element("p", &[], language.say(texts::NOBODY_ON_TURN));
        return;
    }
    if let Some(by) = next_deadline(&sight.turns) {
        html.element("p", &[("id", "deadline")], &texts::labelled(language, texts::DEADLINE, &last_day(by)));
    }
    html.within("ul", &[("class", "plainlist")], |html| {
        for one in &sight.turns {
            html.within("li", &[], |html| {
                let who = match (one.who, &one.party) {
                    (Who::Insurer, Some(party)) => sight.name(party.as_str()),
                    (Who::Insurer, None) => language.say(texts::INSURER).to_owned(),
                    (Who::Hospital, _) => language.say(texts::HOSPITAL).to_owned(),
                    (Who::Person, _) => language.say(texts::YOU).to_owned(),
                };
                html.element("strong", &[], &who);
                let (english, chinese) = turn::sentence(one.what);
                let mut text = texts::labelled(language, ("", ""), language.say((chinese, english)));
                if let (Who::Hospital | Who::Person, Some(party)) = (one.who, &one.party) {
                    text.push_str(" · ");
                    text.push_str(&sight.name(party.as_str()));
                }
                html.text(&text);
                if let Some(by) = one.by {
                    html.text(language.say(("，至 ", ", until ")));
                    html.element("time", &[("datetime", &day(by))], &last_day(by));
                }
            });
        }
    });
}

/// Papers that are asked for: one field for each kind, whoever asks.
fn asked(html: &mut Html, fields: &Fields<'_>, token: &str, sight: &Sight) {
    let language = fields.language;
    html.element("h2", &[("id", "papers")], language.say(texts::PAPERS));
    for request in &sight.requests {
        let who = format!("{} · {}", sight.name(&request.head.insurer), line(language, request.head.line));
        let until = texts::labelled(language, texts::UNTIL, &request.head.due_on.to_string());
        html.element("p", &[], &format!("{who} {until}"));
        if let Some(note) = &request.note {
            html.element("p", &[("class", "hint")], note);
        }
    }
    html.element("p", &[("class", "hint")], language.say(texts::FILES));
    let attributes =
        [("method", "post"), ("action", "/owner/papers"), ("enctype", "multipart/form-data"), ("id", "hand-in")];
    html.within("form", &attributes, |html| {
        hidden(html, token);
        for one in papers::asked(&sight.requests) {
            file(html, language, sight, &one);
        }
        html.within("div", &[("class", "field")], |html| {
            html.element("label", &[("for", "note")], language.say(texts::NOTE));
            html.element("textarea", &[("id", "note"), ("name", "note"), ("rows", "2"), ("maxlength", "1000")], "");
        });
        fields.switch(html, "complete", language.say(texts::COMPLETE), false);
        html.element("button", &[("type", "submit")], language.say(texts::SEND));
    });
}

fn file(html: &mut Html, language: Language, sight: &Sight, asked: &Asked) {
    let name = papers::field(asked.kind);
    let by: Vec<String> = asked.by.iter().map(|party| sight.name(party)).collect();
    let hint = format!("{name}-hint");
    html.within("div", &[("class", "field")], |html| {
        html.element("label", &[("for", &name)], language.say((asked.kind.chinese(), asked.kind.english())));
        let mut text = texts::labelled(language, texts::ASKED_BY, &by.join(language.say(("、", ", "))));
        for note in &asked.notes {
            text.push_str(language.say(("；", "; ")));
            text.push_str(note);
        }
        html.element("p", &[("class", "hint"), ("id", &hint)], &text);
        let attributes = [
            ("type", "file"),
            ("id", name.as_str()),
            ("name", name.as_str()),
            ("multiple", ""),
            ("accept", "image/jpeg,image/png,image/heic,image/webp,image/tiff,application/pdf"),
            ("aria-describedby", hint.as_str()),
        ];
        html.void("input", &attributes);
    });
}

fn stands(html: &mut Html, language: Language, sight: &Sight) {
    html.element("h2", &[("id", "stands")], language.say(texts::STANDS));
    if sight.view.submissions.is_empty() {
        html.element("p", &[], language.say(texts::NOTHING_SENT));
        return;
    }
    html.within("ul", &[("class", "plainlist")], |html| {
        for (party, of, state) in &sight.view.submissions {
            html.within("li", &[], |html| {
                html.element("strong", &[], &sight.name(party.as_str()));
                html.text(&format!(" · {} ", line(language, *of)));
                html.element("span", &[("class", "state")], language.say((state.chinese(), texts::state(*state))));
            });
        }
    });
}

fn happened(html: &mut Html, language: Language, sight: &Sight) {
    html.element("h2", &[("id", "happened")], language.say(texts::HAPPENED));
    html.within("ol", &[("class", "timeline"), ("reversed", "")], |html| {
        for entry in sight.view.timeline.iter().rev() {
            html.within("li", &[], |html| {
                html.element("time", &[("datetime", &entry.at.to_string())], &moment(entry.at));
                html.void("br", &[]);
                html.text(&of(language, sight, entry));
            });
        }
    });
}

/// What happened, and with whom.
fn of(language: Language, sight: &Sight, entry: &TimelineLine) -> String {
    let (english, chinese) = sentence(&entry.event);
    let mut text = language.say((chinese, english)).to_owned();
    let party = entry.parameters.get("party").and_then(Value::as_str);
    if let Some(party) = party.and_then(|party| party.parse::<PartyId>().ok()) {
        text.push_str(" · ");
        text.push_str(&sight.name(party.as_str()));
    }
    let state = entry.parameters.get("state").and_then(Value::as_str).unwrap_or_default();
    let state = match entry.event.as_str() {
        "submission.status" => state.parse::<SubmissionState>().ok().map(|one| (one.chinese(), texts::state(one))),
        "submission.request" => state.parse::<RequestState>().ok().map(|one| (one.chinese(), texts::request(one))),
        _ => None,
    };
    if let Some(state) = state {
        text.push_str(language.say(("：", ": ")));
        text.push_str(language.say(state));
    }
    text
}

fn identity(html: &mut Html, fields: &Fields<'_>, token: &str, (page, wallet): (&OpenOwnerPage, Shown)) {
    let language = fields.language;
    html.element("h2", &[("id", "wallet")], language.say(texts::WALLET));
    let text = match wallet {
        Shown::Nothing => texts::WALLET_HINT,
        Shown::Waiting => texts::WALLET_WAITS,
        Shown::Identified => texts::IDENTIFIED,
        Shown::Refused => texts::NOT_IDENTIFIED,
    };
    html.element("p", &[("id", "identity")], language.say(text));
    if let (Shown::Waiting, Some(asked)) = (wallet, &page.state.wallet) {
        if let Some(square) = Square::of(&asked.link) {
            html.within("div", &[("role", "img"), ("aria-label", language.say(texts::QR))], |html| {
                html.square(&square);
            });
        }
        html.within("p", &[], |html| {
            html.element("a", &[("href", &asked.link)], language.say(texts::WALLET_HERE));
        });
    }
    if wallet != Shown::Identified {
        form(html, token, |html| {
            let ask = [("type", "submit"), ("name", "step"), ("value", "wallet"), ("class", "plain")];
            html.element("button", &ask, language.say(texts::WALLET_ASK));
        });
    }
}

fn mail(html: &mut Html, fields: &Fields<'_>, token: &str, sight: &Sight) {
    let language = fields.language;
    html.element("h2", &[("id", "mail")], language.say(texts::MAIL));
    html.element("p", &[("class", "hint")], language.say(texts::MAIL_HINT));
    form(html, token, |html| {
        if !sight.addresses.is_empty() {
            html.within("ul", &[("class", "plainlist")], |html| {
                for (id, address, confirmed) in &sight.addresses {
                    html.within("li", &[], |html| {
                        let state = if *confirmed { texts::CONFIRMED_ALREADY } else { texts::WAITS_FOR_CONFIRMATION };
                        html.text(&format!("{address} · {} ", language.say(state)));
                        let step = format!("forget-{id}");
                        let off = [("type", "submit"), ("name", "step"), ("value", step.as_str()), ("class", "plain")];
                        html.element("button", &off, &texts::labelled(language, texts::TAKE_OFF, address));
                    });
                }
            });
        }
    });
    form(html, token, |html| {
        fields.line(html, "email", texts::ADDRESS, None, texts::EMAIL);
        let note = [("type", "submit"), ("name", "step"), ("value", "address"), ("class", "plain")];
        html.element("button", &note, language.say(texts::TELL_ME));
    });
}

fn line(language: Language, line: Line) -> &'static str {
    language.say((line.chinese(), texts::line(line)))
}

fn taipei(at: Timestamp) -> jiff::Zoned {
    at.to_zoned(TimeZone::fixed(Offset::constant(8)))
}

fn moment(at: Timestamp) -> String {
    taipei(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The last day of what ends at a moment: the day before midnight.
fn last_day(by: Timestamp) -> String {
    let before = by.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(by);
    taipei(before).strftime("%Y-%m-%d").to_string()
}

fn day(by: Timestamp) -> String {
    last_day(by)
}
