//! Remote phishing by magic links: somebody asks for a link in a victim's name, and waits for the victim to open it.

use std::time::Duration;

use http::Method;
use passage_server::MagicLinkWaiting;
use serde_json::json;

use super::links::{FIREFOX, Person, SAFARI, guarded, serve_settings};
use crate::mailbox::{ADA, PHONE, tokens};
use crate::support::{App, send, text};

const MINE: &str = "127.0.0.1";
const OTHER: &str = "127.0.0.2";

#[tokio::test]
async fn who_asks_for_a_victims_link_gets_nothing_when_the_victim_opens_it() {
    let app = App::start_with(guarded).await;
    let eve = Person::new(&app, OTHER, FIREFOX);
    let victim = Person::new(&app, MINE, SAFARI);
    for (action, identifier) in [
        ("register", ADA),
        ("login", ADA),
        ("register", PHONE),
        ("login", PHONE),
    ] {
        let (id, link) = eve.ask(action, identifier).await;
        tokens(&victim.open(&link).await);
        for _ in 0..2 {
            let refused = eve.status(&id).await.error(401, "invalid_magic_link");
            assert!(refused.contains("opened in another browser"), "{refused}");
        }
        // The victim's client did not ask for it either.
        victim.status(&id).await.error(401, "invalid_magic_link");
    }
}

#[tokio::test]
async fn a_stranger_looks_like_the_victim_by_neither_browser_nor_network_alone() {
    let app = App::start_with(guarded).await;
    app.user(ADA).await;
    let victim = Person::new(&app, MINE, SAFARI);
    for (address, browser) in [(OTHER, SAFARI), (MINE, FIREFOX), (MINE, "")] {
        let eve = Person::new(&app, address, browser);
        let (id, link) = eve.ask("login", ADA).await;
        victim.open(&link).await.json(200);
        eve.status(&id).await.error(401, "invalid_magic_link");
    }
}

#[tokio::test]
async fn an_address_cannot_be_claimed_in_a_header() {
    let app = App::start_with(guarded).await;
    app.user(ADA).await;
    let victim = Person::new(&app, MINE, SAFARI);
    let eve = Person::new(&app, OTHER, SAFARI);
    let (id, link) = eve.ask("login", ADA).await;
    victim.open(&link).await.json(200);
    for header in ["x-forwarded-for", "x-real-ip", "forwarded"] {
        let builder = reqwest::Client::builder().no_proxy().user_agent(SAFARI);
        let http = builder.local_address("127.0.0.2".parse::<std::net::IpAddr>().unwrap());
        let request = http.build().unwrap().post(app.auth("/magic-link/status"));
        let forged = request.header(header, "127.0.0.1").json(&json!({"id": id}));
        send(forged).await.error(401, "invalid_magic_link");
    }
}

