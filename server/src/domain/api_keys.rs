//! API keys, which authenticate an app's backend: a readable prefix, a dot, and a secret.

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids;
use crate::store;
use crate::store::acting::{self, Actor};
use crate::store::api_keys::ApiKeyRow;
use crate::store::audit::AuditReason;

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

/// The part of a key that may be shown. For a key of another format, as people choose for development, these are its
/// first letters, but never more than a quarter.
fn prefix(key: &str) -> String {
    let shown = match key.split_once('.') {
        Some((prefix, secret)) if prefix.len() <= PREFIX && secret.len() >= PREFIX => prefix.len(),
        _ => (key.len() / 4).min(PREFIX),
    };
    key.chars().take(shown).collect()
}

/// The key that a server is started with, to store under its hash.
pub(crate) fn development(key: &str, now: Time) -> ApiKeyRow {
    row(key, "development".to_owned(), now)
}

/// A key to store under its hash.
pub(crate) fn row(key: &str, name: String, now: Time) -> ApiKeyRow {
    ApiKeyRow {
        id: ids::new_id(),
        name,
        prefix: prefix(key),
        role: "admin".to_owned(),
        created_at: now,
    }
}

/// The app's key that matches this text.
pub(crate) async fn authenticate(
    state: &AppState,
    app: &App,
    key: &str,
) -> Result<ApiKeyRow, Refusal> {
    let (app_id, hash) = (app.id.clone(), ids::hash(key));
    let find = state.store.read(move |tx| {
        if let Some(key) = store::api_keys::by_hash(tx, &app_id, &hash)? {
            return Ok(key);
        }
        let refusal = Refusal::invalid_access_token("api key: not a key of this app.");
        Err(refusal.because(if store::api_keys::is_known(tx, &hash)? {
            AuditReason::ApiKeyOfAnotherApp
        } else {
            AuditReason::BadApiKey
        }))
    });
    let key: ApiKeyRow = find.await?;
    acting::is(Actor::Backend(key.id.clone()));
    Ok(key)
}

/// All keys of an app, oldest first.
pub(crate) async fn list(state: &AppState, app: &App) -> Result<Vec<ApiKeyRow>, Refusal> {
    let app_id = app.id.clone();
    let read = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::api_keys::list(tx, &app_id)?));
    read.await
}

/// One key.
pub(crate) async fn get(state: &AppState, app: &App, id: String) -> Result<ApiKeyRow, Refusal> {
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        store::api_keys::get(tx, &app_id, &id)?.ok_or_else(Refusal::api_key_not_found)
    });
    read.await
}

/// Creates a key. The key itself is returned with its row only this once, and is not stored.
pub(crate) async fn create(
    state: &AppState,
    app: &App,
    name: String,
) -> Result<(ApiKeyRow, String), Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::invalid_request("name: must not be empty."));
    }
    let key = generate();
    let row = row(&key, name, state.clock.now());
    let (app_id, new, hash) = (app.id.clone(), row.clone(), ids::hash(&key));
    let insert = state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::api_keys::insert(tx, &app_id, &new, &hash)?));
    insert.await?;
    Ok((row, key))
}

/// Deletes a key, which is invalid from then on.
pub(crate) async fn delete(state: &AppState, app: &App, id: String) -> Result<(), Refusal> {
    let app_id = app.id.clone();
    let delete = state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::api_keys::delete(tx, &app_id, &id)?));
    if delete.await? {
        Ok(())
    } else {
        Err(Refusal::api_key_not_found())
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
