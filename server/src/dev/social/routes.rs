//! The test provider over HTTP, under `/_dev/social`.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use passage_identity::generated::auth::types::JwkResponse;
use serde_json::json;

use super::{Account, CODE_LIFETIME, Grant, MintIdToken, TestProvider, page};
use crate::dev::Controls;
use crate::dev::error::ControlError;
use crate::domain::error::Refusal;
use crate::domain::social::{self, OAuthParams, SHARED_CLIENT_ID, SocialProvider};
use crate::domain::state::AppState;
use crate::http::extract::{Params, json};
use crate::http::reply;
use crate::identifier;

/// The routes below `/_dev/social`.
pub(crate) fn routes() -> Router<Controls> {
    Router::new()
        .route("/id_tokens/{app_id}", post(mint))
        .route("/{provider}/authorize", get(authorize))
        .route("/{provider}/jwks.json", get(jwks))
}

fn provider<'a>(
    controls: &'a Controls,
    params: &Params,
) -> Result<(SocialProvider, &'a TestProvider), ControlError> {
    let provider = SocialProvider::named(&params.get("provider"));
    let provider = provider.ok_or_else(ControlError::no_test_provider)?;
    Ok((provider, controls.dev.provider()?))
}

async fn jwks(State(controls): State<Controls>, params: Params) -> Result<Response, ControlError> {
    let (_, provider) = provider(&controls, &params)?;
    let keys = vec![provider.key().await?.jwk()];
    Ok(reply::ok(&JwkResponse { keys }))
}

async fn mint(
    State(controls): State<Controls>,
    params: Params,
    body: Bytes,
) -> Result<Response, ControlError> {
    let token: MintIdToken = json(&body)?;
    let app = controls.state.app(&params.get("app_id").into())?;
    let provider = controls.dev.provider()?;
    let minted = token.mint(&controls.state, provider, &app).await?;
    Ok(reply::created(&json!(minted)))
}

/// The page where people choose an account. A `login_hint` that is an e-mail address skips it.
async fn authorize(
    State(controls): State<Controls>,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, ControlError> {
    let (provider, test_provider) = provider(&controls, &params)?;
    let query = OAuthParams::parse(query.unwrap_or_default().as_bytes());
    let request = Request::read(&controls.state, provider, &query)?;
    if query.get("cancel")?.is_some() {
        let error = match provider {
            SocialProvider::Apple => "user_cancelled_authorize",
            _ => "access_denied",
        };
        return Ok(request.answer(("error", error)));
    }
    let hint = query.get("login_hint")?;
    let Some(email) = hint.as_deref().and_then(identifier::email) else {
        let accounts = test_provider.accounts(provider);
        return Ok(page::choose(provider, &query, hint.as_deref(), &accounts));
    };
    let verified = query.get("unverified")?.is_none();
    let code = test_provider.grant(Grant {
        provider,
        client_id: request.client_id.clone(),
        redirect_uri: Some(request.redirect_uri.clone()),
        challenge: Some(request.challenge.clone()),
        account: Account::of(provider, email, verified),
        nonce: request.nonce.clone(),
        expires_at: controls.state.clock.now() + CODE_LIFETIME,
    });
    Ok(request.answer(("code", &code)))
}

/// A client's request.
struct Request {
    client_id: String,
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
    form_post: bool,
}

impl Request {
    /// Checks everything, as nothing may be sent anywhere before.
    fn read(
        app_state: &AppState,
        provider: SocialProvider,
        query: &OAuthParams,
    ) -> Result<Self, Refusal> {
        let request = Self {
            client_id: query.need("client_id")?,
            redirect_uri: query.need("redirect_uri")?,
            state: query.need("state")?,
            nonce: query.get("nonce")?,
            challenge: query.need("code_challenge")?,
            form_post: query.get("response_mode")?.as_deref() == Some("form_post"),
        };
        if query.need("response_type")? != "code" {
            return Err(Refusal::invalid_request("response_type: must be code."));
        }
        let method = query.need("code_challenge_method")?;
        if method != "S256" || !social::is_challenge(&request.challenge) {
            return Err(Refusal::invalid_request(
                "code_challenge: must be made by S256.",
            ));
        }
        if !request.is_registered(app_state, provider) {
            return Err(Refusal::invalid_request(
                "redirect_uri: is not the client's.",
            ));
        }
        Ok(request)
    }

    /// Whether the client has this redirect URI: the shared one, or that of the app with this client id.
    fn is_registered(&self, app_state: &AppState, provider: SocialProvider) -> bool {
        if self.client_id == SHARED_CLIENT_ID {
            return self.redirect_uri == social::callback_uri(app_state, None);
        }
        let base = format!("{}/apps/", app_state.auth_url());
        let app_id = self.redirect_uri.strip_prefix(&base);
        let app_id = app_id.and_then(|rest| rest.strip_suffix("/social/oauth2_callback"));
        let app = app_id.and_then(|id| app_state.app(&id.into()).ok());
        app.is_some_and(|app| {
            let login = app.settings.social.login(&provider.name());
            login.is_some_and(|login| login.client_id.as_ref() == Some(&self.client_id))
        })
    }

    /// Sends the browser back, with a redirect or a form.
    fn answer(&self, result: (&str, &str)) -> Response {
        let members = [result, ("state", &self.state)];
        if self.form_post {
            page::post(&self.redirect_uri, &members)
        } else {
            reply::redirect(&social::with_query(&self.redirect_uri, members))
        }
    }
}
