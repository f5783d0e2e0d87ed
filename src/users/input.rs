//! Input for creating and changing users.

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
/// The account belongs to whoever proves the identifier first, with a one-time code or a magic link. On a
/// `passage-server` in production nobody gets it by merely registering a passkey; a server with `claim_pending`, such as
/// one for development, gives it, with its metadata, to whoever does that first. So do not act on an identifier before
/// it is verified.
///
/// ```
/// use passage_identity::users::CreateUser;
///
/// let by_email = CreateUser::with_email("new@example.com");
/// let by_phone = CreateUser::with_phone("+15005550006");
/// let both = CreateUser::with_email("new@example.com").phone("+15005550006");
///
/// #[derive(serde::Serialize)]
/// struct Profile {
///     nickname: String,
/// }
/// let more = CreateUser::with_email("new@example.com").metadata(Profile { nickname: "Nell".to_owned() });
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
    pub fn with_email(email: impl Into<String>) -> Self {
        Self {
            email: Some(email.into()),
            phone: None,
            metadata: Metadata::Unset,
        }
    }

    /// A user with a phone number in E.164 form, as `+15005550006`.
    pub fn with_phone(phone: impl Into<String>) -> Self {
        Self {
            email: None,
            phone: Some(phone.into()),
            metadata: Metadata::Unset,
        }
    }

    /// The e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The phone number in E.164 form.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// The metadata: any value that serializes to a JSON object. Its members must be in the app's
    /// metadata schema.
    pub fn metadata(mut self, metadata: impl Serialize) -> Self {
        self.metadata = Metadata::of(metadata);
        self
    }

    /// A user with what is given of the two.
    pub(crate) fn of(email: Option<String>, phone: Option<String>) -> Self {
        Self {
            email,
            phone,
            metadata: Metadata::Unset,
        }
    }

    /// The e-mail address as the server keeps it, and the phone number.
    pub(crate) fn identifiers(&self) -> (Option<String>, Option<&str>) {
        let email = self.email.as_deref().map(str::to_lowercase);
        (email, self.phone.as_deref())
    }

    pub(crate) fn into_body(self) -> Result<types::CreateUserRequest> {
        if self.email.is_none() && self.phone.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the user has neither an e-mail address nor a phone number",
            ));
        }
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

/// What becomes of a member of a user.
#[derive(Clone, Default)]
enum Change {
    #[default]
    Keep,
    Set(String),
    Clear,
}

impl Change {
    /// As the API wants it: nothing, the text, or an empty text.
    fn write(self, check: fn(&str) -> Result<()>) -> Result<Option<String>> {
        match self {
            Self::Keep => Ok(None),
            Self::Set(text) => check(&text).map(|()| Some(text)),
            Self::Clear => Ok(Some(String::new())),
        }
    }
}

/// Shows which, and not to what.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Set(_) => "Set(..)",
            Self::Clear => "Clear",
        })
    }
}

/// Changes to a user. Members that are neither set nor cleared stay unchanged.
///
/// ```
/// use passage_identity::users::UpdateUser;
///
/// let changes = UpdateUser::new().email("a@example.com").clear_phone().clear_metadata(["nickname"]);
/// ```
///
/// Clearing is not documented. That an empty text clears an identifier is inferred from an SDK that
/// omits empty texts from its requests and was said to be unable to clear. That `null` clears a
/// metadata field is the meaning of a JSON merge patch, and how passage-server behaves.
#[derive(Clone, Default)]
#[must_use = "hand it to users().update(..)"]
pub struct UpdateUser {
    email: Change,
    phone: Change,
    metadata: Metadata,
    cleared_metadata: Vec<String>,
}

