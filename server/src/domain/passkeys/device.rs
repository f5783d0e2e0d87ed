//! The device that represents a new passkey.

use super::Credential;
use super::response::Creation;
use crate::clock::Time;
use crate::ids::DeviceId;
use crate::store::devices::{DeviceKind, DeviceRow};

/// A device for what an authenticator created.
pub(crate) fn new(
    friendly_name: String,
    credential: &Credential,
    creation: &Creation,
    now: Time,
) -> DeviceRow {
    DeviceRow {
        id: DeviceId::new(),
        cred_id: credential.cred_id.clone(),
        friendly_name,
        r#type: kind(
            credential.backup_eligible,
            creation.attachment.as_deref(),
            &creation.transports,
        ),
        icon_light: None,
        icon_dark: None,
        usage_count: 0,
        last_login_at: Time::NEVER,
        created_at: now,
        updated_at: now,
    }
}

/// `passkey` if it can be synchronized, `security_key` if it is on a roaming authenticator, otherwise `platform`.
pub(crate) fn kind(
    backup_eligible: bool,
    attachment: Option<&str>,
    transports: &[String],
) -> DeviceKind {
    let roams = |name: &String| matches!(name.as_str(), "usb" | "nfc" | "ble" | "smart-card");
    if backup_eligible {
        DeviceKind::Passkey
    } else if attachment == Some("cross-platform") || transports.iter().any(roams) {
        DeviceKind::SecurityKey
    } else {
        DeviceKind::Platform
    }
}

/// A name for a passkey that was created in this browser, until the user renames it.
pub(crate) fn name(user_agent: &str) -> String {
    browser_and_system(user_agent).unwrap_or_else(|| "Passkey".to_owned())
}

/// The browser and the system in a user agent, in words of our own. `None` if it names neither.
pub(crate) fn browser_and_system(user_agent: &str) -> Option<String> {
    let first = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // Most specific first: Edge also claims to be Chrome, and Chrome claims to be Safari.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                "Chrome on macOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
                "Firefox on Linux",
            ),
            ("okhttp/4.12 (Android 15)", "Android"),
            ("curl/8.5", "Passkey"),
            ("", "Passkey"),
        ] {
            assert_eq!(name(user_agent), expected, "{user_agent}");
        }
    }
}
