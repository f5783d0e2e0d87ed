//! Benchmarks of passage-identity; see `docs/performance.md`.
