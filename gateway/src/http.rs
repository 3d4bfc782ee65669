//! The route table, whole. A handler is: extract, one call into a flow or a read, answer.

use std::future::ready;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data, ServiceConfig, delete, get, head, patch, post, put, resource};
use actix_web::{App as Actix, Error, HttpResponse, Resource};

use crate::app::App;

pub mod accidents;
pub mod acks;
pub mod application_pages;
pub mod applications;
pub mod apply;
pub mod assessments;
pub mod attachments;
pub mod body;
pub mod caller;
pub mod cases;
pub mod certificate;
pub mod claims;
pub mod codes;
pub mod confirm;
pub mod content;
pub mod context;
pub mod cover;
pub mod discovery;
pub mod dpop;
pub mod events;
pub mod fhir;
pub mod form;
pub mod hand_in;
pub mod handover;
pub mod health;
pub mod hospital;
pub mod identity;
pub mod insurer;
pub mod ledger;
pub mod limited;
pub mod log;
pub mod mandates;
pub mod mydata;
pub mod oauth;
pub mod offset;
#[cfg(feature = "schema")]
pub mod openapi;
pub mod operator;
pub mod owner;
pub mod owner_pages;
pub mod page;
pub mod problem;
pub mod provider;
pub mod published;
pub mod pull;
pub mod push;
pub mod qr;
pub mod records;
pub mod reports;
pub mod requests;
pub mod search;
pub mod sending;
pub mod shops;
pub mod signed;
pub mod timeline;
pub mod uploads;
pub mod wallet;

use caller::{FileAccidents, PushBundles};
use problem::Problem;

/// The whole server as a service.
#[must_use]
pub fn service(
    app: Data<App>,
) -> Actix<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    Actix::new()
        .app_data(app)
        .configure(routes)
        .default_service(web::to(no_such_route))
        .wrap(actix_web::middleware::from_fn(limited::hold))
        .wrap(actix_web::middleware::from_fn(context::observe))
}

