//! Secrets, which come from the environment or from files of their own, never from the configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::ConfigError;
use crate::private_file;

/// Where to find a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Secret {
    Env(String),
    File(PathBuf),
}

const SHAPE: &str =
    "`{ env = \"NAME\" }` or `{ file = \"PATH\" }`: secrets do not stand in this file";

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHAPE)
    }

    /// The usual error would show the text, which is the secret.
    fn visit_str<E: de::Error>(self, _text: &str) -> Result<Secret, E> {
        Err(E::custom(format_args!("must be {SHAPE}")))
    }

    fn visit_i64<E: de::Error>(self, _number: i64) -> Result<Secret, E> {
        self.visit_str("")
    }

    fn visit_u64<E: de::Error>(self, _number: u64) -> Result<Secret, E> {
        self.visit_str("")
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<Secret, E> {
        self.visit_str("")
    }

    fn visit_bool<E: de::Error>(self, _flag: bool) -> Result<Secret, E> {
        self.visit_str("")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            let secret = match name.as_str() {
                "env" => Secret::Env(map.next_value()?),
                "file" => Secret::File(map.next_value()?),
                other => return Err(de::Error::unknown_field(other, &["env", "file"])),
            };
            if found.replace(secret).is_some() {
                return Err(de::Error::custom("`env` and `file` exclude each other"));
            }
        }
        found.ok_or_else(|| de::Error::custom(format_args!("must be {SHAPE}")))
    }
}

impl Secret {
    /// Reads the secret, without surrounding whitespace.
    pub(super) fn read(&self, folder: &Path, name: &str) -> Result<String, ConfigError> {
        let text = match self {
            Self::Env(variable) => std::env::var(variable).map_err(|_| {
                ConfigError::new(format!(
                    "{name}: the environment variable {variable} is not set"
                ))
            })?,
            Self::File(path) => {
                let path = folder.join(path);
                private_file::require(&path)
                    .and_then(|()| std::fs::read_to_string(&path))
                    .map_err(|error| {
                        ConfigError::new(format!("{name}: {}: {error}", path.display()))
                    })?
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(ConfigError::new(format!("{name}: is empty")));
        }
        Ok(text.to_owned())
    }
}
