//! Magic links.

use serde_json::{Value, json};

use crate::support::{App, is_id, text};

const NOBODY: &str = "nobodynobodynobodynobody";

async fn create(app: &App, body: Value) -> Value {
    let reply = app.post("/magic-links", body).await.json(201);
    assert_eq!(reply.as_object().unwrap().len(), 1);
    reply["magic_link"].clone()
}

/// Checks a link's URL and returns what stands before the secret.
fn landing(link: &Value) -> String {
    let (url, secret) = (text(&link["url"]), text(&link["secret"]));
    let (landing, value) = url
        .split_once("?psg_magic_link=")
        .unwrap_or_else(|| panic!("{url}"));
    let parts: Vec<&str> = value.split('.').collect();
    let [ml, first, user, second] = parts.as_slice() else {
        panic!("{value}")
    };
    assert_eq!(
        (*ml, *user),
        ("ml", link["user_id"].as_str().unwrap()),
        "{value}"
    );
    assert!(is_id(first) && is_id(second), "{value}");
    assert!(
        !secret.is_empty() && value.contains(&secret),
        "the secret is the one in the URL: {secret}, {value}"
    );
    landing.to_owned()
}

#[tokio::test]
async fn a_link_for_an_unknown_address_creates_the_user() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    for (body, identifier) in [
        (
            json!({"email": "Ada@Example.com", "channel": "email", "send": false}),
            "ada@example.com",
        ),
        (
            json!({"phone": "+15005550006", "channel": "phone", "send": false}),
            "+15005550006",
        ),
    ] {
        let link = create(&app, body).await;
        assert_eq!(
            link,
            json!({
                "activated": false,
                "app_id": app.server().app_id(),
                "id": link["id"],
                "identifier": identifier,
                "redirect_url": link["redirect_url"],
                "secret": link["secret"],
                "ttl": link["ttl"],
                "type": "login",
                "url": link["url"],
                "user_id": link["user_id"],
            })
        );
        assert!(is_id(&text(&link["id"])));
        assert!(landing(&link).starts_with("https://app.example.com/"));
        assert!(link["ttl"].as_i64().unwrap() >= 1, "a lifetime in minutes");
        let user = app
            .get(&format!("/users/{}", text(&link["user_id"])))
            .await
            .json(200)["user"]
            .clone();
        assert_eq!(user["status"], "pending");
        assert!(
            user["email"] == identifier || user["phone"] == identifier,
            "{user}"
        );
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
    assert!(app.controls().outbox().is_empty(), "nothing was to be sent");
}

#[tokio::test]
async fn a_link_for_a_known_user_creates_nobody() {
    let app = App::start().await;
    let user = app.user_with_phone("ada@example.com", "+15005550006").await;
    let id = text(&user["id"]);
    for (body, identifier) in [
        (json!({"email": "ADA@example.com"}), "ada@example.com"),
        (json!({"phone": "+15005550006"}), "+15005550006"),
        (
            json!({"user_id": id, "channel": "email"}),
            "ada@example.com",
        ),
        (json!({"user_id": id, "channel": "phone"}), "+15005550006"),
        (json!({"user_id": id}), "ada@example.com"),
    ] {
        let link = create(&app, body.clone()).await;
        assert_eq!(
            (&link["user_id"], &link["identifier"]),
            (&user["id"], &json!(identifier)),
            "{body}"
        );
        landing(&link);
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);
}

#[tokio::test]
async fn no_two_links_are_alike() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com"});
    let (one, two) = (create(&app, body.clone()).await, create(&app, body).await);
    for name in ["id", "secret", "url"] {
        assert_ne!(one[name], two[name], "{name}");
    }
}

#[tokio::test]
async fn the_members_of_a_request_show_in_the_link() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let body = json!({
        "email": "ada@example.com",
        "type": "verify_identifier",
        "ttl": 90,
        "magic_link_path": "/welcome/here",
        "redirect_url": "/dashboard",
        "language": "de",
    });
    let link = create(&app, body).await;
    assert_eq!(
        (&link["type"], &link["ttl"], &link["redirect_url"]),
        (
            &json!("verify_identifier"),
            &json!(90),
            &json!("/dashboard")
        )
    );
    assert_eq!(landing(&link), "https://app.example.com/welcome/here");
}

