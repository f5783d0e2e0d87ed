//! Lists of users.

use std::iter::FusedIterator;
use std::vec;

use jiff::Timestamp;

use super::Runtime;
use crate::error::Result;
use crate::users::{CountFilter, Order, Page, SortBy, TextFilter, TimeFilter, UserSummary};

/// [`crate::ListUsers`] for programs without `async`. Made by [`Users::list`](super::Users::list).
///
/// Filters on different fields must all hold; a second one on the same field replaces the first.
///
/// ```no_run
/// use passage_identity::{TextFilter, UserStatus};
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
    list: crate::ListUsers,
    runtime: Runtime,
}

/// Methods that only change what will be asked for.
macro_rules! settings {
    ($( pub fn $name:ident(mut self, $($argument:ident: $type:ty),+) -> Self; )+) => {
        impl ListUsers {
            $(
                #[doc = concat!("As [`crate::ListUsers::", stringify!($name), "`].")]
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
    pub(super) fn new(list: crate::ListUsers, runtime: Runtime) -> Self {
        Self { list, runtime }
    }

    /// Fetches the page: as [`crate::ListUsers::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send(&self) -> Result<Page<UserSummary>> {
        let list = self.list.clone();
        self.runtime.call(async move { list.send().await })
    }

    /// The list for the page after this one: as [`crate::ListUsers::following`].
    #[must_use]
    pub fn following(&self, page: &Page<UserSummary>) -> Option<Self> {
        Some(Self {
            list: self.list.following(page)?,
            runtime: self.runtime.clone(),
        })
    }

    /// All users of the list, from the page that is set on. The next page is fetched when the
    /// current one is used up.
    ///
    /// # Errors
    /// The items are those of [`send`](Self::send), errors included. After an error it ends.
    ///
    /// ```no_run
    /// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
    /// let users: Vec<_> = passage.users().list().limit(500).iter().collect::<Result<_, _>>()?;
    /// println!("{} users", users.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> UserIter {
        UserIter {
            next: Some(self.clone()),
            users: Vec::new().into_iter(),
        }
    }
}

/// The users of a list, page after page. Made by [`ListUsers::iter`].
#[derive(Clone, Debug)]
#[must_use = "an iterator does nothing until it is asked for users"]
pub struct UserIter {
    /// The page to fetch when the users are used up.
    next: Option<ListUsers>,
    users: vec::IntoIter<UserSummary>,
}

impl Iterator for UserIter {
    type Item = Result<UserSummary>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(user) = self.users.next() {
                return Some(Ok(user));
            }
            let list = self.next.take()?;
            match list.send() {
                Ok(page) => {
                    self.next = list.following(&page);
                    self.users = page.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FusedIterator for UserIter {}
