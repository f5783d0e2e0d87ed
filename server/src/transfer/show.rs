//! From what is stored to lines.

use webauthn_rs::prelude::Uuid;

use super::format::{
    AppLine, ConnectionLine, DeviceLine, FieldLine, Kind, Metadata, SocialLoginLine,
    SocialLoginsLine, UserLine,
};
use super::records::AppRecord;
use crate::clock::{self, NEVER};
use crate::domain::passkeys::response::base64url;
use crate::domain::settings::AppSettings;
use crate::domain::social::{SocialLogin, SocialSettings};
use crate::store::devices::DeviceRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::transfer::{DeviceRecord, UserRecord};

fn time(micros: i64) -> String {
    clock::time(micros).to_string()
}

/// Nothing for what never was.
fn ever(micros: i64) -> Option<String> {
    (micros != NEVER).then(|| time(micros))
}

pub(super) fn app(app: AppRecord) -> AppLine {
    // All of them are named, so that none which is added later is forgotten here.
    let AppSettings {
        name,
        auth_origin,
        rp_id,
        login_url,
        redirect_url,
        session_timeout_length,
        refresh_enabled,
        refresh_absolute_lifetime,
        refresh_inactivity_lifetime,
        magic_link_ttl,
        otp_ttl,
        magic_links,
        one_time_codes,
        conceal_users,
        social,
        allowed_callback_urls,
        metadata,
    } = app.settings;
    AppLine {
        r#type: Kind::App,
        id: app.id,
        name: Some(name),
        auth_origin,
        rp_id,
        login_url: Some(login_url),
        redirect_url: Some(redirect_url),
        session_seconds: Some(session_timeout_length),
        refresh_tokens: Some(refresh_enabled),
        refresh_seconds: Some(refresh_absolute_lifetime),
        refresh_idle_seconds: Some(refresh_inactivity_lifetime),
        magic_links: Some(magic_links),
        magic_link_seconds: Some(magic_link_ttl),
        one_time_codes: Some(one_time_codes),
        one_time_code_seconds: Some(otp_ttl),
        conceal_users: Some(conceal_users),
        social_logins: Some(social_logins(social)),
        callback_urls: Some(allowed_callback_urls),
        metadata_fields: Some(
            metadata
                .into_iter()
                .map(|field| FieldLine {
                    id: Some(field.id),
                    name: field.name,
                    r#type: field.r#type,
                })
                .collect(),
        ),
        created_at: Some(time(app.created_at)),
    }
}

fn social_logins(social: SocialSettings) -> SocialLoginsLine {
    let login = |login: Option<SocialLogin>| {
        login.map(|login| SocialLoginLine {
            client_id: login.client_id,
        })
    };
    let SocialSettings {
        apple,
        github,
        google,
        // A file of this format has a place for the providers of the API alone.
        others: _,
    } = social;
    SocialLoginsLine {
        apple: login(apple),
        github: login(github),
        google: login(google),
    }
}

pub(super) fn user(user: UserRecord) -> UserLine {
    UserLine {
        r#type: Kind::User,
        app: user.app_id,
        id: Some(user.id),
        email: user.email,
        email_verified: user.email_verified,
        phone: user.phone,
        phone_verified: user.phone_verified,
        external_id: user.external_id,
        status: Some(user.status),
        login_count: user.login_count,
        last_login_at: ever(user.last_login_at),
        created_at: Some(time(user.created_at)),
        updated_at: Some(time(user.updated_at)),
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
        created_at: Some(time(connection.created_at)),
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
        id: Some(id),
        cred_id,
        public_key: credential.map(|it| base64url(&it.public_key)),
        sign_count: credential.map_or(0, |it| it.sign_count),
        transports: credential.map_or_else(Vec::new, |it| it.transports()),
        aaguid: aaguid.map(|aaguid| aaguid.to_string()),
        backup_eligible: credential.map(|it| it.backup_eligible),
        backup_state: credential.is_some_and(|it| it.backed_up),
        r#type: Some(r#type),
        friendly_name: Some(friendly_name),
        icon_light,
        icon_dark,
        usage_count,
        last_login_at: ever(last_login_at),
        created_at: Some(time(created_at)),
        updated_at: Some(time(updated_at)),
    }
}
