//! A Passage-compatible server.
