//! An app in its stored form.

use crate::clock::Time;
use crate::domain::settings::AppSettings;

/// An app.
pub(crate) struct AppRecord {
    pub(crate) id: String,
    pub(crate) settings: AppSettings,
    pub(crate) created_at: Time,
}
