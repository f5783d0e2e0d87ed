//! The outbox: waiting for messages, and the page that shows them.

use serde_json::json;

use crate::mailbox::{ADA, BOB, together};
use crate::support::{App, send};

#[tokio::test]
async fn a_request_waits_until_a_message_is_there() {
    let app = App::start().await;
    app.user(ADA).await;
    app.user(BOB).await;
    let waiting = app.dev_get("/outbox?to=ADA%40example.com&wait=60");
    let sending = async {
        // The first message is somebody else's.
        app.login_code(BOB).await;
        app.login_code(ADA).await
    };
    let (found, (otp_id, code)) = tokio::join!(waiting, sending);
    let found = found.json(200);
    let [message] = found["messages"].as_array().unwrap().as_slice() else {
        panic!("{found}")
    };
    assert_eq!(
        (
            &message["to"],
            &message["code"],
            &message["otp_id"],
            &message["url"]
        ),
        (&json!(ADA), &json!(code), &json!(otp_id), &json!(null))
    );
    // What is there already is not waited for.
    let all = app.dev_get("/outbox?wait=60").await.json(200);
    assert_eq!(all["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_last_thousand_messages_are_kept() {
    let app = App::start().await;
    app.user(ADA).await;
    app.user(BOB).await;
    app.login_code(BOB).await;
    for _ in 0..10 {
        let body = json!({"identifier": ADA});
        let hundred = (0..100).map(|_| app.visit_post("/login/otp", body.clone()));
        for reply in together(hundred).await {
            reply.json(201);
        }
    }
    let messages = app.controls().outbox();
    assert_eq!(messages.len(), 1000);
    assert!(messages.iter().all(|message| message.to == ADA));
}

#[tokio::test]
async fn waiting_ends_when_its_time_is_over() {
    let app = App::start().await;
    for wait in ["0", "0.01"] {
        let none = app.dev_get(&format!("/outbox?wait={wait}")).await.json(200);
        assert_eq!(none, json!({"messages": []}));
    }
    for wait in ["", "-1", "61", "NaN", "inf", "soon"] {
        let refused = app.dev_get(&format!("/outbox?wait={wait}")).await;
        refused.error(400, "invalid_request");
    }
}

#[tokio::test]
async fn the_page_shows_messages_with_links_to_click_on() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let page = async |query: &str| {
        let request = app.http.get(app.dev(&format!("/outbox{query}")));
        let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
        let reply = send(request.header("accept", accept)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        String::from_utf8(reply.body.to_vec()).unwrap()
    };
    assert!(page("").await.contains("No messages yet."));

    let hostile = "\"><script>alert(1)</script>@example.com";
    app.user(hostile).await;
    app.user(ADA).await;
    // No other characters that mean something in HTML are accepted.
    let path = "/in?next=b&a='b'";
    let body = json!({"identifier": hostile, "magic_link_path": path});
    app.visit_post("/login/magic-link", body).await.json(200);
    let (_, code) = app.login_code(ADA).await;
    let shown = page("").await;
    let link = app.message(hostile).url.unwrap();
    let escaped = link.replace('&', "&amp;").replace('\'', "&#39;");
    assert!(shown.contains(&format!("<a href=\"{escaped}\"")), "{shown}");
    assert!(shown.contains("&quot;&gt;&lt;script&gt;"), "{shown}");
    assert!(
        !shown.contains("<script") && !shown.contains("'b'"),
        "{shown}"
    );
    assert!(shown.contains(&format!("<code>{code}</code>")));
    assert!(shown.find(&code) < shown.find(&escaped), "newest first");
    assert_eq!(shown.matches("<article").count(), 2);
    assert_eq!(
        page("?to=ada%40example.com")
            .await
            .matches("<article")
            .count(),
        1
    );
    for elsewhere in ["src=", "http://", "@import", "url("] {
        assert!(!shown.contains(elsewhere), "nothing is loaded: {elsewhere}");
    }

    let json = send(app.http.get(app.dev("/outbox")).header("accept", "*/*")).await;
    assert_eq!(json.json(200)["messages"].as_array().unwrap().len(), 2);
}
