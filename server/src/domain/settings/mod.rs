//! Settings of an app.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::social::SocialSettings;
use crate::{identifier, ids};

/// Whether an app for production conceals its users unless it is told otherwise. One for development does not, so that
/// it answers as the API's description has it.
pub(crate) const CONCEAL_USERS: bool = true;

/// Seconds of a lifetime, at most: so many can be added to any time.
pub(crate) const LONGEST: i64 = 1_000_000_000_000;

/// A lifetime as settings have it.
pub(crate) fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).map_or(LONGEST, |it| it.min(LONGEST))
}

/// Whether the text can be the id of an app, which stands in paths.
pub(crate) fn is_app_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

/// Whether the text is a scheme of the web with a host and perhaps a port, and nothing else.
pub(crate) fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let host = uri
        .authority()
        .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    let nothing_else =
        !text.ends_with(['/', '?', '#']) && uri.path() == "/" && uri.query().is_none();
    matches!(uri.scheme_str(), Some("http" | "https"))
        && host
        && nothing_else
        && !text.contains('#')
}

/// Type of the values of a metadata field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MetadataType {
    /// Any text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Integer,
    /// A date written `MM/DD/YYYY`.
    Date,
    /// A phone number in E.164 form.
    Phone,
    /// An e-mail address.
    Email,
}

impl MetadataType {
    /// The name that the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Date => "date",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }

    fn admits(self, value: &Value) -> bool {
        let text = |good: fn(&str) -> bool| value.as_str().is_some_and(good);
        match self {
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_number(),
            Self::Date => text(|text| text.len() == 10 && Date::strptime("%m/%d/%Y", text).is_ok()),
            Self::Phone => text(|text| identifier::phone(text).is_some()),
            Self::Email => text(|text| identifier::email(text).is_some()),
        }
    }
}

impl std::str::FromStr for MetadataType {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [
            Self::String,
            Self::Boolean,
            Self::Integer,
            Self::Date,
            Self::Phone,
            Self::Email,
        ];
        let found = all.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| format!("`{name}` is not a metadata type: use string, boolean, integer, date, phone or email"))
    }
}

/// A metadata field of an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MetadataField {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) r#type: MetadataType,
}

/// What the server knows of an app. Lifetimes are in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AppSettings {
    pub(crate) name: String,
    pub(crate) auth_origin: String,
    /// Domain that passkeys belong to. If not said, the host of the auth origin.
    pub(crate) rp_id: Option<String>,
    pub(crate) login_url: String,
    pub(crate) redirect_url: String,
    pub(crate) session_timeout_length: i64,
    pub(crate) refresh_enabled: bool,
    pub(crate) refresh_absolute_lifetime: i64,
    pub(crate) refresh_inactivity_lifetime: i64,
    pub(crate) magic_link_ttl: i64,
    pub(crate) otp_ttl: i64,
    /// Whether users can ask for magic links and for one-time codes.
    pub(crate) magic_links: bool,
    pub(crate) one_time_codes: bool,
    /// Whether requests for codes and links are answered alike for users who are known and users who are not.
    pub(crate) conceal_users: bool,
    pub(crate) social: SocialSettings,
    /// Where a social login may lead besides the auth origin.
    pub(crate) allowed_callback_urls: Vec<String>,
    pub(crate) metadata: Vec<MetadataField>,
}

