//! From the file and what it refers to, to what a server needs. Everything is read here, and only once: a server starts
//! with whatever passes, provided that its address and its data file are free.

use std::error::Error as _;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;

use super::apps::AppConfig;
use super::file::{File, Keys, Listen, Mail, Texts};
use super::{Config, ConfigError, file, proofs};
use crate::certificate::{Files, Opened};
use crate::delivery::{Delivery, Smtp, SmtpSecurity, TextHook};
use crate::domain::rate_limits::RateLimits;
use crate::domain::settings::AppSettings;
use crate::ids::AppId;
use crate::keys::{RotationPolicy, Sealing, WrappingKey};
use crate::store::{self, SqlError, StoreError};

/// What a production server needs.
pub(crate) struct ServeSettings {
    pub(crate) data: PathBuf,
    /// The URL by which clients reach the server. `None` means the address that it listens on.
    pub(crate) url: Option<String>,
    /// How many days rows of the audit log are kept, 0 for ever.
    pub(crate) audit_days: u32,
    pub(crate) listen: ListenSettings,
    pub(crate) sealing: Arc<Sealing>,
    pub(crate) rotation: RotationPolicy,
    pub(crate) limits: RateLimits,
    pub(crate) delivery: Delivery,
    /// Whether codes and links can be delivered at all.
    pub(crate) delivers: bool,
    pub(crate) apps: Vec<AppConfig>,
    /// What the operator should know.
    pub(crate) notes: Vec<String>,
}

/// How a server listens.
pub(crate) struct ListenSettings {
    pub(crate) address: SocketAddr,
    /// The server's certificate, if it terminates TLS itself.
    pub(crate) certificate: Option<Opened>,
    /// Maximum number of simultaneous connections.
    pub(crate) connections: usize,
    /// Time limits for the head of a request, and for its body.
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    /// How long a reply waits for a client that does not read.
    pub(crate) reply: Duration,
    /// The header in which proxies write the client's address, and how many proxies there are.
    pub(crate) client_address: Option<(HeaderName, usize)>,
}

impl ServeSettings {
    /// The URL by which clients reach a server that listens on this address.
    pub(crate) fn url(&self, address: SocketAddr) -> String {
        match (&self.url, &self.listen.certificate) {
            (Some(url), _) => url.clone(),
            (None, Some(_)) => format!("https://{address}"),
            (None, None) => format!("http://{address}"),
        }
    }

    /// Whether passwords and tokens travel unencrypted.
    pub(crate) fn is_open_to_eavesdroppers(&self) -> bool {
        let https = |url: &String| url.starts_with("https://");
        !self.listen.address.ip().is_loopback()
            && self.listen.certificate.is_none()
            && !self.url.as_ref().is_some_and(https)
    }
}

impl Config {
    /// Reads what the file refers to, and checks what can be checked before a server runs.
    pub(crate) fn resolve(&self) -> Result<ServeSettings, ConfigError> {
        let File {
            data,
            url,
            audit_days,
            listen,
            log: _,
            keys,
            limits,
            mail,
            texts,
            apps,
        } = &*self.file;
        let data = self.folder.join(data);
        let sealing = self.sealing(keys)?;
        let listen = self.listen(listen)?;
        let delivery = self.delivery(mail.as_ref(), texts.as_ref())?;
        let notes = self.notes_on(&data, &sealing)?;
        Ok(ServeSettings {
            data,
            url: url.as_ref().map(ToString::to_string),
            audit_days: *audit_days,
            listen,
            sealing: Arc::new(sealing),
            rotation: rotation(keys),
            limits: RateLimits::new(
                limits.messages_per_account_per_minute,
                limits.requests_per_address_per_minute,
            ),
            delivery,
            delivers: mail.is_some() || texts.is_some(),
            apps: apps.clone(),
            notes,
        })
    }

    /// Checks the data file. Returns what there is to know about the apps, those of the configuration first.
    fn notes_on(&self, data: &Path, sealing: &Sealing) -> Result<Vec<String>, ConfigError> {
        let sends = self.file.sends();
        let mut notes = Vec::new();
        notes.extend(self.file.note_on_proxy());
        for app in &self.file.apps {
            // Invalid settings are reported where the file is read.
            if let Ok(settings) = app.settings(Vec::new()) {
                notes.extend(proofs::notes(&app.id, &settings, sends));
            }
        }
        for (id, settings) in check_data(data, sealing)? {
            if self.app_ids().any(|known| known == id.as_str()) {
                continue;
            }
            if let Some(problem) = proofs::problem(&settings, sends) {
                return Err(ConfigError::new(format!(
                    "{}: app `{id}` {problem}",
                    data.display()
                )));
            }
            notes.extend(proofs::notes(id.as_str(), &settings, sends));
            notes.extend(note_on_weaknesses(&id, &settings));
        }
        Ok(notes)
    }

    fn listen(&self, listen: &Listen) -> Result<ListenSettings, ConfigError> {
        let files = listen.tls.as_ref().map(|tls| Files {
            certificate: self.folder.join(&tls.certificate),
            key: self.folder.join(&tls.key),
        });
        let certificate = files.map(Files::open).transpose();
        let client_address = listen.client_address_header.as_ref();
        Ok(ListenSettings {
            address: listen.address,
            certificate: certificate.map_err(|error| ConfigError::new(error.to_string()))?,
            connections: listen.connections.get(),
            head: seconds(listen.head_seconds),
            body: seconds(listen.body_seconds),
            reply: seconds(listen.reply_seconds),
            client_address: client_address.map(|header| (header.0.clone(), listen.proxies.get())),
        })
    }

