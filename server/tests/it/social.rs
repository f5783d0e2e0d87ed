//! Social login from one end to the other, and the test provider's pages.

use passage_server::SocialProvider;
use serde_json::{Value, json};

use crate::browser::{BACK, VERIFIER, form, query};
use crate::mailbox::{ADA, BOB};
use crate::support::{App, members, send, text};

/// Users whom the app knows.
pub async fn users(app: &App) -> Vec<Value> {
    let list = app.list(&[]).await.json(200);
    list["users"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_provider_comes_back_in_its_own_way() {
    for own_client in [false, true] {
        let app = App::start_with(|mut builder| {
            let all = [
                SocialProvider::Apple,
                SocialProvider::Github,
                SocialProvider::Google,
            ];
            for provider in all.into_iter().filter(|_| own_client) {
                builder = builder.social_client_id(provider, format!("my {}", provider.as_str()));
            }
            builder
        })
        .await;
        let info = send(app.http.get(app.auth(""))).await.json(200)["app"].clone();
        for (provider, email) in [
            ("apple", "apple@example.com"),
            ("github", "github@example.com"),
            ("google", "google@example.com"),
        ] {
            let offered = &info["social_connections"][provider];
            let (callback, _) = app.at_provider(provider, email).await;
            if own_client {
                assert_eq!(*offered, json!({"client_id": format!("my {provider}")}));
                assert_eq!(callback, app.auth("/social/oauth2_callback"));
            } else {
                assert_eq!(*offered, json!({}));
                let shared = format!("{}/auth/v1/social/oauth2_callback", app.server().url());
                assert_eq!(callback, shared);
            }
            let first = app.social_sign_in(provider, email).await.signed_in();
            let second = app.social_sign_in(provider, email).await.signed_in();
            for token in [first.auth_token, second.auth_token] {
                let own = app.http.get(app.auth("/currentuser/social-connections"));
                let own = send(own.bearer_auth(token)).await.json(200);
                assert_eq!(members(&own), ["social_connections"]);
                assert_eq!(members(&own["social_connections"]), [provider]);
            }
        }
        assert_eq!(users(&app).await.len(), 3);
    }
}

#[tokio::test]
async fn either_way_back_is_taken_and_only_state_and_code_count() {
    let app = App::start().await;
    for (provider, comes_as) in [("google", "apple"), ("apple", "google")] {
        let (to, mut members) = app.at_provider(provider, ADA).await;
        let other = json!({"name": {"firstName": "Eve"}, "email": BOB}).to_string();
        members.push(("user".to_owned(), other));
        members.push(("id_token".to_owned(), "made.up.token".to_owned()));
        let back = app.come_back(comes_as, &to, &members).await.location();
        let signed_in = app.exchange(&query(&back)["code"], VERIFIER).await;
        let token = signed_in.signed_in().auth_token;
        let me = app.current_user(&token).await.json(200);
        assert_eq!(me["user"]["email"], ADA, "{provider}");
        let id = text(&me["user"]["id"]);
        app.delete(&format!("/users/{id}")).await.empty(200);
    }
}

#[tokio::test]
async fn a_provider_that_posts_gets_a_page_with_one_script() {
    let app = App::start().await;
    let start = app
        .authorize("apple", &[("login_hint", ADA)])
        .await
        .location();
    assert_eq!(query(&start)["response_mode"], "form_post");
    let reply = app.follow(&start).await;
    let page = reply.page();
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"));
    let (_, script) = page.split_once("<script>").unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    use base64::Engine as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
    // The state stands in the form, and nowhere in a query.
    let (action, fields) = form(&page);
    assert!(!action.contains('?'), "{action}");
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state"]);
}

#[tokio::test]
async fn the_page_escapes_what_it_is_given_and_offers_accounts_again() {
    let app = App::start().await;
    let evil = "\"><script>alert('1')</script>&amp;";
    let start = app
        .authorize("github", &[("login_hint", evil), ("state", evil)])
        .await
        .location();
    let start = format!("{start}&{}=1", "%22%3E%3Cb%3E");
    let reply = app.follow(&start).await;
    let page = reply.page();
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), value);
    }
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");

    app.social_sign_in("github", ADA).await.signed_in();
    app.social_sign_in("google", BOB).await.signed_in();
    let start = app.authorize("github", &[]).await.location();
    let page = app.follow(&start).await.page();
    assert!(page.contains(ADA) && !page.contains(BOB), "{page}");
    let link = page.split("<a href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let endpoint = start.split('?').next().unwrap();
    let answer = app.follow(&format!("{endpoint}{link}")).await.location();
    let back = app.follow(&answer).await.location();
    let result = app
        .exchange(&query(&back)["code"], VERIFIER)
        .await
        .signed_in();
    let current = app.current_user(&result.auth_token).await.json(200);
    assert_eq!(current["user"]["email"], ADA);

    app.controls().reset().await.unwrap();
    let start = app.authorize("github", &[]).await.location();
    assert!(!app.follow(&start).await.page().contains(ADA));
}

