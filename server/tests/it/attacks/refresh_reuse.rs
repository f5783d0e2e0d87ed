//! A refresh token that is used twice: by two tabs, after a lost reply, or by a thief.

use std::time::Duration;

use passage_server::SettingsPatch;
use serde_json::Value;

use super::{guarded, refresh};
use crate::mailbox::ADA;
use crate::support::{App, SignIn, text};

const SECOND: Duration = Duration::from_secs(1);

async fn start() -> (App, String) {
    let app = App::start_with(guarded).await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    (app, id)
}

async fn next(app: &App, token: &str) -> SignIn {
    let result = refresh(app, token).await.json(201)["auth_result"].clone();
    tokens(&result)
}

fn tokens(result: &Value) -> SignIn {
    SignIn {
        auth_token: text(&result["auth_token"]),
        refresh_token: text(&result["refresh_token"]),
    }
}

async fn assert_refused(app: &App, token: &str) {
    refresh(app, token)
        .await
        .error(401, "invalid_refresh_token");
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_stay_signed_in() {
    let (app, id) = start().await;
    for _ in 0..8 {
        let token = app.sign_in(&id).await.refresh_token;
        let (one, two) = tokio::join!(next(&app, &token), next(&app, &token));
        assert_eq!(one.refresh_token, two.refresh_token);
        assert_ne!(one.refresh_token, token);
        for tab in [&one, &two] {
            app.current_user(&tab.auth_token).await.json(200);
        }
        // Both go on, and again at once.
        let (one, two) = tokio::join!(
            next(&app, &one.refresh_token),
            next(&app, &two.refresh_token)
        );
        assert_eq!(one.refresh_token, two.refresh_token);
    }
}

#[tokio::test]
async fn a_lost_reply_is_had_again_for_ten_seconds() {
    let (app, id) = start().await;
    let token = app.sign_in(&id).await.refresh_token;
    let lost = refresh(&app, &token).await.json(201)["auth_result"].clone();
    app.controls().advance(9 * SECOND);
    let again = refresh(&app, &token).await.json(201)["auth_result"].clone();
    for name in ["refresh_token", "refresh_token_expiration", "redirect_url"] {
        assert_eq!(again[name], lost[name], "{name}");
    }
    let again = tokens(&again);
    app.current_user(&again.auth_token).await.json(200);
    next(&app, &again.refresh_token).await;
}

#[tokio::test]
async fn asking_again_does_not_prolong_the_ten_seconds() {
    let (app, id) = start().await;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await;
    app.controls().advance(6 * SECOND);
    next(&app, &token).await;
    app.controls().advance(6 * SECOND);
    assert_refused(&app, &token).await;
    assert_refused(&app, &second.refresh_token).await;
}

#[tokio::test]
async fn a_spent_token_ends_the_sign_in_after_ten_seconds() {
    let (app, id) = start().await;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await;
    app.controls().advance(10 * SECOND);
    assert_refused(&app, &token).await;
    assert_refused(&app, &second.refresh_token).await;
    app.current_user(&second.auth_token)
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn a_token_whose_successor_was_used_ends_the_sign_in_at_once() {
    let (app, id) = start().await;
    let elsewhere = app.sign_in(&id).await.refresh_token;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await.refresh_token;
    let third = next(&app, &second).await.refresh_token;
    assert_refused(&app, &token).await;
    assert_refused(&app, &second).await;
    assert_refused(&app, &third).await;
    next(&app, &elsewhere).await;
}

#[tokio::test]
async fn nothing_is_had_again_after_the_sign_in_was_ended() {
    let (app, id) = start().await;
    for end in 0..4 {
        let token = app.sign_in(&id).await.refresh_token;
        let second = next(&app, &token).await;
        match end {
            0 => {
                let url = app.auth("/tokens");
                let query = [("refresh_token", &second.refresh_token)];
                let request = app.http.delete(url).query(&query);
                crate::support::send(request).await.empty(200);
            }
            1 => app.delete(&format!("/users/{id}/tokens")).await.empty(200),
            2 => {
                let request = app.http.delete(app.auth("/currentuser/tokens"));
                let request = request.bearer_auth(&second.auth_token);
                crate::support::send(request).await.empty(200);
            }
            _ => app.deactivate(&id).await,
        }
        assert_refused(&app, &token).await;
        app.touch(&format!("/users/{id}/activate")).await.json(200);
        assert_refused(&app, &token).await;
        assert_refused(&app, &second.refresh_token).await;
    }
}

#[tokio::test]
async fn a_sign_in_that_is_over_in_any_case_is_not_had_again() {
    let app = App::start_with(|builder| {
        let mut settings = SettingsPatch::default();
        settings.refresh_seconds = Some(5);
        guarded(builder).settings(settings)
    })
    .await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.refresh_token;
    next(&app, &token).await;
    app.controls().advance(5 * SECOND);
    assert_refused(&app, &token).await;
}

#[tokio::test]
async fn an_app_can_forbid_all_reuse() {
    let app = App::start_with(|builder| {
        let mut settings = SettingsPatch::default();
        settings.refresh_reuse_seconds = Some(0);
        guarded(builder).settings(settings)
    })
    .await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await.refresh_token;
    assert_refused(&app, &token).await;
    assert_refused(&app, &second).await;
}

#[tokio::test]
async fn who_knows_only_parts_of_a_token_gets_nothing_and_ends_nothing() {
    let (app, id) = start().await;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await.refresh_token;
    let (sign_in, own) = (&second[..24], &second[48..]);
    for forged in [
        format!("{sign_in}{}", "0".repeat(48)),
        format!("{sign_in}{}{own}", "0".repeat(24)),
        format!("{}{}", "0".repeat(24), &second[24..]),
        second[..71].to_owned(),
        format!("{second}0"),
    ] {
        assert_refused(&app, &forged).await;
    }
    next(&app, &second).await;
}

/// A development server has no encryption key, so after a restart it cannot make the successor again. Whoever has it
/// goes on.
#[tokio::test]
async fn with_another_key_nothing_is_had_again_and_the_sign_in_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = crate::durability::open(&data).await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.refresh_token;
    let second = next(&app, &token).await.refresh_token;
    app.stop().await;
    let app = crate::durability::open(&data).await;
    assert_refused(&app, &token).await;
    next(&app, &second).await;
}
