//! A string that must not end up in a log.

use std::fmt;

/// A secret text: an API key, the link of a magic link.
///
/// `Debug` shows `Secret(..)` and there is no `Display`, so that the value reaches the outside
/// only through [`expose`](Self::expose).
///
/// ```
/// let secret = passage_identity::Secret::from("hush");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "hush");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Stands in a `Debug` output for a value that concerns a person: `".."`, or `""` if empty.
pub(crate) struct Hidden(bool);

impl Hidden {
    pub(crate) fn text(text: &str) -> Self {
        Self(!text.is_empty())
    }

    pub(crate) fn option<T>(value: Option<&T>) -> Option<Self> {
        value.map(|_| Self(true))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "\"..\"" } else { "\"\"" })
    }
}
