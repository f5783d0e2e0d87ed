//! What verifying a token costs, as a ratio to the one thing that cannot be saved: checking the
//! RSA signature with a key that `aws-lc-rs` has parsed, measured in the same run.
//!
//! Criterion gives each case its statistics. The ratios come from a second pass that takes turns
//! between all cases and counts the CPU time of this thread, so that neither a busy machine nor
//! one that slows down half-way favours a case.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cpu_time::ThreadTime;
use criterion::Criterion;
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use passage_benches::{APP, Failure, ISSUER, Issuer, ready};
use passage_identity::Passage;
use serde_json::json;

const ROUNDS: usize = 200;
const TOKENS: usize = 64;

fn main() -> Result<(), Failure> {
    let issuer = Issuer::new()?;
    let cases = Cases::new(&issuer)?;
    cases.check()?;

    let mut criterion = Criterion::default().configure_from_args();
    for case in cases.all() {
        criterion.bench_function(case.name, |bencher| bencher.iter(&case.run));
    }
    criterion.final_summary();

    let failed = print_ratios(&cases.all());
    print_scaling(&issuer)?;
    if failed > 0 {
        return Err(format!("{failed} goals are not met").into());
    }
    Ok(())
}

/// What a case should come to.
enum Goal {
    None,
    /// So many times the speed of the limit, at least.
    Ratio(f64),
    /// So many microseconds, at most.
    Micros(f64),
}

struct Case<'a> {
    name: &'static str,
    goal: Goal,
    /// How often to run it per turn, for turns of about a millisecond.
    batch: u32,
    run: Box<dyn Fn() + 'a>,
}

/// What the cases work on.
struct Cases {
    key: ParsedPublicKey,
    signed: String,
    signature: Vec<u8>,
    token: String,
    cookie: HeaderMap,
    decoding_key: DecodingKey,
    validation: Validation,
    uncached: Passage,
    cached: Passage,
    garbage: Vec<(&'static str, String)>,
}

impl Cases {
    fn new(issuer: &Issuer) -> Result<Self, Failure> {
        let token = issuer.token("8Zb1xS0qWvJk3nRt5uYc7dEf")?;
        let (signed, signature) = token.rsplit_once('.').ok_or("no signature")?;
        let mut cookie = HeaderMap::new();
        let field = format!("theme=dark; psg_auth_token={token}; lang=en");
        cookie.insert("cookie", field.parse()?);

        let (n, e) = issuer.components();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[APP]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;

        let none = json!({"alg": "none", "typ": "JWT"});
        let stranger = json!({"alg": "RS256", "kid": "stranger"});
        let claims = json!({"sub": "user"});
        Ok(Self {
            key: issuer.parsed()?,
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature)?,
            cookie,
            decoding_key: DecodingKey::from_rsa_raw_components(&n, &e),
            validation,
            uncached: issuer.passage(0)?,
            cached: issuer.passage(4096)?,
            garbage: vec![
                ("refuse: not a token", "x".repeat(750)),
                ("refuse: not base64", format!("{token}=")),
                ("refuse: alg none", issuer.sign(&none, &claims)?),
                ("refuse: unknown kid", issuer.sign(&stranger, &claims)?),
                ("refuse: 1 MB", "A".repeat(1 << 20)),
            ],
            token,
        })
    }

    /// That each case does what it says.
    fn check(&self) -> Result<(), Failure> {
        self.key
            .verify_sig(self.signed.as_bytes(), &self.signature)?;
        self.decode_with_jsonwebtoken()?;
        for passage in [&self.uncached, &self.cached] {
            ready(passage.verify_token(&self.token)).ok_or("not ready")??;
            ready(passage.authenticate(&self.cookie)).ok_or("not ready")??;
            for (name, token) in &self.garbage {
                let refused = ready(passage.verify_token(token)).ok_or("not ready")?;
                refused.err().ok_or(*name)?;
            }
        }
        Ok(())
    }

    fn decode_with_jsonwebtoken(&self) -> Result<(), Failure> {
        #[derive(serde::Deserialize)]
        struct Claims {
            sub: String,
        }
        let key = &self.decoding_key;
        let data = jsonwebtoken::decode::<Claims>(&self.token, key, &self.validation)?;
        black_box(data.claims.sub);
        Ok(())
    }

