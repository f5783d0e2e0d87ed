//! What visitors' devices can do with passkeys.

use passage_identity::generated::auth::types::CreatePasskeyReadinessRequest;

use super::Conn;

/// Where a report comes from, by its headers. What was not said is empty.
pub(crate) struct Visitor {
    pub(crate) user_agent: String,
    pub(crate) origin: String,
    pub(crate) os: String,
    pub(crate) os_version: String,
    pub(crate) app_identifier: String,
}

/// The app that has this API key.
pub(crate) async fn app_of_key(
    conn: &mut Conn,
    hash: &[u8],
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT app_id FROM api_keys WHERE hash = ?")
        .bind(hash)
        .fetch_optional(conn)
        .await
}

/// Stores a report in place of the last one on the same device.
pub(crate) async fn put(
    conn: &mut Conn,
    app_id: &str,
    report: &CreatePasskeyReadinessRequest,
    visitor: &Visitor,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT OR REPLACE INTO passkey_readiness
         (app_id, device_id, security_key, platform, synced_credential, cross_device_credential, conditional_ui,
          user_agent, origin, os, os_version, app_identifier, reported_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(app_id)
    .bind(&report.device_id)
    .bind(report.security_key)
    .bind(report.platform)
    .bind(report.synced_credential)
    .bind(report.cross_device_credential)
    .bind(report.conditional_ui)
    .bind(&visitor.user_agent)
    .bind(&visitor.origin)
    .bind(&visitor.os)
    .bind(&visitor.os_version)
    .bind(&visitor.app_identifier)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}
