//! YAML 1.2.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// No line goes beyond it, if its words allow.
const WIDTH: usize = 98;
/// A longer text is folded.
const LONGEST_INLINE: usize = 72;
/// What YAML 1.1 takes for booleans. Other programs that read the documents may still do so.
const OLD_BOOLEANS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];

/// Reads a document. Only `true` and `false` are booleans: a layout has a property called `y`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

/// Writes a document in the one form that the vendored documents have: block style, members in the
/// order of `document`, long texts folded so that a changed word changes a few lines.
pub(crate) fn write(document: &Value) -> Result<String, String> {
    let mut out = String::new();
    match document {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, members, 0, false),
        _ => return Err("is no mapping".to_owned()),
    }
    // What a text needs is for the parser to say, so it has the last word.
    match parse::<Value>(&out) {
        Ok(read) if read == *document => Ok(out),
        _ => Err("holds something that cannot be written as YAML".to_owned()),
    }
}

/// `inline`: the first line goes on where `out` ends, behind a dash.
fn mapping(out: &mut String, members: &Map<String, Value>, indent: usize, inline: bool) {
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 || !inline {
            spaces(out, indent);
        }
        out.push_str(&scalar(key));
        out.push(':');
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                mapping(out, members, indent + 2, false);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                sequence(out, items, indent + 2, false);
            }
            leaf => self::leaf(out, leaf, indent),
        }
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize, inline: bool) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !inline {
            spaces(out, indent);
        }
        out.push('-');
        match item {
            Value::Object(members) if !members.is_empty() => {
                out.push(' ');
                mapping(out, members, indent + 2, true);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push(' ');
                sequence(out, items, indent + 2, true);
            }
            leaf => self::leaf(out, leaf, indent),
        }
    }
}

/// The rest of a line, and the lines below that belong to it.
fn leaf(out: &mut String, value: &Value, indent: usize) {
    out.push(' ');
    match value {
        Value::String(text) if is_literal(text) => {
            out.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
            for line in text.lines() {
                if !line.is_empty() {
                    spaces(out, indent + 2);
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        Value::String(text) if is_foldable(text) => {
            out.push_str(">-\n");
            fold(out, text, indent + 2);
        }
        Value::String(text) => {
            out.push_str(&scalar(text));
            out.push('\n');
        }
        // JSON is YAML: numbers, `true`, `null`, `[]` and `{}`.
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| c == '\n' || !is_special(c))
}

fn is_foldable(text: &str) -> bool {
    text.chars().count() > LONGEST_INLINE
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.chars().any(is_special)
}

fn fold(out: &mut String, text: &str, indent: usize) {
    let mut width = 0;
    // Only a lone space may become the end of a line.
    for word in words(text) {
        let length = word.chars().count();
        if width > 0 && width + 1 + length <= WIDTH {
            out.push(' ');
            width += 1 + length;
        } else {
            if width > 0 {
                out.push('\n');
            }
            spaces(out, indent);
            width = indent + length;
        }
        out.push_str(word);
    }
    out.push('\n');
}

/// The parts between lone spaces.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut last) = (0, ' ');
    let mut places = text.char_indices().peekable();
    while let Some((at, c)) = places.next() {
        let next = places.peek().map_or(' ', |(_, c)| *c);
        if c == ' ' && last != ' ' && next != ' ' {
            words.extend(text.get(start..at));
            start = at + 1;
        }
        last = c;
    }
    words.extend(text.get(start..));
    words
}

/// A key or a text on one line, quoted only where it would be read as something else without.
fn scalar(text: &str) -> String {
    if text.chars().any(is_special) {
        return quoted(text);
    }
    // What needs no parser to tell: no word that means something else is longer than `false`, ..
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let plain = text.len() > 5 && text.starts_with(char::is_alphabetic) && text.chars().all(word);
    // .. and a comment or a mapping always does.
    let other = text.starts_with('#') || text.contains(": ") || text.contains(" #");
    if plain || !other && reads_as_itself(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Without quotes, as a text and as a key.
fn reads_as_itself(text: &str) -> bool {
    !OLD_BOOLEANS.contains(&text.to_lowercase().as_str())
        && parse::<Value>(&format!("- {text}\n- {text}: v\n"))
            .is_ok_and(|read| read == json!([text, {text: "v"}]))
}

/// Not to be written as it is.
fn is_special(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        if is_special(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn short_words_stay_words() {
        let value: Value = parse("required: [x, y, n, on, 'true', true]").unwrap();
        assert_eq!(
            value,
            json!({"required": ["x", "y", "n", "on", "true", true]})
        );
    }

    #[test]
    fn the_vendored_documents_are_in_this_form() {
        for api in ["management", "auth"] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/");
            let text = std::fs::read_to_string(format!("{path}{api}.yaml")).unwrap();
            let document: Value = parse(&text).unwrap();
            assert!(write(&document).unwrap() == text, "{api}");
        }
    }

    #[test]
    fn whatever_a_text_holds_it_is_read_back() {
        let long = "word ".repeat(40);
        for text in [
            "",
            " ",
            "a",
            "yes",
            "N",
            "null",
            "~",
            "1",
            "1.0",
            "0x1f",
            "3.0.3",
            "a: b",
            "a #b",
            "#a",
            "-",
            "- a",
            "? a",
            "it's",
            "'a'",
            "\"a\"",
            "`a`",
            "@a",
            "%a",
            "&a",
            "*a",
            "!a",
            "[a",
            "{a",
            "a]",
            "a,b",
            "a:",
            ":a",
            "a\tb",
            "tab\tand\nline",
            "two\nlines",
            "ends\n",
            "ends\n\n",
            "\nstarts",
            "  indented\nline",
            "line\n  indented",
            "trailing \nspace",
            "a\r\nb",
            "\u{7f}",
            "\u{feff}a",
            "\u{85}",
            "\u{2028}",
            "caf\u{e9} \u{1f600}",
            "---",
            "...",
            "--- a",
            "a ",
            "2024-01-01",
            "2024-01-01T00:00:00Z",
            ".inf",
            "<<",
            "=",
            "|",
            ">",
            "true",
            "FALSE",
            long.as_str(),
            long.trim_end(),
            &format!(" {long}"),
            &format!("a  b {}", long.trim_end()),
            &format!("# {}", long.trim_end()),
            &format!("- {}: #x", long.trim_end()),
            &"x".repeat(200),
        ] {
            let document = json!({"k": text, "list": [text, [text, {text: text}], {"a": text, "b": []}],
                                  "m": {text: {}, "null": null, "n": 1.5, "b": true}});
            let written = write(&document);
            let written = written.unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(parse::<Value>(&written).unwrap(), document);
            let again = write(&parse(&written).unwrap()).unwrap();
            assert_eq!(again, written);
        }
    }

    #[test]
    fn long_texts_are_folded_and_a_changed_word_changes_few_lines() {
        let words: Vec<String> = (100..160).map(|n| format!("word{n}")).collect();
        let text = words.join(" ");
        let written = write(&json!({"description": text})).unwrap();
        assert!(
            written.starts_with("description: >-\n  word100 word101 "),
            "{written}"
        );
        assert!(written.lines().all(|line| line.len() <= WIDTH), "{written}");
        let other = write(&json!({"description": text.replace("word130", "WORD130")})).unwrap();
        let differing = written.lines().zip(other.lines()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
    }

    #[test]
    fn only_a_mapping_is_a_document() {
        assert!(write(&json!([])).is_err());
        assert!(write(&json!({})).is_err());
    }
}
