//! Addresses compared as addresses (RFC 3986 §6.2.2, §6.2.3): scheme and host in any case, the default port or none,
//! an unreserved character encoded or not. Query and fragment say nothing here (RFC 9449 §4.3).

/// Whether two absolute http or https addresses name the same thing; never for what is no such address.
pub(super) fn same(one: &str, other: &str) -> bool {
    normal(one).is_some_and(|one| normal(other).is_some_and(|other| one == other))
}

/// An address in its one spelling. Dot segments are left as they are: no route has one.
fn normal(address: &str) -> Option<String> {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'@' && byte != b'\\';
    if host.is_empty() || !host.bytes().all(plain) || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let path = if path.is_empty() { "/".to_owned() } else { decoded(path)? };
    Some(format!("{scheme}://{host}{path}"))
}

/// A path with unreserved characters decoded and the digits of what stays encoded in upper case.
fn decoded(path: &str) -> Option<String> {
    let mut bits = path.split('%');
    let mut normal = bits.next()?.to_owned();
    for bit in bits {
        let (digits, rest) = bit.split_at_checked(2)?;
        // `from_str_radix` alone would take a sign.
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex)?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normal.push(char::from(byte));
        } else {
            normal.push('%');
            normal.push_str(&digits.to_ascii_uppercase());
        }
        normal.push_str(rest);
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_the_same_and_nothing_else_is() {
        let wanted = "https://gate.example/fhir/Bundle/$validate";
        for spelling in [
            wanted,
            "HTTPS://Gate.Example:443/fhir/Bundle/$validate",
            "https://gate.example/fhir/Bundle/$validate?a=1",
            "https://gate.example/fhir/Bundle/$validate#part",
            "https://gate.example/%66hir/Bundle/$v%61lidate",
        ] {
            assert!(same(spelling, wanted), "{spelling}");
        }
        for other in [
            "",
            "/fhir/Bundle/$validate",
            "http://gate.example/fhir/Bundle/$validate",
            "https://gate.example:8443/fhir/Bundle/$validate",
            "https://gate.example:80/fhir/Bundle/$validate",
            "https://gate.example/fhir/bundle/$validate",
            "https://gate.example/fhir/Bundle/$validate/",
            "https://gate.example//fhir/Bundle/$validate",
            "https://gate.example/fhir/Bundle/x/../$validate",
            "https://gate.example/fhir/Bundle/%24validate",
            "https://gate.example/fhir/Bundle/$validate%",
            "https://gate.example/fhir/Bundle/$validate%+1",
            "https://user@gate.example/fhir/Bundle/$validate",
            "https://gate.example\\fhir/Bundle/$validate",
            "https://gate.example.evil/fhir/Bundle/$validate",
            "https://gate.example /fhir/Bundle/$validate",
            "ftp://gate.example/fhir/Bundle/$validate",
        ] {
            assert!(!same(other, wanted), "{other}");
        }
        assert!(same("http://127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(same("https://[::1]:443/%2a", "https://[::1]/%2A"));
        assert!(!same("ftp://gate.example/", "ftp://gate.example/"), "no address of ours");
    }
}
