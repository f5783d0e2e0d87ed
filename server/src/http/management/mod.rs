//! The Management API: one file per resource.

pub(crate) mod api_keys;
pub(crate) mod app;
pub(crate) mod devices;
pub(crate) mod filters;
pub(crate) mod magic_links;
pub(crate) mod tokens;
pub(crate) mod transactions;
pub(crate) mod user_list;
pub(crate) mod users;
mod view;
