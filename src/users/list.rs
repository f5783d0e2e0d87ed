//! Lists of users, page by page.

use jiff::Timestamp;

use super::{CountFilter, TextFilter, TimeFilter, UserSummary};
use crate::Passage;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::management::types;

/// The server refuses larger pages.
const MAX_LIMIT: u32 = 500;

/// What a list can be sorted by; the API cannot sort by identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortBy {
    /// The user's id.
    Id,
    /// The status.
    Status,
    /// How often the user signed in.
    LoginCount,
    /// When the user was created.
    CreatedAt,
    /// When the user was last changed.
    UpdatedAt,
    /// When the user last signed in.
    LastLoginAt,
}

impl SortBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Status => "status",
            Self::LoginCount => "login_count",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::LastLoginAt => "last_login_at",
        }
    }
}

/// Which end of a sorted list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The least, or earliest, first.
    Asc,
    /// The greatest, or latest, first.
    Desc,
}

impl Order {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "ASC",
            Self::Desc => "DESC",
        }
    }
}

/// A list of users to be fetched. Made by [`Users::list`](super::Users::list).
///
/// Filters on different fields must all hold; a second one on the same field replaces the first.
#[derive(Clone, Debug)]
#[must_use = "a list does nothing until send() is called"]
pub struct ListUsers {
    passage: Passage,
    page: Option<u32>,
    limit: Option<u32>,
    created_before: Option<Timestamp>,
    order_by: Vec<(SortBy, Order)>,
    identifier: Option<TextFilter>,
    id: Option<TextFilter>,
    status: Option<TextFilter>,
    login_count: Option<CountFilter>,
    created_at: Option<TimeFilter>,
    updated_at: Option<TimeFilter>,
    last_login_at: Option<TimeFilter>,
}

impl ListUsers {
    pub(super) fn new(passage: Passage) -> Self {
        Self {
            passage,
            page: None,
            limit: None,
            created_before: None,
            order_by: Vec::new(),
            identifier: None,
            id: None,
            status: None,
            login_count: None,
            created_at: None,
            updated_at: None,
            last_login_at: None,
        }
    }

    /// Which page; the first is 1.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// How many users a page has, 1 to 500.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Only users created before this time, to the second. Users who come while you turn pages
    /// would shift them; [`following`](Self::following) sets this to what the first page says.
    pub fn created_before(mut self, at: Timestamp) -> Self {
        self.created_before = Some(at);
        self
    }

    /// Sorts by a field, after those that were given before.
    pub fn order_by(mut self, field: SortBy, order: Order) -> Self {
        self.order_by.push((field, order));
        self
    }

    /// Filters by e-mail address or phone number, in a Flex app by external id too.
    pub fn identifier(mut self, filter: impl Into<TextFilter>) -> Self {
        self.identifier = Some(filter.into());
        self
    }

    /// Filters by id.
    pub fn id(mut self, filter: impl Into<TextFilter>) -> Self {
        self.id = Some(filter.into());
        self
    }

    /// Filters by status.
    pub fn status(mut self, filter: impl Into<TextFilter>) -> Self {
        self.status = Some(filter.into());
        self
    }

    /// Filters by the number of sign-ins.
    pub fn login_count(mut self, filter: impl Into<CountFilter>) -> Self {
        self.login_count = Some(filter.into());
        self
    }

    /// Filters by the time of creation.
    pub fn created_at(mut self, filter: impl Into<TimeFilter>) -> Self {
        self.created_at = Some(filter.into());
        self
    }

    /// Filters by the time of the last change.
    pub fn updated_at(mut self, filter: impl Into<TimeFilter>) -> Self {
        self.updated_at = Some(filter.into());
        self
    }

    /// Filters by the time of the last sign-in.
    pub fn last_login_at(mut self, filter: impl Into<TimeFilter>) -> Self {
        self.last_login_at = Some(filter.into());
        self
    }

