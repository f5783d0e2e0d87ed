//! Lists of users.

use std::iter::FusedIterator;

use jiff::Timestamp;

use super::{ExportUsers, Runtime};
use crate::error::{Error, Result};
use crate::users::{
    CountFilter, ListCursor, Order, Page, SortBy, TextFilter, TimeFilter, UserStream, UserSummary,
};

/// [`crate::users::ListUsers`] for programs without `async`. Created by [`Users::list`](super::Users::list).
///
/// Filters on different fields must all hold; a second one on the same field replaces the first.
///
/// ```no_run
/// use passage_identity::users::{TextFilter, UserStatus};
///
/// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
/// let list = passage
///     .users()
///     .list()
///     .identifier(TextFilter::like("example.com"))
///     .status(UserStatus::Active);
/// println!("{} users", list.send()?.total);
/// for user in list.limit(500).iter() {
///     println!("{}", user?.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a list does nothing until send() or iter() is called"]
pub struct ListUsers {
    list: crate::users::ListUsers,
    runtime: Runtime,
}

/// Methods that only change the request.
macro_rules! settings {
    ($( pub fn $name:ident(mut self, $($argument:ident: $type:ty),+) -> Self; )+) => {
        impl ListUsers {
            $(
                #[doc = concat!("As [`crate::users::ListUsers::", stringify!($name), "`].")]
                pub fn $name(mut self, $($argument: $type),+) -> Self {
                    self.list = self.list.$name($($argument),+);
                    self
                }
            )+
        }
    };
}

settings! {
    pub fn page(mut self, page: u32) -> Self;
    pub fn limit(mut self, limit: u32) -> Self;
    pub fn created_before(mut self, at: Timestamp) -> Self;
    pub fn order_by(mut self, field: SortBy, order: Order) -> Self;
    pub fn identifier(mut self, filter: impl Into<TextFilter>) -> Self;
    pub fn id(mut self, filter: impl Into<TextFilter>) -> Self;
    pub fn status(mut self, filter: impl Into<TextFilter>) -> Self;
    pub fn login_count(mut self, filter: impl Into<CountFilter>) -> Self;
    pub fn created_at(mut self, filter: impl Into<TimeFilter>) -> Self;
    pub fn updated_at(mut self, filter: impl Into<TimeFilter>) -> Self;
    pub fn last_login_at(mut self, filter: impl Into<TimeFilter>) -> Self;
}

impl ListUsers {
    pub(super) fn new(list: crate::users::ListUsers, runtime: Runtime) -> Self {
        Self { list, runtime }
    }

    /// Fetches the page: as [`crate::users::ListUsers::send`].
    ///
    /// # Errors
    /// The same errors.
    pub fn send(&self) -> Result<Page<UserSummary>> {
        let list = self.list.clone();
        self.runtime.call(async move { list.send().await })
    }

    /// The list for the page after this one: as [`crate::users::ListUsers::following`].
    #[must_use]
    pub fn following(&self, page: &Page<UserSummary>) -> Option<Self> {
        Some(Self {
            list: self.list.following(page)?,
            runtime: self.runtime.clone(),
        })
    }

    /// All users of the list, beginning with the selected page. The next page is fetched while the
    /// current one is consumed: as [`crate::users::ListUsers::stream`].
    ///
    /// # Errors
    /// The items are those of the stream, errors included. After an error it ends.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let users: Vec<_> = passage.users().list().limit(500).iter().collect::<Result<_, _>>()?;
    /// println!("{} users", users.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> UserIter {
        UserIter::new(self.list.clone().stream(), self.runtime.clone())
    }

    /// The users of the list after a cursor: as [`crate::users::ListUsers::stream_from`].
    ///
    /// # Errors
    /// The same errors.
    pub fn iter_from(&self, cursor: &ListCursor) -> Result<UserIter> {
        let stream = self.list.clone().stream_from(cursor)?;
        Ok(UserIter::new(stream, self.runtime.clone()))
    }

    /// Starts an export of the users of this list as JSON Lines: as [`crate::users::ListUsers::export`].
    ///
    /// ```no_run
    /// use passage_identity::users::UserStatus;
    ///
    /// # fn example(passage: passage_identity::blocking::Passage) -> Result<(), Box<dyn std::error::Error>> {
    /// let active = passage.users().list().status(UserStatus::Active);
    /// active.export().write_to(std::fs::File::create("active.jsonl")?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn export(&self) -> ExportUsers {
        ExportUsers::new(self.list.export(), self.runtime.clone())
    }
}

/// The users of a list, page after page. Created by [`ListUsers::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked for users"]
pub struct UserIter {
    /// Is on the runtime thread while a page is waited for, and lost if that thread fails.
    stream: Option<UserStream>,
    cursor: ListCursor,
    total: Option<u64>,
    runtime: Runtime,
}

impl UserIter {
    pub(super) fn new(stream: UserStream, runtime: Runtime) -> Self {
        Self {
            cursor: stream.cursor(),
            total: stream.total(),
            stream: Some(stream),
            runtime,
        }
    }

    /// The position after the last user returned: as [`UserStream::cursor`].
    #[must_use]
    pub fn cursor(&self) -> ListCursor {
        match &self.stream {
            Some(stream) => stream.cursor(),
            None => self.cursor.clone(),
        }
    }

    /// How many users the whole list has: as [`UserStream::total`].
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.stream.as_ref().map_or(self.total, UserStream::total)
    }

    /// Whether the next user is available without waiting.
    pub(super) fn has_more_at_hand(&self) -> bool {
        let stream = self.stream.as_ref();
        stream.is_some_and(UserStream::has_more_at_hand)
    }

    /// The thread failed, not the list: it can still be continued.
    fn lost(&self, error: Error) -> Error {
        error.with_attached(self.cursor.clone())
    }
}

impl Iterator for UserIter {
    type Item = Result<UserSummary>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.stream.take()?;
        (self.cursor, self.total) = (stream.cursor(), stream.total());
        // A user who is available needs no other thread.
        match self.runtime.poll_once(stream.next()) {
            Ok(Some(item)) => {
                self.stream = Some(stream);
                return item;
            }
            Ok(None) => {}
            Err(error) => return Some(Err(self.lost(error))),
        }
        let waited = self.runtime.run(async move {
            let item = stream.next().await;
            (stream, item)
        });
        match waited {
            Ok((stream, item)) => {
                self.stream = Some(stream);
                item
            }
            Err(error) => Some(Err(self.lost(error))),
        }
    }
}

impl FusedIterator for UserIter {}
