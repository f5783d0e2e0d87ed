//! The test provider as the server sees it: an identity provider like any other, one for each that it simulates.

use std::error::Error;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use passage_identity::generated::auth::types::JwkResponseKeysInner;
use passage_identity::keys::{JwkSet, KeySource};
use serde_json::json;

use super::{TestProvider, issuer};
use crate::domain::social::{
    AuthorizeRequest, Declaration, IdentityProvider, ProviderError, Redeemed, Redemption,
    SocialProvider, Unavailable,
};
use crate::keys;

/// The test provider in place of a real one.
struct StandIn {
    provider: SocialProvider,
    declaration: Declaration,
    issuer: String,
    /// URL of the server, of which the test provider is a part.
    url: String,
    test_provider: Arc<TestProvider>,
}

/// The only key, from memory.
fn pinned(key: &JwkResponseKeysInner) -> Result<KeySource, Box<dyn Error + Send + Sync>> {
    let set = serde_json::to_string(&json!({"keys": [key]}))?;
    Ok(KeySource::pinned(JwkSet::from_json(&set)?))
}

impl TestProvider {
    /// All the providers that it simulates, for a server with this URL.
    pub(crate) fn stand_ins(self: &Arc<Self>, url: &str) -> Vec<Arc<dyn IdentityProvider>> {
        let stand_in = |provider: SocialProvider| -> Arc<dyn IdentityProvider> {
            Arc::new(StandIn {
                provider,
                declaration: provider.declaration(),
                issuer: issuer(url, provider),
                url: url.to_owned(),
                test_provider: Arc::clone(self),
            })
        };
        SocialProvider::ALL.into_iter().map(stand_in).collect()
    }
}

impl IdentityProvider for StandIn {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> String {
        request.url(&format!("{}/authorize", self.issuer), &self.declaration)
    }

    fn redeem<'a>(
        &'a self,
        redemption: Redemption<'a>,
    ) -> BoxFuture<'a, Result<Redeemed, ProviderError>> {
        Box::pin(async move {
            let grant = self.test_provider.redeem(self.provider, &redemption);
            let grant = grant.ok_or(ProviderError::Refused)?;
            let id_token = grant.id_token(&self.url, redemption.now).await;
            let unavailable = |error| ProviderError::Unavailable(Unavailable::new(error));
            Ok(Redeemed {
                id_token: id_token.map_err(unavailable)?,
            })
        })
    }

    fn keys(&self) -> BoxFuture<'_, Result<KeySource, Unavailable>> {
        Box::pin(async {
            let key = keys::test_provider().await.map_err(Unavailable::new)?;
            pinned(&key.jwk()).map_err(Unavailable::new)
        })
    }
}
