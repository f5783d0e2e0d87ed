//! Reads settings that are mixed with other members, such as the id of their app. A derived deserializer would buffer
//! its input, and lose the positions that errors name.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::SettingsPatch;

/// Reads all members of an object. Members that are not settings go to `other`. Members must be unique and have one of
/// the names.
pub(crate) fn members<'de, A: MapAccess<'de>>(
    map: &mut A,
    names: &'static [&'static str],
    mut other: impl FnMut(&str, &mut A) -> Result<(), A::Error>,
) -> Result<SettingsPatch, A::Error> {
    let mut settings = SettingsPatch::default();
    let mut seen = Vec::new();
    while let Some(name) = map.next_key_seed(OneOf(names))? {
        if seen.contains(&name) {
            return Err(A::Error::duplicate_field(name));
        }
        seen.push(name);
        if !settings.read_value(name, map)? {
            other(name, map)?;
        }
    }
    Ok(settings)
}

/// The name of a member, if it is one of these. Errors are reported during deserialization, so that they have a
/// position.
struct OneOf(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for OneOf {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<&'static str, E> {
        let found = self.0.iter().find(|name| **name == text);
        found.copied().ok_or_else(|| E::unknown_field(text, self.0))
    }
}
