//! Typed access to the Passage API.
