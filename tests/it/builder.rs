//! Settings: what is refused, what the environment says, and what `Debug` shows.
use std::collections::HashMap;
use std::time::Duration;

use passage_identity::verification::CrossSitePolicy;
use passage_identity::{AuthStrategy, Endpoint, ErrorKind, Passage, PassageBuilder};

const SERVER: &str = "http://127.0.0.1:8787";

fn builder() -> PassageBuilder {
    Passage::builder("app1").server(SERVER)
}

#[test]
fn settings_that_cannot_work_are_refused_with_a_reason() {
    for (builder, reason) in [
        (Passage::builder("app1"), "There is no default"),
        (Passage::builder("").server(SERVER), "app id"),
        (Passage::builder("..").server(SERVER), "app id"),
        (
            Passage::builder("app1").api_url("http://127.0.0.1/v1"),
            "PASSAGE_AUTH_URL",
        ),
        (
            Passage::builder("app1").auth_url("http://127.0.0.1/v1"),
            "PASSAGE_API_URL",
        ),
        (Passage::builder("app1").server(""), "cannot be parsed"),
        (
            Passage::builder("app1").server("127.0.0.1:8787"),
            "server URL",
        ),
        (
            Passage::builder("app1").server("ftp://127.0.0.1"),
            "neither http nor https",
        ),
        (
            Passage::builder("app1").server("http://user:hunter2@127.0.0.1"),
            "credentials",
        ),
        (
            builder().auth_url("http://127.0.0.1/v1?x=hunter2"),
            "query or a fragment",
        ),
        (builder().api_key(""), "API key is empty"),
        (builder().api_key("hunter2 hunter2"), "API key contains"),
        (builder().api_key("hunter2\n"), "API key contains"),
        (builder().api_key("hunter2é"), "API key contains"),
        (builder().leeway(Duration::from_secs(61)), "leeway"),
        (builder().timeout(Duration::ZERO), "time-out"),
        (builder().connect_timeout(Duration::ZERO), "time-out"),
        (
            Passage::builder("app1").server("http://passage.example.com"),
            "danger_allow_http",
        ),
        (
            builder().cross_site(CrossSitePolicy::new().add_origin("admin.example.com/users")),
            "allowed origin",
        ),
        (builder().add_issuer(""), "empty issuer"),
        (builder().add_audience(""), "empty issuer or audience"),
    ] {
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(reason);
        assert_eq!(error.kind(), ErrorKind::Config, "{reason}");
        assert!(error.is_config() && !error.is_token_invalid() && !error.is_unavailable());
        assert!(error.to_string().contains(reason), "{reason}: {error}");
        assert!(
            !format!("{shown} {error} {error:?}").contains("hunter2"),
            "{shown} {error:?}"
        );
    }
}

