//! The layer, the extractors and the example services, driven over HTTP.

mod axum_extractors;
mod middleware;
mod tower_layer;
