//! Positions as short texts that a caller can store and need not understand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) fn encode(fields: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(fields.join(";"))
}

/// So many fields, the last of which may contain anything.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[String; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let fields: Vec<_> = str::from_utf8(&bytes)
        .ok()?
        .splitn(N, ';')
        .map(str::to_owned)
        .collect();
    fields.try_into().ok()
}

/// A field that may be empty. Fails if it is not and cannot be read.
pub(crate) fn optional<T: std::str::FromStr>(field: &str) -> Option<Option<T>> {
    if field.is_empty() {
        Some(None)
    } else {
        field.parse().ok().map(Some)
    }
}

pub(crate) fn field<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// The traits of a position that go by its text: `Display`, `FromStr` and those of `serde`.
macro_rules! as_text {
    ($name:ident, $what:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.to_text())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> $crate::error::Result<Self> {
                Self::from_text(text).ok_or_else(|| {
                    $crate::error::Error::new(
                        $crate::error::ErrorKind::InvalidInput,
                        concat!("the text is not ", $what),
                    )
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use as_text;
