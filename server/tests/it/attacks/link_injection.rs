//! Link injection: whoever asks for a link puts another one into the mail, or another secret into the link.

use http::Method;
use passage_server::Message;
use serde_json::{Value, json};

use super::links::{FIREFOX, Person, guarded, serve_settings};
use crate::mailbox::{ADA, BOB, PHONE, secret};
use crate::support::{App, Reply, text};

const ORIGIN: &str = "https://app.example.com";
const EVIL: &str = "https://evil.example/login";

/// The ways to have a link sent without an API key, each with a path for the link.
async fn ask_all(person: &Person<'_>, path: &str) -> Vec<(&'static str, Reply)> {
    let mut replies = Vec::new();
    for (method, call, to, member) in [
        (Method::POST, "/login/magic-link", ADA, "identifier"),
        (
            Method::POST,
            "/register/magic-link",
            "carl@example.com",
            "identifier",
        ),
        (Method::PATCH, "/currentuser/email", BOB, "new_email"),
        (Method::PATCH, "/currentuser/phone", PHONE, "new_phone"),
    ] {
        let body = json!({member: to, "magic_link_path": path});
        replies.push((to, person.call(method, call, body).await));
    }
    replies
}

async fn eve(app: &App) -> Person<'_> {
    let id = app.user_id("eve@example.com").await;
    app.user(ADA).await;
    let eve = Person::new(app, "127.0.0.2", FIREFOX);
    eve.signed_in(&id).await
}

/// What a mail reader takes for links: each text from a scheme or `www.` on, up to white space or a bracket.
fn linkified(message: &Message) -> Vec<String> {
    let mut links = Vec::new();
    let ends = |c: char| c.is_whitespace() || "<>\"|\\^`{}".contains(c);
    for word in message.text.split(ends) {
        let schemes = word.match_indices("://").count() + word.match_indices("www.").count();
        links.extend(std::iter::repeat_n(word.to_owned(), schemes));
    }
    links
}

#[tokio::test]
async fn a_path_with_a_link_in_it_is_refused_wherever_it_comes_in() {
    let app = App::start_with(guarded).await;
    let eve = eve(&app).await;
    let long = format!("/{}", "a".repeat(2048));
    for path in [
        &format!("/>{EVIL}"),
        &format!("/<{EVIL}>"),
        &format!("/\"{EVIL}"),
        &format!("/ {EVIL}"),
        &format!("/\n{EVIL}"),
        &format!("/\u{a0}{EVIL}"),
        &format!("/\u{2028}{EVIL}"),
        &format!("/a?b=>{EVIL}"),
        &format!("/a#>{EVIL}"),
        &format!("/[{EVIL}]"),
        &format!("/a%{EVIL}"),
        "/\\evil.example",
        "//evil.example/login",
        EVIL,
        &long,
    ] {
        for (to, reply) in ask_all(&eve, path).await {
            assert_eq!(reply.status, 400, "{to} {path}");
            reply.error(400, "invalid_request");
        }
        let body = json!({"email": ADA, "magic_link_path": path});
        let reply = app.post("/magic-links", body).await;
        assert_eq!(reply.status, 400, "{path}");
        reply.error(400, "invalid_request");
    }
    assert!(app.controls().outbox().is_empty());
}

