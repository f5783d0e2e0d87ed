//! The members of the file. Unknown members are refused.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use serde::Deserialize;

use super::apps::AppConfig;
use super::proofs::{self, Sends};
use super::secret::Secret;
use super::values::{Header, Url};
use crate::domain::audit::DAYS;
use crate::domain::settings::{APP_ID, is_app_id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) data: PathBuf,
    pub(super) url: Option<Url>,
    #[serde(default = "audit_days")]
    pub(super) audit_days: u32,
    pub(super) listen: Listen,
    #[serde(default)]
    pub(super) log: Log,
    pub(super) keys: Keys,
    #[serde(default)]
    pub(super) limits: Limits,
    pub(super) mail: Option<Mail>,
    pub(super) texts: Option<Texts>,
    #[serde(default)]
    pub(super) apps: Vec<AppConfig>,
}

fn audit_days() -> u32 {
    DAYS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<Tls>,
    #[serde(default = "connections")]
    pub(super) connections: NonZeroUsize,
    #[serde(default = "ten")]
    pub(super) head_seconds: NonZeroU32,
    #[serde(default = "thirty")]
    pub(super) body_seconds: NonZeroU32,
    #[serde(default = "thirty")]
    pub(super) reply_seconds: NonZeroU32,
    pub(super) client_address_header: Option<Header>,
    #[serde(default = "one")]
    pub(super) proxies: NonZeroUsize,
}

fn connections() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(4095)
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

fn ten() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

fn twenty() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(19)
}

fn thirty() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(29)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    pub(super) level: LogLevel,
    pub(super) format: LogFormat,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    pub(super) encryption_key: Secret,
    #[serde(default)]
    pub(super) previous: Vec<Secret>,
    #[serde(default = "ninety")]
    pub(super) rotate_days: u32,
    #[serde(default = "two_days")]
    pub(super) announce_hours: u32,
}

fn ninety() -> u32 {
    90
}

fn two_days() -> u32 {
    48
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) messages_per_account_per_minute: u32,
    pub(super) requests_per_address_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_account_per_minute: 5,
            requests_per_address_per_minute: 20,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mail {
    pub(super) host: String,
    pub(super) port: Option<NonZeroU16>,
    pub(super) from: String,
    #[serde(default)]
    pub(super) security: Security,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    #[serde(default = "twenty")]
    pub(super) timeout_seconds: NonZeroU32,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Security {
    #[default]
    Tls,
    StartTls,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) url: String,
    pub(super) secret: Secret,
    #[serde(default = "ten")]
    pub(super) timeout_seconds: NonZeroU32,
}

/// What is wrong with a member.
#[derive(Debug)]
pub(super) struct Problem {
    /// Such as `apps[0].rp_id`; the error names its line.
    pub(super) member: String,
    pub(super) text: String,
}

impl Problem {
    fn new(member: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            member: member.into(),
            text: text.into(),
        }
    }
}

impl File {
    /// The kinds of messages that the server sends.
    pub(super) fn sends(&self) -> Sends {
        Sends {
            mail: self.mail.is_some(),
            texts: self.texts.is_some(),
        }
    }

    /// What an operator should know who runs the server behind a proxy on the same machine.
    pub(super) fn note_on_proxy(&self) -> Option<String> {
        let local = self.listen.address.ip().is_loopback();
        let proxied =
            local && self.url.as_ref().is_some_and(Url::is_https) && self.listen.tls.is_none();
        (proxied && self.listen.client_address_header.is_none()).then(|| {
            "listen.client_address_header is not set: behind a proxy, all clients have its network address, so limits \
             hold for all together, and anybody with the same browser counts as the client that requested a magic link"
                .to_owned()
        })
    }

    /// Checks the members against each other.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let fails = |member: &str, problem: &str| Err(Problem::new(member, problem));
        if let Some(mail) = &self.mail
            && mail.username.is_some() != mail.password.is_some()
        {
            return fails("mail", "mail: username and password go together");
        }
        if let (Some(url), Some(_)) = (&self.url, &self.listen.tls)
            && !url.is_https()
        {
            return fails("url", "url: must be https, as listen.tls is set");
        }
        if self.url.is_none() && !self.listen.address.ip().is_loopback() {
            return fails(
                "url",
                "url: is needed, since others reach this address: the URL by which they do, such as https://auth.example.com",
            );
        }
        let keys = &self.keys;
        if keys.rotate_days > 0 && keys.announce_hours / 24 >= keys.rotate_days {
            return fails(
                "keys.announce_hours",
                "keys.announce_hours: must be shorter than keys.rotate_days",
            );
        }
        for (place, app) in self.apps.iter().enumerate() {
            self.check_app(place, app)?;
        }
        Ok(())
    }

    fn check_app(&self, place: usize, app: &AppConfig) -> Result<(), Problem> {
        let id = &app.id;
        let member = |name: &str| format!("apps[{place}].{name}");
        if !is_app_id(id) {
            return Err(Problem::new(member("id"), APP_ID));
        }
        let mut earlier = self.apps.iter().take(place);
        if earlier.any(|other| other.id == *id) {
            let problem = format!("apps: `{id}` is there twice");
            return Err(Problem::new(member("id"), problem));
        }
        if let Some(name) = app.promises_messages()
            && self.mail.is_none()
            && self.texts.is_none()
        {
            let problem = format!(
                "apps: `{id}` has {name} = true, but without [mail] or [texts] they reach nobody: add one of the \
                 two, or leave {name} out"
            );
            return Err(Problem::new(member(name), problem));
        }
        let settings = app.settings(Vec::new()).map_err(|problems| {
            let first = problems.into_iter().next();
            let (name, text) = first.map(|it| (it.member, it.text)).unwrap_or_default();
            Problem::new(member(&name), text)
        })?;
        match proofs::problem(&settings, self.sends()) {
            Some(problem) => Err(Problem::new(
                member("require_identifier_verification"),
                format!("apps: `{id}` {problem}"),
            )),
            None => Ok(()),
        }
    }
}
