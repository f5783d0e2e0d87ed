//! The fixed sets of names in the audit log.

use crate::store::text_enum::text_enum;

text_enum! {
    /// What was done.
    AuditAction {
        SignIn = "sign_in",
        Registration = "registration",
        /// A link that verifies or changes an identifier was opened, or a waiting device got the tokens of a link.
        LinkOpened = "link_opened",
        SignedOut = "signed_out",
        SignInEnded = "sign_in_ended",
        SignInsEnded = "sign_ins_ended",
        UserCreated = "user_created",
        UserActivated = "user_activated",
        UserDeactivated = "user_deactivated",
        UserDeleted = "user_deleted",
        EmailChanged = "email_changed",
        EmailVerified = "email_verified",
        PhoneChanged = "phone_changed",
        PhoneVerified = "phone_verified",
        /// The first proof of an identifier removed what others may have added.
        AccountCleared = "account_cleared",
        /// A change of an identifier was undone from the old one.
        ChangeUndone = "change_undone",
        MetadataChanged = "metadata_changed",
        PasskeyAdded = "passkey_added",
        PasskeyRenamed = "passkey_renamed",
        PasskeyRemoved = "passkey_removed",
        SocialConnected = "social_connected",
        SocialDisconnected = "social_disconnected",
        ApiKeyCreated = "api_key_created",
        ApiKeyDeleted = "api_key_deleted",
        AppCreated = "app_created",
        AppChanged = "app_changed",
        AppDeleted = "app_deleted",
        KeyRotationRequested = "key_rotation_requested",
        SigningKeyAnnounced = "signing_key_announced",
        SigningKeyActivated = "signing_key_activated",
        SigningKeyForgotten = "signing_key_forgotten",
        UsersImported = "users_imported",
        UsersExported = "users_exported",
        SignInRefused = "sign_in_refused",
        RegistrationRefused = "registration_refused",
        RefreshRefused = "refresh_refused",
        /// Something that a signed-in user does with their account.
        AccountRefused = "account_refused",
        /// A request of the Management API.
        BackendRefused = "backend_refused",
        RequestRefused = "request_refused",
        /// Refusals of which only the number is known, because they could not be written or were too many at once.
        RefusalsDropped = "refusals_dropped",
    }
}

text_enum! {
    /// How something was done, or why it was refused.
    AuditReason {
        ByPasskey = "passkey",
        ByOneTimeCode = "one_time_code",
        ByMagicLink = "magic_link",
        BySocial = "social",
        WrongCode = "wrong_code",
        ExceededAttempts = "exceeded_attempts",
        InvalidMagicLink = "invalid_magic_link",
        UnknownUser = "unknown_user",
        UserNotActive = "user_not_active",
        UserExists = "user_exists",
        UserHasNoPasskeys = "user_has_no_passkeys",
        IdentifierNotVerified = "identifier_not_verified",
        NotAllowed = "not_allowed",
        RateLimited = "rate_limited",
        MissingCredential = "missing_credential",
        BadAuthToken = "bad_auth_token",
        BadApiKey = "bad_api_key",
        ApiKeyOfAnotherApp = "api_key_of_another_app",
        InvalidRefreshToken = "invalid_refresh_token",
        RefreshTokenReused = "refresh_token_reused",
        InvalidNonce = "invalid_nonce",
        UnknownTransaction = "unknown_transaction",
        SocialRefused = "social_refused",
        HandshakeUnknown = "handshake_unknown",
        HandshakeExpired = "handshake_expired",
        HandshakeOfAnotherOperation = "handshake_of_another_operation",
        HandshakeOfAnotherTransaction = "handshake_of_another_transaction",
        HandshakeOfAnotherUser = "handshake_of_another_user",
        PasskeyUnknown = "passkey_unknown",
        PasskeyOfAnotherUser = "passkey_of_another_user",
        PasskeyWithoutUser = "passkey_without_user",
        PasskeyMalformed = "passkey_malformed",
        PasskeyOperation = "passkey_operation",
        PasskeyChallenge = "passkey_challenge",
        PasskeyOrigin = "passkey_origin",
        PasskeyFramed = "passkey_framed",
        PasskeyRelyingParty = "passkey_relying_party",
        PasskeyUserNotPresent = "passkey_user_not_present",
        PasskeyUserNotVerified = "passkey_user_not_verified",
        PasskeyCounter = "passkey_counter",
        PasskeyBackupEligibility = "passkey_backup_eligibility",
        PasskeyBackupState = "passkey_backup_state",
        PasskeySignature = "passkey_signature",
        PasskeyAlgorithm = "passkey_algorithm",
        PasskeyKey = "passkey_key",
        PasskeyAttestation = "passkey_attestation",
        PasskeyIdDiffers = "passkey_id_differs",
        PasskeyTaken = "passkey_taken",
        PasskeysFull = "passkeys_full",
        PasskeyNotAccepted = "passkey_not_accepted",
    }
}

text_enum! {
    /// The kinds of actors.
    ActorKind {
        Client = "client",
        User = "user",
        Backend = "backend",
        Operator = "operator",
        Server = "server",
    }
}