#[tokio::test]
async fn a_stranger_with_the_id_neither_gets_nor_uses_up_the_tokens_of_who_waits() {
    let app = App::start_with(guarded).await;
    let ada = app.user_id(ADA).await;
    let owner = Person::new(&app, MINE, SAFARI);
    let (id, link) = owner.ask("login", ADA).await;
    owner.open(&link).await.json(200);
    for (address, browser) in [(OTHER, SAFARI), (MINE, FIREFOX)] {
        let stranger = Person::new(&app, address, browser);
        stranger.status(&id).await.error(401, "invalid_magic_link");
    }
    tokens(&owner.status(&id).await);
    owner.status(&id).await.error(401, "invalid_magic_link");
    let events = app.managed_user(&ada).await["recent_events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 2, "one for each device");
    assert_eq!(events[0]["type"], "magic_link");
    assert_eq!(events[0]["ip_addr"], MINE);
}

#[tokio::test]
async fn a_link_of_the_backend_serves_who_opens_it_and_nobody_elsewhere() {
    let app = App::start_with(guarded).await;
    let victim = Person::new(&app, MINE, SAFARI);
    let eve = Person::new(&app, OTHER, SAFARI);
    for type_ in ["login", "verify_identifier"] {
        let body = json!({"email": ADA, "type": type_});
        let link = app.post("/magic-links", body).await.json(201)["magic_link"].clone();
        victim.open(&text(&link["secret"])).await.json(200);
        let id = text(&link["id"]);
        eve.status(&id).await.error(401, "invalid_magic_link");
        victim.status(&id).await.json(200);
    }
}

#[tokio::test]
async fn where_nobody_waits_a_link_signs_in_only_where_it_is_opened() {
    let app = App::start_with(|builder| {
        let mut settings = serve_settings();
        settings.magic_link_waiting = Some(MagicLinkWaiting::Never);
        builder.settings(settings)
    })
    .await;
    app.user(ADA).await;
    let owner = Person::new(&app, MINE, SAFARI);
    let (id, link) = owner.ask("login", ADA).await;
    owner.open(&link).await.json(200);
    let refused = owner.status(&id).await.error(401, "invalid_magic_link");
    assert!(refused.contains("only where it is opened"), "{refused}");
    let link = app.post("/magic-links", json!({"email": ADA})).await;
    let link = link.json(201)["magic_link"].clone();
    owner.open(&text(&link["secret"])).await.json(200);
    let refused = owner.status(&text(&link["id"])).await;
    refused.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn tokens_that_wait_end_with_the_sign_ins_of_their_user() {
    let app = App::start_with(guarded).await;
    let ada = app.user_id(ADA).await;
    let owner = Person::new(&app, MINE, SAFARI);
    let (id, link) = owner.ask("login", ADA).await;
    owner.open(&link).await.json(200);
    app.controls().advance(Duration::from_secs(1));
    app.delete(&format!("/users/{ada}/tokens")).await.empty(200);
    owner.status(&id).await.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn who_waits_is_counted_for_each_link_and_for_nothing_else() {
    let app = App::unchecked_with(|builder| guarded(builder).rate_limits(true)).await;
    app.controls().stop_clock();
    app.user(ADA).await;
    let owner = Person::new(&app, MINE, SAFARI);
    let (id, _) = owner.ask("login", ADA).await;
    let (other, _) = owner.ask("login", ADA).await;
    for _ in 0..30 {
        owner.status(&id).await.error(401, "invalid_magic_link");
    }
    let refused = owner.status(&id).await;
    refused.error(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "2");
    // From whatever address.
    let eve = Person::new(&app, OTHER, FIREFOX);
    eve.status(&id).await.error(429, "too_many_requests");
    owner.status(&other).await.error(401, "invalid_magic_link");
    // Nothing else of the address is used up.
    for _ in 0..20 {
        owner.open("ml.none").await.error(401, "invalid_magic_link");
    }
    owner
        .call(Method::GET, "/users?identifier=a@b.example", json!({}))
        .await
        .json(200);
    app.controls().advance(Duration::from_secs(2));
    owner.status(&id).await.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn who_invents_ids_is_counted_by_address_and_holds_up_nobody_who_waits() {
    let app = App::unchecked_with(|builder| guarded(builder).rate_limits(true)).await;
    app.controls().stop_clock();
    app.user(ADA).await;
    let owner = Person::new(&app, MINE, SAFARI);
    let (id, _) = owner.ask("login", ADA).await;
    let eve = Person::new(&app, OTHER, FIREFOX);
    for number in 0..20 {
        let invented = format!("invented{number}");
        eve.status(&invented)
            .await
            .error(404, "magic_link_not_found");
    }
    let refused = eve.status("another").await;
    refused.error(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "3");
    // What else the address may do is not used up.
    eve.open("ml.none").await.error(401, "invalid_magic_link");
    // A link that exists has its own count.
    for person in [&eve, &owner] {
        person.status(&id).await.error(401, "invalid_magic_link");
    }
    owner
        .status("invented")
        .await
        .error(404, "magic_link_not_found");
}

#[tokio::test]
async fn a_mail_says_who_asked_and_repeats_nothing_that_they_sent() {
    let app = App::start_with(guarded).await;
    app.user_with_phone(ADA, PHONE).await;
    let line = "Requested by Firefox on Windows, network address 127.0.0.2, 20";
    let eve = Person::new(&app, OTHER, FIREFOX);
    eve.ask("login", ADA).await;
    assert!(app.message(ADA).text.contains(line));
    eve.call(Method::POST, "/login/otp", json!({"identifier": ADA}))
        .await
        .json(201);
    assert!(app.message(ADA).text.contains(line));
    eve.ask("login", PHONE).await;
    assert!(!app.message(PHONE).text.contains("Requested"), "no room");

    let hostile = "https://evil.example/login Firefox/1 evil.example";
    let eve = Person::new(&app, OTHER, hostile);
    eve.ask("login", ADA).await;
    let text = app.message(ADA).text;
    assert!(
        !text.contains("evil") && text.contains("Firefox, network address"),
        "{text}"
    );
    let eve = Person::new(&app, OTHER, "https://evil.example/login");
    eve.ask("login", ADA).await;
    let text = app.message(ADA).text;
    assert!(
        !text.contains("evil") && text.contains("an unknown program"),
        "{text}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn serve_lets_only_the_same_client_wait() {
    use crate::site::{Site, TWO_APPS};
    use crate::support::client;

    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let key = site.key_of("one").await;
    let url = format!("{}/api/v1/apps/one/magic-links", server.url());
    let request = client().post(url).bearer_auth(&key);
    let link = send(request.json(&json!({"email": ADA}))).await.json(201)["magic_link"].clone();
    let auth = |path: &str| format!("{}/auth/v1/apps/one/magic-link/{path}", server.url());
    let secret = json!({"magic_link": link["secret"]});
    send(client().patch(auth("activate")).json(&secret))
        .await
        .json(200);
    let status = || {
        client()
            .post(auth("status"))
            .json(&json!({"id": link["id"]}))
    };
    let elsewhere = status().header("user-agent", "another");
    send(elsewhere).await.error(401, "invalid_magic_link");
    send(status()).await.json(200);
    server.shutdown().await;
}
