//! A client that writes without pause until the server is gone, and notes what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::ledger::{Account, Ledger, Pending, session};
use super::process::{KEY, Server};
use super::random::Random;

/// What the writers of a round share.
pub struct Load {
    pub http: Client,
    api: String,
    auth: String,
    dev: String,
    /// A permit for every acknowledged write.
    pub acknowledged: Semaphore,
    /// Set right before the kill: from then on a request may fail.
    pub killed: AtomicBool,
}

impl Load {
    pub fn new(http: &Client, server: &Server) -> Arc<Self> {
        Arc::new(Self {
            http: http.clone(),
            api: server.api(),
            auth: server.auth(),
            dev: server.dev(),
            acknowledged: Semaphore::new(0),
            killed: AtomicBool::new(false),
        })
    }

    /// The body of a reply with this status, or `None` if the server was killed before it replied.
    async fn send(&self, request: RequestBuilder, status: u16) -> Option<Value> {
        let reply = async {
            let response = request.send().await?;
            Ok::<_, reqwest::Error>((response.status().as_u16(), response.bytes().await?))
        };
        match reply.await {
            Ok((answered, body)) => {
                let text = String::from_utf8_lossy(&body);
                assert_eq!(answered, status, "{text}");
                self.acknowledged.add_permits(1);
                Some(serde_json::from_slice(&body).unwrap_or_default())
            }
            Err(error) => {
                let killed = self.killed.load(Ordering::SeqCst);
                assert!(killed, "a request failed before the kill: {error:?}");
                None
            }
        }
    }
}

pub struct Writer {
    name: String,
    random: Random,
    ledger: Ledger,
}

impl Writer {
    pub fn new(name: String, random: Random, ledger: Ledger) -> Self {
        Self {
            name,
            random,
            ledger,
        }
    }

    /// Writes until the server is gone.
    pub async fn run(mut self, load: Arc<Load>) -> Ledger {
        for number in 0_u64.. {
            let done = match self.random.below(20) {
                0..10 => self.create(&load, number).await,
                10..15 => self.count(&load).await,
                15..17 => self.delete(&load).await,
                _ => self.sign_in(&load).await,
            };
            if done.is_none() {
                break;
            }
        }
        self.ledger
    }

    async fn create(&mut self, load: &Load, number: u64) -> Option<()> {
        let email = format!("{}.{number}@example.com", self.name);
        self.ledger.pending = Some(Pending::Create {
            email: email.clone(),
        });
        let body = json!({"email": email, "user_metadata": {"number": 0}});
        let request = load.http.post(format!("{}/users", load.api));
        let reply = load.send(request.bearer_auth(KEY).json(&body), 201).await?;
        self.ledger.pending = None;
        self.ledger.accounts.push(Account {
            id: reply["user"]["id"].as_str().unwrap().to_owned(),
            number: 0,
            deleted: false,
            touched: true,
        });
        Some(())
    }

    /// A user who is there. The first one is left for the session.
    fn any_account(&mut self) -> Option<usize> {
        let count = self.ledger.accounts.len();
        let index = (count > 1).then(|| 1 + self.random.index(count - 1))?;
        (!self.ledger.accounts[index].deleted).then_some(index)
    }

    async fn count(&mut self, load: &Load) -> Option<()> {
        let Some(index) = self.any_account() else {
            return Some(());
        };
        self.ledger.pending = Some(Pending::Count { account: index });
        let account = &mut self.ledger.accounts[index];
        let body = json!({"user_metadata": {"number": account.number + 1}});
        let request = load
            .http
            .patch(format!("{}/users/{}", load.api, account.id));
        load.send(request.bearer_auth(KEY).json(&body), 200).await?;
        self.ledger.pending = None;
        account.number += 1;
        account.touched = true;
        Some(())
    }

    async fn delete(&mut self, load: &Load) -> Option<()> {
        let Some(index) = self.any_account() else {
            return Some(());
        };
        self.ledger.pending = Some(Pending::Delete { account: index });
        let account = &mut self.ledger.accounts[index];
        let request = load
            .http
            .delete(format!("{}/users/{}", load.api, account.id));
        load.send(request.bearer_auth(KEY), 200).await?;
        self.ledger.pending = None;
        account.deleted = true;
        account.touched = true;
        Some(())
    }

    /// Signs the first user in, or exchanges their refresh token for the next.
    async fn sign_in(&mut self, load: &Load) -> Option<()> {
        let Some(account) = self.ledger.accounts.first() else {
            return Some(());
        };
        self.ledger.pending = Some(Pending::Session);
        let (request, spent) = match self.ledger.session.take() {
            Some(session) => {
                let body = json!({"refresh_token": session.current});
                let request = load.http.post(format!("{}/tokens", load.auth));
                (request.json(&body), Some(session.current))
            }
            None => {
                let url = format!("{}/users/{}/sessions", load.dev, account.id);
                (load.http.post(url), None)
            }
        };
        let reply = load.send(request, 201).await?;
        self.ledger.pending = None;
        self.ledger.session = Some(session(&reply, spent));
        Some(())
    }
}
