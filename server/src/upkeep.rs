//! What a server does by itself while it runs: it takes up what commands changed in the data file, and changes keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};

use crate::core::Core;
use crate::error::StartError;
use crate::keys::{Rotation, Sealing, Wish};
use crate::service::load_apps;
use crate::store::StoreError;
use crate::store::signing_keys::{self, RotationRow};

/// How often it looks.
const ROUND: Duration = Duration::from_secs(2);

/// What the work needs.
pub(crate) struct Upkeep {
    pub(crate) core: Arc<Core>,
    pub(crate) sealing: Arc<Sealing>,
    pub(crate) rhythm: Rotation,
}

/// Works until it is aborted.
pub(crate) async fn keep_up(upkeep: Upkeep) {
    let mut rounds = time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = upkeep.round().await {
            // The next round may fare better.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the upkeep of apps and keys failed"
            );
        }
    }
}

impl Upkeep {
    /// Looks once, and does what is due.
    pub(crate) async fn round(&self) -> Result<(), StartError> {
        load_apps(&self.core, &self.sealing).await?;
        let asked = self.core.store.read(|conn| {
            Box::pin(async move { Ok::<_, StoreError>(signing_keys::asked(conn).await?) })
        });
        let asked = asked.await?;
        let now = self.core.clock.micros();
        for app in self.core.apps.all() {
            // The first key is being made.
            if !app.keys.is_ready() {
                continue;
            }
            let asked = asked.iter().find(|asked| asked.app_id == app.id);
            let wish = match asked {
                None => Wish::Nothing,
                Some(asked) if asked.at_once => Wish::AtOnce,
                Some(_) => Wish::Rotate,
            };
            let lifetime = app.settings.session_timeout_length;
            app.keys.keep_up(wish, self.rhythm, lifetime, now).await?;
            if let Some(asked) = asked {
                self.cross_out(asked.clone()).await?;
            }
        }
        Ok(())
    }

    async fn cross_out(&self, rotation: RotationRow) -> Result<(), StoreError> {
        let done = self.core.store.write(move |conn| {
            Box::pin(async move { Ok::<_, StoreError>(signing_keys::done(conn, &rotation).await?) })
        });
        done.await
    }
}
