//! Settings of an app.
//!
//! Each is declared once, in [`declaration`]. The configuration file, data files, the command line and programs all
//! provide a [`SettingsPatch`], which is applied to [`AppSettings`] and validated. To add a setting, declare it there
//! and use it.

mod conceal;
mod declaration;
mod links;
mod logins;
mod metadata;
mod origin;
mod read;
mod validate;
mod weaknesses;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

pub use self::conceal::ConcealUsers;
pub(crate) use self::declaration::AppSettings;
pub use self::declaration::SettingsPatch;
pub use self::links::{ChangeConfirmedBy, MagicLinkWaiting};
pub use self::logins::{SocialLogin, SocialLogins};
pub(crate) use self::metadata::{MetadataField, Occasion, is_id};
pub use self::metadata::{MetadataRule, MetadataType};
pub(crate) use self::origin::base_url;
pub(crate) use self::read::members;
pub(crate) use self::validate::{APP_ID, SettingsProblems};

/// Maximum lifetime in seconds: it can be added to any time.
pub(crate) const LONGEST: i64 = 1_000_000_000_000;

/// A lifetime in the unit of settings.
pub(crate) fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).map_or(LONGEST, |it| it.min(LONGEST))
}

/// A lifetime that settings have in seconds.
fn lifetime(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Whether the text is valid as the id of an app, which is used in paths.
pub(crate) fn is_app_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

/// Why stored settings could not be read.
#[derive(Debug)]
pub(crate) struct SettingsError(serde_json::Error);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the settings of the app in the data file cannot be read: a newer passage-server may have written them",
        )
    }
}

impl std::error::Error for SettingsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl AppSettings {
    /// The defaults of an app in production. They are safe: it conceals its users, gives an account to nobody but its owner,
    /// and wants a recent sign-in for changes to it, and its links serve nobody but those who requested them. An app in
    /// development behaves as described in the API.
    pub(crate) fn for_production() -> Self {
        Self {
            conceal_users: ConcealUsers::Yes,
            reauthentication_seconds: 600,
            require_identifier_verification: None,
            claim_pending: false,
            magic_link_waiting: MagicLinkWaiting::SameClient,
            magic_link_paths: Vec::new(),
            change_confirmed_by: ChangeConfirmedBy::Asker,
            ..Self::default()
        }
    }

    /// Reads settings in stored form. Unknown ones are ignored, and missing ones have the
    /// defaults of production.
    pub(crate) fn from_stored(text: &str) -> Result<Self, SettingsError> {
        serde_json::from_str(text).map_err(SettingsError)
    }

    /// The settings in stored form.
    pub(crate) fn to_stored(&self) -> Result<String, SettingsError> {
        serde_json::to_string(self).map_err(SettingsError)
    }

    /// The domain that passkeys belong to. `None` if the configured one is neither the host of the auth origin nor a
    /// parent domain of it.
    pub(crate) fn rp_id(&self) -> Option<String> {
        let origin: http::Uri = self.auth_origin.parse().ok()?;
        let host = origin.host()?.to_ascii_lowercase();
        let Some(rp_id) = &self.rp_id else {
            return Some(host);
        };
        // An address has no parent domain.
        let named = host.parse::<IpAddr>().is_err();
        let above = host
            .strip_suffix(rp_id.as_str())
            .is_some_and(|rest| named && rest.ends_with('.') && rp_id.contains('.'));
        (host == *rp_id || above).then(|| rp_id.clone())
    }

    /// Lifetime of an auth token.
    pub(crate) fn session_lifetime(&self) -> Duration {
        lifetime(self.session_timeout_length)
    }

    /// Maximum lifetime of a sign-in with refresh tokens.
    pub(crate) fn refresh_lifetime(&self) -> Duration {
        lifetime(self.refresh_absolute_lifetime)
    }

    /// Lifetime of a refresh token that is not used.
    pub(crate) fn refresh_idle_lifetime(&self) -> Duration {
        lifetime(self.refresh_inactivity_lifetime)
    }

    /// How long a spent refresh token gets its successor again.
    pub(crate) fn refresh_reuse(&self) -> Duration {
        lifetime(self.refresh_reuse_seconds)
    }

    /// How long ago a user may have signed in who adds a way to sign in. `None` for any time.
    pub(crate) fn reauthentication_limit(&self) -> Option<Duration> {
        Some(lifetime(self.reauthentication_seconds)).filter(|limit| !limit.is_zero())
    }

    /// Lifetime of a magic link.
    pub(crate) fn magic_link_lifetime(&self) -> Duration {
        lifetime(self.magic_link_ttl)
    }

    /// Lifetime of a one-time code.
    pub(crate) fn one_time_code_lifetime(&self) -> Duration {
        lifetime(self.otp_ttl)
    }

    /// Whether the app sends codes or links, with which users can prove their identifiers.
    pub(crate) fn sends_messages(&self) -> bool {
        self.magic_links || self.one_time_codes
    }