    /// Fetches the page.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] before any request if the page is 0, the limit is not in 1 to
    /// 500, or a text to be equal looks like `<op:value>`; and what the call came to, see
    /// [`ErrorKind`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let mut list = passage.users().list().limit(500);
    /// loop {
    ///     let page = list.send().await?;
    ///     for user in &page.items {
    ///         println!("{}", user.id);
    ///     }
    ///     match list.following(&page) {
    ///         Some(next) => list = next,
    ///         None => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self) -> Result<Page<UserSummary>> {
        if self.page == Some(0) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "pages are counted from 1",
            ));
        }
        if self
            .limit
            .is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit))
        {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the limit of a page is not in 1 to 500",
            ));
        }
        let text =
            |filter: &Option<TextFilter>| filter.as_ref().map(TextFilter::encode).transpose();
        let time =
            |filter: &Option<TimeFilter>| filter.as_ref().map(TimeFilter::encode).transpose();
        let (identifier, id, status) = (
            text(&self.identifier)?,
            text(&self.id)?,
            text(&self.status)?,
        );
        let (created_at, updated_at) = (time(&self.created_at)?, time(&self.updated_at)?);
        let last_login_at = time(&self.last_login_at)?;
        let login_count = self
            .login_count
            .as_ref()
            .map(CountFilter::encode)
            .transpose()?;
        let order_by: Vec<_> = self
            .order_by
            .iter()
            .map(|(field, order)| format!("{}:{}", field.as_str(), order.as_str()))
            .collect();
        let order_by = (!order_by.is_empty()).then(|| order_by.join(","));

        let reply = self
            .passage
            .manage("listPaginatedUsers", |api, app| {
                api.list_paginated_users(
                    app,
                    created_at.as_deref(),
                    self.created_before.map(Timestamp::as_second),
                    id.as_deref(),
                    identifier.as_deref(),
                    last_login_at.as_deref(),
                    self.limit.map(i64::from),
                    login_count.as_deref(),
                    order_by.as_deref(),
                    self.page.map(i64::from),
                    status.as_deref(),
                    updated_at.as_deref(),
                )
            })
            .await?;
        Ok(reply.into())
    }

    /// The list for the page after this one, with the same filters, or `None` after the last. Its
    /// [`created_before`](Self::created_before) is what the page says, so that users who come
    /// meanwhile do not shift the pages.
    #[must_use]
    pub fn following(&self, page: &Page<UserSummary>) -> Option<Self> {
        let next = page.next_page()?;
        let mut list = self.clone().page(next);
        list.created_before = page.created_before.or(self.created_before);
        Some(list)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Which page it is; the first is 1.
    pub page: u32,
    /// How many items a page has at most.
    pub limit: u32,
    /// How many items there are on all pages.
    pub total: u64,
    /// Only what was created before this time is on any page.
    pub created_before: Option<Timestamp>,
}

impl<T> Page<T> {
    /// The number of the next page, or `None` if this is the last.
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        let so_far = u64::from(self.page) * u64::from(self.limit);
        if self.items.is_empty() || so_far >= self.total {
            None
        } else {
            self.page.checked_add(1)
        }
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl From<types::ListPaginatedUsersResponse> for Page<UserSummary> {
    fn from(reply: types::ListPaginatedUsersResponse) -> Self {
        Self {
            items: reply.users.into_iter().map(Into::into).collect(),
            page: u32::try_from(reply.page).unwrap_or_default(),
            limit: u32::try_from(reply.limit).unwrap_or_default(),
            total: u64::try_from(reply.total_users).unwrap_or_default(),
            created_before: Timestamp::from_second(reply.created_before)
                .ok()
                .filter(|at| *at > Timestamp::UNIX_EPOCH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page() {
        for (items, page, limit, total, expected) in [
            (10, 1, 10, 25, Some(2)),
            (10, 2, 10, 25, Some(3)),
            (5, 3, 10, 25, None),
            (10, 1, 10, 10, None),
            (0, 4, 10, 25, None),
            (0, 1, 10, 0, None),
            // A server that does not say its limit ends when a page is empty.
            (10, 1, 0, 25, Some(2)),
            (1, u32::MAX, u32::MAX, u64::MAX, None),
        ] {
            let page = Page {
                items: vec![(); items],
                page,
                limit,
                total,
                created_before: None,
            };
            assert_eq!(page.next_page(), expected, "{page:?}");
        }
    }
}
