use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const HOST: &str = "shop.example";

fn policy() -> CrossSitePolicy {
    CrossSitePolicy::new()
        .add_origin("https://Admin.example:443/")
        .checked()
        .unwrap()
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn accepts(policy: &CrossSitePolicy, method: &str, fields: &[(&str, &str)]) -> bool {
    let mut all = vec![("host", HOST)];
    all.extend(fields);
    let target = Target {
        method,
        authority: None,
    };
    policy
        .check(AuthStrategy::Cookie, target, &headers(&all))
        .is_ok()
}

#[test]
fn a_websocket_is_no_safe_get() {
    let upgrade = ("upgrade", "websocket");
    let opens = |fields: &[(&str, &str)]| accepts(&policy(), "GET", fields);
    assert!(opens(&[upgrade, ("origin", "https://shop.example")]));
    assert!(opens(&[upgrade, ("sec-fetch-site", "same-origin")]));
    assert!(!opens(&[upgrade, ("origin", "https://evil.example")]));
    assert!(!opens(&[upgrade, ("sec-fetch-site", "cross-site")]));
    assert!(!opens(&[upgrade]));
    assert!(opens(&[("origin", "https://evil.example")]));
}

#[test]
fn every_rule() {
    let site = |value| ("sec-fetch-site", value);
    let origin = |value| ("origin", value);
    let referer = |value| ("referer", value);
    let rows: &[(&[(&str, &str)], bool)] = &[
        // What current browsers say, over https.
        (&[site("same-origin")], true),
        (&[site("none")], true),
        (&[site("same-origin"), origin("null")], true),
        (&[site("same-site")], false),
        (&[site("cross-site")], false),
        (&[site("same-site"), origin("https://admin.example")], true),
        (&[site("cross-site"), origin("https://admin.example")], true),
        (&[site("cross-site"), origin("https://evil.example")], false),
        // Whoever says `cross-site` is not on our own page, whatever the origin.
        (&[site("cross-site"), origin("https://shop.example")], false),
        (&[site("same-site"), origin("null")], false),
        (
            &[site("same-site"), referer("https://admin.example/x")],
            false,
        ),
        (&[site("Same-Origin")], false),
        (&[site("")], false),
        (&[site("same-origin"), site("cross-site")], false),
        (&[site("none"), site("none")], false),
        // Without: old browsers, and plain http.
        (&[origin("https://shop.example")], true),
        (&[origin("http://shop.example")], true),
        (&[origin("https://admin.example")], true),
        (&[origin("http://admin.example")], false),
        (&[origin("https://evil.example")], false),
        (&[origin("https://shop.example.evil.example")], false),
        (&[origin("https://evil.example/shop.example")], false),
        (&[origin("https://shop.example@evil.example")], false),
        (&[origin("https://shop.example:8443")], false),
        (&[origin("null")], false),
        (&[origin("")], false),
        (&[origin("shop.example")], false),
        (&[origin("file://shop.example")], false),
        (
            &[
                origin("https://shop.example"),
                origin("https://evil.example"),
            ],
            false,
        ),
        // The origin counts before the referrer.
        (&[origin("null"), referer("https://shop.example/x")], false),
        (
            &[
                origin("https://evil.example"),
                referer("https://shop.example/x"),
            ],
            false,
        ),
        (&[referer("https://shop.example/account?x#y")], true),
        (&[referer("https://admin.example/users")], true),
        (
            &[referer("https://evil.example/https://shop.example/")],
            false,
        ),
        (
            &[referer("https://evil.example?https://shop.example")],
            false,
        ),
        (&[referer("about:blank")], false),
        (&[referer("/account")], false),
        // None of the three.
        (&[], false),
    ];
    for (fields, expected) in rows {
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "BREW"] {
            assert_eq!(
                accepts(&policy(), method, fields),
                *expected,
                "{method} {fields:?}"
            );
        }
        for method in SAFE {
            assert!(accepts(&policy(), method, fields), "{method} {fields:?}");
        }
    }
}

#[test]
fn exemptions_exempt_from_what_they_say_and_no_more() {
    let cross: &[(&str, &str)] = &[("sec-fetch-site", "cross-site")];
    let null: &[(&str, &str)] = &[("origin", "null")];
    let missing = CrossSitePolicy::new().allow_missing();
    assert!(accepts(&missing, "POST", &[]));
    assert!(!accepts(&missing, "POST", cross) && !accepts(&missing, "POST", null));
    let all = CrossSitePolicy::new().danger_allow_all();
    for fields in [&[], cross, null] {
        assert!(accepts(&all, "POST", fields));
        assert!(!accepts(&CrossSitePolicy::new(), "POST", fields));
    }
}

#[test]
fn the_header_strategy_needs_no_check() {
    let target = Target {
        method: "POST",
        authority: None,
    };
    let cross = headers(&[("sec-fetch-site", "cross-site")]);
    let policy = CrossSitePolicy::new();
    assert!(policy.check(AuthStrategy::Header, target, &cross).is_ok());
    let error = policy.check(AuthStrategy::Cookie, target, &cross);
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CrossSite);
    assert!(!error.is_token_invalid() && !error.is_unavailable());
}

#[test]
fn the_host_is_the_one_that_the_request_is_for() {
    let check = |authority, fields: &[(&str, &str)]| {
        let target = Target {
            method: "POST",
            authority,
        };
        let policy = CrossSitePolicy::new();
        let checked = policy.check(AuthStrategy::Cookie, target, &headers(fields));
        checked.is_ok()
    };
    let origin = |value| ("origin", value);
    let host = |value| ("host", value);
    for (authority, fields, expected) in [
        (
            None,
            &[host("a.example"), origin("https://a.example")][..],
            true,
        ),
        (
            None,
            &[host("A.example:443"), origin("https://a.example")],
            true,
        ),
        (
            None,
            &[host("a.example:80"), origin("http://a.example")],
            true,
        ),
        (
            None,
            &[host("a.example:80"), origin("https://a.example")],
            false,
        ),
        (
            None,
            &[host("a.example:81"), origin("http://a.example:81")],
            true,
        ),
        (None, &[host("[::1]:81"), origin("http://[::1]:81")], true),
        (None, &[origin("https://a.example")], false),
        (
            None,
            &[
                host("a.example"),
                host("b.example"),
                origin("https://a.example"),
            ],
            false,
        ),
        (
            None,
            &[host("x@a.example"), origin("https://a.example")],
            false,
        ),
        (Some("a.example"), &[origin("https://a.example")], true),
        // The URI wins over the field, as in HTTP (RFC 9110, 7.2; RFC 9113, 8.3.1).
        (
            Some("a.example"),
            &[host("b.example"), origin("https://b.example")],
            false,
        ),
    ] {
        assert_eq!(
            check(authority, fields),
            expected,
            "{authority:?} {fields:?}"
        );
    }
}

#[test]
fn what_is_no_origin_cannot_be_allowed() {
    for (origin, good) in [
        ("https://admin.example.com", true),
        ("https://admin.example.com/", true),
        ("http://127.0.0.1:8080", true),
        ("admin.example.com", false),
        ("https://admin.example.com/users", false),
        ("https://admin.example.com?x", false),
        ("https://user@admin.example.com", false),
        ("ftp://admin.example.com", false),
        ("null", false),
        ("*", false),
        ("https://*", false),
        ("", false),
    ] {
        let checked = CrossSitePolicy::new().add_origin(origin).checked();
        assert_eq!(checked.is_ok(), good, "{origin}");
        assert!(checked.is_ok() || checked.unwrap_err().is_config());
    }
}
