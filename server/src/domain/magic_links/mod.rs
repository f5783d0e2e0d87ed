//! Magic links: links that sign their bearer in, or verify an address or number.

mod create;
mod landing;
mod open;
mod send;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod wait;

use passage_identity::generated::auth::types::AuthResult;

use crate::clock::Time;
use crate::domain::client::ClientInfo;
use crate::domain::users::account::OwnToken;
use crate::identifier::Identifier;
use crate::ids::{self, AppId, SignInId, UserId};
use crate::store::Purpose;
use crate::store::magic_links::LinkRow;

pub(crate) use self::create::{LinkOrder, LinkReceiver, create};
pub(crate) use self::landing::{
    ANY_PATH, is_listed_path, is_page, of_backend, redirect_of_backend,
};
pub(crate) use self::open::open;
pub(crate) use self::send::{LinkOptions, send, send_change};
pub(crate) use self::wait::wait;

/// Who opens a link or waits for one.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) client: &'a ClientInfo,
    /// The user whose auth token the caller has, if any.
    pub(crate) own: Option<&'a OwnToken>,
}

/// A link can specify where its user goes next, instead of to the app.
fn with_redirect(mut result: AuthResult, link: LinkRow) -> AuthResult {
    if !link.redirect_url.is_empty() {
        result.redirect_url = link.redirect_url;
    }
    result
}

/// The random parts of a link, generated before the command that stores it.
struct NewLink {
    /// The id that a waiting client uses.
    id: String,
    parts: [String; 2],
}

/// The purpose and the recipient of a link.
struct LinkFor<'a> {
    app_id: &'a AppId,
    /// `None` for a link without a recipient.
    user_id: Option<&'a UserId>,
    purpose: Purpose,
    identifier: &'a Identifier,
    /// Whether the server itself sends it to the identifier.
    delivered: bool,
    redirect_url: &'a str,
    /// The client that requests it. `None` for the app's backend.
    asker: Option<&'a ClientInfo>,
    /// The sign-in whose user requests a change.
    sign_in: Option<&'a SignInId>,
    created_at: Time,
    expires_at: Time,
}

impl NewLink {
    fn make() -> Self {
        Self {
            id: ids::new_id(),
            parts: [ids::new_id(), ids::new_id()],
        }
    }

    /// The secret of the link and what is stored of it. The secret is `ml.<24>.<user id>.<24>`.
    fn for_user(&self, new: &LinkFor<'_>) -> (String, LinkRow) {
        // A link without a recipient has a secret too, which nobody learns.
        let user_id = new.user_id.map_or("", UserId::as_str);
        let [first, last] = &self.parts;
        let secret = format!("ml.{first}.{user_id}.{last}");
        let row = LinkRow {
            id_hash: ids::hash(&self.id),
            app_id: new.app_id.to_owned(),
            hash: ids::hash(&secret),
            user_id: new.user_id.cloned(),
            purpose: new.purpose,
            identifier: new.identifier.as_str().to_owned(),
            delivered: new.delivered,
            redirect_url: new.redirect_url.to_owned(),
            created_at: new.created_at,
            expires_at: new.expires_at,
            opened_at: None,
            claimed_at: None,
            asker: new.asker.and_then(ClientInfo::fingerprint),
            sign_in_id: new.sign_in.cloned(),
            opener: None,
            changed_at: None,
        };
        (secret, row)
    }
}
