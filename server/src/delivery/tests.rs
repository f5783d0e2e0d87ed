//! Delivery to providers on this machine.

pub(crate) mod mail_server;

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

use self::mail_server::MailServer;
use super::message::{Content, NewMessage};
use super::queue::{DeliveryQueue, Failure, Transport};
use super::{Channel, Delivery, LANGUAGES, Language, Message, Smtp, SmtpSecurity, TextHook};

use crate::clock::Time;
use crate::clock::at;
use crate::identifier::Identifier;
use crate::store::Purpose;

const FROM: &str = "Example <no-reply@example.com>";
const NO_PAUSES: [Duration; 2] = [Duration::ZERO; 2];

fn message(id: &str, channel: Channel, to: &str) -> Message {
    Message {
        id: id.to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::UNIX_EPOCH,
        channel,
        to: to.to_owned(),
        purpose: "login".to_owned(),
        language: "en".to_owned(),
        user_id: "user".to_owned(),
        magic_link_id: None,
        url: None,
        otp_id: Some("otp id".to_owned()),
        code: Some("012345".to_owned()),
        subject: "Subject".to_owned(),
        text: "012345 is your code.".to_owned(),
    }
}

pub(crate) fn plain(server: &MailServer) -> Smtp {
    Smtp::new("127.0.0.1", FROM)
        .security(SmtpSecurity::None)
        .port(server.port())
}

fn queue(smtp: Smtp) -> DeliveryQueue {
    DeliveryQueue::with_pauses(Transport::Smtp(smtp.connect().unwrap()), &NO_PAUSES)
}

