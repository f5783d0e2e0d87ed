//! The lines of a file, as they are written and read. [`super::check`] gives them their meaning.

use std::sync::LazyLock;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::domain::settings::{self, MetadataType, SettingsPatch};

/// The name of the format in the header.
pub(super) const FORMAT: &str = "passage-server";
/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u64 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) format: String,
    pub(super) version: u64,
}

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    App,
    User,
}

/// An app.
#[derive(Serialize)]
pub(super) struct AppLine {
    pub(super) r#type: Kind,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) settings: SettingsPatch,
    pub(super) metadata_fields: Option<Vec<FieldLine>>,
    pub(super) created_at: Option<String>,
}

/// The names of an app's members.
static APP_MEMBERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let others = ["metadata_fields", "created_at"];
    [&["type", "id"], SettingsPatch::NAMES, &others].concat()
});

impl<'de> Deserialize<'de> for AppLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AppVisitor;

        impl<'de> Visitor<'de> for AppVisitor {
            type Value = AppLine;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AppLine, A::Error> {
                let (mut kind, mut id, mut metadata_fields, mut created_at) =
                    (None, None, None, None);
                let settings = settings::members(&mut map, &APP_MEMBERS, |name, map| {
                    match name {
                        "type" => kind = Some(map.next_value()?),
                        "id" => id = Some(map.next_value()?),
                        "metadata_fields" => metadata_fields = map.next_value()?,
                        _ => created_at = map.next_value()?,
                    }
                    Ok(())
                })?;
                let line = AppLine {
                    r#type: kind.ok_or_else(|| A::Error::missing_field("type"))?,
                    id: id.ok_or_else(|| A::Error::missing_field("id"))?,
                    settings,
                    metadata_fields,
                    created_at,
                };
                match line.settings.auth_origin {
                    Some(_) => Ok(line),
                    None => Err(A::Error::missing_field("auth_origin")),
                }
            }
        }

        deserializer.deserialize_map(AppVisitor)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) r#type: MetadataType,
    #[serde(default)]
    pub(super) registration: bool,
    #[serde(default)]
    pub(super) profile: bool,
}

/// A user, with everything that belongs to them. Members that the Management API has too have the same names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserLine {
    pub(super) r#type: Kind,
    pub(super) app: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    #[serde(default)]
    pub(super) phone_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<String>,
    pub(super) status: Option<String>,
    /// Only `themselves` is written and read. Without it, the user counts as made by an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) made_by: Option<String>,
    #[serde(default)]
    pub(super) login_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_login_at: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_handle: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) social_connections: Vec<ConnectionLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) devices: Vec<DeviceLine>,
}

/// An account at an identity provider.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionLine {
    pub(super) r#type: String,
    pub(super) provider_id: String,
    pub(super) provider_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_login_at: Option<String>,
    pub(super) created_at: Option<String>,
}

/// A passkey.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) cred_id: String,
    /// Must be present, so that nobody forgets it, but may be null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) public_key: Option<String>,
    #[serde(default)]
    pub(super) sign_count: i64,
    #[serde(default)]
    pub(super) transports: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aaguid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backup_eligible: Option<bool>,
    #[serde(default)]
    pub(super) backup_state: bool,
    pub(super) r#type: Option<String>,
    pub(super) friendly_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) icon_light: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) icon_dark: Option<String>,
    #[serde(default)]
    pub(super) usage_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_login_at: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// Metadata values by field name. Each name must be unique, since only one of two values could be kept.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Metadata(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;

        impl<'de> Visitor<'de> for Unique {
            type Value = Metadata;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut all = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if all.insert(name, value).is_some() {
                        return Err(A::Error::custom("has the same member twice"));
                    }
                }
                Ok(Metadata(all))
            }
        }

        deserializer.deserialize_map(Unique)
    }
}
