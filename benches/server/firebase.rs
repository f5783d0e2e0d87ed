//! The same work done by the Auth emulator of Firebase, if it is there: `benches/peers/README.md` says how to run
//! this beside it.

use std::time::Duration;

use passage_benches::Failure;

use crate::clients::member;
use crate::load::{self, Client, Connection, Measured, Request};
use crate::process::{cpu_time, memory};
use crate::{CLIENTS, ROUND, ROUNDS, Table, USERS, median_of};

const API: &str = "/identitytoolkit.googleapis.com/v1";
const TOKENS: &str = "/securetoken.googleapis.com/v1/token";

/// Measures the emulator that the environment names.
pub(crate) fn compare(table: &mut Table) -> Result<(), Failure> {
    // `firebase emulators:exec` sets it.
    let Ok(address) = std::env::var("FIREBASE_AUTH_EMULATOR_HOST") else {
        println!("SKIPPED Firebase's emulator: it does not run");
        return Ok(());
    };
    let emulator = emulator()?;
    load::runtime()?.block_on(async {
        let mut creators = Vec::new();
        for index in 0..CLIENTS {
            creators.push(Creator::new(&address, index).await?);
        }
        let (mut creators, rounds) = rounds(creators, emulator).await?;
        print(table, "Firebase's emulator: users created", &rounds);
        let created: u32 = rounds.iter().map(|round| round.requests).sum();
        while created < USERS && creators.iter().map(|it| it.created).sum::<u32>() < USERS {
            (creators, _) = load::run(creators, ROUND, || cpu_time(emulator)).await?;
        }
        let mib = memory(emulator)? as f64 / 1024.0;
        let users: u32 = creators.iter().map(|creator| creator.created).sum();
        table.note(
            &format!("Firebase's emulator: resident memory, {users} users"),
            &format!("{mib:.0} MiB"),
        );
        let mut users = Vec::new();
        for creator in creators {
            users.push(creator.sign_in().await?);
        }
        let (users, measured) = self::rounds(users, emulator).await?;
        print(
            table,
            "Firebase's emulator: sessions issued by refresh, not signed",
            &measured,
        );
        let readers = users.into_iter().map(Reader).collect();
        let (_, measured) = self::rounds(readers, emulator).await?;
        print(
            table,
            "Firebase's emulator: the signed-in user looked up",
            &measured,
        );
        Ok(())
    })
}

fn print(table: &Table, case: &str, rounds: &[Measured]) {
    let cpu = median_of(rounds, Measured::cpu_micros);
    let rate = median_of(rounds, Measured::per_second);
    let per_core = 1e6 / cpu;
    table.note(
        case,
        &format!("{cpu:.0} µs of CPU time each ({per_core:.0} per second of it); {rate:.0}/s"),
    );
}

async fn rounds<C: Client>(
    mut clients: Vec<C>,
    pid: u32,
) -> Result<(Vec<C>, Vec<Measured>), Failure> {
    let mut all = Vec::new();
    // A compiler at run time needs a while until it is at its best.
    (clients, _) = load::run(clients, ROUND + Duration::from_secs(1), || cpu_time(pid)).await?;
    for _ in 0..ROUNDS {
        let (back, measured) = load::run(clients, ROUND, || cpu_time(pid)).await?;
        clients = back;
        all.push(measured);
    }
    Ok((clients, all))
}

/// The process that runs the emulator is the one that started this: the nearest that is Node's.
fn emulator() -> Result<u32, Failure> {
    let mut pid = std::process::id();
    while pid > 1 {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (start, rest) = text.rsplit_once(')').ok_or("no name")?;
        if start.contains("(node") {
            return Ok(pid);
        }
        pid = rest.split_whitespace().nth(1).ok_or("no parent")?.parse()?;
    }
    Err("run this by `firebase emulators:exec`".into())
}

/// Creates users as an administrator does.
struct Creator {
    connection: Connection,
    index: usize,
    created: u32,
}

impl Creator {
    async fn new(address: &str, index: usize) -> Result<Self, Failure> {
        Ok(Self {
            connection: Connection::open(address).await?,
            index,
            created: 0,
        })
    }

    /// Signs the first user in.
    async fn sign_in(mut self) -> Result<User, Failure> {
        let body = format!(
            r#"{{"email":"u{}.1@example.com","password":"correct horse","returnSecureToken":true}}"#,
            self.index
        );
        let request = Request {
            target: &format!("POST {API}/accounts:signInWithPassword?key=any"),
            token: None,
            body: &body,
        };
        let reply = self.connection.call(&request, 200).await?;
        Ok(User {
            connection: self.connection,
            id_token: member(&reply, "/idToken")?,
            refresh_token: member(&reply, "/refreshToken")?,
        })
    }
}

impl Client for Creator {
    async fn step(&mut self) -> Result<(), Failure> {
        self.created += 1;
        let body = format!(
            r#"{{"email":"u{}.{}@example.com","password":"correct horse"}}"#,
            self.index, self.created
        );
        let request = Request {
            target: &format!("POST {API}/projects/demo-bench/accounts"),
            token: Some("owner"),
            body: &body,
        };
        self.connection.call(&request, 200).await.map(drop)
    }
}

/// A user who exchanges a refresh token for the next tokens.
struct User {
    connection: Connection,
    id_token: String,
    refresh_token: String,
}

impl Client for User {
    async fn step(&mut self) -> Result<(), Failure> {
        let body = format!(
            r#"{{"grant_type":"refresh_token","refresh_token":"{}"}}"#,
            self.refresh_token
        );
        let request = Request {
            target: &format!("POST {TOKENS}?key=any"),
            token: None,
            body: &body,
        };
        let reply = self.connection.call(&request, 200).await?;
        self.refresh_token = member(&reply, "/refresh_token")?;
        self.id_token = member(&reply, "/id_token")?;
        Ok(())
    }
}

/// A user who asks who they are.
struct Reader(User);

impl Client for Reader {
    async fn step(&mut self) -> Result<(), Failure> {
        let user = &mut self.0;
        let body = format!(r#"{{"idToken":"{}"}}"#, user.id_token);
        let request = Request {
            target: &format!("POST {API}/accounts:lookup?key=any"),
            token: None,
            body: &body,
        };
        user.connection.call(&request, 200).await.map(drop)
    }
}
