//! Apps.

use super::super::format::{AppLine, FieldLine, SocialLoginLine, SocialLoginsLine};
use super::super::problem::LineErrors;
use super::super::records::AppRecord;
use super::{is_id, time};
use crate::domain::magic_links;
use crate::domain::settings::{
    AppSettings, CONCEAL_USERS, LONGEST, MetadataField, is_app_id, is_origin,
};
use crate::domain::social::{SHARED_CLIENT_ID, SocialLogin, SocialSettings, is_callback_url};
use crate::ids;

/// An app as it is stored, if nothing is wrong with its line.
pub(crate) fn app(line: AppLine, now: i64, findings: &mut LineErrors<'_>) -> Option<AppRecord> {
    let default = AppSettings::default();
    if !is_app_id(&line.id) {
        findings.add("id", "must be made of letters, digits, - and _");
    }
    if !is_origin(&line.auth_origin) {
        findings.add(
            "auth_origin",
            "must be an origin such as https://example.com, without a path or a slash at its end",
        );
    }
    let mut seconds = |given: Option<i64>, default: i64, member: &str| {
        let seconds = given.unwrap_or(default);
        if !(1..=LONGEST).contains(&seconds) {
            findings.add(
                member,
                format!("must be a number of seconds from 1 to {LONGEST}"),
            );
        }
        seconds
    };
    let settings = AppSettings {
        session_timeout_length: seconds(
            line.session_seconds,
            default.session_timeout_length,
            "session_seconds",
        ),
        refresh_absolute_lifetime: seconds(
            line.refresh_seconds,
            default.refresh_absolute_lifetime,
            "refresh_seconds",
        ),
        refresh_inactivity_lifetime: seconds(
            line.refresh_idle_seconds,
            default.refresh_inactivity_lifetime,
            "refresh_idle_seconds",
        ),
        magic_link_ttl: seconds(
            line.magic_link_seconds,
            default.magic_link_ttl,
            "magic_link_seconds",
        ),
        otp_ttl: seconds(
            line.one_time_code_seconds,
            default.otp_ttl,
            "one_time_code_seconds",
        ),
        name: line.name.unwrap_or_else(|| line.id.clone()),
        auth_origin: line.auth_origin,
        rp_id: line.rp_id.map(|domain| domain.to_ascii_lowercase()),
        login_url: line.login_url.unwrap_or(default.login_url),
        redirect_url: line.redirect_url.unwrap_or(default.redirect_url),
        refresh_enabled: line.refresh_tokens.unwrap_or(default.refresh_enabled),
        magic_links: line.magic_links.unwrap_or(default.magic_links),
        one_time_codes: line.one_time_codes.unwrap_or(default.one_time_codes),
        conceal_users: line.conceal_users.unwrap_or(CONCEAL_USERS),
        social: line
            .social_logins
            .map_or(default.social, |logins| social(logins, findings)),
        allowed_callback_urls: line.callback_urls.unwrap_or_default(),
        metadata: fields(line.metadata_fields.unwrap_or_default(), findings),
    };
    if !magic_links::is_page(&settings.login_url) {
        findings.add("login_url", "must be a path on auth_origin, such as /login");
    }
    for (place, url) in settings.allowed_callback_urls.iter().enumerate() {
        if !is_callback_url(url) {
            findings.add(
                format!("callback_urls[{place}]"),
                "must be a URL such as https://example.com/callback or my-app://callback",
            );
        }
    }
    if findings.good() && settings.rp_id().is_none() {
        findings.add(
            "rp_id",
            "must be the host of auth_origin, or a domain above it",
        );
    }
    let created_at = time(line.created_at.as_deref(), now, "created_at", findings);
    findings.good().then_some(AppRecord {
        id: line.id,
        settings,
        created_at,
    })
}

fn social(line: SocialLoginsLine, findings: &mut LineErrors<'_>) -> SocialSettings {
    let mut login = |line: Option<SocialLoginLine>, provider: &str| {
        let client_id = line?.client_id;
        if matches!(client_id.as_deref(), Some("" | SHARED_CLIENT_ID)) {
            findings.add(
                format!("social_logins.{provider}.client_id"),
                "must not be empty or that of the shared credentials; those are meant without it",
            );
        }
        Some(SocialLogin { client_id })
    };
    SocialSettings {
        apple: login(line.apple, "apple"),
        github: login(line.github, "github"),
        google: login(line.google, "google"),
        ..SocialSettings::default()
    }
}

fn fields(lines: Vec<FieldLine>, findings: &mut LineErrors<'_>) -> Vec<MetadataField> {
    let mut fields: Vec<MetadataField> = Vec::with_capacity(lines.len());
    for (place, line) in lines.into_iter().enumerate() {
        let id = line.id.unwrap_or_else(ids::new_id);
        if !is_id(&id) {
            let member = format!("metadata_fields[{place}].id");
            findings.add(member, "must be 1 to 64 letters, digits, - and _");
        }
        if fields
            .iter()
            .any(|known| known.name == line.name || known.id == id)
        {
            let member = format!("metadata_fields[{place}]");
            findings.add(member, "has the name or the id of another field");
        }
        fields.push(MetadataField {
            id,
            name: line.name,
            r#type: line.r#type,
        });
    }
    fields
}
