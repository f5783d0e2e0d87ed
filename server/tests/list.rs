//! Lists of users: filters, order, pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Server, members, refused, str};
use serde_json::{Value, json};

/// Five users, ten seconds apart: a..d by e-mail, e by phone. b logged in once, c twice, d is inactive.
async fn five() -> (Server, Vec<Value>) {
    let server = Server::start().await;
    let mut users = Vec::new();
    for name in ["a", "b", "c", "d"] {
        users.push(
            server
                .create(json!({"email": format!("{name}@example.com")}))
                .await,
        );
        server.controls().advance(Duration::from_secs(10));
    }
    users.push(server.create(json!({"phone": "+15005550006"})).await);
    for (user, count) in [(1, 1), (2, 2)] {
        for _ in 0..count {
            server
                .controls()
                .sign_in(str(&users[user]["id"]))
                .await
                .unwrap();
        }
    }
    server
        .patch(
            &format!("/users/{}/deactivate", str(&users[3]["id"])),
            json!({}),
        )
        .await;
    (server, users)
}

/// The users of a list by the letter of their e-mail address, `e` for the one without.
fn names(list: &Value) -> String {
    let name = |user: &Value| str(&user["email"]).chars().next().unwrap_or('e');
    list["users"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn filters() {
    let (server, users) = five().await;
    let id = |index: usize| str(&users[index]["id"]).to_owned();
    let created = |index: usize| str(&users[index]["created_at"]).to_owned();
    for (name, value, expected) in [
        ("identifier", "b@example.com".to_owned(), "b"),
        ("identifier", "B@Example.com".to_owned(), "b"),
        ("identifier", "+15005550006".to_owned(), "e"),
        ("identifier", "nobody@example.com".to_owned(), ""),
        ("identifier", "<ne:b@example.com>".to_owned(), "acde"),
        ("identifier", "<ne:+15005550006>".to_owned(), "abcd"),
        ("identifier", "<like:@example>".to_owned(), "abcd"),
        ("identifier", "<like:A@EXAMPLE>".to_owned(), "a"),
        ("identifier", "<like:+1500>".to_owned(), "e"),
        ("identifier", "<like:%.com>".to_owned(), "abcd"),
        ("identifier", "<like:a%>".to_owned(), "a"),
        ("identifier", "<like:a_example>".to_owned(), ""),
        ("identifier", "<not_like:@example>".to_owned(), "e"),
        ("identifier", "<gt:b@example.com>".to_owned(), "cd"),
        ("identifier", "<lt:b@example.com>".to_owned(), "ae"),
        ("id", id(2), "c"),
        ("id", format!("<ne:{}>", id(2)), "abde"),
        ("id", format!("<like:{}>", &id(2)[4..20]), "c"),
        ("id", format!("<not_like:{}>", &id(2)[4..20]), "abde"),
        ("status", "pending".to_owned(), "ae"),
        ("status", "<ne:pending>".to_owned(), "bcd"),
        ("status", "<like:active>".to_owned(), "bcd"),
        ("status", "<not_like:in>".to_owned(), "bc"),
        ("login_count", "1".to_owned(), "b"),
        ("login_count", "<gt:0>".to_owned(), "bc"),
        ("login_count", "<lt:2>".to_owned(), "abde"),
        ("login_count", "<ne:0>".to_owned(), "bc"),
        ("created_at", created(1), "b"),
        ("created_at", format!("<ne:{}>", created(1)), "acde"),
        ("created_at", format!("<gt:{}>", created(1)), "cde"),
        ("created_at", format!("<lt:{}>", created(1)), "a"),
        ("updated_at", format!("<lt:{}>", created(1)), "a"),
        ("last_login_at", "0001-01-01T00:00:00Z".to_owned(), "ade"),
        (
            "last_login_at",
            "<gt:2006-01-02T15:04:05.000000Z>".to_owned(),
            "bc",
        ),
    ] {
        let (status, list) = server
            .list(&[(name, &value), ("order_by", "created_at:ASC")])
            .await;
        assert_eq!(status, 200, "{name}={value}: {list}");
        assert_eq!(names(&list), expected, "{name}={value}");
        assert_eq!(list["total_users"], expected.len(), "{name}={value}");
    }
    let both = server
        .list(&[
            ("status", "<ne:inactive>"),
            ("login_count", "<gt:0>"),
            ("identifier", "<like:c@>"),
        ])
        .await;
    assert_eq!(names(&both.1), "c", "filters are joined by and");
    let range = [
        ("created_at", format!("<gt:{}>", created(0))),
        ("created_at", format!("<lt:{}>", created(3))),
    ];
    let range: Vec<(&str, &str)> = range
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        names(&server.list(&range).await.1),
        "cb",
        "a filter can come twice"
    );
}

#[tokio::test]
async fn order() {
    let (server, users) = five().await;
    for (order, expected) in [
        ("created_at:ASC", "abcde"),
        ("created_at:DESC", "edcba"),
        ("login_count:DESC,created_at:ASC", "cbade"),
        ("login_count:DESC,created_at:DESC", "cbeda"),
        ("status:ASC,created_at:ASC", "bcdae"),
        ("email:DESC", "dcbae"),
        ("phone:DESC,email:ASC", "eabcd"),
        ("last_login_at:DESC,created_at:DESC", "cbeda"),
        ("updated_at:DESC", "dcbea"),
    ] {
        assert_eq!(
            names(&server.list(&[("order_by", order)]).await.1),
            expected,
            "{order}"
        );
    }
    assert_eq!(
        names(&server.list(&[]).await.1),
        "edcba",
        "newest first by default"
    );
    let mut ids: Vec<&str> = users.iter().map(|user| str(&user["id"])).collect();
    ids.sort_unstable();
    let by_id = server.list(&[("order_by", "id:ASC")]).await.1;
    assert_eq!(
        by_id["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| str(&user["id"]))
            .collect::<Vec<_>>(),
        ids
    );
}

#[tokio::test]
async fn an_item_has_every_member() {
    let (server, users) = five().await;
    let list = server.list(&[("identifier", "a@example.com")]).await.1;
    assert_eq!(
        members(&list),
        [
            "_links",
            "created_before",
            "limit",
            "page",
            "total_users",
            "users"
        ]
    );
    assert_eq!(
        members(&list["_links"]),
        ["first", "last", "next", "previous", "self"]
    );
    let item = &list["users"][0];
    assert_eq!(
        members(item),
        [
            "created_at",
            "email",
            "email_verified",
            "external_id",
            "id",
            "last_login_at",
            "login_count",
            "phone",
            "phone_verified",
            "status",
            "updated_at",
            "user_metadata"
        ]
    );
    for (name, value) in item.as_object().unwrap() {
        assert_eq!(value, &users[0][name], "{name}");
    }
}

#[tokio::test]
async fn pages_hold_still_while_users_are_created() {
    let (server, _) = five().await;
    let (_, first) = server
        .list(&[("limit", "2"), ("order_by", "created_at:DESC")])
        .await;
    assert_eq!(
        (names(&first), &first["total_users"]),
        ("ed".to_owned(), &json!(5))
    );
    assert_eq!((&first["page"], &first["limit"]), (&json!(1), &json!(2)));
    assert_eq!(first["_links"]["previous"]["href"], "");

    server.controls().advance(Duration::from_secs(5));
    server.user("f@example.com").await;
    let anchor = first["created_before"].to_string();
    let mut all = names(&first);
    for page in ["2", "3", "4"] {
        let query = [
            ("limit", "2"),
            ("page", page),
            ("order_by", "created_at:DESC"),
            ("created_before", anchor.as_str()),
        ];
        let (_, list) = server.list(&query).await;
        assert_eq!(
            (&list["created_before"], &list["total_users"]),
            (&first["created_before"], &json!(5))
        );
        all.push_str(&names(&list));
    }
    assert_eq!(all, "edcba");
    assert_eq!(server.list(&[]).await.1["total_users"], 6);
}

#[tokio::test]
async fn links_lead_through_all_pages_with_the_filters() {
    let (server, _) = five().await;
    let (_, mut list) = server
        .list(&[
            ("limit", "2"),
            ("identifier", "<like:@example>"),
            ("order_by", "email:ASC"),
        ])
        .await;
    let mut all = names(&list);
    let last = str(&list["_links"]["last"]["href"]).to_owned();
    assert_eq!(list["_links"]["first"], list["_links"]["self"]);
    loop {
        let next = str(&list["_links"]["next"]["href"]).to_owned();
        if next.is_empty() {
            break;
        }
        let before = list["_links"]["self"].clone();
        let request = server
            .http
            .get(format!("{}{next}", server.server.url()))
            .bearer_auth(server.server.api_key());
        list = common::reply(request).await.1;
        assert_eq!(list["_links"]["previous"], before);
        assert_eq!(str(&list["_links"]["self"]["href"]), next);
        all.push_str(&names(&list));
    }
    assert_eq!(all, "abcd");
    assert_eq!(str(&list["_links"]["self"]["href"]), last);
}

#[tokio::test]
async fn an_empty_list_has_all_its_members() {
    let server = Server::start().await;
    let (status, list) = server
        .list(&[("identifier", "nobody@example.com"), ("limit", "1")])
        .await;
    assert_eq!(
        (status, &list["users"], &list["total_users"]),
        (200, &json!([]), &json!(0))
    );
    assert_eq!(
        (
            &list["_links"]["next"]["href"],
            &list["_links"]["previous"]["href"]
        ),
        (&json!(""), &json!(""))
    );
    assert_ne!(list["_links"]["last"]["href"], "");
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let server = Server::start().await;
    for (name, value) in [
        ("page", "0"),
        ("page", "x"),
        ("limit", "0"),
        ("limit", "501"),
        ("created_before", "x"),
        ("order_by", "identifier:ASC"),
        ("order_by", "nothing"),
        ("order_by", "id:sideways"),
        ("identifier", ""),
        ("status", "<in:active>"),
        ("created_at", "today"),
        ("login_count", "<like:1>"),
        ("created_at", "<like:2024>"),
    ] {
        let reply = server.list(&[(name, value)]).await;
        refused(&reply, 400, "invalid_request");
        assert!(str(&reply.1["error"]).starts_with(name), "{}", reply.1);
    }
    assert_eq!(
        server
            .list(&[
                ("limit", "500"),
                ("page", "9999"),
                ("created_before", "99999999999999999")
            ])
            .await
            .0,
        200
    );
    assert_eq!(
        server.list(&[("status", "' OR 1=1 --")]).await.1["total_users"],
        0
    );
}