#[tokio::test]
async fn unset_members_of_old_clients_read_as_absent() {
    let app = App::start().await;
    let plain = create(&app, json!({"email": "ada@example.com"})).await;
    for body in [
        json!({"email": "ada@example.com", "ttl": 0}),
        json!({"email": "ada@example.com", "ttl": ""}),
        json!({"email": "ada@example.com", "ttl": null}),
        json!({"email": "ada@example.com", "phone": "", "user_id": "", "language": "", "magic_link_path": "", "redirect_url": "", "type": ""}),
    ] {
        let link = create(&app, body.clone()).await;
        for name in ["ttl", "type", "redirect_url", "identifier", "user_id"] {
            assert_eq!(link[name], plain[name], "{body}");
        }
        assert_eq!(landing(&link), landing(&plain), "{body}");
    }
    let in_text =
        json!({"email": "ada@example.com", "channel": "email", "send": "true", "ttl": "15"});
    assert_eq!(create(&app, in_text).await["ttl"], 15);
    assert_eq!(app.controls().outbox().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_a_link_is_refused() {
    let app = App::start().await;
    let phone_only = app
        .post("/users", json!({"phone": "+15005550006"}))
        .await
        .json(201);
    let phone_only = text(&phone_only["user"]["id"]);
    for body in [
        json!({}),
        json!({"email": "nobody"}),
        json!({"phone": "12"}),
        json!({"email": "ada@example.com", "phone": "+15005550007"}),
        json!({"email": "ada@example.com", "send": true}),
        json!({"user_id": phone_only, "send": true}),
        json!({"user_id": phone_only, "channel": "email"}),
        json!({"email": "ada@example.com", "channel": "pigeon"}),
        json!({"email": "ada@example.com", "type": "hug"}),
        json!({"email": "ada@example.com", "language": "tlh"}),
        json!({"email": "ada@example.com", "ttl": -1}),
        json!({"email": "ada@example.com", "ttl": 525_601}),
        json!({"email": "ada@example.com", "ttl": "soon"}),
        json!({"email": "ada@example.com", "send": "perhaps"}),
        json!({"email": "ada@example.com", "user_id": phone_only}),
        json!({"email": "ada@example.com", "send": true, "channel": "phone"}),
        json!({"email": "ada@example.com", "magic_link_path": "https://elsewhere.example/"}),
        json!({"email": "ada@example.com", "magic_link_path": "//elsewhere.example/"}),
    ] {
        let reply = app.post("/magic-links", body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
        reply.error(400, "invalid_request");
    }
    let body = json!({"email": "ada@example.com", "redirect_url": ["/"]});
    let error = app.post("/magic-links", body).await;
    assert_eq!(
        error.error(400, "invalid_request"),
        "body: redirect_url: a string is needed, not an array."
    );
    app.post(
        "/magic-links",
        json!({"user_id": NOBODY, "channel": "email"}),
    )
    .await
    .error(404, "user_not_found");
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        1,
        "a refused link creates nobody"
    );
    assert!(app.controls().outbox().is_empty());
}

#[tokio::test]
async fn an_inactive_user_gets_no_link() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    for body in [
        json!({"user_id": id, "channel": "email"}),
        json!({"email": "ada@example.com"}),
    ] {
        app.post("/magic-links", body)
            .await
            .error(403, "operation_not_allowed");
    }
}

#[tokio::test]
async fn the_path_of_a_link_may_have_a_query_and_a_fragment() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    for (path, before, after) in [
        ("welcome?from=mail", "/welcome?from=mail&", ""),
        ("/welcome#form", "/welcome?", "#form"),
        (
            "/in?next=https://app.example.com/a#b?c",
            "/in?next=https://app.example.com/a&",
            "#b?c",
        ),
    ] {
        let body = json!({"email": "ada@example.com", "magic_link_path": path});
        let link = create(&app, body).await;
        let secret = text(&link["secret"]);
        let url = format!("https://app.example.com{before}psg_magic_link={secret}{after}");
        assert_eq!(text(&link["url"]), url);
    }
}

#[tokio::test]
async fn a_link_to_send_is_in_the_outbox() {
    let app = App::start().await;
    let mail = create(
        &app,
        json!({"email": "ada@example.com", "channel": "email", "send": true, "language": "pt"}),
    )
    .await;
    let call = json!({"phone": "+15005550006", "channel": "phone", "send": true, "type": "verify_identifier"});
    let text_message = create(&app, call).await;

    let shown = app.dev_get("/outbox").await.json(200);
    let messages = shown["messages"].as_array().unwrap();
    for (message, link, channel, to, purpose) in [
        (&messages[0], &mail, "email", "ada@example.com", "login"),
        (
            &messages[1],
            &text_message,
            "phone",
            "+15005550006",
            "verify_identifier",
        ),
    ] {
        assert_eq!(
            (&message["channel"], &message["to"], &message["purpose"]),
            (&json!(channel), &json!(to), &json!(purpose))
        );
        assert_eq!(
            (
                &message["url"],
                &message["user_id"],
                &message["magic_link_id"]
            ),
            (&link["url"], &link["user_id"], &link["id"])
        );
    }
    assert_eq!(messages[0]["language"], "pt");
    assert_eq!(messages.len(), 2);

    let outbox = app.controls().outbox();
    assert_eq!(
        outbox
            .iter()
            .map(|message| json!(message.url))
            .collect::<Vec<_>>(),
        [mail["url"].clone(), text_message["url"].clone()]
    );
    let secret = text(&mail["secret"]);
    assert!(
        !format!("{outbox:?}").contains(&secret),
        "a link is a credential and stays out of debug output"
    );
}
