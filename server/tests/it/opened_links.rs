//! Magic links: opened on one device, waited for on another.

use std::time::Duration;

use http::Method;
use passage_identity::generated::auth::types::{
    ActivateMagicLinkRequest, GetMagicLinkStatusRequest, LoginMagicLinkRequest,
    RegisterMagicLinkRequest,
};
use passage_server::{Channel, Message};
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE, refusal, sdk, secret, together, tokens};
use crate::support::{App, is_id, members, text};

/// A registration whose link was sent: the link's id for the device that waits, and the message.
async fn registration() -> (App, GetMagicLinkStatusRequest, Message) {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let request = RegisterMagicLinkRequest {
        identifier: ADA.to_owned(),
        language: Some("es-MX".to_owned()),
        magic_link_path: Some("/welcome?a=b#c".to_owned()),
    };
    let sent = sdk(&app)
        .auth_api()
        .register_magic_link(app.server().app_id(), &request)
        .await
        .unwrap();
    assert_eq!(sent.status(), 201);
    let id = sent.magic_link.id.clone();
    assert!(is_id(&id));
    let message = app.message(ADA);
    (app, GetMagicLinkStatusRequest { id }, message)
}

#[tokio::test]
async fn a_registration_sends_a_link_into_the_app() {
    let (_app, waiting, message) = registration().await;
    assert_eq!(
        (
            message.purpose.as_str(),
            message.language.as_str(),
            message.channel
        ),
        ("register", "es", Channel::Email)
    );
    assert_eq!(message.magic_link_id.as_ref(), Some(&waiting.id));
    let link = secret(&message);
    let parts: Vec<&str> = link.split('.').collect();
    assert_eq!(
        (parts[0], parts[2], parts.len()),
        ("ml", message.user_id.as_str(), 4)
    );
    assert!(is_id(parts[1]) && is_id(parts[3]) && parts[1] != parts[3]);
    let url = format!("https://app.example.com/welcome?a=b&psg_magic_link={link}#c");
    assert_eq!(message.url.as_ref(), Some(&url));
    assert!(message.text.contains(&url), "{}", message.text);
}

#[tokio::test]
async fn a_link_registers_its_user_on_both_devices() {
    let (app, waiting, message) = registration().await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let magic_link = secret(&message);
    let open = ActivateMagicLinkRequest { magic_link };
    let opened = sdk.auth_api().activate_magic_link(app_id, &open);
    let opened = opened.await.unwrap();
    assert_eq!(opened.status(), 200);
    let waited = sdk.auth_api().magic_link_status(app_id, &waiting);
    let waited = waited.await.unwrap();
    assert_eq!(waited.status(), 200);
    for result in [&opened.auth_result, &waited.auth_result] {
        let current = app.current_user(&result.auth_token).await.json(200)["user"].clone();
        assert_eq!(
            (
                &current["id"],
                &current["status"],
                &current["email_verified"]
            ),
            (&json!(message.user_id), &json!("active"), &json!(true))
        );
        assert_eq!(current["login_count"], 1, "one sign-in on two devices");
    }
    assert_ne!(
        opened.auth_result.refresh_token, waited.auth_result.refresh_token,
        "each device has its own"
    );
    let user = app.managed_user(&message.user_id).await;
    let [waited, opened] = user["recent_events"].as_array().unwrap().as_slice() else {
        panic!("{user}")
    };
    for (event, action) in [(opened, "register"), (waited, "login")] {
        assert_eq!(
            (&event["action"], &event["type"]),
            (&json!(action), &json!("magic_link"))
        );
    }
}

#[tokio::test]
async fn the_device_that_waits_gets_nothing_before_the_link_is_opened_and_nothing_twice() {
    let (app, waiting, message) = registration().await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let wait = async || sdk.auth_api().magic_link_status(app_id, &waiting).await;
    let invalid = (401, "invalid_magic_link".to_owned());
    assert_eq!(refusal(wait().await), invalid, "before it is opened");
    app.open(&secret(&message)).await.json(200);
    assert_eq!(wait().await.unwrap().status(), 200);
    assert_eq!(refusal(wait().await), invalid, "after it was told");
}

#[tokio::test]
async fn a_link_is_opened_once() {
    let (app, _, message) = registration().await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let magic_link = secret(&message);
    let open = ActivateMagicLinkRequest { magic_link };
    let opened = sdk.auth_api().activate_magic_link(app_id, &open);
    assert_eq!(opened.await.unwrap().status(), 200);
    let again = sdk.auth_api().activate_magic_link(app_id, &open);
    assert_eq!(refusal(again.await), (401, "invalid_magic_link".to_owned()));
}

