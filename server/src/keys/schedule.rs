//! When keys change: a new one is announced in the key set long before it signs, and an old one stays there until
//! the last token it signed has expired.

use std::time::Duration;

use crate::clock::Time;
use crate::store::signing_keys::{KeyState, SigningKeyRow};

/// How far the clocks of verifiers may be behind, plus the leeway they may grant.
const LEEWAY: Duration = Duration::from_secs(600);

/// The rhythm of key changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RotationPolicy {
    /// How long a key signs. `None` means until a rotation is requested.
    every: Option<Duration>,
    /// How long a key is announced before it signs.
    announce: Duration,
}

impl RotationPolicy {
    pub(crate) fn new(every: Option<Duration>, announce: Duration) -> Self {
        Self { every, announce }
    }
}

/// What to do with the keys of an app.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Generate a key, and add it to the key set.
    Announce,
    /// Sign with the announced key from now on.
    Activate,
    /// Remove a retired key from the key set.
    Forget(String),
}

/// What a command requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotationRequest {
    Nothing,
    /// A new key, announced as usual.
    Rotate,
    /// A new key at once, as after a leak.
    AtOnce,
}

/// The steps that are due now, in their order.
pub(super) fn due(
    keys: &[SigningKeyRow],
    rotation: RotationRequest,
    policy: RotationPolicy,
    now: Time,
) -> Vec<Step> {
    let in_state = |state: KeyState| keys.iter().filter(move |key| key.state == state);
    let mut steps = Vec::new();
    // Without a key there is nothing to rotate: the first is still being generated.
    if let Some(active) = in_state(KeyState::Active).next() {
        let since = active.active_from.unwrap_or(active.created_at);
        let aged = policy
            .every
            .is_some_and(|every| now >= since + every - policy.announce);
        match in_state(KeyState::Next).next() {
            None if rotation == RotationRequest::AtOnce => {
                steps.extend([Step::Announce, Step::Activate])
            }
            None if aged || rotation == RotationRequest::Rotate => steps.push(Step::Announce),
            None => {}
            Some(next)
                if rotation == RotationRequest::AtOnce
                    || now >= next.created_at + policy.announce =>
            {
                steps.push(Step::Activate);
            }
            Some(_) => {}
        }
    }
    let expired = in_state(KeyState::Retired).filter(|key| {
        let retired_at = key.retired_at.unwrap_or(now);
        now > retired_at + key.longest_token + LEEWAY
    });
    steps.extend(expired.map(|key| Step::Forget(key.kid.clone())));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: i64) -> Time {
        Time::from_second(day * 24 * 3600)
    }

    fn key(kid: &str, state: KeyState, day: i64) -> SigningKeyRow {
        SigningKeyRow {
            kid: kid.to_owned(),
            pkcs8: Vec::new(),
            state,
            created_at: on(day),
            active_from: (state != KeyState::Next).then_some(on(day)),
            retired_at: (state == KeyState::Retired).then_some(on(day)),
            longest_token: Duration::from_secs(24 * 3600),
        }
    }

    fn at(day: i64, keys: &[SigningKeyRow], rotation: RotationRequest) -> Vec<Step> {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        due(
            keys,
            rotation,
            RotationPolicy::new(Some(days(90)), days(2)),
            on(day),
        )
    }

    #[test]
    fn a_key_is_announced_before_its_time_and_signs_when_it_has_come() {
        let one = [key("a", KeyState::Active, 0)];
        assert_eq!(at(87, &one, RotationRequest::Nothing), []);
        assert_eq!(at(88, &one, RotationRequest::Nothing), [Step::Announce]);
        let two = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 88)];
        assert_eq!(at(89, &two, RotationRequest::Nothing), []);
        assert_eq!(at(90, &two, RotationRequest::Nothing), [Step::Activate]);
        // A server that was off for a long time does not skip the announcement.
        assert_eq!(at(500, &one, RotationRequest::Nothing), [Step::Announce]);
    }

    #[test]
    fn a_command_is_announced_too_unless_there_is_no_time() {
        let one = [key("a", KeyState::Active, 0)];
        assert_eq!(at(1, &one, RotationRequest::Rotate), [Step::Announce]);
        assert_eq!(
            at(1, &one, RotationRequest::AtOnce),
            [Step::Announce, Step::Activate]
        );
        let two = [key("a", KeyState::Active, 0), key("b", KeyState::Next, 1)];
        assert_eq!(at(2, &two, RotationRequest::Rotate), []);
        assert_eq!(at(2, &two, RotationRequest::AtOnce), [Step::Activate]);
        assert_eq!(at(3, &two, RotationRequest::Nothing), [Step::Activate]);
        assert_eq!(at(3, &[], RotationRequest::AtOnce), []);
    }

    #[test]
    fn without_a_rhythm_a_key_signs_for_good() {
        let one = [key("a", KeyState::Active, 0)];
        let policy = RotationPolicy::new(None, Duration::from_secs(3600));
        assert_eq!(due(&one, RotationRequest::Nothing, policy, on(10_000)), []);
    }

    #[test]
    fn a_retired_key_stays_until_its_last_token_has_expired() {
        let keys = [
            key("a", KeyState::Retired, 10),
            key("b", KeyState::Active, 10),
        ];
        assert_eq!(at(11, &keys, RotationRequest::Nothing), [], "leeway");
        assert_eq!(
            at(12, &keys, RotationRequest::Nothing),
            [Step::Forget("a".to_owned())]
        );
    }
}
