//! Walks through all users, and picks some by filters.
//!
//! Run it with `cargo run --example list_users`.

use passage_identity::Passage;
use passage_identity::users::{CreateUser, Order, SortBy, TextFilter};
use passage_server::PassageServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()?;
    let users = passage.users();
    for number in 1..=7 {
        let user = CreateUser::with_email(format!("user{number}@example.com"));
        users.create(user).await?;
    }
    let support = users
        .create(CreateUser::with_email("support@example.com"))
        .await?;
    users.activate(&support.id).await?;

    // All pages, one after the other. They are anchored to the first one, so users who come
    // meanwhile do not shift them.
    let mut everybody = users
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc)
        .limit(3)
        .stream();
    while let Some(user) = everybody.next().await {
        let user = user?;
        println!("{} {}", user.email.as_deref().unwrap_or("-"), user.status);
    }

    // One page.
    let page = users.list().limit(3).send().await?;
    println!("{} of {} users", page.items.len(), page.total);

    let active = users.list().status("active").send().await?;
    println!("{} active", active.total);
    let numbered = users.list().identifier(TextFilter::like("user"));
    println!("{} with a number", numbered.send().await?.total);
    Ok(())
}
