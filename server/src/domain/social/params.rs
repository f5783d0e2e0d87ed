//! The parameters of OAuth 2, in a query or in a form.

use crate::domain::error::Refusal;

/// Parameters as they were sent.
pub(crate) struct OAuthParams(Vec<(String, String)>);

impl OAuthParams {
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// An optional parameter. An empty one counts as missing, and a repeated one is an error (RFC 6749, section 3.1):
    /// two parsers could pick different ones.
    pub(crate) fn get(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.clone());
        if values.next().is_some() {
            return Err(Refusal::invalid_request(format!("{name}: is repeated.")));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A required parameter.
    pub(crate) fn need(&self, name: &'static str) -> Result<String, Refusal> {
        self.get(name)?
            .ok_or_else(|| Refusal::invalid_request(format!("{name}: is needed.")))
    }

    /// All of them, in the order in which they were sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