fn routes(service: &mut ServiceConfig) {
    operator_routes(service);
    life_routes(service);
    accident_routes(service);
    identity_routes(service);
    shop_routes(service);
    service
        .service(at("/fhir/metadata", "GET").route(get().to(discovery::metadata)))
        .service(at("/fhir/.well-known/smart-configuration", "GET").route(get().to(discovery::smart)))
        .service(
            at("/fhir/Bundle", "GET, POST, PUT")
                .route(post().to(hospital::push))
                .route(put().to(hospital::update))
                .route(get().to(search::bundles)),
        )
        .service(at("/fhir/Bundle/$validate", "POST").route(post().to(hospital::validate)))
        .service(at("/fhir/Bundle/_search", "POST").route(post().to(search::bundles_by_form)))
        .service(at("/fhir/Composition", "GET").route(get().to(search::compositions)))
        .service(at("/fhir/Composition/_search", "POST").route(post().to(search::compositions_by_form)))
        .service(at("/fhir/ClaimResponse", "GET").route(get().to(search::responses)))
        .service(at("/fhir/ClaimResponse/_search", "POST").route(post().to(search::responses_by_form)))
        .service(at("/fhir/Task", "GET").route(get().to(requests::tasks)))
        .service(at("/fhir/Task/{id}", "GET").route(get().to(requests::read_task)))
        .service(at("/fhir/Task/{id}/$records", "POST").route(post().to(records::take)))
        .service(at("/fhir/Bundle/{id}", "GET, PUT").route(get().to(hospital::read)).route(put().to(hospital::replace)))
        .service(at("/fhir/Bundle/{id}/_history/{revision}", "GET").route(get().to(hospital::read_revision)))
        .service(at("/oauth/token", "POST").route(post().to(oauth::token)))
        .service(at("/.well-known/smart-configuration", "GET").route(get().to(discovery::smart)))
        .service(at("/.well-known/oauth-authorization-server", "GET").route(get().to(discovery::authorization_server)))
        .service(at("/.well-known/jwks.json", "GET").route(get().to(discovery::token_keys)))
        .service(at("/.well-known/claim-packet-keys", "GET").route(get().to(discovery::packet_keys)))
        .service(at("/insurer/v1/deliveries", "GET").route(get().to(pull::list)))
        .service(at("/insurer/v1/deliveries/{id}", "GET").route(get().to(insurer::fetch)))
        .service(at("/insurer/v1/deliveries/{id}/attachments/{attachment}", "GET").route(get().to(attachments::fetch)))
        .service(at("/insurer/v1/deliveries/{id}/attachments/{attachment}/key", "GET").route(get().to(content::key)))
        .service(
            at("/insurer/v1/deliveries/{id}/attachments/{attachment}/content", "GET").route(get().to(content::content)),
        )
        .service(at("/insurer/v1/deliveries/{id}/ack", "POST").route(post().to(insurer::acknowledge)))
        .service(at("/insurer/v1/deliveries/{id}/return", "POST").route(post().to(handover::give_back)))
        .service(at("/insurer/v1/acks", "POST").route(post().to(acks::acknowledge)))
        .service(at("/insurer/v1/deliveries/{id}/receipt", "GET").route(get().to(insurer::receipt)))
        .service(at("/insurer/v1/deliveries/{id}/proof", "GET").route(get().to(log::proof)))
        .service(at("/insurer/v1/deliveries/{id}/attempts", "GET").route(get().to(push::attempts)))
        .service(at("/insurer/v1/deliveries/{id}/redrive", "POST").route(post().to(push::redrive_one)))
        .service(at("/insurer/v1/endpoint", "GET").route(get().to(push::endpoint)))
        .service(at("/insurer/v1/endpoint/redrive", "POST").route(post().to(push::redrive)))
        .service(at("/insurer/v1/alerts", "GET").route(get().to(operator::alerts::own)))
        .service(at("/hospital/v1/claims/{id}/deliveries", "GET").route(get().to(push::sent)))
        .service(at("/claims/v1/links", "POST").route(post().to(claims::redeem)))
        .service(at("/claims/v1/claims/{id}/timeline", "GET").route(get().to(claims::timeline)))
        .service(at("/wallet/v1/sessions", "POST").route(post().to(wallet::ask)))
        .service(at("/wallet/v1/sessions/{id}", "GET").route(get().to(wallet::session)))
        .service(
            at("/wallet/v1/requests/{id}", "GET, POST")
                .route(get().to(wallet::request))
                .route(post().to(wallet::request_with_nonce)),
        )
        .service(at("/wallet/v1/responses/{id}", "POST").route(post().to(wallet::answer)))
        .service(at("/mydata/v1/transactions", "POST").route(post().to(mydata::begin)))
        .service(at("/mydata/v1/transactions/{id}", "GET").route(get().to(mydata::transaction)))
        .service(at("/mydata/v1/transactions/{id}/documents", "GET").route(get().to(mydata::documents)))
        .service(at("/mydata/v1/notifications", "POST").route(post().to(mydata::notify)))
        .service(at("/mydata/v1/return", "GET").route(get().to(mydata::returned)))
        .service(at("/mandates/v1/check", "POST").route(post().to(mandates::check)))
        .service(at("/mandates/v1/records", "POST").route(post().to(mandates::record)))
        .service(at("/mandates/v1/records/{id}/revoke", "POST").route(post().to(mandates::revoke)))
        .service(at("/errors.json", "GET").route(get().to(published::errors)))
        .service(at("/openapi.json", "GET").route(get().to(published::openapi)))
        .service(at("/log/checkpoint", "GET").route(get().to(log::checkpoint)))
        .service(at("/log/tile/{path:.*}", "GET").route(get().to(log::tile)))
        .service(at("/healthz", "GET").route(get().to(health::alive)))
        .service(at("/readyz", "GET").route(get().to(health::ready)))
        .service(at("/metrics", "GET").route(get().to(health::metrics)));
}

