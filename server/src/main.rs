//! The `passage-server` binary.

fn main() {}
