//! The page a patient applies on (院內申請): a link is used once, what is typed is kept with each step, looked over, signed,
//! and shown afterwards with who received what. Works without scripts but for the drawn signature.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::body;
use super::form::Form;
use super::page::field::Wrong;
use super::page::session::{self, Of};
use super::page::{document, secured};
use super::problem::Problem;
use super::wallet::bound;
use crate::app::App;
use crate::core::application::page::{Language, Step};
use crate::flows::health::{NotApplied, NotOpened, NotSignedByWallet, OpenPage};

mod fill;
mod read;
mod result;
mod review;
mod texts;

/// Bytes of a form with a drawn signature in it.
const FORM_BYTES: usize = 192 << 10;
/// Fields of a form: those of the application, and some for each insurer.
const MOST_FIELDS: usize = 512;
/// Characters of one field that are kept.
const FIELD: usize = 4_000;
/// Characters of a drawn signature.
const PICTURE: usize = 96 << 10;

/// `GET /apply/link/{secret}`: a page that asks whether to begin; looking at a link does not use it up.
pub async fn link(app: Data<App>, request: HttpRequest, secret: Path<String>) -> HttpResponse {
    if let Err(problem) = bound(&app, &request) {
        return failed(&problem);
    }
    let wanted = Form::read(request.query_string()).and_then(|form| form.one("lang").and_then(Language::of));
    match app.engine.look_at_link(&secret).await {
        Ok(begins) => {
            let language = wanted.unwrap_or(begins);
            document(secured(StatusCode::OK), language, texts::APPLY, |html| {
                html.element("p", &[], language.say(texts::BEGIN_HINT));
                let action = format!("/apply/link/{}", &**secret);
                html.within("form", &[("method", "post"), ("action", &action)], |html| {
                    html.void("input", &[("type", "hidden"), ("name", "language"), ("value", language.tag())]);
                    html.element("button", &[("type", "submit")], language.say(texts::BEGIN));
                });
                let other = if language == Language::Chinese { Language::English } else { Language::Chinese };
                let href = format!("?lang={}", other.tag());
                html.within("p", &[], |html| {
                    html.element("a", &[("href", &href), ("lang", other.tag())], other.say(("中文", "English")));
                });
            })
        }
        Err(reason) => not_opened(&reason),
    }
}

/// `POST /apply/link/{secret}`: uses the link up and begins the session.
pub async fn begin(app: Data<App>, request: HttpRequest, payload: Payload, secret: Path<String>) -> HttpResponse {
    if let Err(problem) = bound(&app, &request) {
        return failed(&problem);
    }
    let form = match body::form(&app, &request, payload).await {
        Ok(text) => Form::read(&text),
        Err(problem) => return failed(&problem),
    };
    if !session::is_same_site(&request) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    let opened = match app.engine.open_link(&secret).await {
        Ok(opened) => opened,
        Err(reason) => return not_opened(&reason),
    };
    let language = form.and_then(|form| form.one("language").and_then(Language::of));
    if let (Some(language), Ok(Some(mut page))) = (language, app.engine.page_of_session(&opened).await)
        && page.paper.language != language
    {
        page.paper.language = language;
        if let Err(fault) = app.engine.save_page(&page).await {
            return failed(&fault.into());
        }
    }
    let cookie = session::cookie(&app.engine.issuer, Of::Application, &opened);
    secured(StatusCode::SEE_OTHER).insert_header((LOCATION, "/apply")).insert_header((SET_COOKIE, cookie)).finish()
}

/// `GET /apply`: the page of this session as it stands.
pub async fn show(app: Data<App>, request: HttpRequest) -> HttpResponse {
    match open(&app, &request).await {
        Ok((page, token)) => shown(&app, &page, &token, &[]).await,
        Err(answer) => answer,
    }
}

