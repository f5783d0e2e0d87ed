//! Every method once, against the real server.

use std::time::Duration;

use passage_identity::generated::auth::types::RefreshAuthTokenRequest;
use passage_identity::keys::JwksHealth;
use passage_identity::magic_links::{CreateMagicLink, MagicLinkChannel};
use passage_identity::users::{
    CountFilter, CreateUser, Order, SortBy, TextFilter, TimeFilter, UpdateUser, UserStatus,
};
use passage_identity::{CallOptions, ErrorCode, ErrorKind, Passage, blocking};
use passage_server::{Fault, MintToken, SeedDevice};

use crate::blocking::Fixture;

#[test]
fn requests_and_tokens_are_verified() {
    #[derive(serde::Deserialize)]
    struct Tenancy {
        tenant: String,
    }

    let fixture = Fixture::new();
    let passage = fixture.passage();
    assert_eq!(passage.health(), JwksHealth::NeverLoaded);
    assert_eq!(passage.app_id().as_str(), fixture.server.app_id());
    let token = fixture.mint(MintToken::new("ada").claim("tenant", "acme"));
    let headers = passage_identity::test_util::cookie(&token).unwrap();

    // The first one waits for the keys.
    assert_eq!(passage.authenticate(&headers).unwrap(), "ada");
    assert_eq!(passage.health(), JwksHealth::Fresh);
    assert_eq!(passage.authenticate(&headers).unwrap(), "ada");
    assert_eq!(passage.verify_request(&headers).unwrap().user_id, "ada");
    let claims = passage.verify_request_as::<Tenancy, _>(&headers).unwrap();
    assert_eq!(claims.custom.tenant, "acme");
    assert_eq!(passage.verify_token(&token).unwrap().user_id, "ada");
    let claims = passage.verify_token_as::<Tenancy>(&token).unwrap();
    assert_eq!(claims.custom.tenant, "acme");
    passage.warm_up().unwrap();
    let fetches = |fixture: &Fixture| {
        let requests = fixture.server.controls().requests();
        let jwks = requests.iter().filter(|r| r.path.ends_with("jwks.json"));
        jwks.count()
    };
    assert_eq!(fetches(&fixture), 1);

    let forged = fixture.mint(MintToken::new("ada").wrong_key());
    let error = passage.verify_token(&forged).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadSignature);
    assert_eq!(
        passage.verify_token_as::<u8>(&token).unwrap_err().kind(),
        ErrorKind::Malformed
    );
    let error = passage.authenticate(&http::HeaderMap::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenMissing);
}

#[test]
fn an_outage_of_the_keys_is_not_a_bad_token() {
    let fixture = Fixture::new();
    let headers = fixture.headers("ada");
    let controls = fixture.server.controls();
    controls.fault(Fault::operation("getJwks").status(500));
    let passage = fixture.passage();
    let error = passage.authenticate(&headers).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert!(error.is_unavailable() && error.retry_after().is_some());
    assert!(passage.warm_up().is_err());
}

#[test]
fn a_user_from_creation_to_deletion() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let users = passage.users();
    let user = users
        .create(CreateUser::with_email("Ada@example.com").phone("+15005550006"))
        .unwrap();
    assert_eq!(users.get(&user.id).unwrap(), user);
    assert_eq!(users.get_by_identifier("ADA@example.com").unwrap(), user);
    let updated = users
        .update(&user.id, UpdateUser::new().email("ada@example.org"))
        .unwrap();
    assert_eq!(updated.email.as_deref(), Some("ada@example.org"));
    assert!(users.activate(&user.id).unwrap().is_active());
    let inactive = users.deactivate(user.id.as_str()).unwrap();
    assert_eq!(inactive.status, UserStatus::Inactive);

    let seed = SeedDevice::new().friendly_name("Ada's phone");
    fixture.control(
        fixture
            .server
            .controls()
            .seed_device(user.id.as_str(), seed),
    );
    let devices = users.list_devices(&user.id).unwrap();
    assert_eq!(devices[0].friendly_name, "Ada's phone");
    users.revoke_device(&user.id, &devices[0].id).unwrap();
    assert!(users.list_devices(&user.id).unwrap().is_empty());

    users.activate(&user.id).unwrap();
    let session = fixture.control(fixture.server.controls().sign_in(user.id.as_str()));
    users.revoke_refresh_tokens(&user.id).unwrap();
    // The generated clients, by way of the async client.
    let inner = passage.inner().clone();
    let body = RefreshAuthTokenRequest {
        refresh_token: session.refresh_token.unwrap(),
    };
    let reply = passage.block_on(async move {
        let reply = inner
            .auth_api()
            .refresh_auth_token(inner.app_id().as_str(), &body);
        reply.await.map(|_| ()).map_err(|error| error.status())
    });
    let status = reply.unwrap().unwrap_err().unwrap();
    assert_eq!(status.as_u16(), 401);

    users.delete(&user.id).unwrap();
    let error = users.get(&user.id).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::UserNotFound));
    assert_eq!(error.operation(), Some("getUser"));
    for id in ["", "..", "a\\b"] {
        assert!(users.delete(id).unwrap_err().is_invalid_input(), "{id:?}");
    }
}

