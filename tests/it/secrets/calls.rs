//! Every operation of the facade once, and what it shows.

use std::error::Error as StdError;
use std::fmt::{Debug, Write as _};
use std::time::Duration;

use passage_identity::Passage;
use passage_identity::magic_links::{CreateMagicLink, MagicLinkChannel};
use passage_identity::users::{
    CountFilter, CreateUser, Order, SortBy, TextFilter, TimeFilter, UpdateUser,
};
use passage_server::SeedDevice;
use passage_test_support::TestServer;
use serde_json::json;

use crate::secrets::canaries::*;

/// What the tests ask of the auth API besides.
pub(crate) const OF_THE_AUTH_API: [&str; 2] = ["getJwks", "getCurrentuser"];
/// How many calls of [`every_call`] take any JSON object for a good reply: four deletions, which
/// need none, and two lists, which take a missing array for an empty one.
pub(crate) const LENIENT: usize = 6;

/// What was shown, and which calls failed.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) text: String,
    pub(crate) calls: usize,
    pub(crate) failed: Vec<&'static str>,
}

impl Kept {
    pub(crate) fn value(&mut self, value: &impl Debug) {
        write!(self.text, "\n{value:?}\n{value:#?}").unwrap();
    }

    /// An error and its causes, in all of their forms.
    pub(crate) fn error(&mut self, error: &(dyn StdError + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            write!(self.text, "\n{error}\n{error:#}\n{error:?}\n{error:#?}").unwrap();
            next = error.source();
        }
    }

    /// Either, and gives the value.
    fn call<T: Debug>(
        &mut self,
        name: &'static str,
        result: passage_identity::Result<T>,
    ) -> Option<T> {
        self.calls += 1;
        match result {
            Ok(value) => {
                self.value(&value);
                Some(value)
            }
            Err(error) => {
                self.error(&error);
                self.failed.push(name);
                None
            }
        }
    }

    pub(crate) fn succeeds<T: Debug>(
        &mut self,
        name: &'static str,
        result: passage_identity::Result<T>,
    ) -> T {
        let value = self.call(name, result);
        value.unwrap_or_else(|| panic!("{name} failed: {}", self.text))
    }

    pub(crate) fn fails<T: Debug>(
        &mut self,
        name: &'static str,
        result: passage_identity::Result<T>,
    ) {
        assert!(self.call(name, result).is_none(), "{name} succeeded");
    }
}

/// What a server knows, so that calls can ask for it.
pub(crate) struct Known {
    user: String,
    device: String,
    key: String,
    nonce: String,
    external_id: String,
}

impl Known {
    /// Things that no server knows.
    pub(crate) fn nobody() -> Self {
        Self {
            user: "user1".to_owned(),
            device: "device1".to_owned(),
            key: "key1".to_owned(),
            nonce: NONCE.to_owned(),
            external_id: EXTERNAL_ID.to_owned(),
        }
    }

    /// Makes a user with an external id, a device, a key and a nonce.
    pub(crate) async fn made_at(
        server: &TestServer,
        passage: &Passage,
        kept: &mut Kept,
        secrets: &mut Vec<String>,
    ) -> Self {
        let (flex, controls) = (passage.flex(), server.controls());
        let transaction = flex.register_transaction(EXTERNAL_ID, DISPLAY_NAME).await;
        let transaction = kept.succeeds("register_transaction", transaction);
        let nonce = controls
            .complete_transaction(transaction.as_str())
            .await
            .unwrap();
        let user = kept
            .succeeds("flex.get_user", flex.get_user(EXTERNAL_ID).await)
            .id;
        let session = controls.sign_in(user.as_str()).await.unwrap();
        let device = SeedDevice::new();
        let device = controls.seed_device(user.as_str(), device).await.unwrap();
        let created = kept.succeeds("create", passage.api_keys().create("k").await);
        secrets.extend([
            nonce.clone(),
            session.auth_token,
            session.refresh_token.unwrap(),
            created.secret.expose().to_owned(),
        ]);
        Self {
            user: user.into(),
            device,
            key: created.key.id.into(),
            nonce,
            external_id: EXTERNAL_ID.to_owned(),
        }
    }
}