    /// The API's preferred way to sign in without a passkey, and its lifetime.
    pub(crate) fn fallback(&self) -> (&'static str, i64) {
        match (self.magic_links, self.one_time_codes) {
            (true, _) => ("magic_link", self.magic_link_ttl),
            (false, true) => ("otp", self.otp_ttl),
            (false, false) => ("none", self.magic_link_ttl),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_the_host_or_a_domain_above_it() {
        let rp_id = |origin: &str, rp_id: Option<&str>| {
            AppSettings {
                auth_origin: origin.to_owned(),
                rp_id: rp_id.map(str::to_owned),
                ..AppSettings::default()
            }
            .rp_id()
        };
        for (origin, asked, given) in [
            ("http://localhost:3000", None, Some("localhost")),
            ("https://Login.App.Example", None, Some("login.app.example")),
            (
                "https://login.app.example",
                Some("app.example"),
                Some("app.example"),
            ),
            (
                "https://app.example",
                Some("app.example"),
                Some("app.example"),
            ),
            ("https://app.example", Some("example"), None),
            ("https://app.example", Some("p.example"), None),
            ("https://app.example", Some("login.app.example"), None),
            ("https://app.example", Some(""), None),
            ("https://127.0.0.1", Some("0.1"), None),
        ] {
            assert_eq!(rp_id(origin, asked).as_deref(), given, "{origin} {asked:?}");
        }
    }

    #[test]
    fn production_wants_recent_sign_ins_and_both_forgive_a_lost_reply() {
        let (ours, theirs) = (AppSettings::for_production(), AppSettings::default());
        let minutes = |settings: &AppSettings| settings.reauthentication_limit();
        assert_eq!(minutes(&ours), Some(Duration::from_secs(600)));
        assert_eq!(minutes(&theirs), None);
        // An app that was stored before these settings existed gets them.
        let stored = AppSettings::from_stored("{}").unwrap_or_default();
        assert_eq!(minutes(&stored), minutes(&ours));
        for settings in [ours, theirs, stored] {
            assert_eq!(settings.refresh_reuse(), Duration::from_secs(10));
        }
    }

    #[test]
    fn each_setting_goes_through_a_patch_unchanged() {
        let settings = AppSettings {
            rp_id: Some("localhost".to_owned()),
            ..AppSettings::for_production()
        };
        let mut again = AppSettings {
            // Nothing in a patch unsets it.
            require_identifier_verification: None,
            ..AppSettings::default()
        };
        SettingsPatch::of(&settings).apply(&mut again);
        let text = |settings: &AppSettings| serde_json::to_value(settings).ok();
        assert_eq!(text(&again), text(&settings));
        assert_eq!(again.validate(), Ok(()));
    }

    #[test]
    fn links_are_safe_by_default_also_in_apps_that_were_stored_before() {
        let stored = AppSettings::from_stored(r#"{"auth_origin": "https://a.example"}"#).ok();
        for settings in [Some(AppSettings::for_production()), stored] {
            let links = settings.map(|it| {
                let (waiting, change) = (it.magic_link_waiting, it.change_confirmed_by);
                (waiting, it.magic_link_paths, change)
            });
            let safe = (
                MagicLinkWaiting::SameClient,
                Vec::new(),
                ChangeConfirmedBy::Asker,
            );
            assert_eq!(links, Some(safe));
        }
    }

    #[test]
    fn pages_of_links_are_paths() {
        let mut settings = AppSettings::default();
        for (path, valid) in [
            ("*", true),
            ("welcome", true),
            ("/welcome/", true),
            ("", true),
            ("/welcome?a", false),
            ("/welcome#a", false),
            ("//other.example", false),
            ("/a b", false),
            ("/>https://other.example", false),
            ("https://other.example", false),
            ("/psg%5Fmagic_link", false),
        ] {
            settings.magic_link_paths = vec![path.to_owned()];
            assert_eq!(settings.validate().is_ok(), valid, "{path}");
        }
    }

    #[test]
    fn each_setting_is_an_option_of_the_command_line_except_those_of_social_logins() {
        let command = <SettingsPatch as clap::Args>::augment_args(clap::Command::new("app"));
        let options: Vec<_> = command
            .get_arguments()
            .map(|it| it.get_id().as_str())
            .collect();
        let social = ["social_logins", "callback_urls"];
        let names = SettingsPatch::NAMES.iter().copied();
        let expected: Vec<_> = names.filter(|name| !social.contains(name)).collect();
        assert_eq!(options, expected);
    }

    #[test]
    fn what_can_be_made_right_is_and_the_rest_is_named() {
        let mut settings = AppSettings {
            auth_origin: "https://Bücher.example:443".to_owned(),
            rp_id: Some("BÜCHER.example".to_owned()),
            ..AppSettings::default()
        };
        assert_eq!(settings.validate(), Ok(()));
        assert_eq!(settings.auth_origin, "https://xn--bcher-kva.example");
        assert_eq!(settings.rp_id.as_deref(), Some("xn--bcher-kva.example"));

        settings.rp_id = Some("other.example".to_owned());
        settings.otp_ttl = 0;
        settings.redirect_url = "/\\other.example".to_owned();
        let problems = settings.validate().err().unwrap_or_default();
        let members: Vec<_> = problems.into_iter().map(|it| it.member).collect();
        assert_eq!(members, ["redirect_url", "one_time_code_seconds", "rp_id"]);
    }
}
