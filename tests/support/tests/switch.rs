//! The switch itself: nothing gets around it, and controls do the same wherever the server runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use passage_identity::Passage;
use passage_identity::magic_links::CreateMagicLink;
use passage_identity::users::CreateUser;
use passage_server::{Fault, MintToken, SeedDevice};
use passage_test_support::{IN_PROCESS, TestServer, report};

/// The Rust files below a folder, relative to the root.
fn sources(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            sources(root, &name, found);
        } else if name.ends_with(".rs") {
            found.insert(name);
        }
    }
}

/// Whether a test file starts a server by itself, or runs an example, which does.
fn starts_a_server(text: &str) -> bool {
    text.contains("PassageServer::builder") || text.contains("quickstart::run")
}

#[test]
fn nothing_gets_around_the_switch() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = BTreeSet::new();
    sources(&root, "tests", &mut files);
    sources(&root, "examples/actix/tests", &mut files);
    // Here it is, and what it uses.
    files.retain(|file| !file.starts_with("tests/support/") && file != "tests/contract/src/lib.rs");
    assert!(files.len() > 50, "{files:?}");
    let text = |file: &String| fs::read_to_string(root.join(file)).unwrap();
    files.retain(|file| starts_a_server(&text(file)));
    let listed: BTreeSet<_> = IN_PROCESS
        .iter()
        .map(|(file, _)| (*file).to_owned())
        .collect();
    assert_eq!(
        files, listed,
        "tests start their servers by `TestServer`; those that cannot are listed in `IN_PROCESS`"
    );
    for (file, reason) in IN_PROCESS {
        report::note(&["in process", file, reason]);
    }
}

fn client(server: &TestServer) -> Passage {
    Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .max_attempts(1)
        .build()
        .unwrap()
}

#[tokio::test]
async fn who_it_is_and_how_it_ends() {
    let server = TestServer::start_as("app1", "abcdefghij.key").await;
    assert_eq!(
        (server.app_id(), server.api_key()),
        ("app1", "abcdefghij.key")
    );
    assert_eq!(
        server.issuer(),
        format!("{}/auth/v1/apps/app1", server.url())
    );
    let passage = client(&server);
    let app = passage.app().await.unwrap();
    assert_eq!(app.auth_origin, server.auth_origin());
    server.shutdown().await;
    let error = passage.app().await.unwrap_err();
    assert_eq!(error.status(), None, "{error}");
}

#[tokio::test]
async fn controls_that_act_on_users_and_tokens() {
    let server = TestServer::checked().await;
    let (controls, passage) = (server.controls(), client(&server));
    let user = CreateUser::with_email("ada@example.com");
    let user = passage.users().create(user).await.unwrap().id;

    let old = controls.rotate_keys().await.unwrap();
    assert_ne!(controls.rotate_keys().await.unwrap(), old);
    let token = controls.mint_token(MintToken::new(user.as_str())).await;
    let token = token.unwrap();
    assert_eq!(passage.verify_token(&token).await.unwrap().user_id, user);
    let session = controls.sign_in(user.as_str()).await.unwrap();
    assert!(passage.verify_token(&session.auth_token).await.is_ok());
    let refused = controls.sign_in("nobody").await.unwrap_err();
    assert!(format!("{refused:?}").ends_with(" (user_not_found)"));

    let device = SeedDevice::new().friendly_name("Key").usage_count(2);
    let device = controls.seed_device(user.as_str(), device).await.unwrap();
    let devices = passage.users().list_devices(&user).await.unwrap();
    assert_eq!(devices[0].id, *device);
    assert_eq!(
        (devices[0].friendly_name.as_str(), devices[0].usage_count),
        ("Key", 2)
    );

    let flex = passage.flex();
    let transaction = flex.register_transaction("employee", "Ada").await.unwrap();
    let nonce = controls.complete_transaction(transaction.as_str()).await;
    let id = flex.verify_nonce(&nonce.unwrap()).await.unwrap();
    assert_eq!(id, "employee");
}

#[tokio::test]
async fn controls_of_the_server_itself() {
    let server = TestServer::start().await;
    let (controls, passage) = (server.controls(), client(&server));
    assert_eq!(controls.outbox().len(), 0);
    let link = CreateMagicLink::for_email("ada@example.com");
    passage.magic_links().send(link).await.unwrap();
    let outbox = controls.outbox();
    assert_eq!((outbox.len(), &*outbox[0].to), (1, "ada@example.com"));
    assert!(outbox[0].url.is_some());

    let before = controls.now();
    controls.advance(Duration::from_secs(3600));
    let passed = controls.now().duration_since(before).as_secs();
    assert!((3600..3660).contains(&passed), "{passed}");

    let requests = controls.requests();
    assert_eq!(requests.len(), 1);
    let operation = requests[0].operation.as_deref();
    assert_eq!(
        (operation, requests[0].status),
        (Some("createMagicLink"), Some(201))
    );
    controls.clear_requests();
    assert!(controls.requests().is_empty());

    controls.fault(Fault::operation("getUser").status(503).times(2));
    let error = passage.users().get("u").await.unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(controls.faults().len(), 1);
    controls.clear_faults();
    assert!(controls.faults().is_empty());
    assert!(passage.users().get("u").await.unwrap_err().is_not_found());
}
