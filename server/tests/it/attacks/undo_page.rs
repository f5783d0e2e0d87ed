//! The page where a change is undone: what scanners, scripts and logs make of it.

use http::Method;
use passage_server::{AuditEntry, SettingsPatch};
use serde_json::json;

use super::undo::{Victim, press};
use crate::browser::form;
use crate::mailbox::{ADA, secret, tokens};
use crate::support::{App, Reply, send, text};

const EVE: &str = "eve@example.com";

impl Reply {
    /// The text of an HTML page with this status.
    #[track_caller]
    pub fn page_of(&self, status: u16) -> String {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "text/html; charset=utf-8"),
            "{self:?}"
        );
        String::from_utf8(self.body.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn a_mail_scanner_that_opens_the_link_undoes_nothing() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    for _ in 0..2 {
        let head = send(ada.app.http.head(&link)).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        let page = ada.app.follow(&link).await.page();
        assert!(page.contains(ADA) && !page.contains("<script"), "{page}");
        // The form carries what the link has, to the same page.
        let (action, fields) = form(&page);
        let (_, query) = link.split_once("?token=").unwrap();
        assert_eq!(action, "?");
        assert_eq!(fields, [("token".to_owned(), query.to_owned())]);
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(send(ada.app.http.request(method, &link)).await.status, 405);
    }
    // A secret in the query of a POST is not what the button sends.
    send(ada.app.http.post(&link)).await.page_of(404);
    assert_eq!(ada.user().await["email"], EVE);
    ada.app.press(&link).await.page();
    assert_eq!(ada.user().await["email"], ADA);
}

#[tokio::test]
async fn the_page_is_kept_nowhere_framed_nowhere_and_tells_nobody_its_address() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let replies = [
        ada.app.follow(&link).await,
        ada.app.press(&link).await,
        ada.app.follow(&link).await,
    ];
    for reply in replies {
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        let policy = reply.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-")
                && policy.contains("frame-ancestors 'none'")
                && policy.contains("form-action 'self'"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn names_and_addresses_are_text_on_the_page() {
    let markup = "<img src=x onerror=alert(1)>\"'&";
    let app = App::start_with(|builder| {
        let mut settings = SettingsPatch::default();
        settings.name = Some(markup.to_owned());
        builder.conceal_users(true).settings(settings)
    })
    .await;
    let old = "\"<b>&\"@example.com";
    let id = text(&app.post("/users", json!({"email": old})).await.json(201)["user"]["id"]);
    let (code_id, code) = app.login_code(old).await;
    let token = tokens(&app.enter(&code_id, &code).await).auth_token;
    let body = json!({"new_email": EVE});
    app.own(&token, Method::PATCH, "/currentuser/email", body)
        .await
        .json(200);
    app.open(&secret(&app.message(EVE))).await;
    assert_eq!(app.managed_user(&id).await["email"], EVE);
    let link = app.undo_link(old);
    for page in [
        app.follow(&link).await.page(),
        app.press(&link).await.page(),
    ] {
        assert!(!page.contains("<img") && !page.contains("\"<b>"), "{page}");
        assert!(
            page.contains("&lt;img src=x") && page.contains("&quot;&lt;b&gt;&amp;"),
            "{page}"
        );
    }
    assert_eq!(app.managed_user(&id).await["email"], old);
}

#[tokio::test]
async fn the_request_log_does_not_show_the_secret() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    ada.app.follow(&link).await.page();
    ada.app.press(&link).await.page();
    let (_, secret) = link.split_once("?token=").unwrap();
    let log = ada.app.dev_get("/requests").await.json(200).to_string();
    assert!(log.contains("/undo-change?token=[redacted]"), "{log}");
    assert!(!log.contains(secret), "{log}");
}

#[tokio::test]
async fn secrets_are_not_guessed_quickly() {
    let app = App::unchecked_with(|builder| builder.conceal_users(true).rate_limits(true)).await;
    app.controls().stop_clock();
    let link = app.auth("/undo-change?token=guess");
    for _ in 0..10 {
        app.follow(&link).await.page_of(404);
        app.press(&link).await.page_of(404);
    }
    for refused in [app.follow(&link).await, send(press(&app, &link)).await] {
        refused.page_of(429);
        assert_eq!(refused.header("retry-after"), "3");
    }
    let entries = app.controls().audit().await.unwrap();
    let limited = |it: &&AuditEntry| it.reason.as_deref() == Some("rate_limited");
    assert_eq!(entries.iter().filter(limited).count(), 2);
}

#[tokio::test]
async fn what_the_page_refuses_is_in_the_audit_log() {
    let app = App::start_with(|builder| builder.conceal_users(true)).await;
    let link = app.auth("/undo-change?token=guess");
    app.follow(&link).await.page_of(404);
    app.press(&link).await.page_of(404);
    let mut entries = app.controls().audit().await.unwrap();
    entries.retain(|it| it.reason.as_deref() == Some("invalid_magic_link"));
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(entry.action, "request_refused");
        assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        assert!(!entry.to_json().contains("guess"), "{entry:?}");
    }
}
