//! Every management operation, from the facade through the wire to the real server and back.
//! Each exchange is checked against the vendored documents.
use std::collections::BTreeSet;
use std::time::Duration;

use passage_identity::magic_links::{
    CreateMagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkType,
};
use passage_identity::users::{
    CountFilter, CreateUser, ListUsers, Order, SortBy, TextFilter, UpdateUser, User, UserStatus,
    Users,
};
use passage_identity::{ErrorCode, ErrorKind, Passage};
use passage_server::SeedDevice;
use passage_test_support::TestServer;
use serde_json::json;

async fn setup() -> (TestServer, Passage) {
    let server = TestServer::checked().await;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()
        .unwrap();
    (server, passage)
}

#[tokio::test]
async fn a_user_from_creation_to_deletion() {
    let (server, passage) = setup().await;
    let users = passage.users();

    let created = users
        .create(CreateUser::with_email("Ada@Example.com").phone("+15005550006"))
        .await
        .unwrap();
    assert_eq!(created.email.as_deref(), Some("ada@example.com"));
    assert_eq!(created.phone.as_deref(), Some("+15005550006"));
    assert_eq!(created.status, UserStatus::Pending);
    assert!(!created.is_active());
    assert_eq!(created.last_login_at, None, "a zero time is no login");
    assert_eq!((created.login_count, created.webauthn), (0, false));
    assert_eq!(created.external_id, None);

    assert_eq!(users.get(&created.id).await.unwrap(), created);
    assert_eq!(
        users.get_by_identifier("ADA@example.com").await.unwrap(),
        created
    );
    assert_eq!(
        users.get_by_identifier("+15005550006").await.unwrap(),
        created
    );

    let updated = users
        .update(&created.id, UpdateUser::new().email("ada@example.org"))
        .await
        .unwrap();
    assert_eq!(updated.email.as_deref(), Some("ada@example.org"));
    assert_eq!(updated.phone, created.phone, "what was not given stays");

    assert_eq!(
        users.activate(&created.id).await.unwrap().status,
        UserStatus::Active
    );
    assert_eq!(
        users.deactivate(&created.id).await.unwrap().status,
        UserStatus::Inactive
    );
    assert!(users.activate(&created.id).await.unwrap().is_active());

    users.delete(&created.id).await.unwrap();
    for error in [
        users.get(&created.id).await.unwrap_err(),
        users.delete(&created.id).await.unwrap_err(),
        users.activate(&created.id).await.unwrap_err(),
        users
            .get_by_identifier("ada@example.org")
            .await
            .unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
        assert_eq!(error.code(), Some(&ErrorCode::UserNotFound));
    }
    drop(server);
}

#[tokio::test]
async fn what_is_not_there_is_never_removed() {
    let (server, passage) = setup().await;
    let users = passage.users();
    let ada = users
        .create(CreateUser::with_email("ada@example.com"))
        .await;
    let ada = ada.unwrap().id;
    let (flex, employee) = (passage.flex(), "employee-7");
    let transaction = flex.register_transaction(employee, "Ada").await.unwrap();
    let controls = server.controls();
    let completed = controls.complete_transaction(transaction.as_str());
    completed.await.unwrap();
    for (removed, code) in [
        (users.delete("nobody").await, ErrorCode::UserNotFound),
        (
            users.revoke_device("nobody", "device1").await,
            ErrorCode::UserNotFound,
        ),
        (
            users.revoke_device(&ada, "device1").await,
            ErrorCode::DeviceNotFound,
        ),
        (
            users.revoke_refresh_tokens("nobody").await,
            ErrorCode::UserNotFound,
        ),
        (
            flex.revoke_device("nobody", "device1").await,
            ErrorCode::UserNotFound,
        ),
        (
            flex.revoke_device(employee, "device1").await,
            ErrorCode::DeviceNotFound,
        ),
        (
            passage.api_keys().delete("key1").await,
            ErrorCode::ApiKeyNotFound,
        ),
    ] {
        let error = removed.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert_eq!(
            (error.code(), error.attempts()),
            (Some(&code), 1),
            "{error}"
        );
    }
    drop(server);
}

#[tokio::test]
async fn a_login_shows_in_the_user() {
    let (server, passage) = setup().await;
    let user = passage
        .users()
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap();
    server.controls().sign_in(user.id.as_str()).await.unwrap();

    let user = passage.users().get(&user.id).await.unwrap();
    assert_eq!((user.status, user.login_count), (UserStatus::Active, 1));
    assert!(user.last_login_at.is_some());
    assert_eq!(user.recent_events.len(), 1);
}

