//! How much strangers can find out about who the users of an app are.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// From whom an app conceals its users. In configuration it is `false`, `true` or `"all"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConcealUsers {
    /// Replies follow the API description: they tell whether a user exists.
    #[default]
    No,
    /// Requests for codes and links get the same reply for everybody. The lookup of an identifier, and passkey logins
    /// that name a user, still tell whether the user exists.
    Yes,
    /// No request without a credential tells whether a user exists. Clients that choose between login and registration
    /// by a lookup, such as passage-elements, do not work with it.
    All,
}

/// The name of [`ConcealUsers::All`].
const ALL: &str = "all";
const VALUES: &str = "true, false or \"all\"";

impl ConcealUsers {
    /// Whether requests for codes and links get the same reply for everybody.
    pub(crate) fn in_messages(self) -> bool {
        self != Self::No
    }

    /// Whether lookups and passkey ceremonies reveal nothing either.
    pub(crate) fn everywhere(self) -> bool {
        self == Self::All
    }
}

impl From<bool> for ConcealUsers {
    fn from(conceal: bool) -> Self {
        if conceal { Self::Yes } else { Self::No }
    }
}

impl FromStr for ConcealUsers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self::Yes),
            "false" => Ok(Self::No),
            ALL => Ok(Self::All),
            _ => Err("must be true, false or all".to_owned()),
        }
    }
}

impl Serialize for ConcealUsers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::Yes => serializer.serialize_bool(true),
            Self::All => serializer.serialize_str(ALL),
        }
    }
}

impl<'de> Deserialize<'de> for ConcealUsers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrAll;

        impl Visitor<'_> for BoolOrAll {
            type Value = ConcealUsers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(VALUES)
            }

            fn visit_bool<E: Error>(self, conceal: bool) -> Result<ConcealUsers, E> {
                Ok(conceal.into())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ConcealUsers, E> {
                match text {
                    ALL => Ok(ConcealUsers::All),
                    _ => Err(E::unknown_variant(text, &[ALL])),
                }
            }
        }

        deserializer.deserialize_any(BoolOrAll)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_a_boolean_or_all() {
        for (value, text, written) in [
            (ConcealUsers::No, "false", json!(false)),
            (ConcealUsers::Yes, "true", json!(true)),
            (ConcealUsers::All, "all", json!("all")),
        ] {
            assert_eq!(text.parse(), Ok(value));
            assert_eq!(serde_json::to_value(value).unwrap(), written);
            assert_eq!(
                serde_json::from_value::<ConcealUsers>(written).unwrap(),
                value
            );
        }
        for bad in [
            json!("true"),
            json!("ALL"),
            json!(1),
            json!(null),
            json!([]),
        ] {
            assert!(
                serde_json::from_value::<ConcealUsers>(bad.clone()).is_err(),
                "{bad}"
            );
        }
        assert!("yes".parse::<ConcealUsers>().is_err());
    }
}
