//! Passkey support of visitors' devices.

use super::{SqlError, Tx};
use crate::clock::Time;
use crate::ids::AppId;

/// The origin of a report, from its headers. Missing headers are empty.
pub(crate) struct Visitor {
    pub(crate) user_agent: String,
    pub(crate) origin: String,
    pub(crate) os: String,
    pub(crate) os_version: String,
    pub(crate) app_identifier: String,
}

/// The capabilities of a device.
pub(crate) struct Report {
    /// The device id that the client chose.
    pub(crate) device_id: String,
    pub(crate) security_key: bool,
    pub(crate) platform: bool,
    pub(crate) synced_credential: bool,
    pub(crate) cross_device_credential: bool,
    pub(crate) conditional_ui: bool,
}

/// The app that has this API key.
pub(crate) fn app_of_key(tx: &Tx<'_>, hash: &[u8]) -> Result<Option<AppId>, SqlError> {
    tx.maybe_value("SELECT app_id FROM api_keys WHERE hash = ?", (hash,))
}

/// Stores a report, replacing the previous one of the same device.
pub(crate) fn put(
    tx: &Tx<'_>,
    app_id: &AppId,
    report: &Report,
    visitor: &Visitor,
    now: Time,
) -> Result<(), SqlError> {
    tx.run(
        "INSERT OR REPLACE INTO passkey_readiness
         (app_id, device_id, security_key, platform, synced_credential,
         cross_device_credential, conditional_ui, user_agent, origin, os, os_version,
         app_identifier, reported_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            app_id,
            &report.device_id,
            report.security_key,
            report.platform,
            report.synced_credential,
            report.cross_device_credential,
            report.conditional_ui,
            &visitor.user_agent,
            &visitor.origin,
            &visitor.os,
            &visitor.os_version,
            &visitor.app_identifier,
            now,
        ),
    )?;
    Ok(())
}
