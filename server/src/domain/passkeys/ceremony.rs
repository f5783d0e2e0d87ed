//! A ceremony from its start to its end: one use, five minutes, for one purpose, user and app.

use passage_identity::generated::auth::types::{
    AuthenticatorAttachment, CredentialAssertionChallenge, CredentialCreationChallenge,
};

use super::Credential;
use super::relying_party::{LIFETIME, Refuse, RelyingParty, Signed};
use super::response::{Assertion, Creation};
use crate::domain::apps::{App, AppState};
use crate::domain::error::{Reason, Refusal};
use crate::ids;
use crate::store;
use crate::store::Tx;
use crate::store::ceremonies::CeremonyRow;
use crate::store::devices::DeviceRow;
use crate::store::passkeys::PasskeyRow;

/// Passkeys that a user can have. All of them are sent along when another one is made.
const MOST: i64 = 64;

/// What a ceremony is for. It cannot be finished as anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Register,
    Login,
    AddDevice,
    FlexRegister,
    FlexLogin,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::AddDevice => "add_device",
            Self::FlexRegister => "flex_register",
            Self::FlexLogin => "flex_login",
        }
    }
}

/// A ceremony to be started.
pub(crate) struct Start<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) user_id: Option<String>,
    pub(crate) transaction_id: Option<String>,
    pub(crate) now: i64,
}

impl Start<'_> {
    /// A ceremony that makes a passkey for a user with this handle and name.
    pub(crate) fn creation(
        self,
        tx: &Tx<'_>,
        relying_party: &RelyingParty,
        user_handle: Vec<u8>,
        user_name: &str,
        attachment: &AuthenticatorAttachment,
    ) -> Result<CredentialCreationChallenge, Refusal> {
        let known = match &self.user_id {
            Some(user_id) => {
                has_room(tx, user_id)?;
                store::passkeys::list(tx, user_id)?
            }
            None => Vec::new(),
        };
        let (challenge, state) =
            relying_party.start_creation(&user_handle, user_name, &known, attachment)?;
        let id = self.store(tx, state, Some(user_handle))?;
        Ok(CredentialCreationChallenge { challenge, id })
    }

    /// A ceremony that signs in with one of these passkeys, or with any if there are none.
    pub(crate) fn assertion(
        self,
        tx: &Tx<'_>,
        relying_party: &RelyingParty,
        allowed: &[Credential],
    ) -> Result<CredentialAssertionChallenge, Refusal> {
        let (challenge, state) = relying_party.start_assertion(allowed)?;
        let id = self.store(tx, state, None)?;
        Ok(CredentialAssertionChallenge { challenge, id })
    }

    fn store(
        self,
        tx: &Tx<'_>,
        state: String,
        user_handle: Option<Vec<u8>>,
    ) -> Result<String, Refusal> {
        let row = CeremonyRow {
            id: ids::new_id(),
            purpose: self.purpose.as_str().to_owned(),
            user_id: self.user_id,
            transaction_id: self.transaction_id,
            user_handle,
            state,
            created_at: self.now,
            expires_at: self.now + LIFETIME,
        };
        store::ceremonies::insert(tx, self.app_id, &row)?;
        Ok(row.id)
    }
}

/// A ceremony to be finished, as the request has it. Text that is empty was not given.
pub(crate) struct Finish<'a> {
    pub(crate) handshake_id: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) transaction_id: Option<&'a str>,
}

/// A passkey that signed the challenge of a ceremony, and whose it is.
pub(crate) struct Proof {
    pub(crate) ceremony: CeremonyRow,
    pub(crate) passkey: PasskeyRow,
    pub(crate) signed: Signed,
}

impl Finish<'_> {
    /// Checks the outcome of a registration. The ceremony is not over yet: see [`once`] and [`end`].
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
            .check(read.await?, app_state.clock.micros())
            .map_err(refuse)?;
        if ceremony.user_id.as_deref() != given(self.user_id)
            && self.purpose != Purpose::FlexRegister
        {
            return Err(refuse("handshake: of another user."));
        }
        let relying_party = RelyingParty::new(&app.settings)?;
        let credential = relying_party.finish_creation(creation, &ceremony.state, refuse)?;
        Ok((ceremony, credential))
    }

    /// Checks the outcome of a login. The ceremony is not over yet: see [`once`] and [`end`].
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
            Some(ceremony) => refusal(ceremony.user_id.is_some()),
            None => refusal(given(self.user_id).is_some()),
        };
        let ceremony = self
            .check(ceremony, app_state.clock.micros())
            .map_err(refuse)?;
        let passkey = passkey.ok_or_else(|| refuse("passkey: unknown, or removed."))?;
        belongs(&ceremony, &passkey, assertion, given(self.user_id)).map_err(refuse)?;
        let relying_party = RelyingParty::new(&app.settings)?;
        let signed = relying_party.finish_assertion(
            assertion,
            &ceremony.state,
            &passkey.credential,
            refuse,
        )?;
        Ok(Proof {
            ceremony,
            passkey,
            signed,
        })
    }

    /// The ceremony that was started, if the request may finish it.
    fn check(&self, found: Option<CeremonyRow>, now: i64) -> Result<CeremonyRow, &'static str> {
        let ceremony = found.ok_or("handshake: unknown, expired or used.")?;
        if ceremony.expires_at <= now {
            return Err("handshake: unknown, expired or used.");
        }
        if ceremony.purpose != self.purpose.as_str() {
            return Err("handshake: started by another operation.");
        }
        if ceremony.transaction_id.as_deref() != given(self.transaction_id) {
            return Err("handshake: of another transaction.");
        }
        Ok(ceremony)
    }
}

