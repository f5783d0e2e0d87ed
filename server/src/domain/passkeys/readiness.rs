//! Reports about the passkey support of visitors' devices.

use passage_identity::generated::auth::types::CreatePasskeyReadinessRequest;

use crate::domain::error::Refusal;
use crate::domain::state::AppState;
use crate::ids::{self, AppId};
use crate::store;
use crate::store::readiness::{Report, Visitor};

/// Maximum length of a device id, in bytes.
const LONGEST_ID: usize = 255;

/// The app that has this API key.
pub(crate) async fn app_of_key(state: &AppState, key: &str) -> Result<AppId, Refusal> {
    let hash = ids::hash(key);
    let find = state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::readiness::app_of_key(tx, &hash)?));
    find.await?
        .ok_or_else(|| Refusal::invalid_access_token("api key: unknown."))
}

/// Stores a report, replacing the previous one of the same device.
pub(crate) async fn report(
    state: &AppState,
    app_id: AppId,
    sent: CreatePasskeyReadinessRequest,
    visitor: Visitor,
) -> Result<(), Refusal> {
    if sent.device_id.is_empty() || sent.device_id.len() > LONGEST_ID {
        return Err(Refusal::invalid_request(format!(
            "device_id: must have 1 to {LONGEST_ID} bytes."
        )));
    }
    let report = Report {
        device_id: sent.device_id,
        security_key: sent.security_key,
        platform: sent.platform,
        synced_credential: sent.synced_credential,
        cross_device_credential: sent.cross_device_credential,
        conditional_ui: sent.conditional_ui,
    };
    let now = state.clock.now();
    let put = state.store.write(move |tx| {
        Ok::<_, Refusal>(store::readiness::put(tx, &app_id, &report, &visitor, now)?)
    });
    put.await
}
