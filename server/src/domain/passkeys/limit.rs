//! The maximum number of passkeys of a user.

use super::Credential;
use crate::domain::error::Refusal;
use crate::ids::UserId;
use crate::store;
use crate::store::Tx;
use crate::store::audit::AuditReason;
use crate::store::devices::DeviceRow;
use crate::store::passkeys::Insertion;

/// Passkeys that a user can have. All of them are sent to the browser when another one is created.
pub(super) const MOST: u32 = 64;

/// Refuses to start a ceremony that would create one passkey too many.
pub(super) fn check_room(known: &[Credential]) -> Result<(), Refusal> {
    if known.len() < MOST as usize {
        Ok(())
    } else {
        Err(full())
    }
}

/// Gives a user the passkey that a ceremony created. More ceremonies may have been started than there was room for.
pub(crate) fn add(
    tx: &Tx<'_>,
    user_id: &UserId,
    device: &DeviceRow,
    credential: &Credential,
) -> Result<(), Refusal> {
    match store::passkeys::insert_below(tx, user_id, device, credential, MOST)? {
        Insertion::Stored => Ok(()),
        Insertion::Full => Err(full()),
        Insertion::Taken => Err(taken()),
    }
}

pub(super) fn taken() -> Refusal {
    let refusal = Refusal::webauthn_login_failed("passkey: registered already.");
    refusal.because(AuditReason::PasskeyTaken)
}

fn full() -> Refusal {
    let problem = format!("passkeys: a user has {MOST} at most; remove one first.");
    Refusal::invalid_request(problem).because(AuditReason::PasskeysFull)
}
