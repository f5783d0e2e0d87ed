//! Stored rows as the API returns them: no missing members, no null arrays, empty strings for missing values.

use passage_identity::generated::management::types::{
    ListPaginatedUsersItem, UserInfo, UserRecentEvent, WebAuthnDevices, WebAuthnIcons,
};

use crate::clock::Time;
use crate::domain::social;
use crate::domain::users::manage::WholeUser;
use crate::store;
use crate::store::devices::DeviceRow;
use crate::store::events::EventRow;
use crate::store::users::UserRow;

pub(crate) fn user_info(whole: WholeUser) -> UserInfo {
    let WholeUser {
        user,
        devices,
        connections,
        events,
    } = whole;
    let user_metadata = Some(user.metadata());
    let webauthn_types = store::devices::kinds(&devices);
    UserInfo {
        created_at: user.created_at.timestamp(),
        email: user.email.unwrap_or_default(),
        email_verified: user.email_verified,
        external_id: user.external_id.unwrap_or_default(),
        id: user.id.into(),
        last_login_at: user.last_login_at.timestamp(),
        login_count: user.login_count,
        phone: user.phone.unwrap_or_default(),
        phone_verified: user.phone_verified,
        recent_events: events.into_iter().map(recent_event).collect(),
        social_connections: social::users_connections(&connections),
        status: user.status.as_str().to_owned().into(),
        updated_at: user.updated_at.timestamp(),
        user_metadata,
        webauthn: !devices.is_empty(),
        webauthn_devices: devices.into_iter().map(device).collect(),
        webauthn_types,
    }
}

pub(crate) fn list_item(user: UserRow) -> ListPaginatedUsersItem {
    let user_metadata = Some(user.metadata());
    ListPaginatedUsersItem {
        created_at: user.created_at.timestamp(),
        email: user.email.unwrap_or_default(),
        email_verified: user.email_verified,
        external_id: user.external_id.unwrap_or_default(),
        id: user.id.into(),
        last_login_at: user.last_login_at.timestamp(),
        login_count: user.login_count,
        phone: user.phone.unwrap_or_default(),
        phone_verified: user.phone_verified,
        status: user.status.as_str().to_owned().into(),
        updated_at: user.updated_at.timestamp(),
        user_metadata,
    }
}

pub(crate) fn device(device: DeviceRow) -> WebAuthnDevices {
    WebAuthnDevices {
        created_at: device.created_at.timestamp(),
        cred_id: device.cred_id,
        friendly_name: device.friendly_name,
        icons: WebAuthnIcons {
            dark: device.icon_dark,
            light: device.icon_light,
        },
        id: device.id.into(),
        last_login_at: device.last_login_at.timestamp(),
        type_: device.r#type.as_str().to_owned().into(),
        updated_at: device.updated_at.timestamp(),
        usage_count: device.usage_count,
    }
}

fn recent_event(event: EventRow) -> UserRecentEvent {
    UserRecentEvent {
        action: event.action.as_str().to_owned().into(),
        completed_at: event.completed_at.map(Time::timestamp),
        created_at: event.created_at.timestamp(),
        id: event.id,
        ip_addr: event.ip_addr,
        social_login_type: event.social_login_type.map(Into::into),
        status: event.status.as_str().to_owned().into(),
        type_: event.r#type.as_str().to_owned(),
        user_agent_display: event.user_agent.clone(),
        user_agent: event.user_agent,
    }
}
