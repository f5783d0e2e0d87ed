//! An additional passkey for a signed-in user.

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialCreationChallenge,
};

use super::ceremony::{Finish, StartCreation, end, once, user_name};
use super::decoys::Invented;
use super::response::Creation;
use super::{Credential, add, device};
use crate::delivery::Notice;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::ids::{AppId, UserId};
use crate::store;
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

/// What a signed-in user finishes it with.
pub(crate) struct FinishRequest<'a> {
    pub(crate) handshake_id: &'a str,
    pub(crate) user_id: &'a UserId,
    /// The user in the request, who must be the signed-in user.
    pub(crate) named: &'a str,
    pub(crate) session: &'a Session,
    pub(crate) creation: &'a Creation,
}

/// Finishes it.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    request: FinishRequest<'_>,
) -> Result<DeviceRow, Refusal> {
    let FinishRequest {
        handshake_id,
        user_id,
        named,
        session,
        creation,
    } = request;
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
        let invented = Invented::check(state, &credential);
        let name = device::name(client_info.user_agent());
        let device = device::new(name, &credential, creation, state.clock.now());
        let command = AddDevice {
            app_id: app.id.clone(),
            user_id: user_id.to_owned(),
            session: session.clone(),
            device: device.clone(),
            ceremony,
            credential,
        };
        let added = state.store.write(move |tx| {
            command.run(tx)?;
            invented.refuse()?;
            Ok::<_, Refusal>(store::users::get(tx, &command.app_id, &command.user_id)?)
        });
        if let Some(user) = added.await? {
            let notice = Notice::PasskeyAdded(device.friendly_name.clone());
            notices::tell_owner(state, app, &user, notice, Some(client_info));
        }
        Ok(device)
    };
    once(state, app, handshake_id, add).await
}

/// A passkey whose ceremony was verified.
pub(super) struct AddDevice {
    pub(super) app_id: AppId,
    pub(super) user_id: UserId,
    pub(super) session: Session,
    pub(super) ceremony: CeremonyRow,
    pub(super) device: DeviceRow,
    pub(super) credential: Credential,
}

impl AddDevice {
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<(), Refusal> {
        self.session.check(tx)?;
        let refuse = Refusal::webauthn_login_failed;
        end(tx, &self.app_id, &self.ceremony, refuse)?;
        add(tx, &self.user_id, &self.device, &self.credential)
    }
}