/// The life of a claim: what is signed for it, handed in, decided, paid.
fn life_routes(service: &mut ServiceConfig) {
    service
        .service(at("/hospital/v1/applications", "POST").route(post().to(applications::apply)))
        .service(at("/hospital/v1/application-pages", "POST").route(post().to(application_pages::begin)))
        .service(at("/hospital/v1/application-pages/{id}", "GET").route(get().to(application_pages::read)))
        .service(at("/apply/link/{secret}", "GET, POST").route(get().to(apply::link)).route(post().to(apply::begin)))
        .service(at("/apply", "GET, POST").route(get().to(apply::show)).route(post().to(apply::step)))
        .service(at("/page/style.css", "GET").route(get().to(page::style)))
        .service(at("/page/sign.js", "GET").route(get().to(page::script)))
        .service(at("/page/owner.js", "GET").route(get().to(page::news)))
        .service(at("/owner", "GET, POST").route(get().to(owner::show)).route(post().to(owner::step)))
        .service(at("/owner/papers", "POST").route(post().to(owner::hand_in)))
        .service(at("/owner/news", "GET").route(get().to(owner::news)))
        .service(at("/owner/link/{secret}", "GET, POST").route(get().to(owner::link)).route(post().to(owner::begin)))
        .service(at("/owner/mail/{link}", "GET, POST").route(get().to(owner::address)).route(post().to(owner::change)))
        .service(at("/claims/v1/claims/{id}/page", "POST").route(post().to(owner_pages::begin)))
        .service(at("/claims/v1/endpoint", "GET").route(get().to(push::endpoint_of_app)))
        .service(at("/claims/v1/endpoint/redrive", "POST").route(post().to(push::redrive_app)))
        .service(at("/hospital/v1/applications/{id}", "GET").route(get().to(applications::read)))
        .service(
            at("/hospital/v1/applications/{id}/recipients/{party}/withdraw", "POST")
                .route(post().to(applications::withdraw)),
        )
        .service(at("/hospital/v1/uploads", "POST").route(post().to(uploads::begin::<PushBundles>)))
        .service(
            at("/hospital/v1/uploads/{id}", "GET, HEAD, PATCH, DELETE")
                .route(get().to(uploads::read::<PushBundles>))
                .route(head().to(uploads::offset::<PushBundles>))
                .route(patch().to(uploads::append::<PushBundles>))
                .route(delete().to(uploads::give_up::<PushBundles>)),
        )
        .service(at("/insurer/v1/submissions/{id}/status", "POST").route(post().to(insurer::report)))
        .service(at("/insurer/v1/submissions/{id}/payments", "POST").route(post().to(ledger::pay)))
        .service(at("/insurer/v1/submissions/{id}/supplements", "POST").route(post().to(requests::ask)))
        .service(at("/insurer/v1/submissions/{id}/requests", "GET").route(get().to(requests::of_submission)))
        .service(at("/insurer/v1/requests/{id}/close", "POST").route(post().to(requests::close)))
        .service(at("/hospital/v1/requests", "GET").route(get().to(requests::list)))
        .service(at("/hospital/v1/requests/{id}", "GET").route(get().to(requests::look)))
        .service(at("/hospital/v1/requests/{id}/answer", "POST").route(post().to(requests::answer)))
        .service(at("/claims/v1/claims/{id}/requests", "GET").route(get().to(requests::of_person)))
        .service(at("/claims/v1/claims/{id}/requests/{request}/answer", "POST").route(post().to(hand_in::answer)))
        .service(at("/insurer/v1/submissions/{id}/coordination", "GET").route(get().to(ledger::coordination)))
        .service(
            at("/insurer/v1/record-requests", "GET, POST")
                .route(get().to(records::list))
                .route(post().to(records::ask)),
        )
        .service(at("/insurer/v1/record-requests/{id}", "GET").route(get().to(records::read)))
        .service(at("/insurer/v1/record-requests/{id}/comparison", "GET").route(get().to(records::comparison)))
        .service(at("/insurer/v1/record-requests/{id}/close", "POST").route(post().to(records::close)))
        .service(at("/insurer/v1/requests/{id}/fee", "POST").route(post().to(records::answer_fee)))
        .service(at("/hospital/v1/requests/{id}/fee", "POST").route(post().to(records::charge)))
        .service(at("/hospital/v1/requests/{id}/withdraw", "POST").route(post().to(records::withdraw)))
        .service(at("/hospital/v1/requests/{id}/consent", "GET").route(get().to(records::consent)))
        .service(at("/insurer/v1/submissions/{id}", "GET").route(get().to(ledger::standing)))
        .service(at("/insurer/v1/statements/{date}", "GET").route(get().to(ledger::of_insurer)))
        .service(at("/hospital/v1/statements/{date}", "GET").route(get().to(ledger::of_hospital)))
        .service(at("/insurer/v1/deadlines", "GET").route(get().to(reports::deadlines_of_insurer)))
        .service(at("/hospital/v1/deadlines", "GET").route(get().to(reports::deadlines_of_hospital)))
        .service(at("/insurer/v1/turnaround", "GET").route(get().to(reports::turnaround_of_insurer)))
        .service(at("/hospital/v1/turnaround", "GET").route(get().to(reports::turnaround_of_hospital)))
        .service(at("/hospital/v1/offsets", "POST").route(post().to(offset::open)))
        .service(at("/hospital/v1/offsets/{id}", "GET").route(get().to(offset::of_hospital)))
        .service(at("/hospital/v1/offsets/{id}/bill", "PUT").route(put().to(offset::bill)))
        .service(at("/hospital/v1/offsets/{id}/instruction", "POST").route(post().to(offset::instruct)))
        .service(at("/hospital/v1/offsets/{id}/accept", "POST").route(post().to(offset::accept)))
        .service(at("/hospital/v1/offsets/{id}/cancel", "POST").route(post().to(offset::cancel)))
        .service(at("/hospital/v1/offsets/{id}/death", "POST").route(post().to(offset::death)))
        .service(at("/hospital/v1/offsets/{id}/discharge", "POST").route(post().to(offset::discharge)))
        .service(at("/insurer/v1/offsets", "GET").route(get().to(offset::list)))
        .service(at("/insurer/v1/offsets/{id}", "GET").route(get().to(offset::of_insurer)))
        .service(at("/insurer/v1/offsets/{id}/promise", "POST").route(post().to(offset::promise)))
        .service(at("/insurer/v1/offsets/{id}/decline", "POST").route(post().to(offset::decline)))
        .service(at("/insurer/v1/offsets/{id}/cancel", "POST").route(post().to(offset::withdraw)))
        .service(at("/insurer/v1/offsets/{id}/settle", "POST").route(post().to(offset::settle)))
        .service(at("/insurer/v1/offsets/{id}/refund", "POST").route(post().to(offset::refund)))
        .service(at("/hospital/v1/claims/{id}/timeline", "GET").route(get().to(timeline::of_hospital)))
        .service(at("/insurer/v1/submissions/{id}/timeline", "GET").route(get().to(timeline::of_insurer)))
        .service(at("/hospital/v1/events", "GET").route(get().to(events::of_hospital)))
        .service(at("/insurer/v1/events", "GET").route(get().to(events::of_insurer)))
        .service(at("/claims/v1/claims/{id}/events", "GET").route(get().to(events::of_owner)))
        .service(at("/insurer/v1/submissions/{id}/link", "POST").route(post().to(handover::link)))
        .service(at("/insurer/v1/submissions/{id}/trace", "GET").route(get().to(handover::of_insurer)))
        .service(at("/hospital/v1/submissions/{id}/trace", "GET").route(get().to(handover::of_hospital)));
}

