//! Problems of lines, worded without their values: some are secrets, and most are personal data.

use std::fmt;

use serde_path_to_error::Segment;

use crate::json_problem::JsonProblem;

/// Maximum number of invalid lines that are reported.
const LIMIT: usize = 20;
/// Maximum length of an unknown member's name that is shown, in characters.
const LONGEST_NAME: usize = 40;
/// Maximum length of a reason, in characters.
const LONGEST_REASON: usize = 1000;

/// A line of an import that was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// Its number. The first line is 1.
    pub line: u64,
    /// The invalid member, such as `devices[0].public_key`. Empty if the line as a whole is invalid.
    pub member: String,
    /// What is wrong, and what is valid. It repeats no value of the line.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.member.is_empty() { "" } else { ": " };
        write!(
            f,
            "line {}: {}{colon}{}",
            self.line, self.member, self.reason
        )
    }
}

/// The invalid lines found so far.
#[derive(Debug, Default)]
pub(crate) struct BadLines {
    found: Vec<BadLine>,
    /// The number of invalid lines: one line can have several problems.
    lines: usize,
}

impl BadLines {
    /// Whether there are so many that reading on is pointless.
    pub(super) fn full(&self) -> bool {
        self.lines >= LIMIT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Records a problem of a line.
    pub(super) fn add(&mut self, line: u64, member: impl Into<String>, reason: impl Into<String>) {
        if self.found.last().is_none_or(|last| last.line != line) {
            self.lines += 1;
        }
        // One line can have more problems than anybody reads at once.
        if self.found.len() < 5 * LIMIT {
            self.found.push(BadLine {
                line,
                member: printable(&member.into()),
                reason: printable(&reason.into()),
            });
        }
    }

    pub(crate) fn list(&self) -> &[BadLine] {
        &self.found
    }
}

/// Replaces control characters: names of metadata fields can contain anything, including terminal escape sequences.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).take(LONGEST_REASON).collect()
}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was imported")?;
        for bad in &self.found {
            write!(f, "\n{bad}")?;
        }
        if self.full() {
            write!(f, "\nand perhaps more: it was not read further")?;
        }
        Ok(())
    }
}

/// The problems of the line that is being checked.
pub(super) struct LineErrors<'a> {
    line: u64,
    all: &'a mut BadLines,
    good: bool,
}

impl<'a> LineErrors<'a> {
    pub(super) fn new(line: u64, all: &'a mut BadLines) -> Self {
        Self {
            line,
            all,
            good: true,
        }
    }

    /// Records a problem of a member.
    pub(super) fn add(&mut self, member: impl Into<String>, reason: impl Into<String>) {
        self.good = false;
        self.all.add(self.line, member, reason);
    }

    /// Records a problem of a member, if there is one.
    pub(super) fn check<T, R: Into<String>>(
        &mut self,
        member: impl Into<String>,
        result: Result<T, R>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(reason) => {
                self.add(member, reason);
                None
            }
        }
    }

    /// Records why a line could not be read.
    pub(super) fn unreadable(&mut self, error: &serde_path_to_error::Error<serde_json::Error>) {
        let mut path: Vec<&Segment> = error.path().iter().collect();
        let problem = JsonProblem::of(error.inner());
        match problem {
            // The path ends with the member, which the reason names.
            JsonProblem::Unknown { .. } => drop(path.pop()),
            // Invalid JSON has no members, but columns.
            JsonProblem::Syntax { .. } => path.clear(),
            _ => {}
        }
        let mut member = String::new();
        for segment in path {
            match segment {
                Segment::Seq { index } => member.push_str(&format!("[{index}]")),
                other if member.is_empty() => member = other.to_string(),
                other => member.push_str(&format!(".{other}")),
            }
        }
        self.add(member, reason(problem));
    }

    /// Whether no problem has been found so far.
    pub(super) fn good(&self) -> bool {
        self.good
    }
}

