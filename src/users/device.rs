//! Devices: the passkeys of a user.

use jiff::Timestamp;
use serde::Serialize;

use super::wire::{count, happened};
use crate::generated::management::types;
use crate::id::DeviceId;
use crate::open_enum::open_enum;

open_enum! {
    /// The kind of a passkey.
    pub enum WebAuthnType {
        /// synchronised between devices.
        Passkey = "passkey",
        /// on a security key.
        SecurityKey = "security_key",
        /// bound to one device.
        Platform = "platform",
    }
}

/// A passkey of a user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Device {
    /// The id to revoke it by.
    pub id: DeviceId,
    /// The id of the WebAuthn credential.
    pub cred_id: String,
    /// The name that people see.
    pub friendly_name: String,
    /// The kind of passkey.
    pub device_type: WebAuthnType,
    /// How often it was used.
    pub usage_count: u64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last used, if ever.
    pub last_login_at: Option<Timestamp>,
    /// Pictures of its maker.
    pub icons: DeviceIcons,
}

/// Pictures of a passkey's maker, as `data:image/svg+xml;base64,...`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeviceIcons {
    /// For a light background.
    pub light: Option<String>,
    /// For a dark background.
    pub dark: Option<String>,
}

impl From<types::WebAuthnDevices> for Device {
    fn from(device: types::WebAuthnDevices) -> Self {
        Self {
            id: DeviceId::from_reply(device.id),
            cred_id: device.cred_id,
            friendly_name: device.friendly_name,
            device_type: device.type_.as_str().into(),
            usage_count: count(device.usage_count),
            created_at: device.created_at,
            updated_at: device.updated_at,
            last_login_at: happened(device.last_login_at),
            icons: DeviceIcons {
                light: device.icons.light,
                dark: device.icons.dark,
            },
        }
    }
}
