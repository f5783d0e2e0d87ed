//! YAML 1.2.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longer texts are folded, so that a changed word changes a few lines.
const WIDTH: usize = 88;

/// Reads a document. Only `true` and `false` are booleans: a layout has a property called `y`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

/// Writes a document in the one form that the vendored documents have: block style, members in the
/// order of `document`, long texts folded.
pub(crate) fn write(document: &Value) -> Result<String, String> {
    let form = serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: WIDTH };
    let out = serde_saphyr::to_string_with_options(document, form);
    let out = out.map_err(|error| format!("cannot be written as YAML: {error}"))?;
    // What a text needs is for the parser to say, so it has the last word.
    match parse::<Value>(&out) {
        Ok(read) if read == *document => Ok(out),
        _ => Err("holds something that cannot be written as YAML".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn short_words_stay_words() {
        let value: Value = parse("required: [x, y, n, on, 'true', true]").unwrap();
        assert_eq!(
            value,
            json!({"required": ["x", "y", "n", "on", "true", true]})
        );
        assert!(!write(&json!({"k": ["y", "no"]})).unwrap().contains("- y"));
    }

    #[test]
    fn the_vendored_documents_are_in_this_form() {
        for api in crate::make::APIS {
            let text = crate::cases::file(&format!("openapi/{api}.yaml"));
            let document: Value = parse(&text).unwrap();
            assert!(write(&document).unwrap() == text, "{api}");
        }
    }

    #[test]
    fn whatever_a_text_holds_it_is_read_back() {
        let long = "word ".repeat(40);
        let short = "|a|yes|N|null|~|1|1.0|0x1f|3.0.3|a: b|a #b|#a|-|- a|it's|'a'|\"a\"|`a`|@a|%a|&a|*a|!a|[a|{a|a,b|a:|\
                     :a|---|...|2024-01-01|.inf|<<|=|>|true|FALSE| |a ";
        let odd = "a\tb|two\nlines|ends\n|ends\n\n|\nstarts|  indented\nline|a\r\nb|\u{7f}|\u{feff}a|\u{85}|\u{2028}|\
                   caf\u{e9} \u{1f600}";
        for text in short
            .split('|')
            .chain(odd.split('|'))
            .chain([&long, long.trim_end()])
        {
            let document = json!({"k": text, "list": [text, [text, {text: text}], {"a": text, "b": []}],
                                  "m": {text: {}, "null": null, "n": 1.5, "b": true}});
            let written = write(&document).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(write(&parse(&written).unwrap()).unwrap(), written);
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
        let other = write(&json!({"description": text.replace("word130", "WORD130")})).unwrap();
        let differing = written.lines().zip(other.lines()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
    }
}
