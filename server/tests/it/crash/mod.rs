//! What load and sudden ends do to a data file: the real binary, killed at random moments while clients write.
//!
//! `cargo test` takes the short forms. The long ones are 200 kills, and 64 writers for 30 s; they say what they
//! measured:
//!
//! ```console
//! $ cargo test --release -p passage-server --test it crash:: -- --ignored --nocapture --test-threads 1
//! ```
//!
//! The moments come from a seed that is printed. `PASSAGE_CRASH_SEED` gives one, `PASSAGE_CRASH_ROUNDS` another
//! number of kills.
//!
//! A kill takes the process away and leaves the system's page cache. That commits reach the disk as well rests on
//! `synchronous=FULL`, which a test of the storage holds.

mod busy;
mod kills;
mod ledger;
mod process;
mod random;
mod writer;

use std::time::Duration;

/// A number from the environment, for those who want another than the default.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number")),
    )
}

fn rounds(default: u64) -> u64 {
    setting("PASSAGE_CRASH_ROUNDS").unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_lose_nothing_that_was_acknowledged() {
    kills::run(rounds(10), setting("PASSAGE_CRASH_SEED").unwrap_or(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn two_hundred_kills_lose_nothing_that_was_acknowledged() {
    let seed = setting("PASSAGE_CRASH_SEED").unwrap_or_else(random::any_seed);
    kills::run(rounds(200), seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_are_never_told_that_the_file_is_busy() {
    busy::run(64, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 30 s"]
async fn sixty_four_writers_for_half_a_minute_are_never_told_that_the_file_is_busy() {
    busy::run(64, Duration::from_secs(30)).await;
}
