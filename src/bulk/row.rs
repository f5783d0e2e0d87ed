//! One user to be imported.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::users::CreateUser;

/// A user to be imported: what is created, and whether it is activated or deactivated after that.
///
/// Its JSON form has the members `email`, `phone`, `metadata` and `active`; `email` or `phone` is
/// required. Lines of an export can be read too: `user_metadata` is another name of `metadata`, the
/// status `active` or `inactive` has the meaning of `active`, and the other members of an exported
/// user are ignored, since they cannot be set. Any other member is an error, so that a typo does
/// not lose data.
///
/// Imported identifiers are unverified: the account belongs to whoever proves them first, as for
/// [`CreateUser`]. To move passkeys, or identifiers that were verified elsewhere, use
/// `passage-server import`.
///
/// ```
/// use passage_identity::{bulk::ImportUser, users::CreateUser};
///
/// let user = ImportUser::from(CreateUser::with_email("ada@example.com")).active(true);
/// let line = r#"{"email":"ada@example.com","phone":null,"metadata":{"display_name":"Ada"},"active":true}"#;
/// let user: ImportUser = serde_json::from_str(line)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Wire")]
#[must_use = "hand it to users().import_users(..)"]
pub struct ImportUser {
    pub(super) user: CreateUser,
    pub(super) active: Option<bool>,
}

impl ImportUser {
    /// Activates the user once created, or deactivates it. By default it stays `pending`.
    pub fn active(mut self, active: bool) -> Self {
        self.active = Some(active);
        self
    }

    /// Reads a line. The error says where it is wrong and does not repeat it.
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        serde_json::from_slice(line).map_err(|error| {
            let text = error.to_string();
            let unknown = text
                .strip_prefix("unknown field `")
                .and_then(|rest| rest.split('`').next())
                .filter(|name| name.len() <= 40 && !name.contains(char::is_control));
            let column = error.column();
            let message = match unknown {
                Some(name) => format!("the line has an unknown member `{name}` (column {column})"),
                None if error.is_data() => {
                    format!("the line is not a user to be imported (column {column})")
                }
                None => format!("the line is not JSON (column {column})"),
            };
            Error::new(ErrorKind::InvalidInput, message)
        })
    }
}

impl From<CreateUser> for ImportUser {
    fn from(user: CreateUser) -> Self {
        Self { user, active: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    email: Option<String>,
    phone: Option<String>,
    #[serde(alias = "user_metadata")]
    metadata: Option<Map<String, Value>>,
    active: Option<bool>,
    status: Option<String>,
    // Members of an exported user that cannot be set.
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(rename = "email_verified")]
    _email_verified: Option<IgnoredAny>,
    #[serde(rename = "phone_verified")]
    _phone_verified: Option<IgnoredAny>,
    #[serde(rename = "created_at")]
    _created_at: Option<IgnoredAny>,
    #[serde(rename = "updated_at")]
    _updated_at: Option<IgnoredAny>,
    #[serde(rename = "last_login_at")]
    _last_login_at: Option<IgnoredAny>,
    #[serde(rename = "login_count")]
    _login_count: Option<IgnoredAny>,
    #[serde(rename = "external_id")]
    _external_id: Option<IgnoredAny>,
}

impl From<Wire> for ImportUser {
    fn from(wire: Wire) -> Self {
        let set = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut user = CreateUser::of(set(wire.email), set(wire.phone));
        if let Some(metadata) = wire.metadata.filter(|metadata| !metadata.is_empty()) {
            user = user.metadata(metadata);
        }
        let by_status = match wire.status.as_deref() {
            Some("active") => Some(true),
            Some("inactive") => Some(false),
            _ => None,
        };
        Self {
            user,
            active: wire.active.or(by_status),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is sent to create the user, and what becomes of it then.
    fn read(line: &str) -> Result<(Value, Option<bool>)> {
        let row = ImportUser::parse(line.as_bytes())?;
        let body = row.user.into_body()?;
        Ok((serde_json::to_value(body).unwrap(), row.active))
    }

    #[test]
    fn lines_that_are_users() {
        let (a, b) = (json!({"email": "a@b.c"}), json!({"phone": "+15005550006"}));
        for (line, body, active) in [
            (r#"{"email":"a@b.c"}"#, a.clone(), None),
            (
                r#" {"email":"a@b.c","phone":null,"metadata":null} "#,
                a.clone(),
                None,
            ),
            (
                r#"{"email":"a@b.c","phone":"","metadata":{}}"#,
                a.clone(),
                None,
            ),
            (r#"{"phone":"+15005550006","active":false}"#, b, Some(false)),
            (
                r#"{"email":"a@b.c","status":"active"}"#,
                a.clone(),
                Some(true),
            ),
            (
                r#"{"email":"a@b.c","status":"inactive"}"#,
                a.clone(),
                Some(false),
            ),
            (r#"{"email":"a@b.c","status":"pending"}"#, a.clone(), None),
            (
                r#"{"email":"a@b.c","status":"active","active":false}"#,
                a,
                Some(false),
            ),
            (
                r#"{"email":"a@b.c","user_metadata":{"n":1}}"#,
                json!({"email": "a@b.c", "user_metadata": {"n": 1}}),
                None,
            ),
        ] {
            assert_eq!(read(line).unwrap(), (body, active), "{line}");
        }
    }

    #[test]
    fn lines_that_are_not() {
        for (line, message) in [
            ("hunter2", "the line is not JSON (column 1)"),
            (r#"{"email":"hunter2"#, "the line is not JSON (column 17)"),
            (
                r#"["hunter2"]"#,
                "the line is not a user to be imported (column 11)",
            ),
            (
                r#"{"email":2}"#,
                "the line is not a user to be imported (column 10)",
            ),
            (
                r#"{"email":"hunter2@b.c","e-mail":"x"}"#,
                "the line has an unknown member `e-mail` (column 31)",
            ),
            (
                r#"{"metadata":{"n":"hunter2"}}"#,
                "the user has neither an e-mail address nor a phone number",
            ),
            (
                r#"{"email":"hunter2"}"#,
                "the e-mail address does not have the shape name@domain",
            ),
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.to_string(), message, "{line}");
            assert!(error.is_invalid_input());
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        assert!(ImportUser::parse(b"{\"email\":\"a\xff@b.c\"}").is_err());
    }
}
