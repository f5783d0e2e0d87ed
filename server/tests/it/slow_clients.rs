//! Clients that are slow, greedy or quiet: none of them keeps its place, nor the server from stopping.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use passage_server::Service;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time;
use tokio_rustls::TlsConnector;

use crate::site::{Site, TWO_APPS};
use crate::support::{Reply, client, send};

const TLS: &str = "tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n";
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

async fn get(server: &Service, path: &str) -> Reply {
    send(client().get(format!("{}{path}", server.url()))).await
}

/// Sends bytes, and returns what comes until the server closes the connection.
fn talk(server: &Service, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_greedy_clients_are_cut() {
    let site = Site::new("head_seconds = 1\nbody_seconds = 1\n");
    let server = site.start().await;
    assert_eq!(
        talk(&server, b"GET /healthz HTTP/1.1\r\nhost: a\r\n"),
        "",
        "half a head"
    );
    let half = talk(
        &server,
        b"POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{",
    );
    assert!(half.starts_with("HTTP/1.1 408 "), "{half}");
    let head = format!(
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx: {}",
        "x".repeat(17 * 1024)
    );
    let long = talk(&server, head.as_bytes());
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    server.shutdown().await;
}

#[tokio::test]
async fn only_so_many_connections_are_taken_at_the_same_time() {
    let site = Site::new("connections = 1\nhead_seconds = 1\n");
    let server = site.start().await;
    // It holds the only place until it is cut.
    let idle = tokio::net::TcpStream::connect(server.address())
        .await
        .unwrap();
    get(&server, "/healthz").await.json(200);
    drop(idle);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_connection_ends_when_the_next_request_takes_too_long() {
    let site = Site::new("head_seconds = 2\nreply_seconds = 1\n");
    let server = site.start().await;
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let mut first = Vec::new();
    stream.write_all(HEALTH).unwrap();
    while !first.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        first.extend(byte);
    }
    let quiet = Instant::now();
    stream.write_all(HEALTH).unwrap();
    let mut second = String::new();
    stream.read_to_string(&mut second).unwrap();
    // The bound of replies has no part in it.
    assert!(quiet.elapsed() >= Duration::from_millis(1900), "{second}");
    for reply in [&String::from_utf8(first).unwrap(), &second] {
        assert_eq!(reply.matches("HTTP/1.1 ").count(), 1, "{reply}");
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    }
    server.shutdown().await;
}

/// Makes a site speak TLS. Returns what its clients trust.
fn with_tls(site: &Site) -> RootCertStore {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    site.secret("cert.pem", &made.cert.pem());
    site.secret("key.pem", &made.signing_key.serialize_pem());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    roots
}

async fn over_tls(stream: tokio::net::TcpStream, roots: RootCertStore) -> impl Stream {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.unwrap()
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_handshake_that_never_begins_is_cut() {
    let site = Site::new(&format!("head_seconds = 1\n{TLS}"));
    with_tls(&site);
    let server = site.start().await;
    assert_eq!(talk(&server, b""), "");
    server.shutdown().await;
}

/// Connects with little room for replies.
async fn narrow(server: &Service) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(server.address()).await.unwrap()
}

/// How often a client that does not read asks for the list: replies to more than the system's buffers take.
const TIMES: usize = 4;

/// Fills a data file with so many users that their list is long. Returns a request for it, and the list's length.
async fn many_users(site: &Site) -> (String, usize) {
    site.configure(TWO_APPS);
    let server = site.start().await;
    let key = site.key_of("one").await;
    let url = format!("{}/api/v1/apps/one/users", server.url());
    let http = client();
    for number in 0..60 {
        let email = format!("{number}@example.com");
        let body = json!({"email": email, "user_metadata": {"note": "x".repeat(60_000)}});
        let create = http.post(&url).bearer_auth(&key).json(&body);
        send(create).await.json(201);
    }
    let list = http.get(format!("{url}?limit=60")).bearer_auth(&key);
    let length = list.send().await.unwrap().bytes().await.unwrap().len();
    drop(http);
    server.shutdown().await;
    let request = format!(
        "GET /api/v1/apps/one/users?limit=60 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    (request, length)
}

/// Asks for lists and reads but the beginning of the first, so that the rest is on its way.
async fn ask_and_not_read(stream: &mut impl Stream, request: &str) {
    let requests = request.repeat(TIMES);
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
}

/// Reads what still comes. A connection that is cut may end in an error.
async fn rest_of(mut stream: impl Stream) -> usize {
    let mut rest = Vec::new();
    let _cut = stream.read_to_end(&mut rest).await;
    rest.len()
}

#[tokio::test]
async fn a_client_that_does_not_read_its_reply_loses_its_place() {
    let site = Site::new("");
    let (request, length) = many_users(&site).await;
    // The only place, of which nothing but the bound of replies deprives it.
    let terms = format!("connections = 1\nhead_seconds = 600\nreply_seconds = 1\n{TWO_APPS}");
    site.configure(&terms);
    let server = site.start().await;
    let mut stream = narrow(&server).await;
    ask_and_not_read(&mut stream, &request).await;
    let healthy = time::timeout(Duration::from_secs(30), get(&server, "/healthz"));
    let healthy = healthy.await.expect("it keeps its place");
    healthy.json(200);
    assert!(rest_of(stream).await < TIMES * length);
    server.shutdown().await;
}

#[tokio::test]
async fn nor_does_it_keep_its_place_with_tls() {
    let site = Site::new("");
    let (request, length) = many_users(&site).await;
    let roots = with_tls(&site);
    let terms = format!("connections = 1\nhead_seconds = 600\nreply_seconds = 1\n{TLS}{TWO_APPS}");
    site.configure(&terms);
    let server = site.start().await;
    let mut stream = over_tls(narrow(&server).await, roots.clone()).await;
    ask_and_not_read(&mut stream, &request).await;
    // The handshake of the next one waits for the place.
    let next = async { over_tls(narrow(&server).await, roots).await };
    let next = time::timeout(Duration::from_secs(30), next).await;
    drop(next.expect("it keeps its place"));
    assert!(rest_of(stream).await < TIMES * length);
    server.shutdown().await;
}

/// Stops a server with a clock that runs only while everybody waits. Returns how long that took.
async fn stop(server: Service) -> Duration {
    time::pause();
    let start = time::Instant::now();
    server.shutdown().await;
    start.elapsed()
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_a_server_for_five_seconds_at_most() {
    let site = Site::new("");
    let (request, length) = many_users(&site).await;
    let server = site.start().await;
    let mut stream = narrow(&server).await;
    ask_and_not_read(&mut stream, &request).await;
    let took = stop(server).await;
    assert!(took <= Duration::from_millis(5100), "{took:?}");
    assert!(rest_of(stream).await < TIMES * length);
}

#[tokio::test]
async fn quiet_clients_do_not_keep_a_server_from_stopping() {
    for tls in [false, true] {
        let site = Site::new(if tls { TLS } else { "" });
        let roots = with_tls(&site);
        let server = site.start().await;
        let silent = narrow(&server).await;
        let mut half = narrow(&server).await;
        if tls {
            // The beginning of a handshake. (Half the head of a request is a request under way.)
            half.write_all(b"\x16\x03\x01").await.unwrap();
        }
        // Connections are taken in order: when this one has its reply, the others are in.
        let last = narrow(&server).await;
        let took = if tls {
            let last = over_tls(last, roots).await;
            stop_beside(last, server).await
        } else {
            stop_beside(last, server).await
        };
        assert!(took < Duration::from_secs(1), "tls {tls}: {took:?}");
        assert_eq!((rest_of(silent).await, rest_of(half).await), (0, 0));
        time::resume();
    }
}

/// Stops a server beside a connection that is quiet after a request.
async fn stop_beside(mut quiet: impl Stream, server: Service) -> Duration {
    quiet.write_all(HEALTH).await.unwrap();
    let mut begin = [0; 12];
    quiet.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    stop(server).await
}
