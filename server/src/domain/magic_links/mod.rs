//! Magic links: links that sign their bearer in, or prove that an address or number is theirs.

mod open;

use crate::delivery::{Content, Language, Message, NewMessage, Purpose};
use crate::domain::apps::{App, AppState};
use crate::domain::error::Refusal;
use crate::domain::users::{self, Receiver};
use crate::identifier::Identifier;
use crate::ids;
use crate::store;
use crate::store::magic_links::LinkRow;
use crate::store::users::UserRow;

pub(crate) use self::open::{open, wait};

/// A link that was made: what its bearer holds, and what is stored of it.
pub(crate) struct NewLink {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) row: LinkRow,
}

/// What a link is made for.
pub(crate) struct LinkFor<'a> {
    pub(crate) app_id: String,
    /// `None` for a link that nobody gets.
    pub(crate) user_id: Option<String>,
    pub(crate) purpose: Purpose,
    pub(crate) identifier: &'a Identifier,
    /// Whether the server itself sends it to the identifier.
    pub(crate) delivered: bool,
    pub(crate) redirect_url: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

impl NewLink {
    /// Makes a link. Its secret is `ml.<24>.<user id>.<24>`.
    pub(crate) fn make(id: String, new: LinkFor<'_>) -> Self {
        // A link for nobody has a secret too, which nobody learns.
        let user_id = new.user_id.as_deref().unwrap_or_default();
        let secret = format!("ml.{}.{user_id}.{}", ids::new_id(), ids::new_id());
        let row = LinkRow {
            id_hash: ids::hash(&id),
            app_id: new.app_id,
            hash: ids::hash(&secret),
            user_id: new.user_id,
            purpose: new.purpose.as_str().to_owned(),
            identifier: new.identifier.as_str().to_owned(),
            delivered: new.delivered,
            redirect_url: new.redirect_url,
            created_at: new.created_at,
            expires_at: new.expires_at,
            opened_at: None,
            claimed_at: None,
        };
        Self { id, secret, row }
    }
}

/// The page of the app that a link opens. `None` or nothing is the app's login page.
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
    // What stands before the first slash, query or fragment could be a scheme, and what follows two slashes a host.
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    let blank = path.contains(|c: char| c.is_whitespace() || c.is_control());
    !(first.contains(':') || path.starts_with("//") || blank)
}

/// The link: a page of the app with the secret in its query, which comes before a fragment.
pub(crate) fn url(app: &App, path: &str, secret: &str) -> String {
    let origin = app.settings.auth_origin.trim_end_matches('/');
    let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{origin}{slash}{path}{mark}psg_magic_link={secret}{fragment}")
}

/// Where a user lands after the link was used. Whoever asks for a change of identifier chooses it, so it must not
/// lead away from the app: the message with the link goes to an address that may be a stranger's.
fn landing_after(app: &App, redirect_url: Option<String>) -> Result<String, Refusal> {
    let Some(url) = redirect_url.filter(|url| !url.is_empty()) else {
        return Ok(String::new());
    };
    let rest = url
        .strip_prefix(app.settings.auth_origin.trim_end_matches('/'))
        .unwrap_or(&url);
    // Browsers read a backslash as a slash, and two slashes begin a host.
    let inside = rest.is_empty() || (rest.starts_with('/') && !rest.starts_with("//"));
    if inside && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        Ok(url)
    } else {
        Err(Refusal::invalid_request(
            "redirect_url: must be a path, or a URL on the app's auth origin.",
        ))
    }
}

/// What a client of the Auth API says of a link it asks for.
pub(crate) struct LinkOptions {
    pub(crate) language: Language,
    pub(crate) path: Option<String>,
    pub(crate) redirect_url: Option<String>,
}

/// Sends a link to sign in or to register with, and returns the id by which it is waited for.
pub(crate) async fn request(
    state: &AppState,
    app: &App,
    purpose: Purpose,
    identifier: Identifier,
    options: LinkOptions,
) -> Result<String, Refusal> {
    if !app.settings.magic_links {
        return Err(Refusal::operation_not_allowed(
            "magic links: the app does not use them.",
        ));
    }
    send(state, app, identifier, options, LinkTarget::Has(purpose)).await
}

/// Sends a link to a new address or number of a user, which is theirs once they opened it. Returns the id by which
/// it is waited for.
pub(crate) async fn request_change(
    state: &AppState,
    app: &App,
    user: &UserRow,
    identifier: Identifier,
    options: LinkOptions,
) -> Result<String, Refusal> {
    send(
        state,
        app,
        identifier,
        options,
        LinkTarget::Wants(user.id.clone()),
    )
    .await
}

/// Whom a link is for: who has the identifier, or a user who wants it.
enum LinkTarget {
    Has(Purpose),
    Wants(String),
}

async fn send(
    state: &AppState,
    app: &App,
    identifier: Identifier,
    options: LinkOptions,
    who: LinkTarget,
) -> Result<String, Refusal> {
    let path = landing(app, options.path)?;
    let redirect_url = landing_after(app, options.redirect_url)?;
    state.sender.check(&identifier)?;
    let now = state.clock.micros();
    let expires_at = now + app.settings.magic_link_ttl * 1_000_000;
    let (app_id, settings, receives) = (app.id.clone(), app.settings.clone(), identifier.clone());
    let id = ids::new_id();
    let link_id = id.clone();
    let insert = state.store.write(move |tx| {
        let (user_id, purpose) = match &who {
            LinkTarget::Has(purpose) => {
                let Receiver { user, purpose } =
                    users::receiver(tx, &app_id, &settings, *purpose, &receives, now)?;
                (user.map(|user| user.id), purpose)
            }
            LinkTarget::Wants(user_id) => {
                let owner = users::find(tx, &app_id, &receives)?;
                let taken = owner.is_some_and(|owner| owner.id != *user_id);
                if taken && !settings.conceal_users {
                    return Err(Refusal::user_exists());
                }
                ((!taken).then(|| user_id.clone()), Purpose::ChangeIdentifier)
            }
        };
        let new = LinkFor {
            app_id: app_id.clone(),
            user_id,
            purpose,
            identifier: &receives,
            delivered: true,
            redirect_url: redirect_url.clone(),
            created_at: now,
            expires_at,
        };
        let link = NewLink::make(link_id.clone(), new);
        store::magic_links::insert(tx, &link.row)?;
        Ok::<_, Refusal>((link, purpose))
    });
    let (link, purpose) = insert.await?;
    if let Some(user_id) = link.row.user_id {
        let content = Content::Link {
            id: id.clone(),
            url: url(app, &path, &link.secret),
        };
        let new = NewMessage {
            to: &identifier,
            user_id,
            purpose,
            language: options.language,
            content,
            created_at: now,
            expires_at,
        };
        state.sender.send(Message::write(&app.settings.name, new));
    }
    Ok(id)
}
