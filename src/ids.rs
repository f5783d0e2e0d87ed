//! Ids as newtypes, so that no id can turn a request into another one.
//!
//! The empty id and the dot segments `.` and `..` would be resolved away by a URL parser, and a
//! backslash is read as a slash: `DELETE /users/..` would be another endpoint. Such ids, and ids
//! with control characters, are refused before they reach a path.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The rules for ids, with the reason for each.
fn check(what: &'static str, id: &str) -> Result<()> {
    let reason = if id.is_empty() {
        "is empty"
    } else if id == "." || id == ".." {
        "is a dot segment, which would change the path of the request"
    } else if id.contains('\\') {
        "contains a backslash, which would change the path of the request"
    } else if id.chars().any(char::is_control) {
        "contains a control character"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("the {what} {reason}"),
    ))
}

/// Something that can be an id of type `T`: the id itself, a reference to it, or its text.
///
/// Every method that takes an id accepts all of them, and refuses a text that cannot be an id
/// before any request is made.
pub trait IntoId<T>: sealed::Sealed<T> {
    /// Makes the id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the text is empty, `.`, `..`, or contains a backslash or a
    /// control character.
    fn into_id(self) -> Result<T>;
}

mod sealed {
    pub trait Sealed<T> {}
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Creates an id from its text.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidInput`] if the text is empty, `.`, `..`, or contains a
            /// backslash or a control character.
            pub fn new(id: impl Into<String>) -> Result<Self> {
                let id = id.into();
                check($what, &id)?;
                Ok(Self(id))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes an id from a reply: the server vouches for it, and every later use in a
            /// path goes through [`IntoId`], which checks it again.
            #[allow(dead_code)]
            pub(crate) fn from_reply(id: String) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(id: &str) -> Result<Self> {
                Self::new(id)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(id: String) -> Result<Self> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let id = String::deserialize(deserializer)?;
                Self::new(id).map_err(serde::de::Error::custom)
            }
        }

        impl sealed::Sealed<$name> for $name {}
        impl IntoId<$name> for $name {
            fn into_id(self) -> Result<$name> {
                check($what, &self.0)?;
                Ok(self)
            }
        }

        impl sealed::Sealed<$name> for &$name {}
        impl IntoId<$name> for &$name {
            fn into_id(self) -> Result<$name> {
                self.clone().into_id()
            }
        }

        impl sealed::Sealed<$name> for &str {}
        impl IntoId<$name> for &str {
            fn into_id(self) -> Result<$name> {
                $name::new(self)
            }
        }

        impl sealed::Sealed<$name> for String {}
        impl IntoId<$name> for String {
            fn into_id(self) -> Result<$name> {
                $name::new(self)
            }
        }

        impl sealed::Sealed<$name> for &String {}
        impl IntoId<$name> for &String {
            fn into_id(self) -> Result<$name> {
                $name::new(self.as_str())
            }
        }
    };
}

id! {
    /// The id of an app.
    AppId, "app id"
}
id! {
    /// The id of a user: the `sub` of its tokens.
    ///
    /// ```
    /// use passage_identity::UserId;
    ///
    /// assert_eq!(UserId::new("VGhpc0lzQVVzZXJJZDAx")?.as_str(), "VGhpc0lzQVVzZXJJZDAx");
    /// assert!(UserId::new("..").unwrap_err().is_invalid_input());
    /// # Ok::<(), passage_identity::Error>(())
    /// ```
    UserId, "user id"
}
id! {
    /// The id of a user's device, that is, of one passkey.
    DeviceId, "device id"
}
id! {
    /// The id of an API key; not the key itself.
    ApiKeyId, "API key id"
}
id! {
    /// Your own id of a user in a Flex app.
    ExternalId, "external id"
}
id! {
    /// The id of a Flex transaction, to pass to the browser.
    TransactionId, "transaction id"
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: [&str; 7] = ["", ".", "..", "a\\..\\b", "a\nb", "\u{0}", "a\u{85}"];

    #[test]
    fn ids_that_would_change_a_path_are_refused() {
        for id in BAD {
            let error = UserId::new(id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{id:?}");
            assert!(IntoId::<DeviceId>::into_id(id).is_err(), "{id:?}");
            assert!(id.parse::<AppId>().is_err(), "{id:?}");
            assert!(
                serde_json::from_value::<UserId>(id.into()).is_err(),
                "{id:?}"
            );
        }
        assert_eq!(
            UserId::new("..").unwrap_err().to_string(),
            "the user id is a dot segment, which would change the path of the request"
        );
    }

    #[test]
    fn other_ids_are_kept_as_they_are() {
        for id in ["kV9dQz1xNf3hTrA8bYm2", "...", "a/b", "%2e%2e", "ä", " "] {
            assert_eq!(UserId::new(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn an_id_from_a_reply_is_checked_before_it_is_used_again() {
        for id in BAD {
            assert!(
                UserId::from_reply(id.to_owned()).into_id().is_err(),
                "{id:?}"
            );
            assert!(
                (&UserId::from_reply(id.to_owned())).into_id().is_err(),
                "{id:?}"
            );
        }
    }

    #[test]
    fn every_form_of_an_id_is_accepted() {
        fn take(id: impl IntoId<UserId>) -> UserId {
            id.into_id().unwrap()
        }
        let id = take("abc");
        let text = String::from("abc");
        assert!(take(&id) == id && take(id.clone()) == id && take(&text) == id && take(text) == id);
    }
}