/// How persons are identified.
fn identity_routes(service: &mut ServiceConfig) {
    service
        .service(at("/identity/v1/challenges", "POST").route(post().to(identity::challenge)))
        .service(at("/identity/v1/identifications", "POST").route(post().to(identity::report)))
        .service(at("/identity/v1/claims/{id}", "GET").route(get().to(identity::read)));
}

/// Accidents: filed, followed, and what police sources see of them.
fn accident_routes(service: &mut ServiceConfig) {
    service
        .service(at("/claims/v1/accidents", "POST").route(post().to(accidents::file)))
        .service(at("/claims/v1/accidents/{id}", "GET").route(get().to(accidents::of_app)))
        .service(at("/claims/v1/accidents/{id}/papers", "POST").route(post().to(accidents::channels::hand_in)))
        .service(at("/claims/v1/accidents/{id}/mydata", "POST").route(post().to(accidents::channels::begin)))
        .service(
            at("/claims/v1/accidents/{id}/mydata/{transaction}", "POST").route(post().to(accidents::channels::take)),
        )
        .service(at("/claims/v1/accidents/{id}/linking", "POST").route(post().to(accidents::channels::link)))
        .service(
            at("/claims/v1/accidents/{id}/recipients/{party}/withdraw", "POST").route(post().to(accidents::withdraw)),
        )
        .service(at("/claims/v1/cases", "POST").route(post().to(cases::open)))
        .service(at("/claims/v1/cases/{id}", "GET, PATCH").route(get().to(cases::read)).route(patch().to(cases::save)))
        .service(at("/claims/v1/cases/{id}/invitations", "POST").route(post().to(cases::invite)))
        .service(at("/claims/v1/cases/{id}/join", "POST").route(post().to(cases::join)))
        .service(at("/claims/v1/cases/{id}/consents", "GET").route(get().to(cases::consents)))
        .service(at("/claims/v1/cases/{id}/submit", "POST").route(post().to(cases::submit)))
        .service(at("/claims/v1/uploads", "POST").route(post().to(uploads::begin::<FileAccidents>)))
        .service(
            at("/claims/v1/uploads/{id}", "GET, HEAD, PATCH, DELETE")
                .route(get().to(uploads::read::<FileAccidents>))
                .route(head().to(uploads::offset::<FileAccidents>))
                .route(patch().to(uploads::append::<FileAccidents>))
                .route(delete().to(uploads::give_up::<FileAccidents>)),
        )
        .service(at("/insurer/v1/accidents", "POST").route(post().to(accidents::inquire)))
        .service(at("/insurer/v1/accidents/{id}", "GET").route(get().to(accidents::of_insurer)))
        .service(
            at("/claims/v1/accidents/{id}/cover", "GET, POST")
                .route(get().to(cover::read))
                .route(post().to(cover::ask)),
        )
        .service(at("/insurer/v1/cover-key", "GET").route(get().to(cover::key)))
        .service(at("/claims/v1/assessments", "POST").route(post().to(assessments::of_app)))
        .service(at("/insurer/v1/assessments", "POST").route(post().to(assessments::of_insurer)))
        .service(at("/police/v1/uses", "GET").route(get().to(accidents::uses)))
        .service(at("/police/v1/notices", "POST").route(post().to(accidents::notice)));
}

