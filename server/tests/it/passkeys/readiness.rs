//! Reports of what visitors' devices can do.

use serde_json::{Value, json};

use crate::support::{App, Reply, send};

fn report() -> Value {
    json!({
        "device_id": "device-1", "security_key": true, "platform": true, "synced_credential": false,
        "cross_device_credential": true, "conditional_ui": false,
    })
}

async fn send_report(app: &App, key: Option<&str>, body: &Value) -> Reply {
    let url = format!("{}/auth/v1/analytics/passkey-readiness", app.server().url());
    let mut request = app.http.post(url).json(body);
    request = request
        .header("device-os", "Android")
        .header("device-os-version", "15");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    send(request).await
}

#[tokio::test]
async fn a_report_is_taken_with_an_api_key() {
    let app = App::start().await;
    let key = app.server().api_key().to_owned();
    for _ in 0..2 {
        send_report(&app, Some(&key), &report()).await.empty(201);
    }
    send_report(&app, None, &report())
        .await
        .error(401, "invalid_access_token");
    send_report(&app, Some("wrong"), &report())
        .await
        .error(401, "invalid_access_token");
    for (name, value) in [
        ("device_id", json!("")),
        ("device_id", json!("x".repeat(256))),
        ("platform", json!("yes")),
        ("conditional_ui", json!(null)),
    ] {
        let mut body = report();
        body[name] = value;
        let reply = send_report(&app, Some(&key), &body).await;
        let error = reply.error(400, "invalid_request");
        assert!(error.contains(name), "{error}");
    }
}

#[tokio::test]
async fn the_last_report_of_a_device_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    let key = app.server().api_key().to_owned();
    let mut body = report();
    send_report(&app, Some(&key), &body).await.empty(201);
    body["conditional_ui"] = json!(true);
    send_report(&app, Some(&key), &body).await.empty(201);
    body["device_id"] = json!("device-2");
    send_report(&app, Some(&key), &body).await.empty(201);
    app.stop().await;

    let conn = rusqlite::Connection::open(&file).unwrap();
    let mut rows = conn
        .prepare("SELECT device_id, conditional_ui, os, user_agent FROM passkey_readiness ORDER BY device_id")
        .unwrap();
    let rows = rows.query_map((), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let rows: Vec<(String, bool, String, String)> = rows.unwrap().map(Result::unwrap).collect();
    let row = |id: &str| {
        (
            id.to_owned(),
            true,
            "Android".to_owned(),
            "passage-server-tests".to_owned(),
        )
    };
    assert_eq!(rows, [row("device-1"), row("device-2")]);
}
