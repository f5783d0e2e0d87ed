//! What a server does by itself while it runs: it takes up what commands changed in the data file and a renewed
//! certificate, and changes keys.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{self, MissedTickBehavior};

use crate::domain::apps::{App, Core};
use crate::http::tls::Certificate;
use crate::keys::{Rotation, Sealing, Wish};
use crate::run::error::StartError;
use crate::run::service::load_apps;
use crate::store;
use crate::store::StoreError;
use crate::store::signing_keys::RotationRow;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(2);

/// What the work needs.
pub(crate) struct Upkeep {
    pub(crate) core: Arc<Core>,
    pub(crate) sealing: Arc<Sealing>,
    pub(crate) rhythm: Rotation,
    /// The one of the server, if it speaks TLS itself.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The work under way. It ends when this is dropped.
pub(crate) struct AtWork(JoinHandle<()>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep_up(upkeep: Upkeep) {
    let mut rounds = time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        upkeep.round().await;
    }
}

/// The next round may fare better.
fn complain(error: &StartError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the upkeep of apps and keys failed"
    );
}

impl Upkeep {
    /// Starts to work.
    pub(crate) fn start(self) -> AtWork {
        AtWork(tokio::spawn(keep_up(self)))
    }

    /// Looks once, and does what is due. What fails for one app does not keep others from theirs.
    async fn round(&self) {
        if let Some(certificate) = &self.certificate {
            let (certificate, now) = (Arc::clone(certificate), self.core.clock.now());
            // Files may be far away. A panic shows itself, and the next round looks again.
            let _looked = spawn_blocking(move || certificate.keep_up(now)).await;
        }
        if let Err(error) = load_apps(&self.core, &self.sealing).await {
            complain(&error);
        }
        match self.asked().await {
            Ok(asked) => {
                for app in self.core.apps.all() {
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
            .core
            .store
            .read(|conn| Ok::<_, StoreError>(store::signing_keys::asked(conn)?));
        asked.await
    }

    async fn change_keys(&self, app: &App, asked: Option<&RotationRow>) -> Result<(), StartError> {
        // The first key is being made.
        if !app.keys.is_ready() {
            return Ok(());
        }
        let wish = match asked {
            None => Wish::Nothing,
            Some(asked) if asked.at_once => Wish::AtOnce,
            Some(_) => Wish::Rotate,
        };
        let (lifetime, now) = (
            app.settings.session_timeout_length,
            self.core.clock.micros(),
        );
        app.keys.keep_up(wish, self.rhythm, lifetime, now).await?;
        if let Some(asked) = asked {
            self.cross_out(asked.clone()).await?;
        }
        Ok(())
    }

    async fn cross_out(&self, rotation: RotationRow) -> Result<(), StoreError> {
        let done = self
            .core
            .store
            .write(move |conn| Ok::<_, StoreError>(store::signing_keys::done(conn, &rotation)?));
        done.await
    }
}
