//! The two APIs of one app: the generated clients with the app's id, and the conversion of their
//! results to ours. The facade's handlers are built on this.

mod call;
mod hooks;

use std::fmt;
use std::sync::Arc;

use progenitor_client::ClientInfo;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::generated::{auth, management};
use crate::ids::AppId;
use crate::secret::Secret;
use crate::transport::{self, CallOptions, HttpClient, Limits, Quota, Transport};
use call::Generated;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    app_id: AppId,
    management: management::Client,
    auth: auth::Client,
}

/// What an [`Api`] is made of.
pub(crate) struct ApiSettings<'a> {
    pub(crate) app_id: &'a AppId,
    pub(crate) api_url: &'a str,
    pub(crate) auth_url: &'a str,
    pub(crate) api_key: Option<&'a Secret>,
    pub(crate) limits: Limits,
}

impl Api {
    pub(crate) fn new(settings: &ApiSettings<'_>) -> Result<Self> {
        let limits = settings.limits;
        let (for_management, for_auth) = clients(settings.api_url, settings.auth_url, limits)?;
        let quota = Arc::new(Quota::new());
        let with_key = Transport::new(settings.api_key, limits, Arc::clone(&quota))?;
        let without = Transport::new(None, limits, quota)?;
        Ok(Self(Arc::new(Inner {
            app_id: settings.app_id.clone(),
            management: management::Client::new_with_client(
                settings.api_url,
                for_management,
                with_key,
            ),
            auth: auth::Client::new_with_client(settings.auth_url, for_auth, without),
        })))
    }

    /// The same with other limits. Shares all else, but for the connections if the time-out for
    /// making them differs.
    pub(crate) fn with_options(&self, options: &CallOptions) -> Result<Self> {
        let inner = &*self.0;
        let before = self.limits();
        let limits = before.with(options).check()?;
        let (for_management, for_auth) = if limits.connect == before.connect {
            (
                inner.management.client().clone(),
                inner.auth.client().clone(),
            )
        } else {
            clients(inner.management.baseurl(), inner.auth.baseurl(), limits)?
        };
        Ok(Self(Arc::new(Inner {
            app_id: inner.app_id.clone(),
            management: management::Client::new_with_client(
                inner.management.baseurl(),
                for_management,
                inner.management.inner().with_limits(limits),
            ),
            auth: auth::Client::new_with_client(
                inner.auth.baseurl(),
                for_auth,
                inner.auth.inner().with_limits(limits),
            ),
        })))
    }

    pub(crate) fn app_id(&self) -> &AppId {
        &self.0.app_id
    }

    /// The limits of each call.
    pub(crate) fn limits(&self) -> Limits {
        self.0.management.inner().limits()
    }

    pub(crate) fn management(&self) -> &management::Client {
        &self.0.management
    }

    pub(crate) fn auth(&self) -> &auth::Client {
        &self.0.auth
    }

    /// The client of the auth API with a user's token.
    pub(crate) fn auth_as(&self, token: &Secret) -> Result<auth::Client> {
        let client = &self.0.auth;
        let transport = client.inner().with_bearer(token)?;
        Ok(auth::Client::new_with_client(
            client.baseurl(),
            client.client().clone(),
            transport,
        ))
    }

    pub(crate) fn has_api_key(&self) -> bool {
        self.0.management.inner().has_credential()
    }

    /// Calls an operation of the management API with the app's id.
    pub(crate) async fn manage<'a, T, F, Reply>(
        &'a self,
        operation: &'static str,
        send: F,
    ) -> Result<T>
    where
        T: DeserializeOwned,
        F: FnOnce(&'a management::Client, &'a str) -> Reply,
        Reply: Future<Output = Generated<T>>,
    {
        if !self.has_api_key() {
            return Err(Error::of(ErrorKind::MissingApiKey).with_operation(operation));
        }
        call::call(operation, send(&self.0.management, self.app_id().as_str())).await
    }
}

/// Clients for both APIs: one for both, unless only one of them may be reached through a proxy.
fn clients(api_url: &str, auth_url: &str, limits: Limits) -> Result<(HttpClient, HttpClient)> {
    let client = |use_proxy| transport::http_client(limits.timeout, limits.connect, use_proxy);
    let may_use_proxy =
        |url: &str| reqwest::Url::parse(url).is_ok_and(|url| transport::may_use_proxy(&url));
    let (for_api, for_auth) = (may_use_proxy(api_url), may_use_proxy(auth_url));
    let first = client(for_api)?;
    let second = if for_api == for_auth {
        first.clone()
    } else {
        client(for_auth)?
    };
    Ok((first, second))
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.app_id().fmt(f)
    }
}
