//! Names of identity providers.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Maximum length of a name, in characters.
const LONGEST: usize = 32;

/// The name of an identity provider, as used in the API and the tables: lower-case letters, digits, `-` and `_`,
/// beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ProviderName(Cow<'static, str>);

/// A text that is not a valid provider name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadProviderName;

impl fmt::Display for BadProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a provider's name has 1 to {LONGEST} lower-case letters, digits, - and _, and begins with a letter"
        )
    }
}

impl std::error::Error for BadProviderName {}

impl ProviderName {
    pub(crate) const APPLE: Self = Self(Cow::Borrowed("apple"));
    pub(crate) const GITHUB: Self = Self(Cow::Borrowed("github"));
    pub(crate) const GOOGLE: Self = Self(Cow::Borrowed("google"));

    pub(crate) fn parse(name: impl Into<String>) -> Result<Self, BadProviderName> {
        let name = name.into();
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let good = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= LONGEST
            && name.bytes().all(allowed);
        good.then_some(Self(Cow::Owned(name)))
            .ok_or(BadProviderName)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderName {
    type Error = BadProviderName;

    fn try_from(name: String) -> Result<Self, BadProviderName> {
        Self::parse(name)
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        for good in [
            "apple",
            "github",
            "google",
            "a",
            "acme-2_x",
            &"a".repeat(LONGEST),
        ] {
            assert_eq!(
                ProviderName::parse(good).map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in [
            "",
            "Apple",
            "1st",
            "-a",
            "a b",
            "a/b",
            "a.b",
            "ä",
            "a\0",
            &"a".repeat(LONGEST + 1),
        ] {
            assert_eq!(ProviderName::parse(bad), Err(BadProviderName), "{bad}");
        }
    }
}
