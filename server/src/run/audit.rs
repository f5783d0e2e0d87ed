//! The task that stores refusals, deletes expired rows of the audit log and logs new ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{self, MissedTickBehavior};

use crate::domain::audit;
use crate::domain::state::AppState;
use crate::store::StoreError;

/// How long a refusal waits at most.
const ROUND: Duration = Duration::from_secs(1);

/// The running task. Dropping this ends it.
pub(super) struct AuditTask(JoinHandle<()>);

impl Drop for AuditTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl AuditTask {
    pub(super) fn start(state: Arc<AppState>) -> Self {
        Self(tokio::spawn(keep_up(state)))
    }
}

async fn keep_up(state: Arc<AppState>) {
    let mut rounds = time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        round(&state, false).await;
    }
}

/// Only logs a failure: the next round may succeed.
pub(super) async fn round(state: &AppState, last: bool) {
    match audit::round(state, last).await {
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "the audit log cannot be written"
        ),
    }
}
