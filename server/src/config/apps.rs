//! An app in the file: it is what the file says, and has defaults for the rest.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::values::{AppId, Lifetime, Origin, SitePath};
use crate::domain::settings::{AppSettings, CONCEAL_USERS, MetadataType};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppTable {
    id: AppId,
    name: Option<String>,
    auth_origin: Origin,
    rp_id: Option<String>,
    login_url: Option<SitePath>,
    redirect_url: Option<SitePath>,
    session_seconds: Option<Lifetime>,
    refresh_tokens: Option<bool>,
    refresh_seconds: Option<Lifetime>,
    refresh_idle_seconds: Option<Lifetime>,
    magic_links: Option<bool>,
    magic_link_seconds: Option<Lifetime>,
    one_time_codes: Option<bool>,
    one_time_code_seconds: Option<Lifetime>,
    conceal_users: Option<bool>,
    #[serde(default)]
    metadata: BTreeMap<String, MetadataType>,
}

impl AppTable {
    pub(super) fn id(&self) -> &str {
        self.id.as_ref()
    }

    /// Whether the file says that the server sends the app's users codes or links.
    pub(super) fn promises_messages(&self) -> Option<&'static str> {
        let promised = [
            ("magic_links", self.magic_links),
            ("one_time_codes", self.one_time_codes),
        ];
        let promised = promised.iter().find(|(_, set)| *set == Some(true));
        promised.map(|(name, _)| *name)
    }

    /// The settings of the app. Of those that are stored only the ids of the metadata fields count.
    pub(super) fn settings(&self, stored: AppSettings) -> AppSettings {
        let default = AppSettings::default();
        let seconds = |set: &Option<Lifetime>, default| set.as_ref().map_or(default, Lifetime::get);
        let path = |set: &Option<SitePath>, default| match set {
            Some(path) => path.to_string(),
            None => default,
        };
        let mut settings = AppSettings {
            name: self.name.clone().unwrap_or_else(|| self.id.to_string()),
            auth_origin: self.auth_origin.to_string(),
            rp_id: self
                .rp_id
                .as_ref()
                .map(|domain| domain.to_ascii_lowercase()),
            login_url: path(&self.login_url, default.login_url.clone()),
            redirect_url: path(&self.redirect_url, default.redirect_url.clone()),
            session_timeout_length: seconds(&self.session_seconds, default.session_timeout_length),
            refresh_enabled: self.refresh_tokens.unwrap_or(default.refresh_enabled),
            refresh_absolute_lifetime: seconds(
                &self.refresh_seconds,
                default.refresh_absolute_lifetime,
            ),
            refresh_inactivity_lifetime: seconds(
                &self.refresh_idle_seconds,
                default.refresh_inactivity_lifetime,
            ),
            magic_links: self.magic_links.unwrap_or(default.magic_links),
            magic_link_ttl: seconds(&self.magic_link_seconds, default.magic_link_ttl),
            one_time_codes: self.one_time_codes.unwrap_or(default.one_time_codes),
            otp_ttl: seconds(&self.one_time_code_seconds, default.otp_ttl),
            conceal_users: self.conceal_users.unwrap_or(CONCEAL_USERS),
            metadata: stored.metadata,
            ..default
        };
        let named = |name: &String| self.metadata.contains_key(name);
        settings.metadata.retain(|field| named(&field.name));
        for (name, kind) in &self.metadata {
            settings.put_field(name, *kind);
        }
        settings
    }
}
