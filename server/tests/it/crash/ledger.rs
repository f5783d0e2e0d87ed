//! What a writer was told, and whether the server still knows it.

use reqwest::Client;
use serde_json::{Value, json};

use super::process::{KEY, Server};

/// A user whose creation was acknowledged.
#[derive(Debug)]
pub struct Account {
    pub id: String,
    /// The number in the metadata that was acknowledged last.
    pub number: u64,
    pub deleted: bool,
    /// Whether anything was acknowledged since the last check.
    pub touched: bool,
}

/// A sign-in whose tokens were handed out.
#[derive(Debug)]
pub struct Session {
    pub auth_token: String,
    pub current: String,
    /// The refresh token that was exchanged for the current one.
    pub spent: Option<String>,
}

/// A request that got no reply: it may have been carried out or not, but not by half.
#[derive(Debug)]
pub enum Pending {
    Create { email: String },
    Count { account: usize },
    Delete { account: usize },
    Session,
}

/// Everything that one writer was told.
#[derive(Debug, Default)]
pub struct Ledger {
    pub accounts: Vec<Account>,
    pub session: Option<Session>,
    pub pending: Option<Pending>,
}

impl Ledger {
    /// Users that must be there.
    pub fn alive(&self) -> usize {
        let alive = self.accounts.iter().filter(|account| !account.deleted);
        alive.count()
    }

    /// Compares what was acknowledged with what the server knows, and finds out what became of the request that got
    /// no reply.
    pub async fn check(&mut self, http: &Client, server: &Server) {
        let pending = self.pending.take();
        let uncertain = match &pending {
            Some(Pending::Count { account } | Pending::Delete { account }) => Some(*account),
            _ => None,
        };
        for (index, account) in self.accounts.iter_mut().enumerate() {
            if std::mem::take(&mut account.touched) && uncertain != Some(index) {
                let number = number(http, server, &account.id).await;
                let expected = (!account.deleted).then_some(account.number);
                assert_eq!(number, expected, "{account:?}");
            }
        }
        match pending {
            Some(Pending::Create { email }) => {
                if let Some(id) = find(http, server, &email).await {
                    assert_eq!(number(http, server, &id).await, Some(0), "{email}");
                    self.accounts.push(Account {
                        id,
                        number: 0,
                        deleted: false,
                        touched: false,
                    });
                }
            }
            Some(Pending::Count { account }) => {
                let account = &mut self.accounts[account];
                let number = number(http, server, &account.id).await.unwrap();
                assert!(
                    [account.number, account.number + 1].contains(&number),
                    "{account:?} has {number}"
                );
                account.number = number;
            }
            Some(Pending::Delete { account }) => {
                let account = &mut self.accounts[account];
                match number(http, server, &account.id).await {
                    Some(number) => assert_eq!(number, account.number, "{account:?}"),
                    None => account.deleted = true,
                }
            }
            // The exchange may have happened, and then the token that this writer has is spent.
            Some(Pending::Session) => self.session = None,
            None => {}
        }
        if let Some(session) = self.session.take() {
            self.session = check_session(http, server, session).await;
        }
    }

    /// Asks for every user again.
    pub fn touch_all(&mut self) {
        for account in &mut self.accounts {
            account.touched = true;
        }
    }
}

/// The number in a user's metadata, `None` if there is no such user.
async fn number(http: &Client, server: &Server, id: &str) -> Option<u64> {
    let request = http.get(format!("{}/users/{id}", server.api()));
    let response = request.bearer_auth(KEY).send().await.unwrap();
    if response.status() == 404 {
        return None;
    }
    assert_eq!(response.status(), 200);
    let user: Value = response.json().await.unwrap();
    Some(user["user"]["user_metadata"]["number"].as_u64().unwrap())
}

async fn find(http: &Client, server: &Server, email: &str) -> Option<String> {
    let request = http.get(format!("{}/users", server.api()));
    let request = request.query(&[("identifier", email)]).bearer_auth(KEY);
    let page: Value = request.send().await.unwrap().json().await.unwrap();
    let id = page["users"].as_array().unwrap().first()?["id"].as_str();
    Some(id.unwrap().to_owned())
}

/// Users that the server has.
pub async fn total_users(http: &Client, server: &Server) -> u64 {
    let request = http.get(format!("{}/users", server.api()));
    let request = request.query(&[("limit", "1")]).bearer_auth(KEY);
    let page: Value = request.send().await.unwrap().json().await.unwrap();
    page["total_users"].as_u64().unwrap()
}

/// The auth token still verifies, the refresh token is still good, and the one before it is still spent. The session
/// goes on unless a spent token ended it.
async fn check_session(http: &Client, server: &Server, session: Session) -> Option<Session> {
    let request = http.get(format!("{}/currentuser", server.auth()));
    let reply = request.bearer_auth(&session.auth_token).send().await;
    assert_eq!(reply.unwrap().status(), 200, "the signing key is kept");
    let next = refresh(http, server, &session.current).await;
    let next = next.expect("the refresh token is good");
    match session.spent {
        Some(spent) => {
            let again = refresh(http, server, &spent).await;
            assert!(again.is_none(), "a spent token stays spent");
            None
        }
        None => Some(next),
    }
}

/// Exchanges a refresh token; `None` if the server refuses it.
pub async fn refresh(http: &Client, server: &Server, token: &str) -> Option<Session> {
    let url = format!("{}/tokens", server.auth());
    let response = exchange(http, &url, token).await.unwrap();
    if response.status() == 401 {
        return None;
    }
    assert_eq!(response.status(), 201);
    let reply: Value = response.json().await.unwrap();
    Some(session(&reply, None))
}

pub async fn exchange(
    http: &Client,
    url: &str,
    token: &str,
) -> Result<reqwest::Response, reqwest::Error> {
    let body = json!({"refresh_token": token});
    http.post(url).json(&body).send().await
}

/// The session that a reply hands out.
pub fn session(reply: &Value, spent: Option<String>) -> Session {
    let text = |name: &str| reply["auth_result"][name].as_str().unwrap().to_owned();
    Session {
        auth_token: text("auth_token"),
        current: text("refresh_token"),
        spent,
    }
}