#[tokio::test]
async fn mail_is_tried_again_when_that_may_help() {
    for (answers, tries, delivered) in [
        (&["451 later"][..], 2, true),
        (&["451 later", "421 busy"], 3, true),
        (&["451 later", "451 later", "451 later"], 3, false),
        (&["550 no such user"], 1, false),
    ] {
        let mut mails = MailServer::start(answers).await;
        let queue = queue(plain(&mails));
        queue.take(message("a", Channel::Email, "ada@example.com"));
        queue.close(Duration::from_secs(5)).await;
        let came: Vec<String> = mails.rest().into_iter().map(|mail| mail.to).collect();
        let expected = if delivered {
            &["<ada@example.com>"][..]
        } else {
            &[]
        };
        assert_eq!(came, expected, "{answers:?}");
        assert_eq!(mails.tries(), tries, "{answers:?}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_mailed_to_disturbs_no_other() {
    let mut mails = MailServer::start(&[]).await;
    let queue = queue(plain(&mails));
    queue.take(message("a", Channel::Email, "\"><script>@example.com"));
    queue.take(message("b", Channel::Email, "ada@example.com"));
    queue.close(Duration::from_secs(5)).await;
    queue.take(message("c", Channel::Email, "bob@example.com"));
    let came: Vec<String> = mails.rest().into_iter().map(|mail| mail.to).collect();
    assert_eq!(came, ["<ada@example.com>"]);
}

#[tokio::test]
async fn no_mail_goes_where_tls_is_not_offered() {
    let mut mails = MailServer::start(&[]).await;
    let smtp = Smtp::new("localhost", FROM)
        .security(SmtpSecurity::StartTls)
        .port(mails.port())
        .credentials("me", "password");
    let carrier = smtp.connect().unwrap();
    let failure = carrier
        .carry(&message("a", Channel::Email, "ada@example.com"))
        .await
        .unwrap_err();
    assert_eq!((failure.temporary, mails.tries()), (false, 0));
    assert!(mails.rest().is_empty());
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let smtp = Smtp::new("127.0.0.1", FROM)
        .security(SmtpSecurity::None)
        .port(listener.local_addr().unwrap().port())
        .timeout(Duration::from_millis(20));
    let carrier = smtp.connect().unwrap();
    let mail = message("a", Channel::Email, "ada@example.com");
    let failure = carrier.carry(&mail).await.unwrap_err();
    assert!(failure.temporary, "{failure}");
    drop(listener);
    let failure = carrier.carry(&mail).await.unwrap_err();
    assert!(failure.temporary, "{failure}");
}

/// A hook that gives these answers in turn, and then 204.
pub(crate) async fn hook(
    answers: Vec<u16>,
) -> (String, mpsc::UnboundedReceiver<(HeaderMap, Value)>) {
    let (calls, received) = mpsc::unbounded_channel();
    let answers = std::sync::Arc::new(std::sync::Mutex::new(answers.into_iter()));
    let answer = move |headers: HeaderMap, body: axum::body::Bytes| async move {
        calls
            .send((headers, serde_json::from_slice(&body).unwrap()))
            .unwrap();
        let status = answers.lock().unwrap().next().unwrap_or(204);
        let location = [("location", "/elsewhere")];
        (StatusCode::from_u16(status).unwrap(), location)
    };
    let router = axum::Router::new().fallback(axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/texts?key=k", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = router.clone();
            let service =
                hyper::service::service_fn(move |request| service.clone().oneshot(request));
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    (url, received)
}

#[tokio::test]
async fn a_hook_is_asked_again_when_that_may_help() {
    for (answers, calls) in [
        (vec![503], 2),
        (vec![429, 408], 3),
        (vec![500, 502, 504], 3),
        (vec![400], 1),
        (vec![401], 1),
        // The secret does not follow a redirect.
        (vec![307], 1),
    ] {
        let (url, mut received) = hook(answers.clone()).await;
        let carrier = TextHook::new(url, "hook-secret").connect().unwrap();
        let queue = DeliveryQueue::with_pauses(Transport::Hook(carrier), &NO_PAUSES);
        queue.take(message("a", Channel::Phone, "+15005550006"));
        queue.close(Duration::from_secs(5)).await;
        let mut ids = Vec::new();
        while let Ok((_, body)) = received.try_recv() {
            ids.push(body["id"].clone());
        }
        assert_eq!(ids, vec![json!("a"); calls], "{answers:?}");
    }
}

#[tokio::test]
async fn a_hook_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let carrier = TextHook::new(url, "hook-secret")
        .timeout(Duration::from_millis(20))
        .connect()
        .unwrap();
    let text = message("a", Channel::Phone, "+15005550006");
    let slow = carrier.carry(&text).await.unwrap_err();
    drop(listener);
    let gone = carrier.carry(&text).await.unwrap_err();
    let failure = |reason: &str| Failure {
        temporary: true,
        reason: reason.to_owned(),
    };
    assert_eq!(slow, failure("the text hook took too long"));
    assert_eq!(gone, failure("the text hook was not reached, or broke off"));
}

#[tokio::test]
async fn providers_that_cannot_work_stop_the_start() {
    let mail = |smtp| Delivery::new().mail(smtp);
    let texts = |url: &str, secret: &str| Delivery::new().texts(TextHook::new(url, secret));
    for (delivery, problem) in [
        (mail(Smtp::new("localhost", "nobody")), "sender"),
        (
            mail(Smtp::new("mail.example.com", FROM).security(SmtpSecurity::None)),
            "TLS",
        ),
        (mail(Smtp::new("mail example com", FROM)), "host name"),
        (texts("http://texts.example.com/", "hook-secret"), "https"),
        (texts("ftp://127.0.0.1/", "hook-secret"), "https"),
        (texts("/texts", "hook-secret"), "https"),
        (texts("http://127.0.0.1/ x", "hook-secret"), "URL"),
        (texts("https://texts.example.com/", ""), "secret"),
        (
            texts("https://texts.example.com/", "hook-secret\n"),
            "secret",
        ),
    ] {
        let error = delivery.start(None).err().unwrap().to_string();
        assert!(error.contains(problem), "{error}");
        assert!(!error.contains("hook-secret"), "{error}");
    }
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let smtp = Smtp::new("localhost", FROM).credentials("me", "mail-secret");
    let hook = TextHook::new("https://texts.example.com/?key=url-secret", "hook-secret");
    let shown = format!("{:?}", Delivery::new().mail(smtp).texts(hook));
    assert!(!shown.contains("secret"), "{shown}");
}

fn written(language: Language, purpose: Purpose, content: Content, minutes: i64) -> Message {
    let to = Identifier::Email("ada@example.com".to_owned());
    let new = NewMessage {
        to: &to,
        user_id: "user".into(),
        purpose,
        language,
        content,
        account: Some("ada@example.com".to_owned()),
        requester: None,
        created_at: at(0),
        expires_at: Time::from_second(minutes * 60),
    };
    Message::write("A {code}\nB", new)
}

#[test]
fn every_language_has_every_text() {
    let code = || Content::Code {
        id: "id".to_owned(),
        code: "012345".to_owned(),
    };
    let link = || Content::Link {
        id: "id".to_owned(),
        url: "https://app.example.com/?psg_magic_link=ml".to_owned(),
    };
    let mut seen = std::collections::HashSet::new();
    for language in LANGUAGES {
        for (purpose, content, holds) in [
            (Purpose::Login, code(), "012345"),
            (
                Purpose::Login,
                link(),
                "\n\nhttps://app.example.com/?psg_magic_link=ml\n\n",
            ),
            (
                Purpose::ChangeIdentifier,
                link(),
                "\n\nhttps://app.example.com/?psg_magic_link=ml\n\n",
            ),
        ] {
            let message = written(language, purpose, content, 5);
            assert_eq!(message.language, language.code());
            assert_eq!(
                message.subject.matches("A {code} B").count(),
                1,
                "{}",
                message.subject
            );
            assert_eq!(
                message.text.matches("A {code} B").count(),
                1,
                "{}",
                message.text
            );
            assert_eq!(message.text.matches(holds).count(), 1, "{}", message.text);
            assert!(message.text.contains('5') && !message.text.contains("{time}"));
            assert!(!message.subject.contains('\n'), "{}", message.subject);
            assert!(seen.insert(message.subject) && seen.insert(message.text));
        }
    }
}

#[test]
fn a_lifetime_is_in_minutes_or_hours() {
    for (minutes, shown) in [
        (0, "1 min"),
        (1, "1 min"),
        (120, "120 min"),
        (121, "2 h"),
        (2880, "48 h"),
    ] {
        let content = Content::Code {
            id: "id".to_owned(),
            code: "012345".to_owned(),
        };
        let text = written(Language::En, Purpose::Login, content, minutes).text;
        assert!(
            text.contains(&format!("within {shown}.")),
            "{minutes}: {text}"
        );
    }
}
