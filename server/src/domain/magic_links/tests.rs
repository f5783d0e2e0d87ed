//! Links without HTTP, and links that many callers open or wait for concurrently.

use std::time::Duration;

use passage_identity::generated::auth::types::AuthResult;

use super::{Caller, LinkOptions, LinkOrder, LinkReceiver, create, send};
use crate::delivery::{Channel, Language};
use crate::domain::apps::App;
use crate::domain::error::{Reason, Refusal};
use crate::domain::settings::{AppSettings, ChangeConfirmedBy, MagicLinkWaiting};
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::testing::{CALLERS, Fixture, client, count};
use crate::domain::users::account;
use crate::identifier::Identifier;
use crate::store::events::{Action, EventKind};
use crate::store::{self, Purpose, Tx};

/// Opens a link as the client that requested it.
async fn open(state: &AppState, app: &App, secret: &str) -> Result<AuthResult, Refusal> {
    let client = client();
    let caller = Caller {
        client: &client,
        own: None,
    };
    super::open(state, app, secret, caller).await
}

/// Waits for a link as the client that requested it.
async fn wait(state: &AppState, app: &App, id: &str) -> Result<AuthResult, Refusal> {
    let client = client();
    let caller = Caller {
        client: &client,
        own: None,
    };
    super::wait(state, app, id, caller).await
}