#[tokio::test]
async fn a_stranger_cannot_choose_the_page_that_a_link_opens() {
    let app = App::start_with(|builder| {
        let mut settings = serve_settings();
        settings.login_url = Some("/login?from=mail".to_owned());
        settings.magic_link_paths = Some(vec!["/welcome".to_owned()]);
        guarded(builder).settings(settings)
    })
    .await;
    let eve = eve(&app).await;
    let (login, welcome) = ("/login?from=mail&", "/welcome?");
    for (path, opens) in [
        ("", login),
        ("/login", login),
        ("/account/delete", login),
        ("/redirect?to=https://evil.example", login),
        ("/redirect/https://evil.example", login),
        ("/,https://evil.example/login", login),
        ("/welcome/../redirect", login),
        ("/%2Fevil.example", login),
        ("/@evil.example", login),
        ("/WELCOME", login),
        ("/welcome", welcome),
        ("/x/%2e%2e/welcome/", welcome),
        (
            "/welcome?to=https://evil.example#https://evil.example",
            welcome,
        ),
        ("/welcome?psg_magic_link=ml.evil", welcome),
    ] {
        for (to, reply) in ask_all(&eve, path).await {
            assert!(reply.status < 300, "{path} {reply:?}");
            let message = app.message(to);
            let url = message.url.clone().unwrap();
            let expected = format!("{ORIGIN}{opens}psg_magic_link={}", secret(&message));
            assert_eq!(url, expected, "{path}");
            assert_eq!(linkified(&message), [url], "{}", message.text);
        }
    }
}

#[tokio::test]
async fn the_link_is_alone_on_its_line() {
    let app = App::start_with(guarded).await;
    let eve = eve(&app).await;
    let backend = json!({"email": "dora@example.com", "channel": "email", "send": true, "magic_link_path": "/in?a=b"});
    app.post("/magic-links", backend).await.json(201);
    ask_all(&eve, "/login").await;
    let messages = app.controls().outbox();
    assert_eq!(messages.len(), 5);
    for message in messages {
        let url = message.url.clone().unwrap();
        let alone = message.text.lines().filter(|line| **line == url).count();
        assert_eq!(alone, 1, "{}", message.text);
        assert_eq!(message.text.matches(&url).count(), 1);
        assert_eq!(linkified(&message), [url]);
    }
}

#[tokio::test]
async fn a_link_carries_no_secret_but_its_own_whoever_asks_for_it() {
    let development = App::start_with(|builder| builder.auth_origin(ORIGIN)).await;
    let production = App::start_with(guarded).await;
    for app in [&development, &production] {
        app.user(ADA).await;
        for parameter in [
            "psg_magic_link=ml.evil",
            "PSG_MAGIC_LINK=ml.evil",
            "%70sg_magic_link=ml.evil",
            "psg%5Fmagic%5flink=ml.evil",
            "%2570sg_magic_link=ml.evil",
            "psg_magic_link%5B%5D=ml.evil",
            "a=b;psg_magic_link=ml.evil",
        ] {
            for path in [
                format!("/in?{parameter}"),
                format!("/in?{parameter}&{parameter}"),
                format!("/in#{parameter}"),
            ] {
                let body = json!({"email": ADA, "magic_link_path": path});
                let link = app.post("/magic-links", body).await.json(201)["magic_link"].clone();
                let expected = format!("{ORIGIN}/in?psg_magic_link={}", text(&link["secret"]));
                assert_eq!(text(&link["url"]), expected, "{path}");

                let body = json!({"identifier": ADA, "magic_link_path": path});
                app.visit_post("/login/magic-link", body).await.json(200);
                let url = app.message(ADA).url.unwrap();
                let (_, value) = url.split_once("?psg_magic_link=").unwrap();
                assert!(value.starts_with("ml.") && !value.contains("evil"), "{url}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_sent_on_by_characters_that_no_url_has() {
    let app = App::start_with(guarded).await;
    let eve = eve(&app).await;
    let long = format!("/{}", "a".repeat(2048));
    let refused = |redirect: &str| json!({"new_email": BOB, "redirect_url": redirect});
    for redirect in [
        &format!("/>{EVIL}"),
        &format!("{ORIGIN}/\"{EVIL}"),
        "/a|b",
        "/%zz",
        &long,
    ] {
        let reply = eve
            .call(Method::PATCH, "/currentuser/email", refused(redirect))
            .await;
        reply.error(400, "invalid_request");
        let body: Value = json!({"email": ADA, "redirect_url": redirect});
        app.post("/magic-links", body)
            .await
            .error(400, "invalid_request");
    }
    assert!(app.controls().outbox().is_empty());
}
