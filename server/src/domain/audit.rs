//! The audit log of a running server: refusals on their way to the store, how long rows are kept, and their lines in
//! the log.
//!
//! Changes and sign-ins add their rows themselves, in the commands that make them. A refusal makes no command. It waits
//! in memory for the next round, so a crash can lose it, and a flood of refusals costs neither disk nor memory: past a
//! few in a minute, those of one app, network and reason become one row with their number.

mod entry;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

pub use self::entry::AuditEntry;
use self::window::Window;
use super::state::AppState;
use crate::clock::Time;
use crate::ids::AppId;
use crate::store;
use crate::store::acting::Acting;
use crate::store::audit::{AuditAction, AuditReason, Filter};
use crate::store::{Store, StoreError};

/// How long rows are kept by default.
pub(crate) const DAYS: u32 = 90;
/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// Maximum number of rows that are read at once.
const PAGE: i64 = 500;
/// Where the lines of the audit log go.
pub(crate) const TARGET: &str = "passage_server::audit";

/// The audit log of a running server.
pub(crate) struct Audit {
    window: Mutex<Window>,
    progress: AsyncMutex<Progress>,
    /// How long rows are kept. `None` means forever.
    keep: Option<Duration>,
}

/// How far the rounds got.
struct Progress {
    /// Id of the last row that was logged.
    logged: i64,
    /// When expired rows are deleted next.
    sweep_at: Time,
}

impl Audit {
    /// The audit log of a store. 0 days means that rows are kept forever.
    pub(crate) async fn open(store: &Store, days: u32) -> Result<Self, StoreError> {
        let newest = store.read(|tx| Ok::<_, StoreError>(store::audit::newest(tx)?));
        Ok(Self::starting(newest.await?, days))
    }

    fn starting(logged: i64, days: u32) -> Self {
        Self {
            window: Mutex::default(),
            progress: AsyncMutex::new(Progress {
                logged,
                sweep_at: Time::MIN,
            }),
            keep: (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3600)),
        }
    }

    /// Notes a refusal. This neither waits nor fails.
    pub(crate) fn refused(
        &self,
        acting: &Acting,
        app_id: Option<AppId>,
        action: AuditAction,
        reason: AuditReason,
    ) {
        self.window().add(acting, app_id, action, reason);
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Default for Audit {
    fn default() -> Self {
        Self::starting(0, DAYS)
    }
}

/// Stores the refusals that wait, deletes expired rows, and logs new ones. The last round of a server also stores what
/// would otherwise wait for the end of the minute.
pub(crate) async fn round(state: &AppState, last: bool) -> Result<(), StoreError> {
    let mut progress = state.audit.progress.lock().await;
    let now = state.clock.now();
    let refused = state.audit.window().take(now, last);
    if !refused.is_empty() {
        let number: i64 = refused.iter().map(|refused| refused.count).sum();
        let insert = state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::audit::insert_refused(tx, &refused)?));
        if let Err(error) = insert.await {
            // The rows are lost, but not their number.
            state.audit.window().lose(number);
            return Err(error);
        }
    }
    if let Some(keep) = state.audit.keep
        && now >= progress.sweep_at
    {
        let before = now - keep;
        let sweep = state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::audit::sweep(tx, before)?));
        let more = sweep.await?;
        progress.sweep_at = if more { now } else { now + SWEEP };
    }
    if tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        log(&state.store, &mut progress.logged).await?;
    }
    Ok(())
}

/// Logs the rows after the last one that was logged, also those that commands in other processes added.
async fn log(store: &Store, logged: &mut i64) -> Result<(), StoreError> {
    loop {
        let entries = read(store, Filter::default(), *logged, PAGE).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        for entry in &entries {
            tracing::info!(target: TARGET, "{}", entry.to_log_line());
        }
        *logged = last.id;
    }
}

/// The next entries after one.
pub(crate) async fn read(
    store: &Store,
    filter: Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let read =
        store.read(move |tx| Ok::<_, StoreError>(store::audit::list(tx, &filter, after, limit)?));
    Ok(read.await?.into_iter().map(AuditEntry::from).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::state::testing;

    async fn refuse_rows(state: &AppState, refuse: bool) {
        let run = state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::audit::refuse_rows(tx, refuse)?));
        run.await.unwrap();
    }

    #[tokio::test]
    async fn refusals_that_cannot_be_written_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        let store = Store::open(&path).await.unwrap();
        let state = testing::state(String::new(), store);
        let acting = Acting::client([192, 0, 2, 1].into(), "agent".to_owned(), state.clock.now());
        for _ in 0..3 {
            let (action, reason) = (AuditAction::SignInRefused, AuditReason::WrongCode);
            state.audit.refused(&acting, None, action, reason);
        }
        refuse_rows(&state, true).await;
        for _ in 0..2 {
            round(&state, false).await.unwrap_err();
        }
        refuse_rows(&state, false).await;
        round(&state, false).await.unwrap();
        let entries = read(&state.store, Filter::default(), 0, PAGE);
        let entries = entries.await.unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| (entry.action.as_str(), entry.count))
            .collect();
        assert_eq!(shown, [("refusals_dropped", 3)]);
    }
}
