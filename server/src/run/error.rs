//! Why a server does not start.

use std::fmt;
use std::net::SocketAddr;

use crate::config::ConfigError;
use crate::delivery::DeliveryError;
use crate::domain::apps::AppError;
use crate::domain::settings::{SettingsError, SettingsProblems};
use crate::http::serve::BindError;
use crate::keys::KeyRingError;
use crate::store::StoreError;

/// Why a server did not start.
#[derive(Debug)]
pub struct StartError(Box<StartErrorKind>);

#[derive(Debug)]
pub(crate) enum StartErrorKind {
    /// The address can be reached from other machines.
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    Bind(BindError),
    /// The storage failed.
    Store(StoreError),
    /// The app's signing keys cannot be read.
    Keys(KeyRingError),
    /// The stored settings of the app cannot be read.
    Settings(SettingsError),
    /// The settings of the app are invalid.
    Invalid(SettingsProblems),
    /// The configuration, or something it refers to, cannot be used.
    Config(ConfigError),
    /// An option has an invalid value.
    Option(&'static str, &'static str),
}

impl From<StartErrorKind> for StartError {
    fn from(kind: StartErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        StartErrorKind::Store(error).into()
    }
}

impl From<DeliveryError> for StartError {
    fn from(error: DeliveryError) -> Self {
        StartErrorKind::Option(error.provider, error.problem).into()
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        StartErrorKind::Config(error).into()
    }
}

impl From<AppError> for StartError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Settings(error) => error.into(),
            AppError::Keys(error) => error.into(),
        }
    }
}

impl From<SettingsError> for StartError {
    fn from(error: SettingsError) -> Self {
        StartErrorKind::Settings(error).into()
    }
}

impl From<BindError> for StartError {
    fn from(error: BindError) -> Self {
        StartErrorKind::Bind(error).into()
    }
}

impl From<KeyRingError> for StartError {
    fn from(error: KeyRingError) -> Self {
        StartErrorKind::Keys(error).into()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            StartErrorKind::NotLoopback(address) => write!(
                f,
                "{address} can be reached from other machines, and a development server hands out tokens to anybody \
                 who asks: listen on a loopback address such as 127.0.0.1:8787"
            ),
            StartErrorKind::Bind(error) => error.fmt(f),
            StartErrorKind::Store(error) => error.fmt(f),
            StartErrorKind::Keys(error) => error.fmt(f),
            StartErrorKind::Settings(error) => error.fmt(f),
            StartErrorKind::Invalid(problems) => problems.fmt(f),
            StartErrorKind::Config(error) => error.fmt(f),
            StartErrorKind::Option(name, problem) => write!(f, "{name} {problem}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            StartErrorKind::Bind(error) => error.source(),
            StartErrorKind::Store(error) => error.source(),
            StartErrorKind::Settings(error) => error.source(),
            StartErrorKind::Keys(error) => error.source(),
            StartErrorKind::NotLoopback(_)
            | StartErrorKind::Config(_)
            | StartErrorKind::Invalid(_)
            | StartErrorKind::Option(..) => None,
        }
    }
}
