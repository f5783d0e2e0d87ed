//! The shape of API keys: a prefix by which people recognise them, a dot, and a secret.

use crate::ids;
use crate::store::api_keys::ApiKeyRow;

const PREFIX: usize = 10;
const SECRET: usize = 64;

/// A new key.
pub(crate) fn generate() -> String {
    format!(
        "{}.{}",
        ids::alphanumeric(PREFIX),
        ids::alphanumeric(SECRET)
    )
}

/// What is shown of a key. A key of another shape, as people choose for development, shows its first letters, but
/// never more than a quarter.
fn prefix(key: &str) -> String {
    let shown = match key.split_once('.') {
        Some((prefix, secret)) if prefix.len() <= PREFIX && secret.len() >= PREFIX => prefix.len(),
        _ => (key.len() / 4).min(PREFIX),
    };
    key.chars().take(shown).collect()
}

/// The key that a server is started with, to store under its hash.
pub(crate) fn development(key: &str, now: i64) -> ApiKeyRow {
    row(key, "development".to_owned(), now)
}

/// A key to store under its hash.
pub(crate) fn row(key: &str, name: String, now: i64) -> ApiKeyRow {
    ApiKeyRow {
        id: ids::new_id(),
        name,
        prefix: prefix(key),
        role: "admin".to_owned(),
        created_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_prefix_of_10_and_a_secret_of_64() {
        let key = generate();
        assert_eq!(key.split('.').map(str::len).collect::<Vec<_>>(), [10, 64]);
        assert!(key.starts_with(&prefix(&key)) && prefix(&key).len() == 10);
    }

    #[test]
    fn a_key_of_another_shape_does_not_show_itself() {
        assert_eq!(prefix("secret"), "s");
        assert_eq!(prefix("a.b"), "");
        assert_eq!(prefix(&"x".repeat(100)).len(), 10);
        assert_eq!(prefix("dev.0123456789"), "dev");
    }
}
