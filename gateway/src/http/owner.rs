//! The page the owner of a claim follows it on (保戶進度頁): opened by a link or the tracking code, it shows what an app sees, takes
//! papers that were asked for, asks a wallet who the person is, and notes addresses that are told. Works without scripts.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::body::{self, Small};
use super::form::Form;
use super::page::field::Wrong;
use super::page::parts::parts;
use super::page::session::{self, Of};
use super::page::{secured, secured_live};
use super::problem::Problem;
use super::wallet::bound;
use crate::app::App;
use crate::core::application::page::Language;
use crate::flows::insurer::{LARGEST_ANSWER, NotDone};
use crate::flows::owner::{NotNoted, OpenOwnerPage, OwnerNotLetIn, Shown};

mod enter;
mod letters;
mod papers;
mod show;
mod texts;

pub use enter::{begin, link};
pub use letters::{address, change};

/// Files of an answer, and the fields beside them.
const UPLOAD: Small = Small { bytes: LARGEST_ANSWER + (1 << 20), members: 0 };
/// Where the page stands.
const HERE: &str = "/owner";

/// What a person is told at the top of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notice {
    /// Nothing.
    #[default]
    None,
    /// Papers were taken.
    Sent,
    /// An address was noted.
    Asked,
}

impl Notice {
    fn of(query: &str) -> Self {
        let form = Form::read(query);
        match form.as_ref().and_then(|form| form.one("done")) {
            Some("papers") => Self::Sent,
            Some("address") => Self::Asked,
            _ => Self::None,
        }
    }
}

/// `GET /owner`: the page of this session, or where the tracking code is typed.
pub async fn show(app: Data<App>, request: HttpRequest) -> HttpResponse {
    match open(&app, &request).await {
        Ok(Some((page, token))) => shown(&app, page, &token, (Notice::of(request.query_string()), &[])).await,
        Ok(None) => {
            let wanted = Form::read(request.query_string()).and_then(|form| form.one("lang").and_then(Language::of));
            enter::by_code(wanted.unwrap_or_default(), StatusCode::OK, None)
        }
        Err(answer) => answer,
    }
}

/// `POST /owner`: a code is typed, or something of the open page changes.
pub async fn step(app: Data<App>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let page = match open(&app, &request).await {
        Ok(page) => page,
        Err(answer) => return answer,
    };
    let form = match body::form(&app, &request, payload).await {
        Ok(text) => Form::read(&text),
        Err(problem) => return failed(&problem),
    };
    let Some(form) = form else { return plain(StatusCode::BAD_REQUEST, texts::BROKEN) };
    if let Some(code) = form.one("code") {
        return enter::with_code(&app, &request, code, form.one("language").and_then(Language::of)).await;
    }
    let Some((mut page, token)) = page else { return plain(StatusCode::FORBIDDEN, texts::OVER) };
    if !session::is_own(&request, &token, form.one("token")) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    let step = form.one("step").unwrap_or_default();
    if let Some(language) = step.strip_prefix("language-").and_then(Language::of) {
        page.state.language = language;
        return kept(app.engine.save_owner_page(&page).await.map(|_| ()));
    }
    if let Some(id) = step.strip_prefix("forget-") {
        let Ok(id) = id.parse() else { return to_page("") };
        return kept(app.engine.forget_address_of_page(&page, id).await);
    }
    match step {
        "close" => match app.engine.close_owner_page(&page).await {
            Ok(()) => {
                let mut answer = secured(StatusCode::OK);
                answer.insert_header((SET_COOKIE, session::no_cookie(&app.engine.issuer, Of::Owner)));
                said(answer, page.state.language, texts::CLOSED)
            }
            Err(fault) => failed(&fault.into()),
        },
        "wallet" => match app.engine.ask_wallet_who(&mut page).await {
            Ok(true) => to_page(""),
            Ok(false) => shown(&app, page, &token, (Notice::None, &[Wrong::new("wallet", texts::NO_WALLET)])).await,
            Err(fault) => failed(&fault.into()),
        },
        "address" => match app.engine.note_address(&page, form.one("email").unwrap_or_default()).await {
            Ok(()) => to_page("?done=address"),
            Err(NotNoted::Fault(fault)) => failed(&fault.into()),
            Err(reason) => {
                let wrong = Wrong::new("email", texts::address(&reason));
                shown(&app, page, &token, (Notice::None, &[wrong])).await
            }
        },
        _ => to_page(""),
    }
}

