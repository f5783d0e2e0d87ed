//! Accepting connections, and closing them.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;
use tower::{Service, ServiceExt as _};

use super::write_timeout::WriteTimeout;
use crate::domain::client::Peer;
use crate::http::tls::Tls;

/// How long to wait when a connection cannot be accepted, for example because the process is out of file handles.
const PAUSE: Duration = Duration::from_millis(50);
/// Maximum size of a request's head, in bytes.
const HEAD_LIMIT: usize = 16 * 1024;

/// How connections are accepted.
#[derive(Clone)]
pub(crate) struct ConnectionLimits {
    /// Time limit for the head of a request, counted from the previous reply; for the first request it includes the TLS
    /// handshake.
    pub(crate) head: Duration,
    /// How long a reply waits for a client that does not read.
    pub(crate) reply: Duration,
    /// Maximum number of simultaneous connections. Further ones wait to be accepted.
    pub(crate) connections: usize,
    /// How long a stopping server waits for running requests.
    pub(crate) drain: Duration,
    pub(crate) tls: Option<Tls>,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            reply: Duration::from_secs(30),
            connections: 4096,
            drain: Duration::from_secs(5),
            tls: None,
        }
    }
}

/// An address cannot be listened on.
#[derive(Debug)]
pub(crate) struct BindError {
    address: SocketAddr,
    source: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}", self.address)
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Listens on an address, and returns the actual address.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = match TcpListener::bind(address).await {
        Ok(listener) => listener.local_addr().map(|address| (listener, address)),
        Err(error) => Err(error),
    };
    bound.map_err(|source| BindError { address, source })
}

/// Answers the requests of all connections. If it fails, the connection is closed without a reply.
pub(crate) trait Answer:
    Service<Request<Body>, Response = Response, Error: Error + Send + Sync + 'static, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Answer for S where
    S: Service<
            Request<Body>,
            Response = Response,
            Error: Error + Send + Sync + 'static,
            Future: Send,
        > + Clone
        + Send
        + 'static
{
}

/// Serves until told to stop, then lets running requests finish. Aborting this drops all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    answer: impl Answer,
    connection_limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < connection_limits.connections => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    connections.spawn(connect(stream, peer, answer.clone(), connection_limits.clone(), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a connection was not accepted");
                    time::sleep(PAUSE).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
            () = stopped(&mut stop) => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if time::timeout(connection_limits.drain, drained)
        .await
        .is_err()
    {
        tracing::warn!("some requests took too long to finish");
    }
}

/// Returns when the server is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the server was dropped, so it stops as well.
    let _dropped = stop.wait_for(|stop| *stop).await;
}

async fn connect(
    stream: TcpStream,
    peer: Peer,
    answer: impl Answer,
    connection_limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    // A reply is one write: waiting to fill a packet only adds delay. If this fails, replies are just slower.
    let _slower = stream.set_nodelay(true);
    // The timeout is below TLS, where it sees only what waits for the client.
    let stream = WriteTimeout::new(stream, connection_limits.reply);
    let Some(tls) = &connection_limits.tls else {
        return connection(stream, peer, answer, connection_limits.head, stop).await;
    };
    let handshake = time::timeout(connection_limits.head, tls.acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        // There is no running request that a stopping server would wait for.
        () = stopped(&mut stop) => return,
    };
    match shaken {
        Ok(Ok(stream)) => connection(stream, peer, answer, connection_limits.head, stop).await,
        Ok(Err(error)) => tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a TLS handshake failed"
        ),
        Err(_elapsed) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    peer: Peer,
    answer: impl Answer,
    head: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        answer.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients disconnect, and faults cut connections: neither is a failure of the server.
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
    }
}
