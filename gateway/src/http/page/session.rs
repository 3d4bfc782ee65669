//! Sessions of people on pages, one for each kind of page: a secret in a cookie that scripts and other sites never see, and a token in every form.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use aws_lc_rs::constant_time::verify_slices_are_equal;

/// The longest secret that is read.
const LONGEST: usize = 64;

/// Which page a session is of: one of them is not the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The page a patient applies on.
    Application,
    /// The page the owner of a claim follows it on.
    Owner,
}

/// `Set-Cookie` of a session. Only where the gateway itself is plain HTTP, on a desk, is it not bound to TLS; a page is
/// reached by its link, never from another site.
#[must_use]
pub fn cookie(issuer: &str, of: Of, secret: &str) -> String {
    let secure = if is_tls(issuer) { "; Secure" } else { "" };
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}", name(issuer, of))
}

/// `Set-Cookie` that takes a session's cookie away.
#[must_use]
pub fn no_cookie(issuer: &str, of: Of) -> String {
    format!("{}; Max-Age=0", cookie(issuer, of, ""))
}

/// The secret of a request's session.
#[must_use]
pub fn secret(issuer: &str, of: Of, request: &HttpRequest) -> Option<String> {
    let cookies = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, secret) = pairs.find(|(known, _)| *known == name(issuer, of))?;
    Some(secret.to_owned()).filter(|secret| (1..=LONGEST).contains(&secret.len()))
}

/// Whether a form comes from our own page: by its token, and by what the browser says of it.
#[must_use]
pub fn is_own(request: &HttpRequest, wanted: &str, token: Option<&str>) -> bool {
    let same = |token: &str| verify_slices_are_equal(token.as_bytes(), wanted.as_bytes()).is_ok();
    is_same_site(request) && token.is_some_and(same)
}

/// Whether a browser that says where a request comes from says that it is ours, or that somebody typed its address.
#[must_use]
pub fn is_same_site(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

fn is_tls(issuer: &str) -> bool {
    issuer.starts_with("https://")
}

fn name(issuer: &str, of: Of) -> &'static str {
    match (of, is_tls(issuer)) {
        (Of::Application, true) => "__Host-claimgate-page",
        (Of::Application, false) => "claimgate-page",
        (Of::Owner, true) => "__Host-claimgate-owner",
        (Of::Owner, false) => "claimgate-owner",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_session_is_its_cookie_and_a_form_is_ours_by_its_token() {
        let issuer = "https://gate.example";
        assert!(
            cookie(issuer, Of::Application, "s")
                .starts_with("__Host-claimgate-page=s; Path=/; HttpOnly; SameSite=Strict; Secure")
        );
        let request = TestRequest::default().insert_header(("cookie", "a=b; __Host-claimgate-page=s"));
        let request = request.insert_header(("sec-fetch-site", "same-origin")).to_http_request();
        assert_eq!(secret(issuer, Of::Application, &request).as_deref(), Some("s"));
        assert!(secret("http://127.0.0.1:1", Of::Application, &request).is_none(), "another name without TLS");
        assert!(secret(issuer, Of::Owner, &request).is_none(), "another page's");
        assert!(is_own(&request, "t", Some("t")) && !is_own(&request, "t", Some("x")) && !is_own(&request, "t", None));
        let foreign = TestRequest::default().insert_header(("sec-fetch-site", "cross-site")).to_http_request();
        assert!(!is_own(&foreign, "t", Some("t")));
    }
}
