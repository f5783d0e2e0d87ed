//! The refusals of a minute, of which only the first are kept one by one.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use crate::clock::Time;
use crate::domain::rate_limits::network;
use crate::ids::AppId;
use crate::store::acting::{Acting, Actor};
use crate::store::audit::{AuditAction, AuditReason, Refused};

/// Number of refusals of one app, network and reason in a minute that get rows of their own.
const OWN_ROWS: i64 = 10;
/// Maximum number of refusals that wait. Further ones are only counted.
const WAITING: usize = 1024;
/// Maximum number of combinations of app, network and reason that are counted in a minute. Further networks are counted
/// together for each app and reason, of which there are few.
const COUNTED: usize = 4096;

/// What is counted together.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    app_id: Option<AppId>,
    network: Option<String>,
    reason: AuditReason,
}

/// How often it happened in this minute.
struct Seen {
    times: i64,
    /// How many of these have no row of their own.
    counted: i64,
    action: AuditAction,
    last: Time,
}

/// The refusals of a minute.
#[derive(Default)]
pub(super) struct Window {
    minute: i64,
    seen: HashMap<Kind, Seen>,
    waiting: Vec<Refused>,
    /// Refusals for which there was no room.
    dropped: i64,
}

fn minute(at: Time) -> i64 {
    at.as_second().div_euclid(60)
}

impl Window {
    pub(super) fn add(
        &mut self,
        acting: &Acting,
        app_id: Option<AppId>,
        action: AuditAction,
        reason: AuditReason,
    ) {
        let at = acting.at();
        // A request that began in the minute before must not end this one.
        if minute(at) > self.minute {
            self.close();
            self.minute = minute(at);
        }
        let mut kind = Kind {
            app_id: app_id.clone(),
            network: acting.address().map(named_network),
            reason,
        };
        if self.seen.len() >= COUNTED && !self.seen.contains_key(&kind) {
            kind.network = None;
        }
        let seen = self.seen.entry(kind).or_insert(Seen {
            times: 0,
            counted: 0,
            action,
            last: at,
        });
        seen.times += 1;
        seen.last = at;
        if seen.times > OWN_ROWS || self.waiting.len() >= WAITING {
            seen.counted += 1;
            return;
        }
        let refused = Refused::once(acting, app_id, action, reason);
        self.waiting.push(refused);
    }

    /// Ends the minute: what was only counted becomes rows, the largest numbers first if there is no room for all.
    fn close(&mut self) {
        let mut counted: Vec<_> = self.seen.drain().collect();
        counted.retain(|(_, seen)| seen.counted > 0);
        counted.sort_unstable_by_key(|(_, seen)| Reverse(seen.counted));
        for (kind, seen) in counted {
            if self.waiting.len() >= WAITING + COUNTED {
                self.dropped += seen.counted;
                continue;
            }
            self.waiting.push(Refused {
                at: seen.last,
                app_id: kind.app_id,
                actor: Actor::Client,
                action: seen.action,
                reason: Some(kind.reason),
                user_id: None,
                address: kind.network,
                agent: String::new(),
                count: seen.counted,
            });
        }
    }

