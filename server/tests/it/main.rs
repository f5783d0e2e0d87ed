//! Black-box tests: a server of its own for each test, and real HTTP.
//!
//! Every exchange of every test is also checked against the vendored API descriptions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod api_keys;
#[cfg(unix)]
mod app_bounds;
mod app_info;
#[cfg(unix)]
mod attacks;
#[cfg(unix)]
mod audit;
mod auth_api;
#[cfg(unix)]
mod binary;
mod browser;
mod concealed;
mod controls;
mod crash;
mod credentials;
mod devices;
mod durability;
mod faults;
mod flex;
mod limits;
mod link_rules;
mod list_filters;
mod lists;
mod lookup;
mod magic_links;
mod mailbox;
mod nested;
mod one_time_code_sign_ins;
mod one_time_codes;
mod opened_links;
mod outbox;
mod own_account;
mod pages;
mod passkeys;
#[cfg(unix)]
mod process;
mod rate_limits;
mod request_log;
mod restarts;
mod routing;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod serve_binary;
#[cfg(unix)]
mod serve_check;
mod sessions;
#[cfg(unix)]
mod site;
mod social;
mod social_bounds;
mod social_connections;
mod social_id_tokens;
mod social_rules;
mod social_sign_in;
mod support;
mod tokens;
mod transfer;
mod transfer_bad_lines;
#[cfg(unix)]
mod transfer_binary;
mod transfer_elsewhere;
mod transfer_passkeys;
mod transfer_refused;
mod users;
