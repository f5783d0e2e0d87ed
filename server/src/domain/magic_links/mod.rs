//! Magic links: links that sign their bearer in, or verify an address or number.

mod create;
mod open;
mod send;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::clock::Time;
use crate::domain::apps::App;
use crate::domain::error::Refusal;
use crate::identifier::Identifier;
use crate::ids::{self, AppId, UserId};
use crate::store::Purpose;
use crate::store::magic_links::LinkRow;

pub(crate) use self::create::{LinkOrder, LinkReceiver, create};
pub(crate) use self::open::{open, wait};
pub(crate) use self::send::{LinkOptions, send, send_change};

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
        };
        (secret, row)
    }
}

/// The page of the app that a link opens. `None` or an empty path means the app's login page.
pub(crate) fn landing(app: &App, path: Option<String>) -> Result<String, Refusal> {
    let path = path
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| app.settings.login_url.clone());
    if is_page(&path) {
        Ok(path)
    } else {
        Err(Refusal::invalid_request(
            "magic_link_path: must be a path on the app's auth origin.",
        ))
    }
}

/// Whether the text names a page of the app, and cannot lead elsewhere.
pub(crate) fn is_page(path: &str) -> bool {
    // The part before the first slash, query or fragment could be a scheme, and the part after two slashes a host.
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    let blank = path.contains(|c: char| c.is_whitespace() || c.is_control());
    !(first.contains(':') || path.starts_with("//") || blank)
}

/// The URL of the link: a page of the app with the secret in its query, before any fragment.
fn url(app: &App, path: &str, secret: &str) -> String {
    let origin = app.settings.auth_origin.trim_end_matches('/');
    let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{origin}{slash}{path}{mark}psg_magic_link={secret}{fragment}")
}
