//! A passkey for the user of a transaction.

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialCreationChallenge,
};

use super::complete::{Completion, NewPasskey};
use super::{active_user, transactions};
use crate::delivery::Notice;
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::passkeys::Credential;
use crate::domain::passkeys::ceremony::{Finish, StartCreation, end, once};
use crate::domain::passkeys::decoys::Invented;
use crate::domain::passkeys::device;
use crate::domain::passkeys::response::Creation;
use crate::domain::state::AppState;
use crate::store::Tx;
use crate::store::ceremonies::{CeremonyRow, Purpose};
use crate::store::devices::DeviceRow;
use crate::store::events::{Action, EventKind, NewEvent};
use crate::store::transactions::Kind;
use crate::store::users::UserRow;

/// Starts the ceremony of a registration.
pub(crate) async fn start(
    state: &AppState,
    app: &App,
    transaction_id: String,
    attachment: &AuthenticatorAttachment,
) -> Result<CredentialCreationChallenge, Refusal> {
    let now = state.clock.now();
    let id = Some(transaction_id.clone());
    let (start, pending) = StartCreation::new(app, Purpose::FlexRegister, id, attachment, now)?;
    let app_id = app.id.clone();
    let command = state.store.write(move |tx| {
        let transaction = transactions::find(tx, &app_id, &transaction_id, Kind::Register, now)?;
        let user = active_user(tx, &app_id, &transaction.external_id)?;
        let holder = start.run(tx, user.as_ref().map(|user| &user.id))?;
        Ok::<_, Refusal>((holder, transaction.passkey_display_name))
    });
    let (holder, name) = command.await?;
    Ok(pending.challenge(&holder, &name))
}

/// Finishes it. Returns the nonce.
pub(crate) async fn finish(
    state: &AppState,
    app: &App,
    client_info: &ClientInfo,
    handshake_id: &str,
    transaction_id: &str,
    creation: &Creation,
) -> Result<String, Refusal> {
    let finish = Finish {
        handshake_id,
        purpose: Purpose::FlexRegister,
        user_id: None,
        transaction_id: Some(transaction_id),
    };
    let register = async {
        let (ceremony, credential) = finish.creation(state, app, creation).await?;
        let invented = Invented::check(state, &credential);
        let (completion, nonce) = Completion::new(&app.id, state.clock.now());
        let command = Register {
            transaction_id: transaction_id.to_owned(),
            device: device::new(String::new(), &credential, creation, completion.now),
            ceremony,
            credential,
            event: client_info.event(Action::Register, EventKind::Passkey),
            completion,
        };
        let added = state.store.write(move |tx| {
            let added = command.run(tx)?;
            invented.refuse()?;
            Ok::<_, Refusal>(added)
        });
        let (user, name) = added.await?;
        let notice = Notice::PasskeyAdded(name);
        notices::tell_owner(state, app, &user, notice, Some(client_info));
        Ok(nonce)
    };
    once(state, app, handshake_id, register).await
}

/// A registration whose ceremony was verified.
pub(super) struct Register {
    pub(super) completion: Completion,
    pub(super) transaction_id: String,
    pub(super) ceremony: CeremonyRow,
    pub(super) device: DeviceRow,
    pub(super) credential: Credential,
    pub(super) event: NewEvent,
}

impl Register {
    /// Returns the user, and the name of the passkey.
    pub(super) fn run(&self, tx: &Tx<'_>) -> Result<(UserRow, String), Refusal> {
        let (completion, ceremony) = (&self.completion, &self.ceremony);
        let refuse = Refusal::webauthn_login_failed;
        end(tx, &completion.app_id, ceremony, refuse)?;
        let transaction = completion.take(tx, &self.transaction_id)?;
        let passkey = NewPasskey::Made {
            ceremony,
            device: &self.device,
            credential: &self.credential,
        };
        let name = transaction.passkey_display_name.clone();
        let user = completion.register(tx, transaction, passkey, &self.event)?;
        Ok((user, name))
    }
}
