//! The route table, whole. A handler is: extract, one call into a flow or a read, answer.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data, ServiceConfig, get, post, put, resource};
use actix_web::{App as Actix, Error, HttpResponse, Resource};

use crate::app::App;

pub mod body;
pub mod caller;
pub mod claims;
pub mod context;
pub mod discovery;
pub mod health;
pub mod hospital;
pub mod insurer;
pub mod oauth;
pub mod problem;

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
        .wrap(actix_web::middleware::from_fn(context::observe))
}

fn routes(service: &mut ServiceConfig) {
    service
        .service(at("/fhir/metadata").route(get().to(discovery::metadata)))
        .service(at("/fhir/.well-known/smart-configuration").route(get().to(discovery::smart)))
        .service(at("/fhir/Bundle").route(post().to(hospital::push)))
        .service(at("/fhir/Bundle/{id}").route(get().to(hospital::read)).route(put().to(hospital::replace)))
        .service(at("/fhir/Bundle/{id}/_history/{revision}").route(get().to(hospital::read_revision)))
        .service(at("/oauth/token").route(post().to(oauth::token)))
        .service(at("/.well-known/smart-configuration").route(get().to(discovery::smart)))
        .service(at("/.well-known/oauth-authorization-server").route(get().to(discovery::authorization_server)))
        .service(at("/.well-known/jwks.json").route(get().to(discovery::token_keys)))
        .service(at("/.well-known/claim-packet-keys").route(get().to(discovery::packet_keys)))
        .service(at("/insurer/v1/deliveries").route(get().to(insurer::list)))
        .service(at("/insurer/v1/deliveries/{id}").route(get().to(insurer::fetch)))
        .service(at("/insurer/v1/deliveries/{id}/ack").route(post().to(insurer::acknowledge)))
        .service(at("/insurer/v1/submissions/{id}/status").route(post().to(insurer::report)))
        .service(at("/claims/v1/links").route(post().to(claims::redeem)))
        .service(at("/claims/v1/claims/{id}/timeline").route(get().to(claims::timeline)))
        .service(at("/healthz").route(get().to(health::alive)))
        .service(at("/readyz").route(get().to(health::ready)))
        .service(at("/metrics").route(get().to(health::metrics)));
}

/// A resource that answers other methods with 405 in our own problem shape.
fn at(path: &str) -> Resource {
    resource(path).default_service(web::to(no_such_method))
}

async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        404,
        "route.unknown",
        "There is nothing at this address; the README and /fhir/metadata list what is",
    ))
}

async fn no_such_method() -> Result<HttpResponse, Problem> {
    Err(Problem::new(405, "method.not-allowed", "This address exists, but not with this method"))
}
