//! YAML 1.2.

use serde::de::DeserializeOwned;

/// Reads a document. Only `true` and `false` are booleans: a layout has a property called `y`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    #[test]
    fn short_words_stay_words() {
        let value: Value = super::parse("required: [x, y, n, on, 'true', true]").unwrap();
        assert_eq!(
            value,
            json!({"required": ["x", "y", "n", "on", "true", true]})
        );
    }
}
