//! A service with forms, whose users are known by the cookie that passage-js sets. Browsers send that cookie along with
//! forms on other sites too, which are refused here.
//!
//! The settings come from the environment: `PASSAGE_URL`, `PASSAGE_APP_ID` and `PASSAGE_API_KEY`. When ready, it prints a
//! line of JSON. `cargo xtask browser-test` runs it, and sends the form from a page of another site.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use passage_identity::axum::PassageUser;
use passage_identity::verification::CrossSitePolicy;
use passage_identity::{Passage, PassageBuilder};

type Failure = Box<dyn std::error::Error>;

/// The whole service.
pub fn service(passage: Passage) -> Router {
    Router::new()
        .route("/deactivate", post(deactivate))
        .with_state(passage)
}

/// Deactivates the user who sends the form.
async fn deactivate(
    PassageUser(user_id): PassageUser,
    State(passage): State<Passage>,
) -> (StatusCode, &'static str) {
    match passage.users().deactivate(&user_id).await {
        Ok(_) => (StatusCode::OK, "Your account is deactivated.\n"),
        Err(_) => (StatusCode::BAD_GATEWAY, "This failed. Try again.\n"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let checked = Passage::from_env()?;
    // The same without the check, to see what it is good for. Never do this.
    let unchecked = PassageBuilder::from_env()?
        .cross_site(CrossSitePolicy::new().danger_allow_all())
        .build()?;
    let services = Router::new()
        .nest("/services/checked", service(checked))
        .nest("/services/unchecked", service(unchecked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"url\":\"http://{}\"}}", listener.local_addr()?);
    axum::serve(listener, services).await?;
    Ok(())
}
