//! Users.

use super::super::format::{ConnectionLine, UserLine};
use super::super::problem::LineErrors;
use super::device::device;
use super::{bytes, count, id, time};
use crate::clock::Time;
use crate::domain::settings::AppSettings;
use crate::domain::social::SocialProvider;
use crate::identifier;
use crate::ids::UserId;
use crate::store::social_connections::ConnectionRow;
use crate::store::transfer::UserRecord;
use crate::store::users::{MadeBy, UserStatus};

/// A user of this app in stored form, if the line is valid.
pub(crate) fn user(
    line: UserLine,
    app: &AppSettings,
    now: Time,
    findings: &mut LineErrors<'_>,
) -> Option<UserRecord> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let email = given(line.email).and_then(|text| {
        let email = identifier::email(&text).ok_or("must be an e-mail address");
        findings.check("email", email)
    });
    let phone = given(line.phone).and_then(|text| {
        let phone = identifier::phone(&text).ok_or("must be in E.164 form, such as +15005550006");
        findings.check("phone", phone)
    });
    let external_id = given(line.external_id);
    if findings.good() {
        if email.is_none() && phone.is_none() && external_id.is_none() {
            findings.add("", "needs an email, a phone or an external_id");
        }
        for (member, verified, known) in [
            ("email_verified", line.email_verified, email.is_some()),
            ("phone_verified", line.phone_verified, phone.is_some()),
        ] {
            if verified && !known {
                findings.add(member, "is true, but there is nothing that was verified");
            }
        }
    }
    let status = line
        .status
        .as_deref()
        .map_or(Some(UserStatus::Pending), UserStatus::parse);
    let status = findings.check(
        "status",
        status.ok_or("must be pending, active or inactive"),
    );
    // Whose the metadata are depends on it. Everybody whom somebody else made counts as imported.
    let made_by = match line.made_by.as_deref().map(MadeBy::parse) {
        None => Some(MadeBy::Import),
        Some(by) => by.filter(|by| *by == MadeBy::Themselves),
    };
    let made_by = findings.check(
        "made_by",
        made_by.ok_or("must be themselves, or be left out"),
    );
    let mut metadata = line.user_metadata.map_or_else(Default::default, |it| it.0);
    if let Err(problem) = app.check_metadata(&metadata) {
        let (member, reason) = problem
            .split_once(": ")
            .unwrap_or(("user_metadata", &problem));
        findings.add(member, reason.trim_end_matches('.'));
    }
    metadata.retain(|_, value| !value.is_null());
    let user_handle = line.user_handle.and_then(|text| {
        let handle = bytes(&text).filter(|bytes| (1..=64).contains(&bytes.len()));
        findings.check(
            "user_handle",
            handle.ok_or("must be 1 to 64 bytes in base64url"),
        )
    });
    if user_handle.is_none()
        && findings.good()
        && line
            .devices
            .iter()
            .any(|device| device.public_key.is_some())
    {
        findings.add(
            "user_handle",
            "is needed, since the user has passkeys: it is the user.id that they were made with",
        );
    }
    let id: UserId = id(line.id, "id", findings);
    let created_at = time(line.created_at.as_deref(), now, "created_at", findings);
    let connections = line.social_connections.into_iter().enumerate();
    let connections = connections
        .map(|(place, line)| connection(line, place, &id, email.as_deref(), created_at, findings))
        .collect();
    let devices = line.devices.into_iter().enumerate();
    let devices = devices
        .filter_map(|(place, line)| device(line, place, created_at, findings))
        .collect();
    let record = UserRecord {
        login_count: count(line.login_count, "login_count", findings),
        last_login_at: time(
            line.last_login_at.as_deref(),
            Time::NEVER,
            "last_login_at",
            findings,
        ),
        updated_at: time(
            line.updated_at.as_deref(),
            created_at,
            "updated_at",
            findings,
        ),
        id,
        app_id: line.app.into(),
        email,
        email_verified: line.email_verified,
        phone,
        phone_verified: line.phone_verified,
        external_id,
        status: status.unwrap_or(UserStatus::Pending),
        made_by: made_by.unwrap_or(MadeBy::Import),
        created_at,
        metadata,
        user_handle,
        connections,
        devices,
    };
    findings.good().then_some(record)
}

fn connection(
    line: ConnectionLine,
    place: usize,
    user_id: &UserId,
    email: Option<&str>,
    users_created_at: Time,
    findings: &mut LineErrors<'_>,
) -> ConnectionRow {
    let member = |name: &str| format!("social_connections[{place}].{name}");
    if SocialProvider::named(&line.r#type).is_none() {
        findings.add(member("type"), "must be apple, github or google");
    }
    if line.provider_id.is_empty() {
        findings.add(member("provider_id"), "must not be empty");
    }
    let identifier = line.provider_identifier;
    ConnectionRow {
        user_id: user_id.to_owned(),
        r#type: line.r#type,
        provider_identifier: identifier
            .or_else(|| email.map(str::to_owned))
            .unwrap_or_else(|| line.provider_id.clone()),
        provider_id: line.provider_id,
        created_at: time(
            line.created_at.as_deref(),
            users_created_at,
            member("created_at"),
            findings,
        ),
        last_login_at: time(
            line.last_login_at.as_deref(),
            Time::NEVER,
            member("last_login_at"),
            findings,
        ),
    }
}
