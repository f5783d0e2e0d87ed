//! The requests that a route of every web framework is tried with, and the answers it owes them.

use passage_identity::users::CreateUser;
use passage_identity::verification::CrossSitePolicy;
use passage_identity::{AuthStrategy, Passage, PassageBuilder, UserId};
use passage_server::{Fault, MintToken};
use reqwest::{Method, RequestBuilder, Response};

use crate::TestServer;

/// A server with one user, who has never signed in.
#[derive(Debug)]
pub struct Setup {
    /// The server.
    pub server: TestServer,
    /// The user.
    pub user_id: UserId,
    /// Sends requests to the service.
    pub http: reqwest::Client,
}

impl Setup {
    /// Starts the server and creates the user.
    ///
    /// # Panics
    /// If either fails.
    pub async fn new() -> Self {
        let server = TestServer::start().await;
        let passage = Passage::builder(server.app_id())
            .server(server.url())
            .api_key(server.api_key())
            .build()
            .unwrap();
        let ada = CreateUser::with_email("ada@example.com");
        let user_id = passage.users().create(ada).await.unwrap().id;
        Self {
            server,
            user_id,
            http: reqwest::Client::new(),
        }
    }

    /// A client of the server that reads the header, without an API key.
    pub fn builder(&self) -> PassageBuilder {
        Passage::builder(self.server.app_id())
            .server(self.server.url())
            .auth_strategy(AuthStrategy::Header)
            .max_attempts(1)
    }

    /// The same with the API key.
    ///
    /// # Panics
    /// If the settings are wrong.
    #[must_use]
    pub fn passage(&self) -> Passage {
        self.builder()
            .api_key(self.server.api_key())
            .build()
            .unwrap()
    }

    /// A good token of the user, to be changed and minted.
    pub fn token(&self) -> MintToken {
        MintToken::new(self.user_id.as_str())
    }

    /// Has the server mint a token.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn mint(&self, token: MintToken) -> String {
        self.server.controls().mint_token(token).await.unwrap()
    }

    /// A request with a good token in the header.
    pub async fn get(&self, url: &str) -> RequestBuilder {
        self.http
            .get(url)
            .bearer_auth(self.mint(self.token()).await)
    }
}

/// Status, `WWW-Authenticate`, `Retry-After` and body of a response.
pub type Answer = (u16, Option<String>, Option<String>, String);

/// Sends a request and gives what the service answers.
///
/// # Panics
/// If there is no answer, or one in a form that no service here has.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |response: &Response, name: &str| {
        let mut values = response.headers().get_all(name).iter();
        let value = values
            .next()
            .map(|value| value.to_str().unwrap().to_owned());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    };
    let challenge = header(&response, "www-authenticate");
    let retry_after = header(&response, "retry-after");
    if response.status().is_client_error() || response.status().is_server_error() {
        let kind = header(&response, "content-type");
        assert!(
            kind.is_none_or(|kind| kind == "text/plain; charset=utf-8"),
            "an error is plain text"
        );
    }
    (
        response.status().as_u16(),
        challenge,
        retry_after,
        response.text().await.unwrap(),
    )
}

/// A route, and what it says when all is well.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Where it is.
    pub path: &'static str,
    /// Says that it knows this user.
    pub known: fn(&UserId) -> String,
    /// Says that nobody is signed in, if it is not necessary to be.
    pub nobody: Option<&'static str>,
    /// Whether refusals say in the body what is wrong.
    pub has_text: bool,
}

impl Route {
    fn refuses(&self, code: &str, text: &str) -> Answer {
        let challenge = format!("Bearer error=\"{code}\", error_description=\"{text}\"");
        (401, Some(challenge), None, self.text(text))
    }

    fn text(&self, text: &str) -> String {
        if self.has_text { text } else { "" }.to_owned()
    }

    /// The answer to a request without any token.
    fn without_token(&self) -> Answer {
        match self.nobody {
            Some(text) => (200, None, None, text.to_owned()),
            None => {
                let text = self.text("the request carries no token");
                (401, Some("Bearer".to_owned()), None, text)
            }
        }
    }
}

