//! Refresh tokens that many callers present concurrently.

use serde_json::Map;

use super::*;
use crate::delivery::Language;
use crate::domain::error::Reason;
use crate::domain::magic_links::{self, LinkOptions};
use crate::domain::testing::{CALLERS, Fixture, client, count};
use crate::domain::users::account;
use crate::domain::{devices, social};
use crate::identifier::Identifier;
use crate::store::apps::AppRow;
use crate::store::events::{Action, EventKind};

/// A user who signed in: their id, and their refresh token.
async fn signed_in(fixture: &Fixture) -> (String, AuthResult) {
    let (state, app) = (&fixture.state, &fixture.app);
    let ada = Identifier::Email("ada@example.com".to_owned());
    let user = account::create(state, app, &ada, serde_json::Map::new()).await;
    let id = user.unwrap().id;
    let event = client().event(Action::Login, EventKind::Passkey);
    let result = sign_in(state, app, &id, event).await.unwrap();
    (id.into(), result)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_exchange_a_token_at_once_get_the_same_successor() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let (_, tokens) = signed_in(&fixture).await;
    let first = tokens.refresh_token.unwrap();
    let token = first.clone();
    let results = fixture.race(move |state, app| {
        let token = token.clone();
        async move { refresh(&state, &app, &token).await }
    });
    let mut next: Vec<_> = results
        .await
        .into_iter()
        .map(|result| result.unwrap().refresh_token.unwrap())
        .collect();
    assert_eq!(next.len(), CALLERS);
    next.dedup();
    assert_eq!(next.len(), 1, "one rotation");
    // The successor was not used, so a thief with the first token gets it too; once it is, that ends the sign-in.
    let third = refresh(state, app, &next[0]).await.unwrap();
    let reused = refresh(state, app, &first).await.unwrap_err();
    assert_eq!(reused.reason, Reason::InvalidRefreshToken);
    let over = refresh(state, app, &third.refresh_token.unwrap()).await;
    assert_eq!(over.unwrap_err().reason, Reason::InvalidRefreshToken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_reuse_a_refresh_token_is_exchanged_by_one_of_many_at_once() {
    let fixture = Fixture::with(AppSettings {
        refresh_reuse_seconds: 0,
        ..AppSettings::default()
    });
    let fixture = fixture.await;
    let (_, tokens) = signed_in(&fixture).await;
    let token = tokens.refresh_token.unwrap();
    let results = fixture.race(|state, app| {
        let token = token.clone();
        async move { refresh(&state, &app, &token).await }
    });
    let results = results.await;
    let counted = count(&results, Reason::InvalidRefreshToken);
    assert_eq!(counted, (1, CALLERS - 1));
    // The others presented an exchanged token, as a thief would: that ended the sign-in.
    let won = results.into_iter().find_map(Result::ok).unwrap();
    let next = won.refresh_token.unwrap();
    let over = refresh(&fixture.state, &fixture.app, &next).await;
    assert_eq!(over.unwrap_err().reason, Reason::InvalidRefreshToken);
}

#[tokio::test]
async fn tokens_stand_for_their_user_until_they_are_revoked() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let (id, tokens) = signed_in(&fixture).await;
    let account = account::authenticate(state, app, &tokens.auth_token).await;
    let user = account.unwrap().user;
    assert_eq!((user.id.as_str(), user.login_count), (id.as_str(), 1));

    let refreshed = refresh(state, app, &tokens.refresh_token.unwrap()).await;
    let next = refreshed.unwrap().refresh_token.unwrap();
    account::authenticate(state, app, &tokens.auth_token)
        .await
        .unwrap();
    revoke_all(state, app, id.into()).await.unwrap();
    let ended = account::authenticate(state, app, &tokens.auth_token).await;
    let ended = ended.err().map(|refusal| refusal.reason);
    assert_eq!(ended, Some(Reason::InvalidAccessToken));
    let over = refresh(state, app, &next).await.unwrap_err();
    assert_eq!(over.reason, Reason::InvalidRefreshToken);
    let unknown = revoke_all(state, app, "nobody".into()).await;
    assert_eq!(unknown.unwrap_err().reason, Reason::UserNotFound);
}

#[tokio::test]
async fn a_command_asks_again_whether_the_sign_in_of_its_token_stands() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let (_, tokens) = signed_in(&fixture).await;
    // The request is let in, and the sign-in ends before its command runs.
    let let_in = account::authenticate(state, app, &tokens.auth_token).await;
    let let_in = let_in.unwrap();
    let (user, session) = (let_in.user, let_in.session);
    revoke_all(state, app, user.id.clone()).await.unwrap();
    let owner = || (user.id.clone(), session.clone());
    let bob = Identifier::Email("bob@example.com".to_owned());
    let options = LinkOptions {
        language: Language::En,
        path: None,
        redirect_url: None,
    };
    let (asker, client) = ((&user, &session), client());
    let metadata = account::update_metadata(state, app, owner(), Map::new()).await;
    let rename = devices::rename_own(state, owner(), "none".into(), "Phone").await;
    let delete = devices::delete_own(state, app, owner(), "none".into(), &client).await;
    let disconnect = social::disconnect(state, owner(), "google".to_owned()).await;
    let revoke = revoke_own(state, owner()).await;
    let change = magic_links::send_change(state, app, asker, bob, options, &client).await;
    for refusal in [
        metadata.err(),
        rename.err(),
        delete.err(),
        disconnect.err(),
        revoke.err(),
        change.err(),
    ] {
        let reason = refusal.map(|refusal| refusal.reason);
        assert_eq!(reason, Some(Reason::InvalidAccessToken));
    }
}

#[tokio::test]
async fn an_app_that_turns_refresh_tokens_off_exchanges_none_from_before() {
    let fixture = Fixture::start().await;
    let (state, app) = (&fixture.state, &fixture.app);
    let (_, tokens) = signed_in(&fixture).await;
    let token = tokens.refresh_token.unwrap();
    let settings = AppSettings {
        refresh_enabled: false,
        ..AppSettings::default()
    };
    let row = AppRow {
        id: app.id.clone(),
        settings: serde_json::to_string(&settings).unwrap(),
        created_at: state.clock.now(),
    };
    let (issuer, now) = (app.issuer.clone(), state.clock.now());
    let off = App::open(&state.store, row, issuer, &std::sync::Arc::default(), now).await;
    let refused = refresh(state, &off.unwrap(), &token).await.unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidRefreshToken);
    refresh(state, app, &token).await.unwrap();
}