#[test]
fn the_error_for_no_server_says_why_and_what_to_do() {
    let error = Passage::builder("app1").build().unwrap_err().to_string();
    for part in ["retired", "domain", ".server(url)", "PASSAGE_URL"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn settings_that_work() {
    for builder in [
        builder(),
        builder().leeway(Duration::ZERO),
        builder().leeway(Duration::from_secs(60)),
        builder()
            .auth_strategy(AuthStrategy::Header)
            .add_issuer("i")
            .add_audience("https://example.com"),
        Passage::builder("app1").endpoint(Endpoint::hosted()),
        Passage::builder("app1").endpoint(Endpoint::new(
            "https://api.example.com/v1",
            "https://auth.example.com/v1",
        )),
        Passage::builder("app1")
            .api_url("https://api.example.com/v1")
            .auth_url("https://auth.example.com/v1"),
        builder().auth_url("https://auth.example.com/v1/"),
    ] {
        let shown = format!("{builder:?}");
        assert!(builder.build().is_ok(), "{shown}");
    }
}

#[test]
fn debug_shows_where_and_who_but_no_key() {
    let passage = builder().api_key("prefix.hunter2").build().unwrap();
    insta::assert_snapshot!(
        format!("{passage:?}"),
        @r#"Passage { app_id: AppId("app1"), api_url: "http://127.0.0.1:8787/api/v1", auth_url: "http://127.0.0.1:8787/auth/v1", auth_strategy: Cookie, has_api_key: true }"#
    );
    let everything = format!(
        "{:?} {passage:#?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        builder().api_key("prefix.hunter2"),
        passage.users(),
        passage.users().list(),
        passage.magic_links(),
        passage.api_keys(),
        passage.flex(),
        passage.management_api(),
        passage.auth_api_as("prefix.hunter2").unwrap(),
    );
    assert!(
        !everything.contains("hunter2") && !everything.contains("prefix"),
        "{everything}"
    );
}

fn from(vars: &[(&str, &str)]) -> passage_identity::Result<Passage> {
    let vars: HashMap<_, _> = vars.iter().copied().collect();
    PassageBuilder::from_vars(|name| vars.get(name).map(|value| (*value).to_owned()))?.build()
}

#[test]
fn the_environment() {
    let app = ("PASSAGE_APP_ID", "app1");
    let url = ("PASSAGE_URL", SERVER);
    let api = ("PASSAGE_API_URL", "https://api.example.com/v1");
    let auth = ("PASSAGE_AUTH_URL", "https://auth.example.com/v1");
    for (vars, expected) in [
        (vec![app, url], Ok("http://127.0.0.1:8787/auth/v1")),
        (vec![app, api, auth], Ok("https://auth.example.com/v1")),
        (
            vec![app, url, ("PASSAGE_API_KEY", "")],
            Ok("has_api_key: false"),
        ),
        (
            vec![app, url, ("PASSAGE_API_KEY", "k")],
            Ok("has_api_key: true"),
        ),
        (
            vec![app, url, ("PASSAGE_API_URL", "")],
            Ok("http://127.0.0.1:8787/api/v1"),
        ),
        (
            vec![app, url, ("PASSAGE_AUTH_STRATEGY", "header")],
            Ok("auth_strategy: Header"),
        ),
        (
            vec![app, url, ("PASSAGE_AUTH_STRATEGY", "Cookie")],
            Ok("auth_strategy: Cookie"),
        ),
        (
            vec![app, url, ("PASSAGE_AUTH_STRATEGY", "")],
            Ok("auth_strategy: Cookie"),
        ),
        (vec![url], Err("PASSAGE_APP_ID")),
        (vec![("PASSAGE_APP_ID", ""), url], Err("PASSAGE_APP_ID")),
        (vec![app], Err("PASSAGE_URL")),
        (vec![app, api], Err("PASSAGE_AUTH_URL")),
        (vec![app, auth], Err("PASSAGE_API_URL")),
        (vec![app, url, api], Err("one or the other")),
        (vec![app, url, api, auth], Err("one or the other")),
        (
            vec![app, url, ("PASSAGE_AUTH_STRATEGY", "both")],
            Err("neither cookie nor header"),
        ),
        (vec![app, url, ("PASSAGE_API_KEY", "a b")], Err("API key")),
    ] {
        match (from(&vars), expected) {
            (Ok(passage), Ok(part)) => {
                let shown = format!("{passage:?}");
                assert!(shown.contains(part), "{vars:?}: {shown}");
            }
            (Err(error), Err(part)) => {
                assert_eq!(error.kind(), ErrorKind::Config);
                assert!(error.to_string().contains(part), "{vars:?}: {error}");
            }
            (result, _) => panic!("{vars:?}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_key_management_fails_before_any_request() {
    // Nothing listens there; a request would end in another kind of error.
    let passage = builder().build().unwrap();
    let error = passage.users().get("user1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingApiKey);
    assert!(error.is_config());
    insta::assert_snapshot!(
        error,
        @"getUser: no API key is set: give one to Passage::builder(..).api_key(..) or set PASSAGE_API_KEY"
    );
}

#[test]
fn a_user_token_must_look_like_one() {
    let passage = builder().build().unwrap();
    for token in ["", "a b", "a\n", "é"] {
        assert!(
            passage.auth_api_as(token).unwrap_err().is_invalid_input(),
            "{token:?}"
        );
    }
}
