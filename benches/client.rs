//! What the facade adds to a call: `users().get` and a list of all users, beside a loop by hand
//! over `reqwest` and the same generated types, against one local responder, in a process of its
//! own, that answers from memory. Ratios are of medians over rounds that take turns.

use std::alloc::System;
use std::hint::black_box;
use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use passage_benches::Failure;
use passage_identity::Passage;
use passage_identity::generated::management::types::{ListPaginatedUsersResponse, UserResponse};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

// For the memory of long lists. Both sides pay for the counting.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEY: &str = "benchmarkkey";
const GETS: u32 = 100;
const ROUNDS: usize = 60;
const PAGE: usize = 500;
const USERS: usize = 10_000;
const MANY_USERS: usize = 1_000_000;

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == SERVE) {
        return serve();
    }
    let (_responder, url) = Responder::start()?;
    let bench = Bench {
        passage: Passage::builder("app")
            .server(&url)
            .api_key(KEY)
            .deadline(Duration::from_secs(60))
            .build()?,
        http: reqwest::Client::new(),
        url,
        runtime: Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?,
    };

    println!("| Case | By hand | Facade | Ratio | Goal | |");
    println!("|---|---|---|---|---|---|");
    let get = bench.compare(
        || {
            let start = ProcessTime::now();
            (0..GETS).try_for_each(|_| bench.get_by_hand())?;
            Ok(start.elapsed() / GETS)
        },
        || {
            let start = ProcessTime::now();
            (0..GETS).try_for_each(|_| bench.get())?;
            Ok(start.elapsed() / GETS)
        },
    )?;
    let mut missed = usize::from(!get.print("get a user, CPU time", 1.05));
    let list = bench.compare(
        || timed(|| bench.list_by_hand(USERS)),
        || timed(|| bench.list(USERS)),
    )?;
    missed += usize::from(!list.print("list 10,000 users, wall time", 1.0));

    let (short, long) = (bench.memory(MANY_USERS / 10)?, bench.memory(MANY_USERS)?);
    println!("memory of a list of 100,000 users: {short} KiB; of 1,000,000: {long} KiB");
    missed += usize::from(long > 2 * short);
    if missed > 0 {
        return Err(format!("{missed} goals are not met").into());
    }
    Ok(())
}

fn timed(run: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed())
}

struct Bench {
    passage: Passage,
    http: reqwest::Client,
    url: String,
    runtime: Runtime,
}

/// Medians in microseconds.
struct Comparison {
    by_hand: f64,
    facade: f64,
}

impl Comparison {
    fn print(&self, name: &str, goal: f64) -> bool {
        let ratio = self.facade / self.by_hand;
        // Rounded as it is shown.
        let met = (ratio * 100.0).round() <= goal * 100.0;
        println!(
            "| {name} | {:.1} µs | {:.1} µs | {ratio:.2} | at most {goal} | {} |",
            self.by_hand,
            self.facade,
            if met { "met" } else { "MISSED" }
        );
        met
    }
}

impl Bench {
    fn compare(
        &self,
        by_hand: impl Fn() -> Result<Duration, Failure>,
        facade: impl Fn() -> Result<Duration, Failure>,
    ) -> Result<Comparison, Failure> {
        let (mut hand_times, mut facade_times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            hand_times.push(by_hand()?.as_secs_f64() * 1e6);
            facade_times.push(facade()?.as_secs_f64() * 1e6);
        }
        Ok(Comparison {
            by_hand: median(&mut hand_times),
            facade: median(&mut facade_times),
        })
    }

    fn get(&self) -> Result<(), Failure> {
        let user = self.runtime.block_on(self.passage.users().get("user1"))?;
        black_box(user);
        Ok(())
    }

    fn get_by_hand(&self) -> Result<(), Failure> {
        let reply: UserResponse = self.runtime.block_on(async {
            self.http
                .get(format!("{}/api/v1/apps/app/users/user1", self.url))
                .bearer_auth(KEY)
                .timeout(Duration::from_secs(10))
                .send()
                .await?
                .error_for_status()?
                .json()
                .await
        })?;
        black_box(reply);
        Ok(())
    }

