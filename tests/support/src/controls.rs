//! The controls of a server, wherever it runs.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use passage_identity::generated::auth::types::AuthResult;
use passage_server::{ControlError, Fault, LoggedRequest, Message, MintToken, SeedDevice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http;

/// Controls of a running server, as [`passage_server::Controls`] has them. Those that cannot fail there panic if the
/// binary refuses.
#[derive(Debug, Clone)]
pub struct Controls(Way);

#[derive(Debug, Clone)]
enum Way {
    InProcess(passage_server::Controls),
    /// The address.
    OverHttp(String),
}

/// Why a control did not work.
pub struct Refused(String);

impl Refused {
    pub(crate) fn from_reply(body: &Value) -> Self {
        let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        Self(format!("{} ({})", member("error"), member("code")))
    }
}

impl From<ControlError> for Refused {
    fn from(error: ControlError) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member of what a control answered.
fn member<T: DeserializeOwned>(mut reply: Value, name: &str) -> T {
    let member = reply.get_mut(name).map(Value::take).unwrap_or_default();
    serde_json::from_value(member).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn body(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("it can be written as JSON")
}

impl Controls {
    pub(crate) fn in_process(controls: passage_server::Controls) -> Self {
        Self(Way::InProcess(controls))
    }

    pub(crate) fn over_http(address: String) -> Self {
        Self(Way::OverHttp(address))
    }

    /// Mints an auth token.
    ///
    /// # Errors
    /// If it cannot be made.
    pub async fn mint_token(&self, token: MintToken) -> Result<String, Refused> {
        match &self.0 {
            Way::InProcess(controls) => Ok(controls.mint_token(token).await?),
            Way::OverHttp(address) => {
                let reply = http::call(address, "POST", "/_dev/tokens", Some(&body(token)))?;
                Ok(member(reply, "token"))
            }
        }
    }

    /// Signs a user in, as if with a passkey.
    ///
    /// # Errors
    /// If there is no such user, or they may not.
    pub async fn sign_in(&self, user_id: &str) -> Result<AuthResult, Refused> {
        match &self.0 {
            Way::InProcess(controls) => Ok(controls.sign_in(user_id).await?),
            Way::OverHttp(address) => {
                let path = format!("/_dev/users/{user_id}/sessions");
                let reply = http::call(address, "POST", &path, None)?;
                Ok(member(reply, "auth_result"))
            }
        }
    }

    /// Gives a user a passkey, and returns its device id.
    ///
    /// # Errors
    /// If there is no such user, or there can be no such passkey.
    pub async fn seed_device(&self, user_id: &str, device: SeedDevice) -> Result<String, Refused> {
        match &self.0 {
            Way::InProcess(controls) => Ok(controls.seed_device(user_id, device).await?),
            Way::OverHttp(address) => {
                let path = format!("/_dev/users/{user_id}/devices");
                let reply = http::call(address, "POST", &path, Some(&body(device)))?;
                Ok(member(reply, "device_id"))
            }
        }
    }

    /// Completes a Flex transaction, and returns the nonce.
    ///
    /// # Errors
    /// If there is no such transaction, or its user may not.
    pub async fn complete_transaction(&self, transaction_id: &str) -> Result<String, Refused> {
        match &self.0 {
            Way::InProcess(controls) => Ok(controls.complete_transaction(transaction_id).await?),
            Way::OverHttp(address) => {
                let path = format!("/_dev/transactions/{transaction_id}/complete");
                let reply = http::call(address, "POST", &path, None)?;
                Ok(member(reply, "nonce"))
            }
        }
    }

    /// Starts to sign with a new key, and returns its id.
    ///
    /// # Errors
    /// If there can be none.
    pub async fn rotate_keys(&self) -> Result<String, Refused> {
        match &self.0 {
            Way::InProcess(controls) => Ok(controls.rotate_keys().await?),
            Way::OverHttp(address) => {
                let reply = http::call(address, "POST", "/_dev/keys/rotate", None)?;
                Ok(member(reply, "kid"))
            }
        }
    }

    /// What would have been mailed or texted.
    #[must_use]
    pub fn outbox(&self) -> Vec<Message> {
        match &self.0 {
            Way::InProcess(controls) => controls.outbox(),
            Way::OverHttp(address) => {
                member(must(address, "GET", "/_dev/outbox", None), "messages")
            }
        }
    }

    /// Moves the server's clock forwards.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Way::InProcess(controls) => controls.advance(by),
            Way::OverHttp(address) => {
                let body = json!({"advance_seconds": by.as_secs_f64()});
                must(address, "POST", "/_dev/clock", Some(&body));
            }
        }
    }

    /// The time by the server's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Way::InProcess(controls) => controls.now(),
            Way::OverHttp(address) => member(must(address, "GET", "/_dev/clock", None), "now"),
        }
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        match &self.0 {
            Way::InProcess(controls) => controls.fault(fault),
            Way::OverHttp(address) => {
                must(address, "POST", "/_dev/faults", Some(&body(fault)));
            }
        }
    }

    /// The faults that are set, with the times that remain.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        match &self.0 {
            Way::InProcess(controls) => controls.faults(),
            Way::OverHttp(address) => member(must(address, "GET", "/_dev/faults", None), "faults"),
        }
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        match &self.0 {
            Way::InProcess(controls) => controls.clear_faults(),
            Way::OverHttp(address) => {
                must(address, "DELETE", "/_dev/faults", None);
            }
        }
    }

    /// The requests that were made to the two APIs, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        match &self.0 {
            Way::InProcess(controls) => controls.requests(),
            Way::OverHttp(address) => {
                member(must(address, "GET", "/_dev/requests", None), "requests")
            }
        }
    }

    /// Forgets the requests that were made.
    pub fn clear_requests(&self) {
        match &self.0 {
            Way::InProcess(controls) => controls.clear_requests(),
            Way::OverHttp(address) => {
                must(address, "DELETE", "/_dev/requests", None);
            }
        }
    }
}

/// A call that the server has no reason to refuse.
fn must(address: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let reply = http::call(address, method, path, body);
    reply.unwrap_or_else(|refused| panic!("{method} {path}: {refused:?}"))
}
