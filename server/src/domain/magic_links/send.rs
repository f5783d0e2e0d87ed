//! Sending links requested through the Auth API.

use super::landing::{of_client, redirect_of_client, url};
use super::{LinkFor, NewLink};
use crate::clock::Time;
use crate::delivery::{Content, Language, Message, NewMessage, harmless};
use crate::domain::apps::App;
use crate::domain::client::ClientInfo;
use crate::domain::error::Refusal;
use crate::domain::notices;
use crate::domain::sign_ins::Session;
use crate::domain::state::AppState;
use crate::domain::users::{self, Receiver};
use crate::identifier::Identifier;
use crate::ids::{AppId, SignInId, UserId};
use crate::store;
use crate::store::users::UserRow;
use crate::store::{Purpose, Tx};

/// What a client of the Auth API specifies about a link.
pub(crate) struct LinkOptions {
    pub(crate) language: Language,
    pub(crate) path: Option<String>,
    pub(crate) redirect_url: Option<String>,
}

/// Sends a link for signing in or registering, and returns the id that the client waits with.
pub(crate) async fn send(
    state: &AppState,
    app: &App,
    purpose: Purpose,
    identifier: Identifier,
    options: LinkOptions,
    client_info: &ClientInfo,
) -> Result<String, Refusal> {
    client_info.check_message_limits(state, app, &identifier)?;
    if !app.settings.magic_links {
        return Err(Refusal::operation_not_allowed(
            "magic links: the app does not use them.",
        ));
    }
    let target = LinkTarget::Has(purpose);
    send_to(state, app, target, identifier, options, client_info).await
}

/// Sends a link to a new address or number of a user, which becomes theirs once they open it. Returns the id that the
/// client waits with.
pub(crate) async fn send_change(
    state: &AppState,
    app: &App,
    (user, session): (&UserRow, &Session),
    identifier: Identifier,
    options: LinkOptions,
    client_info: &ClientInfo,
) -> Result<String, Refusal> {
    client_info.check_message_limits(state, app, &identifier)?;
    let target = LinkTarget::Wants {
        user_id: user.id.clone(),
        session: session.clone(),
        account: account(user),
    };
    send_to(state, app, target, identifier, options, client_info).await
}

/// The name of an account in a message to somebody who may be a stranger: the verified identifier, if there is one.
fn account(user: &UserRow) -> String {
    let own = notices::reached_at(user).map(|it| it.as_str().to_owned());
    let any = own.or(user.email.clone()).or(user.phone.clone());
    let name = any.unwrap_or_else(|| user.id.to_string());
    harmless::address(&name)
}

/// The recipient of a link: the owner of an identifier, or a user who wants to have it.
enum LinkTarget {
    Has(Purpose),
    Wants {
        user_id: UserId,
        /// The sign-in that asks for it.
        session: Session,
        /// The name of their account.
        account: String,
    },
}

impl LinkTarget {
    /// The sign-in that a change ends with.
    fn sign_in(&self) -> Option<&SignInId> {
        match self {
            Self::Has(_) => None,
            Self::Wants { session, .. } => session.sign_in(),
        }
    }

    /// The user who gets the link, if any, and its purpose.
    fn receiver(
        &self,
        tx: &Tx<'_>,
        app_id: &AppId,
        conceal: bool,
        identifier: &Identifier,
        new_id: &UserId,
        now: Time,
    ) -> Result<(Option<UserId>, Purpose), Refusal> {
        match self {
            Self::Has(purpose) => {
                let Receiver { user, purpose } =
                    users::receiver(tx, app_id, conceal, *purpose, identifier, new_id, now)?;
                Ok((user.map(|user| user.id), purpose))
            }
            Self::Wants {
                user_id, session, ..
            } => {
                session.check(tx)?;
                let owner = users::find(tx, app_id, identifier)?;
                let taken = owner.is_some_and(|owner| owner.id != *user_id);
                if taken && !conceal {
                    return Err(Refusal::user_exists());
                }
                Ok(((!taken).then(|| user_id.clone()), Purpose::ChangeIdentifier))
            }
        }
    }
}

async fn send_to(
    state: &AppState,
    app: &App,
    target: LinkTarget,
    identifier: Identifier,
    options: LinkOptions,
    client_info: &ClientInfo,
) -> Result<String, Refusal> {
    let path = of_client(app, options.path)?;
    let redirect_url = redirect_of_client(app, options.redirect_url)?;
    state.sender.check(&identifier)?;
    let created_at = state.clock.now();
    let expires_at = created_at + app.settings.magic_link_lifetime();
    let (link, new_id) = (NewLink::make(), UserId::new());
    let id = link.id.clone();
    let account = match &target {
        LinkTarget::Has(_) => None,
        LinkTarget::Wants { account, .. } => Some(account.clone()),
    };
    let asker = client_info.clone();
    let (app_id, conceal, to) = (
        app.id.clone(),
        app.settings.conceal_users.in_messages(),
        identifier.clone(),
    );
    let insert = state.store.write(move |tx| {
        let (user_id, purpose) = target.receiver(tx, &app_id, conceal, &to, &new_id, created_at)?;
        let (secret, row) = link.for_user(&LinkFor {
            app_id: &app_id,
            user_id: user_id.as_ref(),
            purpose,
            identifier: &to,
            delivered: true,
            redirect_url: &redirect_url,
            asker: Some(&asker),
            sign_in: target.sign_in(),
            created_at,
            expires_at,
        });
        store::magic_links::insert(tx, &row)?;
        Ok::<_, Refusal>((secret, user_id, purpose))
    });
    let (secret, user_id, purpose) = insert.await?;
    if let Some(user_id) = user_id {
        let content = Content::Link {
            id: id.clone(),
            url: url(app, &path, &secret),
        };
        let new = NewMessage {
            to: &identifier,
            user_id,
            purpose,
            language: options.language,
            content,
            account,
            requester: Some(client_info.requester(created_at)),
            created_at,
            expires_at,
        };
        state.sender.send(Message::write(&app.settings.name, new));
    }
    Ok(id)
}
