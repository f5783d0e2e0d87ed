//! Valid values of an app's settings: one check and one message each, wherever the settings come from.

use std::borrow::Cow;
use std::fmt;

use super::origin;
use super::{AppSettings, LONGEST};
use crate::domain::magic_links;
use crate::domain::social::{SHARED_CLIENT_ID, SocialLogin, SocialSettings, is_callback_url};

/// What is wrong with an invalid app id.
pub(crate) const APP_ID: &str = "must be made of letters, digits, - and _";

/// Why a setting is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingsProblem {
    /// Its public name, such as `callback_urls[1]`.
    pub(crate) member: String,
    /// What is wrong, and what is valid. It repeats no value.
    pub(crate) text: Cow<'static, str>,
}

impl fmt::Display for SettingsProblem {
    /// A sentence, for programs and the command line, where options are written differently from members.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member.as_str() {
            "rp_id" => f.write_str("relying party id")?,
            member if member.starts_with("callback_urls") => f.write_str("callback URL")?,
            member if member.ends_with(".client_id") => f.write_str("client id")?,
            member => f.write_str(&member.replace('_', " "))?,
        }
        write!(f, " {}", self.text)
    }
}

/// The problems of an app's settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingsProblems(Vec<SettingsProblem>);

impl fmt::Display for SettingsProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            let between = if place > 0 { "; " } else { "" };
            write!(f, "{between}{problem}")?;
        }
        Ok(())
    }
}

impl IntoIterator for SettingsProblems {
    type Item = SettingsProblem;
    type IntoIter = std::vec::IntoIter<SettingsProblem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl SettingsProblems {
    /// Records a problem of a member.
    pub(super) fn add(&mut self, member: impl Into<String>, text: impl Into<Cow<'static, str>>) {
        self.0.push(SettingsProblem {
            member: member.into(),
            text: text.into(),
        });
    }

    /// The problems of one member.
    pub(super) fn of(&mut self, member: &'static str) -> MemberProblems<'_> {
        MemberProblems { all: self, member }
    }

    /// All problems except those of a member.
    pub(crate) fn without(mut self, member: &str) -> Self {
        self.0.retain(|problem| problem.member != member);
        self
    }

    /// Fails if there are any problems.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    fn has(&self, member: &str) -> bool {
        self.0.iter().any(|problem| problem.member == member)
    }
}

/// The problems found in one member.
pub(super) struct MemberProblems<'a> {
    all: &'a mut SettingsProblems,
    member: &'static str,
}

impl MemberProblems<'_> {
    fn add(&mut self, text: impl Into<Cow<'static, str>>) {
        self.add_within("", text);
    }

    /// Records a problem of a part of it.
    fn add_within(&mut self, part: &str, text: impl Into<Cow<'static, str>>) {
        self.all.add(format!("{}{part}", self.member), text);
    }
}

pub(super) fn anything<T>(_value: &mut T, _problems: &mut MemberProblems<'_>) {}

pub(super) fn origin(value: &mut String, problems: &mut MemberProblems<'_>) {
    match origin::origin(value) {
        Some(origin) => *value = origin,
        None => problems.add(
            "must be an origin such as https://example.com, without a path or a slash at its end",
        ),
    }
}

/// Whether it matches the origin is checked when both are known.
pub(super) fn domain(value: &mut Option<String>, _problems: &mut MemberProblems<'_>) {
    if let Some(domain) = value {
        *domain = origin::host(domain).unwrap_or_else(|| domain.to_ascii_lowercase());
    }
}

pub(super) fn rp_id(settings: &AppSettings, problems: &mut SettingsProblems) {
    if !problems.has("auth_origin") && settings.rp_id().is_none() {
        problems.add(
            "rp_id",
            "must be the host of auth_origin, or a domain above it",
        );
    }
}

pub(super) fn page(value: &mut str, problems: &mut MemberProblems<'_>) {
    if !magic_links::is_page(value) || value.contains('\\') {
        problems.add("must be a path on auth_origin, such as /login");
    }
}

pub(super) fn link_paths(value: &mut Vec<String>, problems: &mut MemberProblems<'_>) {
    // On the command line, an empty text clears the list.
    value.retain(|path| !path.is_empty());
    for (place, path) in value.iter().enumerate() {
        if !magic_links::is_listed_path(path) {
            problems.add_within(
                &format!("[{place}]"),
                "must be a path on auth_origin, such as /welcome, without a query or a fragment, or * for any",
            );
        }
    }
}

pub(super) fn lifetime(value: &mut i64, problems: &mut MemberProblems<'_>) {
    if !(1..=LONGEST).contains(value) {
        problems.add(format!("must be a number of seconds from 1 to {LONGEST}"));
    }
}

pub(super) fn lifetime_or_none(value: &mut i64, problems: &mut MemberProblems<'_>) {
    if !(0..=LONGEST).contains(value) {
        problems.add(format!(
            "must be a number of seconds from 0 to {LONGEST}; 0 turns it off"
        ));
    }
}

pub(super) fn social_logins(value: &mut SocialSettings, problems: &mut MemberProblems<'_>) {
    let mut check = |login: &Option<SocialLogin>, provider: &str| {
        let id = login.as_ref().and_then(|login| login.client_id.as_deref());
        if matches!(id, Some("" | SHARED_CLIENT_ID)) {
            problems.add_within(
                &format!(".{provider}.client_id"),
                "must not be empty or that of the shared credentials; those are meant without it",
            );
        }
    };
    check(&value.apple, "apple");
    check(&value.github, "github");
    check(&value.google, "google");
}

pub(super) fn callback_urls(value: &mut [String], problems: &mut MemberProblems<'_>) {
    for (place, url) in value.iter().enumerate() {
        if !is_callback_url(url) {
            problems.add_within(
                &format!("[{place}]"),
                "must be a URL such as https://example.com/callback or my-app://callback",
            );
        }
    }
}
