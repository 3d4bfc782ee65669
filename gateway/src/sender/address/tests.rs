//! Every spelling an attacker has for an inside address.

use super::*;

fn live() -> Policy {
    Policy { ports: vec![8443], loopback: false }
}

fn parse(text: &str) -> Result<Target, AddressError> {
    Target::parse(text, &live())
}

#[test]
fn an_ordinary_endpoint_is_taken() {
    for text in [
        "https://claims.insurer.example.tw/hooks/claimgate?tenant=1",
        "https://insurer.example.tw:8443/",
        "https://INSURER.example.tw",
        "https://保險.台灣/收件",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn every_spelling_of_an_ip_address_is_refused() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1]",
        "169.254.169.254",
        "0xa9fea9fe",
        "10.0.0.1",
        "8.8.8.8",
        "[2606:4700::1111]",
        "0",
        "0.0.0.0",
    ] {
        let refused = parse(&format!("https://{host}/")).unwrap_err();
        assert!(matches!(refused, AddressError::Literal | AddressError::Malformed), "{host}: {refused}");
    }
}

#[test]
fn what_only_means_something_inside_is_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "foo.localhost",
        "intranet",
        "db",
        "metadata.google.internal",
        "printer.local",
        "router.home.arpa",
        "x.test",
    ] {
        assert_eq!(parse(&format!("https://{host}/")).unwrap_err(), AddressError::LocalName, "{host}");
    }
}

#[test]
fn other_schemes_ports_and_extras_are_refused() {
    assert_eq!(parse("http://insurer.example.tw/"), Err(AddressError::Scheme));
    for text in ["ftp://insurer.example.tw/", "gopher://insurer.example.tw/", "file:///etc/passwd", "javascript:1"] {
        assert!(matches!(parse(text), Err(AddressError::Scheme | AddressError::Malformed)), "{text}");
    }
    assert_eq!(parse("https://insurer.example.tw:22/"), Err(AddressError::Port));
    assert_eq!(parse("https://insurer.example.tw:80/"), Err(AddressError::Port));
    assert_eq!(parse("https://user@insurer.example.tw/"), Err(AddressError::Extras));
    assert_eq!(parse("https://a:b@insurer.example.tw/"), Err(AddressError::Extras));
    assert_eq!(parse("https://insurer.example.tw/#x"), Err(AddressError::Extras));
    // The host is what stands behind the last @, not before it.
    assert_eq!(parse("https://insurer.example.tw@127.0.0.1/"), Err(AddressError::Extras));
    assert_eq!(parse(&format!("https://insurer.example.tw/{}", "x".repeat(1_100))), Err(AddressError::Malformed));
    assert_eq!(parse(""), Err(AddressError::Malformed));
}

#[test]
fn this_machine_is_reached_in_the_sandbox_only() {
    let sandbox = Policy { ports: Vec::new(), loopback: true };
    for text in ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/", "https://127.0.0.1:9/"] {
        assert!(Target::parse(text, &sandbox).is_ok(), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
    assert_eq!(Target::parse("http://10.0.0.1/", &sandbox), Err(AddressError::Scheme));
    assert_eq!(Target::parse("https://10.0.0.1/", &sandbox), Err(AddressError::Literal));
}

#[test]
fn addresses_with_a_special_purpose_are_never_connected_to() {
    let edges = [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.255",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:10.0.0.1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ];
    for text in edges {
        assert!(!live().allows(text.parse().unwrap()), "{text}");
    }
    let global = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2400:cb00::1",
        "2606:4700::1111",
        "3ffe::1",
    ];
    for text in global {
        assert!(live().allows(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn a_target_shown_in_a_log_shows_its_host_alone() {
    let target = parse("https://insurer.example.tw/hook?key=hunter2").unwrap();
    assert_eq!(format!("{target:?}"), "Target(insurer.example.tw)");
}
