//! Why JSON cannot be read. The errors of the JSON library name Rust types and repeat values, which may be secrets.
//! Here they become facts, which each caller words for its own audience.

use serde_json::Error;
use serde_json::error::Category;

/// How the text for an unknown member begins.
const UNKNOWN: &str = "unknown field `";

/// Why JSON could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonProblem {
    /// It is not valid JSON.
    Syntax {
        /// What is wrong, without the position.
        problem: String,
        line: usize,
        column: usize,
    },
    /// A member is unknown.
    Unknown {
        name: String,
        /// The known names, as a phrase.
        expected: String,
    },
    /// A member is missing.
    Missing { name: String },
    /// A member is present twice.
    Twice { name: String },
    /// A value is not what is expected.
    Value {
        /// What is expected, as the reader of the value describes it.
        expected: String,
        /// The JSON type of the value.
        found: Option<&'static str>,
    },
    /// A text of our own.
    Other(String),
}

impl JsonProblem {
    /// The facts in the error.
    pub(crate) fn of(error: &Error) -> Self {
        let text = error.to_string();
        // Every text ends with its position, if it has one.
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
        // The description of the found value may contain these words too; the expected one does not.
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

/// The type of the found value, without the value.
fn kind(found: &str) -> Option<&'static str> {
    let word = found.split([' ', ',']).next().unwrap_or_default();
    match word {
        "null" => Some("null"),
        "string" | "character" => Some("a string"),
        "boolean" => Some("a boolean"),
        "integer" | "floating" => Some("a number"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        // A length. Only arrays can have a wrong one.
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
