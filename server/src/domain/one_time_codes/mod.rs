//! One-time codes: six digits that are sent to a user, who types them in.

mod seal;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use passage_identity::generated::auth::types::AuthResult;

use crate::clock::Time;
use crate::delivery::{Content, Language, Message, NewMessage};
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::rate_limits::Kind;
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users::account::OwnToken;
use crate::domain::users::proof::{self, Proven, Prover};
use crate::domain::users::{self, Receiver};
use crate::identifier::Identifier;
use crate::ids::{self, AppId, UserId};
use crate::store;
use crate::store::acting;
use crate::store::audit::AuditReason;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::one_time_codes::{Attempt, CodeRow};
use crate::store::sign_ins::SignInRow;
use crate::store::{Purpose, SqlError, Tx};

/// Maximum number of tries of a code. After that many wrong ones even the right digits are refused.
const TRIES: i64 = 5;
/// Maximum number of wrong tries per hour over all codes of an identifier. Otherwise five tries for each of any number
/// of codes could cover all million values.
const TRIES_IN_AN_HOUR: i64 = 50;

/// Sends a code, and returns the id that the client enters it with.
pub(crate) async fn send(
    state: &AppState,
    app: &App,
    purpose: Purpose,
    identifier: Identifier,
    language: Language,
    client_info: &ClientInfo,
) -> Result<String, Refusal> {
    client_info.check_message_limits(state, app, &identifier)?;
    if !app.settings.one_time_codes {
        return Err(Refusal::operation_not_allowed(
            "one-time codes: the app does not use them.",
        ));
    }
    state.sender.check(&identifier)?;
    let now = state.clock.now();
    let expires_at = now + app.settings.one_time_code_lifetime();
    let (id, code, new_id) = (ids::new_id(), seal::digits(), UserId::new());
    let (app_id, conceal) = (app.id.clone(), app.settings.conceal_users.in_messages());
    let (to, secret) = (identifier.clone(), (id.clone(), code.clone()));
    let insert = state.store.write(move |tx| {
        if purpose == Purpose::Login && is_spent(tx, &app_id, to.as_str(), now)? {
            return Err(Refusal::exceeded_attempts());
        }
        let receiver = users::receiver(tx, &app_id, conceal, purpose, &to, &new_id, now)?;
        let (id, code) = &secret;
        let mut row = CodeRow {
            id_hash: ids::hash(id),
            app_id: app_id.clone(),
            user_id: receiver.user.as_ref().map(|user| user.id.clone()),
            purpose: receiver.purpose,
            identifier: to.as_str().to_owned(),
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
            account: None,
            requester: Some(client_info.requester(now)),
            created_at: now,
            expires_at,
        };
        state.sender.send(Message::write(&app.settings.name, new));
    }
    Ok(id)
}

/// The start of the period in which wrong tries of an identifier count.
fn counted_since(now: Time) -> Time {
    now - store::one_time_codes::KEPT
}

/// Whether too many wrong codes were recently tried for an identifier.
fn is_spent(tx: &Tx<'_>, app_id: &AppId, identifier: &str, now: Time) -> Result<bool, SqlError> {
    let tries = store::one_time_codes::tries_since(tx, app_id, identifier, counted_since(now))?;
    Ok(tries >= TRIES_IN_AN_HOUR)
}

/// The result of a try.
enum Outcome {
    Wrong,
    Dead,
    Right(Proven, Identifier),
}

/// Somebody who enters a code, and what is stored if it is right.
struct Entry {
    prover: Prover,
    sign_in: SignInRow,
    /// What is recorded, with the action that it turns out to be.
    event: NewEvent,
}

/// Signs in the user who entered a code. `own` is the auth token that came with the request, if any.
pub(crate) async fn activate(
    state: &AppState,
    app: &App,
    id: &str,
    code: &str,
    own: Option<&OwnToken>,
    client_info: &ClientInfo,
) -> Result<AuthResult, Refusal> {
    client_info.check_rate_limit(state, Kind::Try)?;
    let (prover, now) = (Prover::new(own), state.clock.now());
    // Whose it is turns out when the code is used up.
    let (sign_in, granted) = sign_ins::prepare(&app.settings, &prover.new_id, now);
    let entry = Entry {
        prover,
        sign_in,
        event: client_info.event(Action::Login, EventKind::OneTimeCode),
    };
    match check(state, app, id, code, entry, now).await? {
        Outcome::Wrong => {
            let refusal = Refusal::invalid_request("one-time code: wrong, expired or used.");
            Err(refusal.because(AuditReason::WrongCode))
        }
        Outcome::Dead => Err(Refusal::exceeded_attempts()),
        Outcome::Right(proven, identifier) => {
            proven.tell(state, app, &identifier, client_info);
            sign_ins::auth_result(app, &proven.user_id, granted, now).await
        }
    }
}

/// Looks a code up and compares it outside the store's single writer. Whether it can still be tried is decided by the
/// statement that uses it up or counts the try: other callers may have been faster.
async fn check(
    state: &AppState,
    app: &App,
    id: &str,
    code: &str,
    entry: Entry,
    now: Time,
) -> Result<Outcome, Refusal> {
    let (app_id, id_hash) = (app.id.clone(), ids::hash(id));
    let find = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::one_time_codes::get(tx, &app_id, &id_hash)?));
    let Some(row) = find.await?.filter(|row| row.expires_at > now) else {
        return Ok(Outcome::Wrong);
    };
    if let Some(user_id) = &row.user_id {
        acting::concerns(user_id);
    }
    // A code without a recipient has digits too, which nobody knows.
    let right = seal::opens(&row, id, code.trim()) && row.user_id.is_some();
    let finish = state.store.write(move |tx| {
        let attempt = Attempt {
            app_id: &row.app_id,
            id_hash: &row.id_hash,
            now,
            most_of_code: TRIES,
            most_of_identifier: TRIES_IN_AN_HOUR,
            since: counted_since(now),
        };
        if right {
            use_up(tx, &attempt, &entry)
        } else {
            count(tx, &attempt)
        }
    });
    finish.await
}

