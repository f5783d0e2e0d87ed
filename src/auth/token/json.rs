//! One careful reading of a JSON object.
//!
//! Two parsers may read different values from an object with a member twice, and a deep nesting
//! costs stack; RFC 7519, 4 lets a verifier refuse the first. The members that matter are handed
//! out on the way, borrowed where they can be, so that nothing is read twice.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, Deserialize, DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// How deep arrays and objects may be nested, the outermost included.
const MAX_DEPTH: u8 = 16;

/// Room for so many names of an object is made at once.
const USUAL_MEMBERS: usize = 12;

/// The value of a member of the outermost object, as far as a token's rules ask for it.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'de> {
    Number(f64),
    String(Cow<'de, str>),
    /// An array of nothing but strings.
    Strings(Vec<Cow<'de, str>>),
    Other,
}

/// Not one JSON object, or with a member twice at some level, or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPlain;

/// Reads one JSON object to its end and hands out its members.
pub(super) fn read_object<'de>(
    bytes: &'de [u8],
    on_member: impl FnMut(&str, Found<'de>),
) -> Result<(), NotPlain> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    (&mut deserializer)
        .deserialize_map(Object {
            depth: 1,
            on_member,
        })
        .and_then(|()| deserializer.end())
        .map_err(|_| NotPlain)
}

struct Object<F> {
    depth: u8,
    on_member: F,
}

impl<'de, F: FnMut(&str, Found<'de>)> Visitor<'de> for Object<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let inner = AnyValue {
            depth: deeper(self.depth)?,
        };
        let mut names = Vec::with_capacity(USUAL_MEMBERS);
        while let Some(Text(name)) = map.next_key()? {
            let value = map.next_value_seed(inner)?;
            (self.on_member)(&name, value);
            names.push(name);
        }
        // Quicker than a set for a few names, and no slower to attack.
        names.sort_unstable();
        match names.windows(2).any(|pair| pair.first() == pair.last()) {
            true => Err(de::Error::custom("a member is there twice")),
            false => Ok(()),
        }
    }
}

fn deeper<E: de::Error>(depth: u8) -> Result<u8, E> {
    if depth > MAX_DEPTH {
        Err(E::custom("nested too deep"))
    } else {
        Ok(depth + 1)
    }
}

#[derive(Clone, Copy)]
struct AnyValue {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Found<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Found<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

// The conversions of integers only lose what is below a second of a date.
#[allow(clippy::cast_precision_loss)]
impl<'de> Visitor<'de> for AnyValue {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found<'de>, A::Error> {
        let object = Object {
            depth: self.depth,
            on_member: |_: &str, _: Found<'de>| {},
        };
        object.visit_map(map).map(|()| Found::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<'de>, A::Error> {
        let inner = Self {
            depth: deeper(self.depth)?,
        };
        // Only a member of the outermost object is ever asked for its strings.
        let mut strings = (self.depth == 2).then(Vec::new);
        while let Some(item) = seq.next_element_seed(inner)? {
            match (item, &mut strings) {
                (Found::String(item), Some(strings)) => strings.push(item),
                _ => strings = None,
            }
        }
        Ok(strings.map_or(Found::Other, Found::Strings))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<'de>, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Found<'de>, E> {
        Ok(Found::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Found<'de>, E> {
        Ok(Found::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Found<'de>, E> {
        Ok(Found::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Found<'de>, E> {
        Ok(Found::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Found<'de>, E> {
        Ok(Found::String(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::Other)
    }
}

/// A member's name, borrowed unless it has escapes: `"a"` and `"\u0061"` are the same name.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_objects_and_others() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        let nested_objects =
            |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for (text, plain) in [
            ("{}", true),
            (
                " {\"a\": 1, \"b\": [1.5, -2, true, null, \"x\", {\"a\": 1}]} ",
                true,
            ),
            (&nested(16), true),
            (&nested(17), false),
            (&nested(5_000), false),
            (&nested_objects(16), true),
            (&nested_objects(17), false),
            ("{\"a\":1,\"a\":1}", false),
            ("{\"a\":1,\"\\u0061\":1}", false),
            ("{\"x\":{\"a\":1,\"a\":2}}", false),
            ("{\"x\":[{\"a\":1,\"a\":2}]}", false),
            ("[]", false),
            ("1", false),
            ("null", false),
            ("\"x\"", false),
            ("", false),
            ("{", false),
            ("{}{}", false),
            ("{} x", false),
            ("{\"a\":1,}", false),
            ("{'a':1}", false),
            ("{\"a\":1e999}", false),
            ("{\"a\":NaN}", false),
            ("{\"a\":\"\\ud800\"}", false),
            ("{\"a\":\"\n\"}", false),
            ("\u{feff}{}", false),
        ] {
            assert_eq!(
                read_object(text.as_bytes(), |_, _| {}).is_ok(),
                plain,
                "{text:?}"
            );
        }
        assert!(read_object(b"{\"a\":\"\xff\"}", |_, _| {}).is_err());
        assert!(read_object(b"{\"\xff\":1}", |_, _| {}).is_err());
    }

    #[test]
    fn members_are_handed_out_as_what_they_are() {
        let text = br#"{"i":-7,"u":7,"f":1.5,"s":"text","e":"\u0061","none":null,"yes":true,
            "list":["a","\u0062"],"empty":[],"mixed":["a",1,"b"],"deep":[["a"]],"object":{"s":"inner"}}"#;
        let mut members = Vec::new();
        let read = read_object(text, |name, value| members.push((name.to_owned(), value)));
        assert_eq!(read, Ok(()));
        let string = |text: &'static str| Found::String(text.into());
        let expected = [
            ("i", Found::Number(-7.0)),
            ("u", Found::Number(7.0)),
            ("f", Found::Number(1.5)),
            ("s", string("text")),
            ("e", string("a")),
            ("none", Found::Other),
            ("yes", Found::Other),
            ("list", Found::Strings(vec!["a".into(), "b".into()])),
            ("empty", Found::Strings(Vec::new())),
            ("mixed", Found::Other),
            ("deep", Found::Other),
            ("object", Found::Other),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        assert_eq!(members, expected);
    }
}