#[test]
fn a_list_is_filtered_sorted_and_paged() {
    let fixture = Fixture::new();
    let users = fixture.passage().users();
    for index in 0..5 {
        let user = CreateUser::with_email(format!("user{index}@example.com"));
        users.create(user).unwrap();
    }
    let list = users
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc)
        .limit(2);
    let first = list.send().unwrap();
    assert_eq!((first.items.len(), first.total), (2, 5));
    let second = list.following(&first).unwrap().send().unwrap();
    assert_eq!(second.page, 2);

    let before = fixture.server.controls().requests().len();
    let mut iter = list.iter();
    assert_eq!(
        fixture.server.controls().requests().len(),
        before,
        "nothing is asked before the first user is"
    );
    let mut seen = vec![iter.next().unwrap().unwrap()];
    // Whoever comes while the pages are turned does not shift them. The anchor is in seconds.
    fixture.server.controls().advance(Duration::from_secs(1));
    users
        .create(CreateUser::with_email("late@example.com"))
        .unwrap();
    seen.extend(iter.by_ref().map(Result::unwrap));
    let seen: Vec<_> = seen.into_iter().map(|user| user.email.unwrap()).collect();
    let expected: Vec<_> = (0..5)
        .map(|index| format!("user{index}@example.com"))
        .collect();
    assert_eq!(seen, expected);
    assert!(iter.next().is_none(), "the end is the end");
    assert_eq!(
        list.clone().page(3).iter().count(),
        2,
        "from the page that is set"
    );

    // Each setting reaches the server.
    let now = fixture.server.controls().now();
    let total = |list: blocking::ListUsers| list.send().unwrap().total;
    let id = first.items[0].id.as_str();
    for (list, expected) in [
        (users.list(), 6),
        (users.list().identifier(TextFilter::like("user")), 5),
        (users.list().id(id), 1),
        (users.list().status(UserStatus::Active), 0),
        (users.list().login_count(CountFilter::gt(0_u32)), 0),
        (users.list().created_at(TimeFilter::gt(now)), 0),
        (users.list().updated_at(TimeFilter::gt(now)), 0),
        (users.list().last_login_at(TimeFilter::gt(now)), 0),
        (users.list().created_before(jiff::Timestamp::UNIX_EPOCH), 0),
    ] {
        assert_eq!(total(list.clone()), expected, "{list:?}");
    }
}

#[test]
fn an_error_ends_a_list() {
    let fixture = Fixture::new();
    let users = fixture
        .builder()
        .max_attempts(1)
        .build_blocking()
        .unwrap()
        .users();
    for index in 0..3 {
        let user = CreateUser::with_email(format!("user{index}@example.com"));
        users.create(user).unwrap();
    }
    // The second page fails, whenever it is fetched.
    let fault = || Fault::operation("listPaginatedUsers").times(1);
    fixture
        .server
        .controls()
        .fault(fault().delay(Duration::ZERO));
    fixture.server.controls().fault(fault().status(500));
    let mut iter = users.list().limit(2).iter();
    assert!(iter.next().unwrap().is_ok() && iter.next().unwrap().is_ok());
    assert_eq!(iter.next().unwrap().unwrap_err().status(), Some(500));
    assert!(iter.next().is_none() && iter.next().is_none());
    let error = users.list().limit(0).iter().next().unwrap().unwrap_err();
    assert!(error.is_invalid_input());
}

