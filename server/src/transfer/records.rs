//! An app in its stored form.

use crate::clock::Time;
use crate::domain::settings::AppSettings;
use crate::ids::AppId;

/// An app.
pub(crate) struct AppRecord {
    pub(crate) id: AppId,
    pub(crate) settings: AppSettings,
    pub(crate) created_at: Time,
}