/// Repairs: the owner invites, shops estimate and invoice, insurers decide.
fn shop_routes(service: &mut ServiceConfig) {
    service
        .service(
            at("/claims/v1/accidents/{id}/shops", "GET, POST")
                .route(get().to(shops::of_owner))
                .route(post().to(shops::invite)),
        )
        .service(at("/claims/v1/accidents/{id}/shops/{repair}/choose", "POST").route(post().to(shops::choose)))
        .service(at("/claims/v1/accidents/{id}/shops/{repair}/withdraw", "POST").route(post().to(shops::withdraw)))
        .service(at("/claims/v1/accidents/{id}/shops/{repair}/handover", "POST").route(post().to(shops::confirm)))
        .service(at("/shops/v1/jobs", "GET").route(get().to(shops::jobs)))
        .service(at("/shops/v1/jobs/{id}", "GET").route(get().to(shops::job)))
        .service(at("/shops/v1/jobs/{id}/accept", "POST").route(post().to(shops::accept)))
        .service(at("/shops/v1/jobs/{id}/decline", "POST").route(post().to(shops::decline)))
        .service(at("/shops/v1/jobs/{id}/inspection", "POST").route(post().to(shops::inspection)))
        .service(at("/shops/v1/jobs/{id}/estimates", "POST").route(post().to(shops::estimate)))
        .service(at("/shops/v1/jobs/{id}/invoice", "POST").route(post().to(shops::invoice)))
        .service(at("/shops/v1/jobs/{id}/handover", "POST").route(post().to(shops::handover)))
        .service(at("/shops/v1/events", "GET").route(get().to(events::of_shop)))
        .service(at("/insurer/v1/repairs", "GET").route(get().to(shops::of_insurer)))
        .service(at("/insurer/v1/repairs/{id}", "GET").route(get().to(shops::one_of_insurer)))
        .service(at("/insurer/v1/repairs/{id}/inspection", "POST").route(post().to(shops::inspect)))
        .service(at("/insurer/v1/repairs/{id}/decision", "POST").route(post().to(shops::decide)))
        .service(at("/insurer/v1/repairs/{id}/invoice", "POST").route(post().to(shops::answer_invoice)));
}