impl Default for AppSettings {
    fn default() -> Self {
        Self {
            name: "Development".to_owned(),
            auth_origin: "http://localhost:3000".to_owned(),
            rp_id: None,
            login_url: "/".to_owned(),
            redirect_url: "/".to_owned(),
            session_timeout_length: 3600,
            refresh_enabled: true,
            refresh_absolute_lifetime: 30 * 24 * 3600,
            refresh_inactivity_lifetime: 5 * 24 * 3600,
            magic_link_ttl: 300,
            otp_ttl: 300,
            magic_links: true,
            one_time_codes: true,
            conceal_users: false,
            social: SocialSettings::default(),
            allowed_callback_urls: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

impl AppSettings {
    /// The domain that passkeys belong to. `None` if the one that is set is neither the host of the auth origin nor
    /// a domain above it.
    pub(crate) fn rp_id(&self) -> Option<String> {
        let origin: http::Uri = self.auth_origin.parse().ok()?;
        let host = origin.host()?.to_ascii_lowercase();
        let Some(rp_id) = &self.rp_id else {
            return Some(host);
        };
        let above = host
            .strip_suffix(rp_id.as_str())
            .is_some_and(|rest| rest.ends_with('.') && rp_id.contains('.'));
        (host == *rp_id || above).then(|| rp_id.clone())
    }

    /// The way to sign in without a passkey that the API names first, and its lifetime.
    pub(crate) fn fallback(&self) -> (&'static str, i64) {
        match (self.magic_links, self.one_time_codes) {
            (true, _) => ("magic_link", self.magic_link_ttl),
            (false, true) => ("otp", self.otp_ttl),
            (false, false) => ("none", self.magic_link_ttl),
        }
    }

    /// Defines a metadata field, or changes its type.
    pub(crate) fn put_field(&mut self, name: &str, kind: MetadataType) {
        match self.metadata.iter_mut().find(|field| field.name == name) {
            Some(field) => field.r#type = kind,
            None => self.metadata.push(MetadataField {
                id: ids::new_id(),
                name: name.to_owned(),
                r#type: kind,
            }),
        }
    }

    /// Checks metadata values before they are stored: each field must be known, with a value of its type or null.
    /// An app without fields takes any field with a plain value. The error says what is wrong.
    pub(crate) fn check_metadata(&self, metadata: &Map<String, Value>) -> Result<(), String> {
        for (name, value) in metadata {
            let field = self.metadata.iter().find(|field| field.name == *name);
            match field {
                _ if value.is_null() => {}
                Some(field) if field.r#type.admits(value) => {}
                Some(field) => {
                    return Err(format!(
                        "user_metadata: `{name}` is not of type {}.",
                        field.r#type.as_str()
                    ));
                }
                None if !self.metadata.is_empty() => {
                    return Err(format!("user_metadata: the app has no field `{name}`."));
                }
                None if value.is_array() || value.is_object() => {
                    return Err(format!(
                        "user_metadata: `{name}` must be a string, a number or a boolean."
                    ));
                }
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn metadata_values_must_be_of_their_types() {
        let types = ["string", "boolean", "integer", "date", "phone", "email"];
        let metadata = types.map(|name| MetadataField {
            id: name.into(),
            name: name.into(),
            r#type: name.parse().unwrap(),
        });
        let app = AppSettings {
            metadata: metadata.to_vec(),
            ..AppSettings::default()
        };
        let good = json!({"string": "a", "boolean": true, "integer": 4.5, "date": "02/29/2024", "phone": "+15005550006", "email": "a@b.c"});
        assert_eq!(app.check_metadata(&object(good)), Ok(()));
        for bad in [
            json!({"string": 1}),
            json!({"boolean": "true"}),
            json!({"integer": "1"}),
            json!({"date": "2024-02-29"}),
            json!({"date": "02/30/2024"}),
            json!({"phone": "5005550006"}),
            json!({"email": "nobody"}),
            json!({"other": "a"}),
            json!({"string": ["a"]}),
        ] {
            assert!(app.check_metadata(&object(bad.clone())).is_err(), "{bad}");
        }
    }

    #[test]
    fn passkeys_belong_to_the_host_or_a_domain_above_it() {
        let rp_id = |origin: &str, rp_id: Option<&str>| {
            AppSettings {
                auth_origin: origin.to_owned(),
                rp_id: rp_id.map(str::to_owned),
                ..AppSettings::default()
            }
            .rp_id()
        };
        for (origin, asked, given) in [
            ("http://localhost:3000", None, Some("localhost")),
            ("https://Login.App.Example", None, Some("login.app.example")),
            (
                "https://login.app.example",
                Some("app.example"),
                Some("app.example"),
            ),
            (
                "https://app.example",
                Some("app.example"),
                Some("app.example"),
            ),
            ("https://app.example", Some("example"), None),
            ("https://app.example", Some("p.example"), None),
            ("https://app.example", Some("login.app.example"), None),
            ("https://app.example", Some(""), None),
        ] {
            assert_eq!(rp_id(origin, asked).as_deref(), given, "{origin} {asked:?}");
        }
    }

    #[test]
    fn an_app_without_fields_takes_any_plain_value() {
        let app = AppSettings::default();
        assert_eq!(
            app.check_metadata(&object(json!({"a": 1, "b": "x", "c": false, "d": null}))),
            Ok(())
        );
        assert!(app.check_metadata(&object(json!({"a": {}}))).is_err());
        assert!(app.check_metadata(&object(json!({"a": []}))).is_err());
    }

    #[test]
    fn origins() {
        for good in [
            "http://localhost:3000",
            "https://app.example",
            "http://[::1]:1",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/login",
            "https://app.example?",
            "https://app.example?a",
            "https://app.example#a",
            "https://me@app.example",
            "https://app example",
            "ftp://app.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
