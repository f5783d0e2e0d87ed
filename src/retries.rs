#![doc = include_str!("../docs/retries.md")]
