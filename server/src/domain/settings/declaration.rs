//! The settings of an app: each is declared once, here.
//!
//! A declaration has the public name of the setting, used in configuration, data files, the command line and programs,
//! and the name under which it is stored; its type in each; its default; the check that [`validate`] runs; and the
//! command-line option with its help.
//!
//! [`validate`]: AppSettings::validate

use clap::builder::RangedI64ValueParser;
use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::LONGEST;
use super::conceal::ConcealUsers;
use super::links::{ChangeConfirmedBy, MagicLinkWaiting};
use super::logins::SocialLogins;
use super::metadata::{self, MetadataField};
use super::validate::{self, SettingsProblems};
use crate::domain::magic_links::ANY_PATH;
use crate::domain::social::SocialSettings;

macro_rules! declare {
    ($(
        $(#[doc = $doc:expr])*
        #[arg($($arg:tt)*)]
        $name:ident: $public:ty => $field:ident: $type:ty = $default:expr, $check:path;
    )*) => {
        /// The settings of an app. Lifetimes are in seconds.
        // An app that was stored before there was a setting gets the safe default.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(default = "AppSettings::for_production")]
        pub(crate) struct AppSettings {
            $($(#[doc = $doc])* pub(crate) $field: $type,)*
            /// Fields that users can have.
            pub(crate) metadata: Vec<MetadataField>,
        }

        impl Default for AppSettings {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                    metadata: Vec::new(),
                }
            }
        }

        /// Changes to the settings of an app. Settings that are `None` stay as they are.
        ///
        /// `docs/self-hosting.md` explains the members. Lifetimes are in seconds.
        ///
        /// ```
        /// use passage_server::{NewApp, SettingsPatch};
        ///
        /// let mut settings = SettingsPatch::default();
        /// settings.name = Some("The Shop".to_owned());
        /// settings.session_seconds = Some(900);
        /// let app = NewApp::new("https://shop.example.com").settings(&settings);
        /// # let _ = app;
        /// ```
        #[derive(Debug, Clone, Default, Serialize, clap::Args)]
        #[non_exhaustive]
        pub struct SettingsPatch {
            $(
                $(#[doc = $doc])*
                #[arg($($arg)*)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$public>,
            )*
        }

        impl SettingsPatch {
            /// The names of its members.
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// A patch with all of these settings.
            pub(crate) fn of(settings: &AppSettings) -> Self {
                Self {
                    $($name: settings.$field.clone().into(),)*
                }
            }

            /// Applies the patch to settings.
            pub(crate) fn apply(&self, settings: &mut AppSettings) {
                $(if let Some(value) = &self.$name {
                    settings.$field = value.clone().into();
                })*
            }

            /// Takes the values that are set in another patch.
            pub(crate) fn merge(&mut self, other: Self) {
                $(if other.$name.is_some() {
                    self.$name = other.$name;
                })*
            }

            /// Reads the value of a member. Returns whether there is a setting with this name.
            pub(super) fn read_value<'de, A: MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<bool, A::Error> {
                match name {
                    $(stringify!($name) => self.$name = map.next_value()?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }

        impl AppSettings {
            /// Normalizes the settings, and reports each one that is invalid. It must run before settings are stored.
            pub(crate) fn validate(&mut self) -> Result<(), SettingsProblems> {
                let mut problems = SettingsProblems::default();
                $($check(&mut self.$field, &mut problems.of(stringify!($name)));)*
                metadata::check_fields(&self.metadata, &mut problems);
                validate::rp_id(self, &mut problems);
                problems.into_result()
            }
        }
    };
}

declare! {
    /// Name of the app, as used in messages [default: the origin]
    #[arg(long, value_name = "NAME")]
    name: String => name: String = "Development".to_owned(), validate::anything;

    /// Origin of the app's website, such as `https://shop.example.com`
    #[arg(long, value_name = "ORIGIN")]
    auth_origin: String => auth_origin: String = "http://localhost:3000".to_owned(), validate::origin;

    /// Domain that passkeys belong to: the host of the auth origin, or a parent domain of it [default: that host]
    #[arg(long, value_name = "DOMAIN")]
    rp_id: String => rp_id: Option<String> = None, validate::domain;

    /// Page that magic links open [default: /]
    #[arg(long, value_name = "PATH")]
    login_url: String => login_url: String = "/".to_owned(), validate::page;

    /// Page where users go after signing in [default: /]
    #[arg(long, value_name = "PATH")]
    redirect_url: String => redirect_url: String = "/".to_owned(), validate::page;

    /// Lifetime of auth tokens [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime())]
    session_seconds: i64 => session_timeout_length: i64 = 3600, validate::lifetime;

    /// Issue refresh tokens [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    refresh_tokens: bool => refresh_enabled: bool = true, validate::anything;

    /// Maximum lifetime of a sign-in [default: 2592000]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime())]
    refresh_seconds: i64 => refresh_absolute_lifetime: i64 = 30 * 24 * 3600, validate::lifetime;

    /// Time after which an unused sign-in ends [default: 432000]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime())]
    refresh_idle_seconds: i64 => refresh_inactivity_lifetime: i64 = 5 * 24 * 3600, validate::lifetime;

    /// Time in which a refresh token that was just exchanged gets the same successor again; 0 for never [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime_or_none())]
    refresh_reuse_seconds: i64 => refresh_reuse_seconds: i64 = 10, validate::lifetime_or_none;

    /// Time after a sign-in in which users can add passkeys, accounts at providers and identifiers; 0 for always
    /// [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime_or_none())]
    reauthentication_seconds: i64 => reauthentication_seconds: i64 = 0, validate::lifetime_or_none;

    /// Sign users in with magic links [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    magic_links: bool => magic_links: bool = true, validate::anything;

    /// Lifetime of magic links [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime())]
    magic_link_seconds: i64 => magic_link_ttl: i64 = 300, validate::lifetime;

    /// Which client gets tokens by waiting for a magic link that was opened [default: same_client]
    #[arg(long, value_name = "WHO")]
    magic_link_waiting: MagicLinkWaiting => magic_link_waiting: MagicLinkWaiting = MagicLinkWaiting::Any, validate::anything;

    /// Pages, besides login_url, that clients without an API key may have magic links open; * stands for all pages of
    /// the origin [default: none]
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    magic_link_paths: Vec<String> => magic_link_paths: Vec<String> = vec![ANY_PATH.to_owned()], validate::link_paths;

    /// Whose opening of a link changes an e-mail address or phone number [default: asker]
    #[arg(long, value_name = "WHO")]
    change_confirmed_by: ChangeConfirmedBy => change_confirmed_by: ChangeConfirmedBy = ChangeConfirmedBy::Anybody, validate::anything;

    /// Sign users in with one-time codes [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    one_time_codes: bool => one_time_codes: bool = true, validate::anything;

    /// Lifetime of one-time codes [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = lifetime())]
    one_time_code_seconds: i64 => otp_ttl: i64 = 300, validate::lifetime;

    /// Give known and unknown users the same answer to requests for codes and links (true), or to all requests without a
    /// credential (all) [default: true]
    #[arg(long, value_name = "BOOL|all", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    conceal_users: ConcealUsers => conceal_users: ConcealUsers = ConcealUsers::No, validate::anything;

    /// Register passkeys for verified e-mail addresses and phone numbers only [default: true for those that the server
    /// can send to]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_identifier_verification: bool => require_identifier_verification: Option<bool> = Some(false), validate::anything;

    /// Let users whom the backend or an import made be claimed by registering a passkey [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    claim_pending: bool => claim_pending: bool = true, validate::anything;

    /// The social logins that the app offers. A development server's test provider simulates them all.
    #[arg(skip)]
    social_logins: SocialLogins => social: SocialSettings = SocialSettings::default(), validate::social_logins;

    /// URLs, besides the auth origin, that social logins may redirect to.
    #[arg(skip)]
    callback_urls: Vec<String> => allowed_callback_urls: Vec<String> = Vec::new(), validate::callback_urls;
}

/// Parses a lifetime on the command line.
fn lifetime() -> RangedI64ValueParser<i64> {
    RangedI64ValueParser::new().range(1..=LONGEST)
}

/// Likewise, where 0 means that there is none.
fn lifetime_or_none() -> RangedI64ValueParser<i64> {
    RangedI64ValueParser::new().range(0..=LONGEST)
}
