//! Attacks on accounts, each as a test of its own, against the settings that `serve` starts with.

mod undo;
mod undo_page;
