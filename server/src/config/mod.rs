//! The configuration of a production server: a TOML file.

mod apps;
mod file;
mod secret;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;

use self::file::File;
use crate::delivery::{Delivery, Smtp, TextHook};
use crate::domain::rate_limits::RateLimits;
use crate::domain::settings::AppSettings;
use crate::http::client_address::ClientAddress;
use crate::http::entry::RequestPolicy;
use crate::http::serve::ConnectionLimits;
use crate::http::tls;
use crate::keys::{RotationPolicy, Sealing, WrappingKey};

/// The configuration of a server, as `passage-server serve` takes it.
///
/// `docs/self-hosting.md` explains every member.
#[derive(Clone)]
pub struct Config {
    file: Arc<File>,
    /// Paths in the file are relative to its folder.
    folder: PathBuf,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.file.listen.address)
            .field("data", &self.file.data)
            .finish_non_exhaustive()
    }
}

/// How much to log, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogConfig {
    /// Least important level that is logged.
    pub level: tracing::Level,
    /// Whether each line is a JSON object.
    pub json: bool,
}

/// What is wrong with a configuration.
#[derive(Debug)]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a configuration file. Secrets that it points to are read when the server starts.
    ///
    /// # Errors
    /// If the file cannot be read or is no configuration. The text names the line, and what would do.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse_in(folder, &text)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))
    }

    /// Reads a configuration. Paths in it are relative to the working directory.
    ///
    /// # Errors
    /// If the text is no configuration. The error names the line, and what would do.
    ///
    /// ```
    /// use passage_server::Config;
    ///
    /// let text = r#"
    /// data = "passage.db"
    /// url = "https://auth.example.com"
    ///
    /// [listen]
    /// adress = "127.0.0.1:8787"
    /// "#;
    /// let problem = Config::parse(text).unwrap_err().to_string();
    /// assert!(problem.starts_with("line 6: unknown field `adress`, expected one of `address`"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_in(Path::new(""), text)
    }

    fn parse_in(folder: &Path, text: &str) -> Result<Self, ConfigError> {
        // The error's own text would show the line itself, in which a secret may stand by mistake.
        let file: File = toml::from_str(text).map_err(|error| {
            let problem = error.message();
            let before = error.span().and_then(|span| text.get(..span.start));
            ConfigError(match before {
                Some(before) => format!("line {}: {problem}", before.matches('\n').count() + 1),
                None => problem.to_owned(),
            })
        })?;
        file.check()?;
        Ok(Self {
            file: Arc::new(file),
            folder: folder.to_owned(),
        })
    }

    /// Reads whatever the configuration points to: secrets, certificate, key.
    ///
    /// # Errors
    /// If one of them is missing, cannot be used, or is open to others.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.connection_limits()?;
        self.sealing()?;
        self.delivery().map(drop)
    }

    /// How the configuration wants the log.
    #[must_use]
    pub fn log(&self) -> LogConfig {
        LogConfig {
            level: self.file.log.level.into(),
            json: self.file.log.format == file::LogFormat::Json,
        }
    }

    /// The data file.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join(&self.file.data)
    }

    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.file.listen.address
    }

    /// The URL by which clients reach a server that listens on this address.
    pub(crate) fn url(&self, address: SocketAddr) -> String {
        match (&self.file.url, &self.file.listen.tls) {
            (Some(url), _) => url.to_string(),
            (None, Some(_)) => format!("https://{address}"),
            (None, None) => format!("http://{address}"),
        }
    }

    /// Whether passwords and tokens could be read on their way to a server with this URL.
    pub(crate) fn is_open_to_eavesdroppers(&self) -> bool {
        !self.address().ip().is_loopback()
            && self.file.listen.tls.is_none()
            && !self.file.url.as_ref().is_some_and(|url| url.is_https())
    }

    pub(crate) fn request_policy(&self, url: &str) -> RequestPolicy {
        let listen = &self.file.listen;
        let client_address = match &listen.client_address_header {
            Some(name) => ClientAddress::from_header(HeaderName::from(name), listen.proxies.get()),
            None => ClientAddress::default(),
        };
        RequestPolicy {
            body: Duration::from_secs(listen.body_seconds.get()),
            client_address,
            tls_only: url.starts_with("https://"),
        }
    }

    pub(crate) fn connection_limits(&self) -> Result<ConnectionLimits, ConfigError> {
        let listen = &self.file.listen;
        let tls = match &listen.tls {
            Some(tls) => Some(tls::load(
                &self.folder.join(&tls.certificate),
                &self.folder.join(&tls.key),
            )?),
            None => None,
        };
        Ok(ConnectionLimits {
            head: Duration::from_secs(listen.head_seconds.get()),
            reply: Duration::from_secs(listen.reply_seconds.get()),
            connections: listen.connections.get(),
            tls,
            ..ConnectionLimits::default()
        })
    }

    pub(crate) fn limits(&self) -> RateLimits {
        let limits = &self.file.limits;
        RateLimits::new(
            limits.messages_per_account_per_minute,
            limits.requests_per_address_per_minute,
        )
    }

    pub(crate) fn sealing(&self) -> Result<Sealing, ConfigError> {
        let read = |secret: &secret::Secret, name: &str| {
            let text = secret.read(&self.folder, name)?;
            WrappingKey::parse(&text).map_err(|error| ConfigError(format!("{name}: {error}")))
        };
        let keys = &self.file.keys;
        let current = read(&keys.encryption_key, "keys.encryption_key")?;
        let previous = keys.previous.iter();
        let previous = previous.map(|secret| read(secret, "keys.previous"));
        Ok(Sealing::with(current, previous.collect::<Result<_, _>>()?))
    }

    pub(crate) fn rotation(&self) -> RotationPolicy {
        let keys = &self.file.keys;
        let every = (keys.rotate_days > 0)
            .then(|| Duration::from_secs(u64::from(keys.rotate_days) * 24 * 3600));
        RotationPolicy::new(
            every,
            Duration::from_secs(u64::from(keys.announce_hours) * 3600),
        )
    }

    /// Whether there is a way for codes and links to reach anybody.
    pub(crate) fn delivers(&self) -> bool {
        self.file.mail.is_some() || self.file.texts.is_some()
    }

    pub(crate) fn delivery(&self) -> Result<Delivery, ConfigError> {
        let mut delivery = Delivery::new();
        if let Some(mail) = &self.file.mail {
            let mut smtp = Smtp::new(&mail.host, &mail.from)
                .security(mail.security.into())
                .timeout(Duration::from_secs(mail.timeout_seconds.get()));
            if let Some(port) = mail.port {
                smtp = smtp.port(port);
            }
            if let (Some(name), Some(password)) = (&mail.username, &mail.password) {
                smtp = smtp.credentials(name, password.read(&self.folder, "mail.password")?);
            }
            delivery = delivery.mail(smtp);
        }
        if let Some(texts) = &self.file.texts {
            let secret = texts.secret.read(&self.folder, "texts.secret")?;
            let hook = TextHook::new(&texts.url, secret)
                .timeout(Duration::from_secs(texts.timeout_seconds.get()));
            delivery = delivery.texts(hook);
        }
        Ok(delivery)
    }

    /// Ids of the apps that the configuration has. What it says of them counts at every start.
    pub fn app_ids(&self) -> impl Iterator<Item = &str> {
        self.file.apps.iter().map(|app| app.id())
    }

    /// The apps that the configuration has, given what is stored of each.
    pub(crate) fn apps(&self) -> impl Iterator<Item = (&str, impl Fn(AppSettings) -> AppSettings)> {
        let apps = self.file.apps.iter();
        apps.map(|app| (app.id(), move |stored: AppSettings| app.settings(stored)))
    }
}
