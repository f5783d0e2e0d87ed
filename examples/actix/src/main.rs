//! An actix-web service whose requests are authenticated.
fn main() {}
