//! Whose an account is, once somebody proves that they read the messages to an identifier.
//!
//! Until then anybody may have registered in the owner's name. So the first proof removes what such a person may have
//! left behind; and where the account has another owner already, the prover gets an account of their own. A proof that
//! is made with the user's own auth token changes nothing else.

use serde_json::Map;

use super::account::OwnToken;
use super::{create, taken};
use crate::clock::Time;
use crate::delivery::Notice;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::identifier::Identifier;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::events::Action;
use crate::store::users::{IdentifierKind, MadeBy, UserRow};

/// Somebody who opens a link or enters a code, and a new id if they get a new user.
#[derive(Debug, Clone)]
pub(crate) struct Prover {
    /// The user whose auth token came with the request.
    pub(crate) signed_in: Option<UserId>,
    /// The sign-in of that token.
    session: Option<Session>,
    pub(crate) new_id: UserId,
}

impl Prover {
    /// Somebody whose request carries this auth token, if any.
    pub(crate) fn new(own: Option<&OwnToken>) -> Self {
        Self {
            signed_in: own.map(|own| own.user_id.clone()),
            session: own.map(|own| own.session.clone()),
            new_id: UserId::new(),
        }
    }

    /// The prover within a command: an auth token counts only if its sign-in has not ended since the request was let in.
    pub(crate) fn current(&self, tx: &Tx<'_>) -> Result<Self, Refusal> {
        let stands = match &self.session {
            Some(session) => session.stands(tx)?,
            None => false,
        };
        let signed_in = self.signed_in.clone().filter(|_| stands);
        Ok(Self {
            signed_in,
            ..self.clone()
        })
    }
}

/// What a proof did.
#[derive(Debug)]
pub(crate) struct Proven {
    /// The user who is signed in.
    pub(crate) user_id: UserId,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Nothing,
    /// The account lost what others may have added.
    Cleared,
    /// The identifier left this user, and a new one has it.
    Left(Box<UserRow>),
}

/// Records that the prover reads the messages to an identifier of a user. `link` is the one that was opened, which has
/// to remain for the device that waits for it.
pub(crate) fn prove(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: UserRow,
    identifier: &Identifier,
    prover: &Prover,
    link: Option<&[u8]>,
    now: Time,
) -> Result<Proven, Refusal> {
    let own = prover.signed_in.as_ref() == Some(&user.id);
    if own || is_proved(&user, identifier) {
        return adopt(tx, user, identifier, now);
    }
    if has_owner(&user) {
        leave(tx, app_id, user, identifier, prover, link, now)
    } else {
        claim(tx, user, identifier, link, now)
    }
}

/// Makes the identifier the user's own, and verified. Nothing else changes.
pub(crate) fn adopt(
    tx: &Tx<'_>,
    mut user: UserRow,
    identifier: &Identifier,
    now: Time,
) -> Result<Proven, Refusal> {
    let proven = Proven::unchanged(&user);
    if !is_proved(&user, identifier) {
        verify(&mut user, identifier);
        let metadata = user.metadata();
        taken(store::users::update(tx, &user, &metadata, now))?;
    }
    Ok(proven)
}

fn verify(user: &mut UserRow, identifier: &Identifier) {
    let own = Some(identifier.as_str().to_owned());
    user.set_identifier(IdentifierKind::of(identifier), own, true);
}

fn is_proved(user: &UserRow, identifier: &Identifier) -> bool {
    user.verified(IdentifierKind::of(identifier)).as_ref() == Some(identifier)
}

/// Whether somebody has proved to be the owner. The app's backend vouches for an external id.
fn has_owner(user: &UserRow) -> bool {
    user.email_verified || user.phone_verified || user.external_id.is_some()
}

/// The first proof: the account is the prover's, without what anybody else may have added. What the backend or an
/// import wrote about the user stays.
fn claim(
    tx: &Tx<'_>,
    mut user: UserRow,
    identifier: &Identifier,
    link: Option<&[u8]>,
    now: Time,
) -> Result<Proven, Refusal> {
    let mut removed = store::ownership::clear(tx, &user.id, identifier, link, now)?;
    let other = IdentifierKind::of(identifier).other();
    removed |= user.identifier(other).0.is_some();
    user.set_identifier(other, None, false);
    verify(&mut user, identifier);
    // Of an account that nobody has used, the metadata are those of the registration that ends here.
    let keeps = !user.made_themselves() || (user.is_pending() && !removed);
    let metadata = if keeps { user.metadata() } else { Map::new() };
    let user = taken(store::users::update(tx, &user, &metadata, now))?;
    Ok(Proven {
        user_id: user.id,
        change: if removed {
            Change::Cleared
        } else {
            Change::Nothing
        },
    })
}

/// The account has another owner: the identifier leaves it, and the prover gets a new user.
fn leave(
    tx: &Tx<'_>,
    app_id: &AppId,
    user: UserRow,
    identifier: &Identifier,
    prover: &Prover,
    link: Option<&[u8]>,
    now: Time,
) -> Result<Proven, Refusal> {
    if !store::ownership::take_identifier(tx, &user.id, identifier, now)? {
        return Err(Refusal::user_exists());
    }
    let by = MadeBy::Themselves;
    let new = create(tx, app_id, &prover.new_id, identifier, by, now)?;
    adopt(tx, new, identifier, now)?;
    if let Some(link) = link {
        store::ownership::give_link(tx, link, &prover.new_id)?;
    }
    Ok(Proven {
        user_id: prover.new_id.clone(),
        change: Change::Left(Box::new(user)),
    })
}

impl Proven {
    /// A sign-in that proved nothing new.
    pub(crate) fn unchanged(user: &UserRow) -> Self {
        Self {
            user_id: user.id.clone(),
            change: Change::Nothing,
        }
    }

    /// The prover's action: one who got a new user has registered, whatever they asked for.
    pub(crate) fn action(&self, asked: Action) -> Action {
        match self.change {
            Change::Left(_) => Action::Register,
            Change::Nothing | Change::Cleared => asked,
        }
    }

    /// Tells those whom it concerns, once everything is stored.
    pub(crate) fn tell(
        &self,
        state: &AppState,
        app: &App,
        identifier: &Identifier,
        client: &ClientInfo,
    ) {
        match &self.change {
            Change::Nothing => {}
            Change::Cleared => {
                let notice = Notice::AccountCleared;
                let id = &self.user_id;
                notices::tell(state, app, id, identifier, notice, Some(client));
            }
            // The other person must not learn where the prover is, or with what.
            Change::Left(user) => {
                let notice = Notice::IdentifierLost(identifier.as_str().to_owned());
                notices::tell_owner(state, app, user, notice, None);
            }
        }
    }
}
