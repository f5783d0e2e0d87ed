//! Attacks by strangers, each through HTTP and against the settings of `passage-server serve`.

mod first_proof;
mod imported;
mod pre_hijacking;
