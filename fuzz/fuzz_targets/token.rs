//! Bare tokens. The first byte of an input says what the rest is:
//! `e` edits of a minted token, `m` other members for its header and claims, `s` a header and claims
//! to be signed, anything else the token itself.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passage_fuzz::reference::{Expected, judge_signed};
use passage_fuzz::{Key, Minted, Pair, members, sign};
use passage_identity::AuthStrategy;

static RIG: LazyLock<(Pair, Minted)> =
    LazyLock::new(|| (Pair::with_fixed_keys(AuthStrategy::Header), Minted::new()));

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((b'e', edits)) => edited(edits),
        Some((b'm', edits)) => {
            let (header, claims) = members::change(edits);
            signed(header.as_bytes(), claims.as_bytes());
        }
        Some((b's', texts)) => {
            let mut lines = texts.splitn(2, |&byte| byte == b'\n');
            signed(
                lines.next().unwrap_or_default(),
                lines.next().unwrap_or_default(),
            );
        }
        _ => raw(input),
    }
});

/// Nothing verifies but what was minted, to the last byte.
fn raw(token: &[u8]) {
    let (pair, minted) = &*RIG;
    let Ok(text) = std::str::from_utf8(token) else {
        return;
    };
    let user = pair.verify(text).ok();
    assert_eq!(user.as_deref(), minted.user_of(token));
}

/// A minted token, changed by four bytes each time: what to do, where (two bytes), and with what.
fn edited(input: &[u8]) {
    let tokens = &RIG.1.tokens;
    let Some((&which, edits)) = input.split_first() else {
        return;
    };
    let pick = |number: u8| tokens[usize::from(number) % tokens.len()].as_bytes();
    let mut token = pick(which).to_vec();
    for edit in edits.chunks_exact(4) {
        let (what, with) = (edit[0], edit[3]);
        let at = usize::from(u16::from_le_bytes([edit[1], edit[2]])) % (token.len() + 1);
        let end = at.saturating_add(usize::from(with)).min(token.len());
        match what % 8 {
            0 if at < token.len() => token[at] = with,
            1 => token.insert(at, with),
            2 => drop(token.drain(at..end)),
            3 => token.truncate(at),
            4 => {
                let copy = token[at..end].to_vec();
                token.splice(at..at, copy);
            }
            // Another bit of the same byte, so that a symbol stays a symbol more often.
            5 if at < token.len() => token[at] ^= 1 << (with % 8),
            // The same part of another token.
            6 => {
                let part = usize::from(with / 32) % 3;
                let mut parts: Vec<&[u8]> = token.split(|&byte| byte == b'.').collect();
                if let (Some(part_of_token), Some(other)) = (
                    parts.get_mut(part),
                    pick(with).split(|&byte| byte == b'.').nth(part),
                ) {
                    *part_of_token = other;
                }
                token = parts.join(&b'.');
            }
            7 => token.push(with),
            _ => {}
        }
    }
    raw(&token);
}

/// Header and claims, signed as they are: the verdict is that of the policy.
fn signed(header: &[u8], claims: &[u8]) {
    let token = sign(Key::one(), header, claims);
    let verdict = RIG.0.verify(&token);
    match judge_signed(&token, header, claims) {
        Expected::Accept(user) => assert_eq!(verdict, Ok(user)),
        Expected::Refuse => assert!(verdict.is_err(), "accepted as {verdict:?}"),
        Expected::Either => {}
    }
}
