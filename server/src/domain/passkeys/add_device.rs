//! An additional passkey for a signed-in user.

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialCreationChallenge,
};

use super::ceremony::{Finish, StartCreation, end, once, user_name};
use super::response::Creation;
use super::{Credential, add, device};
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids::{AppId, UserId};
use crate::store::Tx;
use crate::store::audit::AuditReason;
use crate::store::ceremonies::{CeremonyRow, Purpose};
use crate::store::devices::DeviceRow;
use crate::store::users::UserRow;

/// Starts to add a passkey.
pub(crate) async fn start(
    state: &AppState,
    app: &App,
    user: &UserRow,
    attachment: &AuthenticatorAttachment,
) -> Result<CredentialCreationChallenge, Refusal> {
    let now = state.clock.now();
    let (start, pending) = StartCreation::new(app, Purpose::AddDevice, None, attachment, now)?;
    let user_id = user.id.clone();
    let command = state.store.write(move |tx| start.run(tx, Some(&user_id)));
    Ok(pending.challenge(&command.await?, user_name(user)))
}

/// Finishes it. `named` is the user in the request, who must be the signed-in user.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    handshake_id: &str,
    user_id: &UserId,
    named: &str,
    creation: &Creation,
) -> Result<DeviceRow, Refusal> {
    let finish = Finish {
        handshake_id,
        purpose: Purpose::AddDevice,
        user_id: Some(user_id),
        transaction_id: None,
    };
    let add = async {
        if named != user_id.as_str() {
            let refusal = Refusal::webauthn_login_failed("user_id: of another user.");
            return Err(refusal.because(AuditReason::HandshakeOfAnotherUser));
        }
        let (ceremony, credential) = finish.creation(state, app, creation).await?;
        let name = device::name(client_info.user_agent());
        let device = device::new(name, &credential, creation, state.clock.now());
        let command = AddDevice {
            app_id: app.id.clone(),
            user_id: user_id.to_owned(),
            device: device.clone(),
            ceremony,
            credential,
        };
        state.store.write(move |tx| command.run(tx)).await?;
        Ok(device)
    };
    once(state, app, handshake_id, add).await
}

/// A passkey whose ceremony was verified.
pub(super) struct AddDevice {
    pub(super) app_id: AppId,
    pub(super) user_id: UserId,
    pub(super) ceremony: CeremonyRow,
    pub(super) device: DeviceRow,
    pub(super) credential: Credential,
}

impl AddDevice {
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        let refuse = Refusal::webauthn_login_failed;
        end(tx, &self.app_id, &self.ceremony, refuse)?;
        add(tx, &self.user_id, &self.device, &self.credential)
    }
}
