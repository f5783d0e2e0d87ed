//! The whole server, as the builder starts it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::delivery::TextHook;
use crate::delivery::tests::mail_server::MailServer;
use crate::delivery::tests::{hook, plain};
use crate::http::operations::OPERATIONS;

#[tokio::test]
async fn every_operation_has_its_route() {
    let server = PassageServer::builder()
        .app_id("app_id")
        .start()
        .await
        .unwrap();
    let http = reqwest::Client::new();
    for operation in &OPERATIONS {
        let path = operation.path.replace(['{', '}'], "");
        let url = format!("{}{}{path}", server.url(), operation.api.prefix());
        let request = http
            .request(operation.method.clone(), url)
            .bearer_auth(server.api_key());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap_or_default();
        assert_ne!(status, 405, "{}", operation.id);
        assert_ne!(body["code"], "not_found", "{}", operation.id);
        assert_ne!(status, 501, "{}", operation.id);
    }
}

async fn register(server: &PassageServer, identifier: &str, language: &str) {
    let (url, id) = (server.url(), server.app_id());
    let body = json!({"identifier": identifier, "language": language});
    let request = reqwest::Client::new().post(format!("{url}/auth/v1/apps/{id}/register/otp"));
    assert_eq!(request.json(&body).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_code_is_mailed() {
    let mut mails = MailServer::start(&[]).await;
    let delivery = Delivery::new().mail(plain(&mails).credentials("me", "password"));
    let server = PassageServer::builder()
        .delivery(delivery)
        .start()
        .await
        .unwrap();
    register(&server, "ada@example.com", "en").await;
    let mail = mails.next().await;
    assert_eq!(mail.from, "<no-reply@example.com>");
    assert_eq!(mail.to, "<ada@example.com>");
    assert_eq!(mail.login.as_deref(), Some("\0me\0password"));
    assert_eq!(mail.header("From"), "Example <no-reply@example.com>");
    assert_eq!(mail.header("To"), "ada@example.com");
    assert_eq!(mail.header("Subject"), "Your code for Development");
    assert_eq!(mail.header("Content-Type"), "text/plain; charset=utf-8");
    assert!(mail.header("Message-ID").ends_with("@example.com>"));
    assert!(!mail.header("Date").is_empty());
    let (code, rest) = mail.body.split_at(6);
    assert!(
        code.bytes().all(|byte| byte.is_ascii_digit()),
        "{}",
        mail.body
    );
    assert!(rest.starts_with(" is your code for Development."), "{rest}");

    register(&server, "bob@example.com", "zh").await;
    let mail = mails.next().await;
    assert_eq!(mail.header("Content-Transfer-Encoding"), "base64");
    let body = STANDARD.decode(mail.body.replace("\r\n", "")).unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("是您的 Development 验证码"), "{body}");

    assert!(server.controls().outbox().is_empty());
    // Texts have no provider here, so that they stay.
    register(&server, "+15005550006", "en").await;
    assert_eq!(server.controls().outbox().len(), 1);
    server.shutdown().await;
}

#[tokio::test]
async fn a_text_goes_to_the_hook() {
    let (url, mut received) = hook(Vec::new()).await;
    let delivery = Delivery::new().texts(TextHook::new(url, "hook-secret"));
    let server = PassageServer::builder()
        .delivery(delivery)
        .start()
        .await
        .unwrap();
    register(&server, "+15005550006", "pt-BR").await;
    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(headers["authorization"], "Bearer hook-secret");
    assert_eq!(headers["content-type"], "application/json");
    let text = body["text"].as_str().unwrap();
    let (code, rest) = text.split_at(6);
    assert!(code.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
    assert!(
        rest.starts_with(" é o seu código para Development."),
        "{text}"
    );
    assert_eq!(
        body,
        json!({
            "id": body["id"],
            "to": "+15005550006",
            "text": text,
            "language": "pt",
            "purpose": "register",
        })
    );
    assert!(server.controls().outbox().is_empty());
    server.shutdown().await;
}

#[test]
fn base_urls() {
    for good in [
        "http://127.0.0.1:8080/passage",
        "https://example.com",
        "http://[::1]:1/a/b",
    ] {
        assert!(is_base_url(good), "{good}");
    }
    for bad in [
        "",
        "/passage",
        "127.0.0.1:8080/passage",
        "ftp://example.com",
        "http://example.com/",
        "http://example.com/passage/",
        "http://example.com?a",
        "http://example.com/a#b",
        "http://",
    ] {
        assert!(!is_base_url(bad), "{bad}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let settings = r#"{"metadata": [{"id": "a", "name": "b", "type": "newer"}]}"#;
    let store = Store::open(&file).await.unwrap();
    let app = AppRow {
        id: "app".to_owned().into(),
        settings: settings.to_owned(),
        created_at: crate::clock::at(0),
    };
    let put = store.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &app)?));
    put.await.unwrap();
    store.close().await;

    let start = PassageServer::builder().data(&file).start();
    let problem = start.await.unwrap_err().to_string();
    assert!(problem.contains("settings"), "{problem}");

    let store = Store::open(&file).await.unwrap();
    let find = store.read(|tx| Ok::<_, StoreError>(store::apps::first(tx)?));
    assert_eq!(find.await.unwrap().unwrap().settings, settings);
    store.close().await;
}
