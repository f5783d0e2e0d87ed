//! Passkeys.

use serde_json::json;
use webauthn_rs::prelude::Uuid;

use super::super::format::DeviceLine;
use super::super::problem::LineErrors;
use super::{bytes, count, id, time};
use crate::clock::Time;
use crate::domain::passkeys::device::kind;
use crate::domain::passkeys::response::{TRANSPORTS, base64url, is_transport};
use crate::domain::passkeys::{Credential, credential};
use crate::store::devices::{DeviceKind, DeviceRow};
use crate::store::transfer::DeviceRecord;

/// A user's device in its stored form, if it is valid.
pub(super) fn device(
    line: DeviceLine,
    place: usize,
    users_created_at: Time,
    findings: &mut LineErrors<'_>,
) -> Option<DeviceRecord> {
    let member = |name: &str| format!("devices[{place}].{name}");
    let kind = match &line.r#type {
        Some(kind) => DeviceKind::parse(kind),
        None => Some(kind(
            line.backup_eligible.unwrap_or_default(),
            None,
            &line.transports,
        )),
    };
    let kind = kind.ok_or("must be passkey, security_key or platform");
    let kind = findings.check(member("type"), kind);
    for (name, icon) in [
        ("icon_light", &line.icon_light),
        ("icon_dark", &line.icon_dark),
    ] {
        if icon
            .as_ref()
            .is_some_and(|icon| !icon.starts_with("data:image/"))
        {
            findings.add(member(name), "must be a data URL of an image");
        }
    }
    let created_at = time(
        line.created_at.as_deref(),
        users_created_at,
        member("created_at"),
        findings,
    );
    let mut device = DeviceRow {
        id: id(line.id.clone(), &member("id"), findings),
        cred_id: line.cred_id.clone(),
        friendly_name: line
            .friendly_name
            .clone()
            .unwrap_or_else(|| "Passkey".to_owned()),
        r#type: kind.unwrap_or(DeviceKind::Passkey),
        icon_light: line.icon_light.clone(),
        icon_dark: line.icon_dark.clone(),
        usage_count: count(line.usage_count, member("usage_count"), findings),
        last_login_at: time(
            line.last_login_at.as_deref(),
            Time::NEVER,
            member("last_login_at"),
            findings,
        ),
        created_at,
        updated_at: time(
            line.updated_at.as_deref(),
            created_at,
            member("updated_at"),
            findings,
        ),
    };
    let Some(key) = &line.public_key else {
        if device.cred_id.is_empty() {
            findings.add(member("cred_id"), "must not be empty");
        }
        for (name, given) in [
            ("sign_count", line.sign_count != 0),
            ("transports", !line.transports.is_empty()),
            ("aaguid", line.aaguid.is_some()),
            ("backup_eligible", line.backup_eligible.is_some()),
            ("backup_state", line.backup_state),
        ] {
            if given {
                findings.add(member(name), "says nothing without a public_key");
            }
        }
        return findings.good().then_some(DeviceRecord {
            device,
            credential: None,
        });
    };
    let credential = passkey(&line, key, &member, findings)?;
    device.cred_id.clone_from(&credential.cred_id);
    findings.good().then_some(DeviceRecord {
        device,
        credential: Some(credential),
    })
}

/// The part that logins are verified with.
fn passkey(
    line: &DeviceLine,
    key: &str,
    member: &impl Fn(&str) -> String,
    findings: &mut LineErrors<'_>,
) -> Option<Credential> {
    let cred_id = bytes(&line.cred_id)
        .filter(|id| (1..=credential::LONGEST_ID).contains(&id.len()))
        .ok_or("must be 1 to 1023 bytes in base64url");
    let cred_id = findings.check(member("cred_id"), cred_id);
    let public_key = bytes(key)
        .ok_or("must be a COSE key in base64url")
        .and_then(|key| credential::check_public_key(&key).map(|()| key));
    let public_key = findings.check(member("public_key"), public_key);
    if u32::try_from(line.sign_count).is_err() {
        findings.add(member("sign_count"), "must be from 0 to 4294967295");
    }
    if line.transports.len() > TRANSPORTS || !line.transports.iter().all(|it| is_transport(it)) {
        findings.add(
            member("transports"),
            "must be at most 8 names such as internal, hybrid, usb, nfc and ble",
        );
    }
    let aaguid = line.aaguid.as_deref().and_then(|text| {
        let aaguid = Uuid::parse_str(text).map_err(|_| "must be a UUID");
        findings.check(member("aaguid"), aaguid)
    });
    let backup_eligible = line.backup_eligible.ok_or(
        "is needed: the flag BE that the authenticator had set, or had not, when the passkey was made; a login with \
         another one is refused",
    );
    let backup_eligible = findings.check(member("backup_eligible"), backup_eligible);
    if backup_eligible == Some(false) && line.backup_state {
        findings.add(
            member("backup_state"),
            "cannot be true, as backup_eligible is false",
        );
    }
    Some(Credential {
        cred_id: base64url(&cred_id?),
        public_key: public_key?,
        sign_count: line.sign_count,
        transports: json!(line.transports).to_string(),
        aaguid: aaguid.map(|aaguid| aaguid.as_bytes().to_vec()),
        backup_eligible: backup_eligible?,
        backed_up: line.backup_state,
    })
}
