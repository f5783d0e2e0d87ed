//! What one app of a server hands out is nothing to another.

use http::Method;
use passage_identity::generated::auth::types::{ActivateMagicLinkRequest, AuthResult};
use passage_identity::magic_links::CreateMagicLink;
use passage_identity::{ErrorKind, Passage};
use passage_server::Service;
use serde_json::{Value, json};

use crate::mailbox::{ADA, refusal};
use crate::site::{Site, TWO_APPS};
use crate::support::{Reply, client, send};

/// The SDK for either app.
async fn sdks(site: &Site, server: &Service) -> [Passage; 2] {
    let (one, two) = (site.key_of("one").await, site.key_of("two").await);
    [("one", one), ("two", two)].map(|(app, key)| {
        let builder = Passage::builder(app).server(server.url());
        builder.api_key(key).build().unwrap()
    })
}

/// A link that the app's backend makes.
async fn link(passage: &Passage) -> ActivateMagicLinkRequest {
    let link = CreateMagicLink::for_email(ADA);
    let link = passage.magic_links().create(link).await.unwrap();
    ActivateMagicLinkRequest {
        magic_link: link.secret.expose().to_owned(),
    }
}

/// Signs the user in by such a link.
async fn sign_in(passage: &Passage) -> AuthResult {
    let link = link(passage).await;
    let app = passage.app_id().as_str();
    let opened = passage.auth_api().activate_magic_link(app, &link).await;
    opened.unwrap().into_inner().auth_result
}

async fn call(server: &Service, method: Method, app: &str, path: &str, token: &str) -> Reply {
    let url = format!("{}/auth/v1/apps/{app}/{path}", server.url());
    let request = client().request(method, url).bearer_auth(token);
    send(request.json(&json!({}))).await
}

#[tokio::test]
async fn an_auth_token_is_refused_by_another_app_and_by_its_verifiers() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let [one, two] = sdks(&site, &server).await;
    for (mine, other) in [(&one, &two), (&two, &one)] {
        let (here, there) = (mine.app_id().as_str(), other.app_id().as_str());
        // The other app has a user with the same address.
        let user_there = sign_in(other).await.auth_token;
        let token = sign_in(mine).await.auth_token;
        let own = call(&server, Method::GET, here, "currentuser", &token).await;
        let id = own.json(200)["user"]["id"].clone();
        for (method, path) in [
            (Method::GET, "currentuser"),
            (Method::GET, "currentuser/devices"),
            (Method::POST, "currentuser/devices/start"),
            (Method::GET, "currentuser/user-metadata"),
            (Method::PATCH, "currentuser/email"),
            (Method::GET, "currentuser/social-connections"),
        ] {
            call(&server, method, there, path, &token)
                .await
                .error(401, "invalid_access_token");
        }
        assert_eq!(mine.verify_token(&token).await.unwrap().user_id, text(&id));
        let error = other.verify_token(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownKey);
        assert_eq!(
            (error.is_token_invalid(), error.answer_status()),
            (true, 401)
        );
        assert!(other.verify_token(&user_there).await.is_ok());
    }
    server.shutdown().await;
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn links_and_refresh_tokens_do_nothing_in_another_app_and_stay_good() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let [one, two] = sdks(&site, &server).await;
    // The user is known there, too.
    sign_in(&two).await;
    let link = link(&one).await;
    let elsewhere = two.auth_api().activate_magic_link("two", &link).await;
    assert_eq!(refusal(elsewhere), (401, "invalid_magic_link".to_owned()));
    let opened = one.auth_api().activate_magic_link("one", &link).await;
    let refresh = opened.unwrap().into_inner().auth_result.refresh_token;
    let body = json!({"refresh_token": refresh.unwrap()});
    let use_in = |app: &str| {
        let url = format!("{}/auth/v1/apps/{app}/tokens", server.url());
        send(client().post(url).json(&body))
    };
    use_in("two").await.error(401, "invalid_refresh_token");
    let token = text(&body["refresh_token"]);
    let revoke = format!(
        "{}/auth/v1/apps/two/tokens?refresh_token={token}",
        server.url()
    );
    send(client().delete(revoke)).await.empty(200);
    use_in("one").await.json(201);
    server.shutdown().await;
}
