//! Whole logins at a provider that no table and no type knows by name, and codes and states that many callers present
//! concurrently.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use passage_identity::generated::auth::types::JwkResponseKeysInner;
use passage_identity::keys::{JwkSet, KeySource};
use serde_json::json;
use tempfile::TempDir;

use super::exchange::exchange;
use super::*;
use crate::clock::at;
use crate::domain::settings::AppSettings;
use crate::domain::sign_ins::Session;
use crate::domain::state::testing::state;
use crate::domain::tokens::AuthToken;
use crate::domain::tokens::{self, Header};
use crate::ids;
use crate::keys;
use crate::store;
use crate::store::apps::AppRow;
use crate::store::events::Action;
use crate::store::social_logins::{LoginRow, SocialCodeRow};
use crate::store::testing::{CALLERS, together};
use crate::store::{Store, StoreError};

const ORIGIN: &str = "https://app.example";
const ISSUER: &str = "https://acme.example";
// From RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn acme() -> ProviderName {
    ProviderName::parse("acme").unwrap()
}

/// A provider that an operator could add.
struct Acme {
    declaration: Declaration,
    keys: Keys,
}

#[derive(Clone, Copy)]
enum Keys {
    Right,
    Foreign,
    Unavailable,
}

impl Acme {
    fn with(keys: Keys) -> Arc<Self> {
        let declaration = Declaration {
            name: acme(),
            title: "Acme",
            id_tokens: true,
            form_post: false,
        };
        Arc::new(Self { declaration, keys })
    }
}

impl IdentityProvider for Acme {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn issuer(&self) -> &str {
        ISSUER
    }

    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> String {
        request.url("https://acme.example/authorize", &self.declaration)
    }

    fn redeem<'a>(
        &'a self,
        redemption: Redemption<'a>,
    ) -> BoxFuture<'a, Result<Redeemed, ProviderError>> {
        Box::pin(async move {
            // The code of this provider is the nonce of the request.
            let key = keys::test_provider().await.unwrap();
            let now = redemption.now.as_second();
            let claims = json!({
                "iss": ISSUER, "aud": redemption.client_id, "sub": "account", "iat": now, "exp": now + 60,
                "nonce": redemption.code, "email": "ada@example.com", "email_verified": true,
            });
            let claims = claims.as_object().unwrap();
            let id_token = tokens::sign(&key, &Header::new(key.kid()), claims).unwrap();
            Ok(Redeemed { id_token })
        })
    }

    fn keys(&self) -> BoxFuture<'_, Result<KeySource, Unavailable>> {
        Box::pin(async {
            let right = keys::test_provider().await.unwrap().jwk();
            let jwk = match self.keys {
                Keys::Right => right,
                // Of the same name, so that the signature alone tells it from the right one.
                Keys::Foreign => JwkResponseKeysInner {
                    kid: right.kid,
                    ..keys::foreign().await.unwrap().jwk()
                },
                Keys::Unavailable => return Err(Unavailable::new("the key set is away")),
            };
            let set = json!({"keys": [jwk]}).to_string();
            Ok(KeySource::pinned(JwkSet::from_json(set).unwrap()))
        })
    }
}

/// Two servers on the same data, so that two connections to the database write at the same time.
struct Fixture {
    servers: [Arc<AppState>; 2],
    app: Arc<App>,
    _folder: TempDir,
}

impl Fixture {
    async fn new(keys: Keys) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        let first = Store::open(&path).await.unwrap();
        let mut settings = AppSettings {
            auth_origin: ORIGIN.to_owned(),
            ..AppSettings::default()
        };
        settings
            .social
            .others
            .insert(acme(), SocialLogin::default());
        let row = AppRow {
            id: "app".into(),
            settings: serde_json::to_string(&settings).unwrap(),
            created_at: at(0),
        };
        let stored = row.clone();
        let put = first.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &stored)?));
        put.await.unwrap();
        let sealing = Arc::default();
        let app = App::open(&first, row, "issuer".to_owned(), &sealing, at(0));
        let app = Arc::new(app.await.unwrap());
        let second = Store::open_beside(&path).await.unwrap();
        let servers = [first, second].map(|store| {
            let mut state = state("https://auth.example".to_owned(), store);
            state.providers.register(Acme::with(keys));
            state.apps.put(Arc::clone(&app));
            Arc::new(state)
        });
        Self {
            servers,
            app,
            _folder: folder,
        }
    }

    /// Starts a login, and returns the URL at the provider where it continues.
    async fn start(&self) -> String {
        let login = Login {
            provider: acme(),
            redirect_uri: format!("{ORIGIN}/back"),
            state: None,
            code_challenge: challenge_of(VERIFIER),
            code_challenge_method: "S256".to_owned(),
            login_hint: None,
        };
        start(&self.servers[0], &self.app, login).await.unwrap()
    }

    /// Sends the browser back with the parameters of the request to the provider.
    async fn finish(&self, url: &str) -> Result<String, Refusal> {
        let answer = CallbackParams {
            state: member(url, "state"),
            code: Some(member(url, "nonce")),
            error: None,
            error_description: None,
        };
        handle_callback(&self.servers[0], None, answer).await
    }

    /// Runs the same call concurrently in many callers, through both servers. Returns how many succeeded.
    async fn at_once<T, F>(&self, call: impl Fn(Arc<AppState>) -> F) -> usize
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let servers = self.servers.iter().cycle().take(CALLERS);
        let calls = servers.map(|server| call(Arc::clone(server)));
        let mut won = 0;
        for result in together(calls).await {
            match result {
                Ok(_) => won += 1,
                // It must fail only because it is used up, not because the database is busy, for example.
                Err(refusal) => assert_eq!(refusal.reason, Reason::InvalidRequest),
            }
        }
        won
    }
}

