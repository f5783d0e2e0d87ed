//! What a running server does on its own: it loads what commands changed in the data file, loads a renewed certificate,
//! and rotates keys.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{self, MissedTickBehavior};

use crate::domain::apps::App;
use crate::domain::state::AppState;
use crate::http::tls::Certificate;
use crate::keys::{RotationPolicy, RotationRequest, Sealing};
use crate::run::error::StartError;
use crate::run::service::load_apps;
use crate::store;
use crate::store::StoreError;
use crate::store::signing_keys::RotationRow;

/// How often it checks.
const ROUND: Duration = Duration::from_secs(2);

/// What the work needs.
pub(crate) struct Maintenance {
    pub(crate) state: Arc<AppState>,
    pub(crate) sealing: Arc<Sealing>,
    pub(crate) policy: RotationPolicy,
    /// The server's certificate, if it terminates TLS itself.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The running task. Dropping this ends it.
pub(crate) struct TaskHandle(JoinHandle<()>);

impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep_up(maintenance: Maintenance) {
    let mut rounds = time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        maintenance.round().await;
    }
}

/// Only logs: the next round may succeed.
fn complain(error: &StartError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the maintenance of apps and keys failed"
    );
}

impl Maintenance {
    /// Starts the task.
    pub(crate) fn start(self) -> TaskHandle {
        TaskHandle(tokio::spawn(keep_up(self)))
    }

    /// Checks once, and does what is due. A failure for one app does not affect the others.
    async fn round(&self) {
        if let Some(certificate) = &self.certificate {
            let (certificate, now) = (Arc::clone(certificate), self.state.clock.now().timestamp());
            // The files may be on a slow network. A panic is logged, and the next round checks again.
            let _looked = spawn_blocking(move || certificate.keep_up(now)).await;
        }
        if let Err(error) = load_apps(&self.state, &self.sealing).await {
            complain(&error);
        }
        match self.asked().await {
            Ok(asked) => {
                for app in self.state.apps.all() {
                    let asked = asked.iter().find(|asked| asked.app_id == app.id);
                    if let Err(error) = self.change_keys(&app, asked).await {
                        complain(&error);
                    }
                }
            }
            Err(error) => complain(&error.into()),
        }
    }

    async fn asked(&self) -> Result<Vec<RotationRow>, StoreError> {
        let asked = self
            .state
            .store
            .read(|tx| Ok::<_, StoreError>(store::signing_keys::asked(tx)?));
        asked.await
    }

    async fn change_keys(&self, app: &App, asked: Option<&RotationRow>) -> Result<(), StartError> {
        // The first key is still being made.
        if !app.keys.is_ready() {
            return Ok(());
        }
        let rotation = match asked {
            None => RotationRequest::Nothing,
            Some(asked) if asked.at_once => RotationRequest::AtOnce,
            Some(_) => RotationRequest::Rotate,
        };
        let (lifetime, now) = (app.settings.session_lifetime(), self.state.clock.now());
        app.keys
            .keep_up(rotation, self.policy, lifetime, now)
            .await?;
        if let Some(asked) = asked {
            self.cross_out(asked.clone()).await?;
        }
        Ok(())
    }

    async fn cross_out(&self, rotation: RotationRow) -> Result<(), StoreError> {
        let done = self
            .state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::signing_keys::done(tx, &rotation)?));
        done.await
    }
}
