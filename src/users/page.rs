//! One page of a list.

use jiff::Timestamp;

use super::model::UserSummary;
use crate::generated::management::types;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// The number of the page; the first is 1.
    pub page: u32,
    /// Maximum number of items per page.
    pub limit: u32,
    /// Total number of items on all pages.
    pub total: u64,
    /// All pages contain only items created before this time.
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
