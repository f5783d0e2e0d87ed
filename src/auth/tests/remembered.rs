//! Tokens seen before: what a hit of the cache means.

use super::*;

fn set(key: &TestKey, kid: &str) -> Result<bytes::Bytes, jwks::fetch::FetchError> {
    Ok(key_set(&[key.jwk(kid)]))
}

#[tokio::test]
async fn a_hit_is_the_same_verified_token() {
    let verifier = verifier(AuthStrategy::Cookie);
    let token = token("user1");
    let first = verifier
        .verify(&UnverifiedToken::from(&*token))
        .await
        .unwrap();
    let second = verifier
        .verify(&UnverifiedToken::from(&*token))
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&first, &second), "not verified again");
    let claims: Claims<Value> = Arc::clone(&second).into_claims_as().unwrap();
    assert_eq!(claims.custom, super::claims("user1"));
    assert_eq!(
        second.into_claims().custom.get("sub"),
        Some(&json!("user1"))
    );
}

#[tokio::test]
async fn nothing_is_remembered_when_switched_off_or_too_long() {
    let long = TestKey::first().token(HEADER, &{
        let mut claims = claims("user1");
        claims["padding"] = json!("x".repeat(4096));
        claims.to_string()
    });
    let mut off = verifier(AuthStrategy::Cookie);
    off.cache = None;
    for (verifier, token) in [
        (off, token("user1")),
        (verifier(AuthStrategy::Cookie), long),
    ] {
        let first = verifier
            .verify(&UnverifiedToken::from(&*token))
            .await
            .unwrap();
        let second = verifier
            .verify(&UnverifiedToken::from(&*token))
            .await
            .unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
    }
}

#[tokio::test]
async fn times_are_checked_on_every_hit() {
    let fetch = TestFetch::new([set(TestKey::first(), "first")]);
    let (verifier, clock) = verifier_with(AuthStrategy::Cookie, fetch);
    let token = token("user1");
    assert!(verify(&verifier, &token).await.is_ok());
    clock.advance(Duration::from_secs(65));
    assert_eq!(verify(&verifier, &token).await, Err(ErrorKind::Expired));
    assert_eq!(verify(&verifier, &token).await, Err(ErrorKind::Expired));
}

#[tokio::test]
async fn a_clock_that_goes_back_before_nbf_is_noticed_on_a_hit() {
    let verifier = verifier(AuthStrategy::Cookie);
    let token = token("user1");
    let verified = verifier
        .verify(&UnverifiedToken::from(&*token))
        .await
        .unwrap();
    let early = jiff::Timestamp::from_second(TestClock::START - 11).unwrap();
    assert_eq!(
        verified.accepted.check_times(&verifier.policy, early),
        Err(ErrorKind::NotYetValid)
    );
}

#[tokio::test]
async fn an_entry_dies_with_its_key_and_only_with_its_key() {
    let (first, second) = (TestKey::first(), TestKey::second());
    let both = key_set(&[first.jwk("first"), second.jwk("other")]);
    let fetch = TestFetch::new([
        set(first, "first"),
        // Another key joins: nothing that touches the entry.
        Ok(both),
        // The name now means another key.
        set(second, "first"),
        set(first, "first"),
        // The key is withdrawn.
        set(second, "other"),
    ]);
    let (verifier, clock) = verifier_with(AuthStrategy::Cookie, fetch);
    let long_lived = {
        let mut claims = claims("user1");
        claims["exp"] = json!(TestClock::START + 100_000);
        first.token(HEADER, &claims.to_string())
    };
    let one = verifier
        .verify(&UnverifiedToken::from(&*long_lived))
        .await
        .unwrap();
    clock.advance(Duration::from_secs(600));
    let same = verifier
        .verify(&UnverifiedToken::from(&*long_lived))
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&one, &same));
    clock.advance(Duration::from_secs(600));
    let refused = verify(&verifier, &long_lived).await;
    assert_eq!(refused, Err(ErrorKind::BadSignature));
    clock.advance(Duration::from_secs(600));
    let anew = verifier
        .verify(&UnverifiedToken::from(&*long_lived))
        .await
        .unwrap();
    assert!(!Arc::ptr_eq(&one, &anew));
    clock.advance(Duration::from_secs(600));
    let refused = verify(&verifier, &long_lived).await;
    assert_eq!(refused, Err(ErrorKind::UnknownKey));
}

#[tokio::test]
async fn a_hit_does_not_outlive_keys_that_nobody_can_refresh() {
    let fetch = TestFetch::new([
        set(TestKey::first(), "first"),
        Err(jwks::fetch::FetchError::Status(500)),
    ]);
    let (verifier, clock) = verifier_with(AuthStrategy::Cookie, fetch);
    let long_lived = {
        let mut claims = claims("user1");
        claims["exp"] = json!(TestClock::START + 1_000_000);
        TestKey::first().token(HEADER, &claims.to_string())
    };
    assert!(verify(&verifier, &long_lived).await.is_ok());
    clock.advance(Duration::from_secs(24 * 3600));
    let undecided = verify(&verifier, &long_lived).await;
    assert_eq!(undecided, Err(ErrorKind::JwksUnavailable));
}

#[tokio::test]
async fn no_more_than_so_many_are_remembered() {
    let verifier = verifier(AuthStrategy::Cookie);
    let key = TestKey::first();
    for user in 0..400 {
        let token = key.token(HEADER, &claims(&format!("user{user}")).to_string());
        assert!(verify(&verifier, &token).await.is_ok());
    }
    let remembered = verifier.cache.as_ref().map_or(0, TokenCache::len);
    assert!((1..=100).contains(&remembered), "{remembered}");
}
