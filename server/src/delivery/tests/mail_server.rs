//! A mail server for one test, which speaks as much SMTP as a client needs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A mail that was accepted.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: String,
    /// What the client logged in with.
    pub(crate) login: Option<String>,
    head: String,
    pub(crate) body: String,
}

impl Mail {
    /// A header, on one line.
    pub(crate) fn header(&self, name: &str) -> String {
        let unfolded = self.head.replace("\r\n ", " ");
        let mut lines = unfolded.split("\r\n");
        let found = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default().to_owned()
    }
}

/// What the connections share.
struct State {
    /// Answers to the next recipients. All others are accepted.
    answers: Mutex<VecDeque<&'static str>>,
    /// Recipients that were named.
    tries: AtomicUsize,
    mails: mpsc::UnboundedSender<Mail>,
}

pub(crate) struct MailServer {
    port: u16,
    state: Arc<State>,
    mails: mpsc::UnboundedReceiver<Mail>,
}

impl MailServer {
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            answers: Mutex::new(answers.iter().copied().collect()),
            tries: AtomicUsize::new(0),
            mails: sender,
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, mails }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next mail, once it is there.
    pub(crate) async fn next(&mut self) -> Mail {
        self.mails.recv().await.unwrap()
    }

    /// The mails that arrived and were not read.
    pub(crate) fn rest(&mut self) -> Vec<Mail> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }

    /// How many times sending a mail was tried.
    pub(crate) fn tries(&self) -> usize {
        self.state.tries.load(Ordering::SeqCst)
    }
}

/// A conversation. It ends with the connection, however that ends.
async fn talk(stream: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut mail = Mail::default();
    writer.write_all(b"220 mail.test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let argument = line
            .split_once(':')
            .map_or("", |(_, argument)| argument.trim());
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
            "AUTH" => {
                let login = STANDARD
                    .decode(line.trim_start_matches("AUTH PLAIN "))
                    .unwrap();
                mail.login = Some(String::from_utf8(login).unwrap());
                "235 welcome"
            }
            "MAIL" => {
                mail.from = argument.split(' ').next().unwrap_or_default().to_owned();
                "250 good"
            }
            "RCPT" => {
                argument.clone_into(&mut mail.to);
                state.tries.fetch_add(1, Ordering::SeqCst);
                state
                    .answers
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or("250 good")
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?
                    && line != "."
                {
                    text.push_str(&line);
                    text.push_str("\r\n");
                }
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                head.clone_into(&mut mail.head);
                body.clone_into(&mut mail.body);
                // The test may be over.
                let _sent = state.mails.send(std::mem::take(&mut mail));
                "250 taken"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 what?",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
