//! Lists of users.

use axum::Extension;
use axum::extract::RawQuery;
use axum::response::Response;
use passage_identity::generated::management::types::{
    Link, ListPaginatedUsersResponse, PaginatedLinks,
};

use super::view;
use crate::domain::error::Refusal;
use crate::http::entry::SentPath;
use crate::http::extract::ApiKeyAuth;
use crate::http::management::filters::ListQuery;
use crate::http::reply;
use crate::store;

pub(crate) async fn list_paginated_users(
    call: ApiKeyAuth,
    Extension(path): Extension<SentPath>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let members = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let query = ListQuery::parse(members).map_err(Refusal::invalid_request)?;
    // A whole second that has begun counts as a whole, so that a user who was just created is in the list.
    let created_before = query
        .created_before
        .unwrap_or_else(|| call.state.clock.now().as_second() + 1);
    let before = created_before.saturating_mul(1_000_000);
    let (app_id, wanted) = (call.app.id.clone(), query.clone());
    let read = call
        .state
        .store
        .read(move |tx| Ok::<_, Refusal>(store::user_list::list(tx, &app_id, &wanted, before)?));
    let page = read.await?;
    Ok(reply::ok(&ListPaginatedUsersResponse {
        created_before,
        limit: query.limit.into(),
        links: links(&path.0, &query, created_before, page.total),
        page: query.page.into(),
        total_users: page.total,
        users: page.users.into_iter().map(view::list_item).collect(),
    }))
}

/// Links to the other pages, with the anchor, so that they stay what they are. A page that is not there has none.
fn links(path: &str, query: &ListQuery, created_before: i64, total: i64) -> PaginatedLinks {
    let limit = i64::from(query.limit);
    let last = ((total + limit - 1) / limit).max(1);
    let page = i64::from(query.page);
    let link = |page: i64| {
        let mut text = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
        text.append_pair("page", &page.to_string())
            .append_pair("limit", &limit.to_string());
        text.append_pair("created_before", &created_before.to_string())
            .extend_pairs(&query.repeated);
        Link {
            href: text.finish(),
        }
    };
    let none = || Link {
        href: String::new(),
    };
    PaginatedLinks {
        first: link(1),
        last: link(last),
        next: if page < last { link(page + 1) } else { none() },
        previous: if page > 1 { link(page - 1) } else { none() },
        self_: link(page),
    }
}
