//! Pages of a list of users.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lists::{five, positions};
use crate::support::{App, Reply, is_id, send, text};

/// Two to a page, oldest first, without the inactive one of the five users.
const QUERY: [(&str, &str); 3] = [
    ("limit", "2"),
    ("order_by", "created_at:ASC"),
    ("status", "<ne:inactive>"),
];

/// Follows a link of a page.
async fn follow(app: &App, page: &Value, link: &str) -> Reply {
    let href = text(&page["_links"][link]["href"]);
    assert!(href.contains("/users?page="), "{href}");
    let url = reqwest::Url::parse(&app.api("/users"))
        .unwrap()
        .join(&href)
        .unwrap();
    send(app.http.get(url).bearer_auth(app.server().api_key())).await
}

#[tokio::test]
async fn the_first_page_counts_all_matches_and_nothing_comes_before_it() {
    let (app, users) = five().await;
    let first = app.list(&QUERY).await;
    let page = first.json(200);
    assert_eq!(
        (&page["page"], &page["limit"], &page["total_users"]),
        (&json!(1), &json!(2), &json!(4))
    );
    assert_eq!(
        page["_links"]["previous"]["href"], "",
        "nothing comes before the first page"
    );
    assert_eq!(positions(&users, &first), [0, 1]);
}

#[tokio::test]
async fn the_next_page_keeps_filters_order_limit_and_anchor() {
    let (app, users) = five().await;
    let page = app.list(&QUERY).await.json(200);
    let second = follow(&app, &page, "next").await;
    let next = second.json(200);
    assert_eq!(
        positions(&users, &second),
        [2, 3],
        "filters, order and limit go along"
    );
    assert_eq!(
        (&next["page"], &next["limit"], &next["total_users"]),
        (&json!(2), &json!(2), &json!(4))
    );
    assert_eq!(
        next["_links"]["next"]["href"], "",
        "nothing comes after the last page"
    );
    assert_eq!(
        next["created_before"], page["created_before"],
        "the anchor goes along"
    );
}

#[tokio::test]
async fn pages_are_linked_both_ways() {
    let (app, users) = five().await;
    let page = app.list(&QUERY).await.json(200);
    let next = follow(&app, &page, "next").await.json(200);
    for (from, link, expected) in [
        (&page, "first", [0, 1]),
        (&page, "self", [0, 1]),
        (&page, "last", [2, 3]),
        (&next, "first", [0, 1]),
        (&next, "previous", [0, 1]),
        (&next, "self", [2, 3]),
        (&next, "last", [2, 3]),
    ] {
        let reply = follow(&app, from, link).await;
        let number = &from["page"];
        assert_eq!(positions(&users, &reply), expected, "{link} of {number}");
    }
}

#[tokio::test]
async fn a_page_beyond_the_last_is_empty() {
    let (app, _) = five().await;
    let beyond = app.list(&[("limit", "2"), ("page", "9")]).await.json(200);
    assert_eq!(
        (&beyond["users"], &beyond["total_users"], &beyond["page"]),
        (&json!([]), &json!(5), &json!(9))
    );
}

#[tokio::test]
async fn pages_stay_stable_while_users_are_added() {
    let (app, users) = five().await;
    let first = app.list(&[("limit", "2")]).await;
    assert_eq!(positions(&users, &first), [4, 3]);
    let anchor = first.json(200)["created_before"].as_i64().unwrap();
    assert!(
        (anchor - app.controls().now().as_second()).abs() <= 1,
        "the anchor is the time of the first request"
    );

    app.controls().advance(Duration::from_secs(10));
    for index in 0..3 {
        app.user(&format!("late{index}@example.com")).await;
    }
    let anchor = anchor.to_string();
    let mut seen = Vec::new();
    for page in ["1", "2", "3"] {
        let reply = app
            .list(&[("limit", "2"), ("page", page), ("created_before", &anchor)])
            .await;
        assert_eq!(reply.json(200)["total_users"], 5);
        assert_eq!(reply.json(200)["created_before"].to_string(), anchor);
        seen.extend(positions(&users, &reply));
    }
    assert_eq!(seen, [4, 3, 2, 1, 0]);
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        8,
        "without the anchor they are there"
    );
    assert_eq!(
        app.list(&[("created_before", "0")]).await.json(200)["total_users"],
        0
    );
    assert_eq!(
        app.list(&[("created_before", "99999999999999999")])
            .await
            .json(200)["total_users"],
        8
    );
}

#[tokio::test]
async fn users_of_the_same_instant_are_neither_repeated_nor_skipped() {
    let app = App::start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..40 {
        tasks.spawn(send(
            app.managed(http::Method::POST, "/users")
                .json(&json!({"email": format!("u{index}@example.com")})),
        ));
    }
    let created = tasks.join_all().await;
    assert!(created.iter().all(|reply| reply.status == 201));
    let mut ids = Vec::new();
    for page in 1..=6 {
        let reply = app
            .list(&[
                ("limit", "7"),
                ("page", &page.to_string()),
                ("order_by", "status:ASC"),
            ])
            .await
            .json(200);
        ids.extend(
            reply["users"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| text(&user["id"])),
        );
    }
    assert_eq!(ids.len(), 40);
    assert!(ids.iter().all(|id| is_id(id)));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}
