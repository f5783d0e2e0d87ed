//! `kill -9` under write load, round after round on one file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Client;
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::ledger::{Ledger, total_users};
use super::process::Server;
use super::random::Random;
use super::writer::{Load, Writer};

const WRITERS: usize = 16;
/// Acknowledged writes before a kill, at most.
const MOST_WRITES: u64 = 300;
/// Microseconds from the last of them to the kill, at most, so that it falls anywhere in a commit.
const MOST_PAUSE: u64 = 3_000;
/// Every so many rounds, a server is killed while it starts as well.
const START_KILLED_EVERY: u64 = 4;
/// CPU time that a start after a kill may take.
const START_LIMIT: Duration = Duration::from_secs(1);

pub async fn run(rounds: u64, seed: u64) {
    println!("{rounds} kills, seed {seed}");
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let http = Client::builder().no_proxy().build().unwrap();
    let mut ledgers: Vec<Ledger> = (0..WRITERS).map(|_| Ledger::default()).collect();
    let mut starts = Vec::new();
    let mut writes = 0;
    let mut server = Server::start(&data);
    for round in 0..rounds {
        let load = Load::new(&http, &server);
        let mut writers = JoinSet::new();
        for (index, ledger) in ledgers.drain(..).enumerate() {
            let name = format!("r{round}w{index}");
            let writer = Writer::new(name, random.fork(), ledger);
            writers.spawn(writer.run(Arc::clone(&load)));
        }
        let least = 1 + random.below(MOST_WRITES);
        let reached = load
            .acknowledged
            .acquire_many(u32::try_from(least).unwrap());
        tokio::select! {
            reached = reached => reached.unwrap().forget(),
            early = writers.join_next() => panic!("a writer stopped: {early:?}"),
        }
        // Not to wait for anything: this is the random moment.
        tokio::time::sleep(Duration::from_micros(random.below(MOST_PAUSE))).await;
        load.killed.store(true, Ordering::SeqCst);
        server.kill();
        ledgers = writers.join_all().await;
        writes += least + u64::try_from(load.acknowledged.available_permits()).unwrap();

        is_sound(&data);
        if round % START_KILLED_EVERY == 0 {
            let after = Duration::from_micros(random.below(20_000));
            Server::start_and_kill(&data, after).await;
        }
        server = Server::start(&data);
        starts.push((server.ready_after, server.ready_cpu));
        for ledger in &mut ledgers {
            ledger.check(&http, &server).await;
        }
        let alive: usize = ledgers.iter().map(Ledger::alive).sum();
        assert_eq!(total_users(&http, &server).await, alive as u64);
    }
    for ledger in &mut ledgers {
        ledger.touch_all();
        ledger.check(&http, &server).await;
    }
    report(writes, &mut starts);
}

/// What the kill left is a whole database. This looks at a copy: the recovery of the file itself is the server's.
fn is_sound(data: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(data, &copy).unwrap();
    let log = data.with_extension("db-wal");
    if log.exists() {
        std::fs::copy(log, copy.with_extension("db-wal")).unwrap();
    }
    let conn = Connection::open(copy).unwrap();
    let check = "SELECT group_concat(integrity_check) FROM pragma_integrity_check";
    let found: String = conn.query_row(check, (), |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    let orphans = "SELECT count(*) FROM pragma_foreign_key_check";
    let orphans: i64 = conn.query_row(orphans, (), |row| row.get(0)).unwrap();
    assert_eq!(orphans, 0);
}

/// Says how long the starts took, and holds their CPU time to its limit: the time on the clock is at the mercy of
/// whatever else the machine does.
fn report(writes: u64, starts: &mut [(Duration, Option<Duration>)]) {
    starts.sort();
    let (longest, _) = starts[starts.len() - 1];
    let (median, _) = starts[starts.len() / 2];
    let cpu = starts.iter().filter_map(|(_, cpu)| *cpu).max();
    println!("{writes} acknowledged writes, none lost");
    println!(
        "ready again after {median:.1?} (median), {longest:.1?} (longest), CPU time {cpu:?} at most"
    );
    assert!(cpu.is_none_or(|cpu| cpu < START_LIMIT), "{cpu:?}");
}
