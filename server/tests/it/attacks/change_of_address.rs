//! Change of address: a stranger is asked to confirm somebody else's account as their own.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::claims;
use super::links::{EVE, FIREFOX, Person, SAFARI, guarded, kind_of};
use crate::mailbox::{ADA, BOB, PHONE, together, tokens};
use crate::support::{App, text};

const EVES: &str = "127.0.0.2";
const MINE: &str = "127.0.0.1";

/// A user who proved their address by a code.
async fn proven(app: &App, email: &str) -> String {
    let id = app.user_id(email).await;
    let (otp_id, code) = app.login_code(email).await;
    app.enter(&otp_id, &code).await.json(200);
    id
}

/// Eve, signed in to an account of her own, and its id.
async fn eve(app: &App) -> (Person<'_>, String) {
    let id = proven(app, EVE).await;
    let eve = Person::new(app, EVES, FIREFOX).signed_in(&id).await;
    (eve, id)
}

/// The identifiers of a user, and whether they are verified.
async fn contacts(app: &App, id: &str) -> Value {
    let user = app.managed_user(id).await;
    json!([
        user["email"],
        user["email_verified"],
        user["phone"],
        user["phone_verified"]
    ])
}

/// The notices that somebody got.
fn notices(app: &App, to: &str) -> Vec<String> {
    let messages = app.controls().outbox().into_iter();
    let notices = messages.filter(|it| it.to == to && it.purpose == "security_notice");
    notices.map(|it| it.text).collect()
}

#[tokio::test]
async fn a_strangers_click_changes_nothing_and_signs_nobody_in() {
    let app = App::start_with(guarded).await;
    let (eve, id) = eve(&app).await;
    let before = contacts(&app, &id).await;
    let bob = proven(&app, "owner@example.com").await;
    let victim = Person::new(&app, MINE, SAFARI);
    let with_token = Person::new(&app, MINE, SAFARI).signed_in(&bob).await;
    let (in_network, in_browser) = (
        Person::new(&app, EVES, SAFARI),
        Person::new(&app, MINE, FIREFOX),
    );
    for new in [BOB, PHONE] {
        let (waiting, link) = eve.ask_change(new).await;
        for opener in [&victim, &with_token, &in_network, &in_browser] {
            for _ in 0..2 {
                let refused = opener.open(&link).await.error(401, "invalid_magic_link");
                assert!(refused.contains("requested elsewhere"), "{refused}");
            }
            assert_eq!(contacts(&app, &id).await, before);
        }
        // Without the token of who asked, the id is worth nothing either.
        for other in [&victim, &with_token, &eve.signed_out()] {
            other
                .status(&waiting)
                .await
                .error(401, "invalid_magic_link");
            assert_eq!(contacts(&app, &id).await, before);
        }
    }
    assert_eq!(app.managed_user(&id).await["login_count"], 2, "no other");
    assert!(notices(&app, EVE).is_empty());
}

#[tokio::test]
async fn a_change_opened_elsewhere_waits_for_who_asked_and_for_their_token() {
    let app = App::start_with(guarded).await;
    for new in [BOB, PHONE] {
        let (asker, id) = eve(&app).await;
        let (waiting, link) = asker.ask_change(new).await;
        asker
            .status(&waiting)
            .await
            .error(401, "invalid_magic_link");
        let phone = Person::new(&app, MINE, SAFARI);
        phone.open(&link).await.error(401, "invalid_magic_link");
        // A lost reply can be asked for again.
        for _ in 0..2 {
            let result = tokens(&asker.status(&waiting).await);
            assert_eq!(result.auth_token, asker.token(), "no other token");
            assert_eq!(result.refresh_token, None);
        }
        let user = app.managed_user(&id).await;
        let kind = kind_of(new);
        let verified = &user[format!("{kind}_verified")];
        assert_eq!((&user[kind], verified), (&json!(new), &json!(true)));
        assert_eq!(user["login_count"], 2, "it is no sign-in");
        assert_eq!(user["recent_events"][0]["action"], "other");
        assert_eq!(notices(&app, EVE).len(), 1);
        phone.open(&link).await.error(401, "invalid_magic_link");
        app.delete(&format!("/users/{id}")).await.empty(200);
        app.controls().clear_outbox();
    }
}

