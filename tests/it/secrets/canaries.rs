//! Texts that must not be seen again. None is part of another or of a common word.

pub(crate) const API_KEY: &str = "canary0key.nZt4Vb8QwX1yLr6KpS3mHd7";
pub(crate) const EMAIL: &str = "canary-mail@example.com";
pub(crate) const PHONE: &str = "+15005550188";
pub(crate) const EXTERNAL_ID: &str = "canary-external-7731";
pub(crate) const NONCE: &str = "canary-nonce-5512";
pub(crate) const METADATA_KEY: &str = "canary_metadata_key";
pub(crate) const METADATA: &str = "canary-metadata-9083";
/// Names that people give to things show in `Debug`, so this one is not planted.
pub(crate) const DISPLAY_NAME: &str = "some name";
pub(crate) const URL: &str = "https://example.com/in?psg_magic_link=ml.canary-link";
pub(crate) const PATH: &str = "/in/canary-path";
pub(crate) const COOKIE: &str = "canary-cookie-4419";

pub(crate) const PLANTED: [&str; 12] = [
    API_KEY,
    // What differs between keys.
    "nZt4Vb8QwX1y",
    EMAIL,
    // However it is quoted.
    "canary-mail",
    PHONE,
    "15005550188",
    EXTERNAL_ID,
    NONCE,
    METADATA_KEY,
    METADATA,
    "canary-link",
    COOKIE,
];
