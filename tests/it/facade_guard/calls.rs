//! Every method that `openapi/facade.yaml` names, called with everything set that can be set.

use std::time::Duration;

use futures_util::stream;
use jiff::Timestamp;
use passage_identity::bulk::{ExportUsers, ImportReport};
use passage_identity::magic_links::{
    CreateMagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkType,
};
use passage_identity::test_util::{TestToken, cookie};
use passage_identity::users::{
    CountFilter, CreateUser, ListUsers, Order, SortBy, TimeFilter, UpdateUser, UserStatus,
};
use passage_identity::{Passage, Result};
use serde_json::json;

use crate::facade_guard::document::TEXTS;
use crate::facade_guard::mock_api::MockApi;
use crate::facade_guard::shown;

/// All methods that are called here.
pub(crate) const METHODS: [&str; 36] = [
    "ApiKeys::create",
    "ApiKeys::delete",
    "ApiKeys::get",
    "ApiKeys::list",
    "Flex::authenticate_transaction",
    "Flex::get_user",
    "Flex::list_devices",
    "Flex::register_transaction",
    "Flex::revoke_device",
    "Flex::verify_nonce",
    "ListUsers::export",
    "ListUsers::send",
    "ListUsers::stream",
    "MagicLinks::create",
    "MagicLinks::send",
    "Passage::app",
    "Passage::authenticate",
    "Passage::verify_token_as",
    "Passage::verify_request",
    "Passage::verify_request_as",
    "Passage::verify_token",
    "Passage::warm_up",
    "Users::activate",
    "Users::create",
    "Users::deactivate",
    "Users::delete",
    "Users::export_users",
    "Users::get",
    "Users::get_by_external_id",
    "Users::get_by_identifier",
    "Users::import_json_lines",
    "Users::import_users",
    "Users::list_devices",
    "Users::revoke_device",
    "Users::revoke_refresh_tokens",
    "Users::update",
];

/// What the method, one of [`METHODS`], gave.
pub(crate) async fn call(method: &str, mock: &MockApi<'_>) -> String {
    match method.split_once("::").unwrap() {
        ("Passage", "app") => shown::result(mock.passage().app().await, shown::app),
        ("Passage", method) => verify(method, mock).await,
        ("Users", method) => users(method, mock.passage()).await,
        ("ListUsers", method) => list(method, mock.passage()).await,
        ("MagicLinks", method) => magic_links(method, mock).await,
        ("Flex", method) => flex(method, mock.passage()).await,
        ("ApiKeys", method) => api_keys(method, mock.passage()).await,
        _ => unknown(method),
    }
}

fn unknown(method: &str) -> String {
    panic!("{method} is one of METHODS and not called")
}

/// With a client that has not fetched any key yet.
async fn verify(method: &str, mock: &MockApi<'_>) -> String {
    let now = Timestamp::now();
    let token = TestToken::new("user").issued_at(now).not_before(now);
    let token = token.expires_at(now + Duration::from_secs(3600));
    let token = mock.issuer.mint(token).unwrap();
    let request = cookie(&token).unwrap();
    let passage = mock.fresh();
    match method {
        "authenticate" => {
            shown::result(passage.authenticate(&request).await, |id| format!("{id:?}"))
        }
        "verify_request" => shown::result(passage.verify_request(&request).await, shown::claims),
        "verify_request_as" => {
            shown::result(passage.verify_request_as(&request).await, shown::claims)
        }
        "verify_token" => shown::result(passage.verify_token(&token).await, shown::claims),
        "verify_token_as" => shown::result(passage.verify_token_as(&token).await, shown::claims),
        "warm_up" => shown::result(passage.warm_up().await, |()| "warm".to_owned()),
        other => unknown(other),
    }
}

async fn users(method: &str, passage: &Passage) -> String {
    let users = passage.users();
    let email = || CreateUser::with_email("ada@example.com");
    let create = email().phone("+15005550006").metadata(json!({"member": 1}));
    let update = UpdateUser::new()
        .email("ada@example.com")
        .phone("+15005550006");
    match method {
        "get" => shown::result(users.get("user").await, shown::user),
        "get_by_identifier" => {
            shown::result(users.get_by_identifier("a@example.com").await, shown::user)
        }
        // The one that the reply to a search has.
        "get_by_external_id" => {
            shown::result(users.get_by_external_id(TEXTS[0]).await, shown::user)
        }
        "create" => shown::result(users.create(create).await, shown::user),
        "update" => {
            let changes = update.metadata(json!({"member": 1}));
            shown::result(users.update("user", changes).await, shown::user)
        }
        "activate" => shown::result(users.activate("user").await, shown::user),
        "deactivate" => shown::result(users.deactivate("user").await, shown::user),
        "delete" => shown::result(users.delete("user").await, nothing),
        "list_devices" => shown::result(users.list_devices("user").await, |devices| {
            shown::all(devices, shown::device)
        }),
        "revoke_device" => shown::result(users.revoke_device("user", "device").await, nothing),
        "revoke_refresh_tokens" => {
            shown::result(users.revoke_refresh_tokens("user").await, nothing)
        }
        "import_users" => import(&users.import_users(stream::iter([email()])).run().await),
        "import_json_lines" => {
            let line = &br#"{"email":"ada@example.com"}"#[..];
            import(&users.import_json_lines(line).run().await)
        }
        "export_users" => export(users.export_users()).await,
        other => unknown(other),
    }
}

