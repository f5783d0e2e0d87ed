//! Filters of the list of users: each member of the query with each operator.

use serde_json::Value;

use crate::lists::{five, positions, sorted};
use crate::support::{App, text};

/// The five users have these positions; see [`five`].
const IDENTIFIERS: &[(&str, &[usize])] = &[
    ("ada@example.com", &[0]),
    ("ADA@Example.com", &[0]),
    ("+15005550001", &[1]),
    ("example.com", &[]),
    ("<ne:ada@example.com>", &[1, 2, 3, 4]),
    ("<ne:+15005550002>", &[0, 1, 3, 4]),
    ("<like:@example.com>", &[0, 1]),
    ("<like:@EXAMPLE>", &[0, 1]),
    ("<like:%other.org>", &[3, 4]),
    ("<like:a%com>", &[0]),
    ("<like:_da@example.com>", &[]),
    ("<like:+1500>", &[1, 2]),
    ("<not_like:example>", &[2, 3, 4]),
    ("<gt:c>", &[3, 4]),
    ("<lt:b>", &[0, 1, 2]),
];

const STATUSES: &[(&str, &[usize])] = &[
    ("pending", &[0, 1, 2]),
    ("active", &[3]),
    ("inactive", &[4]),
    ("gone", &[]),
    ("<ne:pending>", &[3, 4]),
    ("<like:act>", &[3, 4]),
    ("<not_like:inact>", &[0, 1, 2, 3]),
    ("<gt:active>", &[0, 1, 2, 4]),
    ("<lt:inactive>", &[3]),
];

const LOGIN_COUNTS: &[(&str, &[usize])] = &[
    ("0", &[0, 1, 2]),
    ("2", &[3]),
    ("<ne:0>", &[3, 4]),
    ("<gt:1>", &[3]),
    ("<lt:2>", &[0, 1, 2, 4]),
];

/// The list with this filter has the users at these positions, and counts them.
async fn assert_matches(app: &App, users: &[Value], name: &str, value: &str, expected: &[usize]) {
    let reply = app.list(&[(name, value)]).await;
    let found = sorted(positions(users, &reply));
    assert_eq!(found, expected, "{name}={value}");
    let total = reply.json(200)["total_users"].clone();
    assert_eq!(total, expected.len(), "{name}={value}");
}

async fn assert_table(name: &str, table: &[(&str, &[usize])]) {
    let (app, users) = five().await;
    for (value, expected) in table {
        assert_matches(&app, &users, name, value, expected).await;
    }
}

#[tokio::test]
async fn identifiers_are_filtered_by_every_operator() {
    assert_table("identifier", IDENTIFIERS).await;
}

#[tokio::test]
async fn statuses_are_filtered_by_every_operator() {
    assert_table("status", STATUSES).await;
}

#[tokio::test]
async fn login_counts_are_filtered_by_every_operator() {
    assert_table("login_count", LOGIN_COUNTS).await;
}

#[tokio::test]
async fn ids_are_filtered_by_every_operator() {
    let (app, users) = five().await;
    let ids: Vec<String> = users.iter().map(|user| text(&user["id"])).collect();
    let id = &ids[2];
    let (part, prefix) = (&id[4..16], &id[..12]);
    let ids_that = |keep: &dyn Fn(&String) -> bool| -> Vec<usize> {
        (0..5).filter(|index| keep(&ids[*index])).collect()
    };
    for (value, expected) in [
        (id.clone(), vec![2]),
        (format!("<ne:{id}>"), vec![0, 1, 3, 4]),
        (format!("<like:{part}>"), vec![2]),
        (format!("<like:{prefix}%>"), vec![2]),
        (format!("<not_like:{part}>"), vec![0, 1, 3, 4]),
        (format!("<gt:{id}>"), ids_that(&|other| other > id)),
        (format!("<lt:{id}>"), ids_that(&|other| other < id)),
    ] {
        assert_matches(&app, &users, "id", &value, &expected).await;
    }
}

#[tokio::test]
async fn times_are_filtered_by_every_operator_on_times() {
    let (app, users) = five().await;
    let of = |index: usize, name: &str| text(&users[index][name]);
    let (created, updated) = (of(2, "created_at"), of(3, "updated_at"));
    let login = of(4, "last_login_at");
    let (never, far) = ("0001-01-01T00:00:00Z", "2999-01-02T15:04:05.000000Z");
    let cases: [(&str, String, &[usize]); 14] = [
        ("created_at", created.clone(), &[2]),
        ("created_at", format!("<ne:{created}>"), &[0, 1, 3, 4]),
        ("created_at", format!("<gt:{created}>"), &[3, 4]),
        ("created_at", format!("<lt:{created}>"), &[0, 1]),
        ("created_at", format!("<gt:{far}>"), &[]),
        ("updated_at", updated.clone(), &[3]),
        ("updated_at", format!("<ne:{updated}>"), &[0, 1, 2, 4]),
        ("updated_at", format!("<gt:{updated}>"), &[4]),
        ("updated_at", format!("<lt:{updated}>"), &[0, 1, 2]),
        ("last_login_at", login.clone(), &[4]),
        ("last_login_at", never.to_owned(), &[0, 1, 2]),
        ("last_login_at", format!("<ne:{login}>"), &[0, 1, 2, 3]),
        ("last_login_at", format!("<gt:{login}>"), &[3]),
        ("last_login_at", format!("<lt:{login}>"), &[0, 1, 2]),
    ];
    for (name, value, expected) in cases {
        assert_matches(&app, &users, name, &value, expected).await;
    }
}