/// `POST /apply`: the next step with what was typed.
pub async fn step(app: Data<App>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let (mut page, token) = match open(&app, &request).await {
        Ok(open) => open,
        Err(answer) => return answer,
    };
    let text = match body::form_within(&app, &request, payload, FORM_BYTES).await {
        Ok(text) => text,
        Err(problem) => return failed(&problem),
    };
    let Some(form) = Form::within(&text, MOST_FIELDS) else {
        return plain(StatusCode::BAD_REQUEST, texts::BROKEN);
    };
    if !session::is_own(&request, &token, form.one("token")) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    if form.one("step") == Some("close") {
        return match app.engine.close_page(page).await {
            Ok(()) => plain(StatusCode::OK, texts::CLOSED),
            Err(fault) => failed(&fault.into()),
        };
    }
    if let Some(application) = page.view.application {
        if let Some(party) = form.one("withdraw").and_then(|party| party.parse().ok()) {
            match app.engine.withdraw_recipient(&page.view.hospital, application, &party).await {
                Ok(_) | Err(NotApplied::NotFound) => {}
                Err(reason) => return failed(&reason.into()),
            }
        } else if let Some(language) = form.one("step").and_then(language_of) {
            page.paper.language = language;
            return kept(&app, &page).await;
        }
        return to_page();
    }
    keep(&mut page, &form);
    let wanted = form.one("step").unwrap_or_default();
    if let Some(language) = language_of(wanted) {
        page.paper.language = language;
        return kept(&app, &page).await;
    }
    match (page.paper.step, wanted) {
        (Step::Fill, _) => reviewed(&app, page, &token).await,
        (Step::Review, "back") => {
            // What is filled in may become another text: nobody has agreed to that one, or signed it.
            page.paper.fields.retain(|name, _| !read::is_signing(name));
            page.paper.step = Step::Fill;
            kept(&app, &page).await
        }
        (Step::Review, "wallet") => ask_wallet(&app, page, &token).await,
        (Step::Review, _) => signed(&app, page, &token).await,
    }
}

fn language_of(step: &str) -> Option<Language> {
    step.strip_prefix("language-").and_then(Language::of)
}

/// What was typed replaces what was typed before in the fields of this step.
fn keep(page: &mut OpenPage, form: &Form) {
    let signing = page.paper.step == Step::Review;
    page.paper.fields.retain(|name, _| read::is_signing(name) != signing);
    for name in form.names().filter(|name| read::is_field(name) && read::is_signing(name) == signing) {
        let most = if name == "picture" { PICTURE } else { FIELD };
        if let Some(value) = form.one(name) {
            page.paper.fields.insert(name.to_owned(), value.chars().take(most).collect());
        }
    }
    if !signing {
        page.paper.fields.insert("filled".to_owned(), "yes".to_owned());
    }
}

async fn kept(app: &App, page: &OpenPage) -> HttpResponse {
    match app.engine.save_page(page).await {
        Ok(_) => to_page(),
        Err(fault) => failed(&fault.into()),
    }
}

/// Keeps what was typed, and shows it again with what is wrong.
async fn again(app: &App, page: &OpenPage, token: &str, wrong: &[Wrong]) -> HttpResponse {
    match app.engine.save_page(page).await {
        Ok(true) => shown(app, page, token, wrong).await,
        Ok(false) => to_page(),
        Err(fault) => failed(&fault.into()),
    }
}

async fn reviewed(app: &App, mut page: OpenPage, token: &str) -> HttpResponse {
    let offers = match app.engine.offers(&page.paper).await {
        Ok(offers) => offers,
        Err(fault) => return failed(&fault.into()),
    };
    let (_, wrong) = read::application(&page.paper, &offers, app.engine.now(), false);
    if !wrong.is_empty() {
        return again(app, &page, token, &wrong).await;
    }
    page.paper.step = Step::Review;
    kept(app, &page).await
}

async fn ask_wallet(app: &App, mut page: OpenPage, token: &str) -> HttpResponse {
    let offers = match app.engine.offers(&page.paper).await {
        Ok(offers) => offers,
        Err(fault) => return failed(&fault.into()),
    };
    let (application, _) = read::application(&page.paper, &offers, app.engine.now(), false);
    page.paper.fields.insert("sign".to_owned(), "wallet".to_owned());
    match app.engine.ask_wallet_to_sign(&page, &application, &read::chosen(&page.paper, &offers)).await {
        Ok(asked) => {
            page.paper.wallet = Some(asked);
            kept(app, &page).await
        }
        Err(NotSignedByWallet::Fault(fault)) => failed(&fault.into()),
        Err(_) => again(app, &page, token, &[Wrong::new("sign", texts::NO_WALLET)]).await,
    }
}