#[tokio::test]
async fn who_calls_it_off_comes_back_with_an_error() {
    let app = App::start().await;
    for (provider, error) in [
        ("google", "access_denied"),
        ("github", "access_denied"),
        ("apple", "user_cancelled_authorize"),
    ] {
        let start = app.authorize(provider, &[]).await.location();
        let answer = app.follow(&format!("{start}&cancel=1")).await;
        let back = if provider == "apple" {
            let (action, fields) = form(&answer.page());
            app.come_back(provider, &action, &fields).await
        } else {
            app.follow(&answer.location()).await
        };
        let back = back.location();
        assert!(back.starts_with(BACK));
        let back = query(&back);
        assert_eq!(members(&json!(back)), ["error", "from", "state"]);
        assert_eq!(
            (&*back["error"], &*back["state"]),
            (error, "client & state")
        );
    }
    // What a provider says of it is handed on, if it is plain text.
    for (given, told) in [
        (
            &[
                ("error", "login_required"),
                ("error_description", "Log in & try again"),
            ][..],
            "login_required",
        ),
        (
            &[("error", "line\nbreak"), ("error_description", "ä")],
            "server_error",
        ),
    ] {
        let state =
            query(&app.authorize("google", &[("state", "")]).await.location())["state"].clone();
        let url = format!("{}/auth/v1/social/oauth2_callback", app.server().url());
        let request = app.http.get(url).query(&[("state", &state)]).query(given);
        let back = query(&send(request).await.location());
        assert_eq!(back["error"], told);
        let described = back.get("error_description").map(String::as_str);
        assert_eq!(
            described,
            (told == "login_required").then_some("Log in & try again")
        );
        assert!(!back.contains_key("state"), "the client sent none");
    }
}

#[tokio::test]
async fn an_app_offers_the_logins_it_wants() {
    let app = App::start_with(|builder| builder.social_login(SocialProvider::Apple, false)).await;
    let info = send(app.http.get(app.auth(""))).await.json(200)["app"].clone();
    assert_eq!(
        info["social_connections"],
        json!({"github": {}, "google": {}})
    );
    let refused = app.authorize("apple", &[]).await;
    assert!(
        refused
            .error(400, "invalid_request")
            .starts_with("connection_type")
    );
    app.authorize("github", &[]).await.location();
}

#[tokio::test]
async fn without_the_test_provider_there_is_no_social_login() {
    let app = App::start_with(|builder| builder.test_provider(false)).await;
    let info = send(app.http.get(app.auth(""))).await.json(200)["app"].clone();
    assert_eq!(info["social_connections"], json!({}));
    for provider in ["apple", "github", "google"] {
        let refused = app.authorize(provider, &[]).await;
        let problem = refused.error(400, "invalid_request");
        let says = format!("connection_type: this server has no connection to {provider}.");
        assert!(problem.starts_with(&says), "{problem}");
        let page = app.dev_get(&format!("/social/{provider}/authorize")).await;
        page.error(404, "not_found");
        let keys = app.dev_get(&format!("/social/{provider}/jwks.json")).await;
        keys.error(404, "not_found");
    }
    let body = json!({"code": "a", "id_token": "b", "connection_type": "google"});
    let refused = app.visit_post("/social/id_token", body).await;
    let problem = refused.error(400, "invalid_request");
    assert!(problem.contains("no connection to google"), "{problem}");
    app.exchange("a", VERIFIER)
        .await
        .error(400, "invalid_request");
    let shared = format!("{}/auth/v1/social/oauth2_callback", app.server().url());
    let back = app.follow(&format!("{shared}?code=a&state=b")).await;
    back.error(400, "invalid_request");
    let body = json!({"connection_type": "google", "email": ADA});
    let path = format!("/social/id_tokens/{}", app.server().app_id());
    app.dev_post(&path, body).await.error(404, "not_found");
}

#[tokio::test]
async fn logins_may_lead_to_callback_urls_of_the_app() {
    let own = "my-app://callback";
    let app = App::start_with(|builder| builder.callback_url(own).callback_url(own)).await;
    let info = app.get("").await.json(200)["app"].clone();
    assert_eq!(info["allowed_callback_urls"], json!([own]));
    let start = app
        .authorize("google", &[("redirect_uri", own), ("login_hint", ADA)])
        .await;
    let answer = app.follow(&start.location()).await.location();
    let back = app.follow(&answer).await.location();
    assert!(back.starts_with("my-app://callback?code="), "{back}");
    app.exchange(&query(&back)["code"], VERIFIER)
        .await
        .signed_in();

    for bad in ["", "/back", "javascript:alert(1)", "https://app.example/#a"] {
        let start = passage_server::PassageServer::builder()
            .callback_url(bad)
            .start();
        let problem = start.await.unwrap_err().to_string();
        assert!(problem.starts_with("callback URL"), "{bad}: {problem}");
    }
    for bad in ["", "passage-dev"] {
        let builder = passage_server::PassageServer::builder();
        let start = builder
            .social_client_id(SocialProvider::Google, bad)
            .start();
        let problem = start.await.unwrap_err().to_string();
        assert!(problem.starts_with("client id"), "{bad}: {problem}");
    }
}
