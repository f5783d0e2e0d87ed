//! The client for programs without `async` (feature `blocking`).
//!
//! [`Passage`] here has the methods of [`crate::Passage`] without `.await`: each blocks the thread
//! that calls it until its answer is there. What goes in and comes out, and every error, is the
//! same; so are time-outs and repeats, see [`retries`](crate::retries).
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
//! Imports read their rows, and exports write their lines, on the thread that waits for them, so
//! readers, writers and closures of any kind will do:
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
//! # The thread behind it
//!
//! A client has one background thread, with a Tokio runtime on it, which it shares with its
//! clones, its handlers and what [`Passage::with_options`] makes of it. The thread starts with the
//! first call and ends when the last of these is dropped; dropping waits for nothing, so it may
//! happen anywhere. Tokio adds threads of its own only while a host name is looked up, and lets
//! them go when they have been idle for ten seconds.
//!
//! Calls may come from any number of threads at once. They share the background thread, which does
//! the network's part of all of them and reads the replies; for more than one core's worth of
//! that, make several clients. Handing a call over and its answer back takes some microseconds.
//!
//! Verifying a token is done by the thread that asks, and the background thread has no part in it,
//! unless the app's keys must be fetched first. So it costs what it costs in
//! [`crate::Passage`]: see [`verification`](crate::verification).
//!
//! # Where it may be called
//!
//! On any thread, also on one that runs async tasks: there it does not panic, but keeps the other
//! tasks of the thread waiting; [`crate::Passage`] is for these. Nothing here waits for another
//! runtime, so it comes to an end even then. Two places are different:
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
