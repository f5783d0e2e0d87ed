//! Answers: successes of another shape, refusals, waits that are asked for, redirects.

use passage_identity::ErrorKind;

use crate::faults::row::{
    ALWAYS, Bad, CONNECTION, DECODE, Good, IF_SAFE, ONCE, SOCKETS, api, check, row, seconds,
};
use crate::support::fault_replies::{
    announcing, gzip_bomb, head, ok, refusal, send, then, user, whole,
};
use crate::support::fault_server::Step;

#[tokio::test(start_paused = true)]
async fn replies_of_another_shape() {
    let whole_body = user().to_string();
    let mut strange = user();
    strange["user"]["status"] = "asleep".into();
    strange["user"]["shoe_size"] = 44.into();
    strange["user"]["webauthn_types"] = serde_json::json!(["passkey", "hologram"]);
    strange["weather"] = serde_json::json!({"wind": null});
    let mut wrong = user();
    wrong["user"]["login_count"] = "many".into();
    let gzip = [
        ("content-encoding", "gzip"),
        ("content-type", "application/json"),
    ];
    let without_length =
        |body: &str| then([&head(200, &[]), body.as_bytes()].concat(), Step::Close);
    check([
        row("as it should be", send(ok()), Good, ONCE),
        row(
            "until the end of the connection",
            without_length(&whole_body),
            Good,
            ONCE,
        ),
        row(
            "unknown values and members",
            send(whole(200, &[], strange.to_string())),
            Good,
            ONCE,
        ),
        row(
            "another success",
            send(whole(203, &[], &whole_body)),
            Good,
            ONCE,
        ),
        row(
            "truncated JSON",
            send(whole(200, &[], &whole_body[..100])),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row(
            "truncated JSON without a length",
            without_length(&whole_body[..100]),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row(
            "wrong type",
            send(whole(200, &[], wrong.to_string())),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row("wrong shape", send(whole(200, &[], "[]")), DECODE, ONCE).but_deletes(),
        row("null", send(whole(200, &[], "null")), DECODE, ONCE).but_deletes(),
        row(
            "HTML",
            send(whole(200, &[("content-type", "text/html")], "<html>")),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        row("no body", send(whole(200, &[], "")), DECODE, ONCE).but_deletes(),
        row("no content", send(head(204, &[])), DECODE, ONCE).but_deletes(),
        row(
            "deep JSON",
            send(whole(200, &[], "[".repeat(100_000))),
            DECODE,
            ONCE,
        )
        .but_deletes(),
        // Compression is not asked for, so it is not undone: 18 KB stay 18 KB.
        row(
            "gzip bomb",
            send(whole(200, &gzip, gzip_bomb())),
            DECODE,
            ONCE,
        )
        .but_deletes()
        .sends_at_most(20_000),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals() {
    for status in [
        400, 401, 402, 403, 404, 405, 408, 409, 418, 422, 451, 501, 505, 599,
    ] {
        check([row(
            status.to_string(),
            send(refusal(status, &[])),
            api(status),
            ONCE,
        )])
        .await;
    }
    for status in [500, 502, 503, 504] {
        check([row(
            status.to_string(),
            send(refusal(status, &[])),
            api(status),
            IF_SAFE,
        )])
        .await;
    }
    check([
        row("429", send(refusal(429, &[])), api(429), ALWAYS),
        row("503, then well", send(ok()), Good, [2, 1, 2, 2])
            .after(vec![send(refusal(503, &[]))])
            .fails_to_create(api(503)),
        row("429 twice, then well", send(ok()), Good, ALWAYS)
            .after(vec![send(refusal(429, &[])), send(refusal(429, &[]))]),
        row("closed, then well", send(ok()), Good, [2, 1, 2, 2])
            .after(vec![vec![Step::Close]])
            .fails_to_create(CONNECTION),
        row(
            "429, then not found",
            send(refusal(404, &[])),
            api(404),
            [2; 4],
        )
        .after(vec![send(refusal(429, &[]))]),
        row(
            "an unknown status",
            send(refusal(799, &[])),
            Bad(ErrorKind::UnexpectedResponse, Some(799)),
            ONCE,
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals_whose_body_is_bad_keep_their_status() {
    let flood = |status| then(head(status, &[]), Step::Flood(vec![b'x'; 64 * 1024]));
    let stalled = |status| then(announcing(status, 1000), Step::Stall);
    check([
        row("no body", send(whole(404, &[], "")), api(404), ONCE),
        row(
            "HTML",
            send(whole(403, &[("content-type", "text/html")], "<html>")),
            api(403),
            ONCE,
        ),
        row(
            "another shape",
            send(whole(409, &[], r#"{"code":1,"error":[]}"#)),
            api(409),
            ONCE,
        ),
        row(
            "members twice",
            send(whole(404, &[], r#"{"code":"a","code":"b","error":""}"#)),
            api(404),
            ONCE,
        ),
        row(
            "short body",
            then(announcing(404, 1000), Step::Close),
            api(404),
            ONCE,
        ),
        row(
            "short body of 503",
            then(announcing(503, 1000), Step::Close),
            api(503),
            IF_SAFE,
        ),
        row(
            "short body of 429",
            then(announcing(429, 1000), Step::Close),
            api(429),
            ALWAYS,
        ),
        row("stalled body", stalled(404), api(404), ONCE).hasty(),
        row("stalled body of 500", stalled(500), api(500), IF_SAFE).hasty(),
        row("endless body", flood(404), api(404), ONCE).sends_at_most(SOCKETS),
        row("endless body of 503", flood(503), api(503), IF_SAFE).sends_at_most(SOCKETS),
        row(
            "gzip",
            send(whole(404, &[("content-encoding", "gzip")], gzip_bomb())),
            api(404),
            ONCE,
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn waits_that_the_server_asks_for() {
    let wait = |status, text: &str| send(refusal(status, &[("retry-after", text)]));
    let in_seconds = |seconds: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let year = seconds(366 * 24 * 3600);
    check([
        row("seconds", wait(429, "7"), api(429), ALWAYS)
            .waits(seconds(7))
            .carries(seconds(7), seconds(7)),
        row("seconds of 503", wait(503, "7"), api(503), IF_SAFE)
            .waits(seconds(7))
            .carries(seconds(7), seconds(7)),
        row("no seconds", wait(429, "0"), api(429), ALWAYS).carries(seconds(0), seconds(0)),
        // The clock on the wall decides how long it is until a date, and it has run on a little.
        row("a date", wait(429, &in_seconds(14)), api(429), ALWAYS)
            .waits(seconds(5))
            .carries(seconds(5), seconds(14)),
        row(
            "a past date",
            wait(429, "Sun, 06 Nov 1994 08:49:37 GMT"),
            api(429),
            ALWAYS,
        )
        .carries(seconds(0), seconds(0)),
        row("garbage", wait(429, "soon"), api(429), ALWAYS),
        row("a negative number", wait(503, "-1"), api(503), IF_SAFE),
        row("10^20", wait(429, "100000000000000000000"), api(429), ONCE).carries(year, year),
        row("beyond the deadline", wait(429, "31"), api(429), ONCE)
            .carries(seconds(31), seconds(31)),
        row(
            "a date beyond it",
            wait(503, &in_seconds(3600)),
            api(503),
            ONCE,
        )
        .carries(seconds(3000), seconds(3600)),
        row(
            "beyond what is left of it",
            wait(429, "20"),
            api(429),
            [2; 4],
        )
        .waits(seconds(20))
        .carries(seconds(20), seconds(20)),
        row("of no rule", wait(404, "7"), api(404), ONCE).carries(seconds(7), seconds(7)),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn redirects_are_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let elsewhere_url = format!("http://{}/users/user1", elsewhere.local_addr().unwrap());
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in [
            "/api/v1/apps/app1/users/user2",
            "//localhost/",
            "?x",
            &elsewhere_url,
        ] {
            let reply = whole(status, &[("location", location)], "");
            let outcome = Bad(ErrorKind::UnexpectedResponse, Some(status));
            check([row(
                format!("{status} to {location}"),
                send(reply),
                outcome,
                ONCE,
            )])
            .await;
        }
    }
    let reply = |body: Step| {
        then(
            head(
                302,
                &[("location", &elsewhere_url), ("content-length", "1000")],
            ),
            body,
        )
    };
    let outcome = Bad(ErrorKind::UnexpectedResponse, Some(302));
    check([
        row("with a short body", reply(Step::Close), outcome, ONCE),
        row("with a stalled body", reply(Step::Stall), outcome, ONCE).hasty(),
    ])
    .await;
    // Whoever had connected would be waiting here.
    let nobody = elsewhere.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
