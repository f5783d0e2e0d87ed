//! Strangers and users who write metadata that is not theirs to write.

use http::Method;
use passage_server::{DataFile, MetadataType, NewApp, Service};
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB};
use crate::site::Site;
use crate::support::{App, Reply, client, send, text};

/// The four kinds of fields.
async fn start() -> App {
    App::start_with(|builder| {
        builder
            .metadata_field("role", MetadataType::String.backend_only())
            .metadata_field(
                "referrer",
                MetadataType::String.registration(true).profile(false),
            )
            .metadata_field(
                "display_name",
                MetadataType::String.registration(false).profile(true),
            )
            .metadata_field(
                "colour",
                MetadataType::String.registration(true).profile(true),
            )
    })
    .await
}

async fn sign_up(app: &App, metadata: Value) -> Reply {
    let body = json!({"identifier": BOB, "user_metadata": metadata});
    app.visit_post("/users", body).await
}

async fn change(app: &App, token: &str, metadata: Value) -> Reply {
    let body = json!({"user_metadata": metadata});
    let path = "/currentuser/user-metadata";
    app.own(token, Method::PATCH, path, body).await
}

#[tokio::test]
async fn a_stranger_signs_up_as_an_administrator() {
    let app = start().await;
    for metadata in [
        json!({"role": "admin"}),
        json!({"role": null}),
        json!({"colour": "red", "role": "admin"}),
        json!({"display_name": "Ada"}),
    ] {
        let told = sign_up(&app, metadata.clone()).await;
        let told = told.error(400, "invalid_request");
        assert!(told.contains("`registration`"), "{metadata}: {told}");
        assert!(!told.contains("admin"), "no value is repeated: {told}");
    }
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        0,
        "nobody was created"
    );
    let created = sign_up(&app, json!({"colour": "red", "referrer": "a friend"})).await;
    let user = created.json(201)["user"].clone();
    assert_eq!(user["user_metadata"], json!({}), "strangers see none of it");
    let stored = app.managed_user(&text(&user["id"])).await;
    let expected = json!({"colour": "red", "referrer": "a friend"});
    assert_eq!(stored["user_metadata"], expected);
}

#[tokio::test]
async fn a_user_makes_themselves_an_administrator() {
    let app = start().await;
    let metadata = json!({"role": "member", "referrer": "a friend", "display_name": "Ada"});
    let body = json!({"email": ADA, "user_metadata": metadata});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let token = app.sign_in(&id).await.auth_token;
    for changes in [
        json!({"role": "admin"}),
        // What the field has already is no exception, and neither is clearing it.
        json!({"role": "member"}),
        json!({"role": null}),
        json!({"referrer": null}),
        json!({"referrer": "somebody else"}),
        json!({"display_name": "Countess", "role": "admin"}),
    ] {
        let told = change(&app, &token, changes.clone()).await;
        let told = told.error(400, "invalid_request");
        assert!(told.contains("`profile`"), "{changes}: {told}");
        assert_eq!(app.managed_user(&id).await["user_metadata"], metadata);
    }
    let changes = json!({"display_name": "Countess", "colour": "red"});
    change(&app, &token, changes).await.json(200);
    change(&app, &token, json!({"colour": null}))
        .await
        .json(200);
    let expected = json!({"role": "member", "referrer": "a friend", "display_name": "Countess"});
    assert_eq!(app.managed_user(&id).await["user_metadata"], expected);
}

#[tokio::test]
async fn a_field_that_the_app_does_not_define_is_written() {
    // Also if the app defines none, and its backend may write any.
    for app in [start().await, App::start().await] {
        for name in [
            "admin",
            "Role",
            "role ",
            "role\u{0}",
            "r\u{f6}le",
            "\u{ff52}ole",
            "",
            "__proto__",
            "constructor",
        ] {
            for value in [json!("x"), json!(null), json!({"a": 1}), json!(["x"])] {
                let metadata = json!({name: value});
                let told = sign_up(&app, metadata.clone()).await;
                let told = told.error(400, "invalid_request");
                assert!(told.contains("no field"), "{metadata}: {told}");
                let id = match app.list(&[]).await.json(200)["users"][0]["id"].as_str() {
                    Some(id) => id.to_owned(),
                    None => app.user_id(ADA).await,
                };
                let token = app.sign_in(&id).await.auth_token;
                let told = change(&app, &token, metadata.clone()).await;
                told.error(400, "invalid_request");
                let stored = app.managed_user(&id).await;
                assert_eq!(stored["user_metadata"], json!({}), "{metadata}");
            }
        }
    }
}

#[tokio::test]
async fn no_metadata_at_all_passes_as_official_clients_send_it() {
    let app = App::start().await;
    for (number, metadata) in [json!(null), json!({})].into_iter().enumerate() {
        let body =
            json!({"identifier": format!("{number}@example.com"), "user_metadata": metadata});
        app.visit_post("/users", body).await.json(201);
    }
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    for metadata in [json!(null), json!({})] {
        change(&app, &token, metadata).await.json(200);
    }
}