/// A member of the query.
fn member(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let mut members = form_urlencoded::parse(query.as_bytes());
    let found = members.find(|(known, _)| known == name);
    found.unwrap().1.into_owned()
}

#[tokio::test]
async fn a_provider_with_a_name_of_its_own_signs_users_in() {
    let fixture = Fixture::new(Keys::Right).await;
    let url = fixture.start().await;
    assert!(
        url.starts_with("https://acme.example/authorize?response_type=code&"),
        "{url}"
    );
    assert_eq!(member(&url, "client_id"), SHARED_CLIENT_ID);
    let back = fixture.finish(&url).await.unwrap();
    let code = member(&back, "code");
    let (state, app) = (&fixture.servers[0], &fixture.app);
    let (user_id, action, provider) = exchange(state, app, &code, VERIFIER.to_owned())
        .await
        .unwrap();
    assert_eq!((action, provider), (Action::Register, acme()));
    let id = user_id.clone();
    let list = state
        .store
        .read(move |tx| Ok::<_, StoreError>(store::social_connections::list(tx, &id)?));
    let connections = list.await.unwrap();
    let named: Vec<_> = connections
        .iter()
        .map(|it| (&*it.r#type, &*it.provider_id))
        .collect();
    assert_eq!(named, [("acme", "account")]);
    let session = Session::of(AuthToken {
        user_id: user_id.clone(),
        sign_in: None,
        issued_at: state.clock.now(),
        authenticated_at: None,
    });
    let owner = || (user_id.clone(), session.clone());
    disconnect(state, owner(), "acme".to_owned()).await.unwrap();
    let again = disconnect(state, owner(), "acme".to_owned())
        .await
        .unwrap_err();
    assert_eq!(again.reason, Reason::SocialConnectionNotFound);
}

#[tokio::test]
async fn a_name_is_known_when_its_provider_is_there() {
    let with = Fixture::new(Keys::Right).await;
    assert_eq!(declaration(&with.servers[0], "acme").unwrap().name, acme());
    let problem = |state: &AppState, name| declaration(state, name).unwrap_err().message;
    assert_eq!(
        problem(&with.servers[0], "nobody"),
        "connection_type: must be acme, apple, github or google."
    );
    let without = state(
        "https://auth.example".to_owned(),
        Store::in_memory().unwrap(),
    );
    assert_eq!(
        problem(&without, "acme"),
        "connection_type: must be apple, github or google."
    );
    let native = declaration_with_id_tokens(&without, "github").unwrap_err();
    assert_eq!(native.message, "connection_type: must be apple or google.");
}

#[tokio::test]
async fn a_bad_token_and_keys_that_are_away_are_not_the_same() {
    for (keys, reason) in [
        (Keys::Foreign, Reason::InvalidRequest),
        (Keys::Unavailable, Reason::ProviderUnavailable),
    ] {
        let fixture = Fixture::new(keys).await;
        let url = fixture.start().await;
        assert_eq!(fixture.finish(&url).await.unwrap_err().reason, reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_callers_at_once_one_exchanges_a_code() {
    let fixture = Fixture::new(Keys::Right).await;
    let store = fixture.servers[0].store.clone();
    for round in 0..4 {
        let code = format!("code {round}");
        let now = fixture.servers[0].clock.now();
        let hash = ids::hash(&code);
        let insert = store.write(move |tx| {
            let row = SocialCodeRow {
                code_hash: hash.clone(),
                app_id: "app".into(),
                r#type: acme(),
                provider_id: "account".to_owned(),
                email: Some("ada@example.com".to_owned()),
                email_verified: true,
                code_challenge: challenge_of(VERIFIER),
                expires_at: now + Duration::from_secs(60),
            };
            Ok::<_, StoreError>(store::social_logins::insert_code(tx, &row, now)?)
        });
        insert.await.unwrap();
        let won = fixture.at_once(|state| {
            let (app, code) = (Arc::clone(&fixture.app), code.clone());
            async move { exchange(&state, &app, &code, VERIFIER.to_owned()).await }
        });
        assert_eq!(won.await, 1, "in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_callers_at_once_one_comes_back_with_a_state() {
    let fixture = Fixture::new(Keys::Right).await;
    let store = fixture.servers[0].store.clone();
    for round in 0..4 {
        let secret = format!("state {round}");
        let now = fixture.servers[0].clock.now();
        let hash = ids::hash(&secret);
        let insert = store.write(move |tx| {
            let row = LoginRow {
                state_hash: hash.clone(),
                app_id: "app".into(),
                r#type: acme(),
                shared: true,
                salt: Vec::new(),
                redirect_uri: format!("{ORIGIN}/back"),
                client_state: None,
                code_challenge: challenge_of(VERIFIER),
                expires_at: now + Duration::from_secs(60),
            };
            Ok::<_, StoreError>(store::social_logins::insert_login(tx, &row, now)?)
        });
        insert.await.unwrap();
        let won = fixture.at_once(|state| {
            let answer = CallbackParams {
                state: secret.clone(),
                code: None,
                error: Some("access_denied".to_owned()),
                error_description: None,
            };
            async move { handle_callback(&state, None, answer).await }
        });
        assert_eq!(won.await, 1, "in round {round}");
    }
}
