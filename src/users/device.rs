//! Devices: the passkeys of a user.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::generated::management::types;
use crate::ids::DeviceId;
use crate::open_enum::open_enum;
use crate::wire::{count, happened};

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
///
/// `Debug` omits what could identify a person: the name they gave the device and the credential's
/// id.
#[derive(Clone, PartialEq, Serialize)]
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

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.id)
            .field("device_type", &self.device_type)
            .field("usage_count", &self.usage_count)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .field("last_login_at", &self.last_login_at)
            .finish_non_exhaustive()
    }
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
