//! How many allocations a token costs. `cargo bench` prints the numbers, `cargo test` holds them
//! to the limit.

use std::alloc::System;

use passage_benches::{Failure, Issuer, ready};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many tokens fill the cache when its memory is measured.
const ENTRIES: u16 = 512;

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

    for (what, padding, limit) in [("usual", 0, 2 * 1024), ("long", 2_400, 8 * 1024)] {
        let bytes = remembered(&issuer, padding)?;
        println!("a {what} token, remembered: {bytes} bytes");
        if bytes <= padding || bytes > limit {
            return Err(format!("{bytes} bytes, the limit is {limit}").into());
        }
    }

    if worst == 0 || worst > LIMIT {
        return Err(format!("{worst} allocations, the limit is {LIMIT}").into());
    }
    Ok(())
}

/// The memory that remembering a token takes, on average over a full cache. `padding` makes the
/// tokens longer: with 2,400 they are nearly as long as any that are remembered.
fn remembered(issuer: &Issuer, padding: usize) -> Result<usize, Failure> {
    let passage = issuer.passage(ENTRIES.into())?;
    let tokens = (0..ENTRIES)
        .map(|user| issuer.token(&format!("{user}{}", "x".repeat(padding))))
        .collect::<Result<Vec<_>, _>>()?;
    let region = Region::new(ALLOCATOR);
    for token in &tokens {
        ready(passage.verify_token(token)).ok_or("not ready")??;
    }
    let change = region.change();
    let taken = change.bytes_allocated - change.bytes_deallocated;
    Ok(taken / usize::from(ENTRIES))
}
