//! What is wrong with JSON that cannot be read. The library that reads it says so in texts that name Rust types and
//! repeat values, which may be secrets. Here they become facts, which each reader of JSON words for its audience.

use serde_json::Error;
use serde_json::error::Category;

/// How the text begins for a member that is not known.
const UNKNOWN: &str = "unknown field `";

/// Why JSON could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonProblem {
    /// It is no JSON.
    Syntax {
        /// What is wrong, without the place.
        problem: String,
        line: usize,
        column: usize,
    },
    /// A member is not known.
    Unknown {
        name: String,
        /// The names that are known, as a phrase.
        expected: String,
    },
    /// A member is not there.
    Missing { name: String },
    /// A member is there twice.
    Twice { name: String },
    /// A value is another than is needed.
    Value {
        /// What is needed, as the reader of the value has it.
        expected: String,
        /// What kind of value is there, as JSON has it.
        found: Option<&'static str>,
    },
    /// A text of our own.
    Other(String),
}

impl JsonProblem {
    /// What the error says.
    pub(crate) fn of(error: &Error) -> Self {
        let text = error.to_string();
        // Every text ends with its place, if it has one.
        let problem = match text.rsplit_once(" at line ") {
            Some((problem, _place)) => problem,
            None => &text,
        };
        match error.classify() {
            Category::Data => Self::of_data(problem),
            Category::Syntax | Category::Eof | Category::Io => Self::Syntax {
                problem: problem.to_owned(),
                line: error.line(),
                column: error.column(),
            },
        }
    }

    fn of_data(text: &str) -> Self {
        let bare = |name: &str| name.trim_matches('`').to_owned();
        if let Some(rest) = text.strip_prefix(UNKNOWN) {
            let (name, expected) = rest
                .rsplit_once("`, expected ")
                .unwrap_or((rest, "another"));
            return Self::Unknown {
                name: name.to_owned(),
                expected: expected.to_owned(),
            };
        }
        if let Some(name) = text.strip_prefix("missing field ") {
            return Self::Missing { name: bare(name) };
        }
        if let Some(name) = text.strip_prefix("duplicate field ") {
            return Self::Twice { name: bare(name) };
        }
        // What was found may hold these words too; what was expected does not.
        let Some((found, expected)) = text.rsplit_once(", expected ") else {
            return Self::Other(text.to_owned());
        };
        let wrong = ["invalid type: ", "invalid value: ", "invalid length "];
        let found = wrong.iter().find_map(|wrong| found.strip_prefix(wrong));
        Self::Value {
            expected: expected.to_owned(),
            found: found.and_then(kind),
        }
    }
}

/// What was found, without its value.
fn kind(found: &str) -> Option<&'static str> {
    let word = found.split([' ', ',']).next().unwrap_or_default();
    match word {
        "null" => Some("null"),
        "string" | "character" => Some("a string"),
        "boolean" => Some("a boolean"),
        "integer" | "floating" => Some("a number"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        // A length. Only arrays have a wrong one.
        word if word.parse::<usize>().is_ok() => Some("an array"),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        number: i64,
        #[allow(dead_code)]
        pair: Option<(i64, i64)>,
    }

    fn of(text: &str) -> JsonProblem {
        JsonProblem::of(&serde_json::from_str::<Sample>(text).unwrap_err())
    }

    #[test]
    fn errors_become_facts_without_values() {
        let number = |found| JsonProblem::Value {
            expected: "i64".to_owned(),
            found: Some(found),
        };
        assert_eq!(
            of(r#"{"number": "sesame, expected open at line 7"}"#),
            number("a string")
        );
        assert_eq!(of(r#"{"number": 1.5}"#), number("a number"));
        assert_eq!(of(r#"{"number": null}"#), number("null"));
        assert_eq!(of(r#"{"number": {}}"#), number("an object"));
        assert_eq!(of(r#"{"number": [1]}"#), number("an array"));
        assert_eq!(
            of(r#"{"number": 1, "pair": [1]}"#),
            JsonProblem::Value {
                expected: "a tuple of size 2".to_owned(),
                found: Some("an array"),
            }
        );
        let name = || "number".to_owned();
        assert_eq!(of("{}"), JsonProblem::Missing { name: name() });
        assert_eq!(
            of(r#"{"number": 1, "number": 2}"#),
            JsonProblem::Twice { name: name() }
        );
        assert_eq!(
            of(r#"{"numbre": 1}"#),
            JsonProblem::Unknown {
                name: "numbre".to_owned(),
                expected: "`number` or `pair`".to_owned(),
            }
        );
        assert_eq!(
            of("{\n\"number\""),
            JsonProblem::Syntax {
                problem: "EOF while parsing an object".to_owned(),
                line: 2,
                column: 8,
            }
        );
    }
}
