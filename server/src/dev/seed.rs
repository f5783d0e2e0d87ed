//! Passkeys without a ceremony.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::ids::{self, DeviceId};
use crate::store::devices::{DeviceKind, DeviceRow};

/// A passkey to give to a user, as if they had registered it. It cannot sign anybody in.
///
/// ```
/// use passage_server::SeedDevice;
///
/// let key = SeedDevice::new().friendly_name("Security key").kind("security_key").usage_count(3);
/// # let _ = key;
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct SeedDevice {
    friendly_name: Option<String>,
    r#type: Option<String>,
    cred_id: Option<String>,
    icon_light: Option<String>,
    icon_dark: Option<String>,
    usage_count: u32,
}

impl SeedDevice {
    /// A synchronised passkey named "Passkey", never used, without icons.
    pub fn new() -> Self {
        Self::default()
    }

    /// Name of the device.
    pub fn friendly_name(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    /// Kind of the device: `passkey`, `security_key` or `platform`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.r#type = Some(kind.into());
        self
    }

    /// WebAuthn credential id in base64url. Defaults to a random one.
    pub fn cred_id(mut self, cred_id: impl Into<String>) -> Self {
        self.cred_id = Some(cred_id.into());
        self
    }

    /// Icons for a light and a dark background, as data URLs.
    pub fn icons(mut self, light: impl Into<String>, dark: impl Into<String>) -> Self {
        self.icon_light = Some(light.into());
        self.icon_dark = Some(dark.into());
        self
    }

    /// How many times the device has signed its user in. A value above 0 also sets the time of the last login to now.
    pub fn usage_count(mut self, count: u32) -> Self {
        self.usage_count = count;
        self
    }

    pub(crate) fn into_row(self, now: Time) -> Result<DeviceRow, Refusal> {
        let kind = self.r#type.as_deref();
        let kind = kind.map_or(Some(DeviceKind::Passkey), DeviceKind::parse);
        let kind = kind.ok_or_else(|| {
            Refusal::invalid_request("type: must be passkey, security_key or platform.")
        })?;
        Ok(DeviceRow {
            id: DeviceId::new(),
            cred_id: self
                .cred_id
                .unwrap_or_else(|| URL_SAFE_NO_PAD.encode(ids::random_bytes::<32>())),
            friendly_name: self.friendly_name.unwrap_or_else(|| "Passkey".to_owned()),
            r#type: kind,
            icon_light: self.icon_light,
            icon_dark: self.icon_dark,
            usage_count: self.usage_count.into(),
            last_login_at: if self.usage_count > 0 {
                now
            } else {
                Time::NEVER
            },
            created_at: now,
            updated_at: now,
        })
    }
}
