//! Creating, reading, changing and deleting users.

use http::Method;
use serde_json::{Value, json};

use crate::support::{App, is_id, send, text, time};

const NEVER: &str = "0001-01-01T00:00:00Z";
const NOBODY: &str = "nobodynobodynobodynobody";

#[tokio::test]
async fn a_new_user_has_every_member() {
    let app = App::start().await;
    let before = app.controls().now();
    let reply = app
        .post(
            "/users",
            json!({"email": "Ada@Example.COM", "phone": "+15005550006"}),
        )
        .await
        .json(201);
    let user = &reply["user"];
    let (id, created) = (text(&user["id"]), text(&user["created_at"]));
    assert!(is_id(&id), "{id}");
    assert!(
        time(&user["created_at"]) >= before && time(&user["created_at"]) <= app.controls().now()
    );
    let expected = json!({"user": {
        "created_at": created,
        "email": "ada@example.com",
        "email_verified": false,
        "external_id": "",
        "id": id,
        "last_login_at": NEVER,
        "login_count": 0,
        "phone": "+15005550006",
        "phone_verified": false,
        "recent_events": [],
        "social_connections": {},
        "status": "pending",
        "updated_at": created,
        "user_metadata": {},
        "webauthn": false,
        "webauthn_devices": [],
        "webauthn_types": [],
    }});
    assert_eq!(reply, expected);
    assert_eq!(
        app.get(&format!("/users/{id}")).await.json(200),
        expected,
        "the user reads back as created"
    );
}

#[tokio::test]
async fn what_a_user_lacks_is_empty_text() {
    let app = App::start().await;
    let by_email = app.user("ada@example.com").await;
    assert_eq!(
        (&by_email["email"], &by_email["phone"]),
        (&json!("ada@example.com"), &json!(""))
    );
    let by_phone = app
        .post("/users", json!({"phone": "+15005550006"}))
        .await
        .json(201);
    assert_eq!(
        (&by_phone["user"]["email"], &by_phone["user"]["phone"]),
        (&json!(""), &json!("+15005550006"))
    );
    // Nobody has the empty identifier: a second user without e-mail address or phone number of the first is welcome.
    app.post("/users", json!({"phone": "+15005550007"}))
        .await
        .json(201);
    app.post("/users", json!({"email": "bob@example.com"}))
        .await
        .json(201);
}

