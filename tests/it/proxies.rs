//! What goes through the proxy that the environment names, and what must not.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use httpmock::MockServer;
use passage_identity::keys::KeySource;
use passage_identity::{Passage, PassageBuilder};

use crate::support::in_a_process_with;

/// Takes requests, refuses them, and tells their first lines.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            tell.send(line.trim_end().to_owned()).unwrap();
            let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(refusal).unwrap();
        }
    });
    (url, told)
}

fn client(url: &str) -> PassageBuilder {
    Passage::builder("app1")
        .server(url)
        .api_key("prefix.hunter2")
        .max_attempts(1)
        .timeout(Duration::from_secs(10))
}

/// Asks for a user and for the keys.
async fn call(passage: Passage) {
    let _ = passage.users().get("user1").await;
    let _ = passage.warm_up().await;
}

#[test]
fn neither_api_key_nor_key_set_goes_through_a_proxy_in_clear() {
    let (url, told) = proxy();
    let is_parent = in_a_process_with(
        "proxies::neither_api_key_nor_key_set_goes_through_a_proxy_in_clear",
        |command| {
            for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
                command.env(name, &url).env(name.to_lowercase(), &url);
            }
            command.env_remove("NO_PROXY").env_remove("no_proxy");
            command.env_remove("REQUEST_METHOD");
        },
        async {
            let server = MockServer::start_async().await;
            let seen = server
                .mock_async(|_, then| {
                    then.status(503);
                })
                .await;
            let local = server.base_url();
            call(client(&local).build().unwrap()).await;
            let source = KeySource::builder(format!("{local}/jwks")).build();
            let _ = source.unwrap().warm_up().await;
            seen.assert_calls_async(3).await;
            // An address of this machine that is none of the loopback's stands for another one.
            let beyond = local.replace("127.0.0.1", "0.0.0.0");
            call(client(&beyond).danger_allow_http().build().unwrap()).await;
            seen.assert_calls_async(5).await;
            // Loopback by https has no proxy either; nobody answers there.
            call(client("https://127.0.0.1:9").build().unwrap()).await;
            // The control: by https, a proxy sees no more than the host. One API by http and the
            // other by https: each by its own rule.
            let mixed = client("https://passage.invalid").api_url(format!("{local}/api/v1"));
            call(mixed.build().unwrap()).await;
            seen.assert_calls_async(6).await;
        },
    );
    if is_parent {
        let told: Vec<_> = told.try_iter().collect();
        assert_eq!(told, ["CONNECT passage.invalid:443 HTTP/1.1"]);
    }
}
