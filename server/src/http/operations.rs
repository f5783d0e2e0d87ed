//! The operations of both APIs: how method and path identify one, for routing, faults and the log.

use http::Method;

/// One of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Management,
    Auth,
}

impl Api {
    /// The path under which the API answers.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Management => "/api/v1",
            Self::Auth => "/auth/v1",
        }
    }
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) api: Api,
    pub(crate) method: Method,
    /// Path below the prefix, with parameters in braces.
    pub(crate) path: &'static str,
}

impl Operation {
    /// Whether a name matches this operation: its id, alone or after the name of its API and a dot.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let api = match self.api {
            Api::Management => "management",
            Api::Auth => "auth",
        };
        match name.split_once('.') {
            Some((prefix, id)) => prefix == api && id == self.id,
            None => name == self.id,
        }
    }
}

const fn management(id: &'static str, method: Method, path: &'static str) -> Operation {
    Operation {
        id,
        api: Api::Management,
        method,
        path,
    }
}

const fn auth(id: &'static str, method: Method, path: &'static str) -> Operation {
    Operation {
        id,
        api: Api::Auth,
        method,
        path,
    }
}

/// The 62 operations of the API descriptions, and ours.
#[rustfmt::skip]
pub(crate) static OPERATIONS: [Operation; 63] = [
    management("getApp", Method::GET, "/apps/{app_id}"),
    management("listPaginatedUsers", Method::GET, "/apps/{app_id}/users"),
    management("createUser", Method::POST, "/apps/{app_id}/users"),
    management("getUser", Method::GET, "/apps/{app_id}/users/{user_id}"),
    management("updateUser", Method::PATCH, "/apps/{app_id}/users/{user_id}"),
    management("deleteUser", Method::DELETE, "/apps/{app_id}/users/{user_id}"),
    management("activateUser", Method::PATCH, "/apps/{app_id}/users/{user_id}/activate"),
    management("deactivateUser", Method::PATCH, "/apps/{app_id}/users/{user_id}/deactivate"),
    management("listUserDevices", Method::GET, "/apps/{app_id}/users/{user_id}/devices"),
    management("deleteUserDevices", Method::DELETE, "/apps/{app_id}/users/{user_id}/devices/{device_id}"),
    management("revokeUserRefreshTokens", Method::DELETE, "/apps/{app_id}/users/{user_id}/tokens"),
    management("createMagicLink", Method::POST, "/apps/{app_id}/magic-links"),
    management("createRegisterTransaction", Method::POST, "/apps/{app_id}/transactions/register"),
    management("createAuthenticateTransaction", Method::POST, "/apps/{app_id}/transactions/authenticate"),
    management("authenticateVerifyNonce", Method::POST, "/apps/{app_id}/authenticate/verify"),
    management("listApiKeys", Method::GET, "/apps/{app_id}/api-keys"),
    management("createApiKey", Method::POST, "/apps/{app_id}/api-keys"),
    management("getApiKey", Method::GET, "/apps/{app_id}/api-keys/{api_key_id}"),
    management("deleteApiKey", Method::DELETE, "/apps/{app_id}/api-keys/{api_key_id}"),
    auth("getApp", Method::GET, "/apps/{app_id}"),
    auth("getJwks", Method::GET, "/apps/{app_id}/.well-known/jwks.json"),
    auth("getOpenIdConfiguration", Method::GET, "/apps/{app_id}/.well-known/openid-configuration"),
    auth("getCurrentuser", Method::GET, "/apps/{app_id}/currentuser"),
    auth("getCurrentuserDevices", Method::GET, "/apps/{app_id}/currentuser/devices"),
    auth("postCurrentuserAddDeviceStart", Method::POST, "/apps/{app_id}/currentuser/devices/start"),
    auth("postCurrentuserAddDeviceFinish", Method::POST, "/apps/{app_id}/currentuser/devices/finish"),
    auth("updateCurrentuserDevice", Method::PATCH, "/apps/{app_id}/currentuser/devices/{device_id}"),
    auth("deleteCurrentuserDevice", Method::DELETE, "/apps/{app_id}/currentuser/devices/{device_id}"),
    auth("updateEmailCurrentuser", Method::PATCH, "/apps/{app_id}/currentuser/email"),
    auth("updatePhoneCurrentuser", Method::PATCH, "/apps/{app_id}/currentuser/phone"),
    auth("getCurrentuserMetadata", Method::GET, "/apps/{app_id}/currentuser/user-metadata"),
    auth("updateCurrentuserMetadata", Method::PATCH, "/apps/{app_id}/currentuser/user-metadata"),
    auth("getCurrentuserSocialConnections", Method::GET, "/apps/{app_id}/currentuser/social-connections"),
    auth("deleteCurrentuserSocialConnection", Method::DELETE, "/apps/{app_id}/currentuser/social-connections/{social_connection_type}"),
    auth("loginMagicLink", Method::POST, "/apps/{app_id}/login/magic-link"),
    auth("loginOneTimePasscode", Method::POST, "/apps/{app_id}/login/otp"),
    auth("loginWebauthnStart", Method::POST, "/apps/{app_id}/login/webauthn/start"),
    auth("loginWebauthnFinish", Method::POST, "/apps/{app_id}/login/webauthn/finish"),
    auth("registerMagicLink", Method::POST, "/apps/{app_id}/register/magic-link"),
    auth("registerOneTimePasscode", Method::POST, "/apps/{app_id}/register/otp"),
    auth("registerWebauthnStart", Method::POST, "/apps/{app_id}/register/webauthn/start"),
    auth("registerWebauthnFinish", Method::POST, "/apps/{app_id}/register/webauthn/finish"),
    auth("registerWebauthnStartWithTransaction", Method::POST, "/apps/{app_id}/register/transactions/webauthn/start"),
    auth("registerWebauthnFinishWithTransaction", Method::POST, "/apps/{app_id}/register/transactions/webauthn/finish"),
    auth("authenticateWebauthnStartWithTransaction", Method::POST, "/apps/{app_id}/authenticate/transactions/webauthn/start"),
    auth("authenticateWebauthnFinishWithTransaction", Method::POST, "/apps/{app_id}/authenticate/transactions/webauthn/finish"),
    auth("activateMagicLink", Method::PATCH, "/apps/{app_id}/magic-link/activate"),
    auth("magicLinkStatus", Method::POST, "/apps/{app_id}/magic-link/status"),
    auth("activateOneTimePasscode", Method::POST, "/apps/{app_id}/otp/activate"),
    auth("refreshAuthToken", Method::POST, "/apps/{app_id}/tokens"),
    auth("revokeRefreshToken", Method::DELETE, "/apps/{app_id}/tokens"),
    auth("checkUserIdentifier", Method::GET, "/apps/{app_id}/users"),
    auth("createUser", Method::POST, "/apps/{app_id}/users"),
    auth("getAuthorize", Method::GET, "/apps/{app_id}/social/authorize"),
    auth("exchangeSocialToken", Method::GET, "/apps/{app_id}/social/token"),
    auth("exchangeSocialIdToken", Method::POST, "/apps/{app_id}/social/id_token"),
    auth("currentuserSocialLinkAccount", Method::GET, "/apps/{app_id}/currentuser/social/link_account"),
    auth("oauth2Callback", Method::GET, "/apps/{app_id}/social/oauth2_callback"),
    auth("appleOauth2Callback", Method::POST, "/apps/{app_id}/social/oauth2_callback"),
    auth("oauth2CallbackDefaultDev", Method::GET, "/social/oauth2_callback"),
    auth("appleOauth2CallbackDefaultDev", Method::POST, "/social/oauth2_callback"),
    auth("signOutEverywhere", Method::DELETE, "/apps/{app_id}/currentuser/tokens"),
    auth("createPasskeyReadiness", Method::POST, "/analytics/passkey-readiness"),
];

/// The operation of a request, by its method and its path with the API's prefix.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Operation> {
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    OPERATIONS.iter().find(|operation| {
        operation.method == *method
            && path
                .strip_prefix(operation.api.prefix())
                .is_some_and(|rest| matches(operation.path, rest))
    })
}

fn matches(template: &str, path: &str) -> bool {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given))
                if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        for operation in &OPERATIONS {
            let path = operation.path.replace(['{', '}'], "");
            let found = find(
                &operation.method,
                &format!("{}{path}", operation.api.prefix()),
            )
            .unwrap();
            assert_eq!((found.id, found.api), (operation.id, operation.api));
        }
    }

    #[test]
    fn anything_else_is_not_found() {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/api/v1"),
            (Method::GET, "/api/v1/apps"),
            (Method::GET, "/api/v1/apps/"),
            (Method::PUT, "/api/v1/apps/a/users/b"),
            (Method::GET, "/auth/v1/apps/a/users/b"),
            (Method::GET, "/auth/v1/apps/a/users/b/c"),
        ] {
            assert!(find(&method, path).is_none(), "{method} {path}");
        }
    }
}
