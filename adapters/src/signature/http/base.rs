//! The signature base (RFC 9421 §2): covered components → the text that is signed.
//!
//! Fields without parameters and the components a request has; what this profile does not know is refused, for a
//! component left out of the base would not be covered at all.

use std::collections::HashSet;

use sfv::{BareItem, InnerList, ListEntry, ListSerializer};

use super::Profile;
use crate::signature::Push;
use crate::signature::fault::{Fault, invalid};

/// Components of one signature.
const COMPONENTS: usize = 32;

const COMPONENT: Fault = invalid(
    "A covered component is not taken, stands twice, or is not in the request. Cover @method, @target-uri (or @authority, \
     @path and @query), content-digest, content-type and further fields you send, each once and without parameters.",
);
const COVERAGE: Fault = invalid(
    "The signature must cover @method, @target-uri (or @authority, @path and, where there is one, @query), content-digest \
     and content-type.",
);

const CALL_COVERAGE: Fault = invalid(
    "The signature must cover @method, @target-uri, content-digest, authorization and, where you send a body, content-type.",
);

/// Checks that enough is covered.
pub(super) fn check_coverage(push: &Push<'_>, covered: &InnerList, profile: Profile) -> Result<(), Fault> {
    let names = names(covered)?;
    let has = |name: &str| names.contains(&name);
    if profile == Profile::Call {
        // A Content-Type that somebody added on the way is not covered, and refuses the call.
        let typed = has("content-type") || push.field("content-type").is_none();
        let enough = typed && ["@method", "@target-uri", "content-digest", "authorization"].into_iter().all(has);
        return if enough { Ok(()) } else { Err(CALL_COVERAGE) };
    }
    let target = has("@target-uri") || (has("@authority") && has("@path") && (push.query.is_none() || has("@query")));
    let enough = target && ["@method", "content-digest", "content-type"].into_iter().all(has);
    if enough { Ok(()) } else { Err(COVERAGE) }
}

/// The text that is signed.
pub(super) fn signature_base(push: &Push<'_>, covered: &InnerList) -> Result<String, Fault> {
    let mut base = String::new();
    for name in names(covered)? {
        let value = component(push, name).ok_or(COMPONENT)?;
        for part in ["\"", name, "\": ", &value, "\n"] {
            base.push_str(part);
        }
    }
    let mut parameters = ListSerializer::new();
    parameters.members([&ListEntry::InnerList(covered.clone())]);
    base.push_str("\"@signature-params\": ");
    base.push_str(&parameters.finish().ok_or(COMPONENT)?);
    Ok(base)
}

fn names(covered: &InnerList) -> Result<Vec<&str>, Fault> {
    let mut seen = HashSet::new();
    let name = |item| match item {
        &sfv::Item { bare_item: BareItem::String(ref name), ref params } if params.is_empty() => {
            seen.insert(name.as_str()).then_some(name.as_str())
        }
        _ => None,
    };
    let names: Option<Vec<_>> = covered.items.iter().map(name).collect();
    names.filter(|names| names.len() <= COMPONENTS).ok_or(COMPONENT)
}

/// The value of a component of a request (RFC 9421 §2.1, §2.2).
pub(super) fn component(push: &Push<'_>, name: &str) -> Option<String> {
    let authority = || {
        let authority = push.authority.to_ascii_lowercase();
        let port = if push.scheme == "https" { ":443" } else { ":80" };
        authority.strip_suffix(port).map(str::to_owned).unwrap_or(authority)
    };
    let path = if push.path.is_empty() { "/" } else { push.path };
    let query = push.query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(match name {
        "@method" => push.method.to_owned(),
        "@target-uri" => format!("{}://{}{path}{query}", push.scheme, authority()),
        "@authority" => authority(),
        "@scheme" => push.scheme.to_ascii_lowercase(),
        "@request-target" => format!("{path}{query}"),
        "@path" => path.to_owned(),
        // An absent query is signed as an empty one.
        "@query" if query.is_empty() => "?".to_owned(),
        "@query" => query,
        // A line break would be a line of the base that nobody sent.
        field if is_field(field) => push.field(field).filter(|value| !value.contains(['\r', '\n']))?,
        _ => return None,
    })
}

/// The name of a header field, in lower case (RFC 9110 §5.1).
fn is_field(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}
