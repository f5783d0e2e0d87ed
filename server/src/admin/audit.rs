//! Reading the audit log.

use jiff::Timestamp;

use super::DataFile;
use super::error::AdminError;
use crate::clock::Time;
use crate::domain::audit::{self, AuditEntry};
use crate::store::audit::{AuditAction, Filter};

/// Which entries of the audit log to read. The default is all.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AuditFilter(Filter);

impl AuditFilter {
    /// Only what happened at this time or later.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.0.since = Some(Time::from(time));
        self
    }

    /// Only entries of this app.
    pub fn app(mut self, app_id: impl Into<String>) -> Self {
        self.0.app_id = Some(app_id.into());
        self
    }

    /// Only entries that concern this user.
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        self.0.user_id = Some(user_id.into());
        self
    }

    /// Only entries with this action. [`AuditEntry::ACTIONS`] has them all.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.0.action = Some(action.into());
        self
    }
}

impl AuditEntry {
    /// The names of all actions.
    pub const ACTIONS: &[&str] = AuditAction::NAMES;
}

impl DataFile {
    /// The next entries of the audit log, at most `limit`, after the one with the id `after`; 0 starts at the first.
    /// They come in the order in which they were added, so passing the id of the last one reads on from there.
    ///
    /// A running server adds refusals within about a second; the rest is there at once.
    ///
    /// # Errors
    /// If the file cannot be read.
    ///
    /// ```
    /// use passage_server::{AuditFilter, DataFile, NewApp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let file = DataFile::open(folder.path().join("passage.db")).await?;
    /// file.create_app(NewApp::new("https://shop.example.com").id("shop")).await?;
    /// let entries = file.audit(&AuditFilter::default().app("shop"), 0, 100).await?;
    /// assert_eq!(entries[0].action, "app_created");
    /// assert_eq!(entries[0].actor, "operator");
    /// # file.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        Ok(audit::read(&self.store, filter.0.clone(), after, limit.into()).await?)
    }
}
