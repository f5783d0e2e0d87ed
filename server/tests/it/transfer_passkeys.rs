//! Passkeys sign in where they moved to, and only they.

use std::path::Path;

use serde_json::{Value, json};

use crate::passkeys::forge::{BACKED_UP, BACKUP_ELIGIBLE, Key};
use crate::support::{App, Reply, text};
use crate::transfer::{exported, import, open};

/// Flags and counter of a passkey.
struct Kind {
    flags: u8,
    counter: u32,
}

impl Kind {
    const fn new(flags: u8, counter: u32) -> Self {
        Self { flags, counter }
    }
}

/// A passkey of a kind, and whose it is.
struct Moved {
    email: String,
    id: String,
    key: Key,
    kind: Kind,
}

impl Moved {
    /// Registers a user with a passkey of this kind.
    async fn register(app: &App, email: String, kind: Kind) -> Self {
        let start = app.register_start(&email).await;
        let mut key = Key::new();
        let mut answer = key.creation(&start["handshake"]);
        answer.flags |= kind.flags;
        answer.counter = kind.counter;
        app.register_finish(&start, key.create(&answer))
            .await
            .json(201);
        let id = text(&start["user"]["id"]);
        Self {
            email,
            id,
            key,
            kind,
        }
    }

    /// Logs in with these flags, and the counter moved on by so many if the key counts.
    async fn log_in(&self, app: &App, body: Value, flags: u8, by: u32) -> Reply {
        let start = app.login_start(body).await;
        let mut answer = self.key.assertion(&start["handshake"]);
        answer.flags |= flags;
        if self.kind.counter > 0 {
            answer.counter = self.kind.counter + by;
        } else {
            answer.counter = 0;
        }
        app.login_finish(&start, self.key.get(&answer)).await
    }
}

const KINDS: [Kind; 5] = [
    Kind::new(0, 0),
    Kind::new(0, 7),
    Kind::new(BACKUP_ELIGIBLE, 0),
    Kind::new(BACKUP_ELIGIBLE | BACKED_UP, 0),
    Kind::new(BACKUP_ELIGIBLE | BACKED_UP, u32::MAX - 5),
];

/// A server that passkeys of every kind have moved to.
async fn with_moved_passkeys(folder: &Path) -> (App, Vec<Moved>) {
    let (old, new) = (folder.join("old.db"), folder.join("new.db"));
    let app = open(&old).await;
    let mut passkeys = Vec::new();
    for (place, kind) in KINDS.into_iter().enumerate() {
        let email = format!("user{place}@example.com");
        passkeys.push(Moved::register(&app, email, kind).await);
    }
    app.stop().await;
    import(&new, &exported(&old).await).await.unwrap();
    (open(&new).await, passkeys)
}

#[tokio::test]
async fn passkeys_of_every_kind_sign_in_where_they_moved_to() {
    let folder = tempfile::tempdir().unwrap();
    let (app, passkeys) = with_moved_passkeys(folder.path()).await;
    for moved in passkeys {
        let (email, flags) = (&moved.email, moved.kind.flags);
        for (by, body) in [(2, json!({"identifier": email})), (3, json!({}))] {
            let reply = moved.log_in(&app, body, flags, by).await;
            assert_eq!(reply.status, 200, "{email}: {reply:?}");
            let token = text(&reply.json(200)["auth_result"]["auth_token"]);
            let current = app.current_user(&token).await.json(200);
            assert_eq!(current["user"]["id"], json!(moved.id), "{email}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_copy_of_a_counting_passkey_that_was_left_behind_signs_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let (app, passkeys) = with_moved_passkeys(folder.path()).await;
    let counting = passkeys.iter().filter(|moved| moved.kind.counter > 0);
    let mut tried = 0;
    for moved in counting {
        let body = json!({"identifier": moved.email});
        let reply = moved.log_in(&app, body, moved.kind.flags, 0).await;
        assert_eq!(reply.status, 401, "{}", moved.email);
        reply.error(401, "webauthn_login_failed");
        // The one that moved on still does.
        let reply = moved.log_in(&app, json!({}), moved.kind.flags, 1).await;
        assert_eq!(reply.status, 200, "{}", moved.email);
        tried += 1;
    }
    assert_eq!(tried, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_passkey_that_changed_its_eligibility_for_backup_signs_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let (app, passkeys) = with_moved_passkeys(folder.path()).await;
    for moved in passkeys {
        let body = json!({"identifier": moved.email});
        let flags = moved.kind.flags ^ BACKUP_ELIGIBLE;
        let reply = moved.log_in(&app, body, flags, 1).await;
        assert_eq!(reply.status, 401, "{}", moved.email);
        reply.error(401, "webauthn_login_failed");
        // As it was, it does.
        let reply = moved.log_in(&app, json!({}), moved.kind.flags, 2).await;
        assert_eq!(reply.status, 200, "{}", moved.email);
    }
    app.stop().await;
}
