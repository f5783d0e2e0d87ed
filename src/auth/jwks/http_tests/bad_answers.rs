//! What the site may answer instead of a key set.

use std::net::Ipv4Addr;

use serde_json::json;
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;

use super::super::super::UnverifiedToken;
use super::super::super::testing::TestKey;
use super::super::*;
use super::site::{Answer, Site, head, reply};
use super::{PATH, fixture, keys, new, new_key, old, old_key, verifier, verify};

/// A body made longer by white space.
fn padded(body: &str, length: usize) -> String {
    format!("{body}{}", " ".repeat(length - body.len()))
}

/// Answers that are no key set, and what is said of them.
fn bad_answers() -> Vec<(&'static str, Answer, &'static str)> {
    let good = json!({"keys": [new_key()]}).to_string();
    let length = format!("content-length: {}", good.len());
    let chunked = |chunks: &str| {
        let head = head("200 OK", &["transfer-encoding: chunked"]);
        Answer::Bytes([head, chunks.into()].concat())
    };
    let (html, json) = ("content-type: text/html", "content-type: application/json");
    let too_many: Vec<_> = (0..101)
        .map(|kid| TestKey::second().jwk(&kid.to_string()))
        .collect();
    let broken = "the request for the key set failed";
    let not_jwks = "the key set is not a JSON Web Key Set";
    let status = |status: &'static str, body: &str| (status, reply(status, &[json], body));
    let mut answers = vec![
        ("closed at once", Answer::Bytes(Vec::new()), broken),
        (
            "no HTTP",
            Answer::Bytes(b"SSH-2.0-x\r\n\r\n".to_vec()),
            broken,
        ),
        (
            "head cut off",
            Answer::Bytes(b"HTTP/1.1 200 OK\r\nconte".to_vec()),
            broken,
        ),
        (
            "body cut off",
            Answer::Bytes([head("200 OK", &[&length]), good[..99].into()].concat()),
            broken,
        ),
        (
            "a whole set in a body that was to be longer",
            Answer::Bytes(
                [
                    head("200 OK", &["content-length: 9999"]),
                    good.clone().into(),
                ]
                .concat(),
            ),
            broken,
        ),
        (
            "last chunk missing",
            chunked(&format!("{:x}\r\n{good}\r\n", good.len())),
            broken,
        ),
        ("bad chunk", chunked("zz\r\n"), broken),
        ("no body", reply("200 OK", &[json], ""), not_jwks),
        (
            "HTML",
            reply("200 OK", &[html], "<!doctype html><title>Busy</title>"),
            not_jwks,
        ),
        (
            "half a set",
            reply("200 OK", &[json], &good[..99]),
            not_jwks,
        ),
        (
            "compressed",
            reply("200 OK", &["content-encoding: gzip"], b"\x1f\x8b\x08"),
            not_jwks,
        ),
        ("null", reply("200 OK", &[json], "null"), not_jwks),
        (
            "an empty set",
            reply("200 OK", &[json], r#"{"keys":[]}"#),
            "the key set has no key that can be used",
        ),
        (
            "101 keys",
            keys(&too_many),
            "the key set has more than 100 keys",
        ),
        (
            "a body of 64 KiB and a byte",
            reply("200 OK", &[json], padded(&good, 64 * 1024 + 1)),
            "the key set is larger than 64 KiB",
        ),
    ];
    for (status, answer) in [
        status("201 Created", &good),
        status("204 No Content", ""),
        status("206 Partial Content", &good),
        status("304 Not Modified", ""),
        status("401 Unauthorized", &good),
        status("404 Not Found", &good),
        status("429 Too Many Requests", &good),
        status("500 Internal Server Error", &good),
        status("503 Service Unavailable", &good),
    ] {
        answers.push((
            status,
            answer,
            "the request for the key set was answered with status",
        ));
    }
    answers
}

#[tokio::test]
async fn without_keys_a_bad_answer_decides_nothing() {
    for (name, answer, reason) in bad_answers() {
        let fixture = fixture(answer).await;
        let error = fixture
            .verifier
            .verify(&UnverifiedToken::from(&*new()))
            .await
            .err()
            .unwrap();
        assert_eq!(
            (error.kind(), error.answer_status()),
            (ErrorKind::JwksUnavailable, 503),
            "{name}"
        );
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with(reason), "{name}: {cause}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)), "{name}");
        // The wait is not over, so nobody asks again.
        assert_eq!(
            fixture.verify_at_once(&new()),
            Err(ErrorKind::JwksUnavailable),
            "{name}"
        );
        assert_eq!(
            (fixture.site.hits(), fixture.verifier.health()),
            (1, JwksHealth::NeverLoaded),
            "{name}"
        );

        fixture.site.answer(keys(&[new_key()]));
        assert_eq!(fixture.after(1).verify(&new()).await, Ok(()), "{name}");
    }
}

#[tokio::test]
async fn a_bad_answer_never_replaces_good_keys() {
    for (name, answer, _) in bad_answers() {
        let fixture = fixture(keys(&[old_key()])).await;
        assert_eq!(fixture.verify(&old()).await, Ok(()), "{name}");
        fixture.site.answer(answer);
        assert_eq!(
            fixture.verify(&new()).await,
            Err(ErrorKind::UnknownKey),
            "{name}"
        );
        assert_eq!(fixture.verify_at_once(&old()), Ok(()), "{name}");
        assert_eq!(
            (fixture.site.hits(), fixture.verifier.health()),
            (2, JwksHealth::Fresh),
            "{name}"
        );

        fixture.site.answer(keys(&[new_key()]));
        assert_eq!(fixture.after(1).verify(&new()).await, Ok(()), "{name}");
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let elsewhere = Site::start(keys(&[new_key()])).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        for target in [elsewhere.url(PATH).to_string(), "/other".into()] {
            let location = format!("location: {target}");
            let fixture = fixture(reply(status, &[&location], "")).await;
            let verdict = fixture.verify(&new()).await;
            assert_eq!(
                verdict,
                Err(ErrorKind::JwksUnavailable),
                "{status} {target}"
            );
            assert_eq!(fixture.site.hits(), 1, "{status} {target}");
        }
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test]
async fn a_body_of_exactly_64_kib_is_read() {
    let body = json!({"keys": [old_key()]}).to_string();
    let fixture = fixture(reply("200 OK", &[], padded(&body, 64 * 1024))).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let head = head("200 OK", &["transfer-encoding: chunked"]);
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let fixture = fixture(Answer::Repeat(head, chunk.into())).await;
    fixture.site.step(Semaphore::MAX_PERMITS);
    let error = fixture
        .verifier
        .verify(&UnverifiedToken::from(&*old()))
        .await
        .err()
        .unwrap();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the key set is larger than 64 KiB");
    // The site writes until the connection is gone.
    fixture.site.left().await;
}

#[tokio::test]
async fn a_connection_that_is_refused_decides_nothing() {
    // Bound, so that nobody else gets the port, but not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let (verifier, _) = verifier(format!("http://{address}/").parse().unwrap());
    assert_eq!(
        verify(&verifier, &old()).await,
        Err(ErrorKind::JwksUnavailable)
    );
}