fn operator_routes(service: &mut ServiceConfig) {
    use operator::{alerts, endpoints, parties, proposals, trust, watch};
    service
        .service(at("/operator/v1/parties", "GET").route(get().to(parties::list)))
        .service(
            at("/operator/v1/parties/{id}", "GET, PUT, PATCH")
                .route(get().to(parties::read))
                .route(put().to(parties::replace))
                .route(patch().to(parties::change_state)),
        )
        .service(
            at("/operator/v1/parties/{id}/endpoint", "GET, PUT")
                .route(get().to(endpoints::read))
                .route(put().to(endpoints::set)),
        )
        .service(at("/operator/v1/parties/{id}/endpoint/rotate", "POST").route(post().to(endpoints::rotate)))
        .service(at("/operator/v1/parties/{id}/endpoint/resume", "POST").route(post().to(endpoints::resume)))
        .service(at("/operator/v1/parties/{id}/endpoint/off", "POST").route(post().to(endpoints::off)))
        .service(at("/operator/v1/parties/{id}/endpoint/redrive", "POST").route(post().to(endpoints::redrive)))
        .service(at("/operator/v1/endpoints", "GET").route(get().to(endpoints::list)))
        .service(at("/operator/v1/dead-letters", "GET").route(get().to(endpoints::dead)))
        .service(at("/operator/v1/deliveries/{id}/attempts", "GET").route(get().to(endpoints::attempts)))
        .service(at("/operator/v1/proposals", "GET").route(get().to(proposals::list)))
        .service(at("/operator/v1/proposals/{id}", "GET").route(get().to(proposals::read)))
        .service(at("/operator/v1/proposals/{id}/approve", "POST").route(post().to(proposals::approve)))
        .service(at("/operator/v1/proposals/{id}/reject", "POST").route(post().to(proposals::reject)))
        .service(at("/operator/v1/proposals/{id}/withdraw", "POST").route(post().to(proposals::withdraw)))
        .service(at("/operator/v1/trust/issuers", "GET").route(get().to(trust::issuers)))
        .service(at("/operator/v1/trust/issuers/revoke", "POST").route(post().to(trust::revoke)))
        .service(
            at("/operator/v1/trust/proposals", "GET, POST")
                .route(get().to(trust::list))
                .route(post().to(trust::propose)),
        )
        .service(at("/operator/v1/trust/proposals/{id}", "GET").route(get().to(trust::read)))
        .service(at("/operator/v1/trust/proposals/{id}/approve", "POST").route(post().to(trust::approve)))
        .service(at("/operator/v1/trust/proposals/{id}/reject", "POST").route(post().to(trust::reject)))
        .service(at("/operator/v1/trust/proposals/{id}/withdraw", "POST").route(post().to(trust::withdraw)))
        .service(at("/operator/v1/mandate-ends", "POST").route(post().to(mandates::end)))
        .service(at("/operator/v1/alerts", "GET").route(get().to(alerts::list)))
        .service(at("/operator/v1/alerts/{id}/acknowledge", "POST").route(post().to(alerts::acknowledge)))
        .service(at("/operator/v1/reports/consortium", "GET").route(get().to(reports::consortium)))
        .service(at("/operator/v1/audit", "GET").route(get().to(watch::audit)))
        .service(at("/operator/v1/health", "GET").route(get().to(watch::health)));
}

/// A resource that answers other methods with 405 in our own problem shape.
fn at(path: &str, methods: &'static str) -> Resource {
    resource(path).default_service(web::to(move || ready(Err::<HttpResponse, _>(Problem::method_not_allowed(methods)))))
}

async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        404,
        "route.unknown",
        "There is nothing at this address; /openapi.json and /fhir/metadata list what is",
    ))
}
