//! The members of the file. Members that are not here are refused.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;
use super::apps::AppTable;
use super::secret::Secret;
use super::values::{Header, Url};
use crate::delivery::SmtpSecurity;
use crate::domain::settings::AppSettings;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) data: PathBuf,
    pub(super) url: Option<Url>,
    pub(super) listen: Listen,
    #[serde(default)]
    pub(super) log: Log,
    pub(super) keys: Keys,
    #[serde(default)]
    pub(super) limits: Limits,
    pub(super) mail: Option<Mail>,
    pub(super) texts: Option<Texts>,
    #[serde(default)]
    pub(super) apps: Vec<AppTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<Tls>,
    #[serde(default = "connections")]
    pub(super) connections: NonZeroUsize,
    #[serde(default = "ten")]
    pub(super) head_seconds: NonZeroU64,
    #[serde(default = "thirty")]
    pub(super) body_seconds: NonZeroU64,
    #[serde(default = "thirty")]
    pub(super) reply_seconds: NonZeroU64,
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

fn ten() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(9)
}

fn twenty() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(19)
}

fn thirty() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(29)
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
    pub(super) port: Option<u16>,
    pub(super) from: String,
    #[serde(default)]
    pub(super) security: Security,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    #[serde(default = "twenty")]
    pub(super) timeout_seconds: NonZeroU64,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Security {
    #[default]
    Tls,
    StartTls,
    None,
}

impl From<Security> for SmtpSecurity {
    fn from(security: Security) -> Self {
        match security {
            Security::Tls => Self::Tls,
            Security::StartTls => Self::StartTls,
            Security::None => Self::None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) url: String,
    pub(super) secret: Secret,
    #[serde(default = "ten")]
    pub(super) timeout_seconds: NonZeroU64,
}

impl File {
    /// Checks what the members say together.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let fails = |problem: &str| Err(ConfigError::new(problem));
        if let Some(mail) = &self.mail
            && mail.username.is_some() != mail.password.is_some()
        {
            return fails("mail: username and password go together");
        }
        if let (Some(url), Some(_)) = (&self.url, &self.listen.tls)
            && !url.is_https()
        {
            return fails("url: must be https, as listen.tls is set");
        }
        if self.url.is_none() && !self.listen.address.ip().is_loopback() {
            return fails(
                "url: is needed, since others reach this address: the URL by which they do, such as https://auth.example.com",
            );
        }
        let keys = &self.keys;
        if keys.rotate_days > 0 && keys.announce_hours / 24 >= keys.rotate_days {
            return fails("keys.announce_hours: must be shorter than keys.rotate_days");
        }
        for (place, app) in self.apps.iter().enumerate() {
            let earlier = self.apps.iter().take(place);
            if earlier.into_iter().any(|other| other.id() == app.id()) {
                return Err(ConfigError::new(format!(
                    "apps: `{}` is there twice",
                    app.id()
                )));
            }
            if let Some(member) = app.promises_messages()
                && self.mail.is_none()
                && self.texts.is_none()
            {
                return Err(ConfigError::new(format!(
                    "apps: `{}` has {member} = true, but without [mail] or [texts] they reach nobody: add one of \
                     the two, or leave {member} out",
                    app.id()
                )));
            }
            if app.settings(AppSettings::default()).rp_id().is_none() {
                return Err(ConfigError::new(format!(
                    "apps: rp_id of `{}` must be the host of its auth_origin, or a domain above it",
                    app.id()
                )));
            }
        }
        Ok(())
    }
}
