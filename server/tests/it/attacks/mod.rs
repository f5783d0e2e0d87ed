//! Attacks, each tried over HTTP.

mod audit_trail;