impl Proof {
    /// The error for this login if it fails after all.
    pub(crate) fn refuse(&self) -> Refuse {
        refusal(self.ceremony.user_id.is_some())
    }

    /// Ends the ceremony, and counts the login on the device, which may be gone by now.
    pub(crate) fn end(&self, tx: &Tx<'_>, app_id: &str, now: i64) -> Result<(), Refusal> {
        end(tx, app_id, &self.ceremony, self.refuse())?;
        let Signed {
            sign_count,
            backed_up,
        } = self.signed;
        let device_id = &self.passkey.device_id;
        if store::passkeys::count_login(tx, device_id, sign_count, backed_up, now)? {
            Ok(())
        } else {
            Err(self.refuse()("passkey: removed, or its counter went back."))
        }
    }
}

/// Whether a passkey is one that the ceremony was started for.
fn belongs(
    ceremony: &CeremonyRow,
    passkey: &PasskeyRow,
    assertion: &Assertion,
    named: Option<&str>,
) -> Result<(), &'static str> {
    let user_id = Some(passkey.user_id.as_str());
    if ceremony.user_id.is_some() && ceremony.user_id.as_deref() != user_id {
        return Err("passkey: of another user.");
    }
    if named.is_some() && named != user_id {
        return Err("handshake: of another user.");
    }
    match (&assertion.user_handle, &ceremony.user_id) {
        (None, None) => Err("passkey: does not say whose it is."),
        (Some(_), _) if assertion.user_handle != passkey.user_handle => {
            Err("passkey: of another user.")
        }
        _ => Ok(()),
    }
}

/// The code for a login that fails tells whether a user was named.
fn refusal(named: bool) -> Refuse {
    if named {
        Refusal::webauthn_login_failed
    } else {
        Refusal::discoverable_login_failed
    }
}

/// Text that is empty counts as not given.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn has_room(tx: &Tx<'_>, user_id: &str) -> Result<(), Refusal> {
    if store::passkeys::count(tx, user_id)? < MOST {
        return Ok(());
    }
    let problem = format!("passkeys: a user has {MOST} at most; remove one first.");
    Err(Refusal::invalid_request(problem))
}

/// Gives a user the passkey that a ceremony made.
pub(crate) fn add(
    tx: &Tx<'_>,
    user_id: &str,
    device: &DeviceRow,
    credential: &Credential,
) -> Result<(), Refusal> {
    // More ceremonies may have been started than there was room for.
    has_room(tx, user_id)?;
    store::passkeys::insert(tx, user_id, device, credential)?
        .ok_or_else(|| Refusal::webauthn_login_failed("passkey: registered already."))
}

/// Ends a ceremony, together with what its outcome changes. Of two requests that finish it at once, one fails here.
pub(crate) fn end(
    tx: &Tx<'_>,
    app_id: &str,
    ceremony: &CeremonyRow,
    refuse: Refuse,
) -> Result<(), Refusal> {
    if store::ceremonies::take(tx, app_id, &ceremony.id)? {
        Ok(())
    } else {
        Err(refuse("handshake: unknown, expired or used."))
    }
}

/// Finishes a ceremony, which is also over if that fails: nobody gets a second try at a challenge.
pub(crate) async fn once<T>(
    app_state: &AppState,
    app: &App,
    handshake_id: &str,
    finish: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let result = finish.await;
    if result
        .as_ref()
        .is_err_and(|error| error.reason != Reason::Failed)
    {
        let (app_id, id) = (app.id.clone(), handshake_id.to_owned());
        let end = app_state
            .store
            .write(move |tx| Ok::<_, Refusal>(store::ceremonies::take(tx, &app_id, &id)?));
        end.await?;
    }
    result
}
