//! Sign-ins by one-time code with the SDK, from the registration to the next login.

use passage_identity::generated::auth::types::{
    ActivateOneTimePasscodeRequest, LoginOneTimePasscodeRequest, RegisterOneTimePasscodeRequest,
};
use passage_server::{Channel, Message};
use serde_json::json;

use crate::mailbox::{ADA, BOB, refusal, sdk};
use crate::support::{App, is_id};

/// Asks for a code to register with. Returns its id and the message that has it.
async fn ask(app: &App) -> (String, Message) {
    let request = RegisterOneTimePasscodeRequest {
        identifier: "Ada@Example.com".to_owned(),
        language: Some("de".to_owned()),
    };
    let sent = sdk(app)
        .auth_api()
        .register_one_time_passcode(app.server().app_id(), &request)
        .await
        .unwrap();
    assert_eq!(sent.status(), 201);
    (sent.otp_id.clone(), app.message(ADA))
}

/// The request that registers Ada, and the id that she got.
async fn registration(app: &App) -> (ActivateOneTimePasscodeRequest, String) {
    let (otp_id, message) = ask(app).await;
    let otp = message.code.unwrap();
    (
        ActivateOneTimePasscodeRequest { otp, otp_id },
        message.user_id,
    )
}

/// Registers Ada, and then logs her in with the next code. Returns her id.
async fn register_and_log_in(app: &App) -> String {
    let (sdk, app_id) = (sdk(app), app.server().app_id());
    let (enter, id) = registration(app).await;
    let entered = sdk.auth_api().activate_one_time_passcode(app_id, &enter);
    assert_eq!(entered.await.unwrap().status(), 200);
    let request = LoginOneTimePasscodeRequest {
        identifier: ADA.to_owned(),
        language: None,
    };
    let sent = sdk
        .auth_api()
        .login_one_time_passcode(app_id, &request)
        .await
        .unwrap();
    assert_eq!(sent.status(), 201);
    let code = app.message(ADA).code.unwrap();
    app.enter(&sent.otp_id, &format!(" {code} "))
        .await
        .json(200);
    id
}

#[tokio::test]
async fn a_registration_creates_a_pending_user_and_sends_six_digits() {
    let app = App::start().await;
    let (otp_id, message) = ask(&app).await;
    assert!(is_id(&otp_id));
    let code = message.code.clone().unwrap();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(message.otp_id.as_ref(), Some(&otp_id));
    assert!(!format!("{message:?}").contains(&code));
    let user = app.managed_user(&message.user_id).await;
    assert_eq!(
        (&user["status"], &user["email_verified"]),
        (&json!("pending"), &json!(false))
    );
}

#[tokio::test]
async fn the_message_is_in_the_language_that_was_asked_for() {
    let app = App::start().await;
    let (_, message) = ask(&app).await;
    let code = message.code.clone().unwrap();
    assert_eq!(
        (
            message.channel,
            message.purpose.as_str(),
            message.language.as_str()
        ),
        (Channel::Email, "register", "de")
    );
    let [text, asker, end] = message.text.split("\n\n").collect::<Vec<_>>()[..] else {
        panic!("{}", message.text)
    };
    assert_eq!(text, format!("{code} ist Ihr Code für Development."));
    let expected = "Angefordert von einem unbekannten Programm, Netzwerkadresse 127.0.0.1, ";
    assert!(asker.starts_with(expected), "{asker}");
    assert_eq!(
        end,
        "Er gilt einmal, für 5 min. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht."
    );
}

#[tokio::test]
async fn a_code_registers_its_user_and_verifies_the_address() {
    let app = App::start().await;
    let (enter, id) = registration(&app).await;
    let entered = sdk(&app)
        .auth_api()
        .activate_one_time_passcode(app.server().app_id(), &enter)
        .await
        .unwrap();
    assert_eq!(entered.status(), 200);
    let current = app
        .current_user(&entered.auth_result.auth_token)
        .await
        .json(200)["user"]
        .clone();
    assert_eq!(
        (&current["id"], &current["status"], &current["login_count"]),
        (&json!(id), &json!("active"), &json!(1))
    );
    assert_eq!(current["email_verified"], true);
}

#[tokio::test]
async fn the_next_code_logs_its_user_in_even_with_white_space_around_it() {
    let app = App::start().await;
    let id = register_and_log_in(&app).await;
    assert_eq!(app.managed_user(&id).await["login_count"], 2);
}

#[tokio::test]
async fn registration_and_login_by_code_are_events() {
    let app = App::start().await;
    let id = register_and_log_in(&app).await;
    let user = app.managed_user(&id).await;
    let events: Vec<_> = user["recent_events"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&events[0]["action"], &events[1]["action"]),
        (&json!("login"), &json!("register"))
    );
    for event in events {
        assert_eq!(
            (&event["type"], &event["ip_addr"]),
            (&json!("otp"), &json!("127.0.0.1"))
        );
        assert_ne!(event["user_agent"], "");
    }
}

#[tokio::test]
async fn a_code_that_registered_its_user_is_spent_for_the_sdk_too() {
    let app = App::start().await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let (enter, _) = registration(&app).await;
    let entered = sdk.auth_api().activate_one_time_passcode(app_id, &enter);
    assert_eq!(entered.await.unwrap().status(), 200);
    let again = sdk.auth_api().activate_one_time_passcode(app_id, &enter);
    assert_eq!(refusal(again.await), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn nobody_logs_in_who_never_registered() {
    let app = App::start().await;
    registration(&app).await;
    let nobody = LoginOneTimePasscodeRequest {
        identifier: BOB.to_owned(),
        language: None,
    };
    let sdk = sdk(&app);
    let unknown = sdk
        .auth_api()
        .login_one_time_passcode(app.server().app_id(), &nobody);
    assert_eq!(refusal(unknown.await), (404, "user_not_found".to_owned()));
}
