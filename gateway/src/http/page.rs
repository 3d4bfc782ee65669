//! Pages for people, written on the server: documents with their headers, the style and the one script, sessions by cookie.
//!
//! In: typed parts (`html`), fields with what was typed and what is wrong with it (`field`). Out: HTML that a browser loads
//! nothing for from anywhere else. Every text is escaped by the writer; there is no way around it. Must not know what a
//! page is for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::core::application::page::Language;

pub mod field;
pub mod html;
pub mod parts;
pub mod session;

use html::Html;

/// Nothing but our own style, script and form; no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
/// The same for a page whose script asks the gateway whether there is news.
const LIVE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                           img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/sign.js");
const NEWS: &str = include_str!("page/owner.js");

/// An answer with the headers every page has.
#[must_use]
pub fn secured(status: StatusCode) -> HttpResponseBuilder {
    under(status, POLICY)
}

/// The same for a page whose script asks the gateway whether there is news.
#[must_use]
pub fn secured_live(status: StatusCode) -> HttpResponseBuilder {
    under(status, LIVE_POLICY)
}

fn under(status: StatusCode, policy: &'static str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header(("Content-Security-Policy", policy))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("X-Frame-Options", "DENY"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        // The path of a link holds its secret: no other host is told of it.
        .insert_header(("Referrer-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=()"))
        .insert_header(("Cache-Control", "no-store"));
    answer
}

/// A whole document: its language, its title, which is its first heading, and what stands below that.
#[must_use]
pub fn document(
    answer: HttpResponseBuilder,
    language: Language,
    title: (&str, &str),
    body: impl FnOnce(&mut Html),
) -> HttpResponse {
    framed(answer, (language, title, "/page/sign.js"), |_| {}, body)
}

/// The same with a script of its own, and a header before the main part that can be passed over.
#[must_use]
pub fn framed(
    mut answer: HttpResponseBuilder,
    (language, title, script): (Language, (&str, &str), &'static str),
    header: impl FnOnce(&mut Html),
    body: impl FnOnce(&mut Html),
) -> HttpResponse {
    let title = language.say(title);
    let mut html = Html::document();
    html.within("html", &[("lang", language.tag())], |html| {
        html.within("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
            html.void("meta", &[("name", "robots"), ("content", "noindex")]);
            html.element("title", &[], title);
            html.void("link", &[("rel", "stylesheet"), ("href", "/page/style.css")]);
            html.void("link", &[("rel", "icon"), ("href", "data:,")]);
            html.element("script", &[("src", script), ("defer", "")], "");
        });
        html.within("body", &[], |html| {
            header(html);
            html.within("main", &[("id", "main")], |html| {
                html.element("h1", &[], title);
                body(html);
            });
        });
    });
    answer.content_type("text/html; charset=utf-8").body(html.into_text())
}

/// `GET /page/style.css`.
pub async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

/// `GET /page/sign.js`.
pub async fn script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /page/owner.js`.
pub async fn news() -> HttpResponse {
    asset("text/javascript; charset=utf-8", NEWS)
}

fn asset(kind: &str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .content_type(kind)
        .body(text)
}
