//! Clients that do not read their replies.

use reqwest::Client;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::quiet::{DEADLINE, NEVER, connect, get_well, rest_of};
use super::*;
use crate::admin::{DataFile, NewApp};
use crate::http::tls::tests::{Folder, make, over_tls};
use crate::run::service::load_apps;

/// This many users with this many bytes each make a long list.
const USERS: usize = 60;
const NOTE: usize = 60_000;
/// How often the list is requested: enough replies to exceed the system's buffers.
const TIMES: usize = 4;

/// An app with many users.
struct Crowd {
    folder: tempfile::TempDir,
    api_key: String,
}

impl Crowd {
    async fn gather() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = DataFile::open(folder.path().join("passage.db"))
            .await
            .unwrap();
        let app = NewApp::new("https://shop.example").id("shop");
        let api_key = file.create_app(app).await.unwrap().api_key;
        file.close().await;
        let crowd = Self { folder, api_key };
        let server = crowd.serve(ConnectionLimits::default()).await;
        let client = Client::new();
        for number in 0..USERS {
            let email = format!("{number}@example.com");
            let user = json!({"email": email, "user_metadata": {"note": "x".repeat(NOTE)}});
            let create = client.post(format!("{}/api/v1/apps/shop/users", server.state.url));
            let create = create.bearer_auth(&crowd.api_key).json(&user);
            assert_eq!(create.send().await.unwrap().status().as_u16(), 201);
        }
        server.shutdown().await;
        crowd
    }

    async fn serve(&self, connection_limits: ConnectionLimits) -> Running {
        let data = self.folder.path().join("passage.db");
        let store = Store::open(&data).await.unwrap();
        let server = testing::start(store, RequestPolicy::default(), connection_limits).await;
        load_apps(&server.state, &Arc::default()).await.unwrap();
        server
    }

    /// Requests lists, and reads only the beginning of the first: the rest is then on its way.
    async fn ask_and_not_read(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
        let request = format!(
            "GET /api/v1/apps/shop/users?limit={USERS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
            self.api_key
        );
        let requests = request.repeat(TIMES);
        stream.write_all(requests.as_bytes()).await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
    }
}

/// Whether the lists ended early.
async fn is_cut(stream: impl AsyncRead + Unpin) -> bool {
    rest_of(stream).await < USERS * NOTE * TIMES
}

/// One connection at a time, which a client loses only through the reply timeout.
fn one_place(tls: Option<Tls>) -> ConnectionLimits {
    ConnectionLimits {
        head: NEVER,
        reply: Duration::from_millis(100),
        connections: 1,
        tls,
        ..ConnectionLimits::default()
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let crowd = Crowd::gather().await;
    let server = crowd.serve(one_place(None)).await;
    let mut stream = connect(&server).await;
    crowd.ask_and_not_read(&mut stream).await;
    let mut next = connect(&server).await;
    let well = time::timeout(DEADLINE, get_well(&mut next)).await;
    assert!(well.is_ok(), "it keeps its place");
    assert!(is_cut(stream).await);
    server.shutdown().await;
}

#[tokio::test]
async fn nor_does_it_keep_its_place_with_tls() {
    let crowd = Crowd::gather().await;
    let made = make();
    let tls = Folder::with(&made).load().unwrap();
    let server = crowd.serve(one_place(Some(tls))).await;
    let mut stream = over_tls(connect(&server).await, &[&made]).await;
    crowd.ask_and_not_read(&mut stream).await;
    let next = connect(&server).await;
    // Its handshake has to wait for the place.
    let next = time::timeout(DEADLINE, over_tls(next, &[&made])).await;
    get_well(&mut next.unwrap()).await;
    assert!(is_cut(stream).await);
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_the_server_from_stopping() {
    let crowd = Crowd::gather().await;
    let connection_limits = ConnectionLimits {
        reply: NEVER,
        drain: SOON,
        ..ConnectionLimits::default()
    };
    let server = crowd.serve(connection_limits).await;
    let mut stream = connect(&server).await;
    crowd.ask_and_not_read(&mut stream).await;
    let stopped = time::timeout(DEADLINE, server.shutdown()).await;
    assert!(stopped.is_ok(), "it never stops");
    assert!(is_cut(stream).await);
}
