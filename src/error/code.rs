//! The `code` member of the API's error bodies.

use crate::open_enum::open_enum;

open_enum! {
    /// Why the server refused, as the `code` of its error body says: every code of both APIs.
    pub enum ErrorCode {
        AdminNotFound = "admin_not_found",
        ApiKeyNotFound = "api_key_not_found",
        AppNotFound = "app_not_found",
        CannotCreateOrganizationBillingPortalSession = "cannot_create_organization_billing_portal_session",
        CannotCreateTransaction = "cannot_create_transaction",
        CannotDeleteAdmin = "cannot_delete_admin",
        CannotDeleteOrganizationMember = "cannot_delete_organization_member",
        CannotSelfUpdateOrganizationMember = "cannot_self_update_organization_member",
        CustomProviderRequired = "custom_provider_required",
        DeviceNotFound = "device_not_found",
        DiscoverableLoginFailed = "discoverable_login_failed",
        DomainNotFound = "domain_not_found",
        EmailProviderNotFound = "email_provider_not_found",
        EmailTemplateNotFound = "email_template_not_found",
        EventNotFound = "event_not_found",
        ExceededAttempts = "exceeded_attempts",
        FailedToSyncEmailPreferences = "failed_to_sync_email_preferences",
        FunctionNotFound = "function_not_found",
        FunctionSecretKeyNotFound = "function_secret_key_not_found",
        FunctionVersionNotFound = "function_version_not_found",
        IdentifierNotVerified = "identifier_not_verified",
        InternalServerError = "internal_server_error",
        InvalidAccessToken = "invalid_access_token",
        InvalidClientVersion = "invalid_client_version",
        InvalidMagicLink = "invalid_magic_link",
        InvalidNonce = "invalid_nonce",
        InvalidRefreshToken = "invalid_refresh_token",
        InvalidRequest = "invalid_request",
        MagicLinkNotFound = "magic_link_not_found",
        MetadataFieldNotFound = "metadata_field_not_found",
        NativeClientAlreadyExists = "native_client_already_exists",
        NativeClientNotFound = "native_client_not_found",
        OAuth2AppNotFound = "oauth2_app_not_found",
        OperationNotAllowed = "operation_not_allowed",
        OrganizationMemberNotFound = "organization_member_not_found",
        SmsProviderNotFound = "sms_provider_not_found",
        SmsTemplateNotFound = "sms_template_not_found",
        SocialConnectionNotFound = "social_connection_not_found",
        TransactionNotFound = "transaction_not_found",
        UserAlreadyAdmin = "user_already_admin",
        UserAlreadyOrganizationMember = "user_already_organization_member",
        UserHasNoPasskeys = "user_has_no_passkeys",
        UserNotActive = "user_not_active",
        UserNotFound = "user_not_found",
        WebAuthnLoginFailed = "webauthn_login_failed",
    }
}

/// The longest code that is kept; the longest known one has 50 characters.
const MAX_CODE: usize = 64;

impl ErrorCode {
    /// Reads a code, or nothing if the text cannot be one. Codes are shown in logs, so free
    /// text from the server must not pass for one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let plausible = !text.is_empty()
            && text.len() <= MAX_CODE
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        plausible.then(|| Self::from(text))
    }

    /// Whether the code names something that does not exist, as `user_not_found` does.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.as_str().ends_with("_not_found")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_known_and_future_codes_but_no_free_text() {
        assert_eq!(
            ErrorCode::read("user_not_found"),
            Some(ErrorCode::UserNotFound)
        );
        assert_eq!(
            ErrorCode::read("quota_2_used"),
            Some(ErrorCode::Unknown("quota_2_used".into()))
        );
        for text in ["", "User not found", "new@example.com", &"x".repeat(65)] {
            assert_eq!(ErrorCode::read(text), None, "{text}");
        }
    }

    #[test]
    fn knows_the_not_found_family() {
        assert!(ErrorCode::DeviceNotFound.is_not_found());
        assert!(ErrorCode::Unknown("widget_not_found".into()).is_not_found());
        assert!(!ErrorCode::InvalidRequest.is_not_found());
    }
}