/// `POST /owner/papers`: the files of what was asked for.
pub async fn hand_in(app: Data<App>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let (page, token) = match open(&app, &request).await {
        Ok(Some(open)) => open,
        Ok(None) => return plain(StatusCode::FORBIDDEN, texts::OVER),
        Err(answer) => return answer,
    };
    let sent = match body::small(&app, &request, payload, UPLOAD).await {
        Ok(sent) => sent,
        Err(problem) if problem.status_code() == StatusCode::PAYLOAD_TOO_LARGE => {
            let wrong = Wrong::new("papers", texts::TOO_LARGE);
            return shown(&app, page, &token, (Notice::None, &[wrong])).await;
        }
        Err(problem) => return failed(&problem),
    };
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(parts) = parts(kind, &sent) else { return plain(StatusCode::BAD_REQUEST, texts::BROKEN) };
    let given = parts.iter().find(|part| part.name == "token").and_then(|part| part.text());
    if !session::is_own(&request, &token, given) {
        return plain(StatusCode::FORBIDDEN, texts::FOREIGN);
    }
    let requests = match app.engine.requests_of_owner(&page.owner(), page.claim()).await {
        Ok(requests) => papers::waiting(requests),
        Err(reason) => return failed(&reason.into()),
    };
    let (ids, handed) = papers::handed_in(&requests, &parts);
    if ids.is_empty() {
        let wrong = Wrong::new("papers", texts::NOTHING);
        return shown(&app, page, &token, (Notice::None, &[wrong])).await;
    }
    match app.engine.hand_in(&page.owner(), (page.claim(), &ids), &handed).await {
        Ok(_) => to_page("?done=papers"),
        Err(NotDone::Fault(fault)) => failed(&fault.into()),
        Err(reason) => {
            let wrong = Wrong::new("papers", texts::not_taken(&reason));
            shown(&app, page, &token, (Notice::None, &[wrong])).await
        }
    }
}

/// `GET /owner/news`: the place of the newest entry, for the script that says that there is something new.
pub async fn news(app: Data<App>, request: HttpRequest) -> HttpResponse {
    match open(&app, &request).await {
        Ok(Some((page, _))) => match app.engine.newest_on_page(&page).await {
            Ok(newest) => secured(StatusCode::OK).content_type("text/plain; charset=utf-8").body(newest.to_string()),
            Err(fault) => failed(&fault.into()),
        },
        Ok(None) => plain(StatusCode::FORBIDDEN, texts::OVER),
        Err(answer) => answer,
    }
}

/// The page of a request's session, and the token its forms carry; none where there is no session.
async fn open(app: &App, request: &HttpRequest) -> Result<Option<(OpenOwnerPage, String)>, HttpResponse> {
    bound(app, request).map_err(|problem| failed(&problem))?;
    let Some(secret) = session::secret(&app.engine.issuer, Of::Owner, request) else { return Ok(None) };
    let page = app.engine.owner_page(&secret).await.map_err(|fault| failed(&fault.into()))?;
    Ok(page.map(|page| (page, app.engine.owner_token(&secret))))
}

async fn shown(app: &App, mut page: OpenOwnerPage, token: &str, (notice, wrong): (Notice, &[Wrong])) -> HttpResponse {
    let wallet = match app.engine.shown_by_wallet(&mut page).await {
        Ok(shown) => shown,
        Err(fault) => return failed(&fault.into()),
    };
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut answer = secured_live(status);
    if wallet == Shown::Waiting && wrong.is_empty() {
        // Without scripts too the page sees by itself that the wallet has answered.
        answer.insert_header(("Refresh", format!("4; url={HERE}")));
    }
    match show::Sight::of(app, &page).await {
        Ok(sight) => show::page(answer, &page, token, (&sight, wallet), (notice, wrong)),
        Err(reason) => failed(&reason),
    }
}

fn kept(outcome: Result<(), crate::flows::Fault>) -> HttpResponse {
    match outcome {
        Ok(()) => to_page(""),
        Err(fault) => failed(&fault.into()),
    }
}

fn to_page(query: &str) -> HttpResponse {
    secured(StatusCode::SEE_OTHER).insert_header((LOCATION, format!("{HERE}{query}"))).finish()
}

fn not_let_in(reason: &OwnerNotLetIn) -> HttpResponse {
    match reason {
        OwnerNotLetIn::Unknown => plain(StatusCode::NOT_FOUND, texts::NO_LINK),
        OwnerNotLetIn::Used => plain(StatusCode::GONE, texts::USED),
        OwnerNotLetIn::Fault(_) => plain(StatusCode::SERVICE_UNAVAILABLE, texts::FAILED),
    }
}

/// What cannot be done, in both languages: whose page it is, is not known.
fn plain(status: StatusCode, text: (&str, &str)) -> HttpResponse {
    super::page::document(secured(status), Language::Chinese, texts::TITLE, |html| {
        html.element("p", &[], text.0);
        html.element("p", &[("lang", "en")], text.1);
    })
}

/// One sentence in the language of the page.
fn said(answer: actix_web::HttpResponseBuilder, language: Language, text: (&str, &str)) -> HttpResponse {
    super::page::document(answer, language, texts::TITLE, |html| html.element("p", &[], language.say(text)))
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

/// The link to the page, as `POST /claims/v1/claims/{id}/page` gives it.
#[must_use]
pub fn address_of(issuer: &str, secret: &str) -> String {
    format!("{issuer}{HERE}/link/{secret}")
}

/// What a path holds that is a secret: nothing of it is repeated anywhere.
type Secret = Path<String>;
