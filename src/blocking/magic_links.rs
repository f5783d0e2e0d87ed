//! Magic links.

use super::Runtime;
use crate::error::Result;
use crate::magic_links::{CreateMagicLink, MagicLink};

/// [`crate::magic_links::MagicLinks`] for programs without `async`. Made by
/// [`Passage::magic_links`](super::Passage::magic_links).
///
/// ```no_run
/// use passage_identity::magic_links::CreateMagicLink;
///
/// # fn example(passage: passage_identity::blocking::Passage) -> passage_identity::Result<()> {
/// passage.magic_links().send(CreateMagicLink::for_email("new@example.com"))?;
///
/// let link = passage.magic_links().create(CreateMagicLink::for_phone("+15005550006"))?;
/// deliver(link.url.expose());
/// # Ok(())
/// # }
/// # fn deliver(_: &str) {}
/// ```
#[derive(Clone, Debug)]
pub struct MagicLinks {
    links: crate::magic_links::MagicLinks,
    runtime: Runtime,
}

impl MagicLinks {
    pub(super) fn new(links: crate::magic_links::MagicLinks, runtime: Runtime) -> Self {
        Self { links, runtime }
    }

    /// Creates a link and returns it, for you to deliver: as
    /// [`crate::magic_links::MagicLinks::create`] (`createMagicLink` without `send`).
    ///
    /// # Errors
    /// The same errors.
    pub fn create(&self, link: CreateMagicLink) -> Result<MagicLink> {
        let links = self.links.clone();
        self.runtime.call(async move { links.create(link).await })
    }

    /// Creates a link and has the server send it: as [`crate::magic_links::MagicLinks::send`]
    /// (`createMagicLink` with `send`).
    ///
    /// # Errors
    /// The same errors.
    pub fn send(&self, link: CreateMagicLink) -> Result<MagicLink> {
        let links = self.links.clone();
        self.runtime.call(async move { links.send(link).await })
    }
}
