//! Accepting connections, and letting go of them.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

use super::entry::Entry;
use super::visitor::Peer;

/// How long a stopping server waits for the requests that are under way.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to wait when a connection cannot be accepted, as happens when the process is out of file handles.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until told to stop, then lets the requests under way finish. Aborting this drops every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    entry: Arc<Entry>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    connections.spawn(connection(stream, peer, Arc::clone(&entry), stop.clone()));
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
    if time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("some requests took too long to finish");
    }
}

/// Returns when the server is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the server was dropped, which is as good a reason.
    let _dropped = stop.wait_for(|stop| *stop).await;
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    entry: Arc<Entry>,
    mut stop: watch::Receiver<bool>,
) {
    // A reply is one write: waiting to fill a packet only adds delay. Failing to say so costs nothing more.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(|mut request| {
        request.extensions_mut().insert(peer);
        let entry = Arc::clone(&entry);
        async move { entry.handle(request).await }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away, and faults cut connections: neither is a failure of the server.
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
    }
}
