//! What the server costs: its start, its memory, and its work under load. It runs as a process of its own, as it is
//! released and as it runs in production, on a file in the target folder; the clients are in this process, on one
//! thread.
//!
//! A busy machine slows both down, so that what can be counted in the server's CPU time is. Rounds take turns, and
//! medians are compared.

mod clients;
mod firebase;
mod load;
mod passkey;
mod process;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use passage_benches::{Failure, Issuer};

use crate::clients::{Creator, Refresher};
use crate::load::{Client, Connection, Measured, Request};
use crate::passkey::Holder;
use crate::process::{APP, Server, Site, api_key, cpu_time, memory};

const STARTS: usize = 20;
const CLIENTS: usize = 64;
const USERS: u32 = 10_000;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(2);
const SIGNING: Duration = Duration::from_millis(500);

fn main() -> Result<(), Failure> {
    let binary = process::binary()?;
    let folder = Folder::new()?;
    let mut table = Table::start();
    if wanted("start") {
        starts(&binary, &folder, &mut table)?;
    }
    if wanted("memory") {
        idle(&binary, &folder, &mut table)?;
    }
    let site = Site::new(folder.path("load"))?;
    let server = Server::serve(&binary, &site)?;
    if wanted("creation") {
        creation(&server, &api_key(&binary, &site)?, &mut table)?;
    }
    if wanted("sessions") {
        sessions(&server, &mut table)?;
    }
    if wanted("passkeys") {
        passkeys(&server, &mut table)?;
    }
    drop(server);
    if wanted("firebase") {
        firebase::compare(&mut table)?;
    }
    table.end()
}

/// Whether a part was asked for by its name; without any name all are.
fn wanted(part: &str) -> bool {
    // Cargo adds options of its own.
    let names: Vec<_> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    names.is_empty() || names.iter().any(|name| name == part)
}

/// The rows, printed as they come.
pub(crate) struct Table {
    missed: usize,
}

impl Table {
    fn start() -> Self {
        println!("| Case | Measured | Goal | |");
        println!("|---|---|---|---|");
        Self { missed: 0 }
    }

    /// A number that has a goal.
    fn goal(&mut self, case: &str, measured: &str, goal: &str, met: bool) {
        self.missed += usize::from(!met);
        let verdict = if met { "met" } else { "MISSED" };
        println!("| {case} | {measured} | {goal} | {verdict} |");
    }

    /// A number to know.
    pub(crate) fn note(&self, case: &str, measured: &str) {
        println!("| {case} | {measured} | | |");
    }

    fn end(self) -> Result<(), Failure> {
        match self.missed {
            0 => Ok(()),
            missed => Err(format!("{missed} goals are not met").into()),
        }
    }
}

/// A folder in the target folder, on a real disk, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("server-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind does no harm.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

/// From the start of the process to its first reply.
fn starts(binary: &Path, folder: &Folder, table: &mut Table) -> Result<(), Failure> {
    let app = format!("GET /auth/v1/apps/{APP}/.well-known/openid-configuration");
    let keys = format!("GET /auth/v1/apps/{APP}/.well-known/jwks.json");
    let runtime = load::runtime()?;
    let start = |site: Option<&Site>, target: &str| {
        let begun = Instant::now();
        let server = match site {
            Some(site) => Server::serve(binary, site)?,
            None => Server::develop(binary)?,
        };
        runtime.block_on(get(&server.address, target))?;
        Ok::<_, Failure>(begun.elapsed().as_secs_f64() * 1e3)
    };
    let (mut empty, mut new, mut again, mut key) = (vec![], vec![], vec![], vec![]);
    for round in 0..STARTS {
        let site = Site::new(folder.path(&format!("start{round}")))?;
        let other = Site::new(folder.path(&format!("new{round}")))?;
        empty.push(start(None, &app)?);
        key.push(start(Some(&site), &keys)?);
        again.push(start(Some(&site), &app)?);
        new.push(start(Some(&other), &app)?);
    }
    for (case, times) in [
        ("start to the first reply, `dev`, in memory", &mut empty),
        ("start to the first reply, `serve`, new file", &mut new),
        (
            "start to the first reply, `serve`, file with a signing key",
            &mut again,
        ),
    ] {
        let (median, fastest) = (median(times), fastest(times));
        let measured = format!("{median:.0} ms (fastest {fastest:.0})");
        table.goal(case, &measured, "under 50 ms", median < 50.0);
    }
    let measured = format!("{:.0} ms (fastest {:.0})", median(&mut key), fastest(&key));
    table.note(
        "start with a new file to the first key set, RSA-2048 key made meanwhile",
        &measured,
    );
    Ok(())
}

