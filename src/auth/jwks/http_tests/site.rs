//! A site on the loopback address that answers as it is told, well or badly.
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};

/// What a request is answered with, once the gate lets it through.
#[derive(Clone)]
pub(super) enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, then nothing, and no end.
    Hang(Vec<u8>),
    /// The first bytes, then the second ones again and again, each time a step is allowed.
    Repeat(Vec<u8>, Vec<u8>),
}

pub(super) struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    answer: Mutex<Answer>,
    /// The heads of all requests.
    heads: Mutex<Vec<String>>,
    gate: Semaphore,
    steps: Semaphore,
    /// One for each request that came in.
    asked: Semaphore,
    /// One for each connection that the client ended before its answer did.
    left: Semaphore,
}

/// An answer that is as it should be, but for what the arguments say.
pub(super) fn reply(status: &str, fields: &[&str], body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let length = format!("content-length: {}", body.len());
    Answer::Bytes([head(status, &[fields, &[&length]].concat()), body.to_vec()].concat())
}

pub(super) fn head(status: &str, fields: &[&str]) -> Vec<u8> {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{fields}\r\n").into()
}

impl Site {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            heads: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            steps: Semaphore::new(0),
            asked: Semaphore::new(0),
            left: Semaphore::new(0),
        });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(Arc::clone(&serving), stream));
            }
        });
        Self {
            address,
            shared,
            accepting: accepting.abort_handle(),
        }
    }

    pub(super) fn url(&self, path: &str) -> reqwest::Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// From now on this is the answer.
    pub(super) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// From now on requests wait for their answer.
    pub(super) fn close_gate(&self) {
        self.shared.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets so many requests through.
    pub(super) fn open_gate(&self, requests: usize) {
        self.shared.gate.add_permits(requests);
    }

    pub(super) fn step(&self, steps: usize) {
        self.shared.steps.add_permits(steps);
    }

    /// Waits for a request that was not waited for yet.
    pub(super) async fn asked(&self) {
        self.shared.asked.acquire().await.unwrap().forget();
    }

    /// Waits for a client to go away before its answer ended.
    pub(super) async fn left(&self) {
        self.shared.left.acquire().await.unwrap().forget();
    }

    pub(super) fn hits(&self) -> usize {
        self.shared.heads.lock().unwrap().len()
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(shared: Arc<Shared>, mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(request).unwrap();
    shared.heads.lock().unwrap().push(head);
    shared.asked.add_permits(1);
    shared.gate.acquire().await.unwrap().forget();
    let answer = shared.answer.lock().unwrap().clone();
    match answer {
        Answer::Bytes(bytes) => {
            // A client that has seen enough may be gone already.
            let _ = stream.write_all(&bytes).await;
            return;
        }
        Answer::Hang(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            // The client has nothing more to say: this ends when it goes away.
            let _ = stream.read_u8().await;
        }
        Answer::Repeat(first, again) => {
            stream.write_all(&first).await.unwrap();
            loop {
                shared.steps.acquire().await.unwrap().forget();
                if stream.write_all(&again).await.is_err() {
                    break;
                }
            }
        }
    }
    shared.left.add_permits(1);
}