/// Counts a wrong try. This must not make the command fail: that would roll back the count.
fn count(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<Outcome, Refusal> {
    match store::one_time_codes::count_try(tx, attempt)? {
        Some(_tries) => Ok(Outcome::Wrong),
        None => missed(tx, attempt),
    }
}

/// Signs in with the right code, in the command that uses it up: a revocation comes before or after both.
fn use_up(tx: &Tx<'_>, attempt: &Attempt<'_>, entry: &Entry) -> Result<Outcome, Refusal> {
    let Some(row) = store::one_time_codes::use_up(tx, attempt)? else {
        return missed(tx, attempt);
    };
    let user_id = row.user_id.ok_or_else(Refusal::user_not_found)?;
    let user = store::users::get(tx, &row.app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
    if user.is_inactive() {
        return Err(Refusal::user_not_active());
    }
    let identifier = Identifier::stored(&row.identifier);
    // The user no longer has the identifier that the code was sent to.
    if !users::has(&user, &identifier) {
        return Ok(Outcome::Wrong);
    }
    let (app_id, now) = (attempt.app_id, attempt.now);
    let prover = entry.prover.current(tx)?;
    let proven = proof::prove(tx, app_id, user, &identifier, &prover, None, now)?;
    let event = NewEvent {
        action: proven.action(row.purpose.action()),
        ..entry.event.clone()
    };
    let (user_id, sign_in) = (&proven.user_id, &entry.sign_in);
    sign_ins::record(tx, app_id, user_id, Some(&event), sign_in, now)?;
    Ok(Outcome::Right(proven, identifier))
}

/// Why a statement did not apply: the code has been used in the meantime, or tried too often.
fn missed(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<Outcome, Refusal> {
    let row = store::one_time_codes::get(tx, attempt.app_id, attempt.id_hash)?;
    Ok(row.map_or(Outcome::Wrong, |_| Outcome::Dead))
}
