//! What users are made of and changed to.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::management::types;
use crate::secret::Hidden;

/// Metadata as it was given, kept until it is needed, so that a builder cannot fail midway.
#[derive(Clone, Default)]
enum Metadata {
    #[default]
    Unset,
    Set(Map<String, Value>),
    NotAnObject,
}

impl Metadata {
    fn of(metadata: impl Serialize) -> Self {
        match serde_json::to_value(metadata) {
            Ok(Value::Object(members)) => Self::Set(members),
            _ => Self::NotAnObject,
        }
    }

    fn check(self) -> Result<Option<Map<String, Value>>> {
        match self {
            Self::Unset => Ok(None),
            Self::Set(members) => Ok(Some(members)),
            Self::NotAnObject => Err(Error::new(
                ErrorKind::InvalidInput,
                "the metadata does not serialize to a JSON object",
            )),
        }
    }

    fn shown(&self) -> Option<Hidden> {
        match self {
            Self::Unset => None,
            Self::Set(_) | Self::NotAnObject => Hidden::option(Some(self)),
        }
    }
}

/// A user to be created: an e-mail address, a phone number, or both.
///
/// ```
/// use passage_identity::CreateUser;
///
/// let by_email = CreateUser::email("new@example.com");
/// let by_phone = CreateUser::phone("+15005550006");
/// let both = CreateUser::email("new@example.com").with_phone("+15005550006");
///
/// #[derive(serde::Serialize)]
/// struct Profile {
///     nickname: String,
/// }
/// let more = CreateUser::email("new@example.com").metadata(Profile { nickname: "Nell".to_owned() });
/// ```
#[derive(Clone)]
#[must_use = "hand it to users().create(..)"]
pub struct CreateUser {
    email: Option<String>,
    phone: Option<String>,
    metadata: Metadata,
}

impl CreateUser {
    /// A user with an e-mail address.
    pub fn email(email: impl Into<String>) -> Self {
        Self {
            email: Some(email.into()),
            phone: None,
            metadata: Metadata::Unset,
        }
    }

    /// A user with a phone number in E.164 form, as `+15005550006`.
    pub fn phone(phone: impl Into<String>) -> Self {
        Self {
            email: None,
            phone: Some(phone.into()),
            metadata: Metadata::Unset,
        }
    }

    /// Adds an e-mail address.
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Adds a phone number.
    pub fn with_phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// Adds metadata: anything that serializes to a JSON object. Its members must be in the app's
    /// metadata schema.
    pub fn metadata(mut self, metadata: impl Serialize) -> Self {
        self.metadata = Metadata::of(metadata);
        self
    }

    pub(super) fn into_body(self) -> Result<types::CreateUserRequest> {
        self.email.as_deref().map(check::email).transpose()?;
        self.phone.as_deref().map(check::phone).transpose()?;
        Ok(types::CreateUserRequest {
            email: self.email,
            phone: self.phone,
            user_metadata: self.metadata.check()?,
        })
    }
}

impl fmt::Debug for CreateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUser")
            .field("email", &Hidden::option(self.email.as_ref()))
            .field("phone", &Hidden::option(self.phone.as_ref()))
            .field("metadata", &self.metadata.shown())
            .finish()
    }
}

/// Changes to a user. What is not set stays as it is.
///
/// ```
/// use passage_identity::UpdateUser;
///
/// let changes = UpdateUser::new().email("a@example.com").phone("+15005550006");
/// ```
#[derive(Clone, Default)]
#[must_use = "hand it to users().update(..)"]
pub struct UpdateUser {
    email: Option<String>,
    phone: Option<String>,
    metadata: Metadata,
}

impl UpdateUser {
    /// No changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets the phone number, in E.164 form, as `+15005550006`.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// Sets the metadata: anything that serializes to a JSON object. Its members must be in the
    /// app's metadata schema.
    pub fn metadata(mut self, metadata: impl Serialize) -> Self {
        self.metadata = Metadata::of(metadata);
        self
    }

    pub(super) fn into_body(self) -> Result<types::UpdateUserRequest> {
        self.email.as_deref().map(check::email).transpose()?;
        self.phone.as_deref().map(check::phone).transpose()?;
        Ok(types::UpdateUserRequest {
            email: self.email,
            phone: self.phone,
            user_metadata: self.metadata.check()?,
        })
    }
}

impl fmt::Debug for UpdateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateUser")
            .field("email", &Hidden::option(self.email.as_ref()))
            .field("phone", &Hidden::option(self.phone.as_ref()))
            .field("metadata", &self.metadata.shown())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn created(user: CreateUser) -> Value {
        serde_json::to_value(user.into_body().unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_set_is_sent() {
        assert_eq!(
            created(CreateUser::email("a@b.c")),
            json!({"email": "a@b.c"})
        );
        assert_eq!(
            created(CreateUser::phone("+15005550006")),
            json!({"phone": "+15005550006"})
        );
        assert_eq!(
            created(
                CreateUser::phone("+15005550006")
                    .with_email("a@b.c")
                    .metadata(json!({"n": 1}))
            ),
            json!({"email": "a@b.c", "phone": "+15005550006", "user_metadata": {"n": 1}})
        );
        let updated =
            |changes: UpdateUser| serde_json::to_value(changes.into_body().unwrap()).unwrap();
        assert_eq!(updated(UpdateUser::new()), json!({}));
        assert_eq!(
            updated(UpdateUser::new().metadata(json!({}))),
            json!({"user_metadata": {}})
        );
        assert_eq!(
            updated(UpdateUser::new().email("a@b.c")),
            json!({"email": "a@b.c"})
        );
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        for user in [
            CreateUser::email("nobody"),
            CreateUser::phone("5005550006"),
            CreateUser::email("a@b.c").with_phone(""),
            CreateUser::email("a@b.c").metadata("text"),
            CreateUser::email("a@b.c").metadata([1, 2]),
            CreateUser::email("a@b.c").metadata(f64::NAN),
        ] {
            assert!(
                user.clone().into_body().unwrap_err().is_invalid_input(),
                "{user:?}"
            );
        }
        for changes in [
            UpdateUser::new().email(""),
            UpdateUser::new().phone("+1"),
            UpdateUser::new().metadata(()),
        ] {
            assert!(
                changes.clone().into_body().unwrap_err().is_invalid_input(),
                "{changes:?}"
            );
        }
    }

    #[test]
    fn debug_shows_no_identifier() {
        let user = CreateUser::email("jane@example.com")
            .with_phone("+15005550006")
            .metadata(json!({"n": "nell"}));
        let changes = UpdateUser::new()
            .email("jane@example.com")
            .phone("+15005550006")
            .metadata(json!({"n": "nell"}));
        let text = format!("{user:?} {changes:?}");
        assert!(
            !text.contains("jane") && !text.contains("5550006") && !text.contains("nell"),
            "{text}"
        );
    }
}
