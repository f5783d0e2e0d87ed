#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::domain::settings::{AppSettings, ConcealUsers, MetadataType, SettingsPatch};
use crate::keys::WrappingKey;

const LEAST: &str = r#"
data = "passage.db"

[listen]
address = "127.0.0.1:0"

[keys]
encryption_key = { env = "PASSAGE_ENCRYPTION_KEY" }
"#;

fn problem(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

#[test]
fn little_is_needed_and_the_rest_has_defaults() {
    let config = Config::parse_in(Path::new("/etc/passage"), LEAST).unwrap();
    assert_eq!(config.data(), Path::new("/etc/passage/passage.db"));
    assert_eq!(config.log().level, tracing::Level::INFO);
    assert_eq!(config.app_ids().count(), 0);
}

/// Resolves a configuration in a folder of its own.
fn resolved(text: &str) -> Result<ServeSettings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("key"), &WrappingKey::generate());
    let text = text.replace("env = \"PASSAGE_ENCRYPTION_KEY\"", "file = \"key\"");
    Config::parse_in(folder.path(), &text)?.resolve()
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut file = crate::private_file::open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_server_gets_what_little_is_needed_and_defaults() {
    let settings = resolved(LEAST).unwrap();
    let address = "127.0.0.1:8787".parse().unwrap();
    assert_eq!(settings.url(address), "http://127.0.0.1:8787");
    assert!(!settings.is_open_to_eavesdroppers() && !settings.delivers);
    let listen = settings.listen;
    let seconds = [listen.head, listen.body, listen.reply].map(|time| time.as_secs());
    assert_eq!((seconds, listen.connections), ([10, 30, 30], 4096));
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_a_mend() {
    for (addition, starts) in [
        ("[listne]", "line 9: unknown field `listne`"),
        ("[log]\nlevel = \"loud\"", "line 10: unknown variant `loud`"),
        (
            "[[apps]]\nid = \"a/b\"\nauth_origin = \"https://a.example\"",
            "line 10: must be made of letters",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example/\"",
            "line 11: must be an origin such as",
        ),
        (
            "[[apps]]\nid = \"a\"",
            "line 9: missing field `auth_origin`",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nsession_seconds = 0",
            "line 12: must be a number of seconds",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nmetadata = { plan = \"toaster\" }",
            "line 12: unknown variant `toaster`",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\n[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"",
            "line 13: apps: `a` is there twice",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nrp_id = \"b.example\"",
            "line 12: must be the host of auth_origin, or a domain above it",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\none_time_codes = true",
            "line 12: apps: `a` has one_time_codes = true, but without [mail] or [texts] they reach nobody: add",
        ),
        (
            "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nmagic_links = true",
            "line 12: apps: `a` has magic_links = true, but",
        ),
        (
            "[mail]\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\nusername = \"me\"",
            "line 9: mail: username and password",
        ),
        (
            "[limits]\nper_minute = 3",
            "line 10: unknown field `per_minute`, expected `messages_per_account_per_minute`",
        ),
    ] {
        let problem = problem(&format!("{LEAST}{addition}\n"));
        assert!(problem.starts_with(starts), "{addition}: {problem}");
    }
    let open = LEAST.replace("127.0.0.1", "0.0.0.0");
    assert!(problem(&open).starts_with("url: is needed"));
    let never = LEAST.replace("[keys]", "reply_seconds = 0\n[keys]");
    assert!(problem(&never).starts_with("line 7: invalid value: integer `0`"));
    let tls = LEAST.replace(
        "[keys]",
        "tls = { certificate = \"a\", key = \"b\" }\n[keys]",
    );
    assert!(
        problem(&format!("url = \"http://a.example\"\n{tls}"))
            .starts_with("line 1: url: must be https")
    );
    assert!(problem("data = 1").starts_with("line 1: "));
    assert!(problem("what is this").starts_with("line 1: "));
}

#[test]
fn codes_and_links_can_be_promised_with_any_provider_and_denied_without() {
    let app = "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\n";
    let (yes, no) = ("one_time_codes = true", "one_time_codes = false");
    let mail = "[mail]\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\n";
    let texts = "[texts]\nurl = \"https://a.example\"\nsecret = { env = \"A\" }\n";
    for good in [
        format!("{LEAST}{app}{no}"),
        format!("{LEAST}{mail}{app}{yes}"),
        format!("{LEAST}{texts}{app}{yes}"),
    ] {
        Config::parse(&good).unwrap();
    }
}

#[test]
fn what_the_file_says_of_connections_is_how_they_are_taken() {
    let listen = "\n[keys]";
    let said = "head_seconds = 3\nbody_seconds = 4\nreply_seconds = 5\nconnections = 6\n[keys]";
    let listen = resolved(&LEAST.replace(listen, said)).unwrap().listen;
    let seconds = [listen.head, listen.body, listen.reply].map(|time| time.as_secs());
    assert_eq!((seconds, listen.connections), ([3, 4, 5], 6));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let text = LEAST.replace("{ env = \"PASSAGE_ENCRYPTION_KEY\" }", "\"hunter2\"");
    let told = problem(&text);
    assert!(
        told.starts_with("line 8: must be `{ env = \"NAME\" }`"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
    for bad in [
        "{}",
        "{ env = \"A\", file = \"b\" }",
        "{ value = \"A\" }",
        "8152637",
        "-8152637",
        "815.2637",
        "true",
    ] {
        let told = problem(&LEAST.replace("{ env = \"PASSAGE_ENCRYPTION_KEY\" }", bad));
        assert!(told.starts_with("line 8: "), "{bad}: {told}");
        assert!(!told.contains("815"), "{bad}: {told}");
    }
}

#[test]
fn secrets_are_read_from_private_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let text = LEAST.replace("env = \"PASSAGE_ENCRYPTION_KEY\"", "file = \"key\"");
    let config = Config::parse_in(folder.path(), &text).unwrap();
    let told = || config.check().unwrap_err().to_string();
    assert!(told().contains("key: "), "{}", told());
    std::fs::write(&path, WrappingKey::generate()).unwrap();
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;
        set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(told().contains("chmod 600"), "{}", told());
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    config.check().unwrap();
    std::fs::write(&path, "hunter2").unwrap();
    assert!(told().contains("32 random bytes") && !told().contains("hunter2"));
    let env = Config::parse(&LEAST.replace("PASSAGE_ENCRYPTION_KEY", "PASSAGE_NO_SUCH_VARIABLE"));
    let told = env.unwrap().check().unwrap_err().to_string();
    assert_eq!(
        told,
        "keys.encryption_key: the environment variable PASSAGE_NO_SUCH_VARIABLE is not set"
    );
}

#[test]
fn an_app_is_what_the_file_says() {
    let text = format!(
        "{LEAST}[[apps]]\nid = \"shop\"\nauth_origin = \"https://shop.example\"\nrefresh_tokens = false\n\
         metadata = {{ plan = \"string\", age = \"integer\" }}\n"
    );
    let config = Config::parse(&text).unwrap();
    let app = config.file.apps.first().unwrap();
    assert_eq!(app.id, "shop");
    let mut stored = AppSettings::default();
    stored.put_field("plan", MetadataType::Boolean);
    stored.put_field("gone", MetadataType::Boolean);
    let plan = stored.metadata.first().unwrap().id.clone();
    let settings = app.settings(stored.metadata).unwrap();
    assert_eq!(
        (&*settings.name, settings.conceal_users),
        ("shop", ConcealUsers::Yes)
    );
    assert!(!settings.refresh_enabled);
    let fields: Vec<_> = settings
        .metadata
        .iter()
        .map(|field| (&*field.name, field.r#type))
        .collect();
    assert_eq!(
        fields,
        [
            ("plan", MetadataType::String),
            ("age", MetadataType::Integer)
        ]
    );
    assert_eq!(
        settings.metadata.first().unwrap().id,
        plan,
        "a field keeps its id"
    );
}

#[test]
fn each_setting_is_a_member_except_those_of_social_logins() {
    let app = format!("{LEAST}[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\n");
    for name in SettingsPatch::NAMES {
        let told = problem(&format!("{app}{name} = [[]]\n"));
        let unknown = told.contains(&format!("unknown field `{name}`"));
        let social = ["social_logins", "callback_urls"].contains(name);
        assert_eq!(unknown, social, "{told}");
    }
}