/// Why something could not be read, without the value that the error's own text shows.
fn reason(problem: JsonProblem) -> String {
    match problem {
        JsonProblem::Syntax {
            problem, column, ..
        } => format!("is no JSON: {problem} at column {column}"),
        JsonProblem::Unknown { name, expected } => {
            let shown: String = name.escape_debug().take(LONGEST_NAME).collect();
            format!("has the unknown member `{shown}`, expected {expected}")
        }
        JsonProblem::Missing { name } => format!("needs the member `{name}`"),
        JsonProblem::Twice { name } => format!("has the member `{name}` twice"),
        JsonProblem::Value { expected, .. } => match expected.as_str() {
            "i64" | "u64" => "must be a whole number".to_owned(),
            expected => format!("must be {expected}"),
        },
        JsonProblem::Other(text) => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::format::{AppLine, UserLine};
    use super::*;

    fn of<T: serde::de::DeserializeOwned>(line: &str) -> String {
        let mut bad = BadLines::default();
        let mut reader = serde_json::Deserializer::from_str(line);
        match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Ok(_) => panic!("{line} can be read"),
            Err(error) => LineErrors::new(7, &mut bad).unreadable(&error),
        }
        bad.list().first().unwrap().to_string()
    }

    #[test]
    fn reasons_name_the_member_and_no_value() {
        let user = |members: &str| format!(r#"{{"type":"user","app":"shop",{members}}}"#);
        for (members, expected) in [
            (r#""email":5"#, "line 7: email: must be a string"),
            (
                r#""email_verified":"sesame, expected open""#,
                "line 7: email_verified: must be a boolean",
            ),
            (
                r#""login_count":1.5"#,
                "line 7: login_count: must be a whole number",
            ),
            (
                r#""user_metadata":"sesame""#,
                "line 7: user_metadata: must be an object",
            ),
            (
                r#""user_metadata":{"a":1,"a":2}"#,
                "line 7: user_metadata: has the same member twice",
            ),
            (
                r#""email":"a@b.c","email":"d@b.c""#,
                "line 7: has the member `email` twice",
            ),
            (
                r#""devices":[{"public_key":null}]"#,
                "line 7: devices[0]: needs the member `cred_id`",
            ),
            (
                r#""devices":[{"cred_id":"AQID"}]"#,
                "line 7: devices[0]: needs the member `public_key`",
            ),
        ] {
            assert_eq!(of::<UserLine>(&user(members)), expected);
        }
        assert_eq!(
            of::<AppLine>(r#"{"type":"sesame"}"#),
            "line 7: type: must be `app` or `user`"
        );
        assert!(
            of::<UserLine>(&user(r#""devices":[{"key":1}]"#)).starts_with(
                "line 7: devices[0]: has the unknown member `key`, expected one of `id`"
            )
        );
        let broken = of::<UserLine>(r#"{"email":"sesame"#);
        assert_eq!(
            broken,
            "line 7: is no JSON: EOF while parsing a string at column 16"
        );
        let unknown = of::<UserLine>(&user(r#""emial":"sesame""#));
        assert!(
            unknown.starts_with(
                "line 7: has the unknown member `emial`, expected one of `type`, `app`"
            ),
            "{unknown}"
        );
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        let mut bad = BadLines::default();
        bad.add(1, "a\u{1b}b", format!("`\u{9b}31m\n{}`", "x".repeat(2000)));
        let text = bad.list().first().unwrap().to_string();
        assert!(
            text.starts_with("line 1: a\u{fffd}b: `\u{fffd}31m\u{fffd}x"),
            "{text}"
        );
        assert!(text.chars().count() < 1100);
    }

    #[test]
    fn it_stops_at_twenty_lines() {
        let mut bad = BadLines::default();
        for line in 1..20 {
            bad.add(line, "email", "is bad");
            bad.add(line, "phone", "is bad");
        }
        assert!(!bad.full() && !bad.to_string().contains("perhaps more"));
        bad.add(20, "email", "is bad");
        assert!(bad.full());
        let text = bad.to_string();
        assert!(text.starts_with("nothing was imported\nline 1: email: is bad\n"));
        assert!(
            text.ends_with("line 20: email: is bad\nand perhaps more: it was not read further")
        );
    }
}