#[tokio::test]
async fn null_and_empty_identifiers_are_as_good_as_absent() {
    let app = App::start().await;
    for (index, absent) in [json!(null), json!("")].into_iter().enumerate() {
        let user = app
            .post(
                "/users",
                json!({"email": format!("ada{index}@example.com"), "phone": absent}),
            )
            .await
            .json(201);
        assert_eq!(user["user"]["phone"], "", "{absent}");
        let error = app
            .post("/users", json!({"email": absent, "phone": absent}))
            .await
            .error(400, "invalid_request");
        assert!(
            error.contains("email") && error.contains("phone"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn identifiers_are_unique() {
    let app = App::start().await;
    app.user_with_phone("ada@example.com", "+15005550006").await;
    for taken in [
        json!({"email": "ada@example.com"}),
        json!({"email": "ADA@example.com"}),
        json!({"phone": "+15005550006"}),
        json!({"email": "other@example.com", "phone": "+15005550006"}),
        json!({"email": "ada@example.com", "phone": "+15005550007"}),
    ] {
        let error = app
            .post("/users", taken.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error, "user: already exists.", "{taken}");
    }
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        1,
        "a refused user leaves nothing behind"
    );
}

#[tokio::test]
async fn what_cannot_be_a_user_is_refused() {
    let app = App::start().await;
    for (body, names) in [
        (json!({}), "email"),
        (json!({"user_metadata": {}}), "email"),
        (json!({"email": "nobody"}), "email"),
        (json!({"email": "a@b"}), "email"),
        (json!({"email": "a b@example.com"}), "email"),
        (json!({"email": "a@example.com, b@example.com"}), "email"),
        (json!({"email": 7}), "email"),
        (json!({"phone": "5005550006"}), "phone"),
        (json!({"phone": "+1 500 555 0006"}), "phone"),
        (json!({"phone": "+0005550006"}), "phone"),
        (json!({"phone": "+150055500061234567"}), "phone"),
        (json!({"email": "ok@example.com", "phone": "x"}), "phone"),
        (
            json!({"email": "ok@example.com", "user_metadata": "x"}),
            "user_metadata",
        ),
        (
            json!({"email": "ok@example.com", "user_metadata": []}),
            "user_metadata",
        ),
        (
            json!({"email": "ok@example.com", "user_metadata": {"a": []}}),
            "user_metadata",
        ),
    ] {
        let error = app
            .post("/users", body.clone())
            .await
            .error(400, "invalid_request");
        assert!(error.contains(names), "{body}: {error}");
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
}

#[tokio::test]
async fn metadata_is_kept_and_merged() {
    let app = App::start().await;
    let metadata = json!({"plan": "pro", "seats": 3, "beta": true});
    let user = app
        .post(
            "/users",
            json!({"email": "ada@example.com", "user_metadata": metadata}),
        )
        .await
        .json(201);
    assert_eq!(user["user"]["user_metadata"], metadata);
    let path = format!("/users/{}", text(&user["user"]["id"]));

    let changed = app
        .patch(&path, json!({"user_metadata": {"seats": 4, "team": "red"}}))
        .await
        .json(200);
    let merged = json!({"plan": "pro", "seats": 4, "beta": true, "team": "red"});
    assert_eq!(
        changed["user"]["user_metadata"], merged,
        "fields that are not named stay"
    );
    assert_eq!(
        app.patch(&path, json!({"user_metadata": {}}))
            .await
            .json(200)["user"]["user_metadata"],
        merged
    );
    assert_eq!(
        app.get(&path).await.json(200)["user"]["user_metadata"],
        merged
    );
    let removed = app
        .patch(&path, json!({"user_metadata": {"team": null}}))
        .await
        .json(200);
    assert_eq!(
        removed["user"]["user_metadata"],
        json!({"plan": "pro", "seats": 4, "beta": true}),
        "null removes a field"
    );
    let merged = removed["user"]["user_metadata"].clone();
    assert_eq!(
        app.list(&[]).await.json(200)["users"][0]["user_metadata"],
        merged
    );
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com", "phone": "+15005550006", "user_metadata": {"plan": "pro"}});
    let created = app.post("/users", body).await.json(201)["user"].clone();
    let path = format!("/users/{}", text(&created["id"]));
    let with = |changes: &[(&str, Value)], updated_at: &Value| {
        let mut user = created.clone();
        user["updated_at"] = updated_at.clone();
        for (name, value) in changes {
            user[*name] = value.clone();
        }
        user
    };

    app.controls().advance(std::time::Duration::from_secs(1));
    let user = app
        .patch(&path, json!({"email": "Grace@Example.com"}))
        .await
        .json(200)["user"]
        .clone();
    assert_eq!(
        user,
        with(
            &[("email", json!("grace@example.com"))],
            &user["updated_at"]
        )
    );
    assert!(time(&user["updated_at"]) > time(&created["updated_at"]));

    let user = app
        .patch(&path, json!({"phone": "+15005550007"}))
        .await
        .json(200)["user"]
        .clone();
    assert_eq!(
        user,
        with(
            &[
                ("email", json!("grace@example.com")),
                ("phone", json!("+15005550007"))
            ],
            &user["updated_at"]
        )
    );
    assert_eq!(app.get(&path).await.json(200)["user"], user);

    // The user's own identifiers are not "taken", and the old ones are free again.
    app.patch(
        &path,
        json!({"email": "grace@example.com", "phone": "+15005550007"}),
    )
    .await
    .json(200);
    app.user_with_phone("ada@example.com", "+15005550006").await;
}

#[tokio::test]
async fn an_update_that_cannot_be_is_refused_whole() {
    let app = App::start().await;
    app.user_with_phone("bob@example.com", "+15005550001").await;
    let created = app.user("ada@example.com").await;
    let path = format!("/users/{}", text(&created["id"]));
    for (body, expected) in [
        (json!({"email": "BOB@example.com"}), "user: already exists."),
        (
            json!({"email": "new@example.com", "phone": "+15005550001"}),
            "user: already exists.",
        ),
        (json!({"email": "nobody"}), "email"),
        (json!({"phone": "12"}), "phone"),
        (
            json!({"email": "new@example.com", "user_metadata": {"a": {}}}),
            "user_metadata",
        ),
    ] {
        let error = app
            .patch(&path, body.clone())
            .await
            .error(400, "invalid_request");
        assert!(error.contains(expected), "{body}: {error}");
    }
    assert_eq!(
        app.get(&path).await.json(200)["user"],
        created,
        "nothing of a refused update is kept"
    );
}

#[tokio::test]
async fn a_user_keeps_at_least_one_identifier() {
    let app = App::start().await;
    let user = app.user_with_phone("ada@example.com", "+15005550006").await;
    let path = format!("/users/{}", text(&user["id"]));
    for clear in [json!({"phone": ""}), json!({"phone": null})] {
        app.patch(&path, json!({"phone": "+15005550006"}))
            .await
            .json(200);
        assert_eq!(app.patch(&path, clear).await.json(200)["user"]["phone"], "");
    }
    let error = app
        .patch(&path, json!({"email": ""}))
        .await
        .error(400, "invalid_request");
    assert!(error.contains("email"), "{error}");
    assert_eq!(
        app.get(&path).await.json(200)["user"]["email"],
        "ada@example.com"
    );
}

#[tokio::test]
async fn deactivate_and_activate() {
    let app = App::start().await;
    let created = app.user("ada@example.com").await;
    let path = format!("/users/{}", text(&created["id"]));
    for (action, status) in [
        ("activate", "active"),
        ("deactivate", "inactive"),
        ("deactivate", "inactive"),
        ("activate", "active"),
    ] {
        let user = app.touch(&format!("{path}/{action}")).await.json(200)["user"].clone();
        let mut expected = created.clone();
        expected["status"] = json!(status);
        expected["updated_at"] = user["updated_at"].clone();
        assert_eq!(user, expected, "{action}");
        assert_eq!(app.get(&path).await.json(200)["user"], user);
    }
    // Clients that send an empty JSON body with the PATCH are served as well.
    assert_eq!(
        app.patch(&format!("{path}/deactivate"), json!({}))
            .await
            .json(200)["user"]["status"],
        "inactive"
    );
}

#[tokio::test]
async fn a_deleted_user_is_gone() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let path = format!("/users/{id}");
    let device = || passage_server::SeedDevice::new().cred_id("Y3JlZA");
    app.controls().seed_device(&id, device()).await.unwrap();
    app.delete(&path).await.empty(200);
    app.get(&path).await.error(404, "user_not_found");
    app.delete(&path).await.error(404, "user_not_found");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
    let again = app.user_id("ada@example.com").await;
    assert_ne!(again, id, "the address is free again, the id is not");
    app.controls()
        .seed_device(&again, device())
        .await
        .expect("the credential id is free again too");
}

#[tokio::test]
async fn an_unknown_user_is_404_everywhere() {
    let app = App::start().await;
    for (method, path) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::DELETE, ""),
        (Method::PATCH, "/activate"),
        (Method::PATCH, "/deactivate"),
        (Method::GET, "/devices"),
        (Method::DELETE, "/devices/x"),
        (Method::DELETE, "/tokens"),
    ] {
        let request = app.managed(method.clone(), &format!("/users/{NOBODY}{path}"));
        let request = if method == Method::PATCH {
            request.json(&json!({}))
        } else {
            request
        };
        send(request).await.error(404, "user_not_found");
    }
}

#[tokio::test]
async fn a_changed_identifier_is_not_verified() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let path = format!("/users/{id}");
    let (otp_id, code) = app.login_code("ada@example.com").await;
    app.enter(&otp_id, &code).await.json(200);
    let change = async |body: Value| {
        app.patch(&path, body).await.json(200)["user"]["email_verified"].clone()
    };
    assert_eq!(change(json!({"email": "ADA@example.com"})).await, true);
    assert_eq!(change(json!({"phone": "+15005550006"})).await, true);
    assert_eq!(change(json!({"email": "grace@example.com"})).await, false);
    // Nor is the old one when it comes back.
    assert_eq!(change(json!({"email": "ada@example.com"})).await, false);
}

#[tokio::test]
async fn times_have_at_most_six_digits_of_a_second() {
    let app = App::start().await;
    app.controls().stop_clock();
    let mut fractions = std::collections::HashSet::new();
    for index in 0..20 {
        let user = app.user(&format!("u{index}@example.com")).await;
        let created = text(&user["created_at"]);
        time(&user["created_at"]);
        let (second, _) = created.split_once(['.', 'Z']).unwrap();
        assert_eq!(second.len(), "2006-01-02T15:04:05".len(), "{created}");
        let fraction = created.trim_end_matches('Z').split_once('.');
        let fraction = fraction.map_or(0, |(_, digits)| digits.len());
        assert!(fraction <= 6, "{created}");
        fractions.insert(fraction);
        app.controls().advance(std::time::Duration::from_micros(1));
    }
    assert!(fractions.contains(&6), "{fractions:?}");
}