#[tokio::test]
async fn a_role_is_smuggled_in_twice_or_in_another_shape() {
    let app = start().await;
    let url = app.auth("/users");
    for body in [
        r#"{"identifier":"bob@example.com","user_metadata":{"colour":"red","role":"admin","role":null}}"#,
        r#"{"identifier":"bob@example.com","user_metadata":{"colour":"red"},"user_metadata":{"role":"admin"}}"#,
        r#"{"identifier":"bob@example.com","user_metadata":{"r\u006fle":"admin"}}"#,
        r#"{"identifier":"bob@example.com","user_metadata":[["role","admin"]]}"#,
        r#"{"identifier":"bob@example.com","user_metadata":"{\"role\":\"admin\"}"}"#,
        r#"{"identifier":"bob@example.com","user_metadata":{"colour":{"role":"admin"}}}"#,
    ] {
        let request = client().post(&url).body(body);
        send(request).await.error(400, "invalid_request");
    }
    // No other registration takes metadata.
    let body = json!({"identifier": BOB, "user_metadata": {"role": "admin", "colour": "red"}});
    for path in [
        "/register/otp",
        "/register/magic-link",
        "/register/webauthn/start",
    ] {
        app.visit_post(path, body.clone()).await;
    }
    for user in app.list(&[]).await.json(200)["users"].as_array().unwrap() {
        assert_eq!(user["user_metadata"], json!({}));
    }
}

struct Serve {
    server: Service,
    key: String,
    _site: Site,
}

impl Serve {
    async fn start(more: &str) -> Self {
        let app = "[[apps]]\nid = \"one\"\nauth_origin = \"https://one.example\"\n";
        let site = Site::new(&format!("{app}{more}"));
        let server = site.start().await;
        let key = site.key_of("one").await;
        Self {
            server,
            key,
            _site: site,
        }
    }

    async fn sign_up(&self, identifier: &str, metadata: Value) -> Reply {
        let url = format!("{}/auth/v1/apps/one/users", self.server.url());
        let body = json!({"identifier": identifier, "user_metadata": metadata});
        send(client().post(url).json(&body)).await
    }

    async fn by_backend(&self, metadata: Value) -> Reply {
        let url = format!("{}/api/v1/apps/one/users", self.server.url());
        let body = json!({"email": ADA, "user_metadata": metadata});
        send(client().post(url).bearer_auth(&self.key).json(&body)).await
    }

    /// The rights that the app shows, by field.
    async fn rights(&self) -> Vec<(String, bool, bool)> {
        let url = format!("{}/auth/v1/apps/one", self.server.url());
        let app = send(client().get(url)).await.json(200)["app"].clone();
        let fields = app["user_metadata_schema"].as_array().unwrap().iter();
        let right = |field: &Value, name: &str| field[name].as_bool().unwrap();
        let fields = fields.map(|field| {
            let name = text(&field["field_name"]);
            (name, right(field, "registration"), right(field, "profile"))
        });
        fields.collect()
    }
}

#[tokio::test]
async fn in_production_a_stranger_writes_a_field_of_the_backend() {
    let serve = Serve::start(
        "[apps.metadata]\nplan = \"string\"\ndisplay_name = { type = \"string\", profile = true }\n\
         referrer = { type = \"string\", registration = true }\n",
    )
    .await;
    let expected = [
        ("display_name", false, true),
        ("plan", false, false),
        ("referrer", true, false),
    ];
    let expected = expected.map(|(name, first, later)| (name.to_owned(), first, later));
    assert_eq!(serve.rights().await, expected);
    for metadata in [
        json!({"plan": "enterprise"}),
        json!({"display_name": "Ada"}),
        json!({"other": 1}),
    ] {
        let refused = serve.sign_up(BOB, metadata).await;
        refused.error(400, "invalid_request");
    }
    serve
        .sign_up(BOB, json!({"referrer": "a friend"}))
        .await
        .json(201);
    serve.by_backend(json!({"plan": "pro"})).await.json(201);
    serve.server.shutdown().await;
}

#[tokio::test]
async fn in_production_a_stranger_writes_to_an_app_without_fields() {
    let serve = Serve::start("").await;
    let refused = serve.sign_up(BOB, json!({"plan": "enterprise"})).await;
    let told = refused.error(400, "invalid_request");
    assert!(told.contains("no field `plan`"), "{told}");
    serve.by_backend(json!({"anything": 1})).await.json(201);
    serve.server.shutdown().await;
}

#[tokio::test]
async fn rights_of_an_app_in_the_data_file_change_only_when_they_are_named() {
    let site = Site::new("");
    let rights = async |change: fn(NewApp) -> NewApp| {
        let file = DataFile::open(site.path("passage.db")).await.unwrap();
        file.update_app("two", change).await.unwrap();
        file.close().await;
        let server = site.start().await;
        let url = format!("{}/auth/v1/apps/two", server.url());
        let app = send(client().get(url)).await.json(200)["app"].clone();
        server.shutdown().await;
        let field = app["user_metadata_schema"][0].clone();
        (field["registration"] == true, field["profile"] == true)
    };
    let file = DataFile::open(site.path("passage.db")).await.unwrap();
    let app = NewApp::new("https://two.example").id("two");
    let app = app.metadata_field("name", MetadataType::String);
    file.create_app(app).await.unwrap();
    file.close().await;
    assert_eq!(rights(|app| app.name("Two")).await, (false, false));
    let open = |app: NewApp| app.metadata_field("name", MetadataType::String.profile(true));
    assert_eq!(rights(open).await, (false, true));
    let retype = |app: NewApp| app.metadata_field("name", MetadataType::Integer);
    assert_eq!(rights(retype).await, (false, true), "they stay");
    let close = |app: NewApp| app.metadata_field("name", MetadataType::String.backend_only());
    assert_eq!(rights(close).await, (false, false));
}
