//! One-time codes: six digits that are sent to a user, who types them in.

mod seal;

use passage_identity::generated::auth::types::AuthResult;

use crate::delivery::{Content, Language, Message, NewMessage, Purpose};
use crate::domain::apps::{App, AppState};
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::domain::users::{self, Receiver};
use crate::identifier::Identifier;
use crate::ids;
use crate::store;
use crate::store::one_time_codes::CodeRow;
use crate::store::{SqlError, Tx};

/// Tries of a code. After so many wrong ones it is dead, even for the right digits.
const TRIES: i64 = 5;
/// Wrong tries in an hour over all codes of an identifier. With five for each code, and as many codes as somebody
/// cares to ask for, a million codes would not be many.
const TRIES_IN_AN_HOUR: i64 = 50;

/// Sends a code, and returns the id by which it is typed in.
pub(crate) async fn request(
    state: &AppState,
    app: &App,
    purpose: Purpose,
    identifier: Identifier,
    language: Language,
) -> Result<String, Refusal> {
    if !app.settings.one_time_codes {
        return Err(Refusal::operation_not_allowed(
            "one-time codes: the app does not use them.",
        ));
    }
    state.sender.check(&identifier)?;
    let now = state.clock.micros();
    let expires_at = now + app.settings.otp_ttl * 1_000_000;
    let (id, code) = (ids::new_id(), seal::digits());
    let (app_id, settings) = (app.id.clone(), app.settings.clone());
    let (receives, secret) = (identifier.clone(), (id.clone(), code.clone()));
    let insert = state.store.write(move |tx| {
        if purpose == Purpose::Login && is_spent(tx, &app_id, receives.as_str(), now)? {
            return Err(Refusal::exceeded_attempts());
        }
        let receiver = users::receiver(tx, &app_id, &settings, purpose, &receives, now)?;
        let (id, code) = &secret;
        let mut row = CodeRow {
            id_hash: ids::hash(id),
            app_id: app_id.clone(),
            user_id: receiver.user.as_ref().map(|user| user.id.clone()),
            purpose: receiver.purpose.as_str().to_owned(),
            identifier: receives.as_str().to_owned(),
            seal: Vec::new(),
            tries: 0,
            created_at: now,
            expires_at,
        };
        row.seal = seal::seal(&row, id, code);
        store::one_time_codes::insert(tx, &row)?;
        Ok(receiver)
    });
    let Receiver { user, purpose } = insert.await?;
    if let Some(user) = user {
        let content = Content::Code {
            id: id.clone(),
            code,
        };
        let new = NewMessage {
            to: &identifier,
            user_id: user.id,
            purpose,
            language,
            content,
            created_at: now,
            expires_at,
        };
        state.sender.send(Message::write(&app.settings.name, new));
    }
    Ok(id)
}

/// Whether too many codes were guessed for an identifier lately.
fn is_spent(tx: &Tx<'_>, app_id: &str, identifier: &str, now: i64) -> Result<bool, SqlError> {
    let since = now - store::one_time_codes::KEPT;
    let tries = store::one_time_codes::tries_since(tx, app_id, identifier, since)?;
    Ok(tries >= TRIES_IN_AN_HOUR)
}

/// What became of a code that was typed in.
enum Outcome {
    Wrong,
    Dead,
    Right(String, Purpose),
}

/// Signs in the user who typed in a code.
pub(crate) async fn activate(
    state: &AppState,
    app: &App,
    id: String,
    code: String,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    let now = state.clock.micros();
    let app_id = app.id.clone();
    // A wrong try is counted, and so must not be an error in here: that would undo it.
    let check = state
        .store
        .write(move |tx| check(tx, &app_id, &id, &code, now));
    match check.await? {
        Outcome::Wrong => Err(Refusal::invalid_request(
            "one-time code: wrong, expired or used.",
        )),
        Outcome::Dead => Err(Refusal::exceeded_attempts()),
        Outcome::Right(user_id, purpose) => {
            let event = client_info.event(purpose.action(), "otp");
            sign_ins::sign_in(state, app, &user_id, event).await
        }
    }
}

fn check(tx: &Tx<'_>, app_id: &str, id: &str, code: &str, now: i64) -> Result<Outcome, Refusal> {
    let Some(row) = store::one_time_codes::get(tx, app_id, &ids::hash(id))? else {
        return Ok(Outcome::Wrong);
    };
    if row.expires_at <= now {
        return Ok(Outcome::Wrong);
    }
    if row.tries >= TRIES || is_spent(tx, app_id, &row.identifier, now)? {
        return Ok(Outcome::Dead);
    }
    let matches = seal::opens(&row, id, code.trim());
    let (Some(user_id), true) = (&row.user_id, matches) else {
        store::one_time_codes::count_try(tx, &row.id_hash)?;
        return Ok(Outcome::Wrong);
    };
    let user = store::users::get(tx, app_id, user_id)?.ok_or_else(Refusal::user_not_found)?;
    if user.is_inactive() {
        return Err(Refusal::user_not_active());
    }
    store::one_time_codes::delete(tx, &row.id_hash)?;
    let identifier = Identifier::stored(&row.identifier);
    // The code went to somebody who is not reached there any more.
    if !users::has(&user, &identifier) {
        return Ok(Outcome::Wrong);
    }
    let outcome = Outcome::Right(user.id.clone(), Purpose::stored(&row.purpose));
    users::confirm(tx, user, &identifier, now)?;
    Ok(outcome)
}
