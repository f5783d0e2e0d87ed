//! Lists of users: items, order, filters.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{App, Reply, members, text};

/// An app with five users, created ten seconds apart: ada, bob, a phone number alone, cy (active, two logins), dee
/// (inactive, one login).
pub async fn five() -> (App, Vec<Value>) {
    let app = App::start().await;
    let mut ids = Vec::new();
    for body in [
        json!({"email": "ada@example.com"}),
        json!({"email": "bob@example.com", "phone": "+15005550001"}),
        json!({"phone": "+15005550002"}),
        json!({"email": "cy@other.org"}),
        json!({"email": "dee@other.org"}),
    ] {
        ids.push(text(
            &app.post("/users", body).await.json(201)["user"]["id"],
        ));
        app.controls().advance(Duration::from_secs(10));
    }
    for (index, logins) in [(4, 1), (3, 2)] {
        for _ in 0..logins {
            app.sign_in(&ids[index]).await;
            app.controls().advance(Duration::from_secs(10));
        }
    }
    app.touch(&format!("/users/{}/deactivate", ids[4]))
        .await
        .json(200);
    app.controls().advance(Duration::from_secs(10));
    let mut users = Vec::new();
    for id in &ids {
        users.push(app.get(&format!("/users/{id}")).await.json(200)["user"].clone());
    }
    (app, users)
}

/// Positions, in the order of creation, of the users on a page.
pub fn positions(users: &[Value], reply: &Reply) -> Vec<usize> {
    let page = reply.json(200);
    let listed = page["users"].as_array().unwrap().iter();
    listed
        .map(|item| {
            users
                .iter()
                .position(|user| user["id"] == item["id"])
                .unwrap()
        })
        .collect()
}

pub fn sorted(mut positions: Vec<usize>) -> Vec<usize> {
    positions.sort_unstable();
    positions
}

