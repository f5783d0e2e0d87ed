//! Rate limits for requesting messages, trying codes and looking up users.
//!
//! Memory use is fixed: each limit is a table of counters, in which each key has two random places. Keys that share a
//! place by chance are both limited more strictly, so flooding the tables gains nothing.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Time;
use crate::domain::error::Refusal;
use crate::identifier::Identifier;
use crate::ids::AppId;

const MINUTE: Duration = Duration::from_secs(60);

/// Number of places in a table, which take 256 KiB.
const PLACES: usize = 32 * 1024;

/// Actions that are limited per address and minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Request a code or a link.
    Ask,
    /// Enter a code, or open a link.
    Try,
    /// Ask what became of a link that does not exist: pages may go on asking when a link is gone.
    Poll,
    /// Look up a user, or create one.
    Look,
    /// Start a registration or login with a passkey or a provider's account.
    Start,
}

/// How often a minute clients can ask whether a link was opened.
const POLLS: u32 = 30;

/// The limits of a server. `Default` has none.
#[derive(Default)]
pub(crate) struct RateLimits {
    account: Option<Table>,
    address: Option<Table>,
    link: Option<Table>,
}

impl RateLimits {
    /// The limits of a production server: 5 per account, 20 per address.
    pub(crate) fn standard() -> Self {
        Self::new(5, 20)
    }

    /// This many codes and links per minute for an account, and this many requests of each kind from an address. 0
    /// means no limit. How often clients can ask about one link is fixed.
    pub(crate) fn new(account: u32, address: u32) -> Self {
        let table = |limit: u32| (limit > 0).then(|| Table::new(limit));
        Self {
            account: table(account),
            address: table(address),
            link: table(POLLS),
        }
    }

    /// Whether somebody may ask now what became of a link. This counts for the link alone: whoever has its id may wait
    /// for it without using up what else their address may do. The link must exist: invented ids would fill the table.
    pub(crate) fn link(&self, app_id: &AppId, id_hash: &[u8], now: Time) -> Result<(), Refusal> {
        take(self.link.as_ref(), (app_id, id_hash), now)
    }

    /// Whether an address may do this now.
    pub(crate) fn address(&self, kind: Kind, address: IpAddr, now: Time) -> Result<(), Refusal> {
        take(self.address.as_ref(), (kind, network(address)), now)
    }

    /// Whether another code or link may go to an account now.
    pub(crate) fn account(
        &self,
        app_id: &AppId,
        identifier: &Identifier,
        now: Time,
    ) -> Result<(), Refusal> {
        take(self.account.as_ref(), (app_id, identifier.as_str()), now)
    }
}

fn take(table: Option<&Table>, key: impl Hash, now: Time) -> Result<(), Refusal> {
    match table {
        Some(table) => table.take(key, now).map_err(Refusal::too_many_requests),
        None => Ok(()),
    }
}

/// What counts as one address: an IPv6 network, since a household has 2^64 addresses.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        IpAddr::V4(address) => address.into(),
    }
}

/// A limit. A place holds the time at which its key will have its full allowance again: each use moves it forward by
/// its share of a minute, and it may not be more than a minute ahead (the generic cell rate algorithm).
struct Table {
    /// The cost of one use.
    share: Duration,
    random: [RandomState; 2],
    places: Mutex<Vec<Time>>,
}

impl Table {
    fn new(limit: u32) -> Self {
        Self {
            share: MINUTE / limit.max(1),
            random: [RandomState::new(), RandomState::new()],
            places: Mutex::new(vec![Time::MIN; PLACES]),
        }
    }

    /// Counts a use, or returns how long to wait for the next.
    fn take(&self, key: impl Hash, now: Time) -> Result<(), Duration> {
        let place = |random: &RandomState| {
            usize::try_from(random.hash_one(&key) % PLACES as u64).unwrap_or_default()
        };
        let chosen = [place(&self.random[0]), place(&self.random[1])];
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let free_at = |place: &usize| {
            let at = places.get(*place).copied().unwrap_or(now);
            // A clock that was set back must not lock anybody out.
            if at > now + MINUTE { now } else { at.max(now) }
        };
        // Other keys can only move a place forward, so the lower of the two is closer to the truth.
        let at = chosen.iter().map(free_at).min().unwrap_or(now);
        let next = at + self.share;
        let wait = next.since(now + MINUTE);
        if !wait.is_zero() {
            return Err(wait);
        }
        for place in chosen {
            if let Some(at) = places.get_mut(place) {
                *at = if *at > now + MINUTE {
                    next
                } else {
                    next.max(*at)
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;

    fn second(second: i64) -> Time {
        Time::from_second(second)
    }

    #[test]
    fn five_at_once_then_one_every_twelve_seconds() {
        let table = Table::new(5);
        for _ in 0..5 {
            table.take("ada", at(0)).unwrap();
        }
        assert_eq!(table.take("ada", at(0)), Err(Duration::from_secs(12)));
        assert_eq!(table.take("ada", second(10)), Err(Duration::from_secs(2)));
        assert_eq!(table.take("ada", second(12)), Ok(()));
        assert_eq!(table.take("ada", second(12)), Err(Duration::from_secs(12)));
        assert_eq!(table.take("bob", at(0)), Ok(()), "others are not held up");
        for _ in 0..5 {
            table.take("ada", second(1000)).unwrap();
        }
        assert!(table.take("ada", second(1000)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let table = Table::new(5);
        for _ in 0..5 {
            table.take("ada", second(60_000)).unwrap();
        }
        for _ in 0..5 {
            assert_eq!(table.take("ada", at(0)), Ok(()));
        }
        assert!(table.take("ada", at(0)).is_err());
    }

    #[test]
    fn a_flood_of_keys_takes_no_memory_and_wins_nobody_another_try() {
        let table = Table::new(5);
        for _ in 0..5 {
            table.take("ada", at(0)).unwrap();
        }
        for key in 0..200_000 {
            let _either = table.take(key, at(0));
        }
        assert!(table.take("ada", at(0)).is_err());
        let places = table.places.lock().unwrap();
        assert_eq!((places.len(), places.capacity()), (PLACES, PLACES));
    }

    #[test]
    fn few_keys_hardly_ever_share() {
        let table = Table::new(1);
        let refused = (0..1000)
            .filter(|key| table.take(key, at(0)).is_err())
            .count();
        // Both places of a key are taken by others with a chance of about one in a thousand here.
        assert!(refused < 20, "{refused}");
    }

    #[test]
    fn a_network_counts_as_one() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
