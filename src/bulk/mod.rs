//! Many users at a time: importing them from any source, and exporting them as JSON Lines.

mod export;
mod import;
mod input;
mod position;
mod report;
mod row;
mod settle;

use futures_core::Stream;
use tokio::io::AsyncBufRead;

#[cfg(feature = "blocking")]
pub(crate) use export::Lines;
pub use export::{ExportProgress, ExportUsers};
pub use import::ImportUsers;
#[cfg(feature = "blocking")]
pub(crate) use input::{JsonLines, Row};
pub use position::ImportPosition;
pub use report::{
    ImportEnd, ImportFailure, ImportHandle, ImportOutcome, ImportProgress, ImportReport,
};
pub use row::ImportUser;

use crate::users::{ListUsers, Order, SortBy, Users};

impl Users {
    /// Starts an import: creates a user for each row of the stream, several at a time.
    ///
    /// See [`ImportUsers`] for rows that exist already or fail, and for resuming after a stop. Rows
    /// are counted from 1; the report calls this number the line.
    ///
    /// ```no_run
    /// use futures_util::{StreamExt, stream};
    /// use passage_identity::users::CreateUser;
    ///
    /// # async fn example(passage: passage_identity::Passage, addresses: Vec<String>) -> passage_identity::Result<()> {
    /// let rows = stream::iter(addresses).map(CreateUser::with_email);
    /// let report = passage.users().import_users(rows).run().await;
    /// println!("{} created, {} were there", report.progress.created, report.progress.existing);
    /// # Ok(())
    /// # }
    /// ```
    pub fn import_users<'a, S>(&self, rows: S) -> ImportUsers<'a>
    where
        S: Stream<Item: Into<ImportUser>> + Send + 'a,
    {
        ImportUsers::new(self.clone(), input::Rows::new(rows))
    }

    /// As [`import_users`](Self::import_users), from JSON Lines: one object per line, as described
    /// by [`ImportUser`]. The output of [`export_users`](Self::export_users) can be read.
    ///
    /// Blank lines are skipped, but counted. A line that cannot be parsed is reported with its
    /// number, and the others are imported all the same.
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> Result<(), Box<dyn std::error::Error>> {
    /// let lines = r#"{"email":"ada@example.com","metadata":{"display_name":"Ada"}}
    /// {"phone":"+15005550006","active":true}
    /// "#;
    /// let report = passage.users().import_json_lines(lines.as_bytes()).run().await;
    /// for failure in &report.failures {
    ///     println!("line {}: {}", failure.line, failure.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn import_json_lines<'a, R>(&self, lines: R) -> ImportUsers<'a>
    where
        R: AsyncBufRead + Send + 'a,
    {
        ImportUsers::new(self.clone(), input::JsonLines::new(Box::pin(lines)))
    }

    /// Starts an export of all users, oldest first. For some of them, or another order, see
    /// [`ListUsers::export`].
    ///
    /// ```no_run
    /// # async fn example(passage: passage_identity::Passage) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file: Vec<u8> = Vec::new();
    /// let written = passage.users().export_users().write_to(&mut file).await?;
    /// println!("{} users, {} bytes", written.users, written.bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn export_users(&self) -> ExportUsers {
        self.list().order_by(SortBy::CreatedAt, Order::Asc).export()
    }
}

impl ListUsers {
    /// Starts an export of the users of this list as JSON Lines, in pages of 500 by default.
    ///
    /// ```no_run
    /// use passage_identity::users::UserStatus;
    ///
    /// # async fn example(passage: passage_identity::Passage) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file: Vec<u8> = Vec::new();
    /// let active = passage.users().list().status(UserStatus::Active);
    /// active.export().write_to(&mut file).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn export(&self) -> ExportUsers {
        ExportUsers::new(self.clone().large_pages())
    }
}
