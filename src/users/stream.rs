//! All users of a list, page after page.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::cursor::{ListCursor, Place};
use super::given::Given;
use super::list::ListUsers;
use super::model::UserSummary;
use super::page::Page;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::Prefetch;

/// All users of a list, as a [`Stream`]. Created by [`ListUsers::stream`].
///
/// It holds two pages at most, however long the list is. It is `Send` and `Unpin`. Dropping it
/// aborts the call that fetches the next page.
#[must_use = "a stream does nothing until it is polled"]
pub struct UserStream {
    /// The list at the page that is given out.
    page: ListUsers,
    users: std::vec::IntoIter<UserSummary>,
    /// Whom of this page and the one before were given.
    given: Given,
    given_before: Given,
    /// The place to begin with, until its page is there.
    resumed: Option<Place>,
    coming: Option<Coming>,
    /// The page behind the one that is coming, asked for while that one is read.
    next: Option<Coming>,
    total: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    Running,
    Ended,
}

/// A page that is being fetched.
struct Coming {
    list: ListUsers,
    reply: Reply,
}

enum Reply {
    Awaited(Prefetch<Result<Page<UserSummary>>>),
    There(Result<Page<UserSummary>>),
}

impl Coming {
    /// Asks for a page.
    fn fetch(list: ListUsers, cx: &mut Context<'_>) -> Self {
        let asked = list.clone();
        let mut call = Prefetch::new(async move { asked.send().await });
        let reply = match call.poll(cx) {
            Poll::Ready(reply) => Reply::There(reply),
            Poll::Pending => Reply::Awaited(call),
        };
        Self { list, reply }
    }

    fn poll(self, cx: &mut Context<'_>) -> Progress {
        let mut call = match self.reply {
            Reply::There(page) => return Progress::Read(self.list, page),
            Reply::Awaited(call) => call,
        };
        match call.poll(cx) {
            Poll::Ready(page) => Progress::Read(self.list, page),
            Poll::Pending => {
                let arrived = call.has_arrived();
                let coming = Self {
                    list: self.list,
                    reply: Reply::Awaited(call),
                };
                if arrived {
                    Progress::Arrived(coming)
                } else {
                    Progress::Awaited(coming)
                }
            }
        }
    }
}

enum Progress {
    Awaited(Coming),
    /// The reply is there. The next poll reads it.
    Arrived(Coming),
    Read(ListUsers, Result<Page<UserSummary>>),
}

impl ListUsers {
    /// All users of the list, one after the other, however many pages they fill. The next page, but
    /// no more, is fetched while the current one is processed.
    ///
    /// The list begins with the selected page, or else with the first. Every later page has the
    /// [`created_before`](Self::created_before) of the first reply, so that new users neither shift
    /// the pages nor appear. The API knows pages only by their number: a user who is deleted, or
    /// changed in a field that the list is sorted or filtered by, shifts the users after it, and
    /// one of these may be missed. Do not delete users from the list you are reading.
    ///
    /// No request is made before the stream is polled, which must happen in a Tokio runtime.
    ///
    /// # Errors
    /// The stream's items are those of [`send`](Self::send), errors included. After an error it
    /// ends; [`Error::list_cursor`] returns where to continue.
    ///
    /// ```no_run
    /// use passage_identity::users::UserStatus;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let mut active = passage.users().list().status(UserStatus::Active).limit(500).stream();
    /// while let Some(user) = active.next().await {
    ///     println!("{}", user?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is a [`Stream`](futures_core::Stream), so the adapters of `futures` work too:
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let everybody: Vec<_> = passage.users().list().limit(500).stream().try_collect().await?;
    /// println!("{} users", everybody.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(&self) -> UserStream {
        UserStream::new(self.clone(), None)
    }

    /// As [`stream`](Self::stream), continuing after the cursor of another stream with the same
    /// filters and order. Page and limit are those of the cursor.
    ///
    /// No user is repeated or missed, as long as nobody was deleted or moved in the meantime. If
    /// the position within the page cannot be found again, the whole page is repeated rather than a
    /// part of it skipped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the cursor is for a list with other filters or another order.
    ///
    /// ```no_run
    /// use passage_identity::users::{ListCursor, UserStatus};
    ///
    /// # async fn example(passage: passage_identity::Passage, stored: String) -> passage_identity::Result<()> {
    /// let cursor: ListCursor = stored.parse()?;
    /// let mut active = passage.users().list().status(UserStatus::Active).stream_from(&cursor)?;
    /// while let Some(user) = active.next().await {
    ///     println!("{}", user?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream_from(&self, cursor: &ListCursor) -> Result<UserStream> {
        Ok(UserStream::new(self.at(cursor)?, cursor.place.clone()))
    }
}

impl UserStream {
    fn new(page: ListUsers, resumed: Option<Place>) -> Self {
        Self {
            page,
            users: Vec::new().into_iter(),
            given: Given::default(),
            given_before: Given::default(),
            resumed,
            coming: None,
            next: None,
            total: None,
            state: State::New,
        }
    }