/// Tries a route with good, bad and missing tokens, in the cookie and in the header, and while
/// the keys cannot be had. `serve` starts the service and gives its URL.
///
/// # Panics
/// If an answer is not the one that is owed.
pub async fn try_route(route: &Route, serve: impl AsyncFn(Passage) -> String) {
    let setup = Setup::new().await;
    let controls = setup.server.controls();
    let http = &setup.http;
    let good = setup.mint(setup.token()).await;
    let forged = setup.mint(setup.token().wrong_key()).await;
    let past = controls.now() - std::time::Duration::from_secs(3600);
    let expired = setup.mint(setup.token().expires_at(past)).await;
    let of_bob = setup.mint(MintToken::new("bob")).await;

    for (strategy, other) in [
        (AuthStrategy::Cookie, AuthStrategy::Header),
        (AuthStrategy::Header, AuthStrategy::Cookie),
    ] {
        let with = |url: &str, strategy, token: &str| {
            let (name, value) = field(strategy, token);
            http.get(url).header(name, value)
        };
        let client = || {
            setup
                .builder()
                .api_key(setup.server.api_key())
                .auth_strategy(strategy)
                .build()
                .unwrap()
        };

        // No keys yet, and none to be had: nobody can tell. Without a token there is nothing to
        // tell.
        controls.fault(Fault::operation("getJwks").status(500));
        let url = serve(client()).await + route.path;
        let (status, challenge, retry_after, body) = answer(with(&url, strategy, &good)).await;
        assert_eq!((status, challenge), (503, None), "{strategy:?}");
        let seconds: u64 = retry_after.unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(body, route.text("the keys of the app could not be fetched"));
        assert_eq!(answer(http.get(&url)).await, route.without_token());

        controls.clear_faults();
        let url = serve(client()).await + route.path;
        let welcome = (200, None, None, (route.known)(&setup.user_id));
        assert_eq!(answer(with(&url, strategy, &good)).await, welcome);
        for (token, text) in [
            (forged.as_str(), "the token's signature is wrong"),
            (&expired, "the token has expired"),
            ("garbled", "the token is malformed"),
        ] {
            let refusal = route.refuses("invalid_token", text);
            assert_eq!(answer(with(&url, strategy, token)).await, refusal, "{text}");
        }
        let two = with(&url, strategy, &good);
        let (name, value) = field(strategy, &of_bob);
        assert_eq!(
            answer(two.header(name, value)).await,
            route.refuses("invalid_request", "the request carries more than one token")
        );
        for request in [
            http.get(&url),
            with(&url, strategy, ""),
            with(&url, other, &good),
            with(&url, other, &forged),
        ] {
            assert_eq!(answer(request).await, route.without_token());
        }
    }
}

fn field(strategy: AuthStrategy, token: &str) -> (&'static str, String) {
    match strategy {
        AuthStrategy::Cookie => ("cookie", format!("theme=dark; psg_auth_token={token}")),
        _ => ("authorization", format!("Bearer {token}")),
    }
}

/// A route of the example services that asks who the request is from.
pub const ME: Route = Route {
    path: "/me",
    known: |id| format!("you are {id}\n"),
    nobody: None,
    has_text: true,
};

/// One that anybody may ask.
pub const HELLO: Route = Route {
    path: "/hello",
    known: |id| format!("hello, {id}\n"),
    nobody: Some("hello, stranger\n"),
    has_text: true,
};

/// One that looks the user up.
pub const ACCOUNT: Route = Route {
    path: "/account",
    known: |id| format!("you are {id}, pending\n"),
    nobody: None,
    has_text: true,
};

/// Tries the route of the example services that shows what else the token says.
///
/// # Panics
/// If an answer is not the one that is owed.
pub async fn try_session(serve: impl AsyncFn(Passage) -> String) {
    let setup = Setup::new().await;
    let url = serve(setup.passage()).await + "/session";
    let (status, .., body) = answer(setup.get(&url).await).await;
    let expected = format!(
        "you are {}, from {}\n",
        setup.user_id,
        setup.server.issuer()
    );
    assert_eq!((status, body), (200, expected));
    assert_eq!(answer(setup.http.get(&url)).await.0, 401);
}

