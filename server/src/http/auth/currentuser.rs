//! The signed-in user.

use axum::response::Response;
use passage_identity::generated::auth::types::{
    Credential, CurrentUser, CurrentUserResponse, WebAuthnIcons,
};

use crate::domain::error::Refusal;
use crate::domain::social;
use crate::http::extract::UserAuth;
use crate::http::reply;
use crate::ids::UserId;
use crate::store;
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::users::UserRow;

pub(crate) async fn get_currentuser(call: UserAuth) -> Result<Response, Refusal> {
    let user = view(call.user, call.devices, &call.connections);
    Ok(reply::ok(&CurrentUserResponse { user }))
}

/// The signed-in user, as they see themselves.
pub(super) fn view(
    user: UserRow,
    devices: Vec<DeviceRow>,
    connections: &[ConnectionRow],
) -> CurrentUser {
    let user_metadata = Some(user.metadata());
    let webauthn_types = store::devices::kinds(&devices);
    CurrentUser {
        created_at: user.created_at.timestamp().to_string(),
        email: user.email.unwrap_or_default(),
        email_verified: user.email_verified,
        last_login_at: user.last_login_at.timestamp().to_string(),
        login_count: user.login_count,
        phone: user.phone.unwrap_or_default(),
        phone_verified: user.phone_verified,
        social_connections: social::own_connections(connections),
        status: user.status.as_str().to_owned().into(),
        updated_at: user.updated_at.timestamp().to_string(),
        user_metadata,
        webauthn: !devices.is_empty(),
        webauthn_devices: devices
            .into_iter()
            .map(|device| credential(device, &user.id))
            .collect(),
        webauthn_types,
        id: user.id.into(),
    }
}

pub(super) fn credential(device: DeviceRow, user_id: &UserId) -> Credential {
    Credential {
        created_at: device.created_at.timestamp().to_string(),
        cred_id: device.cred_id,
        friendly_name: device.friendly_name,
        icons: WebAuthnIcons {
            dark: device.icon_dark,
            light: device.icon_light,
        },
        id: device.id.into(),
        last_login_at: device.last_login_at.timestamp().to_string(),
        type_: device.r#type.as_str().to_owned().into(),
        updated_at: device.updated_at.timestamp().to_string(),
        usage_count: device.usage_count,
        user_id: user_id.to_string(),
    }
}
