//! A load generator that costs little itself: HTTP/1.1 by hand over connections that stay open.

use std::time::{Duration, Instant};

use passage_benches::Failure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// A connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    pub(crate) async fn open(host: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: host.to_owned(),
            buffer: Vec::new(),
        })
    }

    /// Sends a request and returns the body of the reply, which must have this status.
    pub(crate) async fn call(
        &mut self,
        request: &Request<'_>,
        status: u16,
    ) -> Result<String, Failure> {
        let Request {
            target,
            token,
            body,
        } = request;
        let mut text = format!("{target} HTTP/1.1\r\nhost: {}\r\n", self.host);
        if let Some(token) = token {
            text.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        if body.is_empty() {
            text.push_str("\r\n");
        } else {
            let length = body.len();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ));
        }
        self.stream.write_all(text.as_bytes()).await?;
        let (answered, body) = self.read().await?;
        if answered == status {
            Ok(body)
        } else {
            Err(format!("{target} answered {answered}: {body}").into())
        }
    }

    async fn read(&mut self) -> Result<(u16, String), Failure> {
        const END: &[u8] = b"\r\n\r\n";
        let head = loop {
            let end = self.buffer.windows(END.len()).position(|it| it == END);
            if let Some(end) = end {
                break end + END.len();
            }
            self.more().await?;
        };
        let head = self.take(head).await?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let body = match length {
            Some(length) => self.take(length.trim().parse()?).await?,
            None => self.chunks().await?,
        };
        Ok((status, body))
    }

    /// A body in chunks, as the peer sends it.
    async fn chunks(&mut self) -> Result<String, Failure> {
        let mut body = String::new();
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|it| it == b"\r\n") {
                    Some(end) => break end + 2,
                    None => self.more().await?,
                }
            };
            let length = usize::from_str_radix(self.take(line).await?.trim(), 16)?;
            let chunk = self.take(length + 2).await?;
            if length == 0 {
                return Ok(body);
            }
            body.push_str(chunk.trim_end_matches("\r\n"));
        }
    }

    /// So many bytes of what comes.
    async fn take(&mut self, length: usize) -> Result<String, Failure> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        let rest = self.buffer.split_off(length);
        let taken = std::mem::replace(&mut self.buffer, rest);
        Ok(String::from_utf8(taken)?)
    }

    async fn more(&mut self) -> Result<(), Failure> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// A request to send.
pub(crate) struct Request<'a> {
    /// Method and path.
    pub(crate) target: &'a str,
    /// What goes into the `Authorization` header.
    pub(crate) token: Option<&'a str>,
    /// JSON, or nothing.
    pub(crate) body: &'a str,
}

/// One client: what it does again and again.
pub(crate) trait Client: Send + 'static {
    /// Makes one request.
    fn step(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What a time of load came to.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    /// Requests that were answered.
    pub(crate) requests: u32,
    /// How long it took.
    pub(crate) wall: Duration,
    /// CPU time that the server used.
    pub(crate) cpu: Duration,
}

impl Measured {
    /// Requests per second.
    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.requests) / self.wall.as_secs_f64()
    }

    /// Microseconds of the server's CPU time for a request.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.requests)
    }
}

/// A runtime on one thread, which leaves the rest of the machine to the server.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Lets the clients work at once for a time, and returns them.
pub(crate) async fn run<C: Client>(
    clients: Vec<C>,
    length: Duration,
    cpu_time: impl Fn() -> Result<Duration, Failure>,
) -> Result<(Vec<C>, Measured), Failure> {
    let (before, begun) = (cpu_time()?, Instant::now());
    let end = begun + length;
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            let mut requests = 0;
            while Instant::now() < end {
                // A `Failure` cannot leave the task, its text can.
                client.step().await.map_err(|error| error.to_string())?;
                requests += 1;
            }
            Ok::<_, String>((client, requests))
        });
    }
    let (mut clients, mut requests) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (client, count) = done??;
        clients.push(client);
        requests += count;
    }
    let measured = Measured {
        requests,
        wall: begun.elapsed(),
        cpu: cpu_time()?.saturating_sub(before),
    };
    Ok((clients, measured))
}
