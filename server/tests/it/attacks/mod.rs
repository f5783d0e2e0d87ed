//! Attacks on accounts, each as a test of its own, against the settings that `serve` has by default.

mod change_of_address;
mod link_injection;
mod link_phishing;
mod links;