#[tokio::test]
async fn the_asker_confirms_with_their_token_on_any_client_or_on_the_same_one_without() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    let (_, link) = asker.ask_change(BOB).await;
    let phone = Person::new(&app, MINE, SAFARI).signed_in(&id).await;
    let result = tokens(&phone.open(&link).await);
    assert_eq!(result.auth_token, phone.token());
    assert_eq!(result.refresh_token, None);
    assert_eq!(app.managed_user(&id).await["email"], BOB);

    let (waiting, link) = asker.ask_change(PHONE).await;
    let here = asker.signed_out();
    let result = tokens(&here.open(&link).await);
    let user = app.current_user(&result.auth_token).await.json(200)["user"].clone();
    assert_eq!((&user["id"], &user["phone"]), (&json!(id), &json!(PHONE)));
    // It is no sign-in: the token is of the one that asked, and as old.
    let (old, new) = (claims(asker.token()), claims(&result.auth_token));
    assert_eq!(
        (&new["sid"], &new["auth_time"]),
        (&old["sid"], &old["auth_time"])
    );
    assert_eq!(result.refresh_token, None);
    assert_eq!(app.managed_user(&id).await["login_count"], 3);
    here.status(&waiting).await.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn a_bad_token_confirms_nothing() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    let (waiting, link) = asker.ask_change(BOB).await;
    let victim = Person::new(&app, MINE, SAFARI);
    victim.open(&link).await.error(401, "invalid_magic_link");
    let tampered = format!("{}x", asker.token());
    for bad in ["", "x", &tampered] {
        let body = json!({"id": waiting});
        let reply = app.own(bad, Method::POST, "/magic-link/status", body).await;
        reply.error(401, "invalid_magic_link");
        let body = json!({"magic_link": link});
        let reply = app
            .own(bad, Method::PATCH, "/magic-link/activate", body)
            .await;
        reply.error(401, "invalid_magic_link");
    }
    assert_eq!(app.managed_user(&id).await["email"], EVE);
}

#[tokio::test]
async fn an_address_that_was_taken_in_between_stays_with_its_owner() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    let (waiting, link) = asker.ask_change(BOB).await;
    let victim = Person::new(&app, MINE, SAFARI);
    victim.open(&link).await.error(401, "invalid_magic_link");
    let bob = proven(&app, BOB).await;
    for _ in 0..2 {
        let taken = asker.status(&waiting).await.error(400, "invalid_request");
        assert_eq!(taken, "user: already exists.");
        let taken = asker.open(&link).await.error(400, "invalid_request");
        assert_eq!(taken, "user: already exists.");
    }
    assert_eq!(app.managed_user(&id).await["email"], EVE);
    assert_eq!(app.managed_user(&bob).await["email"], BOB);
}

#[tokio::test]
async fn a_change_dies_with_the_sign_ins_of_who_asked_for_it() {
    let app = App::start_with(guarded).await;
    let (thief, id) = eve(&app).await;
    let (waiting, link) = thief.ask_change(BOB).await;
    let (opened, other) = thief.ask_change(PHONE).await;
    Person::new(&app, MINE, SAFARI)
        .open(&other)
        .await
        .error(401, "invalid_magic_link");
    app.controls().advance(Duration::from_secs(1));
    app.delete(&format!("/users/{id}/tokens")).await.empty(200);
    app.controls().advance(Duration::from_secs(1));
    let before = contacts(&app, &id).await;
    // On the same client, and even with a token from after that.
    let again = Person::new(&app, EVES, FIREFOX).signed_in(&id).await;
    for person in [&thief.signed_out(), &again] {
        person.open(&link).await.error(401, "invalid_magic_link");
        person
            .status(&waiting)
            .await
            .error(401, "invalid_magic_link");
        person
            .status(&opened)
            .await
            .error(401, "invalid_magic_link");
    }
    assert_eq!(contacts(&app, &id).await, before);
}

#[tokio::test]
async fn a_change_must_be_confirmed_within_five_minutes_by_an_active_user() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    let victim = Person::new(&app, MINE, SAFARI);
    let (late, link) = asker.ask_change(BOB).await;
    victim.open(&link).await.error(401, "invalid_magic_link");
    app.controls().advance(Duration::from_secs(301));
    asker.status(&late).await.error(401, "invalid_magic_link");
    asker.open(&link).await.error(401, "invalid_magic_link");

    let (waiting, link) = asker.ask_change(BOB).await;
    victim.open(&link).await.error(401, "invalid_magic_link");
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    asker
        .status(&waiting)
        .await
        .error(401, "invalid_magic_link");
    asker.open(&link).await.error(401, "invalid_magic_link");
    assert_eq!(app.managed_user(&id).await["email"], EVE);
}

