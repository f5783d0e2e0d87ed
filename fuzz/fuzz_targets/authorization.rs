//! `Authorization` fields, one per line; `$0` to `$9` stand for minted tokens.
#![no_main]

use std::sync::LazyLock;

use http::header::AUTHORIZATION;
use libfuzzer_sys::fuzz_target;
use passage_fuzz::reference::{compare, judge_authorization};
use passage_fuzz::{Minted, Pair, expand, fields};
use passage_identity::AuthStrategy;

static RIG: LazyLock<(Pair, Minted)> =
    LazyLock::new(|| (Pair::with_fixed_keys(AuthStrategy::Header), Minted::new()));

fuzz_target!(|input: &[u8]| {
    let (pair, minted) = &*RIG;
    let lines = expand(input, &minted.tokens);
    let Some(headers) = fields(AUTHORIZATION, &lines) else {
        return;
    };
    let verdict = pair.verify_request(&headers);
    compare(&verdict, &judge_authorization(minted, &lines));
});
