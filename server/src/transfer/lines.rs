//! Numbered lines of bounded length.

use std::io::{self, BufRead, Read as _};

/// Maximum length of a line, in bytes. A user with their devices takes a few hundred, with icons some thousands.
pub(super) const LONGEST: u64 = 16 * 1024 * 1024;

/// Lines of a file, one after the other.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    line: Vec<u8>,
    longest: u64,
}

/// A line, before it is parsed.
pub(super) enum Line<'a> {
    /// The text of the line, without surrounding whitespace.
    Text(&'a [u8]),
    /// The line is longer than allowed.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            line: Vec::new(),
            longest: LONGEST,
        }
    }

    /// The next line that is not blank, with its number.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        loop {
            self.line.clear();
            let mut part = (&mut self.input).take(self.longest + 1);
            if part.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let too_long = self.line.len() as u64 > self.longest && !self.line.ends_with(b"\n");
            if too_long {
                self.line = Vec::new();
                self.input.skip_until(b'\n')?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                // Some editors begin a file with a byte order mark.
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some((self.number, Line::Text(self.line.trim_ascii()))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(text);
        lines.longest = 5;
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            let text = match line {
                Line::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                Line::TooLong => None,
            };
            all.push((number, text));
        }
        all
    }

    #[test]
    fn they_are_numbered_and_blank_ones_count() {
        let text = |number, text: &str| (number, Some(text.to_owned()));
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n \n"), []);
        assert_eq!(
            lines(b"a\r\n\n  b\t\nc"),
            [text(1, "a"), text(3, "b"), text(4, "c")]
        );
        assert_eq!(lines(b"\xef\xbb\xbfab\n"), [text(1, "ab")]);
    }

    #[test]
    fn one_that_is_too_long_is_skipped() {
        let text = |number, text: &str| (number, Some(text.to_owned()));
        assert_eq!(
            lines(b"12345\n123456\n1234567890123\nab"),
            [text(1, "12345"), (2, None), (3, None), text(4, "ab")]
        );
        assert_eq!(lines(b"1234567"), [(1, None)]);
    }
}