fn nothing((): &()) -> String {
    "done".to_owned()
}

fn import(report: &ImportReport) -> String {
    let complete = report.is_complete();
    let failures = shown::all(&report.failures, |failure| shown::error(&failure.error));
    format!("{complete} {failures}")
}

async fn export(users: ExportUsers) -> String {
    let mut lines = Vec::new();
    let written = users.write_to(&mut lines).await;
    shown::result(written, |_| String::from_utf8(lines).unwrap())
}

fn full_list(passage: &Passage) -> ListUsers {
    let at: Timestamp = "2024-05-01T10:00:00Z".parse().unwrap();
    let list = passage.users().list().page(1).limit(3).created_before(at);
    let list = list
        .order_by(SortBy::CreatedAt, Order::Asc)
        .identifier("ada@example.com")
        .id("user");
    let list = list
        .status(UserStatus::Active)
        .login_count(CountFilter::gt(1_u64));
    list.created_at(TimeFilter::gt(at))
        .updated_at(TimeFilter::gt(at))
        .last_login_at(TimeFilter::gt(at))
}

async fn list(method: &str, passage: &Passage) -> String {
    let list = full_list(passage);
    match method {
        "send" => shown::result(list.send().await, shown::page),
        "export" => export(list.export()).await,
        "stream" => {
            let (mut users, mut out) = (list.stream(), String::new());
            while let Some(user) = users.next().await {
                out.push_str(&shown::result(user, shown::summary));
            }
            out
        }
        other => unknown(other),
    }
}

/// One request for each kind of recipient, and one for each value that the document has and the facade knows.
async fn magic_links(method: &str, mock: &MockApi<'_>) -> String {
    let links = mock.passage().magic_links();
    let mut requests = vec![
        CreateMagicLink::for_email("ada@example.com"),
        CreateMagicLink::for_phone("+15005550006"),
    ];
    let to_user = |channel: MagicLinkChannel| CreateMagicLink::for_user("user", channel);
    for value in mock.document.known("MagicLinkChannel") {
        requests
            .extend(known(MagicLinkChannel::from(value)).map(|channel| to_user(channel).unwrap()));
    }
    for value in mock.document.known("MagicLinkLanguage") {
        let to = CreateMagicLink::for_email("ada@example.com");
        requests
            .extend(known(MagicLinkLanguage::from(value)).map(|language| to.language(language)));
    }
    for value in mock.document.known("MagicLinkType") {
        let to = CreateMagicLink::for_email("ada@example.com");
        requests.extend(known(MagicLinkType::from(value)).map(|of| to.link_type(of)));
    }
    let mut out = String::new();
    for request in requests {
        let request = request
            .path("/in")
            .redirect_url("/out")
            .ttl(Duration::from_secs(60));
        let made = match method {
            "create" => links.create(request).await,
            "send" => links.send(request).await,
            other => return unknown(other),
        };
        out.push_str(&shown::result(made, shown::magic_link));
    }
    out
}

/// The value, unless it is one that the facade has no name for.
fn known<T: std::fmt::Debug>(value: T) -> Option<T> {
    (!format!("{value:?}").starts_with("Unknown(")).then_some(value)
}

async fn flex(method: &str, passage: &Passage) -> String {
    let flex = passage.flex();
    let id: fn(&passage_identity::ids::TransactionId) -> String = |id| format!("{id:?}");
    match method {
        "register_transaction" => {
            shown::result(flex.register_transaction("external", "Ada").await, id)
        }
        "authenticate_transaction" => {
            shown::result(flex.authenticate_transaction("external").await, id)
        }
        "verify_nonce" => shown::result(flex.verify_nonce("nonce").await, |id| format!("{id:?}")),
        "get_user" => shown::result(flex.get_user(TEXTS[0]).await, shown::user),
        "list_devices" => {
            let devices: Result<_> = flex.list_devices(TEXTS[0]).await;
            shown::result(devices, |devices| shown::all(devices, shown::device))
        }
        "revoke_device" => shown::result(flex.revoke_device(TEXTS[0], "device").await, nothing),
        other => unknown(other),
    }
}

async fn api_keys(method: &str, passage: &Passage) -> String {
    let keys = passage.api_keys();
    match method {
        "list" => shown::result(keys.list().await, |keys| shown::all(keys, shown::api_key)),
        "create" => shown::result(keys.create("name").await, shown::created_api_key),
        "get" => shown::result(keys.get("key").await, shown::api_key),
        "delete" => shown::result(keys.delete("key").await, nothing),
        other => unknown(other),
    }
}