#[tokio::test]
async fn a_taken_identifier_is_a_conflict() {
    let (_server, passage) = setup().await;
    let users = passage.users();
    users
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap();
    let error = users
        .create(CreateUser::with_email("ADA@example.com"))
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(
        (error.status(), error.code()),
        (Some(400), Some(&ErrorCode::InvalidRequest))
    );
    assert!(!error.to_string().contains("example.com"));
}

/// Five users with an e-mail address, and then one with a phone number, who is active.
async fn six_users(users: &Users) -> User {
    for index in 0..5 {
        users
            .create(CreateUser::with_email(format!("user{index}@example.com")))
            .await
            .unwrap();
    }
    let other = users
        .create(CreateUser::with_phone("+15005550006"))
        .await
        .unwrap();
    users.activate(&other.id).await.unwrap()
}

#[tokio::test]
async fn a_list_is_sorted_and_newcomers_do_not_shift_its_pages() {
    let (server, passage) = setup().await;
    let users = passage.users();
    six_users(&users).await;

    let mut list = users
        .list()
        .limit(4)
        .order_by(SortBy::CreatedAt, Order::Asc);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = list.send().await.unwrap();
        assert_eq!(page.total, 6);
        pages += 1;
        // Whoever comes while the pages are turned does not shift them. The anchor is in seconds.
        server.controls().advance(Duration::from_secs(1));
        users
            .create(CreateUser::with_email(format!("late{pages}@example.com")))
            .await
            .unwrap();
        let next = list.following(&page);
        seen.extend(page.items);
        match next {
            Some(next) => list = next,
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (2, 6));
    assert_eq!(seen[0].email.as_deref(), Some("user0@example.com"));
    assert_eq!(seen[5].phone.as_deref(), Some("+15005550006"));
    assert_eq!(
        seen.iter()
            .map(|user| &user.id)
            .collect::<BTreeSet<_>>()
            .len(),
        6
    );
}

#[tokio::test]
async fn a_list_is_filtered() {
    let (_server, passage) = setup().await;
    let users = passage.users();
    let other = six_users(&users).await;
    let total = async |list: ListUsers| list.send().await.unwrap().total;
    assert_eq!(total(users.list().status("active")).await, 1);
    assert_eq!(
        total(users.list().status(TextFilter::ne("active"))).await,
        5
    );
    assert_eq!(
        total(users.list().identifier(TextFilter::like("user"))).await,
        5
    );
    assert_eq!(total(users.list().identifier("user3@example.com")).await, 1);
    assert_eq!(total(users.list().identifier("+15005550006")).await, 1);
    assert_eq!(
        total(users.list().login_count(CountFilter::lt(1_u32))).await,
        6
    );
    assert_eq!(
        total(users.list().login_count(CountFilter::gt(0_u32))).await,
        0
    );
    assert_eq!(total(users.list().id(other.id.as_str())).await, 1);
}

#[tokio::test]
async fn devices_are_listed_and_revoked() {
    let (server, passage) = setup().await;
    let users = passage.users();
    let user = users
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap();
    assert!(users.list_devices(&user.id).await.unwrap().is_empty());

    let device = SeedDevice::new().friendly_name("Ada's phone");
    let device_id = server
        .controls()
        .seed_device(user.id.as_str(), device)
        .await
        .unwrap();
    let devices = users.list_devices(&user.id).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].id, device_id.as_str());
    assert_eq!(devices[0].friendly_name, "Ada's phone");
    let user = users.get(&user.id).await.unwrap();
    assert!(user.webauthn);
    assert_eq!(user.webauthn_devices, devices);

    users.revoke_device(&user.id, &devices[0].id).await.unwrap();
    assert!(users.list_devices(&user.id).await.unwrap().is_empty());
    let error = users
        .revoke_device(&user.id, &devices[0].id)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::DeviceNotFound));
}

