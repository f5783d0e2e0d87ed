//! Attacks that must fail, through HTTP.

mod enumeration;
mod metadata_rights;
mod owner_is_told;
