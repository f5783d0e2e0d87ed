//! What an app says about a metadata field: its type, and who writes it.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::MetadataType;

/// The type of a metadata field, and whether users may write it themselves. The app's backend always may.
///
/// Rights that are not set stay as they are. A new field has those of its app: in production only the backend writes
/// it, and in development users may too.
///
/// ```
/// use passage_server::{MetadataType, NewApp};
///
/// let app = NewApp::new("https://shop.example.com")
///     .metadata_field("display_name", MetadataType::String.profile(true))
///     .metadata_field("plan", MetadataType::String);
/// # let _ = app;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataRule {
    pub(super) kind: MetadataType,
    pub(super) registration: Option<bool>,
    pub(super) profile: Option<bool>,
}

impl MetadataRule {
    /// Whether whoever signs up may set the field, without having proved anything.
    #[must_use]
    pub fn registration(mut self, allowed: bool) -> Self {
        self.registration = Some(allowed);
        self
    }

    /// Whether signed-in users may change the field.
    #[must_use]
    pub fn profile(mut self, allowed: bool) -> Self {
        self.profile = Some(allowed);
        self
    }

    /// Only the app's backend writes the field.
    #[must_use]
    pub fn backend_only(self) -> Self {
        self.registration(false).profile(false)
    }
}

impl From<MetadataType> for MetadataRule {
    fn from(kind: MetadataType) -> Self {
        Self {
            kind,
            registration: None,
            profile: None,
        }
    }
}

impl MetadataType {
    /// A field of this type that whoever signs up may set, or may not.
    #[must_use]
    pub fn registration(self, allowed: bool) -> MetadataRule {
        MetadataRule::from(self).registration(allowed)
    }

    /// A field of this type that signed-in users may change, or may not.
    #[must_use]
    pub fn profile(self, allowed: bool) -> MetadataRule {
        MetadataRule::from(self).profile(allowed)
    }

    /// A field of this type that only the app's backend writes.
    #[must_use]
    pub fn backend_only(self) -> MetadataRule {
        MetadataRule::from(self).backend_only()
    }
}

/// A type, and after a colon who writes the field: `registration`, `profile`, both with a comma, or `backend`.
impl FromStr for MetadataRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((kind, rights)) = text.split_once(':') else {
            return Ok(text.parse::<MetadataType>()?.into());
        };
        let none = kind.parse::<MetadataType>()?.backend_only();
        if rights == "backend" {
            return Ok(none);
        }
        rights.split(',').try_fold(none, |rule, right| match right {
            "registration" => Ok(rule.registration(true)),
            "profile" => Ok(rule.profile(true)),
            _ => Err(format!(
                "`{right}` is not a right: use registration, profile, both with a comma, or backend"
            )),
        })
    }
}

/// In the configuration file: a type, or a table with the type and the rights that users have. The file says all that
/// holds, so a right that it does not mention is none.
impl<'de> Deserialize<'de> for MetadataRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            r#type: MetadataType,
            #[serde(default)]
            registration: bool,
            #[serde(default)]
            profile: bool,
        }

        struct TypeOrTable;

        impl<'de> Visitor<'de> for TypeOrTable {
            type Value = MetadataRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type, or a table such as { type = \"string\", profile = true }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MetadataRule, E> {
                let kind = MetadataType::deserialize(StrDeserializer::new(text))?;
                Ok(kind.backend_only())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MetadataRule, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let rule = table.r#type.registration(table.registration);
                Ok(rule.profile(table.profile))
            }
        }

        deserializer.deserialize_any(TypeOrTable)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_written_with_colons_on_the_command_line() {
        let string = MetadataType::String;
        for (text, rule) in [
            ("string", string.into()),
            ("string:backend", string.backend_only()),
            ("string:profile", string.registration(false).profile(true)),
            (
                "string:registration,profile",
                string.registration(true).profile(true),
            ),
        ] {
            assert_eq!(text.parse(), Ok(rule), "{text}");
        }
        for bad in [
            "",
            "text",
            "string:",
            "string:admin",
            "string:profile,",
            "string:backend,profile",
        ] {
            assert!(bad.parse::<MetadataRule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_is_a_type_or_a_table_in_the_file() {
        let read = serde_json::from_value::<MetadataRule>;
        let string = MetadataType::String.backend_only();
        assert_eq!(read(json!("string")).unwrap(), string);
        assert_eq!(read(json!({"type": "string"})).unwrap(), string);
        assert_eq!(
            read(json!({"type": "string", "profile": true})).unwrap(),
            string.profile(true)
        );
        for bad in [
            json!("text"),
            json!({}),
            json!({"type": "string", "admin": true}),
            json!(1),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
