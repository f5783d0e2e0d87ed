//! Whom a stream has given.

use crate::ids::UserId;

/// Ids, in one text: a list of thousands makes no allocation for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    ids: String,
    /// Where each id ends.
    ends: Vec<usize>,
}

impl Given {
    pub(super) fn push(&mut self, id: &UserId) {
        self.ids.push_str(id.as_str());
        self.ends.push(self.ids.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn last(&self) -> Option<UserId> {
        let end = *self.ends.last()?;
        let start = self.ends.iter().rev().nth(1).copied().unwrap_or_default();
        let id = self.ids.get(start..end)?;
        Some(UserId::from_reply(id.to_owned()))
    }

    pub(super) fn contains(&self, id: &UserId) -> bool {
        self.iter().any(|given| given == id.as_str())
    }

    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.ends.clear();
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| self.ids.get(start..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_apart() {
        let id = |text: &str| UserId::from_reply(text.to_owned());
        let mut given = Given::default();
        assert_eq!((given.len(), given.last()), (0, None));
        given.push(&id("ab"));
        given.push(&id("c"));
        assert_eq!((given.len(), given.last()), (2, Some(id("c"))));
        assert!(given.contains(&id("ab")) && given.contains(&id("c")));
        assert!(!given.contains(&id("a")) && !given.contains(&id("bc")));
        given.clear();
        assert!(given.last().is_none() && !given.contains(&id("ab")));
    }
}
