//! Devices of users: list, rename, delete.

use crate::delivery::Notice;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::ids::{DeviceId, UserId};
use crate::store;
use crate::store::devices::DeviceRow;
use crate::store::users::UserRow;

/// Maximum length of a device's name, in characters.
const LONGEST_NAME: usize = 255;

/// The devices of one of the app's users.
pub(crate) async fn list(
    state: &AppState,
    app: &App,
    user_id: UserId,
) -> Result<Vec<DeviceRow>, Refusal> {
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        Ok(store::devices::list(tx, &user_id)?)
    });
    read.await
}

/// Deletes a device of one of the app's users.
pub(crate) async fn delete(
    state: &AppState,
    app: &App,
    user_id: UserId,
    id: DeviceId,
) -> Result<(), Refusal> {
    let (user, device) = remove(state, app, (user_id, None), id).await?;
    let device = device.ok_or_else(Refusal::device_not_found)?;
    tell(state, app, &user, device, None);
    Ok(())
}

/// Removes a user's device, if they have it, for the backend or with the session of the user.
async fn remove(
    state: &AppState,
    app: &App,
    (user_id, session): (UserId, Option<Session>),
    id: DeviceId,
) -> Result<(UserRow, Option<DeviceRow>), Refusal> {
    let app_id = app.id.clone();
    let delete = state.store.write(move |tx| {
        if let Some(session) = &session {
            session.check(tx)?;
        }
        let user = store::users::get(tx, &app_id, &user_id)?.ok_or_else(Refusal::user_not_found)?;
        let device = store::devices::delete(tx, &user_id, &id)?;
        Ok::<_, Refusal>((user, device))
    });
    delete.await
}

/// Tells the owner of an account of a passkey that was removed.
fn tell(
    state: &AppState,
    app: &App,
    user: &UserRow,
    device: DeviceRow,
    client: Option<&ClientInfo>,
) {
    let notice = Notice::PasskeyRemoved(device.friendly_name);
    notices::tell_owner(state, app, user, notice, client);
}

/// Renames a device of the signed-in user.
pub(crate) async fn rename_own(
    state: &AppState,
    (user_id, session): (UserId, Session),
    id: DeviceId,
    name: &str,
) -> Result<DeviceRow, Refusal> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Refusal::invalid_request(format!(
            "friendly_name: must have 1 to {LONGEST_NAME} characters."
        )));
    }
    let now = state.clock.now();
    let rename = state.store.write(move |tx| {
        session.check(tx)?;
        store::devices::rename(tx, &user_id, &id, &name, now)?
            .ok_or_else(Refusal::own_device_not_found)
    });
    rename.await
}

/// Deletes a device of the signed-in user.
pub(crate) async fn delete_own(
    state: &AppState,
    app: &App,
    (user_id, session): (UserId, Session),
    id: DeviceId,
    client: &ClientInfo,
) -> Result<(), Refusal> {
    let (user, device) = remove(state, app, (user_id, Some(session)), id).await?;
    let device = device.ok_or_else(Refusal::own_device_not_found)?;
    tell(state, app, &user, device, Some(client));
    Ok(())
}
