//! Lists of users.

use axum::Extension;
use axum::extract::RawQuery;
use axum::response::Response;
use passage_identity::generated::management::types::{
    Link, ListPaginatedUsersResponse, PaginatedLinks,
};

use super::view;
use crate::domain::error::Refusal;
use crate::domain::users::manage;
use crate::http::entry::SentPath;
use crate::http::extract::ApiKeyAuth;
use crate::http::management::filters::ListQuery;
use crate::http::reply;

pub(crate) async fn list_paginated_users(
    call: ApiKeyAuth,
    Extension(path): Extension<SentPath>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let members = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let query = ListQuery::parse(members).map_err(Refusal::invalid_request)?;
    let (limit, number) = (query.users.limit.into(), query.users.page.into());
    let (users, anchor) = (query.users.clone(), query.created_before);
    let (page, created_before) = manage::list(&call.state, &call.app, users, anchor).await?;
    Ok(reply::ok(&ListPaginatedUsersResponse {
        created_before,
        limit,
        links: links(&path.0, &query, created_before, page.total),
        page: number,
        total_users: page.total,
        users: page.users.into_iter().map(view::list_item).collect(),
    }))
}

/// Links to the other pages, with the anchor that keeps them stable. There is no link to a page that does not exist.
fn links(path: &str, query: &ListQuery, created_before: i64, total: i64) -> PaginatedLinks {
    let limit = i64::from(query.users.limit);
    let last = ((total + limit - 1) / limit).max(1);
    let page = i64::from(query.users.page);
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