async fn signed(app: &App, page: OpenPage, token: &str) -> HttpResponse {
    let offers = match app.engine.offers(&page.paper).await {
        Ok(offers) => offers,
        Err(fault) => return failed(&fault.into()),
    };
    let (mut application, mut wrong) = read::application(&page.paper, &offers, app.engine.now(), true);
    if read::by_wallet(&page.paper) {
        match app.engine.signed_by_wallet(&page, &application).await {
            Ok(session) => {
                read::set_wallet(&mut application, session);
                wrong.retain(|one| one.field != "sign");
            }
            Err(NotSignedByWallet::Fault(fault)) => return failed(&fault.into()),
            Err(reason) => wrong = vec![Wrong::new("sign", texts::wallet(&reason))],
        }
    }
    if !wrong.is_empty() {
        return again(app, &page, token, &wrong).await;
    }
    match app.engine.sign_page(&page, application).await {
        // Where somebody was faster, the page shows what came of that.
        Ok(_) | Err(NotApplied::NotFound) => to_page(),
        Err(NotApplied::Faulty(fault) | NotApplied::Recipient(_, fault)) => {
            again(app, &page, token, &[read::wrong(&fault)]).await
        }
        Err(reason) => failed(&reason.into()),
    }
}

/// The page of a request's session, and the token its forms carry.
async fn open(app: &App, request: &HttpRequest) -> Result<(OpenPage, String), HttpResponse> {
    bound(app, request).map_err(|problem| failed(&problem))?;
    let over = || plain(StatusCode::FORBIDDEN, texts::OVER);
    let secret = session::secret(&app.engine.issuer, Of::Application, request).ok_or_else(over)?;
    let page = app.engine.page_of_session(&secret).await.map_err(|fault| failed(&fault.into()))?;
    Ok((page.ok_or_else(over)?, app.engine.page_token(&secret)))
}

async fn shown(app: &App, page: &OpenPage, token: &str, wrong: &[Wrong]) -> HttpResponse {
    let answer = secured(if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY });
    if let Some(application) = page.view.application {
        return match app.engine.applied(&page.view.hospital, application).await {
            Ok(applied) => result::page(app, answer, (page, token), &applied).await,
            Err(reason) => failed(&reason.into()),
        };
    }
    let offers = match app.engine.offers(&page.paper).await {
        Ok(offers) => offers,
        Err(fault) => return failed(&fault.into()),
    };
    match page.paper.step {
        Step::Fill => fill::page(answer, &page.paper, token, &offers, wrong),
        Step::Review => review::page(answer, &page.paper, token, &offers, (wrong, app.engine.wallet_can_sign())),
    }
}

fn to_page() -> HttpResponse {
    secured(StatusCode::SEE_OTHER).insert_header((LOCATION, "/apply")).finish()
}

fn not_opened(reason: &NotOpened) -> HttpResponse {
    match reason {
        NotOpened::Unknown => plain(StatusCode::NOT_FOUND, texts::NO_LINK),
        NotOpened::Used => plain(StatusCode::GONE, texts::USED),
        NotOpened::Fault(_) => plain(StatusCode::SERVICE_UNAVAILABLE, texts::FAILED),
    }
}

/// What cannot be done, in both languages: whose page it is, is not known.
fn plain(status: StatusCode, text: (&str, &str)) -> HttpResponse {
    document(secured(status), Language::Chinese, texts::APPLY, |html| {
        html.element("p", &[], text.0);
        html.element("p", &[("lang", "en")], text.1);
    })
}

fn failed(problem: &Problem) -> HttpResponse {
    let status = problem.status_code();
    let text = match status {
        StatusCode::TOO_MANY_REQUESTS => texts::FAILED,
        status if status.is_client_error() => texts::BROKEN,
        _ => texts::FAILED,
    };
    plain(status, text)
}
