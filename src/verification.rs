#![doc = include_str!("../docs/verification.md")]
