//! The app, as shown to its owner.

use axum::response::Response;
use passage_identity::generated::management::types::{
    AppInfo, AppInfoType, AppResponse, AuthMethods, ElementCustomization, Layouts,
    MagicLinkAuthMethod, OtpAuthMethod, PasskeysAuthMethod, ThemeType, TtlDisplayUnit,
    UserMetadataField,
};

use crate::domain::error::Refusal;
use crate::domain::users::verification;
use crate::http::extract::MaybeApiKeyAuth;
use crate::http::reply;

/// Also answers without an API key, as the original service did.
pub(crate) async fn get_app(call: MaybeApiKeyAuth) -> Result<Response, Refusal> {
    let app = &call.app;
    let settings = &app.settings;
    let key = app.keys.active().await?;
    let (fallback, fallback_ttl) = settings.fallback();
    let verifies = verification::required(&call.state, app);
    let info = AppInfo {
        additional_auth_origins: Vec::new(),
        allowed_callback_urls: settings.allowed_callback_urls.clone(),
        allowed_identifier: "both".to_owned(),
        allowed_logout_urls: Vec::new(),
        application_login_uri: String::new(),
        auth_fallback_method: fallback.to_owned(),
        auth_fallback_method_ttl: fallback_ttl,
        auth_methods: AuthMethods {
            magic_link: MagicLinkAuthMethod {
                enabled: settings.magic_links,
                ttl: settings.magic_link_ttl,
                ttl_display_unit: TtlDisplayUnit::M,
            },
            otp: OtpAuthMethod {
                enabled: settings.one_time_codes,
                ttl: settings.otp_ttl,
                ttl_display_unit: TtlDisplayUnit::M,
            },
            passkeys: PasskeysAuthMethod { enabled: true },
        },
        auth_origin: settings.auth_origin.clone(),
        auto_theme_enabled: false,
        created_at: app.created_at,
        dark_logo_url: None,
        default_language: "en".to_owned(),
        element_customization: ElementCustomization::default(),
        element_customization_dark: ElementCustomization::default(),
        hosted: false,
        hosted_subdomain: String::new(),
        hosted_theme: ThemeType::Auto,
        id: app.id.clone().into(),
        id_token_lifetime: None,
        layouts: Layouts {
            profile: Vec::new(),
            registration: Vec::new(),
        },
        light_logo_url: None,
        login_url: settings.login_url.clone(),
        name: settings.name.clone(),
        passage_branding: false,
        profile_management: true,
        public_signup: true,
        redirect_url: settings.redirect_url.clone(),
        refresh_absolute_lifetime: settings.refresh_absolute_lifetime,
        refresh_enabled: settings.refresh_enabled,
        refresh_inactivity_lifetime: settings.refresh_inactivity_lifetime,
        require_email_verification: verifies.email,
        require_identifier_verification: verifies.any(),
        required_identifier: "either".to_owned(),
        role: call.key.map(|key| key.role).unwrap_or_default(),
        rsa_public_key: key.pem_in_base64()?,
        secret: None,
        session_timeout_length: settings.session_timeout_length,
        technologies: Vec::new(),
        type_: AppInfoType::Complete,
        user_metadata_schema: settings
            .metadata
            .iter()
            .map(|field| UserMetadataField {
                field_name: field.name.clone(),
                friendly_name: field.name.clone(),
                id: field.id.clone(),
                profile: field.profile,
                registration: field.registration,
                type_: field.r#type.as_str().to_owned().into(),
            })
            .collect(),
    };
    Ok(reply::ok(&AppResponse { app: info }))
}
