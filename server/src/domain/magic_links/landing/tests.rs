//! What strangers and backends write into links.

use super::*;
use crate::domain::settings::AppSettings;
use crate::domain::testing::Fixture;

const ORIGIN: &str = "https://app.example.com";
const SECRET: &str = "ml.secret";

async fn fixture(login_url: &str, paths: &[&str]) -> Fixture {
    Fixture::with(AppSettings {
        auth_origin: ORIGIN.to_owned(),
        login_url: login_url.to_owned(),
        magic_link_paths: paths.iter().copied().map(str::to_owned).collect(),
        ..AppSettings::for_production()
    })
    .await
}

/// Characters that no path, query or fragment has.
const FOREIGN: [&str; 26] = [
    "/>https://evil.example/login",
    "/<https://evil.example/login>",
    "/\"https://evil.example/login",
    "/a https://evil.example/login",
    "/a\thttps://evil.example/login",
    "/a\nhttps://evil.example/login",
    "/a\r\nhttps://evil.example/login",
    "/a\u{a0}https://evil.example/login",
    "/a\u{2028}https://evil.example/login",
    "/a\u{200b}https://evil.example/login",
    "/a\u{202e}moc.live",
    "/a\u{ff1a}//evil.example",
    "/a\u{3002}evil.example",
    "/a|https://evil.example/login",
    "/a^https://evil.example/login",
    "/a`https://evil.example/login",
    "/{https://evil.example/login}",
    "/[https://evil.example/login]",
    "/\\evil.example/login",
    "\\\\evil.example/login",
    "/a%",
    "/a%zz",
    "/a%2",
    "/a#b#c",
    "/a\0",
    "/ä",
];

/// Where a path could lead away from the origin.
const ELSEWHERE: [&str; 6] = [
    "//evil.example/login",
    "///evil.example/login",
    "https://evil.example/login",
    "HTTPS:evil.example",
    "javascript:alert(1)",
    "evil:login@app.example.com",
];

#[tokio::test]
async fn what_is_no_path_of_the_app_is_refused_whoever_asks() {
    let long = format!("/{}", "a".repeat(LONGEST));
    for paths in [&[][..], &["/welcome"], &[ANY_PATH]] {
        let fixture = fixture("/login", paths).await;
        let app = &fixture.app;
        for hostile in FOREIGN.into_iter().chain(ELSEWHERE).chain([long.as_str()]) {
            let hostile = || Some(hostile.to_owned());
            assert!(
                of_client(app, hostile()).is_err(),
                "{hostile:?}",
                hostile = hostile()
            );
            assert!(
                of_backend(app, hostile()).is_err(),
                "{hostile:?}",
                hostile = hostile()
            );
        }
    }
}

#[tokio::test]
async fn a_client_chooses_among_the_pages_that_the_app_lists() {
    let fixture = fixture("/login?from=mail", &["/welcome", "in/here/"]).await;
    let page = |path: &str| of_client(&fixture.app, Some(path.to_owned())).ok();
    for (path, expected) in [
        ("", "/login?from=mail"),
        ("/login", "/login?from=mail"),
        ("/login?next=https://evil.example", "/login?from=mail"),
        ("/welcome", "/welcome"),
        ("welcome", "/welcome"),
        ("/welcome/", "/welcome"),
        ("/welcome//", "/welcome"),
        ("/./welcome", "/welcome"),
        ("/x/../welcome", "/welcome"),
        ("/x/%2e%2E/welcome", "/welcome"),
        ("/%77elcome", "/welcome"),
        ("/welcome?https://evil.example/login", "/welcome"),
        ("/welcome#https://evil.example/login", "/welcome"),
        ("/welcome?psg_magic_link=ml.evil", "/welcome"),
        ("/in/here", "in/here/"),
    ] {
        assert_eq!(page(path).as_deref(), Some(expected), "{path}");
    }
    for unlisted in [
        "/other",
        "/Welcome",
        "/welcome/more",
        "/welcome%2F..%2Fother",
        "/welcome%2f",
        "/welcome/..",
        "/welcome/../other",
        "/..//evil.example/welcome",
        "/%5Cevil.example/welcome",
        "/%2Fevil.example/welcome",
        "/%2F%2Fevil.example",
        "/%252e%252e/welcome",
        "/@evil.example/welcome",
        "user@evil.example/welcome",
        "/welcome;evil",
        "/welcome%00",
        "/welcome,https://evil.example/login",
        "/(https://evil.example/login)",
        "/welcome'https://evil.example/login",
        "/*",
        "*",
    ] {
        assert_eq!(
            page(unlisted).as_deref(),
            Some("/login?from=mail"),
            "{unlisted}"
        );
    }
}

