//! The audit log of a running server: refusals on their way to the store, how long rows are kept, and their lines in
//! the log.
//!
//! Changes and sign-ins add their rows themselves, in the commands that make them. A refusal makes no command. It waits
//! in memory for the next round, so a crash can lose it, and a flood of refusals costs neither disk nor memory: past a
//! few in a minute, those of one app, network and reason become one row with their number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex as AsyncMutex;

use super::rate_limits::network;
use super::state::AppState;
use crate::clock::Time;
use crate::ids::AppId;
use crate::store;
use crate::store::acting::{Acting, Actor};
use crate::store::audit::{AuditAction, AuditReason, AuditRow, Filter, Refused};
use crate::store::{Store, StoreError};

/// How long rows are kept by default.
pub(crate) const DAYS: u32 = 90;
/// Number of refusals of one app, network and reason in a minute that get rows of their own.
const OWN_ROWS: i64 = 10;
/// Maximum number of refusals that wait. Further ones are only counted.
const WAITING: usize = 1024;
/// Maximum number of combinations of app, network and reason that are counted in a minute.
const COUNTED: usize = 4096;
/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// Maximum number of rows that are read at once.
const PAGE: i64 = 500;
/// Where the lines of the audit log go.
pub(crate) const TARGET: &str = "passage_server::audit";

/// The audit log of a running server.
pub(crate) struct Audit {
    window: Mutex<Window>,
    progress: AsyncMutex<Progress>,
    /// How long rows are kept. `None` means forever.
    keep: Option<Duration>,
}

/// How far the rounds got.
struct Progress {
    /// Id of the last row that was logged.
    logged: i64,
    /// When expired rows are deleted next.
    sweep_at: Time,
}

impl Audit {
    /// The audit log of a store. 0 days means that rows are kept forever.
    pub(crate) async fn open(store: &Store, days: u32) -> Result<Self, StoreError> {
        let newest = store.read(|tx| Ok::<_, StoreError>(store::audit::newest(tx)?));
        Ok(Self::starting(newest.await?, days))
    }

    fn starting(logged: i64, days: u32) -> Self {
        Self {
            window: Mutex::default(),
            progress: AsyncMutex::new(Progress {
                logged,
                sweep_at: Time::MIN,
            }),
            keep: (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3600)),
        }
    }

    /// Notes a refusal. This neither waits nor fails.
    pub(crate) fn refused(
        &self,
        acting: &Acting,
        app_id: Option<AppId>,
        action: AuditAction,
        reason: AuditReason,
    ) {
        self.window().add(acting, app_id, action, reason);
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Default for Audit {
    fn default() -> Self {
        Self::starting(0, DAYS)
    }
}

/// Stores the refusals that wait, deletes expired rows, and logs new ones. The last round of a server also stores what
/// would otherwise wait for the end of the minute.
pub(crate) async fn round(state: &AppState, last: bool) -> Result<(), StoreError> {
    let mut progress = state.audit.progress.lock().await;
    let now = state.clock.now();
    let refused = state.audit.window().take(now, last);
    if !refused.is_empty() {
        let insert = state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::audit::insert_refused(tx, &refused)?));
        insert.await?;
    }
    if let Some(keep) = state.audit.keep
        && now >= progress.sweep_at
    {
        let before = now - keep;
        let sweep = state
            .store
            .write(move |tx| Ok::<_, StoreError>(store::audit::sweep(tx, before)?));
        let more = sweep.await?;
        progress.sweep_at = if more { now } else { now + SWEEP };
    }
    if tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        log(&state.store, &mut progress.logged).await?;
    }
    Ok(())
}

/// Logs the rows after the last one that was logged, also those that commands in other processes added.
async fn log(store: &Store, logged: &mut i64) -> Result<(), StoreError> {
    loop {
        let entries = read(store, Filter::default(), *logged, PAGE).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        for entry in &entries {
            tracing::info!(target: TARGET, "{}", entry.to_json());
        }
        *logged = last.id;
    }
}

/// The next entries after one.
pub(crate) async fn read(
    store: &Store,
    filter: Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let read =
        store.read(move |tx| Ok::<_, StoreError>(store::audit::list(tx, &filter, after, limit)?));
    Ok(read.await?.into_iter().map(AuditEntry::from).collect())
}

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
    action: AuditAction,
    last: Time,
}

/// The refusals of a minute.
#[derive(Default)]
struct Window {
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
    fn add(
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
        let kind = Kind {
            app_id: app_id.clone(),
            network: acting.address().map(named_network),
            reason,
        };
        if self.seen.len() >= COUNTED && !self.seen.contains_key(&kind) {
            self.dropped += 1;
            return;
        }
        let seen = self.seen.entry(kind).or_insert(Seen {
            times: 0,
            action,
            last: at,
        });
        seen.times += 1;
        seen.last = at;
        if seen.times > OWN_ROWS {
            return;
        }
        if self.waiting.len() >= WAITING {
            self.dropped += 1;
            return;
        }
        let refused = Refused::once(acting, app_id, action, reason);
        self.waiting.push(refused);
    }

    /// Ends the minute: what was only counted becomes rows.
    fn close(&mut self) {
        for (kind, seen) in self.seen.drain() {
            if seen.times <= OWN_ROWS {
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
                count: seen.times - OWN_ROWS,
            });
        }
    }

    /// What is to be stored now.
    fn take(&mut self, now: Time, last: bool) -> Vec<Refused> {
        if last || minute(now) != self.minute {
            self.close();
        }
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            tracing::warn!(count, "the audit log has no room for so many refusals");
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
}

/// What counts as one client: an IPv4 address, or an IPv6 network.
fn named_network(address: std::net::IpAddr) -> String {
    let network = network(address);
    match network {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("{address}/64"),
    }
}

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Number of the row. Later rows have higher numbers.
    pub id: i64,
    /// When it happened.
    pub time: Timestamp,
    /// App that it happened in. `None` for what concerns all apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Who did it: `client` (somebody without a proof of who they are), `user`, `backend` (an API key), `operator` (the
    /// command line) or `server`.
    pub actor: String,
    /// Id of the user or of the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// What was done, such as `sign_in` or `passkey_added`. What was refused ends in `_refused`.
    pub action: String,
    /// How it was done, such as `passkey`, or why it was refused, such as `wrong_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// User that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Id of the device, API key or signing key, or name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Address or number that was added, or else removed. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Address of the client. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// User agent of the client, at most 512 characters. Blank once the user is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How often it happened: more than once in a row that counts refusals or imported users.
    pub count: i64,
}

impl AuditEntry {
    /// The entry as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of strings and numbers always serializes.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            time: row.at.timestamp(),
            app_id: row.app_id,
            actor: row.actor.as_str().to_owned(),
            actor_id: row.actor_id,
            action: row.action.as_str().to_owned(),
            reason: row.reason.map(|reason| reason.as_str().to_owned()),
            user_id: row.user_id,
            object: row.object,
            identifier: row.identifier,
            address: row.address,
            agent: row.agent,
            count: row.count,
        }
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
        assert_eq!(
            (window.waiting.len(), window.seen.len()),
            (WAITING, COUNTED)
        );
        let rows = window.take(at(MINUTE), true);
        assert_eq!(rows.len(), WAITING + 1);
        let last = rows.last().unwrap();
        assert_eq!(last.action, AuditAction::RefusalsDropped);
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 10_000);
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
