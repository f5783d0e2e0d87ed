//! Filters of a list, written as the API wants them: a plain value means equal, and
//! `<op:value>`, angle brackets included, another comparison.
//!
//! One type per kind of field, with the operators that the field allows, so that a wrong pair
//! does not compile.

use std::fmt;

use jiff::Timestamp;

use super::model::UserStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::UserId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Eq,
    Ne,
    Gt,
    Lt,
    Like,
    NotLike,
}

impl Op {
    const NAMED: [(Self, &str); 5] = [
        (Self::Ne, "ne"),
        (Self::Gt, "gt"),
        (Self::Lt, "lt"),
        (Self::Like, "like"),
        (Self::NotLike, "not_like"),
    ];
}

/// Writes a comparison. A value that is to be equal and itself looks like `<op:..>` would be read
/// as that comparison, and the API has no way to say otherwise.
fn encode(op: Op, value: &str) -> Result<String> {
    if let Some((_, name)) = Op::NAMED.iter().find(|(named, _)| *named == op) {
        return Ok(format!("<{name}:{value}>"));
    }
    let inner = value
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|inner| inner.split_once(':'));
    if inner.is_some_and(|(name, _)| Op::NAMED.iter().any(|(_, known)| *known == name)) {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "a filter value of the form <op:value> cannot be searched for",
        ));
    }
    Ok(value.to_owned())
}

macro_rules! filter {
    ($(#[$meta:meta])* $name:ident, $value:ty, $to_text:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        #[must_use = "hand it to a method of the list"]
        pub struct $name {
            op: Op,
            value: String,
        }

        impl $name {
            fn new(op: Op, value: $value) -> Self {
                let to_text: fn($value) -> String = $to_text;
                Self { op, value: to_text(value) }
            }

            pub(super) fn encode(&self) -> Result<String> {
                encode(self.op, &self.value)
            }

            /// Equal to the value.
            pub fn eq(value: impl Into<$value>) -> Self {
                Self::new(Op::Eq, value.into())
            }

            /// Not equal to the value.
            pub fn ne(value: impl Into<$value>) -> Self {
                Self::new(Op::Ne, value.into())
            }

            /// Greater, or later, than the value.
            pub fn gt(value: impl Into<$value>) -> Self {
                Self::new(Op::Gt, value.into())
            }

            /// Less, or earlier, than the value.
            pub fn lt(value: impl Into<$value>) -> Self {
                Self::new(Op::Lt, value.into())
            }
        }
    };
}

filter! {
    /// A comparison of a text: an identifier, an id, a status.
    ///
    /// ```
    /// use passage_identity::users::{TextFilter, UserStatus};
    ///
    /// let domain = TextFilter::like("example.com");
    /// let others = TextFilter::ne(UserStatus::Inactive);
    /// let exact: TextFilter = "jane@example.com".into();
    /// ```
    TextFilter, String, |text| text
}

filter! {
    /// A comparison of a number.
    ///
    /// ```
    /// use passage_identity::users::CountFilter;
    ///
    /// let regulars = CountFilter::gt(10_u64);
    /// ```
    ///
    /// Numbers and times cannot be `like` something:
    ///
    /// ```compile_fail
    /// passage_identity::users::CountFilter::like("1");
    /// ```
    CountFilter, u64, |number| number.to_string()
}

filter! {
    /// A comparison of a time, to the microsecond.
    ///
    /// ```
    /// use passage_identity::users::TimeFilter;
    ///
    /// let since: jiff::Timestamp = "2024-05-01T00:00:00Z".parse()?;
    /// let recent = TimeFilter::gt(since);
    /// # Ok::<(), jiff::Error>(())
    /// ```
    TimeFilter, Timestamp, |at| format!("{at:.6}")
}

impl TextFilter {
    /// Contains the text, or matches it as a pattern: that is up to the server.
    pub fn like(text: impl Into<String>) -> Self {
        Self::new(Op::Like, text.into())
    }

    /// The opposite of [`like`](Self::like).
    pub fn not_like(text: impl Into<String>) -> Self {
        Self::new(Op::NotLike, text.into())
    }
}

/// The text may be an e-mail address.
impl fmt::Debug for TextFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextFilter({:?}, ..)", self.op)
    }
}

impl fmt::Debug for CountFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountFilter({:?}, {})", self.op, self.value)
    }
}

impl fmt::Debug for TimeFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeFilter({:?}, {})", self.op, self.value)
    }
}

impl From<&str> for TextFilter {
    fn from(text: &str) -> Self {
        Self::eq(text)
    }
}

impl From<String> for TextFilter {
    fn from(text: String) -> Self {
        Self::eq(text)
    }
}

impl From<UserStatus> for TextFilter {
    fn from(status: UserStatus) -> Self {
        Self::eq(status)
    }
}

impl From<&UserId> for TextFilter {
    fn from(id: &UserId) -> Self {
        Self::eq(id.as_str())
    }
}

impl From<u64> for CountFilter {
    fn from(number: u64) -> Self {
        Self::eq(number)
    }
}

impl From<Timestamp> for TimeFilter {
    fn from(at: Timestamp) -> Self {
        Self::eq(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_written_as_the_api_wants_it() {
        let at: Timestamp = "2024-05-01T10:00:00.5Z".parse().unwrap();
        for (filter, expected) in [
            (TextFilter::eq("x").encode(), "x"),
            (TextFilter::ne("x").encode(), "<ne:x>"),
            (TextFilter::gt("x").encode(), "<gt:x>"),
            (TextFilter::lt("x").encode(), "<lt:x>"),
            (TextFilter::like("x").encode(), "<like:x>"),
            (TextFilter::not_like("x").encode(), "<not_like:x>"),
            (TextFilter::from(UserStatus::Active).encode(), "active"),
            (TextFilter::ne(UserStatus::Active).encode(), "<ne:active>"),
            (TextFilter::like("<a:b>%").encode(), "<like:<a:b>%>"),
            (TextFilter::eq("<a:b>%").encode(), "<a:b>%"),
            (TextFilter::eq("<gt>").encode(), "<gt>"),
            (CountFilter::from(3).encode(), "3"),
            (CountFilter::gt(3_u64).encode(), "<gt:3>"),
            (TimeFilter::eq(at).encode(), "2024-05-01T10:00:00.500000Z"),
            (
                TimeFilter::lt(at).encode(),
                "<lt:2024-05-01T10:00:00.500000Z>",
            ),
        ] {
            assert_eq!(filter.unwrap(), expected);
        }
    }

    #[test]
    fn an_equal_value_cannot_pass_for_a_comparison() {
        for value in ["<ne:x>", "<not_like:>", "<gt:a:b>"] {
            assert!(
                TextFilter::eq(value)
                    .encode()
                    .unwrap_err()
                    .is_invalid_input(),
                "{value}"
            );
            assert_eq!(
                TextFilter::like(value).encode().unwrap(),
                format!("<like:{value}>")
            );
        }
    }

    #[test]
    fn debug_shows_no_text() {
        let text = format!("{:?}", TextFilter::like("jane@example.com"));
        assert_eq!(text, "TextFilter(Like, ..)");
    }
}
