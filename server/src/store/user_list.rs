//! Lists of users.

use sqlx::{QueryBuilder, Sqlite};

use super::Conn;
use super::users::UserRow;
use crate::filters::{Compare, Field, Filter, ListQuery, Operand};

/// One page of a list.
pub(crate) struct Page {
    pub(crate) users: Vec<UserRow>,
    /// How many users all pages have.
    pub(crate) total: i64,
}

/// The users that the query asks for, of those created before a time in microseconds.
pub(crate) async fn list(
    conn: &mut Conn,
    app_id: &str,
    query: &ListQuery,
    before: i64,
) -> Result<Page, sqlx::Error> {
    let mut count = QueryBuilder::new("SELECT count(*)");
    conditions(&mut count, app_id, query, before);
    let total = count.build_query_scalar().fetch_one(&mut *conn).await?;

    let mut select = QueryBuilder::new("SELECT *");
    conditions(&mut select, app_id, query, before);
    order(&mut select, query);
    select.push(" LIMIT ").push_bind(i64::from(query.limit));
    select
        .push(" OFFSET ")
        .push_bind(i64::from(query.page - 1) * i64::from(query.limit));
    let users = select.build_query_as().fetch_all(conn).await?;
    Ok(Page { users, total })
}

fn conditions(sql: &mut QueryBuilder<Sqlite>, app_id: &str, query: &ListQuery, before: i64) {
    sql.push(" FROM users WHERE app_id = ")
        .push_bind(app_id.to_owned());
    sql.push(" AND created_at < ").push_bind(before);
    for filter in &query.filters {
        sql.push(" AND ");
        condition(sql, filter);
    }
}

fn condition(sql: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    match &filter.operand {
        Operand::Text(text) if filter.field == Field::Identifier => {
            identifier(sql, filter.compare, text)
        }
        Operand::Text(text) => compare(sql, column(filter.field), filter.compare, text),
        Operand::Number(number) => {
            sql.push(column(filter.field))
                .push(operator(filter.compare))
                .push_bind(*number);
        }
    }
}

/// An identifier is an e-mail address, kept in lower case, or a phone number, or an external id.
fn identifier(sql: &mut QueryBuilder<Sqlite>, how: Compare, text: &str) {
    let (positive, negated) = match how {
        Compare::NotEqual => (Compare::Equal, true),
        Compare::NotLike => (Compare::Like, true),
        other => (other, false),
    };
    sql.push(if negated { "NOT (" } else { "(" });
    for (index, name) in ["email", "phone", "external_id"].into_iter().enumerate() {
        if index > 0 {
            sql.push(" OR ");
        }
        let text = if name == "email" {
            text.to_lowercase()
        } else {
            text.to_owned()
        };
        // A missing identifier compares as neither equal, greater nor less.
        sql.push("(").push(name).push(" IS NOT NULL AND ");
        compare(sql, name, positive, &text);
        sql.push(")");
    }
    sql.push(")");
}

fn compare(sql: &mut QueryBuilder<Sqlite>, column: &'static str, how: Compare, text: &str) {
    sql.push(column).push(operator(how));
    if matches!(how, Compare::Like | Compare::NotLike) {
        sql.push_bind(pattern(text)).push(" ESCAPE '\\'");
    } else {
        sql.push_bind(text.to_owned());
    }
}

/// A text without `%` is looked for anywhere; with `%` it is a pattern for the whole value, where `%` stands for
/// any run of characters. Everything else stands for itself.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('_', "\\_");
    if text.contains('%') {
        escaped
    } else {
        format!("%{escaped}%")
    }
}

fn operator(how: Compare) -> &'static str {
    match how {
        Compare::Equal => " = ",
        Compare::NotEqual => " <> ",
        Compare::Greater => " > ",
        Compare::Less => " < ",
        Compare::Like => " LIKE ",
        Compare::NotLike => " NOT LIKE ",
    }
}

fn column(field: Field) -> &'static str {
    match field {
        Field::Id => "id",
        Field::LoginCount => "login_count",
        Field::Status => "status",
        Field::CreatedAt => "created_at",
        Field::UpdatedAt => "updated_at",
        Field::LastLoginAt => "last_login_at",
        Field::Email | Field::Identifier => "coalesce(email, '')",
        Field::EmailVerified => "email_verified",
        Field::Phone => "coalesce(phone, '')",
        Field::PhoneVerified => "phone_verified",
        Field::ExternalId => "coalesce(external_id, '')",
    }
}

/// Newest first unless asked otherwise. The row number settles ties, so that pages neither repeat nor skip a user.
fn order(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery) {
    sql.push(" ORDER BY ");
    for (field, descending) in &query.order_by {
        sql.push(column(*field))
            .push(if *descending { " DESC, " } else { ", " });
    }
    if query.order_by.is_empty() {
        sql.push("created_at DESC, rowid DESC");
    } else {
        sql.push("rowid");
    }
}
