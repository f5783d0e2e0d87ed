//! What `passage-server serve --check` passes, a server starts with, and nothing else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use passage_server::DataFile;

use crate::process::{Process, refused, run};
use crate::site::{Site, TWO_APPS};

/// A folder with a key and a certificate for it, beside what every site has.
fn site() -> Site {
    let site = Site::new("");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(site.path("cert.pem"), made.cert.pem()).unwrap();
    site.secret("key.pem", &made.signing_key.serialize_pem());
    site.secret("password", "sesame");
    site
}

fn check(site: &Site) -> Result<(), String> {
    let config = site.path("passage.toml");
    let output = run(&["serve", "--check", "--config", config.to_str().unwrap()]);
    assert!(output.stdout.is_empty(), "a check prints nothing");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// Checks the configuration and starts a server with it, which must come to the same.
#[track_caller]
fn passes(site: &Site) {
    check(site).unwrap();
    let config = site.path("passage.toml");
    let server = Process::start(&["serve", "--config", config.to_str().unwrap()]);
    check(site).unwrap_or_else(|problem| panic!("not while the server runs: {problem}"));
    let (ended, log) = server.stop("TERM");
    assert!(ended.success(), "{log}");
}

/// Likewise. Returns what is wrong.
#[track_caller]
fn fails(site: &Site) -> String {
    let data = fs::metadata(site.path("passage.db")).is_ok();
    let checked = check(site).unwrap_err();
    assert_eq!(fs::metadata(site.path("passage.db")).is_ok(), data);
    let config = site.path("passage.toml");
    let started = refused(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(checked, started);
    assert_eq!(checked.lines().count(), 1, "{checked}");
    checked
}

/// The line of the configuration that has this text.
fn line_with(site: &Site, text: &str) -> usize {
    let config = fs::read_to_string(site.path("passage.toml")).unwrap();
    1 + config.lines().position(|line| line.contains(text)).unwrap()
}

/// Parts of configurations that cannot work, the text on the line that is named, and what it says.
const BAD: &[(&str, &str, &str)] = &[
    (
        "[mail]\nhost = \"mail.example.com\"\nfrom = \"Acme, Inc.\"\n",
        "from =",
        "must be an address, or a name and an address",
    ),
    (
        "[mail]\nhost = \"mail.example.com\"\nfrom = \"a@example.com, b@example.com\"\n",
        "from =",
        "must be an address, or a name and an address",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail example\"\n",
        "host =",
        "must be the name of a mail server",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"\"\n",
        "host =",
        "must be the name of a mail server",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail.example.com\"\nsecurity = \"none\"\n",
        "security =",
        "must be tls or starttls",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail.example.com\"\nport = 0\n",
        "port =",
        "expected a nonzero u16",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail.example.com\"\ntimeout_seconds = 9223372036854775807\n",
        "timeout_seconds =",
        "expected a nonzero u32",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail.example.com\"\nusername = \"\"\npassword = { file = \"password\" }\n",
        "username =",
        "must not be empty",
    ),
    (
        "[mail]\nfrom = \"a@example.com\"\nhost = \"mail.example.com\"\nusername = \"me\"\n",
        "[mail]",
        "username and password go together",
    ),
    (
        "[texts]\nsecret = { file = \"password\" }\nurl = \"nonsense\"\n",
        "url =",
        "must be an https URL",
    ),
    (
        "[texts]\nsecret = { file = \"password\" }\nurl = \"http://texts.example.com\"\n",
        "url =",
        "must be an https URL",
    ),
    (
        "[texts]\nsecret = { file = \"password\" }\nurl = \"https://999.1.1.1/\"\n",
        "url =",
        "must be an https URL",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example/\"\n",
        "auth_origin =",
        "must be an origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example.\"\n",
        "auth_origin =",
        "must be an origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example:99999\"\n",
        "auth_origin =",
        "must be an origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nrp_id = \"b.example\"\n",
        "rp_id =",
        "must be the host of auth_origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://127.0.0.1\"\nrp_id = \"0.1\"\n",
        "rp_id =",
        "must be the host of auth_origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nlogin_url = \"https://b.example\"\n",
        "login_url =",
        "must be a path on auth_origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\nredirect_url = \"//b.example\"\n",
        "redirect_url =",
        "must be a path on auth_origin",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\none_time_code_seconds = 0\n",
        "one_time_code_seconds =",
        "must be a number of seconds from 1 to",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\ncallback_urls = []\n",
        "callback_urls =",
        "unknown field `callback_urls`",
    ),
    (
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://a.example\"\n[[apps]]\nid =   \"a\"\nauth_origin = \"https://b.example\"\n",
        "id =   ",
        "`a` is there twice",
    ),
    (
        "[limits]\nmessages_per_account_per_minute = -1\n",
        "messages_per_account_per_minute =",
        "expected u32",
    ),
];

#[test]
fn what_cannot_work_is_refused_with_its_line() {
    let site = site();
    for (part, place, says) in BAD {
        site.configure(part);
        let problem = fails(&site);
        let line = format!("passage.toml: line {}: ", line_with(&site, place));
        assert!(problem.contains(&line), "{part}\n{problem}");
        assert!(problem.contains(says), "{part}\n{problem}");
    }
    assert!(!site.path("passage.db").exists());
}

#[test]
fn what_stands_in_the_listen_table_is_refused_with_its_line() {
    let site = site();
    for (members, place, says) in [
        ("connections = 0", "connections =", "expected a nonzero"),
        ("head_seconds = 0", "head_seconds =", "expected a nonzero"),
        (
            "body_seconds = 9223372036854775807",
            "body_seconds =",
            "expected a nonzero u32",
        ),
        (
            "client_address_header = \"x forwarded\"",
            "client_address_header =",
            "must be the name of a header",
        ),
        ("proxies = 0", "proxies =", "expected a nonzero"),
    ] {
        site.configure(&format!("{members}\n"));
        let problem = fails(&site);
        let line = format!("passage.toml: line {}: ", line_with(&site, place));
        assert!(problem.contains(&line), "{members}\n{problem}");
        assert!(problem.contains(says), "{members}\n{problem}");
    }
}

#[test]
fn what_can_be_made_right_passes() {
    let site = site();
    let mail = "[mail]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\nfrom = \"Acme, Inc. <no-reply@example.com>\"\n";
    let texts = "[texts]\nurl = \"http://127.0.0.1:1/send\"\nsecret = { file = \"password\" }\n";
    for part in [
        "tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n",
        "head_seconds = 4294967295\nbody_seconds = 4294967295\nreply_seconds = 4294967295\n",
        mail,
        texts,
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://shop.example.com:443\"\n",
        "[[apps]]\nid = \"a\"\nauth_origin = \"HTTPS://Bücher.Example\"\nrp_id = \"bücher.example\"\n",
        "[[apps]]\nid = \"a\"\nauth_origin = \"https://192.0.2.1\"\nlogin_url = \"login\"\n",
        TWO_APPS,
    ] {
        site.configure(part);
        passes(&site);
    }
}

#[tokio::test]
async fn an_origin_is_what_browsers_send() {
    let site = Site::new("[[apps]]\nid = \"a\"\nauth_origin = \"HTTPS://Shop.Example.com:443\"\n");
    let server = site.start().await;
    let url = format!("{}/auth/v1/apps/a", server.url());
    let reply = crate::support::send(crate::support::client().get(url)).await;
    assert_eq!(
        reply.json(200)["app"]["auth_origin"],
        "https://shop.example.com"
    );
    server.shutdown().await;
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn secrets_and_certificates_must_be_there_and_fit() {
    let site = site();
    let tls = "tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n";
    site.configure(tls);
    set_mode(&site.path("key.pem"), 0o644);
    assert!(fails(&site).contains("key.pem: others may use this secret file (mode 644)"));
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    site.secret("key.pem", &other.signing_key.serialize_pem());
    assert!(fails(&site).contains("cert.pem: "));
    fs::write(site.path("cert.pem"), "no certificate").unwrap();
    assert!(fails(&site).contains("cert.pem: there is no certificate in it"));
    fs::remove_file(site.path("cert.pem")).unwrap();
    assert!(fails(&site).contains("cert.pem: "));

    site.configure(
        "[texts]\nurl = \"https://texts.example.com\"\nsecret = { file = \"password\" }\n",
    );
    site.secret("password", "sesame öffne dich");
    let problem = fails(&site);
    assert!(
        problem.contains("texts.secret: must be made of visible"),
        "{problem}"
    );
    assert!(!problem.contains("sesame"), "{problem}");
    site.secret("password", " \n");
    assert!(fails(&site).contains("texts.secret: is empty"));
    set_mode(&site.path("password"), 0o640);
    assert!(fails(&site).contains("password: others may use this secret file"));

    site.configure("");
    set_mode(&site.path("encryption.key"), 0o604);
    assert!(fails(&site).contains("encryption.key: others may use"));
    site.secret("encryption.key", "c2VjcmV0");
    assert!(
        fails(&site).contains("keys.encryption_key: the encryption key must be 32 random bytes")
    );
}

#[test]
fn an_expired_certificate_passes_as_a_server_uses_it() {
    let site = site();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let expired = wanted.self_signed(&key).unwrap();
    fs::write(site.path("cert.pem"), expired.pem()).unwrap();
    site.secret("key.pem", &key.serialize_pem());
    site.configure("tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n");
    passes(&site);
}

/// Writes the whole file, for what [`Site::configure`] has already.
fn write(site: &Site, text: &str) {
    fs::write(site.path("passage.toml"), text).unwrap();
}

const REST: &str = "[listen]\naddress = \"127.0.0.1:0\"\n";

#[test]
fn it_is_said_in_which_apps_nobody_can_prove_an_identifier() {
    let site = site();
    site.secret("hook", "sesame");
    let mail = "[mail]\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\n";
    let texts = "[texts]\nurl = \"https://texts.example.com/\"\nsecret = { file = \"hook\" }\n";
    let notes = |more: &str| {
        site.configure(&format!("{more}{TWO_APPS}"));
        let config = site.path("passage.toml");
        let output = run(&["serve", "--check", "--config", config.to_str().unwrap()]);
        let notes = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && output.stdout.is_empty(),
            "{notes}"
        );
        let lines: Vec<_> = notes.lines().map(str::to_owned).collect();
        let about = "require_identifier_verification is off for";
        assert!(lines.iter().all(|line| line.contains(about)), "{notes}");
        lines
    };
    assert_eq!(notes("").len(), 4);
    let without_texts = notes(mail);
    assert_eq!(without_texts.len(), 2, "{without_texts:?}");
    assert!(
        without_texts[0].starts_with("note: app `one`")
            && without_texts[0].contains("phone numbers, as there is no [texts]"),
        "{without_texts:?}"
    );
    assert_eq!(notes(&format!("{mail}{texts}")), [""; 0]);
}

#[test]
fn it_is_said_that_behind_a_proxy_all_clients_look_the_same() {
    let site = site();
    let noted = |listen: &str| {
        let text = format!(
            "data = \"passage.db\"\nurl = \"https://auth.example.com\"\n[keys]\n\
             encryption_key = {{ file = \"encryption.key\" }}\n[listen]\naddress = \"127.0.0.1:0\"\n{listen}{TWO_APPS}"
        );
        write(&site, &text);
        let config = site.path("passage.toml");
        let output = run(&["serve", "--check", "--config", config.to_str().unwrap()]);
        assert!(output.status.success());
        let notes = String::from_utf8(output.stderr).unwrap();
        notes.contains("listen.client_address_header is not set")
    };
    assert!(noted(""));
    assert!(!noted("client_address_header = \"X-Forwarded-For\"\n"));
}

#[test]
fn keys_from_before_are_others_than_the_one_of_now() {
    let site = site();
    let keys = "data = \"passage.db\"\n[keys]\nencryption_key = { file = \"encryption.key\" }\n";
    let before = |name: &str| format!("{keys}previous = [\n{{ file = \"{name}\" }},\n]\n{REST}");
    write(&site, &before("encryption.key"));
    let problem = fails(&site);
    assert!(
        problem.contains("line 5: must be a key from before"),
        "{problem}"
    );
    write(&site, &before("old.key"));
    assert!(fails(&site).contains("keys.previous: "));
    site.secret("old.key", &DataFile::encryption_key());
    passes(&site);
    write(
        &site,
        &format!("{keys}rotate_days = 2\nannounce_hours = 48\n{REST}"),
    );
    assert!(fails(&site).contains("line 5: keys.announce_hours: must be shorter"));
    write(
        &site,
        &format!("{keys}rotate_days = 4294967295\nannounce_hours = 4294967295\n{REST}"),
    );
    passes(&site);
}

#[test]
fn a_url_of_others_is_needed_and_takes_its_usual_form() {
    let site = site();
    let rest = "[keys]\nencryption_key = { file = \"encryption.key\" }\n";
    let with = |url: &str, address: &str| {
        format!("data = \"passage.db\"\n{url}\n{rest}[listen]\naddress = \"{address}\"\n")
    };
    write(&site, &with("", "0.0.0.0:0"));
    assert!(fails(&site).contains("url: is needed"));
    for bad in [
        "auth.example.com",
        "https://a.example/",
        "ftp://a.example",
        "https://a.example.",
    ] {
        write(&site, &with(&format!("url = \"{bad}\""), "127.0.0.1:0"));
        assert!(
            fails(&site).contains("line 2: must be a URL such as"),
            "{bad}"
        );
    }
    write(
        &site,
        &with("url = \"HTTPS://Auth.Example.com:443/base\"", "127.0.0.1:0"),
    );
    check(&site).unwrap();
    let config = site.path("passage.toml");
    let server = Process::start(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(server.ready["url"], "https://auth.example.com/base");
    assert!(server.stop("TERM").0.success());
    write(&site, &with("", "127.0.0.1"));
    assert!(fails(&site).contains("line 6: "));
}

#[tokio::test]
async fn a_data_file_must_be_one_that_this_server_can_read() {
    let site = site();
    let rest = format!("[keys]\nencryption_key = {{ file = \"encryption.key\" }}\n{REST}");
    fs::create_dir(site.path("folder")).unwrap();
    fs::write(site.path("notes"), "these are my notes".repeat(100)).unwrap();
    for data in [
        "folder",
        "notes",
        "no/such/folder/passage.db",
        "notes/passage.db",
        "",
    ] {
        write(&site, &format!("data = \"{data}\"\n{rest}"));
        let problem = fails(&site);
        assert!(problem.contains(data), "{data}: {problem}");
    }

    site.configure(TWO_APPS);
    let server = site.start().await;
    let url = format!("{}/auth/v1/apps/one/.well-known/jwks.json", server.url());
    crate::support::send(crate::support::client().get(url))
        .await
        .json(200);
    server.shutdown().await;
    passes(&site);
    let old = fs::read_to_string(site.path("encryption.key")).unwrap();
    site.secret("encryption.key", &DataFile::encryption_key());
    assert!(fails(&site).contains("the signing keys are encrypted with key"));
    site.secret("encryption.key", &old);
    passes(&site);
}
