//! The life of a ceremony: used once, within five minutes, for one purpose, user and app.

mod finish;
mod start;

pub(crate) use self::finish::{Finish, Proof, end, once};
pub(crate) use self::start::{Holder, StartAssertion, StartCreation, user_name};
