//! The public view of the app, and its keys.

use axum::response::Response;
use passage_identity::generated::auth::types::{
    App, AuthMethods, ElementCustomization, GetAppResponse, JwkResponse, Layouts,
    MagicLinkAuthMethod, OpenIdConfiguration, OtpAuthMethod, PasskeysAuthMethod, TtlDisplayUnit,
    UserMetadataField,
};

use crate::domain::error::Refusal;
use crate::domain::social;
use crate::domain::users::verification;
use crate::http::extract::AppContext;
use crate::http::reply;

pub(crate) async fn get_app(call: AppContext) -> Result<Response, Refusal> {
    let settings = &call.app.settings;
    let key = call.app.keys.active().await?;
    let (fallback, fallback_ttl) = settings.fallback();
    let verifies = verification::required(&call.state, &call.app);
    let app = App {
        allowed_identifier: "both".to_owned(),
        auth_fallback_method: fallback.to_owned().into(),
        auth_fallback_method_ttl: fallback_ttl,
        auth_methods: AuthMethods {
            magic_link: settings.magic_links.then_some(MagicLinkAuthMethod {
                ttl: Some(settings.magic_link_ttl),
                ttl_display_unit: Some(TtlDisplayUnit::M),
            }),
            otp: settings.one_time_codes.then_some(OtpAuthMethod {
                ttl: Some(settings.otp_ttl),
                ttl_display_unit: Some(TtlDisplayUnit::M),
            }),
            passkeys: Some(PasskeysAuthMethod(serde_json::Map::new())),
        },
        auth_origin: settings.auth_origin.clone(),
        default_language: "en".to_owned(),
        element_customization: ElementCustomization::default(),
        element_customization_dark: ElementCustomization::default(),
        ephemeral: false,
        id: call.app.id.clone().into(),
        layouts: Layouts {
            profile: Vec::new(),
            registration: Vec::new(),
        },
        login_url: settings.login_url.clone(),
        name: settings.name.clone(),
        passage_branding: false,
        profile_management: true,
        public_signup: true,
        redirect_url: settings.redirect_url.clone(),
        require_email_verification: verifies.email,
        require_identifier_verification: verifies.any(),
        required_identifier: "either".to_owned(),
        rsa_public_key: key.pem_in_base64()?,
        session_timeout_length: settings.session_timeout_length,
        social_connections: social::offered(&call.state, &call.app),
        user_metadata_schema: settings
            .metadata
            .iter()
            .map(|field| UserMetadataField {
                field_name: field.name.clone(),
                friendly_name: field.name.clone(),
                id: field.id.clone(),
                profile: field.profile,
                registration: field.registration,
                type_: field.r#type.as_str().to_owned(),
            })
            .collect(),
    };
    Ok(reply::ok(&GetAppResponse { app }))
}

pub(crate) async fn get_jwks(call: AppContext) -> Result<Response, Refusal> {
    let keys = call
        .app
        .keys
        .all()
        .await?
        .iter()
        .map(|key| key.jwk())
        .collect();
    Ok(reply::ok(&JwkResponse { keys }))
}

pub(crate) async fn get_open_id_configuration(call: AppContext) -> Result<Response, Refusal> {
    let base = format!("{}/apps/{}", call.state.auth_url(), call.app.id);
    Ok(reply::ok(&OpenIdConfiguration {
        authorization_endpoint: format!("{base}/social/authorize"),
        issuer: call.app.issuer.clone(),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
    }))
}
