//! The way in: a link that is used once, or the tracking code, which is typed and never stands in an address.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::super::body;
use super::super::form::Form;
use super::super::page::field::{Fields, TEXT, Wrong};
use super::super::page::session::{self, Of};
use super::super::page::{document, secured};
use super::super::wallet::bound;
use super::{HERE, Secret, failed, not_let_in, plain, texts};
use crate::app::App;
use crate::core::application::page::Language;
use crate::flows::owner::OwnerNotLetIn;

/// `GET /owner/link/{secret}`: a page that asks whether to open; looking at a link does not use it up.
pub async fn link(app: Data<App>, request: HttpRequest, secret: Secret) -> HttpResponse {
    if let Err(problem) = bound(&app, &request) {
        return failed(&problem);
    }
    if let Err(reason) = app.engine.look_at_owner_link(&secret).await {
        return not_let_in(&reason);
    }
    document(secured(StatusCode::OK), Language::Chinese, texts::TITLE, |html| {
        html.element("p", &[], texts::LINK_HINT.0);
        html.element("p", &[("lang", "en")], texts::LINK_HINT.1);
        let action = format!("{HERE}/link/{}", &**secret);
        html.within("form", &[("method", "post"), ("action", &action)], |html| {
            html.element("button", &[("type", "submit")], "開啟 Open");
        });
    })
}

/// `POST /owner/link/{secret}`: uses the link up and begins the session.
pub async fn begin(app: Data<App>, request: HttpRequest, payload: Payload, secret: Secret) -> HttpResponse {
    if let Err(problem) = bound(&app, &request) {
        return failed(&problem);
    }
    if let Err(problem) = body::form(&app, &request, payload).await {
        return failed(&problem);
    }
    if !session::is_same_site(&request) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    match app.engine.open_owner_link(&secret).await {
        Ok(opened) => let_in(&app, &opened),
        Err(reason) => not_let_in(&reason),
    }
}

/// Where the tracking code is typed.
pub(super) fn by_code(language: Language, status: StatusCode, wrong: Option<Wrong>) -> HttpResponse {
    let wrong: Vec<Wrong> = wrong.into_iter().collect();
    document(secured(status), language, texts::TITLE, |html| {
        let typed = std::collections::BTreeMap::new();
        let fields = Fields { language, typed: &typed, wrong: &wrong };
        fields.summary(html);
        html.element("p", &[], language.say(texts::CODE_HINT));
        html.within("form", &[("method", "post"), ("action", HERE), ("autocomplete", "off")], |html| {
            html.void("input", &[("type", "hidden"), ("name", "language"), ("value", language.tag())]);
            fields.line(html, "code", texts::CODE, Some(texts::CODE_FORM), TEXT);
            html.element("button", &[("type", "submit")], language.say(texts::OPEN));
        });
        let other = if language == Language::Chinese { Language::English } else { Language::Chinese };
        let href = format!("?lang={}", other.tag());
        html.within("p", &[], |html| {
            html.element("a", &[("href", &href), ("lang", other.tag())], other.say(("中文", "English")));
        });
    })
}

/// A code was typed.
pub(super) async fn with_code(
    app: &App,
    request: &HttpRequest,
    code: &str,
    language: Option<Language>,
) -> HttpResponse {
    if !session::is_same_site(request) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    let language = language.unwrap_or_default();
    let unknown = || by_code(language, StatusCode::NOT_FOUND, Some(Wrong::new("code", texts::NO_CODE)));
    if !(25..=40).contains(&code.chars().count()) {
        return unknown();
    }
    match app.engine.open_owner_page_by_code(code, language).await {
        Ok(opened) => let_in(app, &opened),
        Err(OwnerNotLetIn::Unknown) => unknown(),
        Err(reason) => not_let_in(&reason),
    }
}

fn let_in(app: &App, opened: &str) -> HttpResponse {
    let cookie = session::cookie(&app.engine.issuer, Of::Owner, opened);
    secured(StatusCode::SEE_OTHER).insert_header((LOCATION, HERE)).insert_header((SET_COOKIE, cookie)).finish()
}

/// The language a query asks for.
pub(super) fn wanted(query: &str) -> Option<Language> {
    Form::read(query).and_then(|form| form.one("lang").and_then(Language::of))
}
