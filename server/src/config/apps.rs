//! An app in the file. Settings that the file does not give have their defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::domain::settings::{
    self, AppSettings, MetadataField, MetadataRule, SettingsPatch, SettingsProblems,
};

/// An app as declared in the file.
#[derive(Debug, Clone)]
pub(crate) struct AppConfig {
    pub(crate) id: String,
    pub(super) settings: SettingsPatch,
    metadata: BTreeMap<String, MetadataRule>,
}

/// Settings that do not apply here: `passage-server serve` has no identity provider.
const ELSEWHERE: [&str; 2] = ["social_logins", "callback_urls"];

/// The names of an app's members.
static MEMBERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let settings = SettingsPatch::NAMES.iter().copied();
    let settings = settings.filter(|name| !ELSEWHERE.contains(name));
    ["id"]
        .into_iter()
        .chain(settings)
        .chain(["metadata"])
        .collect()
});

impl<'de> Deserialize<'de> for AppConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AppVisitor)
    }
}

struct AppVisitor;

impl<'de> Visitor<'de> for AppVisitor {
    type Value = AppConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AppConfig, A::Error> {
        let (mut id, mut metadata) = (None, BTreeMap::new());
        let settings = settings::members(&mut map, &MEMBERS, |name, map| {
            match name {
                "id" => id = Some(map.next_value()?),
                _ => metadata = map.next_value()?,
            }
            Ok(())
        })?;
        let app = AppConfig {
            id: id.ok_or_else(|| A::Error::missing_field("id"))?,
            settings,
            metadata,
        };
        match app.settings.auth_origin {
            Some(_) => Ok(app),
            None => Err(A::Error::missing_field("auth_origin")),
        }
    }
}

impl AppConfig {
    /// Which setting, if any, has the server send codes or links to the app's users.
    pub(super) fn promises_messages(&self) -> Option<&'static str> {
        let promised = [
            ("magic_links", self.settings.magic_links),
            ("one_time_codes", self.settings.one_time_codes),
        ];
        let promised = promised.iter().find(|(_, set)| *set == Some(true));
        promised.map(|(name, _)| *name)
    }

    /// The settings of the app, and what is wrong with them. Of the stored settings only the ids of the metadata fields
    /// are used.
    pub(crate) fn settings(
        &self,
        stored: Vec<MetadataField>,
    ) -> Result<AppSettings, SettingsProblems> {
        let mut settings = AppSettings {
            name: self.id.clone(),
            metadata: stored,
            ..AppSettings::for_production()
        };
        self.settings.apply(&mut settings);
        let named = |name: &String| self.metadata.contains_key(name);
        settings.metadata.retain(|field| named(&field.name));
        for (name, rule) in &self.metadata {
            settings.put_field(name, *rule);
        }
        settings.validate().map(|()| settings)
    }
}