async fn get(address: &str, target: &str) -> Result<(), Failure> {
    let request = Request {
        target,
        token: None,
        body: "",
    };
    let mut connection = Connection::open(address).await?;
    connection.call(&request, 200).await.map(drop)
}

/// The memory of a server that has nothing to do.
fn idle(binary: &Path, folder: &Folder, table: &mut Table) -> Result<(), Failure> {
    let runtime = load::runtime()?;
    let app = format!("GET /auth/v1/apps/{APP}/.well-known/openid-configuration");
    let mib = |kib: u64| kib as f64 / 1024.0;
    let site = Site::new(folder.path("idle"))?;
    let server = Server::serve(binary, &site)?;
    let key = api_key(binary, &site)?;
    runtime.block_on(create_users(&server.address, &key))?;
    let after_load = mib(memory(server.pid())?);
    drop(server);
    let server = Server::serve(binary, &site)?;
    runtime.block_on(get(&server.address, &app))?;
    let idle = mib(memory(server.pid())?);
    drop(server);
    let case = "resident memory, idle, 10,000 users in the file";
    table.goal(case, &format!("{idle:.1} MiB"), "under 20 MiB", idle < 20.0);
    table.note(
        "the same, after 64 clients created them",
        &format!("{after_load:.1} MiB"),
    );
    Ok(())
}

