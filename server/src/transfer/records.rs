//! What moves, as the database keeps it. Times are microseconds since 1970.

use serde_json::{Map, Value};

use crate::domain::passkeys::Credential;
use crate::domain::settings::AppSettings;
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;

/// An app.
pub(crate) struct AppRecord {
    pub(crate) id: String,
    pub(crate) settings: AppSettings,
    pub(crate) created_at: i64,
}

/// A user with everything that belongs to them.
pub(crate) struct UserRecord {
    pub(crate) id: String,
    pub(crate) app_id: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) phone: Option<String>,
    pub(crate) phone_verified: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) status: String,
    pub(crate) login_count: i64,
    pub(crate) last_login_at: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) devices: Vec<DeviceRecord>,
}

/// A device, with the key of the passkey that it is. Devices that a control seeded have none.
pub(crate) struct DeviceRecord {
    pub(crate) device: DeviceRow,
    pub(crate) credential: Option<Credential>,
}
