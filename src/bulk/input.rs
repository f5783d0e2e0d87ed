//! Where the rows of an import come from.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::io::AsyncBufRead;

use super::row::ImportUser;
use crate::error::{Error, ErrorKind, Result};

/// Maximum length of a line of JSON, in bytes; more would be held in memory for nothing.
const LONGEST_LINE: usize = 1024 * 1024;

/// A row with its number, or why there are no more.
pub(crate) enum Row {
    User(u64, Result<ImportUser>),
    Broken(Error),
}

/// The rows of an import, whatever they come from.
pub(super) type Input<'a> = Pin<Box<dyn Stream<Item = Row> + Send + 'a>>;

/// Rows that are users already.
pub(super) struct Rows<S> {
    rows: Pin<Box<S>>,
    number: u64,
}

impl<S> Rows<S> {
    pub(super) fn new(rows: S) -> Self {
        Self {
            rows: Box::pin(rows),
            number: 0,
        }
    }
}

impl<S> Stream for Rows<S>
where
    S: Stream<Item: Into<ImportUser>>,
{
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
        let row = ready!(self.rows.as_mut().poll_next(cx));
        Poll::Ready(row.map(|row| {
            self.number += 1;
            Row::User(self.number, Ok(row.into()))
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// Rows that are lines of JSON.
pub(crate) struct JsonLines<R> {
    reader: R,
    lines: Lines,
}

impl<R> JsonLines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            lines: Lines::default(),
        }
    }
}

impl<R: AsyncBufRead> Stream for JsonLines<Pin<Box<R>>> {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
        let this = &mut *self;
        while !this.lines.is_over {
            let read = ready!(this.reader.as_mut().poll_fill_buf(cx));
            let (used, row) = this.lines.take(read);
            this.reader.as_mut().consume(used);
            if row.is_some() {
                return Poll::Ready(row);
            }
        }
        Poll::Ready(None)
    }
}

/// For a reader that waits.
#[cfg(feature = "blocking")]
impl<R: std::io::BufRead> Iterator for JsonLines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while !self.lines.is_over {
            let (used, row) = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => self.lines.take(read),
            };
            self.reader.consume(used);
            if row.is_some() {
                return row;
            }
        }
        None
    }
}

/// Puts lines together from the pieces that a reader gives.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    is_too_long: bool,
    number: u64,
    is_over: bool,
}