#[tokio::test]
async fn revoked_refresh_tokens_are_dead() {
    let (server, passage) = setup().await;
    let user = passage
        .users()
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap();
    let session = server.controls().sign_in(user.id.as_str()).await.unwrap();
    let refresh = |token: String| {
        let body = passage_identity::generated::auth::types::RefreshAuthTokenRequest {
            refresh_token: token,
        };
        let passage = passage.clone();
        async move {
            passage
                .auth_api()
                .refresh_auth_token(passage.app_id().as_str(), &body)
                .await
                .map(|reply| reply.into_inner().auth_result)
        }
    };
    let session = refresh(session.refresh_token.unwrap()).await.unwrap();
    assert!(passage.verify_token(&session.auth_token).await.is_ok());

    passage
        .users()
        .revoke_refresh_tokens(&user.id)
        .await
        .unwrap();
    let error = refresh(session.refresh_token.unwrap()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
}

#[tokio::test]
async fn magic_links_are_made_and_sent() {
    let (server, passage) = setup().await;
    let links = passage.magic_links();

    let link = links
        .create(
            CreateMagicLink::for_email("New@example.com")
                .ttl(Duration::from_secs(15 * 60))
                .redirect_url("/welcome"),
        )
        .await
        .unwrap();
    assert_eq!(link.ttl, Duration::from_secs(15 * 60));
    assert_eq!(link.link_type, MagicLinkType::Login);
    assert!(!link.activated);
    assert!(link.url.expose().contains("psg_magic_link=ml."));
    assert!(!format!("{link:?}").contains("ml."), "the link is a secret");
    assert!(
        server.controls().outbox().is_empty(),
        "create sends nothing"
    );
    let user = passage.users().get(&link.user_id).await.unwrap();
    assert_eq!(
        user.email.as_deref(),
        Some("new@example.com"),
        "unknown addresses get a user"
    );

    let sent = links
        .send(
            CreateMagicLink::for_user(&user.id, MagicLinkChannel::Email)
                .unwrap()
                .link_type(MagicLinkType::VerifyIdentifier)
                .language(MagicLinkLanguage::Es),
        )
        .await
        .unwrap();
    assert_eq!(
        (&sent.user_id, sent.link_type),
        (&user.id, MagicLinkType::VerifyIdentifier)
    );
    let outbox = server.controls().outbox();
    assert_eq!(outbox.len(), 1);
    assert_eq!(
        (outbox[0].to.as_str(), outbox[0].language.as_str()),
        ("new@example.com", "es")
    );

    let by_phone = links
        .create(CreateMagicLink::for_phone("+15005550006"))
        .await
        .unwrap();
    assert_eq!(by_phone.identifier.as_deref(), Some("+15005550006"));
}

#[tokio::test]
async fn api_keys_are_shown_once_and_work() {
    let (server, passage) = setup().await;
    let before = passage.api_keys().list().await.unwrap().len();
    let created = passage.api_keys().create("deploy").await.unwrap();
    assert!(!format!("{created:?}").contains(created.secret.expose()));

    let with_new_key = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(created.secret.expose())
        .build()
        .unwrap();
    assert_eq!(
        with_new_key.api_keys().list().await.unwrap().len(),
        before + 1
    );
    let key = passage.api_keys().get(&created.key.id).await.unwrap();
    assert_eq!(key, created.key);
    assert!(created.secret.expose().starts_with(&key.key_prefix));

    passage.api_keys().delete(&key.id).await.unwrap();
    let error = with_new_key.api_keys().list().await.unwrap_err();
    assert!(error.is_unauthorized());
    let error = passage.api_keys().get(&key.id).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ApiKeyNotFound));
}

#[tokio::test]
async fn flex_transactions_lead_to_the_external_id() {
    let (server, passage) = setup().await;
    let flex = passage.flex();

    let error = flex
        .authenticate_transaction("employee-7")
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(error.code(), Some(&ErrorCode::UserHasNoPasskeys));
    let error = flex.verify_nonce("made up").await.unwrap_err();
    assert_eq!(
        (error.code(), error.answer_status()),
        (Some(&ErrorCode::InvalidNonce), 401)
    );

    let transaction = flex
        .register_transaction("employee-7", "Ada")
        .await
        .unwrap();
    let nonce = server
        .controls()
        .complete_transaction(transaction.as_str())
        .await
        .unwrap();
    assert_eq!(flex.verify_nonce(&nonce).await.unwrap(), "employee-7");
    assert!(
        flex.verify_nonce(&nonce).await.is_err(),
        "a nonce is good once"
    );

    let user = flex.get_user("employee-7").await.unwrap();
    assert_eq!(
        user.external_id.as_ref().map(AsRef::as_ref),
        Some("employee-7")
    );
    let devices = flex.list_devices("employee-7").await.unwrap();
    assert_eq!(devices.len(), 1);
    assert!(flex.authenticate_transaction("employee-7").await.is_ok());
    flex.revoke_device("employee-7", &devices[0].id)
        .await
        .unwrap();
    assert!(
        flex.authenticate_transaction("employee-7")
            .await
            .unwrap_err()
            .is_conflict()
    );
}

