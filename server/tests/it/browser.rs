//! Social logins as a browser goes through them, one hop at a time.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passage_identity::generated::auth::types::AuthResult;

use crate::support::{App, Reply, send};

/// Where the app of these tests wants to be called back.
pub const BACK: &str = "http://localhost:3000/back?from=login";
/// A PKCE verifier, as long as one must be.
pub const VERIFIER: &str = "verifier-verifier-verifier-verifier-verifier";

/// The PKCE challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// The members of a URL's query.
pub fn query(url: &str) -> HashMap<String, String> {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let members: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let map: HashMap<_, _> = members.iter().cloned().collect();
    assert_eq!(map.len(), members.len(), "a member is repeated: {url}");
    map
}

/// The fields of the one form of a page, and where it leads.
pub fn form(page: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap_or(("", "\""));
        let value = rest.split('"').next().unwrap();
        value.replace("&quot;", "\"").replace("&amp;", "&")
    };
    let tags: Vec<&str> = page.split('<').collect();
    let forms: Vec<&&str> = tags.iter().filter(|tag| tag.starts_with("form")).collect();
    assert_eq!(forms.len(), 1, "{page}");
    let hidden = tags
        .iter()
        .filter(|tag| tag.starts_with("input type=\"hidden\""));
    let fields = hidden.map(|tag| (attribute(tag, "name"), attribute(tag, "value")));
    (attribute(forms[0], "action"), fields.collect())
}

impl Reply {
    /// Where a redirect leads.
    #[track_caller]
    pub fn location(&self) -> String {
        self.empty(302);
        self.header("location").to_owned()
    }

    /// The text of an HTML page.
    #[track_caller]
    pub fn page(&self) -> String {
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{self:?}"
        );
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The tokens of a social sign-in.
    #[track_caller]
    pub fn signed_in(&self) -> AuthResult {
        serde_json::from_value(self.json(201)["auth_result"].clone()).unwrap()
    }
}

impl App {
    /// Starts a login with the usual query, in which members are changed, or left out when they are empty.
    pub async fn authorize(&self, provider: &str, changes: &[(&str, &str)]) -> Reply {
        let challenge = challenge(VERIFIER);
        let mut members = vec![
            ("redirect_uri", BACK),
            ("state", "client & state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("connection_type", provider),
        ];
        members.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        members.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        send(
            self.http
                .get(self.auth("/social/authorize"))
                .query(&members),
        )
        .await
    }

    /// Follows a link.
    pub async fn follow(&self, url: &str) -> Reply {
        send(self.http.get(url)).await
    }

    /// Goes to a provider as somebody: the callback URL that the provider sends the browser to, with its members.
    pub async fn at_provider(
        &self,
        provider: &str,
        email: &str,
    ) -> (String, Vec<(String, String)>) {
        let start = self.authorize(provider, &[("login_hint", email)]).await;
        let answer = self.follow(&start.location()).await;
        if provider == "apple" {
            return form(&answer.page());
        }
        let url = answer.location();
        let (callback, _) = url.split_once('?').unwrap();
        let members = query(&url).into_iter().collect();
        (callback.to_owned(), members)
    }

    /// Comes back from a provider, as it wants it: by a redirect, or by a form.
    pub async fn come_back(&self, provider: &str, to: &str, members: &[(String, String)]) -> Reply {
        let request = if provider == "apple" {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let body = form.extend_pairs(members).finish();
            let request = self.http.post(to).body(body);
            request.header("content-type", "application/x-www-form-urlencoded")
        } else {
            self.http.get(to).query(members)
        };
        send(request).await
    }

    /// Comes back with this state and this code.
    pub async fn back_with(&self, to: &str, state: &str, code: &str) -> Reply {
        send(self.http.get(to).query(&[("state", state), ("code", code)])).await
    }

    /// Goes to a provider as somebody and back: the code that the app gets.
    pub async fn social_code(&self, provider: &str, email: &str) -> String {
        let (callback, members) = self.at_provider(provider, email).await;
        let back = self.come_back(provider, &callback, &members).await;
        query(&back.location())["code"].clone()
    }

    /// Exchanges a code.
    pub async fn exchange(&self, code: &str, verifier: &str) -> Reply {
        let query = [("code", code), ("verifier", verifier)];
        send(self.http.get(self.auth("/social/token")).query(&query)).await
    }

    /// Signs in with an account at a provider.
    pub async fn social_sign_in(&self, provider: &str, email: &str) -> Reply {
        let code = self.social_code(provider, email).await;
        self.exchange(&code, VERIFIER).await
    }

    /// Connects an account at a provider to a signed-in user.
    pub async fn link(&self, token: &str, code: &str, verifier: &str) -> Reply {
        let request = self.http.get(self.auth("/currentuser/social/link_account"));
        let request = request.query(&[("code", code), ("verifier", verifier)]);
        send(request.bearer_auth(token)).await
    }
}