/// The answer about a user who was deactivated.
#[must_use]
pub fn inactive() -> Answer {
    (403, None, None, "the user is not active".to_owned())
}

/// The answer about a user who was deleted.
#[must_use]
pub fn gone() -> Answer {
    let text = "the user does not exist".to_owned();
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{text}\"");
    (401, Some(challenge), None, text)
}

/// What a browser may say of where a request comes from, with `{host}` for the service's own, and
/// whether the service accepts the request. It allows the origin `https://admin.example`.
const SITES: &[(&[(&str, &str)], bool)] = &[
    (&[("sec-fetch-site", "same-origin")], true),
    (&[("sec-fetch-site", "none")], true),
    (&[("sec-fetch-site", "same-site")], false),
    (&[("sec-fetch-site", "cross-site")], false),
    (
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "https://admin.example"),
        ],
        true,
    ),
    (
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://admin.example"),
        ],
        true,
    ),
    (
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        false,
    ),
    (
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        false,
    ),
    (&[("origin", "http://{host}")], true),
    (&[("origin", "https://admin.example")], true),
    (&[("origin", "https://evil.example")], false),
    (&[("origin", "null")], false),
    (&[("referer", "http://{host}/account")], true),
    (&[("referer", "https://admin.example/users")], true),
    (&[("referer", "https://evil.example/http://{host}/")], false),
    (&[], false),
];

/// Tries the route `/act` of a service, which answers every method with 200 if the token is good,
/// with requests that pages of this and of other sites make. `serve` starts the service and gives
/// its URL.
///
/// # Panics
/// If a request gets another answer than it should.
pub async fn try_sites(serve: impl AsyncFn(Passage) -> String) {
    let setup = Setup::new().await;
    let token = setup.mint(setup.token()).await;
    let policy = || CrossSitePolicy::new().add_origin("https://admin.example");
    let start = async |strategy, policy| {
        let builder = setup.builder().auth_strategy(strategy).cross_site(policy);
        serve(builder.build().unwrap()).await
    };
    let send = async |url: &str, method: Method, strategy, fields: &[(&str, &str)]| {
        let mut request = setup.http.request(method, format!("{url}/act"));
        if let Some(strategy) = strategy {
            let (name, value) = field(strategy, &token);
            request = request.header(name, value);
        }
        let host = url.strip_prefix("http://").unwrap();
        for (name, value) in fields {
            request = request.header(*name, value.replace("{host}", host));
        }
        answer(request).await.0
    };
    let (cookie, header) = (AuthStrategy::Cookie, AuthStrategy::Header);

    let url = start(cookie, policy()).await;
    for (fields, accepted) in SITES {
        let status = if *accepted { 200 } else { 403 };
        for method in [Method::POST, Method::DELETE] {
            let got = send(&url, method.clone(), Some(cookie), fields).await;
            assert_eq!(got, status, "{method} {fields:?}");
        }
        let got = send(&url, Method::GET, Some(cookie), fields).await;
        assert_eq!(got, 200, "GET {fields:?}");
        // There is nothing to be misused.
        let got = send(&url, Method::POST, None, fields).await;
        assert_eq!(got, 401, "without a token {fields:?}");
    }
    let by_header = start(header, CrossSitePolicy::new()).await;
    let lenient = start(cookie, policy().allow_missing()).await;
    let open = start(cookie, CrossSitePolicy::new().danger_allow_all()).await;
    for (fields, accepted) in SITES {
        let got = send(&by_header, Method::POST, Some(header), fields).await;
        assert_eq!(got, 200, "in the header {fields:?}");
        let got = send(&lenient, Method::POST, Some(cookie), fields).await;
        let status = if *accepted || fields.is_empty() {
            200
        } else {
            403
        };
        assert_eq!(got, status, "missing is allowed {fields:?}");
        let got = send(&open, Method::POST, Some(cookie), fields).await;
        assert_eq!(got, 200, "all is allowed {fields:?}");
    }
}
