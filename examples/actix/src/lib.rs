//! An actix-web service: its handlers say whom they need, and one scope is behind a middleware.

use actix_web::web::{self, ServiceConfig};
use passage_identity::Passage;
use passage_identity::actix::{CurrentUser, Maybe, PassageClaims, PassageMiddleware, PassageUser};

/// Adds the routes and what they share: for [`actix_web::App::configure`].
pub fn config(passage: Passage) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::new(passage.clone()))
            .route("/me", web::get().to(me))
            .route("/hello", web::get().to(hello))
            .route("/session", web::get().to(session))
            .route("/account", web::get().to(account))
            // Nothing gets to these handlers without a good token, not even by a handler's
            // mistake.
            .service(
                web::scope("/members")
                    .wrap(PassageMiddleware::required(passage))
                    .route("/me", web::get().to(me)),
            );
    }
}

/// For signed-in users only: others get a 401.
async fn me(PassageUser(user_id): PassageUser) -> String {
    format!("you are {user_id}\n")
}

/// For everyone. A token that is there must be good all the same.
async fn hello(Maybe(user): Maybe<PassageUser>) -> String {
    match user {
        Some(PassageUser(user_id)) => format!("hello, {user_id}\n"),
        None => "hello, stranger\n".to_owned(),
    }
}

/// What else the token says.
async fn session(PassageClaims(claims): PassageClaims) -> String {
    format!("you are {}, from {}\n", claims.user_id, claims.issuer)
}

/// The user as it is now, from the management API.
async fn account(CurrentUser(user): CurrentUser) -> String {
    format!("you are {}, {}\n", user.id, user.status)
}