impl Lines {
    /// Takes the first line of a piece, or what there is of it. Gives how many bytes that is, and
    /// the row if the line is complete.
    fn take(&mut self, read: io::Result<&[u8]>) -> (usize, Option<Row>) {
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                self.is_over = true;
                let error = Error::of(ErrorKind::Io).with_source(error);
                return (0, Some(Row::Broken(error)));
            }
        };
        self.is_over = bytes.is_empty();
        let end = memchr::memchr(b'\n', bytes);
        let length = end.unwrap_or(bytes.len());
        self.is_too_long |= self.line.len() + length > LONGEST_LINE;
        if self.is_too_long {
            self.line.clear();
        } else {
            self.line.extend(bytes.iter().take(length));
        }
        let is_rest = self.is_over && (self.is_too_long || !self.line.is_empty());
        let row = if end.is_some() || is_rest {
            self.end_line()
        } else {
            None
        };
        (length + usize::from(end.is_some()), row)
    }

    /// The complete line, unless it is blank.
    fn end_line(&mut self) -> Option<Row> {
        self.number += 1;
        let too_long = std::mem::take(&mut self.is_too_long);
        let bytes = if self.number == 1 {
            // Some programs begin a file with a byte order mark.
            self.line
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(&self.line)
        } else {
            &self.line
        };
        let user = if too_long {
            Err(Error::new(
                ErrorKind::InvalidInput,
                "the line is longer than 1 MiB",
            ))
        } else if bytes.trim_ascii().is_empty() {
            self.line.clear();
            return None;
        } else {
            ImportUser::parse(bytes)
        };
        self.line.clear();
        Some(Row::User(self.number, user))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::BufReader;

    use super::*;

    type Told = (u64, Option<String>);

    /// The row's number, and what is wrong with it.
    fn told(row: Row) -> Told {
        match row {
            Row::User(number, user) => (number, user.err().map(|error| error.to_string())),
            Row::Broken(error) => (0, Some(error.to_string())),
        }
    }

    async fn read(reader: impl AsyncBufRead) -> Vec<Told> {
        let mut lines = JsonLines::new(Box::pin(reader));
        let mut rows = Vec::new();
        while let Some(row) = poll_fn(|cx| Pin::new(&mut lines).poll_next(cx)).await {
            rows.push(told(row));
        }
        rows
    }

    #[tokio::test]
    async fn lines_of_every_kind() {
        let text = "\u{feff}{\"email\":\"a@b.c\"}\r\n\n  \t\r\nx\n{\"phone\":\"+15005550006\"}";
        let bad = Some("the line is not JSON (column 1)".to_owned());
        let rows = [(1, None), (4, bad), (5, None)];
        assert_eq!(read(text.as_bytes()).await, rows);
        // However small the pieces are that the reader gives.
        for capacity in [1, 2, 7, 64] {
            let pieces = BufReader::with_capacity(capacity, text.as_bytes());
            assert_eq!(read(pieces).await, rows, "{capacity}");
            #[cfg(feature = "blocking")]
            {
                let pieces = io::BufReader::with_capacity(capacity, text.as_bytes());
                let waited: Vec<_> = JsonLines::new(pieces).map(told).collect();
                assert_eq!(waited, rows, "{capacity}");
            }
        }
        assert_eq!(read(format!("{text}\n").as_bytes()).await, rows);
        assert_eq!(read(&b""[..]).await, []);
        assert_eq!(read(&b"\n\n"[..]).await, []);
    }

    #[tokio::test]
    async fn an_endless_line_is_not_held() {
        let long = format!(
            "{}\n{{\"email\":\"a@b.c\"}}\n{}",
            "x".repeat(LONGEST_LINE + 1),
            "y".repeat(3 * LONGEST_LINE)
        );
        let mut lines = JsonLines::new(Box::pin(BufReader::new(long.as_bytes())));
        let mut problems = Vec::new();
        while let Some(Row::User(line, user)) =
            poll_fn(|cx| Pin::new(&mut lines).poll_next(cx)).await
        {
            assert!(lines.lines.line.capacity() <= 2 * LONGEST_LINE);
            problems.push((line, user.err().map(|error| error.to_string())));
        }
        let too_long = Some("the line is longer than 1 MiB".to_owned());
        assert_eq!(problems, [(1, too_long.clone()), (2, None), (3, too_long)]);
        let just = format!("{{\"email\":\"a@b.c\"}}{}", " ".repeat(LONGEST_LINE - 17));
        assert_eq!(just.len(), LONGEST_LINE);
        assert_eq!(read(just.as_bytes()).await, [(1, None)]);
    }

    #[tokio::test]
    async fn a_reader_that_fails_ends_the_rows() {
        use tokio::io::AsyncReadExt;

        struct Fails;
        impl tokio::io::AsyncRead for Fails {
            fn poll_read(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: &mut tokio::io::ReadBuf<'_>,
            ) -> Poll<std::io::Result<()>> {
                Poll::Ready(Err(std::io::Error::other("the disk is gone")))
            }
        }
        let reader = BufReader::new((&b"{\"email\":\"a@b.c\"}\n{"[..]).chain(Fails));
        let broken = Some("reading the input or writing the output failed".to_owned());
        assert_eq!(read(reader).await, [(1, None), (0, broken)]);
    }

    #[cfg(feature = "blocking")]
    #[test]
    fn a_read_that_was_interrupted_is_made_again() {
        use std::io::Read;

        /// Each second read is interrupted, and the last one fails.
        struct Fitful(&'static [u8], bool);
        impl Read for Fitful {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                let read = self.0.read(buffer)?;
                match read {
                    0 => Err(io::Error::other("the disk is gone")),
                    _ => Ok(read),
                }
            }
        }
        let input = Fitful(b"{\"email\":\"a@b.c\"}\nx\n{", false);
        let rows: Vec<_> = JsonLines::new(io::BufReader::with_capacity(3, input))
            .map(told)
            .collect();
        let bad = Some("the line is not JSON (column 1)".to_owned());
        let broken = Some("reading the input or writing the output failed".to_owned());
        assert_eq!(rows, [(1, None), (2, bad), (0, broken)]);
    }
}