    fn all(&self) -> Vec<Case<'_>> {
        let case = |name, goal, batch, run| Case {
            name,
            goal,
            batch,
            run,
        };
        let mut all = vec![
            case(
                LIMIT,
                Goal::None,
                50,
                Box::new(|| {
                    let signed = black_box(self.signed.as_bytes());
                    let _ = black_box(self.key.verify_sig(signed, &self.signature));
                }) as Box<dyn Fn() + '_>,
            ),
            case(
                "peer: jsonwebtoken decode",
                Goal::None,
                50,
                Box::new(|| {
                    let _ = black_box(self.decode_with_jsonwebtoken());
                }),
            ),
            case(
                "verify_token",
                Goal::Ratio(0.9),
                50,
                self.verify(&self.uncached),
            ),
            case(
                "authenticate by cookie",
                Goal::Ratio(0.9),
                50,
                self.authenticate(&self.uncached),
            ),
            case(
                "verify_token, seen before",
                Goal::Ratio(20.0),
                1_000,
                self.verify(&self.cached),
            ),
            case(
                "authenticate by cookie, seen before",
                Goal::Ratio(20.0),
                1_000,
                self.authenticate(&self.cached),
            ),
        ];
        all.extend(self.garbage.iter().map(|(name, token)| {
            let goal = if token.len() > 100_000 { 50.0 } else { 5.0 };
            case(
                name,
                Goal::Micros(goal),
                1_000,
                Box::new(move || {
                    let _ = black_box(ready(self.cached.verify_token(black_box(token))));
                }),
            )
        }));
        all
    }

    fn verify<'a>(&'a self, passage: &'a Passage) -> Box<dyn Fn() + 'a> {
        Box::new(|| {
            let _ = black_box(ready(passage.verify_token(black_box(&self.token))));
        })
    }

    fn authenticate<'a>(&'a self, passage: &'a Passage) -> Box<dyn Fn() + 'a> {
        Box::new(|| {
            let _ = black_box(ready(passage.authenticate(black_box(&self.cookie))));
        })
    }
}

const LIMIT: &str = "limit: ParsedPublicKey::verify_sig, RSA-2048";

/// Takes turns between the cases, prints a table, and returns how many goals are missed.
fn print_ratios(cases: &[Case<'_>]) -> usize {
    let mut times = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter().zip(&mut times) {
            let start = ThreadTime::now();
            for _ in 0..case.batch {
                (case.run)();
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(case.batch));
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    let limit = medians.first().copied().unwrap_or(f64::NAN);

    println!("| Case | CPU time | Times the limit's speed | Goal | |");
    println!("|---|---|---|---|---|");
    let mut missed = 0;
    for (case, micros) in cases.iter().zip(medians) {
        let ratio = limit / micros;
        let (goal, met) = match case.goal {
            Goal::None => (String::new(), None),
            Goal::Ratio(goal) => (format!("at least {goal}"), Some(ratio >= goal)),
            Goal::Micros(goal) => (format!("at most {goal} µs"), Some(micros <= goal)),
        };
        missed += usize::from(met == Some(false));
        let met = met.map_or("", |met| if met { "met" } else { "MISSED" });
        println!(
            "| {} | {micros:.3} µs | {ratio:.2} | {goal} | {met} |",
            case.name
        );
    }
    missed
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a second thread adds: tokens seen before, each thread all of them in turn.
fn print_scaling(issuer: &Issuer) -> Result<(), Failure> {
    let passage = issuer.passage(4096)?;
    let tokens = (0..TOKENS)
        .map(|user| issuer.token(&format!("user{user}")))
        .collect::<Result<Vec<_>, _>>()?;
    let first = tokens.get(..1).unwrap_or_default();
    for (what, tokens) in [("64 tokens", tokens.as_slice()), ("one token", first)] {
        let alone = throughput(&passage, tokens, 1);
        let together = throughput(&passage, tokens, 2);
        println!(
            "{what} seen before, verified by two threads: {:.2} times the tokens of one",
            together / alone
        );
    }
    Ok(())
}

fn throughput(passage: &Passage, tokens: &[String], threads: usize) -> f64 {
    const EACH: usize = 400_000;
    let barrier = Barrier::new(threads);
    let seconds = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let start = Instant::now();
                    for token in tokens.iter().cycle().take(EACH) {
                        let _ = black_box(ready(passage.verify_token(token)));
                    }
                    start.elapsed().as_secs_f64()
                })
            })
            .collect();
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .fold(0.0, f64::max)
    });
    #[allow(clippy::cast_precision_loss)]
    let all = (EACH * threads) as f64;
    all / seconds
}
