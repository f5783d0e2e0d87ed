//! The identity providers.

use serde::{Deserialize, Serialize};

/// An identity provider whose accounts people can sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SocialProvider {
    /// Sign in with Apple. It answers with a form that the browser posts.
    Apple,
    /// Login with GitHub.
    Github,
    /// Login with Google.
    Google,
}

impl SocialProvider {
    pub(crate) const ALL: [Self; 3] = [Self::Apple, Self::Github, Self::Google];

    /// The name that the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Github => "github",
            Self::Google => "google",
        }
    }

    /// How people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Apple => "Apple",
            Self::Github => "GitHub",
            Self::Google => "Google",
        }
    }

    /// The provider with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}