#[tokio::test]
async fn the_app_describes_itself() {
    let (server, passage) = setup().await;
    let app = passage.app().await.unwrap();
    assert_eq!(app.id.as_str(), server.app_id());
    assert_eq!(app.auth_origin, server.auth_origin());
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_the_server_and_a_missing_one_before() {
    let (server, _) = setup().await;
    let client = |key: Option<&str>| {
        let mut builder = Passage::builder(server.app_id()).server(server.url());
        if let Some(key) = key {
            builder = builder.api_key(key);
        }
        builder.build().unwrap()
    };
    let error = client(Some("wrong")).users().get("u").await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(error.code(), Some(&ErrorCode::InvalidAccessToken));

    let requests = server.controls().requests().len();
    let error = client(None).users().get("u").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingApiKey);
    assert!(
        error.to_string().contains("PASSAGE_API_KEY"),
        "names the fix: {error}"
    );
    for id in ["", ".", "..", "a\\b"] {
        let error = client(Some("k")).users().delete(id).await.unwrap_err();
        assert!(error.is_invalid_input(), "{id:?}");
    }
    for user in [
        CreateUser::with_email("nobody"),
        CreateUser::with_phone("500"),
    ] {
        assert!(
            client(Some("k"))
                .users()
                .create(user)
                .await
                .unwrap_err()
                .is_invalid_input()
        );
    }
    assert_eq!(
        server.controls().requests().len(),
        requests,
        "nothing was sent"
    );
}

/// Keeps the facade complete: it must reach every operation of the management document.
#[tokio::test]
async fn the_facade_reaches_every_management_operation() {
    let (server, passage) = setup().await;
    let users = passage.users();
    let id = users
        .create(CreateUser::with_email("ada@example.com"))
        .await
        .unwrap()
        .id;
    let device = server
        .controls()
        .seed_device(id.as_str(), SeedDevice::new())
        .await
        .unwrap();
    passage.app().await.unwrap();
    users.list().send().await.unwrap();
    users.get(&id).await.unwrap();
    users
        .update(&id, UpdateUser::new().phone("+15005550006"))
        .await
        .unwrap();
    users.activate(&id).await.unwrap();
    users.deactivate(&id).await.unwrap();
    users.list_devices(&id).await.unwrap();
    users.revoke_device(&id, device.as_str()).await.unwrap();
    users.revoke_refresh_tokens(&id).await.unwrap();
    users.delete(&id).await.unwrap();
    passage
        .magic_links()
        .create(CreateMagicLink::for_email("a@example.com"))
        .await
        .unwrap();
    passage.flex().register_transaction("e", "E").await.unwrap();
    assert!(passage.flex().authenticate_transaction("e").await.is_err());
    assert!(passage.flex().verify_nonce("n").await.is_err());
    passage.api_keys().list().await.unwrap();
    let key = passage.api_keys().create("k").await.unwrap().key;
    passage.api_keys().get(&key.id).await.unwrap();
    passage.api_keys().delete(&key.id).await.unwrap();

    let requests = server.controls().requests();
    let reached: BTreeSet<_> = requests
        .iter()
        .filter_map(|request| request.operation.as_deref())
        .collect();
    let document = include_str!("../../openapi/effective/management.json");
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .filter_map(|operation| operation.get("operationId").and_then(|id| id.as_str()))
        .collect();
    assert_eq!(described.len(), 19);
    assert_eq!(reached, described);
}

#[tokio::test]
async fn metadata_makes_the_round_trip() {
    let (_server, passage) = setup().await;
    let user = passage
        .users()
        .create(CreateUser::with_email("ada@example.com").metadata(json!({ "plan": "pro" })))
        .await
        .unwrap();
    assert_eq!(user.user_metadata.get("plan"), Some(&json!("pro")));
    let user = passage
        .users()
        .update(&user.id, UpdateUser::new().metadata(json!({ "seats": 3 })))
        .await
        .unwrap();
    assert_eq!(
        user.user_metadata.get("plan"),
        Some(&json!("pro")),
        "other keys stay"
    );
    assert_eq!(user.user_metadata.get("seats"), Some(&json!(3)));
}
