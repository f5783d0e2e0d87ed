//! People with browsers of their own, for attacks with links.

use std::net::IpAddr;

use http::Method;
use passage_server::{
    ChangeConfirmedBy, ConcealUsers, MagicLinkWaiting, ServerBuilder, SettingsPatch,
};
use reqwest::Client;
use serde_json::{Value, json};

use crate::mailbox::secret;
use crate::support::{App, Reply, send, text};

pub const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";
pub const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                          Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

pub const EVE: &str = "eve@example.com";

/// The settings of links that `serve` has by default.
pub fn serve_settings() -> SettingsPatch {
    let mut settings = SettingsPatch::default();
    settings.magic_link_waiting = Some(MagicLinkWaiting::SameClient);
    settings.magic_link_paths = Some(Vec::new());
    settings.change_confirmed_by = Some(ChangeConfirmedBy::Asker);
    settings.conceal_users = Some(ConcealUsers::Yes);
    settings
}

pub fn guarded(builder: ServerBuilder) -> ServerBuilder {
    builder
        .auth_origin("https://app.example.com")
        .settings(serve_settings())
}

/// A client at an address of this machine.
pub struct Person<'a> {
    pub app: &'a App,
    http: Client,
    token: Option<String>,
}

impl<'a> Person<'a> {
    pub fn new(app: &'a App, address: &str, user_agent: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        let builder = Client::builder().no_proxy().local_address(address);
        Self {
            app,
            http: builder.user_agent(user_agent).build().unwrap(),
            token: None,
        }
    }

    /// The same client, signed in.
    pub async fn signed_in(mut self, user_id: &str) -> Self {
        self.token = Some(self.app.sign_in(user_id).await.auth_token);
        self
    }

    /// The same client without its token.
    pub fn signed_out(&self) -> Person<'a> {
        Person {
            app: self.app,
            http: self.http.clone(),
            token: None,
        }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self.http.request(method, self.app.auth(path)).json(&body);
        send(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    /// Asks for a link to log in or register with: the id to wait with, and the secret in the message.
    pub async fn ask(&self, action: &str, identifier: &str) -> (String, String) {
        let body = json!({"identifier": identifier});
        let path = format!("/{action}/magic-link");
        let reply = self.call(Method::POST, &path, body).await;
        assert!(reply.status < 300, "{reply:?}");
        let reply: Value = serde_json::from_slice(&reply.body).unwrap();
        let id = text(&reply["magic_link"]["id"]);
        (id, secret(&self.app.message(identifier)))
    }

    /// Asks for a change of address or number: the id to wait with, and the secret in the message.
    pub async fn ask_change(&self, new: &str) -> (String, String) {
        let kind = kind_of(new);
        let path = format!("/currentuser/{kind}");
        let body = json!({format!("new_{kind}"): new});
        let reply = self.call(Method::PATCH, &path, body).await.json(200);
        let id = text(&reply["magic_link"]["id"]);
        (id, secret(&self.app.message(new)))
    }

    pub async fn open(&self, secret: &str) -> Reply {
        let body = json!({"magic_link": secret});
        self.call(Method::PATCH, "/magic-link/activate", body).await
    }

    pub async fn status(&self, id: &str) -> Reply {
        self.call(Method::POST, "/magic-link/status", json!({"id": id}))
            .await
    }
}

/// The member of a user that has such an identifier.
pub fn kind_of(identifier: &str) -> &'static str {
    if identifier.contains('@') {
        "email"
    } else {
        "phone"
    }
}
