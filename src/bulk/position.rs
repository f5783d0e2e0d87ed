//! The position of an import.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::opaque;

/// Says which form the text has.
const FORM: &str = "import1";

/// The settled and unsettled lines of an import, for
/// [`ImportUsers::resume`](super::ImportUsers::resume).
///
/// A line is settled when its user was created or exists, or when it can never be imported. It is
/// not settled if the import stopped before it was finished, or if it failed in a way that may be
/// temporary.
///
/// It can be stored as text, with `Display` and `FromStr` or with `serde`. The text is short: it
/// contains a line number and the unsettled lines before it.
///
/// ```
/// use passage_identity::bulk::ImportPosition;
///
/// let start = ImportPosition::start();
/// assert_eq!(start.line(), 1);
/// let stored = start.to_string();
/// assert_eq!(stored.parse::<ImportPosition>()?, start);
/// # Ok::<(), passage_identity::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportPosition {
    /// A time by the server's clock before which the import had created nobody.
    pub(super) since: Option<Timestamp>,
    /// Nothing is settled from this line on.
    next: u64,
    /// Lines before it that are not settled.
    unsettled: BTreeSet<u64>,
}

impl ImportPosition {
    /// The position before the first line.
    #[must_use]
    pub fn start() -> Self {
        Self {
            since: None,
            next: 1,
            unsettled: BTreeSet::new(),
        }
    }

    /// The first line that is not settled: all before it are.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.unsettled.first().copied().unwrap_or(self.next)
    }

    /// Whether the line of this number is settled.
    #[must_use]
    pub fn is_settled(&self, line: u64) -> bool {
        line < self.next && !self.unsettled.contains(&line)
    }

    /// The lines that are not settled although later ones are, in ascending order. With
    /// [`next_line`](Self::next_line), that is all that is left to do.
    pub fn unsettled(&self) -> impl Iterator<Item = u64> + '_ {
        self.unsettled.iter().copied()
    }

    /// The line from which on nothing is settled.
    #[must_use]
    pub fn next_line(&self) -> u64 {
        self.next
    }

    /// Notes that a line is begun. Gives whether it was begun before.
    pub(super) fn begin(&mut self, line: u64) -> bool {
        let again = line < self.next;
        self.next = self.next.max(line.saturating_add(1));
        self.unsettled.insert(line);
        again
    }

    pub(super) fn settle(&mut self, line: u64) {
        self.unsettled.remove(&line);
    }

    fn to_text(&self) -> String {
        let lines: Vec<_> = self.unsettled.iter().map(u64::to_string).collect();
        opaque::encode(&[
            FORM.to_owned(),
            opaque::field(self.since.map(Timestamp::as_second).as_ref()),
            self.next.to_string(),
            lines.join(","),
        ])
    }

    fn from_text(text: &str) -> Option<Self> {
        let [form, since, next, lines] = opaque::decode(text)?;
        let next: u64 = next.parse().ok().filter(|next| *next > 0)?;
        let lines = lines.split(',').filter(|line| !line.is_empty());
        let unsettled: BTreeSet<u64> =
            lines.map(|line| line.parse().ok()).collect::<Option<_>>()?;
        let since = match opaque::optional(&since)? {
            Some(seconds) => Some(Timestamp::from_second(seconds).ok()?),
            None => None,
        };
        let fits = unsettled.range(next..).next().is_none() && !unsettled.contains(&0);
        (form == FORM && fits).then_some(Self {
            since,
            next,
            unsettled,
        })
    }
}

impl Default for ImportPosition {
    fn default() -> Self {
        Self::start()
    }
}

opaque::as_text!(ImportPosition, "a position in an import");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_what_is_settled() {
        let mut position = ImportPosition::start();
        for line in 1..=5 {
            assert!(!position.begin(line));
        }
        for line in [1, 2, 4] {
            position.settle(line);
        }
        assert_eq!((position.line(), position.next_line()), (3, 6));
        assert_eq!(position.unsettled().collect::<Vec<_>>(), [3, 5]);
        let settled: Vec<_> = (1..8).filter(|line| position.is_settled(*line)).collect();
        assert_eq!(settled, [1, 2, 4]);
        assert!(position.begin(3), "again");
        position.settle(3);
        position.settle(5);
        assert_eq!((position.line(), position.next_line()), (6, 6));
        // Blank lines are never begun.
        assert!(!position.begin(9));
        position.settle(9);
        assert_eq!(position.line(), 10);
    }

    #[test]
    fn it_survives_as_text() {
        let mut position = ImportPosition::start();
        assert_eq!(
            position.to_string().parse::<ImportPosition>().unwrap(),
            position
        );
        position.since = Some("2024-05-01T10:00:00Z".parse().unwrap());
        position.begin(7);
        position.begin(12);
        let text = position.to_string();
        assert_eq!(text.parse::<ImportPosition>().unwrap(), position);
        let json = serde_json::to_string(&position).unwrap();
        assert_eq!(
            serde_json::from_str::<ImportPosition>(&json).unwrap(),
            position
        );
        for fields in [
            ["import2", "", "1", ""],
            ["import1", "x", "1", ""],
            ["import1", "", "0", ""],
            ["import1", "", "5", "5"],
            ["import1", "", "5", "0"],
            ["import1", "", "5", "1,x"],
        ] {
            let text = opaque::encode(&fields.map(str::to_owned));
            assert!(text.parse::<ImportPosition>().is_err(), "{fields:?}");
        }
        assert!("".parse::<ImportPosition>().is_err());
    }
}
