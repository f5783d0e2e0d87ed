use super::*;

fn refused(status: u16, code: &str, text: &str) -> Error {
    Error::refused(Refusal {
        status,
        code: ErrorCode::read(code),
        server_message: Some(text.to_owned()),
        request_id: Some("r-1".to_owned()),
        retry_after: None,
    })
    .with_operation("getUser")
}

#[test]
fn is_one_pointer_wide_and_can_cross_threads() {
    fn sendable<T: Send + Sync + 'static>() {}
    sendable::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
}

#[test]
fn display_has_operation_message_code_status_and_request() {
    assert_eq!(
        refused(404, "user_not_found", "no user a@b.c").to_string(),
        "getUser: not found (user_not_found, 404, request r-1)"
    );
    assert_eq!(
        Error::refused(Refusal {
            status: 502,
            ..Refusal::default()
        })
        .to_string(),
        "the server failed (502)"
    );
    assert_eq!(
        Error::of(ErrorKind::Expired).to_string(),
        "the token has expired"
    );
    assert_eq!(
        Error::of(ErrorKind::Timeout)
            .with_operation("getApp")
            .to_string(),
        "getApp: the server did not answer in time"
    );
}

#[test]
fn the_words_of_the_server_stay_out_of_display_and_debug() {
    let error = refused(400, "invalid_request", "a@b.c is taken");
    assert_eq!(error.server_message(), Some("a@b.c is taken"));
    assert!(!format!("{error} {error:?} {error:#?}").contains("a@b.c"));
}

#[test]
fn predicates_look_at_the_code_before_the_status() {
    // (status, code, text) -> not found, unauthorized, conflict, unavailable, answer
    for (status, code, text, expected) in [
        (404, "user_not_found", "", (true, false, false, false, 500)),
        (404, "", "", (true, false, false, false, 500)),
        (
            400,
            "device_not_found",
            "",
            (true, false, false, false, 500),
        ),
        (
            401,
            "invalid_access_token",
            "",
            (false, true, false, false, 500),
        ),
        (401, "", "", (false, true, false, false, 500)),
        (401, "invalid_nonce", "", (false, false, false, false, 401)),
        (
            409,
            "user_has_no_passkeys",
            "",
            (false, false, true, false, 500),
        ),
        (
            400,
            "invalid_request",
            "user: already exists.",
            (false, false, true, false, 500),
        ),
        (
            400,
            "invalid_request",
            "email: is bad",
            (false, false, false, false, 500),
        ),
        (429, "", "", (false, false, false, true, 503)),
        (
            500,
            "internal_server_error",
            "",
            (false, false, false, true, 503),
        ),
        (503, "", "", (false, false, false, true, 503)),
    ] {
        let error = refused(status, code, text);
        let seen = (
            error.is_not_found(),
            error.is_unauthorized(),
            error.is_conflict(),
            error.is_unavailable(),
            error.answer_status(),
        );
        assert_eq!(seen, expected, "{status} {code} {text}");
        assert!(
            !error.is_token_invalid(),
            "an API error says nothing about the user's token"
        );
    }
}

#[test]
fn source_is_real_and_not_repeated() {
    let cause = std::io::Error::other("broken pipe");
    let error = Error::of(ErrorKind::Connection).with_source(cause);
    assert_eq!(
        error.source().map(ToString::to_string).as_deref(),
        Some("broken pipe")
    );
    assert!(!error.to_string().contains("broken pipe"));
}
