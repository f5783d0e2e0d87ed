//! When a key set is fetched: decisions without any I/O.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A key that was withdrawn is refused after this long at the latest.
pub(super) const MAX_AGE: Duration = Duration::from_secs(600);
/// From this age on, or up to a tenth earlier, a new set is fetched in the background.
const REFRESH_AFTER: Duration = Duration::from_secs(480);
const REFRESH_JITTER: f64 = 0.1;
/// Unknown names of keys cause this many fetches per [`COOL_DOWN`], and no more.
const FETCHES_FOR_UNKNOWN: usize = 2;
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The longest wait after failures: 1, 2, 4 .. 60 s, shortened by chance.
const MAX_BACK_OFF: Duration = Duration::from_secs(60);
/// So many unknown names are remembered. More than these wait for fetches only while there are
/// any to be had, which is twice in a cool-down.
const MAX_REMEMBERED: usize = 1024;

/// What to do about a token whose key is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Answer from the set that is there.
    Answer,
    /// The same, and fetch a new set in the background.
    AnswerAndFetch,
    /// Wait for a new set first.
    Fetch,
    /// There is no set, and none can be had now.
    Unavailable,
}

/// How old a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Young,
    /// A new set should be fetched, but this one is as good.
    Due,
    /// It may have keys that were withdrawn since.
    Old,
}

/// What the plan depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// Of the set, if there is one that may still be used.
    pub(super) age: Option<Age>,
    pub(super) name: NameIs,
    /// Whether the last fetch failed.
    pub(super) failing: bool,
    /// Whether the wait after that failure is not over.
    pub(super) backing_off: bool,
    /// Whether unknown names have used up their fetches.
    pub(super) cooling_down: bool,
}

/// What is known of the key's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameIs {
    InTheSet,
    Unheard,
    /// It was not in the set when that was fetched on its behalf, not long ago.
    Unknown,
}

pub(super) fn plan(s: Situation) -> Plan {
    let Some(age) = s.age else {
        return if s.backing_off {
            Plan::Unavailable
        } else {
            Plan::Fetch
        };
    };
    if s.backing_off {
        return Plan::Answer;
    }
    match (s.name, age) {
        (NameIs::InTheSet | NameIs::Unknown, Age::Young) => Plan::Answer,
        (NameIs::InTheSet | NameIs::Unknown, Age::Due) => Plan::AnswerAndFetch,
        (NameIs::InTheSet, Age::Old) if s.failing => Plan::AnswerAndFetch,
        (NameIs::Unheard, Age::Young) if s.cooling_down => Plan::Answer,
        _ => Plan::Fetch,
    }
}

/// After how long a set that was just fetched is to be fetched again.
pub(super) fn refresh_after(jitter: f64) -> Duration {
    REFRESH_AFTER.mul_f64(1.0 - REFRESH_JITTER * jitter.clamp(0.0, 1.0))
}

/// How long to wait after this many consecutive failures.
pub(super) fn back_off(failures: u32, jitter: f64) -> Duration {
    let seconds = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u64::MAX);
    let longest = Duration::from_secs(seconds).min(MAX_BACK_OFF);
    longest.mul_f64(1.0 - jitter.clamp(0.0, 1.0))
}

/// Names of keys that are not in the set, and the fetches that they have caused.
#[derive(Default)]
pub(super) struct UnknownNames {
    /// When unknown names last caused a fetch, the oldest first.
    fetches: VecDeque<Duration>,
    /// Digests of names, with the moment until which they are remembered.
    remembered: HashMap<u64, Duration>,
    hasher: RandomState,
}

impl UnknownNames {
    pub(super) fn cooling_down(&mut self, now: Duration) -> bool {
        while self
            .fetches
            .front()
            .is_some_and(|&at| at + COOL_DOWN <= now)
        {
            self.fetches.pop_front();
        }
        self.fetches.len() >= FETCHES_FOR_UNKNOWN
    }

    pub(super) fn caused_fetch(&mut self, now: Duration) {
        self.fetches.push_back(now);
    }

    pub(super) fn remembers(&self, name: &str, now: Duration) -> bool {
        self.remembered
            .get(&self.hasher.hash_one(name))
            .is_some_and(|&until| now < until)
    }

