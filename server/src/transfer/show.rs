//! From stored records to lines.

use webauthn_rs::prelude::Uuid;

use super::format::{AppLine, ConnectionLine, DeviceLine, FieldLine, Kind, Metadata, UserLine};
use super::records::AppRecord;
use crate::clock::Time;
use crate::domain::passkeys::response::base64url;
use crate::domain::settings::{MetadataField, SettingsPatch};
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::transfer::{DeviceRecord, UserRecord};
use crate::store::users::MadeBy;

fn text(time: Time) -> String {
    time.timestamp().to_string()
}

/// `None` for a time that means "never".
fn ever(time: Time) -> Option<String> {
    (time != Time::NEVER).then(|| text(time))
}

pub(super) fn app(app: AppRecord) -> AppLine {
    let field = |field: MetadataField| FieldLine {
        id: Some(field.id),
        name: field.name,
        r#type: field.r#type,
        registration: field.registration,
        profile: field.profile,
    };
    AppLine {
        r#type: Kind::App,
        id: app.id.into(),
        settings: SettingsPatch::of(&app.settings),
        metadata_fields: Some(app.settings.metadata.into_iter().map(field).collect()),
        created_at: Some(text(app.created_at)),
    }
}

pub(super) fn user(user: UserRecord) -> UserLine {
    UserLine {
        r#type: Kind::User,
        app: user.app_id.into(),
        id: Some(user.id.into()),
        email: user.email,
        email_verified: user.email_verified,
        phone: user.phone,
        phone_verified: user.phone_verified,
        external_id: user.external_id,
        status: Some(user.status.as_str().to_owned()),
        made_by: Some(user.made_by)
            .filter(|by| *by == MadeBy::Themselves)
            .map(|by| by.as_str().to_owned()),
        login_count: user.login_count,
        last_login_at: ever(user.last_login_at),
        created_at: Some(text(user.created_at)),
        updated_at: Some(text(user.updated_at)),
        user_metadata: Some(user.metadata)
            .filter(|metadata| !metadata.is_empty())
            .map(Metadata),
        user_handle: user.user_handle.map(|handle| base64url(&handle)),
        social_connections: user.connections.into_iter().map(connection).collect(),
        devices: user.devices.into_iter().map(device).collect(),
    }
}

fn connection(connection: ConnectionRow) -> ConnectionLine {
    ConnectionLine {
        r#type: connection.r#type,
        provider_id: connection.provider_id,
        provider_identifier: Some(connection.provider_identifier),
        last_login_at: ever(connection.last_login_at),
        created_at: Some(text(connection.created_at)),
    }
}

fn device(record: DeviceRecord) -> DeviceLine {
    let DeviceRow {
        id,
        cred_id,
        friendly_name,
        r#type,
        icon_light,
        icon_dark,
        usage_count,
        last_login_at,
        created_at,
        updated_at,
    } = record.device;
    let credential = record.credential.as_ref();
    let aaguid = credential.and_then(|it| Uuid::from_slice(it.aaguid.as_deref()?).ok());
    DeviceLine {
        id: Some(id.into()),
        cred_id,
        public_key: credential.map(|it| base64url(&it.public_key)),
        sign_count: credential.map_or(0, |it| it.sign_count),
        transports: credential.map_or_else(Vec::new, |it| it.transports()),
        aaguid: aaguid.map(|aaguid| aaguid.to_string()),
        backup_eligible: credential.map(|it| it.backup_eligible),
        backup_state: credential.is_some_and(|it| it.backed_up),
        r#type: Some(r#type.as_str().to_owned()),
        friendly_name: Some(friendly_name),
        icon_light,
        icon_dark,
        usage_count,
        last_login_at: ever(last_login_at),
        created_at: Some(text(created_at)),
        updated_at: Some(text(updated_at)),
    }
}
