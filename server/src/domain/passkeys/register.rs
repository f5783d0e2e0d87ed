//! Registration of a user with a passkey.

use passage_identity::generated::auth::types::{
    AuthResult, AuthenticatorAttachment, CredentialCreationChallenge,
};

use super::ceremony::{Finish, Holder, StartCreation, end, once};
use super::decoys::Invented;
use super::response::Creation;
use super::{Credential, add, device};
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users;
use crate::domain::users::verification::{self, Required};
use crate::identifier::Identifier;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::ceremonies::{CeremonyRow, Purpose};
use crate::store::devices::DeviceRow;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::sign_ins::SignInRow;
use crate::store::users::{MadeBy, UserRow};

/// A registration that was started, and what strangers may see of its user.
pub(crate) struct Started {
    pub(crate) handshake: CredentialCreationChallenge,
    pub(crate) user: UserRow,
}

/// Starts a registration with this identifier. Where it must be verified, everybody is refused alike, and nothing is
/// looked up: a user with a verified identifier has signed in before.
pub(crate) async fn start(
    state: &AppState,
    app: &App,
    identifier: Identifier,
    attachment: &AuthenticatorAttachment,
) -> Result<Started, Refusal> {
    if app.settings.conceal_users.everywhere() {
        // The reply must be the same for everybody, and not everybody may register: some exist already.
        return Err(Refusal::operation_not_allowed(
            "passkeys: this app conceals all users, so they register with a code or a link, and add a passkey then.",
        ));
    }
    let rules = Rules::of(state, app);
    rules.required.check(&identifier)?;
    let now = state.clock.now();
    let (start, pending) = StartCreation::new(app, Purpose::Register, None, attachment, now)?;
    let command = Start {
        app_id: app.id.clone(),
        identifier,
        rules,
        new_id: UserId::new(),
        start,
        now,
    };
    let name = command.identifier.as_str().to_owned();
    let (user, holder) = state.store.write(move |tx| command.run(tx)).await?;
    Ok(Started {
        handshake: pending.challenge(&holder, &name),
        user,
    })
}

struct Start {
    app_id: AppId,
    identifier: Identifier,
    rules: Rules,
    /// The id of a user who is created.
    new_id: UserId,
    start: StartCreation,
    now: Time,
}

impl Start {
    fn run(&self, tx: &Tx<'_>) -> Result<(UserRow, Holder), Refusal> {
        let mut user = self.newcomer(tx)?;
        users::conceal(&mut user, &self.identifier);
        let holder = self.start.run(tx, Some(&user.id))?;
        Ok((user, holder))
    }

    /// The user who registers with this identifier: a new one, or one who was created but has never signed in.
    fn newcomer(&self, tx: &Tx<'_>) -> Result<UserRow, Refusal> {
        let Some(user) = users::find(tx, &self.app_id, &self.identifier)? else {
            let (app_id, id) = (&self.app_id, &self.new_id);
            let by = MadeBy::Themselves;
            return users::create(tx, app_id, id, &self.identifier, by, self.now);
        };
        self.rules.may_register(tx, &user)?;
        Ok(user)
    }
}

/// Who gets a user by registering a passkey.
#[derive(Debug, Clone, Copy)]
struct Rules {
    required: Required,
    claim_pending: bool,
}

impl Rules {
    fn of(state: &AppState, app: &App) -> Self {
        Self {
            required: verification::required(state, app),
            claim_pending: app.settings.claim_pending,
        }
    }

    /// Users who have signed in before have other ways in, and a verified identifier belongs to somebody: a stranger
    /// must not gain access to either by registering again. Nor to what a backend or an import wrote about somebody.
    fn may_register(self, tx: &Tx<'_>, user: &UserRow) -> Result<(), Refusal> {
        let untouched = user.is_pending() && !user.email_verified && !user.phone_verified;
        if !untouched || !store::devices::list(tx, &user.id)?.is_empty() {
            return Err(Refusal::user_exists());
        }
        if !user.made_themselves() && !self.claim_pending {
            return Err(verification::unproved());
        }
        self.required.check_user(user)
    }
}

/// Finishes a registration, and signs the user in.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    handshake_id: &str,
    user_id: &UserId,
    creation: &Creation,
) -> Result<AuthResult, Refusal> {
    let finish = Finish {
        handshake_id,
        purpose: Purpose::Register,
        user_id: Some(user_id),
        transaction_id: None,
    };
    let register = async {
        let (ceremony, credential) = finish.creation(state, app, creation).await?;
        let invented = Invented::check(state, &credential);
        let now = state.clock.now();
        let name = device::name(client_info.user_agent());
        let (sign_in, granted) = sign_ins::prepare(&app.settings, user_id, now);
        let command = Register {
            app_id: app.id.clone(),
            rules: Rules::of(state, app),
            sign_in,
            user_id: user_id.to_owned(),
            device: device::new(name, &credential, creation, now),
            ceremony,
            credential,
            event: client_info.event(Action::Register, EventKind::Passkey),
            now,
        };
        let registered = state.store.write(move |tx| {
            command.run(tx)?;
            invented.refuse()
        });
        registered.await?;
        sign_ins::auth_result(app, user_id, granted, now).await
    };
    once(state, app, handshake_id, register).await
}

/// A registration whose outcome was verified.
struct Register {
    app_id: AppId,
    rules: Rules,
    sign_in: SignInRow,
    user_id: UserId,
    ceremony: CeremonyRow,
    device: DeviceRow,
    credential: Credential,
    event: NewEvent,
    now: Time,
}

impl Register {
    fn run(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        let Self {
            app_id, user_id, ..
        } = self;
        let refuse = Refusal::webauthn_login_failed;
        end(tx, app_id, &self.ceremony, refuse)?;
        let user = store::users::get(tx, app_id, user_id)?;
        let user = user.ok_or_else(|| refuse("user: deleted meanwhile."))?;
        if user.is_inactive() {
            return Err(Refusal::user_not_active());
        }
        self.rules.may_register(tx, &user)?;
        add(tx, user_id, &self.device, &self.credential)?;
        let event = Some(&self.event);
        sign_ins::record(tx, app_id, user_id, event, &self.sign_in, self.now)
    }
}
