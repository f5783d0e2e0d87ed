//! What tests of more than one module need.

mod alone;
pub(crate) mod fault_replies;
pub(crate) mod fault_server;

pub(crate) use alone::{in_a_process_of_its_own, in_a_process_with};