#[tokio::test]
async fn a_listed_user_is_the_user_without_devices_and_events() {
    let (app, users) = five().await;
    let page = app.list(&[]).await.json(200);
    assert_eq!(
        members(&page),
        [
            "_links",
            "created_before",
            "limit",
            "page",
            "total_users",
            "users"
        ]
    );
    for item in page["users"].as_array().unwrap() {
        let user = users.iter().find(|user| user["id"] == item["id"]).unwrap();
        let mut expected = user.clone();
        for name in [
            "recent_events",
            "social_connections",
            "webauthn",
            "webauthn_devices",
            "webauthn_types",
        ] {
            expected.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(item, &expected);
    }
    assert_eq!(page["users"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn nobody_is_an_empty_list() {
    let app = App::start().await;
    let page = app.list(&[]).await.json(200);
    assert_eq!(
        (&page["users"], &page["total_users"], &page["page"]),
        (&json!([]), &json!(0), &json!(1))
    );
    assert_eq!(
        members(&page["_links"]),
        ["first", "last", "next", "previous", "self"]
    );
    assert_eq!(page["_links"]["next"]["href"], "");
    assert_eq!(page["_links"]["previous"]["href"], "");
}

#[tokio::test]
async fn filters_are_joined_by_and() {
    let (app, users) = five().await;
    for (query, expected) in [
        (
            vec![("status", "pending"), ("identifier", "<like:example.com>")],
            vec![0, 1],
        ),
        (
            vec![("status", "<ne:active>"), ("login_count", "<gt:0>")],
            vec![4],
        ),
        (vec![("status", "active"), ("login_count", "0")], vec![]),
        (
            vec![("login_count", "<gt:0>"), ("login_count", "<lt:2>")],
            vec![4],
        ),
        (
            vec![("status", "<ne:active>"), ("status", "<ne:pending>")],
            vec![4],
        ),
    ] {
        let reply = app.list(&query).await;
        assert_eq!(sorted(positions(&users, &reply)), expected, "{query:?}");
    }
}

#[tokio::test]
async fn filter_values_are_data() {
    let (app, users) = five().await;
    for value in [
        "' OR '1'='1",
        "<like:'>",
        "\" OR 1=1 --",
        "<ne:x' OR 1=1 -->",
        "a;DROP TABLE users",
        "<like:\\>",
    ] {
        let expected = if value.starts_with("<ne:") {
            vec![0, 1, 2, 3, 4]
        } else {
            vec![]
        };
        assert_eq!(
            sorted(positions(&users, &app.list(&[("identifier", value)]).await)),
            expected,
            "{value}"
        );
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 5);
}

#[tokio::test]
async fn order_by_one_field_and_by_several() {
    let (app, users) = five().await;
    for name in [
        "created_at",
        "updated_at",
        "last_login_at",
        "login_count",
        "status",
        "id",
        "email",
        "phone",
    ] {
        for direction in ["ASC", "DESC"] {
            let order = format!("{name}:{direction}");
            let listed = positions(&users, &app.list(&[("order_by", &order)]).await);
            let mut values: Vec<String> = listed
                .iter()
                .map(|index| users[*index][name].to_string())
                .collect();
            if direction == "DESC" {
                values.reverse();
            }
            assert!(values.is_sorted(), "{order}: {values:?}");
            assert_eq!(sorted(listed), [0, 1, 2, 3, 4], "{order}");
        }
    }
    for (order, expected) in [
        ("created_at:ASC", [0, 1, 2, 3, 4]),
        ("created_at:DESC", [4, 3, 2, 1, 0]),
        ("status:ASC,created_at:DESC", [3, 4, 2, 1, 0]),
        ("status:DESC,created_at:ASC", [0, 1, 2, 4, 3]),
        ("last_login_at:DESC,created_at:ASC", [3, 4, 0, 1, 2]),
        (
            "email_verified:ASC,login_count:DESC,email:DESC",
            [3, 4, 1, 0, 2],
        ),
    ] {
        assert_eq!(
            positions(&users, &app.list(&[("order_by", order)]).await),
            expected,
            "{order}"
        );
    }
    assert_eq!(
        positions(&users, &app.list(&[]).await),
        [4, 3, 2, 1, 0],
        "newest first by default"
    );
}

#[tokio::test]
async fn what_a_list_cannot_do_is_refused_by_name() {
    let app = App::start().await;
    for (name, value) in [
        ("page", "0"),
        ("page", "-1"),
        ("page", "x"),
        ("page", "1.5"),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-5"),
        ("limit", "lots"),
        ("limit", "99999999999999999999"),
        ("created_before", "yesterday"),
        ("order_by", "identifier:ASC"),
        ("order_by", "created_at:SIDEWAYS"),
        ("order_by", "favourite_colour:ASC"),
        ("order_by", "created_at:ASC; DROP TABLE users"),
        ("login_count", "many"),
        ("login_count", "<like:1>"),
        ("login_count", "<gt:x>"),
        ("created_at", "yesterday"),
        ("created_at", "<like:2024>"),
        ("updated_at", "<not_like:2024>"),
        ("last_login_at", "<gt:soon>"),
        ("status", "<in:active>"),
        ("identifier", "<between:a>"),
        ("id", "<:x>"),
        ("identifier", ""),
        ("identifier", "<ne:>"),
        ("order_by", ""),
    ] {
        let error = app
            .list(&[(name, value)])
            .await
            .error(400, "invalid_request");
        assert!(error.contains(name), "{name}={value}: {error}");
    }
    for (limit, size) in [("1", 1), ("500", 500)] {
        assert_eq!(
            app.list(&[("limit", limit)]).await.json(200)["limit"],
            size,
            "the bounds themselves are allowed"
        );
    }
}

#[tokio::test]
async fn an_unknown_member_of_the_query_is_ignored() {
    let (app, _) = five().await;
    assert_eq!(
        app.list(&[("utm_source", "mail")]).await.json(200)["total_users"],
        5
    );
}

#[tokio::test]
async fn the_identifier_filter_finds_one_user() {
    let (app, users) = five().await;
    for identifier in ["bob@example.com", "+15005550001"] {
        let reply = app
            .list(&[("identifier", identifier), ("limit", "1")])
            .await;
        assert_eq!(positions(&users, &reply), [1], "{identifier}");
    }
    let page = app
        .list(&[("identifier", "nobody@example.com"), ("limit", "1")])
        .await
        .json(200);
    assert_eq!(
        (&page["users"], &page["total_users"]),
        (&json!([]), &json!(0))
    );
}
