//! The first step: a challenge, and a stored ceremony.
//!
//! The challenge is created before the command that stores the ceremony. The command returns the user and the existing
//! passkeys, which complete the options for the browser.

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialAssertionChallenge, CredentialCreationChallenge,
};

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::passkeys::Credential;
use crate::domain::passkeys::limit::check_room;
use crate::domain::passkeys::relying_party::{
    AssertionOptions, CreationOptions, LIFETIME, RelyingParty,
};
use crate::ids::{self, AppId, UserId};
use crate::store;
use crate::store::ceremonies::{NewCeremony, Purpose};
use crate::store::users::UserRow;
use crate::store::{SqlError, Tx};

/// Bytes of a user handle. The standard allows 64.
const HANDLE_LENGTH: usize = 16;

/// A ceremony that is about to start.
struct Start {
    app_id: AppId,
    id: String,
    purpose: Purpose,
    transaction_id: Option<String>,
    state: String,
    now: Time,
}

impl Start {
    fn insert(
        &self,
        tx: &Tx<'_>,
        user_id: Option<&UserId>,
        user_handle: Option<&[u8]>,
    ) -> Result<(), SqlError> {
        let ceremony = NewCeremony {
            id: &self.id,
            purpose: self.purpose,
            user_id,
            transaction_id: self.transaction_id.as_deref(),
            user_handle,
            state: &self.state,
            created_at: self.now,
            expires_at: self.now + LIFETIME,
        };
        store::ceremonies::insert(tx, &self.app_id, &ceremony)
    }
}

/// The user for whom a ceremony creates a passkey.
pub(crate) struct Holder {
    handle: Vec<u8>,
    known: Vec<Credential>,
}

/// A ceremony that is about to create a passkey.
pub(crate) struct StartCreation {
    start: Start,
    /// For a user who has no handle yet.
    handle: Vec<u8>,
}

/// The options for the browser, without the user's part.
pub(crate) struct PendingCreation {
    id: String,
    options: CreationOptions,
}

impl StartCreation {
    pub(crate) fn new(
        app: &App,
        purpose: Purpose,
        transaction_id: Option<String>,
        attachment: &AuthenticatorAttachment,
        now: Time,
    ) -> Result<(Self, PendingCreation), Refusal> {
        let (options, state) = RelyingParty::new(&app.settings)?.start_creation(attachment)?;
        let id = ids::new_id();
        let start = Start {
            app_id: app.id.clone(),
            id: id.clone(),
            purpose,
            transaction_id,
            state,
            now,
        };
        let handle = ids::random_bytes::<HANDLE_LENGTH>().to_vec();
        Ok((Self { start, handle }, PendingCreation { id, options }))
    }

    /// Starts it for a user, or for one who is created when it finishes.
    pub(crate) fn run(&self, tx: &Tx<'_>, user_id: Option<&UserId>) -> Result<Holder, Refusal> {
        let (handle, known) = match user_id {
            Some(user_id) => {
                let known = store::passkeys::list(tx, user_id)?;
                check_room(&known)?;
                let handle = store::passkeys::user_handle(tx, user_id, &self.handle)?;
                (handle.ok_or_else(Refusal::user_not_found)?, known)
            }
            None => (self.handle.clone(), Vec::new()),
        };
        self.start.insert(tx, user_id, Some(&handle))?;
        Ok(Holder { handle, known })
    }
}

impl PendingCreation {
    /// Completes the options.
    pub(crate) fn challenge(self, holder: &Holder, user_name: &str) -> CredentialCreationChallenge {
        let Holder { handle, known } = holder;
        CredentialCreationChallenge {
            challenge: self.options.for_user(handle, user_name, known),
            id: self.id,
        }
    }
}

/// A ceremony that is about to sign in.
pub(crate) struct StartAssertion {
    start: Start,
}

/// The options for the browser, without the passkeys.
pub(crate) struct PendingAssertion {
    id: String,
    options: AssertionOptions,
}

impl StartAssertion {
    pub(crate) fn new(
        app: &App,
        purpose: Purpose,
        transaction_id: Option<String>,
        now: Time,
    ) -> Result<(Self, PendingAssertion), Refusal> {
        let (options, state) = RelyingParty::new(&app.settings)?.start_assertion()?;
        let id = ids::new_id();
        let start = Start {
            app_id: app.id.clone(),
            id: id.clone(),
            purpose,
            transaction_id,
            state,
            now,
        };
        Ok((Self { start }, PendingAssertion { id, options }))
    }

    /// Starts it for a user, or for any user with a passkey.
    pub(crate) fn run(&self, tx: &Tx<'_>, user_id: Option<&UserId>) -> Result<(), Refusal> {
        Ok(self.start.insert(tx, user_id, None)?)
    }

    /// Starts it for a name that nobody has, or nobody with a passkey. It cannot be finished.
    pub(crate) fn run_for_nobody(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        Ok(self
            .start
            .insert(tx, None, Some(store::ceremonies::NOBODY))?)
    }
}

impl PendingAssertion {
    /// Completes the options: one of these passkeys must sign, or any if there are none.
    pub(crate) fn challenge(self, allowed: &[Credential]) -> CredentialAssertionChallenge {
        CredentialAssertionChallenge {
            challenge: self.options.allowing(allowed),
            id: self.id,
        }
    }
}

/// The user's name as shown by authenticators: for callers who may see all names of the user.
pub(crate) fn user_name(user: &UserRow) -> &str {
    let names = [&user.email, &user.phone, &user.external_id];
    let name = names.into_iter().flatten().next();
    name.map_or(user.id.as_str(), String::as_str)
}
