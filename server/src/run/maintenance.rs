//! What a server does by itself while it runs: it loads what commands changed in the data file and a renewed
//! certificate, and changes keys.

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

/// How often it looks.
const ROUND: Duration = Duration::from_secs(2);

/// What the work needs.
pub(crate) struct Maintenance {
    pub(crate) state: Arc<AppState>,
    pub(crate) sealing: Arc<Sealing>,
    pub(crate) policy: RotationPolicy,
    /// The one of the server, if it speaks TLS itself.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The work under way. It ends when this is dropped.
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

/// The next round may fare better.
fn complain(error: &StartError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the maintenance of apps and keys failed"
    );
}

impl Maintenance {
    /// Starts to work.
    pub(crate) fn start(self) -> TaskHandle {
        TaskHandle(tokio::spawn(keep_up(self)))
    }

    /// Looks once, and does what is due. What fails for one app does not keep others from theirs.
    async fn round(&self) {
        if let Some(certificate) = &self.certificate {
            let (certificate, now) = (Arc::clone(certificate), self.state.clock.now().timestamp());
            // Files may be far away. A panic shows itself, and the next round looks again.
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
        // The first key is being made.
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
