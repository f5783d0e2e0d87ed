//! The same token, verified by the libraries that services in other languages use for it: PyJWT
//! with `cryptography` (Python) and `jose` (Node). Each runs in its own process with the key parsed
//! beforehand, and counts its own CPU time.
//!
//! `benches/peers/README.md` says how to install them. A peer that is not there is skipped, and
//! says so.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cpu_time::ThreadTime;
use passage_benches::{APP, Failure, ISSUER, Issuer, ready};
use serde_json::json;

const ROUNDS: u32 = 20_000;

fn main() -> Result<(), Failure> {
    let issuer = Issuer::new()?;
    let token = issuer.token("8Zb1xS0qWvJk3nRt5uYc7dEf")?;
    let (n, e) = issuer.components();
    let input = json!({
        "token": token, "issuer": ISSUER, "audience": APP, "rounds": ROUNDS / 10,
        "jwk": {
            "kty": "RSA", "alg": "RS256",
            "n": BASE64_URL_SAFE_NO_PAD.encode(n), "e": BASE64_URL_SAFE_NO_PAD.encode(e),
        },
    })
    .to_string();

    let (signed, signature) = token.rsplit_once('.').ok_or("no signature")?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature)?;
    let key = issuer.parsed()?;
    let limit = micros(|| Ok(key.verify_sig(signed.as_bytes(), &signature)?))?;
    let passage = issuer.passage(0)?;
    let ours = micros(|| {
        ready(passage.verify_token(&token)).ok_or("not ready")??;
        Ok(())
    })?;

    println!("| Who | CPU time per token | Times the limit's speed |");
    println!("|---|---|---|");
    print_row("the limit: ParsedPublicKey::verify_sig", limit, limit);
    print_row("passage-identity, from scratch", ours, limit);
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    for (name, program, script) in [
        ("Node: jose", "node", "jose.mjs"),
        ("Python: PyJWT", "python3", "pyjwt.py"),
    ] {
        match run(program, &scripts.join(script), &input) {
            Ok(micros) => print_row(name, micros, limit),
            Err(reason) => println!("SKIPPED {name}: {reason}"),
        }
    }
    Ok(())
}

fn print_row(name: &str, micros: f64, limit: f64) {
    println!("| {name} | {micros:.1} µs | {:.2} |", limit / micros);
}

fn micros(mut run: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    for _ in 0..ROUNDS / 10 {
        run()?;
    }
    let start = ThreadTime::now();
    for _ in 0..ROUNDS {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS))
}

/// Runs a peer, which prints its microseconds per token.
fn run(program: &str, script: &Path, input: &str) -> Result<f64, Failure> {
    let output = Command::new(program).arg(script).arg(input).output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(words
            .lines()
            .last()
            .unwrap_or("it failed")
            .to_owned()
            .into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
