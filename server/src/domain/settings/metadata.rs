//! The metadata fields of an app, and the values that users can have in them.

mod rule;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::rule::MetadataRule;
use super::AppSettings;
use super::validate::SettingsProblems;
use crate::{identifier, ids};

/// Maximum length of a field's id, in characters.
const LONGEST_ID: usize = 64;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetadataField {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) r#type: MetadataType,
    /// Whether whoever signs up may set it. Fields that were stored before there were rights have none.
    #[serde(default)]
    pub(crate) registration: bool,
    /// Whether users may change it.
    #[serde(default)]
    pub(crate) profile: bool,
}

/// When somebody writes their own metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// They sign up.
    Registration,
    /// They are signed in.
    Profile,
}

/// Whether the text is valid as an id in an app: ids are used in paths and in links.
pub(crate) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(plain)
}

pub(super) fn check_fields(fields: &[MetadataField], problems: &mut SettingsProblems) {
    for (place, field) in fields.iter().enumerate() {
        let member = format!("metadata_fields[{place}]");
        if !is_id(&field.id) {
            problems.add(
                format!("{member}.id"),
                "must be 1 to 64 letters, digits, - and _",
            );
        }
        let mut earlier = fields.iter().take(place);
        if earlier.any(|other| other.name == field.name || other.id == field.id) {
            problems.add(member, "has the name or the id of another field");
        }
    }
}

impl AppSettings {
    /// Defines a metadata field, or changes its type and those rights that the rule contains. By default only the app's
    /// backend writes a new field.
    pub(crate) fn put_field(&mut self, name: &str, rule: impl Into<MetadataRule>) {
        self.put(name, rule.into(), false);
    }

    /// As [`put_field`](Self::put_field), but by default users may write a new field themselves.
    pub(crate) fn put_open_field(&mut self, name: &str, rule: impl Into<MetadataRule>) {
        self.put(name, rule.into(), true);
    }

    fn put(&mut self, name: &str, rule: MetadataRule, open: bool) {
        match self.metadata.iter_mut().find(|field| field.name == name) {
            Some(field) => {
                field.r#type = rule.kind;
                field.registration = rule.registration.unwrap_or(field.registration);
                field.profile = rule.profile.unwrap_or(field.profile);
            }
            None => self.metadata.push(MetadataField {
                id: ids::new_id(),
                name: name.to_owned(),
                r#type: rule.kind,
                registration: rule.registration.unwrap_or(open),
                profile: rule.profile.unwrap_or(open),
            }),
        }
    }

    /// Checks metadata that somebody writes for themselves: each field must be defined, and theirs to write on this
    /// occasion. To clear a field, or to write the value that it has, is to write it.
    pub(crate) fn check_own_metadata(
        &self,
        metadata: &Map<String, Value>,
        occasion: Occasion,
    ) -> Result<(), String> {
        for name in metadata.keys() {
            let Some(field) = self.metadata.iter().find(|field| field.name == *name) else {
                return Err(format!(
                    "user_metadata: the app has no field `{name}`: users only write fields that its settings define."
                ));
            };
            let (allowed, right) = match occasion {
                Occasion::Registration => (field.registration, "registration"),
                Occasion::Profile => (field.profile, "profile"),
            };
            if !allowed {
                return Err(format!(
                    "user_metadata: `{name}` is written by the app's backend, as `{right}` of the field is false in the \
                     app's settings."
                ));
            }
        }
        self.check_metadata(metadata)
    }

    /// Checks metadata values before they are stored: each field must be known, with a value of its type or null. An
    /// app without fields accepts any field with a plain value. The error names the problem.
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
            registration: false,
            profile: false,
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
    fn users_write_only_what_is_theirs() {
        let mut app = AppSettings::default();
        let own = |app: &AppSettings, value: Value, occasion| {
            app.check_own_metadata(&object(value), occasion)
        };
        let [registration, profile] = [Occasion::Registration, Occasion::Profile];
        for occasion in [registration, profile] {
            assert_eq!(own(&app, json!({}), occasion), Ok(()));
            assert!(own(&app, json!({"a": 1}), occasion).is_err(), "undefined");
        }
        app.put_field("plan", MetadataType::String);
        app.put_field("referrer", MetadataType::String.registration(true));
        app.put_field("display_name", MetadataType::String.profile(true));
        app.put_open_field("colour", MetadataType::String);
        for (name, at_registration, in_profile) in [
            ("plan", false, false),
            ("referrer", true, false),
            ("display_name", false, true),
            ("colour", true, true),
            ("Plan", false, false),
            ("plan ", false, false),
        ] {
            for value in [json!("x"), json!(null)] {
                let value = json!({name: value});
                let allowed = |occasion| own(&app, value.clone(), occasion).is_ok();
                assert_eq!(allowed(registration), at_registration, "{value}");
                assert_eq!(allowed(profile), in_profile, "{value}");
            }
        }
        let mixed = json!({"display_name": "Ada", "plan": "pro"});
        let told = own(&app, mixed, profile).unwrap_err();
        assert!(
            told.contains("`plan`") && told.contains("`profile`"),
            "{told}"
        );
        assert!(
            own(&app, json!({"colour": 1}), profile).is_err(),
            "the type"
        );
    }

    #[test]
    fn a_field_keeps_the_rights_that_a_rule_does_not_name() {
        let mut app = AppSettings::default();
        let rights = |app: &AppSettings| {
            let field = app.metadata.first().unwrap();
            (field.registration, field.profile)
        };
        app.put_field("a", MetadataType::String.profile(true));
        assert_eq!(rights(&app), (false, true));
        app.put_open_field("a", MetadataType::Integer);
        assert_eq!(rights(&app), (false, true));
        app.put_field("a", MetadataType::String.registration(true));
        assert_eq!(rights(&app), (true, true));
        app.put_open_field("a", MetadataType::String.backend_only());
        assert_eq!(rights(&app), (false, false));
        let stored = r#"{"metadata": [{"id": "f", "name": "a", "type": "string"}]}"#;
        let stored = AppSettings::from_stored(stored).unwrap();
        assert_eq!(rights(&stored), (false, false), "stored earlier");
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
}
