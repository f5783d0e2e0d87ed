//! The client for programs without `async` (feature `blocking`).
//!
//! [`Passage`] here has the methods of [`crate::Passage`] without `.await`: each blocks the calling
//! thread until the result is available. Arguments, results and errors are the same; so are
//! timeouts and retries, see [`retries`](crate::retries).
//!
//! ```no_run
//! use passage_identity::{Passage, users::{CreateUser, UserStatus}};
//!
//! # fn example(request_headers: http::HeaderMap) -> passage_identity::Result<()> {
//! let passage = Passage::builder("your app id")
//!     .server("http://127.0.0.1:8787")
//!     .api_key("your API key")
//!     .build_blocking()?;
//!
//! let user_id = passage.authenticate(&request_headers)?;
//! let user = passage.users().get(&user_id)?;
//! let other = passage.users().create(CreateUser::with_email("new@example.com"))?;
//! for user in passage.users().list().status(UserStatus::Active).limit(500).iter() {
//!     println!("{}", user?.id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Imports read their rows, and exports write their lines, on the calling thread, so any kind of
//! reader, writer and closure can be used:
//!
//! ```no_run
//! # fn example(passage: passage_identity::blocking::Passage) -> Result<(), Box<dyn std::error::Error>> {
//! let report = passage.users().import_json_lines(std::io::stdin().lock()).run();
//! println!("everybody is there: {}", report.is_complete());
//! passage.users().export_users().write_to(std::io::stdout().lock())?;
//! # Ok(())
//! # }
//! ```
//!
//! # The background thread
//!
//! A client has one background thread with a Tokio runtime, shared with its clones, its handlers
//! and the clients that [`Passage::with_options`] returns. The thread starts with the first call
//! and ends when the last of these is dropped; dropping never waits, so it may happen anywhere.
//! Tokio adds threads of its own only for host name lookups, and stops them after ten idle seconds.
//!
//! Any number of threads may make calls at the same time. They share the background thread, which
//! does all network I/O and reads the replies; if that needs more than one core, create several
//! clients. Passing a call to the thread and its result back takes some microseconds.
//!
//! Tokens are verified on the calling thread, without the background thread, unless the app's keys
//! must be fetched first. So the cost is that of [`crate::Passage`]: see
//! [`verification`](crate::verification).
//!
//! # Where it can be called
//!
//! On any thread, including one that runs async tasks: there it does not panic, but blocks the
//! other tasks of the thread; use [`crate::Passage`] for these. Nothing here waits for another
//! runtime, so it always returns, even then. Two places are different:
//!
//! - In the listener of [`on_jwks_event`](crate::PassageBuilder::on_jwks_event) of the same client,
//!   which runs on its background thread, a call that would have to wait for that very thread is
//!   an error of kind [`Config`](crate::ErrorKind::Config).
//! - A process that was forked after the first call has no background thread, so calls would wait
//!   for ever. Make the client, or at least its first call, after the fork.

mod api_keys;
mod export;
mod flex;
mod import;
mod list;
mod magic_links;
mod passage;
mod runtime;
mod users;

pub use api_keys::ApiKeys;
pub use export::ExportUsers;
pub use flex::Flex;
pub use import::ImportUsers;
pub use list::{ListUsers, UserIter};
pub use magic_links::MagicLinks;
pub use passage::Passage;
pub use users::Users;

use runtime::Runtime;
