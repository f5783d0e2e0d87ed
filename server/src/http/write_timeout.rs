//! A timeout for clients that do not read their replies.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{self, Sleep};

/// A stream that fails when a pending write makes no progress for too long.
///
/// Only a pending write is timed: a connection with nothing to write may stay idle. Flushing and closing are not timed,
/// since neither waits with TCP.
pub(super) struct WriteTimeout<S> {
    stream: S,
    patience: Duration,
    /// The timeout of the pending write. Most writes never wait, so it is only created when one does.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            waiting: None,
        }
    }

    fn bound(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(time::sleep(patience)));
        waiting.as_mut().poll(context).map(|()| {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client does not read",
            ))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bound(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bound(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);
    const ALMOST: Duration = Duration::from_secs(29);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (ours, _theirs) = duplex(16);
        let mut ours = WriteTimeout::new(ours, PATIENCE);
        let start = Instant::now();
        let error = ours.write_all(&[1; 17]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_gathered_write_is_bounded_too() {
        let (ours, _theirs) = duplex(4);
        let mut ours = WriteTimeout::new(ours, PATIENCE);
        let slices = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        // Some streams accept only the first slice.
        let mut written = 0;
        let error = loop {
            match ours.write_vectored(&slices).await {
                Ok(more) => written += more,
                Err(error) => break error,
            }
        };
        assert_eq!((written, error.kind()), (4, io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_a_little_now_and_then_gets_it_all() {
        let (ours, mut theirs) = duplex(1);
        let mut ours = WriteTimeout::new(ours, PATIENCE);
        let start = Instant::now();
        let reading = async {
            let mut got = Vec::new();
            for _ in 0..10 {
                time::sleep(ALMOST).await;
                got.push(theirs.read_u8().await?);
            }
            io::Result::Ok(got)
        };
        let both = tokio::try_join!(ours.write_all(b"0123456789"), reading);
        let ((), got) = both.unwrap();
        assert_eq!(got, b"0123456789");
        assert_eq!(start.elapsed(), 10 * ALMOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_connection_is_not_timed() {
        let (ours, mut theirs) = duplex(1);
        let mut ours = WriteTimeout::new(ours, PATIENCE);
        // The first write waits for a while, and is over before the quiet begins.
        let (sent, _slow) = tokio::join!(ours.write_all(b"ab"), async {
            time::sleep(ALMOST).await;
            theirs.read_u8().await.unwrap()
        });
        sent.unwrap();
        assert_eq!(theirs.read_u8().await.unwrap(), b'b');
        let hour = Duration::from_secs(3600);
        assert!(time::timeout(hour, ours.read_u8()).await.is_err());
        ours.write_all(b"c").await.unwrap();
        assert_eq!(theirs.read_u8().await.unwrap(), b'c');
        theirs.write_all(b"d").await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), b'd');
    }
}
