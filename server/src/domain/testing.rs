//! Shared parts of the domain's tests: a server's state on a data file, without HTTP, and concurrent callers.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tempfile::TempDir;

use crate::clock::Clock;
use crate::delivery::{Delivery, Message, Outbox};
use crate::domain::apps::{App, Apps};
use crate::domain::audit::Audit;
use crate::domain::client::ClientInfo;
use crate::domain::error::{Reason, Refusal};
use crate::domain::rate_limits::RateLimits;
use crate::domain::settings::AppSettings;
use crate::domain::social::Providers;
use crate::domain::state::AppState;
use crate::keys::MacKeys;
use crate::store::apps::AppRow;
pub(crate) use crate::store::testing::CALLERS;
use crate::store::testing::together;
use crate::store::{self, Store, StoreError};

/// The state of a server with one app, on a data file. Messages stay in its outbox.
pub(crate) struct Fixture {
    pub(crate) state: Arc<AppState>,
    pub(crate) app: Arc<App>,
    outbox: Arc<Outbox>,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(AppSettings::default()).await
    }

    pub(crate) async fn with(settings: AppSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("passage.db"))
            .await
            .unwrap();
        let clock = Clock::default();
        clock.stop();
        let row = AppRow {
            id: "app".into(),
            settings: serde_json::to_string(&settings).unwrap(),
            created_at: clock.now(),
        };
        let put = {
            let row = row.clone();
            store.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &row)?))
        };
        put.await.unwrap();
        let issuer = "https://passage.example.com/auth/v1/apps/app".to_owned();
        let app = App::open(&store, row, issuer, &Arc::default(), clock.now()).await;
        let app = Arc::new(app.unwrap());
        let apps = Apps::default();
        apps.put(Arc::clone(&app));
        let outbox = Arc::new(Outbox::default());
        let state = AppState {
            url: "https://passage.example.com".to_owned(),
            store,
            clock,
            sender: Delivery::new().start(Some(Arc::clone(&outbox))).unwrap(),
            providers: Providers::default(),
            apps,
            limits: RateLimits::default(),
            successor_keys: MacKeys::random(),
            audit: Audit::default(),
        };
        Self {
            state: Arc::new(state),
            app,
            outbox,
            _folder: folder,
        }
    }

    /// The message that was sent last.
    pub(crate) fn last_message(&self) -> Message {
        self.outbox.list(None).pop().unwrap()
    }

    /// Starts a use case in this many concurrent callers, and returns their results in no particular order.
    pub(crate) async fn race<T, F>(
        &self,
        call: impl Fn(Arc<AppState>, Arc<App>) -> F,
    ) -> Vec<Result<T, Refusal>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let callers = (0..CALLERS).map(|_| call(Arc::clone(&self.state), Arc::clone(&self.app)));
        together(callers).await
    }
}

/// A client on this machine.
pub(crate) fn client() -> ClientInfo {
    ClientInfo::new(Ipv4Addr::LOCALHOST.into(), "a test")
}

/// How many of the callers succeeded, and how many were refused for the reason. All others fail the test.
pub(crate) fn count<T>(results: &[Result<T, Refusal>], reason: Reason) -> (usize, usize) {
    let refused = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .inspect(|refusal| assert_eq!(refusal.reason, reason, "{}", refusal.message))
        .count();
    (results.len() - refused, refused)
}