/// Each operation, each with as much that must not be seen as it takes.
pub(crate) async fn every_call(
    passage: &Passage,
    known: &Known,
    kept: &mut Kept,
    secrets: &mut Vec<String>,
) {
    let (users, keys, flex) = (passage.users(), passage.api_keys(), passage.flex());
    let links = passage.magic_links();
    let (user, device) = (known.user.as_str(), known.device.as_str());
    let metadata = json!({ METADATA_KEY: METADATA });
    for handler in [&users as &dyn Debug, &keys, &flex, &links] {
        kept.value(&handler);
    }

    kept.call("app", passage.app().await);
    let new = CreateUser::with_email(EMAIL)
        .phone(PHONE)
        .metadata(&metadata);
    kept.value(&new);
    kept.call("create", users.create(new).await);
    kept.call("get", users.get(user).await);
    kept.call("get_by_identifier", users.get_by_identifier(EMAIL).await);
    kept.call("get_by_identifier", users.get_by_identifier(PHONE).await);
    kept.call(
        "get_by_external_id",
        users.get_by_external_id(EXTERNAL_ID).await,
    );
    let changes = UpdateUser::new().metadata(&metadata);
    kept.value(&changes);
    kept.value(&UpdateUser::new().email(EMAIL).phone(PHONE));
    kept.call("update", users.update(user, changes).await);
    let list = users
        .list()
        .identifier(TextFilter::like(EMAIL))
        .id(TextFilter::ne(PHONE))
        .status(TextFilter::ne(METADATA))
        .login_count(CountFilter::lt(1_000_u32))
        .created_at(TimeFilter::ne(jiff::Timestamp::UNIX_EPOCH))
        .order_by(SortBy::Id, Order::Asc)
        .limit(500);
    kept.value(&list);
    if let Some(page) = kept.call("list", list.send().await) {
        assert_eq!(page.items.len(), 1);
    }
    kept.call("activate", users.activate(user).await);
    kept.call("list_devices", users.list_devices(user).await);

    let mut found = Vec::new();
    let by_user = CreateMagicLink::for_user(user, MagicLinkChannel::Email).unwrap();
    for link in [
        CreateMagicLink::for_email(EMAIL),
        CreateMagicLink::for_phone(PHONE),
        CreateMagicLink::for_email(EMAIL).redirect_url(URL),
        CreateMagicLink::for_email(EMAIL)
            .path(PATH)
            .ttl(Duration::from_secs(60)),
    ] {
        kept.value(&link);
        found.push(kept.call("create", links.create(link).await));
    }
    kept.value(&by_user);
    found.push(kept.call("send", links.send(CreateMagicLink::for_phone(PHONE)).await));
    for link in found.into_iter().flatten() {
        secrets.push(link.secret.expose().to_owned());
        secrets.push(link.url.expose().to_owned());
        secrets.push(link.id);
    }

    kept.call(
        "register_transaction",
        flex.register_transaction(EXTERNAL_ID, DISPLAY_NAME).await,
    );
    kept.call(
        "authenticate_transaction",
        flex.authenticate_transaction(EXTERNAL_ID).await,
    );
    // The value is the id that was asked for, and an id shows itself.
    let verified = flex.verify_nonce(&known.nonce).await;
    if let Some(id) = kept.call("verify_nonce", verified.map(|id| id.to_string().len())) {
        assert_eq!(id, known.external_id.len());
    }
    kept.call("flex.get_user", flex.get_user(EXTERNAL_ID).await);
    kept.call("flex.list_devices", flex.list_devices(EXTERNAL_ID).await);

    kept.call("keys.list", keys.list().await);
    if let Some(created) = kept.call("keys.create", keys.create(DISPLAY_NAME).await) {
        secrets.push(created.secret.expose().to_owned());
    }
    kept.call("keys.get", keys.get(&known.key).await);

    kept.call("revoke_device", users.revoke_device(user, device).await);
    kept.call(
        "revoke_refresh_tokens",
        users.revoke_refresh_tokens(user).await,
    );
    kept.call("deactivate", users.deactivate(user).await);
    kept.call("keys.delete", keys.delete(&known.key).await);
    kept.call("delete", users.delete(user).await);
}

/// Arguments that never get to the server.
pub(crate) async fn every_refused_argument(passage: &Passage, kept: &mut Kept) {
    let (users, flex, links) = (passage.users(), passage.flex(), passage.magic_links());
    for id in [format!("{EMAIL}\n"), format!("{EMAIL}\\..")] {
        kept.fails("get", users.get(&id).await);
        kept.fails("delete", users.delete(&id).await);
        kept.fails("get_by_external_id", users.get_by_external_id(&id).await);
        kept.fails("revoke_device", users.revoke_device("user1", &id).await);
        kept.fails("keys.get", passage.api_keys().get(&id).await);
        kept.fails("flex", flex.register_transaction(&id, DISPLAY_NAME).await);
        kept.fails("flex", flex.revoke_device(EXTERNAL_ID, &id).await);
    }
    for email in [
        format!("{EMAIL}@"),
        format!("{EMAIL} "),
        format!("@{EMAIL}"),
    ] {
        kept.fails("create", users.create(CreateUser::with_email(&email)).await);
        kept.fails(
            "update",
            users.update("u", UpdateUser::new().email(&email)).await,
        );
        kept.fails("link", links.send(CreateMagicLink::for_email(&email)).await);
    }
    let phone = format!("{PHONE}x");
    kept.fails("create", users.create(CreateUser::with_phone(&phone)).await);
    kept.fails(
        "link",
        links.create(CreateMagicLink::for_phone(&phone)).await,
    );
    let text = CreateUser::with_email(EMAIL).metadata(METADATA);
    kept.fails("create", users.create(text).await);
    let operator = format!("<ne:{EMAIL}>");
    kept.fails(
        "list",
        users.list().identifier(operator.as_str()).send().await,
    );
    kept.fails("identifier", users.get_by_identifier(&operator).await);
    let ttl = CreateMagicLink::for_email(EMAIL).ttl(Duration::from_secs(1));
    kept.fails("link", links.create(ttl).await);
}
