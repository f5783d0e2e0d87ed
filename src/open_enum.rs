//! Enums that stay readable when the server learns a new value.

/// Declares a string enum with a variant for values that this version does not know.
///
/// `Unknown` never holds the text of a known variant as long as values are made through
/// `From`, which is what deserialising does.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                #[doc = ""]
                $(#[$variant_meta])*
                $variant,
            )+
            /// A value that this version of the crate does not know.
            Unknown(String),
        }

        impl $name {
            /// The value as spelled in the API.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    _ => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $( $text => Self::$variant, )+
                    _ => Self::Unknown(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                match value {
                    $name::Unknown(text) => text,
                    known => known.as_str().to_owned(),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    open_enum! {
        /// Sample.
        pub enum Fruit {
            Apple = "apple",
            Pear = "pear",
        }
    }

    #[test]
    fn known_and_unknown_values_survive_the_round_trip() {
        for text in ["apple", "pear", "quince", ""] {
            let fruit: Fruit = serde_json::from_value(text.into()).unwrap();
            assert_eq!(fruit, Fruit::from(text.to_owned()));
            assert_eq!(fruit.to_string(), text);
            assert_eq!(serde_json::to_value(&fruit).unwrap(), text);
        }
        assert_eq!(Fruit::from("apple"), Fruit::Apple);
        assert_eq!(Fruit::from("quince"), Fruit::Unknown("quince".into()));
    }
}
