//! Mail over SMTP.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time;

use super::check::sender;
use super::error::DeliveryError;
use super::message::Message;
use super::queue::Failure;

/// How the connection to a mail server is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpSecurity {
    /// TLS from the start, on port 465.
    #[default]
    Tls,
    /// TLS after the greeting, on port 587. A server that does not offer it gets no mail.
    StartTls,
    /// No protection, on port 25. Only for a server on the same machine.
    None,
}

/// A mail server.
#[derive(Clone)]
#[must_use]
pub struct Smtp {
    host: String,
    port: Option<u16>,
    from: String,
    security: SmtpSecurity,
    credentials: Option<(String, String)>,
    timeout: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("from", &self.from)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    /// The mail server with this name, and the sender of mail: an address, or a name and an address in angle brackets.
    /// The connection uses TLS, and no credentials are sent.
    pub fn new(host: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            from: from.into(),
            security: SmtpSecurity::default(),
            credentials: None,
            timeout: Duration::from_secs(20),
        }
    }

    /// How the connection is secured.
    pub fn security(mut self, security: SmtpSecurity) -> Self {
        self.security = security;
        self
    }

    /// The port. Defaults to the usual one for the kind of connection.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Name and password for logging in to the mail server.
    pub fn credentials(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((name.into(), password.into()));
        self
    }

    /// How long a mail may take. Defaults to 20 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Prepares the connections. The mail server itself is not contacted yet: it may be down for a moment.
    pub(super) fn connect(self) -> Result<SmtpCarrier, DeliveryError> {
        let fails = |problem| DeliveryError::new("mail server", problem);
        let from = sender(&self.from)
            .ok_or_else(|| fails("needs a sender such as `Example <no-reply@example.com>`"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if self.host.is_empty() || !self.host.chars().all(plain) {
            return Err(fails("needs a host name"));
        }
        type Transport = AsyncSmtpTransport<Tokio1Executor>;
        let builder = match self.security {
            SmtpSecurity::Tls => Transport::relay(&self.host),
            SmtpSecurity::StartTls => Transport::starttls_relay(&self.host),
            SmtpSecurity::None if is_this_machine(&self.host) => {
                Ok(Transport::builder_dangerous(&self.host))
            }
            SmtpSecurity::None => {
                return Err(fails("must be on this machine, or be reached by TLS"));
            }
        };
        let mut builder = builder
            .map_err(|_| fails("needs a host name"))?
            .timeout(Some(self.timeout));
        if let Some(port) = self.port {
            builder = builder.port(port);
        }
        if let Some((name, password)) = self.credentials {
            builder = builder.credentials(Credentials::new(name, password));
        }
        Ok(SmtpCarrier {
            transport: builder.build(),
            from,
            timeout: self.timeout,
        })
    }
}

/// Whether a host is this machine, so that nobody can listen in on the connection.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Sends mail to a mail server.
pub(super) struct SmtpCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl SmtpCarrier {
    pub(super) async fn carry(&self, message: &Message) -> Result<(), Failure> {
        let never = |reason: &str| Failure {
            temporary: false,
            reason: reason.to_owned(),
        };
        let to = message
            .to
            .parse()
            .map_err(|_| never("the address cannot be mailed to"))?;
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&message.subject)
            .message_id(Some(format!(
                "<{}@{}>",
                message.id,
                self.from.email.domain()
            )))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.clone())
            .map_err(|_| never("the mail cannot be written"))?;
        match time::timeout(self.timeout, self.transport.send(mail)).await {
            Ok(Ok(_accepted)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_elapsed) => Err(Failure {
                temporary: true,
                reason: "the mail server took too long".to_owned(),
            }),
        }
    }
}

/// Permanent refusals are not retried. Any other failure may be temporary.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let reason = match error.status() {
        Some(status) => format!("the mail server answered {status}"),
        None if error.is_tls() => "the mail server's TLS failed".to_owned(),
        None if error.is_client() => "the mail server does not offer what is needed".to_owned(),
        None => "the mail server was not reached, or broke off".to_owned(),
    };
    Failure {
        temporary: !error.is_permanent() && !error.is_client(),
        reason,
    }
}