    /// Remembers that a set which was fetched on behalf of this name does not have it.
    pub(super) fn remember(&mut self, name: &str, now: Duration) {
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.retain(|_, until| now < *until);
        }
        if self.remembered.len() < MAX_REMEMBERED {
            self.remembered
                .insert(self.hasher.hash_one(name), now + COOL_DOWN);
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.remembered.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans() {
        use Age::{Due, Old, Young};
        use NameIs::{InTheSet, Unheard, Unknown};
        use Plan::{Answer, AnswerAndFetch, Fetch, Unavailable};

        // Calm, cooling down, failing, backing off.
        for (age, name, plans) in [
            (None, Unheard, [Fetch, Fetch, Fetch, Unavailable]),
            (Some(Young), InTheSet, [Answer, Answer, Answer, Answer]),
            (
                Some(Due),
                InTheSet,
                [AnswerAndFetch, AnswerAndFetch, AnswerAndFetch, Answer],
            ),
            (Some(Old), InTheSet, [Fetch, Fetch, AnswerAndFetch, Answer]),
            (Some(Young), Unheard, [Fetch, Answer, Fetch, Answer]),
            (Some(Due), Unheard, [Fetch, Fetch, Fetch, Answer]),
            (Some(Old), Unheard, [Fetch, Fetch, Fetch, Answer]),
            (Some(Young), Unknown, [Answer, Answer, Answer, Answer]),
            (
                Some(Due),
                Unknown,
                [AnswerAndFetch, AnswerAndFetch, AnswerAndFetch, Answer],
            ),
            (Some(Old), Unknown, [Fetch, Fetch, Fetch, Answer]),
        ] {
            for (index, expected) in plans.into_iter().enumerate() {
                let situation = Situation {
                    age,
                    name,
                    failing: index >= 2,
                    backing_off: index == 3,
                    cooling_down: index == 1,
                };
                assert_eq!(plan(situation), expected, "{situation:?}");
            }
        }
    }

    #[test]
    fn back_off_doubles_up_to_a_minute_and_jitter_shortens_it() {
        let waits = [1, 2, 3, 6, 7, 8, 64, 65, u32::MAX].map(|n| back_off(n, 0.0).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60, 60, 60]);
        assert_eq!(back_off(3, 0.25), Duration::from_secs(3));
        assert_eq!(back_off(3, 1.0), Duration::ZERO);
        assert_eq!(back_off(3, 7.0), Duration::ZERO);
    }

    #[test]
    fn a_set_is_due_after_eight_minutes_less_a_tenth_at_most() {
        assert_eq!(refresh_after(0.0), Duration::from_secs(480));
        assert_eq!(refresh_after(0.5), Duration::from_secs(456));
        assert_eq!(refresh_after(1.0), Duration::from_secs(432));
    }

    #[test]
    fn two_fetches_use_up_thirty_seconds() {
        let at = Duration::from_secs;
        let mut names = UnknownNames::default();
        assert!(!names.cooling_down(at(100)));
        names.caused_fetch(at(100));
        assert!(!names.cooling_down(at(110)));
        names.caused_fetch(at(110));
        assert!(names.cooling_down(at(110)));
        assert!(names.cooling_down(at(129)));
        assert!(!names.cooling_down(at(130)));
        names.caused_fetch(at(130));
        assert!(names.cooling_down(at(139)));
        assert!(!names.cooling_down(at(140)));
    }

    #[test]
    fn names_are_remembered_for_thirty_seconds_and_not_too_many() {
        let at = Duration::from_secs;
        let mut names = UnknownNames::default();
        names.remember("a", at(100));
        assert!(names.remembers("a", at(129)) && !names.remembers("b", at(100)));
        assert!(!names.remembers("a", at(130)));
        for index in 0..10_000 {
            names.remember(&index.to_string(), at(110));
        }
        assert_eq!(names.remembered(), MAX_REMEMBERED);
        assert!(names.remembers("a", at(110)) && names.remembers("0", at(110)));
        assert!(!names.remembers("9999", at(110)));
        // The old ones make room.
        names.remember("new", at(140));
        assert!(names.remembers("new", at(140)));
        assert_eq!(names.remembered(), 1);
    }
}
