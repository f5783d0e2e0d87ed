//! How many allocations a token costs. `cargo bench` prints the numbers, `cargo test` holds them
//! to the limit.

use std::alloc::System;

use passage_benches::{Failure, Issuer, ready};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The most allocations that verifying a token from scratch may take.
const LIMIT: usize = 20;

fn main() -> Result<(), Failure> {
    let issuer = Issuer::new()?;
    let token = issuer.token("user1")?;
    let mut headers = http::HeaderMap::new();
    headers.insert("cookie", format!("psg_auth_token={token}").parse()?);

    let mut worst = 0;
    for (what, cache) in [("from scratch", 0), ("for the first time", 4096)] {
        // A client per row: with a cache, only the first look at a token is from scratch.
        let passage = issuer.passage(cache)?;
        ready(passage.verify_token(&issuer.token("someone else")?)).ok_or("not ready")??;
        let region = Region::new(ALLOCATOR);
        let claims = ready(passage.verify_token(&token)).ok_or("not ready")??;
        let count = region.change().allocations;
        drop(claims);
        println!("verify_token, {what}: {count} allocations");
        worst = worst.max(count);

        let passage = issuer.passage(cache)?;
        ready(passage.verify_token(&issuer.token("someone else")?)).ok_or("not ready")??;
        let region = Region::new(ALLOCATOR);
        let user = ready(passage.authenticate(&headers)).ok_or("not ready")??;
        let count = region.change().allocations;
        drop(user);
        println!("authenticate, {what}: {count} allocations");
        worst = worst.max(count);
    }

    let passage = issuer.passage(4096)?;
    ready(passage.verify_token(&token)).ok_or("not ready")??;
    let region = Region::new(ALLOCATOR);
    let claims = ready(passage.verify_token(&token)).ok_or("not ready")??;
    println!(
        "verify_token, seen before: {} allocations",
        region.change().allocations
    );
    drop(claims);

    if worst == 0 || worst > LIMIT {
        return Err(format!("{worst} allocations, the limit is {LIMIT}").into());
    }
    Ok(())
}
