use std::time::Duration;

use super::{TestClock, TestIssuer, TestToken, bearer, cookie};
use crate::ErrorKind::{self, BadAudience, BadIssuer, BadSignature, Expired, UnknownKey};
use crate::{AuthStrategy, Passage};

async fn verify(passage: &Passage, token: &str) -> Result<String, ErrorKind> {
    let claims = passage.verify_token(token).await;
    claims
        .map(|claims| claims.user_id.to_string())
        .map_err(|error| error.kind())
}

#[tokio::test]
async fn a_minted_token_is_good_until_the_clock_says_otherwise() {
    let issuer = TestIssuer::new().unwrap();
    let passage = issuer.passage().unwrap();
    let token = issuer.mint("user").unwrap();
    let claims = passage.verify_token(&token).await.unwrap();
    assert_eq!(claims.user_id, "user");
    assert_eq!(claims.issuer, issuer.issuer());
    assert_eq!(claims.audience, [TestIssuer::APP_ID]);
    assert_eq!(claims.issued_at, Some(TestClock::START));
    issuer.clock().advance(Duration::from_secs(3604));
    assert_eq!(verify(&passage, &token).await.as_deref(), Ok("user"));
    issuer.clock().advance(Duration::from_secs(1));
    assert_eq!(verify(&passage, &token).await, Err(Expired));
    let later = issuer.mint("user").unwrap();
    assert_eq!(verify(&passage, &later).await.as_deref(), Ok("user"));
}

#[tokio::test]
async fn forgeries_and_foreign_tokens_are_refused() {
    let issuer = TestIssuer::new().unwrap();
    let passage = issuer.passage().unwrap();
    let forged = issuer.mint(TestToken::new("user").wrong_key()).unwrap();
    assert_eq!(verify(&passage, &forged).await, Err(BadSignature));
    let foreign = TestIssuer::for_app("other").unwrap();
    assert_eq!(
        verify(&passage, &foreign.mint("user").unwrap()).await,
        Err(BadIssuer)
    );
    let half = foreign.mint(TestToken::new("user").issuer(issuer.issuer()));
    assert_eq!(verify(&passage, &half.unwrap()).await, Err(BadAudience));
}

#[tokio::test]
async fn a_rotation_adds_a_key_and_forgetting_takes_the_old_one() {
    let mut issuer = TestIssuer::new().unwrap();
    let (passage, old) = (issuer.passage().unwrap(), issuer.mint("user").unwrap());
    let old_kid = issuer.kid().to_owned();
    issuer.rotate().unwrap();
    assert_ne!(issuer.kid(), old_kid);
    let new = issuer.mint("user").unwrap();
    assert_eq!(verify(&passage, &new).await, Err(UnknownKey));

    let passage = issuer.passage().unwrap();
    assert!(verify(&passage, &old).await.is_ok());
    assert!(verify(&passage, &new).await.is_ok());
    let misnamed = issuer.mint(TestToken::new("user").kid(old_kid)).unwrap();
    assert_eq!(verify(&passage, &misnamed).await, Err(BadSignature));

    issuer.forget_old_keys().unwrap();
    let passage = issuer.passage().unwrap();
    assert_eq!(verify(&passage, &old).await, Err(UnknownKey));
    assert!(verify(&passage, &new).await.is_ok());
}

#[tokio::test]
async fn other_servers_and_strategies_can_be_set() {
    let issuer = TestIssuer::for_app("app").unwrap();
    let token = issuer.mint("user").unwrap();
    let builder = issuer.builder().server("http://127.0.0.1:1");
    let passage = builder.auth_strategy(AuthStrategy::Header).build().unwrap();
    let user = passage.authenticate(&bearer(&token).unwrap()).await;
    assert_eq!(user.unwrap(), "user");
    let error = passage.authenticate(&cookie(&token).unwrap()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenMissing);
}

#[test]
fn the_exported_key_is_the_one_in_the_set() {
    use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
    let issuer = TestIssuer::new().unwrap();
    let pair = RsaKeyPair::from_pkcs8(&issuer.signing_key_pkcs8().unwrap()).unwrap();
    let n = pair.public_key().modulus();
    let n = super::key::encode(n.big_endian_without_leading_zero());
    assert!(issuer.jwks_json().contains(&n));
}

#[test]
fn no_private_key_shows() {
    let issuer = TestIssuer::new().unwrap();
    let shown = format!("{issuer:#?}");
    assert!(shown.contains(r#""testKey00000000000000000""#), "{shown}");
    assert!(shown.len() < 2_000, "{shown}");
}

#[test]
fn an_impossible_app_id_is_refused() {
    assert!(TestIssuer::for_app("..").unwrap_err().is_invalid_input());
}
