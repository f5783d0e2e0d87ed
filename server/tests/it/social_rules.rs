//! What a social login refuses.

use std::time::Duration;

use crate::browser::{BACK, VERIFIER, challenge, query};
use crate::mailbox::{ADA, BOB, together};
use crate::support::{App, send, text};

#[tokio::test]
async fn logins_that_cannot_begin() {
    let app = App::start().await;
    let long = "a".repeat(2049);
    let short = &challenge(VERIFIER)[..42];
    for (name, value) in [
        ("redirect_uri", ""),
        ("redirect_uri", "/back"),
        ("redirect_uri", "https://elsewhere.example/"),
        ("redirect_uri", "http://localhost:3000.elsewhere.example/"),
        ("redirect_uri", "http://localhost:3000@elsewhere.example/"),
        ("redirect_uri", "http://localhost:30000/"),
        ("redirect_uri", "http://localhost:3000\\@elsewhere.example/"),
        ("redirect_uri", "//localhost:3000/"),
        ("redirect_uri", "http://localhost:3000/#back"),
        ("redirect_uri", "http://localhost:3000/?code=mine"),
        ("redirect_uri", "javascript:alert(1)"),
        ("code_challenge", ""),
        ("code_challenge", short),
        ("code_challenge", VERIFIER),
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", "s256"),
        ("connection_type", ""),
        ("connection_type", "passage"),
        ("connection_type", "Google"),
        ("connection_type", "myspace"),
        ("state", &long),
    ] {
        let refused = app.authorize("google", &[(name, value)]).await;
        let problem = refused.error(400, "invalid_request");
        assert!(problem.starts_with(name), "{name}={value}: {problem}");
        assert_eq!(refused.header("location"), "");
    }
    let twice = [
        ("redirect_uri", BACK),
        ("redirect_uri", "https://elsewhere.example/"),
    ];
    let refused = app.authorize("google", &twice).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "redirect_uri: is repeated."
    );
    let url = format!(
        "{}/auth/v1/apps/nobody/social/authorize",
        app.server().url()
    );
    app.follow(&url).await.error(404, "app_not_found");
}

