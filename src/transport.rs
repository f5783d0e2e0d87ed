//! The one place through which every generated call goes.

use progenitor_client::ClientHooks;

use crate::generated::{auth, management};

/// What a generated client carries along.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    _private: (),
}

impl ClientHooks<Transport> for management::Client {}
impl ClientHooks<Transport> for auth::Client {}