    /// What is to be stored now.
    pub(super) fn take(&mut self, now: Time, last: bool) -> Vec<Refused> {
        if last || minute(now) != self.minute {
            self.close();
            // Also after the clock was set back. Or else every round would end a minute.
            self.minute = minute(now);
        }
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            tracing::warn!(
                count,
                "refusals are missing in the audit log, only their number is known"
            );
            self.waiting.push(Refused {
                at: now,
                app_id: None,
                actor: Actor::Server,
                action: AuditAction::RefusalsDropped,
                reason: None,
                user_id: None,
                address: None,
                agent: String::new(),
                count,
            });
        }
        std::mem::take(&mut self.waiting)
    }

    /// Counts refusals that were taken and could not be stored.
    pub(super) fn lose(&mut self, number: i64) {
        self.dropped += number;
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 network.
fn named_network(address: IpAddr) -> String {
    let network = network(address);
    match network {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{address}/64"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::clock::at;

    const MINUTE: i64 = 60_000_000;

    fn acting(address: &str, time: i64) -> Acting {
        Acting::client(address.parse().unwrap(), "agent".to_owned(), at(time))
    }

    fn add(window: &mut Window, address: &str, time: i64, reason: AuditReason) {
        let acting = acting(address, time);
        window.add(
            &acting,
            Some("app".into()),
            AuditAction::SignInRefused,
            reason,
        );
    }

    fn shown(rows: &[Refused]) -> Vec<(String, i64)> {
        let mut shown: Vec<_> = rows
            .iter()
            .map(|row| (row.address.clone().unwrap_or_default(), row.count))
            .collect();
        shown.sort();
        shown
    }

    #[test]
    fn past_ten_in_a_minute_only_the_number_is_kept() {
        let mut window = Window::default();
        for time in 0..25 {
            let address = format!("2001:db8::{time:x}");
            add(&mut window, &address, MINUTE + time, AuditReason::WrongCode);
            add(
                &mut window,
                "192.0.2.1",
                MINUTE + time,
                AuditReason::RateLimited,
            );
        }
        add(&mut window, "192.0.2.1", MINUTE, AuditReason::WrongCode);
        let own = window.take(at(MINUTE + 30), false);
        assert_eq!(own.len(), 21);
        assert!(own.iter().all(|row| row.count == 1));
        assert!(window.take(at(MINUTE + 40), false).is_empty());
        let counted = window.take(at(2 * MINUTE), false);
        let expected = [
            ("192.0.2.1".to_owned(), 15),
            ("2001:db8::/64".to_owned(), 15),
        ];
        assert_eq!(shown(&counted), expected);
        assert!(counted.iter().all(|row| row.agent.is_empty()));
        assert!(window.take(at(3 * MINUTE), false).is_empty());
        add(&mut window, "192.0.2.1", 3 * MINUTE, AuditReason::WrongCode);
        assert_eq!(window.take(at(3 * MINUTE), false).len(), 1, "a new minute");
    }

    #[test]
    fn the_last_round_keeps_nothing_back() {
        let mut window = Window::default();
        for time in 0..12 {
            add(
                &mut window,
                "192.0.2.1",
                MINUTE + time,
                AuditReason::WrongCode,
            );
        }
        let rows = window.take(at(MINUTE + 30), true);
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 12);
    }

    #[test]
    fn a_flood_takes_no_memory_and_is_counted() {
        let mut window = Window::default();
        for high in 0..100 {
            for low in 0..100 {
                let address = format!("10.0.{high}.{low}");
                add(&mut window, &address, MINUTE, AuditReason::WrongCode);
            }
        }
        // The other networks are one more.
        assert_eq!(
            (window.waiting.len(), window.seen.len()),
            (WAITING, COUNTED + 1)
        );
        add(&mut window, "10.1.0.1", MINUTE, AuditReason::RateLimited);
        let rows = window.take(at(MINUTE), true);
        assert_eq!(rows.len(), COUNTED + 2);
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 10_001);
        let together: Vec<_> = rows.iter().filter(|row| row.address.is_none()).collect();
        let mut reasons: Vec<_> = together
            .iter()
            .map(|row| (row.count, row.reason.unwrap(), row.app_id.is_some()))
            .collect();
        reasons.sort_by_key(|(count, ..)| *count);
        let others = 10_000 - i64::try_from(COUNTED).unwrap();
        let expected = [
            (1, AuditReason::RateLimited, true),
            (others, AuditReason::WrongCode, true),
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn a_flood_that_nobody_stores_stays_bounded_and_is_counted() {
        let mut window = Window::default();
        for minute in 1..=3 {
            for high in 0..100 {
                for low in 0..100 {
                    let address = format!("10.0.{high}.{low}");
                    let time = minute * MINUTE;
                    add(&mut window, &address, time, AuditReason::WrongCode);
                }
            }
        }
        assert!(window.waiting.len() <= WAITING + COUNTED);
        let rows = window.take(at(3 * MINUTE), true);
        let last = rows.last().unwrap();
        assert_eq!(last.action, AuditAction::RefusalsDropped);
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 30_000);
    }

    #[test]
    fn after_the_clock_was_set_back_a_minute_is_a_minute() {
        let mut window = Window::default();
        add(
            &mut window,
            "192.0.2.1",
            9 * MINUTE,
            AuditReason::RateLimited,
        );
        assert_eq!(window.take(at(MINUTE), false).len(), 1);
        let mut own = 0;
        for round in 0..3 {
            let time = MINUTE + round;
            for _ in 0..15 {
                add(&mut window, "192.0.2.1", time, AuditReason::WrongCode);
            }
            own += window.take(at(time), false).len();
        }
        assert_eq!(own, 10);
        assert_eq!(shown(&window.take(at(2 * MINUTE), false))[0].1, 35);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_end_the_minute() {
        let mut window = Window::default();
        for time in [2 * MINUTE, MINUTE, 2 * MINUTE] {
            add(&mut window, "192.0.2.1", time, AuditReason::WrongCode);
        }
        assert_eq!(window.seen.values().next().unwrap().times, 3);
    }
}