impl UpdateUser {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Change::Set(email.into());
        self
    }

    /// Removes the e-mail address. A user needs an identifier: the server refuses to remove the
    /// only one, and [`update`](super::Users::update) refuses to clear both.
    pub fn clear_email(mut self) -> Self {
        self.email = Change::Clear;
        self
    }

    /// Sets the phone number, in E.164 form, as `+15005550006`.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Change::Set(phone.into());
        self
    }

    /// Removes the phone number. The notes on [`clear_email`](Self::clear_email) apply here too.
    pub fn clear_phone(mut self) -> Self {
        self.phone = Change::Clear;
        self
    }

    /// Sets metadata fields: any value that serializes to a JSON object. Its members must be in the
    /// app's metadata schema. Other fields stay unchanged.
    pub fn metadata(mut self, metadata: impl Serialize) -> Self {
        self.metadata = Metadata::of(metadata);
        self
    }

    /// Removes metadata fields by name. The API cannot remove all without naming them; the names
    /// are the keys of a user's `user_metadata`.
    ///
    /// ```no_run
    /// use passage_identity::users::UpdateUser;
    ///
    /// # async fn example(passage: passage_identity::Passage, id: passage_identity::UserId) -> passage_identity::Result<()> {
    /// let user = passage.users().get(&id).await?;
    /// let changes = UpdateUser::new().clear_metadata(user.user_metadata.keys());
    /// passage.users().update(&id, changes).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_metadata(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cleared_metadata
            .extend(fields.into_iter().map(Into::into));
        self
    }

    pub(super) fn into_body(self) -> Result<types::UpdateUserRequest> {
        if matches!((&self.email, &self.phone), (Change::Clear, Change::Clear)) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "a user keeps the e-mail address, the phone number, or both",
            ));
        }
        let mut metadata = self.metadata.check()?;
        for field in self.cleared_metadata {
            let fields = metadata.get_or_insert_default();
            if fields
                .insert(field, Value::Null)
                .is_some_and(|set| !set.is_null())
            {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    "a metadata field is both set and cleared",
                ));
            }
        }
        Ok(types::UpdateUserRequest {
            email: self.email.write(check::email)?,
            phone: self.phone.write(check::phone)?,
            user_metadata: metadata,
        })
    }
}

impl fmt::Debug for UpdateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateUser")
            .field("email", &self.email)
            .field("phone", &self.phone)
            .field("metadata", &self.metadata.shown())
            .field("cleared_metadata", &self.cleared_metadata)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn created(user: CreateUser) -> Value {
        serde_json::to_value(user.into_body().unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_set_is_sent() {
        assert_eq!(
            created(CreateUser::with_email("a@b.c")),
            json!({"email": "a@b.c"})
        );
        assert_eq!(
            created(CreateUser::with_phone("+15005550006")),
            json!({"phone": "+15005550006"})
        );
        assert_eq!(
            created(
                CreateUser::with_phone("+15005550006")
                    .email("a@b.c")
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
        assert_eq!(
            updated(UpdateUser::new().email("a@b.c").clear_phone()),
            json!({"email": "a@b.c", "phone": ""})
        );
        assert_eq!(
            updated(
                UpdateUser::new()
                    .clear_phone()
                    .clear_email()
                    .phone("+15005550006")
            ),
            json!({"email": "", "phone": "+15005550006"}),
            "the last word counts"
        );
        assert_eq!(
            updated(
                UpdateUser::new()
                    .metadata(json!({"a": 1, "b": null}))
                    .clear_metadata(["b", "c"])
            ),
            json!({"user_metadata": {"a": 1, "b": null, "c": null}})
        );
        let none: [&str; 0] = [];
        assert_eq!(updated(UpdateUser::new().clear_metadata(none)), json!({}));
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        for user in [
            CreateUser::with_email("nobody"),
            CreateUser::with_phone("5005550006"),
            CreateUser::with_email("a@b.c").phone(""),
            CreateUser::of(None, None),
            CreateUser::with_email("a@b.c").metadata("text"),
            CreateUser::with_email("a@b.c").metadata([1, 2]),
            CreateUser::with_email("a@b.c").metadata(f64::NAN),
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
            UpdateUser::new().clear_email().clear_phone(),
            UpdateUser::new()
                .metadata(json!({"a": 1}))
                .clear_metadata(["a"]),
        ] {
            assert!(
                changes.clone().into_body().unwrap_err().is_invalid_input(),
                "{changes:?}"
            );
        }
    }

    #[test]
    fn debug_shows_no_identifier() {
        let user = CreateUser::with_email("jane@example.com")
            .phone("+15005550006")
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
