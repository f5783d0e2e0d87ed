//! What an attacker may send, one row each: tokens, cookies, header fields and key sets.
//!
//! A row has a name, where the danger is written down (a section of an RFC, or a CVE), the reason
//! in a phrase, and the kind of refusal that the policy in `passage_identity::verification` asks
//! for. The rows of `control` must be accepted, so that refusing everything is no way to pass.

mod claims;
mod control;
mod fixture;
mod form;
mod header;
mod header_json;
mod key_sets;
mod places;
mod rsa;
mod run;
mod signature;

use std::collections::HashSet;

use passage_identity::ErrorKind;

use fixture::Fixture;
use run::Case;

/// Rows of a table: `Kind, name, source, reason => input;`.
macro_rules! rows {
    ($cases:ident: $( $kind:ident, $name:expr, $source:expr, $reason:expr => $input:expr; )*) => {
        $( $cases.push(crate::hostile::run::Case {
            name: $name.into(),
            source: $source,
            reason: $reason,
            expected: passage_identity::ErrorKind::$kind,
            input: $input.into(),
        }); )*
    };
}
pub(crate) use rows;

fn all(fixture: &Fixture) -> Vec<Case> {
    let mut cases = Vec::new();
    for area in [
        form::cases,
        header::cases,
        header_json::cases,
        signature::cases,
        claims::cases,
        places::cases,
        key_sets::cases,
    ] {
        area(fixture, &mut cases);
    }
    cases
}

async fn refused(area: fn(&Fixture, &mut Vec<Case>)) {
    let fixture = Fixture::shared();
    let mut cases = Vec::new();
    area(fixture, &mut cases);
    assert!(!cases.is_empty());
    // Most cases are a variation of this token, so the caches should know it.
    run::warm_up(fixture).await;
    let mut failures = Vec::new();
    for case in &cases {
        failures.extend(run::refusal(fixture, case).await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn bad_form_is_refused() {
    refused(form::cases).await;
}

#[tokio::test]
async fn bad_headers_are_refused() {
    refused(header::cases).await;
    refused(header_json::cases).await;
}

#[tokio::test]
async fn bad_signatures_are_refused() {
    refused(signature::cases).await;
}

#[tokio::test]
async fn bad_claims_are_refused() {
    refused(claims::cases).await;
}

#[tokio::test]
async fn tokens_in_bad_places_are_refused() {
    refused(places::cases).await;
}

#[tokio::test]
async fn bad_keys_verify_nothing() {
    refused(key_sets::cases).await;
}

#[test]
fn bodies_that_are_no_key_set_are_refused() {
    key_sets::refused_bodies(Fixture::shared());
}

#[tokio::test]
async fn unusual_but_good_requests_are_accepted() {
    let fixture = Fixture::shared();
    let mut failures = Vec::new();
    for case in control::cases(fixture) {
        failures.extend(run::acceptance(fixture, &case).await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_corpus_is_what_it_claims_to_be() {
    let fixture = Fixture::shared();
    let cases = all(fixture);
    assert!(cases.len() >= 600, "{} cases", cases.len());
    assert!(control::cases(fixture).len() >= 80);

    let mut names = HashSet::new();
    for case in &cases {
        assert!(
            names.insert(&case.name),
            "two cases are called {}",
            case.name
        );
        assert!(
            case.source.starts_with("RFC ") || case.source.starts_with("CVE-"),
            "{}: {}",
            case.name,
            case.source
        );
        assert!(!case.reason.is_empty(), "{}", case.name);
    }

    // The kinds between the first and the last of the family, as the list has them.
    let token_kinds = ErrorKind::ALL
        .iter()
        .skip_while(|kind| **kind != ErrorKind::TokenMissing)
        .take_while(|kind| **kind != ErrorKind::JwksUnavailable);
    let mut count = 0;
    for kind in token_kinds {
        count += 1;
        assert!(
            cases.iter().any(|case| case.expected == *kind),
            "no case ends in {kind}"
        );
    }
    assert_eq!(count, 17);
}
