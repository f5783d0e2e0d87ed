//! What an app's backend does with its users.

use serde_json::{Map, Value};

use super::{email, insert, phone, taken};
use crate::clock::Time;
use crate::delivery::Notice;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::state::AppState;
use crate::ids::UserId;
use crate::store;
use crate::store::Tx;
use crate::store::devices::DeviceRow;
use crate::store::events::EventRow;
use crate::store::social_connections::ConnectionRow;
use crate::store::user_list::{Page, UserQuery};
use crate::store::users::{IdentifierKind, MadeBy, NewUser, UserRow, UserStatus};

/// A user with everything that belongs to them.
pub(crate) struct WholeUser {
    pub(crate) user: UserRow,
    pub(crate) devices: Vec<DeviceRow>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) events: Vec<EventRow>,
}

fn whole(tx: &Tx<'_>, user: UserRow) -> Result<WholeUser, Refusal> {
    let devices = store::devices::list(tx, &user.id)?;
    let connections = store::social_connections::list(tx, &user.id)?;
    let events = store::events::list(tx, &user.id)?;
    Ok(WholeUser {
        user,
        devices,
        connections,
        events,
    })
}

/// A user to be created by a backend. Empty text counts as missing.
pub(crate) struct NewAccount {
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// Creates a user.
pub(crate) async fn create(
    state: &AppState,
    app: &App,
    account: NewAccount,
) -> Result<WholeUser, Refusal> {
    let NewAccount {
        email: new_email,
        phone: new_phone,
        mut metadata,
    } = account;
    app.settings
        .check_metadata(&metadata)
        .map_err(Refusal::invalid_request)?;
    metadata.retain(|_, value| !value.is_null());
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let new = NewUser {
        email: given(new_email).as_deref().map(email).transpose()?,
        phone: given(new_phone).as_deref().map(phone).transpose()?,
        metadata,
        ..NewUser::new(UserId::new(), MadeBy::Backend)
    };
    if new.email.is_none() && new.phone.is_none() {
        return Err(no_identifier());
    }
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let create = state.store.write(move |tx| insert(tx, &app_id, &new, now));
    Ok(WholeUser {
        user: create.await?,
        devices: Vec::new(),
        connections: Vec::new(),
        events: Vec::new(),
    })
}

fn no_identifier() -> Refusal {
    Refusal::invalid_request("user: email or phone is needed.")
}

/// One user.
pub(crate) async fn get(state: &AppState, app: &App, id: UserId) -> Result<WholeUser, Refusal> {
    let app_id = app.id.clone();
    let read = state.store.read(move |tx| {
        let user = store::users::get(tx, &app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
        whole(tx, user)
    });
    read.await
}

/// The change to an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Keep,
    Clear,
    /// In normalized form.
    Set(String),
}

impl Change {
    /// Applies the change. A new identifier is unverified.
    fn apply(&self, identifier: &mut Option<String>, verified: &mut bool) {
        let new = match self {
            Self::Keep => return,
            Self::Clear => None,
            Self::Set(text) => Some(text.clone()),
        };
        if *identifier != new {
            *identifier = new;
            *verified = false;
        }
    }
}

/// The changes to a user. Null metadata values are removed, and other fields stay.
pub(crate) struct Changes {
    pub(crate) email: Change,
    pub(crate) phone: Change,
    pub(crate) metadata: Map<String, Value>,
}

/// Changes a user.
pub(crate) async fn update(
    state: &AppState,
    app: &App,
    id: UserId,
    changes: Changes,
) -> Result<WholeUser, Refusal> {
    app.settings
        .check_metadata(&changes.metadata)
        .map_err(Refusal::invalid_request)?;
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let update = state.store.write(move |tx| {
        let mut user = store::users::get(tx, &app_id, &id)?.ok_or_else(Refusal::user_not_found)?;
        let before = user.clone();
        let email = &mut user.email;
        changes.email.apply(email, &mut user.email_verified);
        changes
            .phone
            .apply(&mut user.phone, &mut user.phone_verified);
        if user.email.is_none() && user.phone.is_none() && user.external_id.is_none() {
            return Err(no_identifier());
        }
        let metadata = merged(&user, &changes.metadata);
        let moved = (&before.email, &before.phone) != (&user.email, &user.phone);
        let changed = moved || metadata != before.metadata();
        // From here on it is the backend's word, which nobody gets by registering with the identifier. Without a change
        // it has vouched for nothing.
        if changed && user.is_pending() && store::devices::list(tx, &user.id)?.is_empty() {
            user.made_by = MadeBy::Backend;
        }
        if moved {
            // The backend decides whose the account is: nobody who had it before undoes that, or goes on with a change.
            store::undo_offers::forget(tx, &id)?;
            store::undo_offers::end_requests(tx, &id)?;
        }
        let user = taken(store::users::update(tx, &user, &metadata, now))?;
        Ok((before, whole(tx, user)?))
    });
    let (before, changed) = update.await?;
    tell_old_identifiers(state, app, &before, &changed.user);
    Ok(changed)
}

/// Tells the owner of an account at each verified identifier that a change replaced or removed.
fn tell_old_identifiers(state: &AppState, app: &App, before: &UserRow, after: &UserRow) {
    for kind in [IdentifierKind::Email, IdentifierKind::Phone] {
        let (new, _) = after.identifier(kind);
        let old = before.verified(kind);
        let Some(old) = old.filter(|old| new != Some(old.as_str())) else {
            continue;
        };
        let notice = match new.map(str::to_owned) {
            Some(new) => Notice::IdentifierChanged { new, undo: None },
            None => Notice::IdentifierRemoved,
        };
        notices::tell(state, app, &after.id, &old, notice, None);
    }
}

/// The metadata of a user with changes.
pub(super) fn merged(user: &UserRow, changes: &Map<String, Value>) -> Map<String, Value> {
    let mut all = user.metadata();
    all.extend(changes.clone());
    all.retain(|_, value| !value.is_null());
    all
}

/// Deletes a user with everything that belongs to them.
pub(crate) async fn delete(state: &AppState, app: &App, id: UserId) -> Result<(), Refusal> {
    let app_id = app.id.clone();
    let delete = state
        .store
        .write(move |tx| Ok::<_, Refusal>(store::users::delete(tx, &app_id, &id)?));
    if delete.await? {
        Ok(())
    } else {
        Err(Refusal::user_not_found())
    }
}

/// Allows or forbids a user to sign in. Forbidding ends their sign-ins, which allowing does not bring back, and neither
/// does it bring back anything that was begun before.
pub(crate) async fn set_status(
    state: &AppState,
    app: &App,
    id: UserId,
    status: UserStatus,
) -> Result<WholeUser, Refusal> {
    let (app_id, now) = (app.id.clone(), state.clock.now());
    let update = state.store.write(move |tx| {
        let before = store::users::get(tx, &app_id, &id)?;
        let user = store::users::set_status(tx, &app_id, &id, status, now)?
            .ok_or_else(Refusal::user_not_found)?;
        if user.is_inactive() {
            store::sign_ins::end_all(tx, &user.id, now)?;
        } else if before.is_some_and(|before| before.is_inactive()) {
            // Until now the status alone kept it from being finished, with a reply that names the reason.
            store::ownership::end_begun(tx, &user.id)?;
        }
        whole(tx, user)
    });
    update.await
}

/// Lists users, and returns the page with the time before which they were created, in Unix seconds. This time anchors
/// the list: requests with it get stable pages.
pub(crate) async fn list(
    state: &AppState,
    app: &App,
    query: UserQuery,
    created_before: Option<i64>,
) -> Result<(Page, i64), Refusal> {
    // The current second counts as a whole, so that a user who was just created is in the list.
    let created_before = created_before.unwrap_or_else(|| state.clock.now().as_second() + 1);
    let (app_id, before) = (app.id.clone(), Time::from_second(created_before));
    let read = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::user_list::list(tx, &app_id, &query, before)?));
    Ok((read.await?, created_before))
}
