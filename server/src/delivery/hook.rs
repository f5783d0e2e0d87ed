//! Text messages through an HTTP hook: a program run by the operator that talks to the provider of text messages.

use std::fmt;
use std::time::Duration;

use http::{StatusCode, Uri};
use reqwest::{Client, redirect};
use serde_json::json;

use super::error::DeliveryError;
use super::message::Message;
use super::queue::Failure;
use super::smtp::is_this_machine;

/// A hook that sends text messages.
///
/// It gets a POST for each, with `Authorization: Bearer` and the secret, and this JSON: `{"id", "to", "text",
/// "language", "purpose"}`. Any 2xx status means that the message was accepted. After 408, 429, a 5xx status or no
/// answer the request is repeated at most twice, with the same `id`.
#[derive(Clone)]
#[must_use]
pub struct TextHook {
    url: String,
    secret: String,
    timeout: Duration,
}

impl fmt::Debug for TextHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may carry a secret of its own.
        f.debug_struct("TextHook").finish_non_exhaustive()
    }
}

impl TextHook {
    /// The hook at this URL, which must be `https` unless it is on the same machine, and the secret that authenticates
    /// this server to it.
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            secret: secret.into(),
            timeout: Duration::from_secs(10),
        }
    }

    /// How long the hook may take. Defaults to 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(super) fn connect(self) -> Result<HookCarrier, DeliveryError> {
        let fails = |problem| DeliveryError::new("text hook", problem);
        let uri: Uri = self.url.parse().map_err(|_| fails("needs a URL"))?;
        let local = is_this_machine(uri.host().unwrap_or_default());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if local => {}
            _ => return Err(fails("must have an https URL, or be on this machine")),
        }
        if self.secret.is_empty() || !self.secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(fails("needs a secret of visible ASCII characters"));
        }
        // The secret is for this address only, so redirects are not followed.
        let mut client = Client::builder()
            .timeout(self.timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("passage-server/", env!("CARGO_PKG_VERSION")));
        if local {
            client = client.no_proxy();
        }
        Ok(HookCarrier {
            client: client
                .build()
                .map_err(|_| fails("cannot be called: TLS is not available"))?,
            url: self.url,
            secret: self.secret,
        })
    }
}

/// Sends texts to a hook.
pub(super) struct HookCarrier {
    client: Client,
    url: String,
    secret: String,
}

impl HookCarrier {
    pub(super) async fn carry(&self, message: &Message) -> Result<(), Failure> {
        let body = json!({
            "id": message.id,
            "to": message.to,
            "text": message.text,
            "language": message.language,
            "purpose": message.purpose,
        });
        let request = self.client.post(&self.url).bearer_auth(&self.secret);
        match request.json(&body).send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(Failure {
                temporary: may_change(response.status()),
                reason: format!("the text hook answered {}", response.status().as_u16()),
            }),
            Err(error) => Err(Failure {
                temporary: true,
                reason: if error.is_timeout() {
                    "the text hook took too long".to_owned()
                } else {
                    "the text hook was not reached, or broke off".to_owned()
                },
            }),
        }
    }
}

/// Whether repeating the same request later may succeed.
fn may_change(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}
