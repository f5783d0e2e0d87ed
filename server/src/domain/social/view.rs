//! Social logins as the APIs return them.

use passage_identity::generated::auth::types as auth;
use passage_identity::generated::management::types as management;

use crate::domain::apps::App;
use crate::domain::state::AppState;
use crate::provider_name::ProviderName;
use crate::store::social_connections::ConnectionRow;

/// A connection as one of the types of the APIs, which differ only in their names.
macro_rules! shown {
    ($connections:expr, $provider:expr, $api:ident::$shown:ident) => {
        find($connections, &$provider).map(|connection| $api::$shown {
            created_at: connection.created_at.timestamp(),
            last_login_at: connection.last_login_at.timestamp(),
            provider_id: connection.provider_id.clone(),
            provider_identifier: connection.provider_identifier.clone(),
        })
    };
}

fn find<'a>(
    connections: &'a [ConnectionRow],
    provider: &ProviderName,
) -> Option<&'a ConnectionRow> {
    connections
        .iter()
        .find(|connection| connection.r#type == provider.as_str())
}

/// The connections of a user, as shown to that user.
pub(crate) fn own_connections(connections: &[ConnectionRow]) -> auth::UserSocialConnections {
    auth::UserSocialConnections {
        apple: shown!(
            connections,
            ProviderName::APPLE,
            auth::AppleSocialConnection
        ),
        github: shown!(
            connections,
            ProviderName::GITHUB,
            auth::GithubSocialConnection
        ),
        google: shown!(
            connections,
            ProviderName::GOOGLE,
            auth::GoogleSocialConnection
        ),
    }
}

/// The connections of a user, as shown to the app's backend.
pub(crate) fn users_connections(
    connections: &[ConnectionRow],
) -> management::UserSocialConnections {
    management::UserSocialConnections {
        apple: shown!(
            connections,
            ProviderName::APPLE,
            management::AppleUserSocialConnection
        ),
        github: shown!(
            connections,
            ProviderName::GITHUB,
            management::GithubUserSocialConnection
        ),
        google: shown!(
            connections,
            ProviderName::GOOGLE,
            management::GoogleUserSocialConnection
        ),
    }
}

/// The social logins that an app offers.
pub(crate) fn offered(state: &AppState, app: &App) -> auth::SocialConnections {
    let offer = |provider: &ProviderName| {
        let login = app.settings.social.login(provider);
        let login = login.filter(|_| state.providers.get(provider).is_some());
        login.map(|login| auth::SocialConnection {
            client_id: login.client_id.clone(),
        })
    };
    auth::SocialConnections {
        apple: offer(&ProviderName::APPLE),
        github: offer(&ProviderName::GITHUB),
        google: offer(&ProviderName::GOOGLE),
    }
}