#[tokio::test]
async fn only_who_has_the_verifier_exchanges_a_code() {
    let app = App::start().await;
    let other = "another-another-another-another-another-another";
    for verifier in [
        other,
        &challenge(VERIFIER),
        "short",
        &VERIFIER[..43],
        &VERIFIER.to_uppercase(),
    ] {
        let code = app.social_code("google", ADA).await;
        app.exchange(&code, verifier)
            .await
            .error(400, "invalid_request");
        // It is in wrong hands, and dead.
        app.exchange(&code, VERIFIER)
            .await
            .error(400, "invalid_request");
    }
    let code = app.social_code("google", ADA).await;
    for (name, query) in [
        ("verifier", format!("code={code}")),
        ("verifier", format!("code={code}&verifier=")),
        ("code", format!("verifier={VERIFIER}")),
        (
            "code",
            format!("code={code}&code={code}&verifier={VERIFIER}"),
        ),
    ] {
        let url = format!("{}?{query}", app.auth("/social/token"));
        let problem = app.follow(&url).await.error(400, "invalid_request");
        assert!(problem.starts_with(name), "{query}: {problem}");
    }
    app.exchange(&code, VERIFIER).await.signed_in();
    app.exchange("unknown", VERIFIER)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn codes_and_states_are_good_once() {
    let app = App::start().await;
    let (to, members) = app.at_provider("google", ADA).await;
    let first = app.come_back("google", &to, &members).await.location();
    let again = app.come_back("google", &to, &members).await;
    assert_eq!(
        again.error(400, "invalid_request"),
        "state: unknown, expired or used."
    );
    let code = query(&first)["code"].clone();
    app.exchange(&code, VERIFIER).await.signed_in();
    app.exchange(&code, VERIFIER)
        .await
        .error(400, "invalid_request");

    let code = app.social_code("google", ADA).await;
    let tries = together((0..8).map(|_| app.exchange(&code, VERIFIER))).await;
    assert_eq!(tries.iter().filter(|reply| reply.status == 201).count(), 1);

    let (to, members) = app.at_provider("google", ADA).await;
    let tries = together((0..8).map(|_| app.come_back("google", &to, &members))).await;
    assert_eq!(tries.iter().filter(|reply| reply.status == 302).count(), 1);
    // A state is used up by whatever comes back with it.
    let (to, members) = app.at_provider("google", ADA).await;
    let state = &members.iter().find(|(name, _)| name == "state").unwrap().1;
    app.back_with(&to, state, "made up")
        .await
        .error(400, "invalid_request");
    app.come_back("google", &to, &members)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn everything_ends_by_the_servers_clock() {
    let app = App::start().await;
    let controls = app.controls();
    let wait = |seconds| controls.advance(Duration::from_secs(seconds));
    // A person has ten minutes at the provider.
    for (seconds, good) in [(599, true), (600, false)] {
        let start = app
            .authorize("google", &[("login_hint", ADA)])
            .await
            .location();
        wait(seconds);
        let answer = app.follow(&start).await.location();
        assert_eq!(app.follow(&answer).await.status == 302, good, "{seconds} s");
    }
    // The provider's code, and then ours, are good for a minute.
    for (seconds, good) in [(59, true), (60, false)] {
        let (to, members) = app.at_provider("google", ADA).await;
        wait(seconds);
        let back = app.come_back("google", &to, &members).await;
        assert_eq!(back.status == 302, good, "{seconds} s");
        let code = app.social_code("google", ADA).await;
        wait(seconds);
        let exchanged = app.exchange(&code, VERIFIER).await;
        assert_eq!(exchanged.status == 201, good, "{seconds} s");
    }
}

#[tokio::test]
async fn callbacks_without_a_state_or_code_lead_nowhere() {
    let app = App::start().await;
    let (to, members) = app.at_provider("google", ADA).await;
    let state = query(&format!(
        "?{}",
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&members)
            .finish()
    ))["state"]
        .clone();
    for url in [
        to.clone(),
        format!("{to}?code=a"),
        format!("{to}?code=a&state=unknown"),
        format!("{to}?error=access_denied&state=unknown"),
        format!("{to}?code=a&state={state}&state={state}"),
        // The app's own callback is for apps with credentials of their own.
        format!(
            "{}?code=a&state={state}",
            app.auth("/social/oauth2_callback")
        ),
    ] {
        let refused = app.follow(&url).await;
        assert!(
            refused.error(400, "invalid_request").starts_with("state"),
            "{url}"
        );
    }
    send(app.http.post(&to)).await.error(400, "invalid_request");
    let nobody = format!(
        "{}/auth/v1/apps/nobody/social/oauth2_callback?state=a",
        app.server().url()
    );
    app.follow(&nobody).await.error(404, "app_not_found");
    send(app.http.post(&nobody))
        .await
        .error(404, "app_not_found");
    // None of that used the login up.
    app.come_back("google", &to, &members).await.location();
    let (to, members) = app.at_provider("google", ADA).await;
    let state = &members.iter().find(|(name, _)| name == "state").unwrap().1;
    let nothing = app.follow(&format!("{to}?state={state}")).await;
    assert_eq!(nothing.error(400, "invalid_request"), "code: is needed.");
}

#[tokio::test]
async fn an_address_that_is_there_is_not_taken_over() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let refused = app.social_sign_in("google", ADA).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "user: already exists."
    );
    let user = app.managed_user(&id).await;
    assert_eq!(user["social_connections"], serde_json::json!({}));
    assert_eq!(user["login_count"], 0);
    // The same account at two providers is two accounts.
    app.social_sign_in("google", BOB).await.signed_in();
    let refused = app.social_sign_in("github", BOB).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "user: already exists."
    );
}

/// A code for tokens, from a login with an account whose address the provider has not verified.
async fn unverified_code(app: &App) -> String {
    let start = app
        .authorize("google", &[("login_hint", ADA)])
        .await
        .location();
    let answer = app
        .follow(&format!("{start}&unverified=1"))
        .await
        .location();
    query(&app.follow(&answer).await.location())["code"].clone()
}

#[tokio::test]
async fn an_address_must_be_verified() {
    let app = App::start().await;
    let code = unverified_code(&app).await;
    app.exchange(&code, VERIFIER)
        .await
        .error(403, "identifier_not_verified");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
    // Who is known needs no address.
    app.social_sign_in("google", ADA).await.signed_in();
    let code = unverified_code(&app).await;
    app.exchange(&code, VERIFIER).await.signed_in();
}

#[tokio::test]
async fn inactive_users_get_nothing() {
    let app = App::start().await;
    app.social_sign_in("google", ADA).await.signed_in();
    let list = app.list(&[]).await.json(200);
    let id = text(&list["users"][0]["id"]);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    let code = app.social_code("google", ADA).await;
    app.exchange(&code, VERIFIER)
        .await
        .error(403, "user_not_active");
    let user = app.managed_user(&id).await;
    assert_eq!(user["login_count"], 1);
    // The code was not used up.
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    app.exchange(&code, VERIFIER).await.signed_in();
}