#[tokio::test]
async fn a_link_logs_a_known_user_in() {
    let app = App::start().await;
    let body = json!({"phone": PHONE});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let mut request = LoginMagicLinkRequest {
        identifier: PHONE.to_owned(),
        language: None,
        magic_link_path: None,
    };
    let sent = sdk
        .auth_api()
        .login_magic_link(app_id, &request)
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    let message = app.message(PHONE);
    assert_eq!(
        (message.channel, message.user_id.as_str()),
        (Channel::Phone, id.as_str())
    );
    let result = tokens(&app.open(&secret(&message)).await);
    assert_eq!(result.redirect_url, "/", "the app's");
    let user = app.managed_user(&id).await;
    assert_eq!(
        (&user["phone_verified"], &user["login_count"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(user["recent_events"][0]["action"], "login");

    request.identifier = BOB.to_owned();
    let unknown = sdk.auth_api().login_magic_link(app_id, &request);
    assert_eq!(refusal(unknown.await), (404, "user_not_found".to_owned()));
}

#[tokio::test]
async fn a_link_of_the_backend_is_opened_like_any_other() {
    let app = App::start().await;
    for (body, verified, action) in [
        (
            json!({"email": "a@example.com", "channel": "email", "send": true}),
            true,
            "login",
        ),
        // Delivered by the backend, who knows where to.
        (json!({"email": "b@example.com"}), false, "login"),
        (
            json!({"email": "c@example.com", "type": "verify_identifier"}),
            true,
            "other",
        ),
        (
            json!({"email": "d@example.com", "redirect_url": "myapp://home"}),
            false,
            "login",
        ),
    ] {
        let link = app.post("/magic-links", body.clone()).await.json(201)["magic_link"].clone();
        app.link_status(&text(&link["id"]))
            .await
            .error(401, "invalid_magic_link");
        let result = tokens(&app.open(&text(&link["secret"])).await);
        let redirect = body["redirect_url"].as_str().unwrap_or("/");
        assert_eq!(result.redirect_url, redirect, "{body}");
        let user = app.managed_user(&text(&link["user_id"])).await;
        assert_eq!(user["email_verified"], verified, "{body}");
        assert_eq!(user["recent_events"][0]["action"], action, "{body}");
        let waited = tokens(&app.link_status(&text(&link["id"])).await);
        assert_eq!(waited.redirect_url, redirect, "{body}");
    }
}

#[tokio::test]
async fn tokens_wait_five_minutes_and_are_handed_out_once() {
    let app = App::start().await;
    app.user(ADA).await;
    let (first, second) = (app.login_link(ADA).await, app.login_link(ADA).await);
    app.controls().advance(Duration::from_secs(295));
    app.open(&first.1).await.json(200);
    app.open(&second.1).await.json(200);
    // The links are over by now, but they were opened in time.
    app.controls().advance(Duration::from_secs(290));
    app.link_status(&first.0).await.json(200);
    app.link_status(&first.0)
        .await
        .error(401, "invalid_magic_link");
    app.controls().advance(Duration::from_secs(15));
    app.link_status(&second.0)
        .await
        .error(401, "invalid_magic_link");
}

#[tokio::test]
async fn whoever_waits_learns_what_became_of_a_link() {
    let app = App::start().await;
    app.user(ADA).await;
    let (id, link) = app.login_link(ADA).await;
    let waiting = app.link_status(&id).await.error(401, "invalid_magic_link");
    assert!(waiting.contains("not opened"), "{waiting}");
    app.controls().advance(Duration::from_secs(300));
    let expired = app.link_status(&id).await.error(401, "invalid_magic_link");
    assert!(expired.contains("expired"), "{expired}");
    app.open(&link).await.error(401, "invalid_magic_link");
    // Much later it is forgotten, when the next one is made.
    app.controls().advance(Duration::from_secs(3600));
    app.login_link(ADA).await;
    app.link_status(&id)
        .await
        .error(404, "magic_link_not_found");
    for unknown in ["", "nobodynobodynobodynobody", &link] {
        app.link_status(unknown)
            .await
            .error(404, "magic_link_not_found");
    }
    for body in [json!({}), json!({"id": 1})] {
        app.visit_post("/magic-link/status", body)
            .await
            .error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_link_that_is_not_good_is_401() {
    let app = App::start().await;
    let ada = app.user_id(ADA).await;
    let bob = app.user_id(BOB).await;
    let (id, link) = app.login_link(ADA).await;
    let elsewhere = App::start().await;
    elsewhere.open(&link).await.error(401, "invalid_magic_link");
    elsewhere
        .link_status(&id)
        .await
        .error(404, "magic_link_not_found");
    let parts: Vec<&str> = link.split('.').collect();
    for bad in [
        String::new(),
        "ml".to_owned(),
        "ml...".to_owned(),
        id.clone(),
        link[..link.len() - 1].to_owned(),
        format!("{link}a"),
        link.replace(&ada, &bob),
        link.to_lowercase(),
        link.trim_start_matches("ml.").to_owned(),
        format!("ml.{}.{ada}.{}", parts[3], parts[1]),
        format!(" {link}"),
        app.message(ADA).url.unwrap(),
    ] {
        assert_ne!(bad, link);
        app.open(&bad).await.error(401, "invalid_magic_link");
    }
    for body in [json!({}), json!({"magic_link": 1}), json!({"id": link})] {
        app.visit(Method::PATCH, "/magic-link/activate", body)
            .await
            .error(400, "invalid_request");
    }
    // A code is no link, and a link no code.
    let (otp_id, code) = app.login_code(ADA).await;
    app.open(&code).await.error(401, "invalid_magic_link");
    app.open(&otp_id).await.error(401, "invalid_magic_link");
    app.link_status(&otp_id)
        .await
        .error(404, "magic_link_not_found");
    app.enter(&id, &link).await.error(400, "invalid_request");

    let reply = app.open(&link).await.json(200);
    assert_eq!(members(&reply), ["auth_result"]);
    let log = serde_json::to_string(&app.controls().requests()).unwrap();
    assert!(!log.contains(&link) && !log.contains(&format!("\"{id}\"")));
}

#[tokio::test]
async fn of_many_that_open_a_link_at_once_one_wins() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let (waiting, link) = app.login_link(ADA).await;
    let replies = together((0..8).map(|_| app.open(&link))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.error(401, "invalid_magic_link");
    }
    let replies = together((0..8).map(|_| app.link_status(&waiting))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "who waits gets tokens once, too");
    assert_eq!(app.managed_user(&id).await["login_count"], 1);
}
