//! The text of a token on its way from the request to the verifier.

use std::borrow::Cow;
use std::fmt;

use super::form::MAX_TOKEN;

/// What may be a token and was not verified yet. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UnverifiedToken<'a>(Cow<'a, [u8]>);

impl<'a> UnverifiedToken<'a> {
    pub(in crate::auth) fn new(text: &'a [u8]) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(in crate::auth) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A copy that does not hold on to the request. Of a token that is too long, only as much as
    /// shows that.
    pub(crate) fn into_owned(self) -> UnverifiedToken<'static> {
        let text = self.0.get(..=MAX_TOKEN).unwrap_or(&self.0);
        UnverifiedToken(Cow::Owned(text.to_vec()))
    }
}

impl<'a> From<&'a str> for UnverifiedToken<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_token() {
        let token = UnverifiedToken::from("canary");
        assert_eq!(format!("{token:?}"), "UnverifiedToken(..)");
        assert_eq!(format!("{:?}", token.into_owned()), "UnverifiedToken(..)");
    }

    #[test]
    fn a_copy_is_whole_unless_it_is_too_long_anyway() {
        let longest = "a".repeat(MAX_TOKEN);
        let copy = UnverifiedToken::from(&*longest).into_owned();
        assert_eq!(copy.as_bytes(), longest.as_bytes());
        let longer = "a".repeat(10 * MAX_TOKEN);
        let copy = UnverifiedToken::from(&*longer).into_owned();
        assert_eq!(copy.as_bytes().len(), MAX_TOKEN + 1);
    }
}
