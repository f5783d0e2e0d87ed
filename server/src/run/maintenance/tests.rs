//! A round of maintenance.

use reqwest::Client;

use super::*;
use crate::admin::{DataFile, NewApp};
use crate::http::entry::RequestPolicy;
use crate::http::serve::ConnectionLimits;
use crate::run::running::testing;
use crate::store::Store;

#[tokio::test]
async fn a_running_server_takes_up_the_apps_that_commands_make() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let store = Store::open(&data).await.unwrap();
    let server = testing::start(store, RequestPolicy::default(), ConnectionLimits::default()).await;
    let maintenance = Maintenance {
        state: Arc::clone(&server.state),
        sealing: Arc::default(),
        policy: RotationPolicy::new(None, Duration::ZERO),
        certificate: None,
    };

    let file = DataFile::open(&data).await.unwrap();
    let app = NewApp::new("https://new.example").id("new");
    let created = file.create_app(app.clone()).await.unwrap();
    let again = file.create_app(app).await.unwrap_err().to_string();
    assert_eq!(again, "app `new` already exists");
    assert!(!format!("{created:?}").contains(&created.api_key));
    file.close().await;

    let status = async || {
        let url = format!("{}/api/v1/apps/new/users", server.state.url);
        let request = Client::new().get(url).bearer_auth(&created.api_key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status().await, 404);
    maintenance.round().await;
    assert_eq!(status().await, 200);
    server.shutdown().await;
}