    fn sealing(&self, keys: &Keys) -> Result<Sealing, ConfigError> {
        let key = |text: &str, name: &str| {
            WrappingKey::parse(text).map_err(|error| ConfigError::new(format!("{name}: {error}")))
        };
        let current = keys
            .encryption_key
            .read(&self.folder, "keys.encryption_key")?;
        let mut previous = Vec::new();
        for (place, secret) in keys.previous.iter().enumerate() {
            let text = secret.read(&self.folder, "keys.previous")?;
            previous.push(key(&text, "keys.previous")?);
            if text == current {
                return Err(self.at(
                    &format!("keys.previous[{place}]"),
                    "must be a key from before, and is the encryption key: give either the new one or the old one",
                ));
            }
        }
        Ok(Sealing::with(
            key(&current, "keys.encryption_key")?,
            previous,
        ))
    }

    fn delivery(
        &self,
        mail: Option<&Mail>,
        texts: Option<&Texts>,
    ) -> Result<Delivery, ConfigError> {
        let mut delivery = Delivery::new();
        if let Some(mail) = mail {
            delivery = delivery.mail(self.smtp(mail)?);
        }
        if let Some(texts) = texts {
            delivery = delivery.texts(self.text_hook(texts)?);
        }
        Ok(delivery)
    }

    /// The mail server. Each member is tried with valid values for the others, to find the invalid one.
    fn smtp(&self, mail: &Mail) -> Result<Smtp, ConfigError> {
        let sender = Smtp::new("localhost", &mail.from).security(SmtpSecurity::None);
        if !sender.is_usable() {
            return Err(self.at(
                "mail.from",
                "must be an address, or a name and an address such as `Example <no-reply@example.com>`",
            ));
        }
        if !Smtp::new(&mail.host, &mail.from).is_usable() {
            return Err(self.at("mail.host", "must be the name of a mail server"));
        }
        let mut smtp = Smtp::new(&mail.host, &mail.from)
            .security(mail.security.into())
            .timeout(seconds(mail.timeout_seconds));
        if !smtp.is_usable() {
            return Err(self.at(
                "mail.security",
                "must be tls or starttls, as the mail server is not on this machine",
            ));
        }
        if let Some(port) = mail.port {
            smtp = smtp.port(port.get());
        }
        if let (Some(name), Some(password)) = (&mail.username, &mail.password) {
            if name.is_empty() {
                return Err(self.at("mail.username", "must not be empty"));
            }
            smtp = smtp.credentials(name, password.read(&self.folder, "mail.password")?);
        }
        Ok(smtp)
    }

    /// The text hook. Each member is tried in the same way.
    fn text_hook(&self, texts: &Texts) -> Result<TextHook, ConfigError> {
        const GOOD_SECRET: &str = "secret";
        let secret = texts.secret.read(&self.folder, "texts.secret")?;
        let known = url::Url::parse(&texts.url).is_ok_and(|url| url.has_host());
        if !known || !TextHook::new(&texts.url, GOOD_SECRET).is_usable() {
            return Err(self.at(
                "texts.url",
                "must be an https URL such as https://texts.example.com/send, or one with http on this machine",
            ));
        }
        let hook = TextHook::new(&texts.url, secret).timeout(seconds(texts.timeout_seconds));
        if !hook.is_usable() {
            return Err(ConfigError::new(
                "texts.secret: must be made of visible ASCII characters",
            ));
        }
        Ok(hook)
    }
}

/// What an operator should know about an app that they did not write into the configuration: it may come from a
/// development server, whose settings are weaker.
fn note_on_weaknesses(id: &AppId, settings: &AppSettings) -> Option<String> {
    let weak = settings.weaknesses();
    if weak.is_empty() {
        return None;
    }
    let weak = weak.join(", ");
    Some(format!(
        "app `{id}`: its settings in the data file protect its users less than the defaults, as those of a development \
         server do: {weak}: change what is not meant with `passage-server app update`, or add the app to the \
         configuration"
    ))
}

fn seconds(count: std::num::NonZeroU32) -> Duration {
    Duration::from_secs(u64::from(count.get()))
}

fn rotation(keys: &Keys) -> RotationPolicy {
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let every = (keys.rotate_days > 0).then(|| hours(u64::from(keys.rotate_days) * 24));
    RotationPolicy::new(every, hours(u64::from(keys.announce_hours)))
}

impl From<file::Security> for SmtpSecurity {
    fn from(security: file::Security) -> Self {
        match security {
            file::Security::Tls => Self::Tls,
            file::Security::StartTls => Self::StartTls,
            file::Security::None => Self::None,
        }
    }
}

/// Checks that a server can use the data file: it can be written or created, is one of ours, and its contents can be
/// read. A server may be using it at the same time. Returns its apps.
fn check_data(path: &Path, sealing: &Sealing) -> Result<Vec<(AppId, AppSettings)>, ConfigError> {
    let mut apps = Vec::new();
    store::inspect(path, |tx| {
        for app in store::apps::all(tx)? {
            let settings = AppSettings::from_stored(&app.settings).map_err(Unusable::new)?;
            for key in store::signing_keys::list(tx, &app.id)? {
                sealing.check(&app.id, &key).map_err(Unusable::new)?;
            }
            apps.push((app.id, settings));
        }
        Ok::<_, Unusable>(())
    })
    .map_err(|Unusable(problem)| ConfigError::new(problem))?;
    Ok(apps)
}

/// Why a data file cannot be used.
struct Unusable(String);

impl Unusable {
    fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl From<SqlError> for Unusable {
    fn from(error: SqlError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Self {
        match error.source() {
            Some(cause) => Self(format!("{error}: {cause}")),
            None => Self(error.to_string()),
        }
    }
}