#[test]
fn magic_links_api_keys_and_the_app() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let links = passage.magic_links();
    let link = links.create(CreateMagicLink::for_email("ada@example.com"));
    let link = link.unwrap();
    assert!(link.url.expose().contains("psg_magic_link=ml."));
    assert!(fixture.server.controls().outbox().is_empty());
    let by_mail = CreateMagicLink::for_user(&link.user_id, MagicLinkChannel::Email).unwrap();
    links.send(by_mail).unwrap();
    assert_eq!(fixture.server.controls().outbox()[0].to, "ada@example.com");

    let keys = passage.api_keys();
    let created = keys.create("deploy").unwrap();
    assert!(keys.list().unwrap().contains(&created.key));
    assert_eq!(keys.get(&created.key.id).unwrap(), created.key);
    keys.delete(&created.key.id).unwrap();
    assert!(keys.get(&created.key.id).unwrap_err().is_not_found());

    assert_eq!(passage.app().unwrap().id.as_str(), fixture.server.app_id());
}

#[test]
fn flex_transactions_lead_to_the_external_id() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    let flex = passage.flex();
    let transaction = flex.register_transaction("employee-7", "Ada").unwrap();
    let controls = fixture.server.controls();
    let nonce = fixture.control(controls.complete_transaction(transaction.as_str()));
    assert_eq!(flex.verify_nonce(&nonce).unwrap(), "employee-7");
    let error = flex.verify_nonce(&nonce).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidNonce));

    let user = flex.get_user("employee-7").unwrap();
    assert_eq!(
        passage.users().get_by_external_id("employee-7").unwrap(),
        user
    );
    assert!(flex.authenticate_transaction("employee-7").is_ok());
    let devices = flex.list_devices("employee-7").unwrap();
    flex.revoke_device("employee-7", &devices[0].id).unwrap();
    assert!(
        flex.authenticate_transaction("employee-7")
            .unwrap_err()
            .is_conflict()
    );
}

#[test]
fn limits_and_errors_are_those_of_the_async_client() {
    let fixture = Fixture::new();
    let quick = Duration::from_millis(1);
    let passage = fixture
        .builder()
        .retry_wait(quick, quick)
        .build_blocking()
        .unwrap();
    let fail = |times| {
        let fault = Fault::operation("getApp").status(500).times(times);
        fixture.server.controls().fault(fault);
    };
    fail(2);
    assert!(passage.app().is_ok(), "the third attempt");
    let once = passage
        .with_options(CallOptions::new().max_attempts(1))
        .unwrap();
    fail(1);
    let error = once.app().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(500), 1));
    assert!(
        passage
            .with_options(CallOptions::new().max_attempts(0))
            .is_err()
    );

    // As those that a copy was made of have.
    let once = fixture.builder().build().unwrap();
    let once = once
        .with_options(CallOptions::new().max_attempts(1))
        .unwrap();
    fail(1);
    assert_eq!(
        blocking::Passage::new(&once)
            .unwrap()
            .app()
            .unwrap_err()
            .attempts(),
        1
    );

    let keyless = Passage::builder("app").server("http://127.0.0.1:1");
    let error = keyless.build_blocking().unwrap().app().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingApiKey);
    let error = Passage::builder("app").build_blocking().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    if std::env::var_os("PASSAGE_APP_ID").is_none() {
        let error = blocking::Passage::from_env().unwrap_err();
        assert!(error.to_string().contains("PASSAGE_APP_ID"), "{error}");
    }
}

#[test]
fn nothing_shows_the_api_key() {
    let builder = Passage::builder("app").server("http://127.0.0.1:1");
    let passage = builder.api_key("prefix.hunter2").build_blocking().unwrap();
    let shown = format!(
        "{passage:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        passage.users(),
        passage.users().import_json_lines(&b"hunter2"[..]),
        passage.users().export_users(),
        passage.users().list(),
        passage.users().list().iter(),
        passage.magic_links(),
        passage.api_keys(),
        passage.flex(),
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("prefix"),
        "{shown}"
    );
}
