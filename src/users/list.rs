//! Lists of users, page by page.

use jiff::Timestamp;

use super::cursor::{ListCursor, fingerprint};
use super::filter::{CountFilter, TextFilter, TimeFilter};
use super::model::UserSummary;
use super::page::Page;
use crate::api::Api;
use crate::error::{Error, ErrorKind, Result};

/// The server refuses larger pages.
const MAX_LIMIT: u32 = 500;

/// The field to sort a list by; the API cannot sort by identifier.
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

/// The direction of sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Ascending: the smallest, or earliest, first.
    Asc,
    /// Descending: the greatest, or latest, first.
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

/// A list of users to be fetched. Created by [`Users::list`](super::Users::list).
///
/// Filters on different fields must all hold; a second one on the same field replaces the first.
#[derive(Clone, Debug)]
#[must_use = "a list does nothing until send() or stream() is called"]
pub struct ListUsers {
    api: Api,
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
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
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

    /// Only users created before this time, to the second. Users created while you read pages would
    /// shift them; [`following`](Self::following) sets this to the value of the first page.
    pub fn created_before(mut self, at: Timestamp) -> Self {
        self.created_before = Some(at);
        self
    }

    /// Sorts by a field, after the fields given before.
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
    /// 500, or a text to compare with looks like `<op:value>`; and errors of the call, see
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
        let query = self.query()?;
        let reply = self
            .api
            .manage("listPaginatedUsers", |api, app| {
                api.list_paginated_users(
                    app,
                    query.created_at.as_deref(),
                    self.created_before.map(Timestamp::as_second),
                    query.id.as_deref(),
                    query.identifier.as_deref(),
                    query.last_login_at.as_deref(),
                    self.limit.map(i64::from),
                    query.login_count.as_deref(),
                    query.order_by.as_deref(),
                    self.page.map(i64::from),
                    query.status.as_deref(),
                    query.updated_at.as_deref(),
                )
            })
            .await?;
        Ok(reply.into())
    }

    /// The list at the page of a cursor, if that is of this list.
    pub(super) fn at(&self, cursor: &ListCursor) -> Result<Self> {
        if cursor.list != self.fingerprint()? {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the cursor is of a list with other filters or another order",
            ));
        }
        let mut list = self.clone().page(cursor.page);
        list.limit = cursor.limit;
        list.created_before = cursor.created_before;
        Ok(list)
    }

    /// Tells lists apart whose filters or order differ.
    pub(super) fn fingerprint(&self) -> Result<u16> {
        let query = self.query()?;
        Ok(fingerprint(&[
            &query.created_at,
            &query.id,
            &query.identifier,
            &query.last_login_at,
            &query.login_count,
            &query.order_by,
            &query.status,
            &query.updated_at,
        ]))
    }

    /// The position at the beginning of this page.
    pub(crate) fn cursor(&self) -> ListCursor {
        ListCursor {
            page: self.page_number(),
            limit: self.limit,
            created_before: self.created_before,
            // A list whose filters cannot be written returns an error and no user.
            list: self.fingerprint().unwrap_or_default(),
            place: None,
        }
    }

    pub(super) fn page_number(&self) -> u32 {
        self.page.unwrap_or(1)
    }

    /// Has this page and those after it be of the size and the time that the server chose.
    pub(super) fn anchor(&mut self, page: &Page<UserSummary>) {
        let served = Some(page.limit).filter(|limit| (1..=MAX_LIMIT).contains(limit));
        self.limit = self.limit.or(served);
        self.created_before = page.created_before.or(self.created_before);
    }

    /// The largest pages that the server allows, unless a size is set.
    pub(crate) fn large_pages(mut self) -> Self {
        self.limit = self.limit.or(Some(MAX_LIMIT));
        self
    }

    fn query(&self) -> Result<Query> {
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
        let order_by: Vec<_> = self
            .order_by
            .iter()
            .map(|(field, order)| format!("{}:{}", field.as_str(), order.as_str()))
            .collect();
        Ok(Query {
            created_at: time(&self.created_at)?,
            id: text(&self.id)?,
            identifier: text(&self.identifier)?,
            last_login_at: time(&self.last_login_at)?,
            login_count: self
                .login_count
                .as_ref()
                .map(CountFilter::encode)
                .transpose()?,
            order_by: (!order_by.is_empty()).then(|| order_by.join(",")),
            status: text(&self.status)?,
            updated_at: time(&self.updated_at)?,
        })
    }

    /// The list for the page after this one, with the same filters, or `None` after the last. Its
    /// [`created_before`](Self::created_before) is that of this page, so that new users do not
    /// shift the pages.
    #[must_use]
    pub fn following(&self, page: &Page<UserSummary>) -> Option<Self> {
        let next = page.next_page()?;
        let mut list = self.clone().page(next);
        list.created_before = page.created_before.or(self.created_before);
        Some(list)
    }

    /// What [`following`](Self::following) will most likely say once this page is read, if it
    /// has the time and the size of the pages before, whose total was this.
    pub(super) fn expected_following(&self, total: u64) -> Option<Self> {
        let (page, limit) = (self.page_number(), self.limit?);
        self.created_before?;
        let next = page.checked_add(1)?;
        (u64::from(page) * u64::from(limit) < total).then(|| self.clone().page(next))
    }

    /// Whether both ask for the same page of the same list, if they have the same filters.
    pub(super) fn is_same_page(&self, other: &Self) -> bool {
        (self.page, self.limit, self.created_before)
            == (other.page, other.limit, other.created_before)
    }
}

/// Filters and order as they are sent.
struct Query {
    created_at: Option<String>,
    id: Option<String>,
    identifier: Option<String>,
    last_login_at: Option<String>,
    login_count: Option<String>,
    order_by: Option<String>,
    status: Option<String>,
    updated_at: Option<String>,
}