    /// The next user, or `None` after the last, and after an error.
    ///
    /// No user is lost if the future is dropped before it is ready.
    ///
    /// # Errors
    /// As [`ListUsers::send`]; [`Error::list_cursor`] returns where to continue.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) {
    /// let mut users = passage.users().list().stream();
    /// while let Some(user) = users.next().await {
    ///     match user {
    ///         Ok(user) => println!("{}", user.id),
    ///         Err(error) => println!("{error}; go on from {:?}", error.list_cursor()),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<UserSummary>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The position after the last user returned: a new stream from here continues with the next
    /// one. See [`ListUsers::stream_from`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
    /// let mut users = passage.users().list().limit(500).stream();
    /// while let Some(user) = users.next().await {
    ///     println!("{} is done; on a restart go on from {}", user?.id, users.cursor());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cursor(&self) -> ListCursor {
        match &self.coming {
            // The page is used up: the place is the beginning of the next one.
            Some(coming) if !self.has_more_at_hand() && self.resumed.is_none() => {
                coming.list.cursor()
            }
            _ => ListCursor {
                place: match self.given.last() {
                    Some(last) => Some(Place {
                        given: self.given.len(),
                        last,
                    }),
                    None => self.resumed.clone(),
                },
                ..self.page.cursor()
            },
        }
    }

    /// Total number of users in the list, including the pages before the first one here. `None`
    /// before the first reply.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether the next user is available without waiting.
    pub(crate) fn has_more_at_hand(&self) -> bool {
        !self.users.as_slice().is_empty()
    }

    fn turn(&mut self, list: ListUsers, page: Page<UserSummary>, cx: &mut Context<'_>) {
        self.total = Some(page.total);
        self.page = list;
        self.page.anchor(&page);
        // While the caller works with this page.
        let next = self.next.take();
        self.coming = self.page.following(&page).map(|list| match next {
            Some(next) if next.list.is_same_page(&list) => next,
            _ => Coming::fetch(list, cx),
        });
        self.given_before = std::mem::take(&mut self.given);
        let repeated = self.repeated(&page.items);
        let mut users = page.items.into_iter();
        for user in users.by_ref().take(repeated) {
            self.given.push(&user.id);
        }
        self.users = users;
    }

    /// How many users at the beginning of a page were given already.
    fn repeated(&mut self, users: &[UserSummary]) -> usize {
        if let Some(place) = self.resumed.take() {
            let last = place.given.checked_sub(1).and_then(|last| users.get(last));
            // Another user in this place: the page is not what it was, so nothing of it is left
            // out.
            return last
                .filter(|user| user.id == place.last)
                .map_or(0, |_| place.given);
        }
        // The anchor is in whole seconds. Users who come in the second of the first reply shift
        // the pages all the same.
        users
            .iter()
            .take_while(|user| self.given_before.contains(&user.id))
            .count()
    }

    fn fail(&mut self, list: ListUsers, error: Error) -> Error {
        self.state = State::Ended;
        self.next = None;
        if self.resumed.is_none() {
            self.page = list;
            self.given.clear();
        }
        error.with_attached(self.cursor())
    }
}

impl Stream for UserStream {
    type Item = Result<UserSummary>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(user) = this.users.next() {
                this.given.push(&user.id);
                return Poll::Ready(Some(Ok(user)));
            }
            if this.state == State::New {
                this.state = State::Running;
                this.coming = Some(Coming::fetch(this.page.clone(), cx));
            }
            let Some(coming) = this.coming.take() else {
                this.state = State::Ended;
                return Poll::Ready(None);
            };
            match coming.poll(cx) {
                Progress::Awaited(coming) => {
                    this.coming = Some(coming);
                    return Poll::Pending;
                }
                Progress::Arrived(coming) => {
                    let next = this
                        .total
                        .and_then(|total| coming.list.expected_following(total));
                    this.coming = Some(coming);
                    if let Some(next) = next {
                        this.next = Some(Coming::fetch(next, cx));
                        // So that the request is sent before this reply is read.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                Progress::Read(list, Ok(page)) if page.page == list.page_number() => {
                    this.turn(list, page, cx);
                }
                Progress::Read(list, Err(error)) => {
                    return Poll::Ready(Some(Err(this.fail(list, error))));
                }
                // It would never end.
                Progress::Read(list, Ok(_)) => {
                    return Poll::Ready(Some(Err(this.fail(list, another_page()))));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.users.len();
        let is_last = self.coming.is_none() && self.state != State::New;
        (at_hand, is_last.then_some(at_hand))
    }
}

fn another_page() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the server sent another page than the one it was asked for",
    )
    .with_operation("listPaginatedUsers")
}

impl FusedStream for UserStream {
    fn is_terminated(&self) -> bool {
        self.state == State::Ended
    }
}

impl fmt::Debug for UserStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserStream")
            .field("state", &self.state)
            .field("page", &self.page.page_number())
            .field("at_hand", &self.users.len())
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
