//! The second step: verifies the outcome and ends the ceremony.

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::domain::passkeys::Credential;
use crate::domain::passkeys::decoys::nobodys;
use crate::domain::passkeys::relying_party::{Problem, Refuse, RelyingParty, Signed};
use crate::domain::passkeys::response::{Assertion, Creation};
use crate::domain::state::AppState;
use crate::ids::{AppId, UserId};
use crate::store;
use crate::store::Tx;
use crate::store::acting;
use crate::store::audit::AuditReason;
use crate::store::ceremonies::{CeremonyRow, Purpose};
use crate::store::passkeys::PasskeyRow;

const NO_HANDSHAKE: &str = "handshake: unknown, expired or used.";
const ANOTHER_USER: Problem = Problem(
    "handshake: of another user.",
    AuditReason::HandshakeOfAnotherUser,
);

/// A ceremony to finish, as in the request. Empty text counts as missing.
pub(crate) struct Finish<'a> {
    pub(crate) handshake_id: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) user_id: Option<&'a UserId>,
    pub(crate) transaction_id: Option<&'a str>,
}

/// A passkey that signed the challenge of a ceremony, and its user.
pub(crate) struct Proof {
    pub(crate) ceremony: CeremonyRow,
    pub(crate) passkey: PasskeyRow,
    pub(crate) signed: Signed,
}

impl Finish<'_> {
    /// Verifies the outcome of a registration. This does not end the ceremony: see [`once`] and [`end`].
    pub(crate) async fn creation(
        &self,
        app_state: &AppState,
        app: &App,
        creation: &Creation,
    ) -> Result<(CeremonyRow, Credential), Refusal> {
        let refuse: Refuse = Refusal::webauthn_login_failed;
        let (app_id, id) = (app.id.clone(), self.handshake_id.to_owned());
        let read = app_state
            .store
            .read(move |tx| Ok::<_, Refusal>(store::ceremonies::get(tx, &app_id, &id)?));
        let ceremony = self
            .check(read.await?, app_state.clock.now())
            .map_err(|problem| problem.refusal(refuse))?;
        if let Some(user_id) = &ceremony.user_id {
            acting::concerns(user_id);
        }
        if ceremony.user_id.as_ref() != self.named() && self.purpose != Purpose::FlexRegister {
            return Err(ANOTHER_USER.refusal(refuse));
        }
        let relying_party = RelyingParty::new(&app.settings)?;
        let credential = relying_party.finish_creation(creation, &ceremony.state, refuse)?;
        Ok((ceremony, credential))
    }

    /// Verifies the outcome of a login. This does not end the ceremony: see [`once`] and [`end`].
    pub(crate) async fn assertion(
        &self,
        app_state: &AppState,
        app: &App,
        assertion: &Assertion,
    ) -> Result<Proof, Refusal> {
        let (app_id, id, cred_id) = (
            app.id.clone(),
            self.handshake_id.to_owned(),
            assertion.cred_id.clone(),
        );
        let read = app_state.store.read(move |tx| {
            let ceremony = store::ceremonies::get(tx, &app_id, &id)?;
            let passkey = store::passkeys::by_cred_id(tx, &app_id, &cred_id)?;
            Ok::<_, Refusal>((ceremony, passkey))
        });
        let (ceremony, passkey) = read.await?;
        let refuse = match &ceremony {
            Some(ceremony) => refusal(ceremony.names_somebody()),
            None => refusal(self.named().is_some()),
        };
        let ceremony = self
            .check(ceremony, app_state.clock.now())
            .map_err(|problem| problem.refusal(refuse))?;
        if let Some(user_id) = &ceremony.user_id {
            acting::concerns(user_id);
        }
        if let Some(passkey) = &passkey {
            acting::concerns(&passkey.user_id);
        }
        let relying_party = RelyingParty::new(&app.settings)?;
        let verify = |credential: &Credential| {
            relying_party.finish_assertion(assertion, &ceremony.state, credential, refuse)
        };
        let owned = passkey
            .ok_or(Problem(
                "passkey: unknown, or removed.",
                AuditReason::PasskeyUnknown,
            ))
            .and_then(|it| belongs(&ceremony, &it, assertion, self.named()).map(|()| it));
        let passkey = match owned {
            Ok(passkey) => passkey,
            Err(problem) => {
                // It must take as long as for a passkey of the user, whom the caller may only have guessed.
                let _ = verify(&nobodys());
                return Err(problem.refusal(refuse));
            }
        };
        let signed = verify(&passkey.credential)?;
        Ok(Proof {
            ceremony,
            passkey,
            signed,
        })
    }

    /// The user whom the request names.
    fn named(&self) -> Option<&UserId> {
        self.user_id.filter(|id| !id.as_str().is_empty())
    }

    /// The ceremony that was started, if the request may finish it.
    fn check(&self, found: Option<CeremonyRow>, now: Time) -> Result<CeremonyRow, Problem> {
        let ceremony = found.ok_or(Problem(NO_HANDSHAKE, AuditReason::HandshakeUnknown))?;
        if ceremony.expires_at <= now {
            return Err(Problem(NO_HANDSHAKE, AuditReason::HandshakeExpired));
        }
        if ceremony.purpose != self.purpose {
            return Err(Problem(
                "handshake: started by another operation.",
                AuditReason::HandshakeOfAnotherOperation,
            ));
        }
        if ceremony.transaction_id.as_deref() != given(self.transaction_id) {
            return Err(Problem(
                "handshake: of another transaction.",
                AuditReason::HandshakeOfAnotherTransaction,
            ));
        }
        Ok(ceremony)
    }
}

