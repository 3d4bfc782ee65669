//! The link in a mail: an address is confirmed here, and taken off. Looking at it changes nothing: scanners of mail look.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::super::body;
use super::super::form::Form;
use super::super::page::{document, secured, session};
use super::super::wallet::bound;
use super::enter::wanted;
use super::{HERE, Secret, failed, plain, said, texts};
use crate::app::App;

/// `GET /owner/mail/{link}`.
pub async fn address(app: Data<App>, request: HttpRequest, link: Secret) -> HttpResponse {
    if let Err(problem) = bound(&app, &request) {
        return failed(&problem);
    }
    let view = match app.engine.address_of_link(&link).await {
        Ok(Some(view)) => view,
        Ok(None) => return plain(StatusCode::NOT_FOUND, texts::NO_ADDRESS),
        Err(fault) => return failed(&fault.into()),
    };
    let language = wanted(request.query_string()).unwrap_or(view.language);
    document(secured(StatusCode::OK), language, texts::MAIL, |html| {
        let text = if view.confirmed { texts::IS_TOLD } else { texts::WILL_BE_TOLD };
        html.element("p", &[], language.say(text));
        let action = format!("{HERE}/mail/{}", &**link);
        html.within("form", &[("method", "post"), ("action", &action)], |html| {
            html.within("div", &[("class", "steps")], |html| {
                if !view.confirmed {
                    let yes = [("type", "submit"), ("name", "step"), ("value", "confirm")];
                    html.element("button", &yes, language.say(texts::CONFIRM));
                }
                let no = [("type", "submit"), ("name", "step"), ("value", "remove"), ("class", "plain")];
                html.element("button", &no, language.say(texts::REMOVE));
            });
        });
    })
}

/// `POST /owner/mail/{link}`.
pub async fn change(app: Data<App>, request: HttpRequest, payload: Payload, link: Secret) -> HttpResponse {
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
    let view = match app.engine.address_of_link(&link).await {
        Ok(Some(view)) => view,
        Ok(None) => return plain(StatusCode::NOT_FOUND, texts::NO_ADDRESS),
        Err(fault) => return failed(&fault.into()),
    };
    let (done, text) = match form.as_ref().and_then(|form| form.one("step")) {
        Some("confirm") => (app.engine.confirm_address(&view).await, texts::CONFIRMED),
        Some("remove") => (app.engine.forget_address(&view).await, texts::REMOVED),
        _ => return plain(StatusCode::BAD_REQUEST, texts::BROKEN),
    };
    match done {
        Ok(()) => said(secured(StatusCode::OK), view.language, text),
        Err(fault) => failed(&fault.into()),
    }
}
