//! What the clients of the server do.

use passage_benches::Failure;
use serde_json::Value;

use crate::load::{Client, Connection, Request};
use crate::passkey::Holder;
use crate::process::APP;

/// Creates users.
pub(crate) struct Creator {
    connection: Connection,
    target: String,
    key: String,
    name: String,
    created: u32,
}

impl Creator {
    /// The key is one of the Management API.
    pub(crate) async fn new(address: &str, key: &str, name: String) -> Result<Self, Failure> {
        Ok(Self {
            connection: Connection::open(address).await?,
            target: format!("POST /api/v1/apps/{APP}/users"),
            key: key.to_owned(),
            name,
            created: 0,
        })
    }
}

impl Client for Creator {
    async fn step(&mut self) -> Result<(), Failure> {
        self.created += 1;
        let body = format!(
            r#"{{"email":"{}.{}@example.com","user_metadata":{{"plan":"pro"}}}}"#,
            self.name, self.created
        );
        let request = Request {
            target: &self.target,
            token: Some(&self.key),
            body: &body,
        };
        self.connection.call(&request, 201).await.map(drop)
    }
}

/// A user who exchanges a refresh token for the next tokens.
pub(crate) struct Refresher {
    connection: Connection,
    target: String,
    token: String,
    auth_token: String,
}

impl Refresher {
    /// Registers somebody, which signs them in.
    pub(crate) async fn new(address: &str, email: String) -> Result<Self, Failure> {
        let (holder, registered) = Holder::register(address, email).await?;
        Ok(Self {
            connection: holder.into_connection(),
            target: format!("POST /auth/v1/apps/{APP}/tokens"),
            token: member(&registered, "/auth_result/refresh_token")?,
            auth_token: member(&registered, "/auth_result/auth_token")?,
        })
    }

    /// Turns to asking who the user is.
    pub(crate) fn into_reader(self) -> Reader {
        Reader {
            connection: self.connection,
            target: format!("GET /auth/v1/apps/{APP}/currentuser"),
            auth_token: self.auth_token,
        }
    }
}

impl Client for Refresher {
    async fn step(&mut self) -> Result<(), Failure> {
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.token);
        let request = Request {
            target: &self.target,
            token: None,
            body: &body,
        };
        let reply = self.connection.call(&request, 201).await?;
        self.token = member(&reply, "/auth_result/refresh_token")?;
        Ok(())
    }
}

/// A user who asks who they are.
pub(crate) struct Reader {
    connection: Connection,
    target: String,
    auth_token: String,
}

impl Client for Reader {
    async fn step(&mut self) -> Result<(), Failure> {
        let request = Request {
            target: &self.target,
            token: Some(&self.auth_token),
            body: "",
        };
        self.connection.call(&request, 200).await.map(drop)
    }
}

/// A string in a reply.
pub(crate) fn member(reply: &str, pointer: &str) -> Result<String, Failure> {
    let reply: Value = serde_json::from_str(reply)?;
    let text = reply.pointer(pointer).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("no {pointer}"))?.to_owned())
}
