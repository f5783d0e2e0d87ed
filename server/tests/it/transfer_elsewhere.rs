//! Lines that no server exported.

use passage_identity::Passage;
use serde_json::json;

use crate::mailbox::{ADA, BOB};
use crate::support::App;
use crate::transfer::{HEADER, exported, import, open, parsed};

#[tokio::test]
async fn lines_by_hand_need_little() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let lines = format!(
        "{HEADER}\n\n{}\n{}\n{}\n",
        r#"{"type":"app","id":"moving","auth_origin":"http://localhost:3000"}"#,
        r#"{"email":"Ada@Example.com","app":"moving","type":"user"}"#,
        r#"  {"type":"user","app":"moving","phone":"+15005550006","id":"0c9cd9e0-5d1a"}"#,
    );
    let moved = import(&data, &lines).await.unwrap();
    assert_eq!((moved.apps, moved.users, moved.devices), (1, 2, 0));
    let app = open(&data).await;
    let found = app.list(&[("identifier", ADA)]).await.json(200);
    assert_eq!(found["users"][0]["status"], "pending");
    let user = app.managed_user("0c9cd9e0-5d1a").await;
    assert_eq!(user["phone"], "+15005550006");
    // An imported app has the settings of production: whoever was moved without a passkey proves the address first.
    let body = json!({"identifier": ADA});
    app.visit_post("/register/webauthn/start", body)
        .await
        .error(403, "identifier_not_verified");
    let (id, code) = app.login_code(ADA).await;
    app.enter(&id, &code).await.json(200);
    app.stop().await;
}

/// What the SDK exports needs two members more on each line.
#[tokio::test]
async fn users_that_the_sdk_exported_come_in() {
    let app = App::start().await;
    let body = json!({"email": ADA, "phone": "+15005550006", "user_metadata": {"plan": "pro"}});
    app.post("/users", body).await.json(201);
    let bob = app.user_id(BOB).await;
    app.sign_in(&bob).await;
    let passage = Passage::builder(app.server().app_id())
        .server(app.server().url())
        .api_key(app.server().api_key())
        .build()
        .unwrap();
    let mut users = Vec::new();
    let export = passage.users().export_users();
    export.write_to(&mut users).await.unwrap();
    let list = app.list(&[]).await.json(200);
    let mut ours = format!(
        "{HEADER}\n{}\n",
        json!({"type": "app", "id": "moving", "auth_origin": "http://localhost:3000"})
    );
    let mut theirs = ours.clone();
    let ends = |user: &serde_json::Value| {
        let mut line = user.clone();
        line["type"] = json!("user");
        line["app"] = json!("moving");
        format!("{line}\n")
    };
    for user in parsed(&String::from_utf8(users).unwrap()) {
        ours.push_str(&ends(&user));
    }
    for user in list["users"].as_array().unwrap() {
        theirs.push_str(&ends(user));
    }
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.db"), folder.path().join("b.db"));
    assert_eq!(import(&a, &ours).await.unwrap().users, 2);
    assert_eq!(import(&b, &theirs).await.unwrap().users, 2);
    let users = |lines: String| parsed(&lines).split_off(2);
    let moved = users(exported(&a).await);
    assert_eq!(moved, users(exported(&b).await));
    let emails: Vec<_> = moved.iter().map(|user| user["email"].clone()).collect();
    assert_eq!(emails, [json!(ADA), json!(BOB)]);
    assert_eq!(moved[0]["user_metadata"], json!({"plan": "pro"}));
    assert_eq!(
        (&moved[1]["status"], &moved[1]["login_count"]),
        (&json!("active"), &json!(1))
    );
}

/// The example in the guide is one that comes in.
#[tokio::test]
async fn the_guide_shows_lines_that_work() {
    let guide = include_str!("../../../docs/self-hosting.md");
    let (_, section) = guide.split_once("## Moving users in and out").unwrap();
    let (_, block) = section.split_once("```json\n").unwrap();
    let (lines, _) = block.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let moved = import(&data, lines).await.unwrap();
    assert_eq!((moved.apps, moved.users, moved.devices), (1, 2, 1));
    // Each member of a line as it goes out has a row in the tables.
    for line in parsed(&exported(&data).await).iter().skip(1) {
        let device = line["devices"].get(0);
        let members = [Some(line), device].into_iter().flatten();
        for name in members.flat_map(|it| it.as_object().unwrap().keys()) {
            assert!(section.contains(&format!("`{name}`")), "{name}");
        }
    }
}
