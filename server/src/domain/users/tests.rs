//! Users, without HTTP.

use serde_json::{Map, Value, json};

use super::manage::{Change, Changes, NewAccount};
use super::*;
use crate::domain::api_keys;
use crate::domain::error::Reason;
use crate::domain::settings::{AppSettings, ConcealUsers, MetadataType};
use crate::domain::sign_ins::Session;
use crate::domain::testing::Fixture;
use crate::domain::tokens::AuthToken;
use crate::store::user_list::{Compare, Field, Filter, Operand, UserQuery};
use crate::store::users::UserStatus;

fn metadata(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn account(email: &str) -> NewAccount {
    NewAccount {
        email: Some(email.to_owned()),
        phone: Some(String::new()),
        metadata: metadata(json!({"colour": "red", "shade": null})),
    }
}

#[tokio::test]
async fn a_backend_creates_changes_and_deletes_a_user() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let created = manage::create(state, app, account("Ada@Example.com")).await;
    let user = created.unwrap().user;
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(user.status, UserStatus::Pending);
    assert_eq!(user.metadata(), metadata(json!({"colour": "red"})));

    let twin = manage::create(state, app, account("ada@example.com")).await;
    let twin = twin.err().unwrap();
    assert_eq!(twin.message, Refusal::user_exists().message);

    let changes = Changes {
        email: Change::Keep,
        phone: Change::Set("+15005550006".to_owned()),
        metadata: metadata(json!({"colour": null, "size": 3})),
    };
    let updated = manage::update(state, app, user.id.clone(), changes).await;
    let updated = updated.unwrap().user;
    assert_eq!(updated.phone.as_deref(), Some("+15005550006"));
    assert_eq!(updated.metadata(), metadata(json!({"size": 3})));

    let none = Changes {
        email: Change::Clear,
        phone: Change::Clear,
        metadata: Map::new(),
    };
    let refused = manage::update(state, app, user.id.clone(), none).await;
    assert_eq!(refused.err().unwrap().reason, Reason::InvalidRequest);

    let inactive = manage::set_status(state, app, user.id.clone(), UserStatus::Inactive).await;
    assert_eq!(inactive.unwrap().user.status, UserStatus::Inactive);
    manage::delete(state, app, user.id.clone()).await.unwrap();
    let gone = manage::get(state, app, user.id).await.err().unwrap();
    assert_eq!(gone.reason, Reason::UserNotFound);
}

#[tokio::test]
async fn a_backend_lists_its_users() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    for name in ["ada", "bob", "cyd"] {
        let created = manage::create(state, app, account(&format!("{name}@example.com"))).await;
        created.unwrap();
    }
    let query = UserQuery {
        page: 1,
        limit: 1,
        order_by: vec![(Field::Email, true)],
        filters: vec![Filter {
            field: Field::Email,
            compare: Compare::NotEqual,
            operand: Operand::Text("cyd@example.com".to_owned()),
        }],
    };
    let (page, created_before) = manage::list(state, app, query, None).await.unwrap();
    let emails: Vec<_> = page
        .users
        .iter()
        .map(|user| user.email.as_deref())
        .collect();
    assert_eq!((emails, page.total), (vec![Some("bob@example.com")], 2));
    assert!(created_before > state.clock.now().as_second());
}

#[tokio::test]
async fn a_look_up_tells_strangers_nothing_new() {
    for conceal_users in [ConcealUsers::No, ConcealUsers::Yes] {
        let fixture = Fixture::with(AppSettings {
            conceal_users,
            ..AppSettings::default()
        })
        .await;
        let (state, app) = (&fixture.state, &fixture.app);
        let new = NewAccount {
            phone: Some("+15005550006".to_owned()),
            ..account("ada@example.com")
        };
        manage::create(state, app, new).await.unwrap();
        let look_up = |text| account::look_up(state, app, Identifier::parse(text).unwrap());
        assert!(look_up("bob@example.com").await.unwrap().is_none());
        let (user, _) = look_up("ada@example.com").await.unwrap().unwrap();
        assert_eq!(user.email.as_deref(), Some("ada@example.com"));
        assert!(user.phone.is_none() && user.metadata().is_empty());
    }
}

#[tokio::test]
async fn users_change_their_own_metadata() {
    let mut settings = AppSettings::default();
    settings.put_open_field("colour", MetadataType::String);
    settings.put_open_field("size", MetadataType::Integer);
    let fixture = Fixture::with(settings).await;
    let (state, app) = (&fixture.state, &fixture.app);
    let ada = Identifier::Email("ada@example.com".to_owned());
    let user = account::create(state, app, &ada, metadata(json!({"colour": "red"}))).await;
    let id = user.unwrap().id;
    let session = Session::of(AuthToken {
        user_id: id.clone(),
        sign_in: None,
        issued_at: state.clock.now(),
        authenticated_at: None,
    });
    let owner = || (id.clone(), session.clone());
    let change = |value| account::update_metadata(state, app, owner(), metadata(value));
    let changed = change(json!({"colour": null, "size": 3})).await.unwrap();
    assert_eq!(changed.metadata(), metadata(json!({"size": 3})));
    let refused = change(json!({"size": [3]})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidRequest);
}

#[tokio::test]
async fn a_key_opens_its_app_until_it_is_deleted() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let unnamed = api_keys::create(state, app, " ".to_owned()).await;
    assert_eq!(unnamed.unwrap_err().reason, Reason::InvalidRequest);
    let created = api_keys::create(state, app, "backend".to_owned()).await;
    let (row, key) = created.unwrap();
    let found = api_keys::authenticate(state, app, &key).await.unwrap();
    assert_eq!((&found.id, found.name.as_str()), (&row.id, "backend"));
    assert_eq!(api_keys::list(state, app).await.unwrap().len(), 1);
    let same = api_keys::get(state, app, row.id.clone()).await.unwrap();
    assert_eq!(same.prefix, found.prefix);
    api_keys::delete(state, app, row.id.clone()).await.unwrap();
    let over = api_keys::authenticate(state, app, &key).await.unwrap_err();
    assert_eq!(over.reason, Reason::InvalidAccessToken);
    let again = api_keys::delete(state, app, row.id).await.unwrap_err();
    assert_eq!(again.reason, Reason::ApiKeyNotFound);
}