async fn create_users(address: &str, key: &str) -> Result<(), Failure> {
    let mut tasks = tokio::task::JoinSet::new();
    let each = USERS.div_ceil(CLIENTS as u32);
    for index in 0..CLIENTS {
        let mut creator = Creator::new(address, key, format!("idle{index}")).await?;
        tasks.spawn(async move {
            for _ in 0..each {
                creator.step().await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Users created, each on disk before its reply.
fn creation(server: &Server, key: &str, table: &mut Table) -> Result<(), Failure> {
    let runtime = load::runtime()?;
    let rounds = runtime.block_on(async {
        let mut clients = Vec::new();
        for index in 0..CLIENTS {
            clients.push(Creator::new(&server.address, key, format!("new{index}")).await?);
        }
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let (back, measured) = load::run(clients, ROUND, || cpu_time(server.pid())).await?;
            clients = back;
            rounds.push(measured);
        }
        Ok::<_, Failure>(rounds)
    })?;
    let rate = median_of(&rounds, Measured::per_second);
    let cpu = median_of(&rounds, Measured::cpu_micros);
    let measured = format!("{rate:.0}/s, {cpu:.0} µs of CPU time each");
    let case = "users created by 64 clients, each on disk before its reply";
    table.goal(case, &measured, "at least 5,000/s", rate >= 5_000.0);
    Ok(())
}

/// Sessions beside nothing but their signatures, and then readers with the tokens of those sessions.
fn sessions(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let issuer = Issuer::new()?;
    let runtime = load::runtime()?;
    let (mut signing, mut issuing, mut reading) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let mut clients = Vec::new();
        for index in 0..CLIENTS {
            let email = format!("user{index}@example.com");
            clients.push(Refresher::new(&server.address, email).await?);
        }
        for _ in 0..ROUNDS {
            signing.push(sign(&issuer)?);
            let (back, measured) = load::run(clients, ROUND, || cpu_time(server.pid())).await?;
            clients = back;
            issuing.push(measured);
        }
        let mut clients = clients.into_iter().map(Refresher::into_reader).collect();
        for _ in 0..ROUNDS {
            let (back, measured) = load::run(clients, ROUND, || cpu_time(server.pid())).await?;
            clients = back;
            reading.push(measured);
        }
        Ok::<_, Failure>(())
    })?;
    let limit = median(&mut signing);
    let cpu = median_of(&issuing, Measured::cpu_micros);
    let rate = median_of(&issuing, Measured::per_second);
    let ratio = limit / cpu;
    table.note(
        "the limit: CPU time of an RSA-2048 signature",
        &format!("{limit:.0} µs"),
    );
    let measured =
        format!("{cpu:.0} µs of CPU time each, {ratio:.2} of the limit's speed; {rate:.0}/s");
    // Rounded as it is shown.
    let met = (ratio * 100.0).round() >= 85.0;
    table.goal(
        "sessions issued by refresh",
        &measured,
        "at least 0.85",
        met,
    );
    let cpu = median_of(&reading, Measured::cpu_micros);
    let rate = median_of(&reading, Measured::per_second);
    let per_core = 1e6 / cpu;
    let measured = format!("{per_core:.0} per second of CPU time; {rate:.0}/s");
    let case = "`GET currentuser`";
    table.goal(
        case,
        &measured,
        "at least 8,000/s on one core",
        per_core >= 8_000.0,
    );
    Ok(())
}

/// Logins with a passkey: two requests, the check of a P-256 signature, and the tokens of the session.
fn passkeys(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let runtime = load::runtime()?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let mut clients = Vec::new();
        for index in 0..CLIENTS {
            let email = format!("holder{index}@example.com");
            let (holder, _) = Holder::register(&server.address, email).await?;
            clients.push(holder);
        }
        let mut one = clients.split_off(CLIENTS - 1);
        for _ in 0..ROUNDS {
            let (back, measured) = load::run(clients, ROUND, || cpu_time(server.pid())).await?;
            clients = back;
            together.push(measured);
            let (back, measured) = load::run(one, ROUND, || cpu_time(server.pid())).await?;
            one = back;
            alone.push(measured);
        }
        Ok::<_, Failure>(())
    })?;
    let cpu = median_of(&together, Measured::cpu_micros) / 1e3;
    let rate = median_of(&together, Measured::per_second);
    let latency = 1e3 / median_of(&alone, Measured::per_second);
    let measured = format!(
        "{cpu:.2} ms of CPU time each; {rate:.0}/s; {latency:.1} ms for one client alone, disk included"
    );
    table.goal(
        "passkey login, both requests",
        &measured,
        "under 3 ms of server time",
        cpu < 3.0,
    );
    Ok(())
}

/// Microseconds of CPU time for a signature, while every core signs.
fn sign(issuer: &Issuer) -> Result<f64, Failure> {
    let threads = thread::available_parallelism()?.get();
    let work = || {
        let (begun, cpu) = (Instant::now(), ThreadTime::now());
        let mut count = 0;
        while begun.elapsed() < SIGNING {
            issuer
                .signature(b"a message")
                .map_err(|error| error.to_string())?;
            count += 1;
        }
        Ok::<_, String>((cpu.elapsed(), count))
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let (mut cpu, mut count) = (Duration::ZERO, 0_u32);
    for result in results {
        let (time, signatures) = result.map_err(|_| "a thread panicked")??;
        cpu += time;
        count += signatures;
    }
    Ok(cpu.as_secs_f64() * 1e6 / f64::from(count))
}

/// The median of one number of all rounds.
pub(crate) fn median_of(rounds: &[Measured], number: impl Fn(&Measured) -> f64) -> f64 {
    median(&mut rounds.iter().map(number).collect::<Vec<_>>())
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn fastest(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}
