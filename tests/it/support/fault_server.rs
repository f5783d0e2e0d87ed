//! A server of raw sockets that answers as it is told, however wrong that is.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// How fast drips follow each other.
const DRIP: Duration = Duration::from_millis(1);
/// Small, so that what the server could write is about what the client has read.
const SEND_BUFFER: u32 = 64 * 1024;

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, as fast as they are taken.
    Flood(Vec<u8>),
    /// Sends these bytes again and again, slowly.
    Drip(Vec<u8>),
    /// Does nothing until the client hangs up.
    Stall,
    /// Hangs up.
    Close,
    /// Hangs up with a reset.
    Reset,
}

/// Done with one request, in order. The connection stays open after the last step.
pub(crate) type Reply = Vec<Step>;

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<Reply>,
    /// For when no other is left.
    last: Reply,
    connections: u32,
    requests: Vec<Vec<u8>>,
    sent: u64,
}

/// What came of the connections so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: u32,
    pub(crate) requests: Vec<Vec<u8>>,
    /// Bytes that could be written.
    pub(crate) sent: u64,
}

/// The server. It takes connections until it is dropped.
pub(crate) struct FaultServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// How many connections are being served, rather than waiting for a request.
    busy: watch::Receiver<u32>,
    task: tokio::task::JoinHandle<()>,
}

impl FaultServer {
    /// Answers each request with the next reply, and the last one again and again. With `unread`
    /// it does so before reading a request.
    pub(crate) fn start(replies: Vec<Reply>, unread: bool) -> Self {
        let listener = listener().unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            last: replies.last().cloned().unwrap_or_default(),
            replies: replies.into(),
            ..State::default()
        }));
        let (count, busy) = watch::channel(0);
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let connections = &mut tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                count.send_modify(|busy| *busy += 1);
                let connection = Connection {
                    state: Arc::clone(&shared),
                    count: count.clone(),
                    stream,
                };
                connections.spawn(async move {
                    // A client that hangs up is what many replies lead to.
                    let _ = connection.serve(unread).await;
                });
            }
        });
        Self {
            address,
            state,
            busy,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until every reply that was begun has ended, and gives what came since the last time.
    pub(crate) async fn settle(&mut self) -> Seen {
        self.busy.wait_for(|busy| *busy == 0).await.unwrap();
        let mut state = lock(&self.state);
        Seen {
            connections: std::mem::take(&mut state.connections),
            requests: std::mem::take(&mut state.requests),
            sent: std::mem::take(&mut state.sent),
        }
    }

    /// Answers the next requests with these, before the last one again.
    pub(crate) fn answer(&self, replies: Vec<Reply>) {
        lock(&self.state).replies = replies.into();
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listener() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(64)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Connection {
    state: Arc<Mutex<State>>,
    count: watch::Sender<u32>,
    stream: TcpStream,
}

impl Connection {
    async fn serve(mut self, unread: bool) -> io::Result<()> {
        if unread {
            let _busy = Busy(self.count.clone());
            return self.act().await;
        }
        loop {
            // Busy from the first request on, and idle between two of them.
            let busy = Busy(self.count.clone());
            let request = self.request().await?;
            lock(&self.state).requests.push(request);
            self.act().await?;
            drop(busy);
            self.stream.readable().await?;
            self.count.send_modify(|busy| *busy += 1);
        }
    }

    /// One request with its body.
    async fn request(&mut self) -> io::Result<Vec<u8>> {
        let mut request = Vec::new();
        loop {
            if let Some(end) = find(&request, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if request.len() >= end + 4 + length {
                    return Ok(request);
                }
            }
            if self.stream.read_buf(&mut request).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn act(&mut self) -> io::Result<()> {
        let reply = {
            let mut state = lock(&self.state);
            state.replies.pop_front().unwrap_or(state.last.clone())
        };
        for step in reply {
            match step {
                Step::Send(bytes) => self.send(&bytes).await?,
                Step::Flood(bytes) => loop {
                    self.send(&bytes).await?;
                },
                Step::Drip(bytes) => {
                    let mut pace = tokio::time::interval(DRIP);
                    loop {
                        pace.tick().await;
                        self.send(&bytes).await?;
                    }
                }
                Step::Stall => while self.stream.read(&mut [0; 64]).await? > 0 {},
                Step::Close => return Err(io::ErrorKind::ConnectionAborted.into()),
                Step::Reset => {
                    self.stream.set_zero_linger()?;
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let sent = self.stream.write(bytes).await?;
            lock(&self.state).sent += sent as u64;
            bytes = &bytes[sent..];
        }
        Ok(())
    }
}

/// Counts down when a reply has ended, however it did.
struct Busy(watch::Sender<u32>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy -= 1);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