#[tokio::test]
async fn any_page_of_the_origin_is_a_choice_of_the_app() {
    let fixture = fixture("/login", &[ANY_PATH]).await;
    for path in ["/other", "/other?a=b#c", "x/../y"] {
        let page = of_client(&fixture.app, Some(path.to_owned()));
        assert_eq!(page.ok().as_deref(), Some(path));
    }
}

#[tokio::test]
async fn a_link_has_one_secret() {
    let fixture = fixture("/login", &[]).await;
    for (page, expected) in [
        ("/in", "/in?psg_magic_link=ml.secret"),
        ("in?", "/in?psg_magic_link=ml.secret"),
        ("/in?a=b", "/in?a=b&psg_magic_link=ml.secret"),
        ("/in?a=b&&c#d", "/in?a=b&c&psg_magic_link=ml.secret#d"),
        ("/in?psg_magic_link=ml.evil", "/in?psg_magic_link=ml.secret"),
        ("/in?psg_magic_link", "/in?psg_magic_link=ml.secret"),
        ("/in?PSG_Magic_Link=ml.evil", "/in?psg_magic_link=ml.secret"),
        (
            "/in?psg%5fmagic%5Flink=ml.evil&a",
            "/in?a&psg_magic_link=ml.secret",
        ),
        (
            "/a)https://evil.example/,b;c?d='(1)'#!/e,f",
            "/a%29https://evil.example/%2Cb%3Bc?d=%27%281%29%27&psg_magic_link=ml.secret#!/e%2Cf",
        ),
        (
            "/in?%70sg_magic_link=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?%2570sg_magic_link=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?%FF%25252570sg_magic_link=x",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?psg_magic_link%5B%5D=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?a=1;psg_magic_link=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?a?psg_magic_link=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        (
            "/in?next=/x%3Fpsg_magic_link%3Dml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
        ("/in#psg_magic_link=ml.evil", "/in?psg_magic_link=ml.secret"),
        (
            "/in#/x?psg%5Fmagic_link=ml.evil",
            "/in?psg_magic_link=ml.secret",
        ),
    ] {
        let url = url(&fixture.app, page, SECRET);
        assert_eq!(url, format!("{ORIGIN}{expected}"), "{page}");
        assert_eq!(url.matches("psg").count(), 1);
    }
    for path in ["/psg_magic_link=ml.evil", "/a%3Fpsg%5Fmagic_link=ml.evil"] {
        assert!(
            of_backend(&fixture.app, Some(path.to_owned())).is_err(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn users_are_not_sent_elsewhere() {
    let fixture = fixture("/login", &[]).await;
    let app = &fixture.app;
    for hostile in FOREIGN.into_iter().chain(ELSEWHERE) {
        assert!(
            redirect_of_client(app, Some(hostile.to_owned())).is_err(),
            "{hostile}"
        );
    }
    for hostile in FOREIGN.into_iter().filter(|it| !it.contains('[')) {
        assert!(
            redirect_of_backend(Some(hostile.to_owned())).is_err(),
            "{hostile}"
        );
    }
    let long = format!("{ORIGIN}/{}", "a".repeat(LONGEST));
    assert!(redirect_of_client(app, Some(long.clone())).is_err());
    assert!(redirect_of_backend(Some(long)).is_err());
    for own in ["", "/a?b#c", ORIGIN, "https://app.example.com/a"] {
        assert!(
            redirect_of_client(app, Some(own.to_owned())).is_ok(),
            "{own}"
        );
    }
    for own in ["", "myapp://home", "https://[::1]:8080/a", "/a%20b"] {
        assert!(redirect_of_backend(Some(own.to_owned())).is_ok(), "{own}");
    }
}
