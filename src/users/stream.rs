//! All users of a list, page after page.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::cursor::{ListCursor, Place};
use super::{ListUsers, Page, UserSummary};
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;

/// All users of a list, as a [`Stream`]. Made by [`ListUsers::stream`].
///
/// It holds two pages at most, however long the list is. It is `Send` and `Unpin`. Dropping it
/// ends the call that fetches the next page.
#[must_use = "a stream does nothing until it is polled"]
pub struct UserStream {
    /// The list at the page that is given out.
    page: ListUsers,
    users: std::vec::IntoIter<UserSummary>,
    /// Whom of this page and the one before were given.
    given: Vec<UserId>,
    given_before: Vec<UserId>,
    /// The place to begin with, until its page is there.
    resumed: Option<Place>,
    coming: Option<Coming>,
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
    reply: Fetch,
}

impl Coming {
    fn fetch(list: ListUsers) -> Self {
        Self {
            list: list.clone(),
            reply: Fetch::start(list),
        }
    }
}

/// A call that goes on while nobody waits for it, and ends when it is dropped.
struct Fetch(JoinHandle<Result<Page<UserSummary>>>);

impl Fetch {
    fn start(list: ListUsers) -> Self {
        Self(tokio::spawn(
            async move { list.send().await }.in_current_span(),
        ))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Page<UserSummary>>> {
        let reply = match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(reply) => reply,
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(cancelled) => Err(Error::new(
                    ErrorKind::Connection,
                    "the runtime was shut down during the call",
                )
                .with_source(cancelled)),
            },
        };
        Poll::Ready(reply)
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl UserStream {
    pub(super) fn new(page: ListUsers, resumed: Option<Place>) -> Self {
        Self {
            page,
            users: Vec::new().into_iter(),
            given: Vec::new(),
            given_before: Vec::new(),
            resumed,
            coming: None,
            total: None,
            state: State::New,
        }
    }

    /// The next user, or `None` after the last, and after an error.
    ///
    /// No user is lost if the future is dropped before it is ready.
    ///
    /// # Errors
    /// As [`ListUsers::send`]; [`Error::list_cursor`] says where to go on.
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

    /// The place behind the last user who was given: a new stream from here goes on with the next
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
                        last: last.clone(),
                    }),
                    None => self.resumed.clone(),
                },
                ..self.page.cursor()
            },
        }
    }

    /// How many users the whole list has, pages before the first one here included. `None` before
    /// the first reply.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether the next user is there already, so that nothing is waited for.
    pub(crate) fn has_more_at_hand(&self) -> bool {
        !self.users.as_slice().is_empty()
    }

    fn begin(&mut self) {
        self.state = State::Running;
        self.coming = Some(Coming::fetch(self.page.clone()));
    }

    fn turn(&mut self, list: ListUsers, page: Page<UserSummary>) {
        self.total = Some(page.total);
        self.page = list;
        self.page.anchor(&page);
        // While the caller works with this page.
        self.coming = self.page.following(&page).map(Coming::fetch);
        self.given_before = std::mem::take(&mut self.given);
        let mut users = page.items;
        let repeated = self.repeated(&users);
        self.given = users.drain(..repeated).map(|user| user.id).collect();
        self.users = users.into_iter();
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

    fn fail(&mut self, error: Error) -> Error {
        let cursor = self.cursor();
        self.state = State::Ended;
        if let Some(coming) = self.coming.take() {
            // So that `cursor` says the same as the error.
            if self.resumed.is_none() {
                self.page = coming.list;
                self.given.clear();
            }
        }
        error.with_list_cursor(cursor)
    }
}

impl Stream for UserStream {
    type Item = Result<UserSummary>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(user) = this.users.next() {
                this.given.push(user.id.clone());
                return Poll::Ready(Some(Ok(user)));
            }
            if this.state == State::New {
                this.begin();
            }
            let Some(coming) = &mut this.coming else {
                this.state = State::Ended;
                return Poll::Ready(None);
            };
            let asked = coming.list.page_number();
            match ready!(coming.reply.poll(cx)) {
                Ok(page) if page.page == asked => {
                    if let Some(Coming { list, .. }) = this.coming.take() {
                        this.turn(list, page);
                    }
                }
                // It would never end.
                Ok(_) => {
                    let error = Error::new(
                        ErrorKind::Decode,
                        "the server sent another page than the one it was asked for",
                    );
                    let error = error.with_operation("listPaginatedUsers");
                    return Poll::Ready(Some(Err(this.fail(error))));
                }
                Err(error) => return Poll::Ready(Some(Err(this.fail(error)))),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.users.len();
        let is_last = self.coming.is_none() && self.state != State::New;
        (at_hand, is_last.then_some(at_hand))
    }
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