impl Proof {
    /// The error for this login if it fails later.
    pub(crate) fn refuse(&self) -> Refuse {
        refusal(self.ceremony.names_somebody())
    }

    /// Ends the ceremony, and counts the login on the device, which may have been deleted.
    pub(crate) fn end(&self, tx: &Tx<'_>, app_id: &AppId, now: Time) -> Result<(), Refusal> {
        end(tx, app_id, &self.ceremony, self.refuse())?;
        let Signed {
            sign_count,
            backed_up,
        } = self.signed;
        let device_id = &self.passkey.device_id;
        if store::passkeys::count_login(tx, device_id, sign_count, backed_up, now)? {
            Ok(())
        } else {
            let problem = "passkey: removed, or its counter went back.";
            Err(Problem(problem, AuditReason::PasskeyCounter).refusal(self.refuse()))
        }
    }
}

/// Whether the ceremony was started for this passkey.
fn belongs(
    ceremony: &CeremonyRow,
    passkey: &PasskeyRow,
    assertion: &Assertion,
    named: Option<&UserId>,
) -> Result<(), Problem> {
    let user_id = Some(&passkey.user_id);
    let of_another = Problem(
        "passkey: of another user.",
        AuditReason::PasskeyOfAnotherUser,
    );
    if ceremony.is_for_nobody() {
        return Err(of_another);
    }
    if ceremony.user_id.is_some() && ceremony.user_id.as_ref() != user_id {
        return Err(of_another);
    }
    if named.is_some() && named != user_id {
        return Err(ANOTHER_USER);
    }
    match (&assertion.user_handle, &ceremony.user_id) {
        (None, None) => Err(Problem(
            "passkey: does not say whose it is.",
            AuditReason::PasskeyWithoutUser,
        )),
        (Some(_), _) if assertion.user_handle != passkey.user_handle => Err(of_another),
        _ => Ok(()),
    }
}

/// The code of a failed login depends on whether a user was named.
fn refusal(named: bool) -> Refuse {
    if named {
        Refusal::webauthn_login_failed
    } else {
        Refusal::discoverable_login_failed
    }
}

/// Empty text counts as missing.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Ends a ceremony, together with the changes that its outcome makes. If two requests finish it at the same time, one
/// fails here.
pub(crate) fn end(
    tx: &Tx<'_>,
    app_id: &AppId,
    ceremony: &CeremonyRow,
    refuse: Refuse,
) -> Result<(), Refusal> {
    if store::ceremonies::take(tx, app_id, &ceremony.id)? {
        Ok(())
    } else {
        Err(Problem(NO_HANDSHAKE, AuditReason::HandshakeUnknown).refusal(refuse))
    }
}

/// Finishes a ceremony, which also ends if that fails: a challenge cannot be tried twice.
pub(crate) async fn once<T>(
    app_state: &AppState,
    app: &App,
    handshake_id: &str,
    finish: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let result = finish.await;
    if result
        .as_ref()
        .is_err_and(|error| error.reason.is_callers_fault())
    {
        let (app_id, id) = (app.id.clone(), handshake_id.to_owned());
        let end = app_state
            .store
            .write(move |tx| Ok::<_, Refusal>(store::ceremonies::take(tx, &app_id, &id)?));
        end.await?;
    }
    result
}