#[tokio::test]
async fn the_mail_names_the_account_and_says_that_somebody_else_may_have_asked() {
    let app = App::start_with(guarded).await;
    let (asker, _) = eve(&app).await;
    for new in [BOB, PHONE] {
        asker.ask_change(new).await;
        let text = app.message(new).text;
        assert!(
            text.contains(EVE) && text.contains("somebody else"),
            "{text}"
        );
    }
    assert!(app.message(BOB).text.contains("network address 127.0.0.2"));

    // An address is the choice of who has it, and must not put a link into the mail.
    for address in [
        "https://evil.example/login@a.example",
        "(https://evil.example)@a.example",
        "{app}@a.example",
        "<b>@a.example",
    ] {
        let id = app.user_id(address).await;
        let hostile = Person::new(&app, EVES, FIREFOX).signed_in(&id).await;
        hostile.ask_change("victim@example.com").await;
        let text = app.message("victim@example.com").text;
        assert_eq!(text.matches("://").count(), 1, "{text}");
        assert!(
            !text.contains("evil") && !text.contains("a.example"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_old_address_is_told() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    // A number beside the address.
    let (_, link) = asker.ask_change(PHONE).await;
    asker.open(&link).await.json(200);
    let told = notices(&app, EVE);
    assert!(
        told.len() == 1 && told[0].contains(&format!("{PHONE} was added")),
        "{told:?}"
    );
    assert!(notices(&app, PHONE).is_empty());
    // Another number in its place.
    let other = "+15005550009";
    let (_, link) = asker.ask_change(other).await;
    asker.open(&link).await.json(200);
    let told = notices(&app, PHONE);
    assert!(
        told.len() == 1 && told[0].contains(&format!("now uses {other}")),
        "{told:?}"
    );
    // Another address in its place.
    let (_, link) = asker.ask_change(BOB).await;
    asker.open(&link).await.json(200);
    let told = notices(&app, EVE);
    assert!(
        told.len() == 2 && told[1].contains(&format!("now uses {BOB}")),
        "{told:?}"
    );
    assert!(told[1].contains("Firefox on Windows, network address 127.0.0.2"));
    assert!(notices(&app, BOB).is_empty());
    // The same address again.
    let (_, link) = asker.ask_change(BOB).await;
    asker.open(&link).await.json(200);
    assert!(notices(&app, BOB).is_empty());
    assert_eq!(app.managed_user(&id).await["email"], BOB);
}

#[tokio::test]
async fn who_proved_no_address_is_told_nowhere() {
    let app = App::start_with(guarded).await;
    let id = app.user_id(ADA).await;
    let asker = Person::new(&app, EVES, FIREFOX).signed_in(&id).await;
    let (_, link) = asker.ask_change(BOB).await;
    asker.open(&link).await.json(200);
    // The old one may be somebody else's.
    let messages = app.controls().outbox();
    assert!(messages.iter().all(|it| it.purpose != "security_notice"));
}

#[tokio::test]
async fn of_many_confirmations_at_once_one_takes_effect() {
    let app = App::start_with(guarded).await;
    let (asker, id) = eve(&app).await;
    let (waiting, link) = asker.ask_change(BOB).await;
    let victim = Person::new(&app, MINE, SAFARI);
    victim.open(&link).await.error(401, "invalid_magic_link");
    let calls = (0..8).map(|index| {
        let (asker, waiting, link) = (&asker, &waiting, &link);
        async move {
            if index % 2 == 0 {
                asker.status(waiting).await
            } else {
                asker.open(link).await
            }
        }
    });
    let replies = together(calls).await;
    assert!(replies.iter().any(|reply| reply.status == 200));
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.error(401, "invalid_magic_link");
    }
    assert_eq!(notices(&app, EVE).len(), 1, "told once");
    let events = app.managed_user(&id).await["recent_events"].clone();
    let events = events.as_array().unwrap().iter();
    let changes = events.filter(|event| event["action"] == "other").count();
    assert_eq!(changes, 1);
}

#[tokio::test]
async fn a_taken_address_looks_like_any_other_to_who_asks_for_it() {
    let app = App::start_with(guarded).await;
    proven(&app, BOB).await;
    let (asker, _) = eve(&app).await;
    let body = json!({"new_email": BOB});
    let sent = app.controls().outbox().len();
    let reply = asker.call(Method::PATCH, "/currentuser/email", body).await;
    let waiting = text(&reply.json(200)["magic_link"]["id"]);
    assert_eq!(app.controls().outbox().len(), sent, "nobody gets a link");
    let refused = asker
        .status(&waiting)
        .await
        .error(401, "invalid_magic_link");
    assert!(refused.contains("not opened"), "{refused}");
}

#[tokio::test]
async fn a_notice_to_the_owner_holds_no_link_of_the_thief() {
    let app = App::start_with(guarded).await;
    let (thief, _) = eve(&app).await;
    let new = "https://evil.example/undo@a.example";
    let (_, link) = thief.ask_change(new).await;
    thief.open(&link).await.json(200);
    let told = notices(&app, EVE);
    assert!(told.len() == 1 && !told[0].contains("evil"), "{told:?}");
}

#[tokio::test]
async fn a_second_link_to_an_address_that_the_asker_has_by_now_signs_no_stranger_in() {
    let app = App::start_with(guarded).await;
    let (eve, id) = eve(&app).await;
    let victim = Person::new(&app, MINE, SAFARI);
    for new in [BOB, PHONE] {
        let (waiting, first) = eve.ask_change(new).await;
        let (waits_still, second) = eve.ask_change(new).await;
        victim.open(&first).await.error(401, "invalid_magic_link");
        eve.status(&waiting).await.json(200);
        let before = contacts(&app, &id).await;
        for opener in [&victim, &eve.signed_out()] {
            for _ in 0..2 {
                opener.open(&second).await.error(401, "invalid_magic_link");
                opener
                    .status(&waits_still)
                    .await
                    .error(401, "invalid_magic_link");
            }
        }
        assert_eq!(contacts(&app, &id).await, before);
        // Who asked may open it, and changes nothing.
        let result = tokens(&eve.open(&second).await);
        assert_eq!(result.auth_token, eve.token());
        assert_eq!(contacts(&app, &id).await, before);
    }
    assert_eq!(app.managed_user(&id).await["login_count"], 2, "no other");
}