    fn list(&self, users: usize) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let mut stream = self.passage.users().list().limit(PAGE as u32).stream();
            let mut count = 0;
            while let Some(user) = stream.next().await {
                black_box(user?);
                count += 1;
                if count == users {
                    break;
                }
            }
            if count == users {
                Ok(())
            } else {
                Err(format!("{count} users").into())
            }
        })
    }

    fn list_by_hand(&self, users: usize) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let (mut page, mut count, mut created_before) = (1_usize, 0, None);
            while count < users {
                let mut query = vec![("limit", PAGE.to_string()), ("page", page.to_string())];
                query.extend(created_before.map(|at: i64| ("created_before", at.to_string())));
                let reply: ListPaginatedUsersResponse = self
                    .http
                    .get(format!("{}/api/v1/apps/app/users", self.url))
                    .query(&query)
                    .bearer_auth(KEY)
                    .timeout(Duration::from_secs(10))
                    .send()
                    .await?
                    .error_for_status()?
                    .json()
                    .await?;
                created_before = Some(reply.created_before);
                count += reply.users.len();
                for user in reply.users {
                    black_box(user);
                }
                page += 1;
            }
            Ok(())
        })
    }

    /// The most memory that a list took at any of its pages, in KiB.
    fn memory(&self, users: usize) -> Result<usize, Failure> {
        self.runtime.block_on(async {
            let region = Region::new(ALLOCATOR);
            let mut stream = self.passage.users().list().limit(PAGE as u32).stream();
            let (mut count, mut most) = (0, 0);
            while let Some(user) = stream.next().await {
                black_box(user?);
                count += 1;
                if count % PAGE == 0 {
                    let change = region.change();
                    most = most.max(
                        change
                            .bytes_allocated
                            .saturating_sub(change.bytes_deallocated),
                    );
                }
                if count == users {
                    return Ok(most / 1024);
                }
            }
            Err(format!("{count} users").into())
        })
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Stands for the number of the page in the ids of its users.
const PAGE_MARK: &str = "<the-page>";

/// The argument that makes this program the responder.
const SERVE: &str = "--serve";

/// A process of its own, so that what it costs is not counted. Ends when it is dropped.
struct Responder(Child);

impl Responder {
    fn start() -> Result<(Self, String), Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let mut url = String::new();
        std::io::BufReader::new(stdout).read_line(&mut url)?;
        Ok((Self(child), url.trim().to_owned()))
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers one user, or pages of users without end, from memory.
fn serve() -> Result<(), Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("http://{}", listener.local_addr()?);
            loop {
                let (connection, _) = listener.accept().await?;
                tokio::spawn(answer(connection));
            }
        })
}

async fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let (reader, mut writer) = connection.split();
    let mut lines = BufReader::new(reader).lines();
    let user = json!({ "user": user(0) }).to_string();
    let users: Vec<_> = (0..PAGE).map(user_in_list).collect();
    let users = serde_json::to_string(&users)?;
    loop {
        let Some(request) = lines.next_line().await? else {
            return Ok(());
        };
        while lines
            .next_line()
            .await?
            .is_some_and(|line| !line.is_empty())
        {}
        let reply = if request.contains("/users/user1") {
            head(user.len()) + &user
        } else {
            let page = request
                .split_once("&page=")
                .and_then(|(_, rest)| rest.split(['&', ' ']).next())
                .and_then(|page| page.parse::<usize>().ok())
                .unwrap_or(1);
            let users = users.replace(PAGE_MARK, &format!("{page:010}"));
            let body = format!(
                r#"{{"_links":{LINKS},"created_before":1700000000,"limit":{PAGE},"page":{page},"total_users":2000000,"users":{users}}}"#
            );
            head(body.len()) + &body
        };
        writer.write_all(reply.as_bytes()).await?;
    }
}

const LINKS: &str = r#"{"first":{"href":""},"last":{"href":""},"next":{"href":""},"previous":{"href":""},"self":{"href":""}}"#;

fn head(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
}

fn user_in_list(index: usize) -> Value {
    json!({
        "created_at": "2026-01-02T03:04:05.123456Z", "email": format!("user{index}@example.com"),
        "email_verified": true, "external_id": "", "id": format!("user{PAGE_MARK}{index:010}"),
        "last_login_at": "2026-02-03T04:05:06.123456Z", "login_count": 7, "phone": "",
        "phone_verified": false, "status": "active", "updated_at": "2026-02-03T04:05:06.123456Z",
        "user_metadata": {"plan": "pro"},
    })
}

fn user(index: usize) -> Value {
    let mut user = user_in_list(index);
    if let Some(user) = user.as_object_mut() {
        user.extend([
            ("recent_events".to_owned(), json!([])),
            ("social_connections".to_owned(), json!({})),
            ("webauthn".to_owned(), json!(true)),
            ("webauthn_devices".to_owned(), json!([])),
            ("webauthn_types".to_owned(), json!(["passkey"])),
        ]);
    }
    user
}
