//! The layer, the extractors and the example services, driven over HTTP.

mod axum_extractors;
mod cross_site;
mod middleware;
mod tower_layer;

/// Serves it and gives its URL.
async fn serve(service: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}
