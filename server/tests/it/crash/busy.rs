//! Many writers at once, while others read, inside the server and beside it.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::ledger::total_users;
use super::process::{KEY, Server};

pub async fn run(writers: usize, length: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let server = Server::start(&data);
    let http = Client::builder().no_proxy().build().unwrap();
    let end = Instant::now() + length;
    let mut tasks = JoinSet::new();
    for index in 0..writers {
        tasks.spawn(write(http.clone(), server.api(), index, end));
    }
    let listing = tokio::spawn(list(http.clone(), server.api(), end));
    let backup = tokio::task::spawn_blocking(move || back_up(&data, end));
    let (mut created, mut longest) = (0, Duration::ZERO);
    for (count, wait) in tasks.join_all().await {
        created += count;
        longest = longest.max(wait);
    }
    let (pages, copies) = (listing.await.unwrap(), backup.await.unwrap());
    assert_eq!(total_users(&http, &server).await, created);
    println!(
        "{writers} writers created and changed {created} users in {length:?}, beside {pages} lists and {copies} \
         backups; the longest wait was {longest:.1?}"
    );
    assert!(pages > 0 && copies > 0, "{pages} {copies}");
}

/// The body of a good reply; any other fails the test. A busy file would show as a 500.
async fn good(request: RequestBuilder) -> Value {
    let response = request.bearer_auth(KEY).send().await.unwrap();
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    let text = String::from_utf8_lossy(&body);
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_slice(&body).unwrap()
}

/// Creates and changes users. Returns how many, and the longest wait for a reply.
async fn write(http: Client, api: String, index: usize, end: Instant) -> (u64, Duration) {
    let (mut created, mut longest) = (0, Duration::ZERO);
    while Instant::now() < end {
        let begun = Instant::now();
        let body = json!({"email": format!("w{index}.{created}@example.com")});
        let user = good(http.post(format!("{api}/users")).json(&body)).await;
        created += 1;
        longest = longest.max(begun.elapsed());

        let begun = Instant::now();
        let id = user["user"]["id"].as_str().unwrap();
        let body = json!({"user_metadata": {"number": created}});
        good(http.patch(format!("{api}/users/{id}")).json(&body)).await;
        longest = longest.max(begun.elapsed());
    }
    (created, longest)
}

/// Lists users, so that the server reads beside its own writes.
async fn list(http: Client, api: String, end: Instant) -> u64 {
    let mut pages = 0;
    while Instant::now() < end {
        let page = good(http.get(format!("{api}/users")).query(&[("limit", "100")])).await;
        assert!(page["users"].is_array());
        pages += 1;
    }
    pages
}

/// Reads the file from another process, in transactions that last, as a backup does.
fn back_up(data: &Path, end: Instant) -> u64 {
    let mut conn = Connection::open_with_flags(data, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut copies = 0;
    while Instant::now() < end {
        let reading = conn.transaction().unwrap();
        let count = || -> i64 {
            let count = "SELECT count(*) FROM users";
            reading.query_row(count, (), |row| row.get(0)).unwrap()
        };
        let first = count();
        let mut all = reading
            .prepare("SELECT id || email FROM users ORDER BY email")
            .unwrap();
        let all = all.query_map((), |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(i64::try_from(all.count()).unwrap(), first);
        assert_eq!(first, count(), "a transaction sees one state");
        copies += 1;
    }
    copies
}
