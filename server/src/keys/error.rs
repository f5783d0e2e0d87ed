//! Errors of keys.

use std::borrow::Cow;
use std::fmt;

use crate::store::StoreError;

/// Why there is no key.
#[derive(Debug, Clone)]
pub(crate) struct KeyError(Cow<'static, str>);

impl KeyError {
    pub(crate) const fn new(problem: &'static str) -> Self {
        Self(Cow::Borrowed(problem))
    }
}

impl From<String> for KeyError {
    fn from(problem: String) -> Self {
        Self(Cow::Owned(problem))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

/// Why a key ring failed.
#[derive(Debug)]
pub(crate) enum KeyRingError {
    Key(KeyError),
    Store(StoreError),
}

impl From<KeyError> for KeyRingError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StoreError> for KeyRingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyRingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Key(_) => None,
            Self::Store(error) => error.source(),
        }
    }
}
