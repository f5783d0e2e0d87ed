//! The position of a stream in a list.

use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use siphasher::sip::SipHasher13;

use crate::error::Error;
use crate::ids::UserId;
use crate::opaque;

/// Says which form the text has.
const FORM: &str = "list1";

/// A position in a list of users, right after the last user returned, for
/// [`ListUsers::stream_from`](super::ListUsers::stream_from).
///
/// It can be stored as a short text, with `Display` and `FromStr` or with `serde`, so that a job
/// can continue where it stopped. The format may change; a text from an earlier version is
/// understood or refused, never misread. It contains the id of a user and no other personal data.
///
/// ```no_run
/// use passage_identity::users::ListCursor;
///
/// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
/// let list = passage.users().list().limit(100);
/// let mut users = list.stream();
/// users.next().await;
/// let stored: String = users.cursor().to_string();
///
/// let cursor: ListCursor = stored.parse()?;
/// let mut rest = list.stream_from(&cursor)?;
/// # rest.next().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCursor {
    pub(super) page: u32,
    pub(super) limit: Option<u32>,
    pub(super) created_before: Option<Timestamp>,
    /// Of the filters and the order. Too short to find out what they are.
    pub(super) list: u16,
    pub(super) place: Option<Place>,
}

/// A place within a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// How many users of the page come before it; at least one.
    pub(super) given: usize,
    /// The last of them.
    pub(super) last: UserId,
}

impl ListCursor {
    fn to_text(&self) -> String {
        let place = self.place.as_ref();
        opaque::encode(&[
            FORM.to_owned(),
            self.page.to_string(),
            opaque::field(self.limit.as_ref()),
            opaque::field(self.created_before.map(Timestamp::as_second).as_ref()),
            self.list.to_string(),
            place.map_or(0, |place| place.given).to_string(),
            opaque::field(place.map(|place| &place.last)),
        ])
    }

    fn from_text(text: &str) -> Option<Self> {
        let [form, page, limit, created_before, list, given, last] = opaque::decode(text)?;
        let created_before = match opaque::optional(&created_before)? {
            Some(seconds) => Some(Timestamp::from_second(seconds).ok()?),
            None => None,
        };
        let place = match given.parse().ok()? {
            0 => last.is_empty().then_some(None)?,
            given => Some(Place {
                given,
                last: last.parse().ok()?,
            }),
        };
        (form == FORM).then_some(Self {
            page: page.parse().ok().filter(|page| *page > 0)?,
            limit: opaque::optional(&limit)?,
            created_before,
            list: list.parse().ok()?,
            place,
        })
    }
}

opaque::as_text!(ListCursor, "a place in a list");

impl Error {
    /// Where to continue a list of users that ended with this error: after the users that the
    /// stream returned.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let list = passage.users().list().limit(500);
    /// let mut users = list.stream();
    /// while let Some(user) = users.next().await {
    ///     match user {
    ///         Ok(user) => println!("{}", user.id),
    ///         Err(error) => match error.list_cursor() {
    ///             Some(cursor) if error.is_retryable() => users = list.stream_from(cursor)?,
    ///             _ => return Err(error),
    ///         },
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn list_cursor(&self) -> Option<&ListCursor> {
        self.attached()
    }
}

/// The same for the same texts, on every machine and in every version.
pub(super) fn fingerprint(texts: &[&Option<String>]) -> u16 {
    let mut hasher = SipHasher13::new();
    for text in texts {
        match text {
            Some(text) => (1_u8, text.as_bytes()).hash(&mut hasher),
            None => 0_u8.hash(&mut hasher),
        }
    }
    let [low, high, ..] = hasher.finish().to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> ListCursor {
        ListCursor {
            page: 7,
            limit: Some(500),
            created_before: Some("2024-05-01T10:00:00Z".parse().unwrap()),
            list: 40_000,
            place: Some(Place {
                given: 37,
                last: UserId::new("kV9d;Qz1x").unwrap(),
            }),
        }
    }

    #[test]
    fn it_survives_as_text() {
        let start = ListCursor {
            page: 1,
            limit: None,
            created_before: None,
            list: 0,
            place: None,
        };
        for cursor in [cursor(), start] {
            let text = cursor.to_string();
            assert!(text.len() < 100 && text.bytes().all(|byte| byte.is_ascii_graphic()));
            assert_eq!(text.parse::<ListCursor>().unwrap(), cursor);
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<ListCursor>(&json).unwrap(), cursor);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let good: Vec<String> = ["list1", "7", "500", "1714557600", "40000", "37", "id"]
            .map(str::to_owned)
            .to_vec();
        assert!(opaque::encode(&good).parse::<ListCursor>().is_ok());
        for (field, bad) in [
            (0, "list2"),
            (1, "0"),
            (1, ""),
            (2, "-1"),
            (3, "soon"),
            (3, "99999999999999"),
            (4, "70000"),
            (5, "0"),
            (5, "x"),
            (6, ""),
            (6, ".."),
        ] {
            let mut fields = good.clone();
            if let Some(place) = fields.get_mut(field) {
                *place = bad.to_owned();
            }
            let error = opaque::encode(&fields).parse::<ListCursor>().unwrap_err();
            assert!(error.is_invalid_input(), "{field} {bad:?}");
        }
        for text in ["", "7", "!", &cursor().to_string()[1..]] {
            assert!(text.parse::<ListCursor>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn fingerprints_are_stable_and_tell_lists_apart() {
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        assert_eq!(fingerprint(&[&None, &None]), fingerprint(&[&None, &None]));
        let all = [
            fingerprint(&[&None, &None]),
            fingerprint(&[&a, &None]),
            fingerprint(&[&None, &a]),
            fingerprint(&[&a, &b]),
            fingerprint(&[&b, &a]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
