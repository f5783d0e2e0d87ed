//! Sign-in with a passkey.

use passage_identity::generated::auth::types::{AuthResult, CredentialAssertionChallenge};

use super::Credential;
use super::ceremony::{Finish, Proof, StartAssertion, once};
use super::response::Assertion;
use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::{Reason, Refusal};
use crate::domain::sign_ins;
use crate::domain::state::AppState;
use crate::domain::users;
use crate::identifier::Identifier;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::audit::AuditReason;
use crate::store::ceremonies::Purpose;
use crate::store::devices::DeviceRow;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::sign_ins::SignInRow;
use crate::store::users::UserRow;

/// A sign-in that was started, and what strangers may see of its user, if one was named and the app tells.
pub(crate) struct Started {
    pub(crate) handshake: CredentialAssertionChallenge,
    pub(crate) user: Option<(UserRow, Vec<DeviceRow>)>,
}

/// Starts a sign-in by the user with this identifier, or by any user with a passkey.
pub(crate) async fn start(
    state: &AppState,
    app: &App,
    identifier: Option<Identifier>,
) -> Result<Started, Refusal> {
    let (start, pending) = StartAssertion::new(app, Purpose::Login, None, state.clock.now())?;
    let app_id = app.id.clone();
    let Some(identifier) = identifier else {
        let command = state.store.write(move |tx| start.run(tx, None));
        command.await?;
        return Ok(Started {
            handshake: pending.challenge(&[]),
            user: None,
        });
    };
    if app.settings.conceal_users.everywhere() {
        // Everybody's are made, so that it takes the same time.
        let (decoys, stand_in) = (app.decoys.of(&identifier), UserId::new());
        let command = state.store.write(move |tx| {
            let user = users::find(tx, &app_id, &identifier)?;
            // Also of an inactive user: only a passkey that is used reveals that they are.
            let user_id = user.map_or_else(|| stand_in.clone(), |user| user.id);
            let passkeys = store::passkeys::list(tx, &user_id)?;
            if passkeys.is_empty() {
                start.run_for_nobody(tx)?;
            } else {
                start.run(tx, Some(&user_id))?;
            }
            Ok::<_, Refusal>(passkeys)
        });
        let passkeys = command.await?;
        let shown = if passkeys.is_empty() {
            decoys
        } else {
            passkeys
        };
        let shown: Vec<_> = shown.into_iter().map(without_transports).collect();
        return Ok(Started {
            handshake: pending.challenge(&shown),
            user: None,
        });
    }
    let command = state.store.write(move |tx| {
        let named = Named::find(tx, &app_id, &identifier)?;
        start.run(tx, Some(&named.user.id))?;
        Ok::<_, Refusal>(named)
    });
    let named = command.await?;
    Ok(Started {
        handshake: pending.challenge(&named.passkeys),
        user: Some((named.user, named.devices)),
    })
}

/// A passkey without its transports. Real ones have many kinds, by which invented ones could be told from them.
fn without_transports(passkey: Credential) -> Credential {
    Credential {
        transports: "[]".to_owned(),
        ..passkey
    }
}

/// A named user who can sign in with a passkey.
struct Named {
    user: UserRow,
    devices: Vec<DeviceRow>,
    passkeys: Vec<Credential>,
}

impl Named {
    fn find(tx: &Tx<'_>, app_id: &AppId, identifier: &Identifier) -> Result<Self, Refusal> {
        let mut user = users::find(tx, app_id, identifier)?.ok_or_else(Refusal::user_not_found)?;
        users::conceal(&mut user, identifier);
        if user.is_inactive() {
            return Err(Refusal::user_not_active());
        }
        let passkeys = store::passkeys::list(tx, &user.id)?;
        if passkeys.is_empty() {
            let refusal = Refusal::webauthn_login_failed("user: has no passkeys.");
            return Err(refusal.because(AuditReason::UserHasNoPasskeys));
        }
        Ok(Self {
            devices: store::devices::list(tx, &user.id)?,
            passkeys,
            user,
        })
    }
}

/// Finishes a sign-in. If it was started for a user, the passkey must be theirs.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    handshake_id: &str,
    user_id: Option<&UserId>,
    assertion: &Assertion,
) -> Result<AuthResult, Refusal> {
    let finish = Finish {
        handshake_id,
        purpose: Purpose::Login,
        user_id,
        transaction_id: None,
    };
    let sign_in = async {
        let proof = finish.assertion(state, app, assertion).await?;
        let now = state.clock.now();
        let user_id = proof.passkey.user_id.clone();
        let (sign_in, granted) = sign_ins::prepare(&app.settings, &user_id, now);
        let command = SignIn {
            app_id: app.id.clone(),
            sign_in,
            proof,
            event: client_info.event(Action::Login, EventKind::Passkey),
            now,
        };
        state.store.write(move |tx| command.run(tx)).await?;
        sign_ins::auth_result(app, &user_id, granted, now).await
    };
    concealing(app, once(state, app, handshake_id, sign_in).await)
}

/// The result of a login, without what a refusal tells about the passkey if the app conceals its users: whether it is
/// somebody's. It makes no difference whether the login named a user.
pub(crate) fn concealing<T>(app: &App, result: Result<T, Refusal>) -> Result<T, Refusal> {
    if !app.settings.conceal_users.everywhere() {
        return result;
    }
    result.map_err(|mut refusal| {
        if matches!(
            refusal.reason,
            Reason::WebauthnLoginFailed | Reason::DiscoverableLoginFailed
        ) {
            refusal.message = "passkey: not accepted.".into();
        }
        refusal
    })
}

/// A sign-in whose outcome was verified.
pub(super) struct SignIn {
    pub(super) app_id: AppId,
    pub(super) sign_in: SignInRow,
    pub(super) proof: Proof,
    pub(super) event: NewEvent,
    pub(super) now: Time,
}

impl SignIn {
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        self.proof.end(tx, &self.app_id, self.now)?;
        let (user_id, event) = (&self.proof.passkey.user_id, Some(&self.event));
        sign_ins::record(tx, &self.app_id, user_id, event, &self.sign_in, self.now)
    }
}