/// Sends a registration link, and returns its id and secret.
async fn sent(fixture: &Fixture) -> (String, String) {
    let (state, app) = (&fixture.state, &fixture.app);
    let ada = Identifier::Email("ada@example.com".to_owned());
    let options = LinkOptions {
        language: Language::asked_for(None),
        path: None,
        redirect_url: None,
    };
    let id = send(state, app, Purpose::Register, ada, options, &client()).await;
    let url = fixture.last_message().url.unwrap();
    let (_, secret) = url.split_once("psg_magic_link=").unwrap();
    (id.unwrap(), secret.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_is_opened_by_one_of_many_at_once() {
    let fixture = Fixture::start().await;
    let (_, secret) = sent(&fixture).await;
    let results = fixture.race(|state, app| {
        let secret = secret.clone();
        async move { open(&state, &app, &secret).await }
    });
    let results = results.await;
    assert_eq!(count(&results, Reason::InvalidMagicLink), (1, CALLERS - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_opened_link_signs_in_one_of_many_that_wait_for_it() {
    let fixture = Fixture::start().await;
    let (id, secret) = sent(&fixture).await;
    let (state, app) = (&fixture.state, &fixture.app);
    let early = wait(state, app, &id).await.unwrap_err();
    assert_eq!(early.message, Refusal::magic_link_not_opened().message);
    open(state, app, &secret).await.unwrap();
    let results = fixture.race(|state, app| {
        let id = id.clone();
        async move { wait(&state, &app, &id).await }
    });
    let results = results.await;
    assert_eq!(count(&results, Reason::InvalidMagicLink), (1, CALLERS - 1));
}

#[tokio::test]
async fn a_link_whose_user_was_deactivated_is_never_opened() {
    use crate::domain::users::manage;
    use crate::store::users::UserStatus;

    let fixture = Fixture::start().await;
    let (_, secret) = sent(&fixture).await;
    let (state, app) = (&fixture.state, &fixture.app);
    let user_id = fixture.last_message().user_id;
    let set = |status| manage::set_status(state, app, user_id.clone().into(), status);
    set(UserStatus::Inactive).await.unwrap();
    let refused = open(state, app, &secret).await.unwrap_err();
    assert_eq!(refused.reason, Reason::UserNotActive);
    set(UserStatus::Active).await.unwrap();
    let ended = open(state, app, &secret).await.unwrap_err();
    assert_eq!(ended.reason, Reason::InvalidMagicLink);
    // Activating a user who is active ends nothing.
    let ada = Identifier::Email("ada@example.com".to_owned());
    let options = LinkOptions {
        language: Language::En,
        path: None,
        redirect_url: None,
    };
    let id = send(state, app, Purpose::Login, ada, options, &client()).await;
    id.unwrap();
    let url = fixture.last_message().url.unwrap();
    let (_, secret) = url.split_once("psg_magic_link=").unwrap();
    set(UserStatus::Active).await.unwrap();
    open(state, app, secret).await.unwrap();
}

#[tokio::test]
async fn a_backend_gets_its_link_whole_and_may_have_it_sent() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let order = LinkOrder {
        receiver: LinkReceiver::Reached(Identifier::Email("ada@example.com".to_owned())),
        send: Some(Channel::Email),
        lifetime: Duration::from_secs(600),
        purpose: Purpose::VerifyIdentifier,
        language: Language::asked_for(None),
        path: "/in".to_owned(),
        redirect_url: "/after".to_owned(),
    };
    let link = create(state, app, order).await.unwrap();
    assert_eq!(link.identifier.as_str(), "ada@example.com");
    let message = fixture.last_message();
    assert_eq!(message.url.as_deref(), Some(link.url.as_str()));
    assert_eq!(message.user_id, link.user_id.as_str());
    let result = open(state, app, &link.secret).await.unwrap();
    assert_eq!(result.redirect_url, "/after");
}

#[tokio::test]
async fn who_may_claim_an_opened_link_is_a_setting() {
    use MagicLinkWaiting::{Any, Never, SameClient};

    use crate::domain::client::ClientInfo;

    let at = |address: &str| ClientInfo::new(address.parse().unwrap(), "a test");
    let (asker, other) = (at("192.0.2.1"), at("192.0.2.2"));
    for (waiting, opener, poller, claims) in [
        (SameClient, &asker, &asker, true),
        (SameClient, &other, &asker, false),
        (SameClient, &asker, &other, false),
        (SameClient, &other, &other, false),
        (Any, &other, &asker, true),
        (Any, &asker, &other, true),
        (Never, &asker, &asker, false),
    ] {
        let fixture = Fixture::with(AppSettings {
            magic_link_waiting: waiting,
            ..AppSettings::default()
        });
        let fixture = fixture.await;
        let (state, app) = (&fixture.state, &fixture.app);
        let ada = Identifier::Email("ada@example.com".to_owned());
        let options = LinkOptions {
            language: Language::En,
            path: None,
            redirect_url: None,
        };
        let id = send(state, app, Purpose::Register, ada, options, &asker).await;
        let url = fixture.last_message().url.unwrap();
        let (_, secret) = url.split_once("psg_magic_link=").unwrap();
        let as_client = |client| Caller { client, own: None };
        let opened = super::open(state, app, secret, as_client(opener)).await;
        opened.unwrap();
        let waited = super::wait(state, app, &id.unwrap(), as_client(poller)).await;
        assert_eq!(waited.is_ok(), claims, "{waiting:?}");
    }
}

#[tokio::test]
async fn a_link_is_used_up_in_the_command_that_stores_its_sign_in() {
    let fixture = Fixture::start().await;
    let (id, secret) = sent(&fixture).await;
    let (state, app) = (&fixture.state, &fixture.app);
    let refuse = |refuse| {
        let set = move |tx: &Tx<'_>| Ok::<_, Refusal>(store::sign_ins::refuse_new(tx, refuse)?);
        state.store.write(set)
    };
    refuse(true).await.unwrap();
    let failed = open(state, app, &secret).await.unwrap_err();
    assert_eq!(failed.reason, Reason::Failed);
    refuse(false).await.unwrap();
    open(state, app, &secret).await.unwrap();
    refuse(true).await.unwrap();
    let failed = wait(state, app, &id).await.unwrap_err();
    assert_eq!(failed.reason, Reason::Failed);
    refuse(false).await.unwrap();
    wait(state, app, &id).await.unwrap();
}

#[tokio::test]
async fn a_token_whose_sign_in_has_just_ended_confirms_no_change() {
    let fixture = Fixture::with(AppSettings {
        change_confirmed_by: ChangeConfirmedBy::Asker,
        ..AppSettings::default()
    });
    let fixture = fixture.await;
    let (state, app) = (&fixture.state, &fixture.app);
    let (_, secret) = sent(&fixture).await;
    let first = open(state, app, &secret).await.unwrap();
    let asker = account::authenticate(state, app, &first.auth_token).await;
    let asker = asker.unwrap();
    let event = client().event(Action::Login, EventKind::Passkey);
    let second = sign_ins::sign_in(state, app, &asker.user.id, event).await;
    let second = second.unwrap();

    let bob = Identifier::Email("bob@example.com".to_owned());
    let options = LinkOptions {
        language: Language::En,
        path: None,
        redirect_url: None,
    };
    let of = (&asker.user, &asker.session);
    let id = super::send_change(state, app, of, bob, options, &client()).await;
    let (id, url) = (id.unwrap(), fixture.last_message().url.unwrap());
    let (_, secret) = url.split_once("psg_magic_link=").unwrap();

    // The request is let in, and its sign-in ends before the command runs.
    let own = account::recognize(state, app, &second.auth_token).await;
    let own = own.unwrap().unwrap();
    let refresh_token = second.refresh_token.unwrap();
    sign_ins::revoke(state, app, &refresh_token).await.unwrap();
    let other = crate::domain::client::ClientInfo::new("192.0.2.7".parse().unwrap(), "another");
    let caller = Caller {
        client: &other,
        own: Some(&own),
    };
    let opened = super::open(state, app, secret, caller).await.unwrap_err();
    assert_eq!(opened.reason, Reason::InvalidMagicLink);
    let waited = super::wait(state, app, &id, caller).await.unwrap_err();
    assert_eq!(waited.reason, Reason::InvalidMagicLink);
    // The one that asked still stands.
    let own = account::recognize(state, app, &first.auth_token).await;
    let own = own.unwrap().unwrap();
    let caller = Caller {
        client: &other,
        own: Some(&own),
    };
    super::wait(state, app, &id, caller).await.unwrap();
}
