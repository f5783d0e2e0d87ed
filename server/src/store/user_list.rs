//! Lists of users.

use super::tx::{Value, params_from_iter};
use super::users::UserRow;
use super::{SqlError, Tx};
use crate::clock::Time;
use crate::ids::AppId;

/// Something to filter or order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Identifier,
    Id,
    LoginCount,
    Status,
    CreatedAt,
    UpdatedAt,
    LastLoginAt,
    Email,
    EmailVerified,
    Phone,
    PhoneVerified,
    ExternalId,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Greater,
    Less,
    Like,
    NotLike,
}

/// What a filter compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Text(String),
    Number(i64),
    Time(Time),
}

/// One condition on the users to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) field: Field,
    pub(crate) compare: Compare,
    pub(crate) operand: Operand,
}

/// Which users to list, in which order, and which page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserQuery {
    /// Starts at 1.
    pub(crate) page: u32,
    /// Users on a page.
    pub(crate) limit: u32,
    /// Fields, with whether they sort in descending order.
    pub(crate) order_by: Vec<(Field, bool)>,
    pub(crate) filters: Vec<Filter>,
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) users: Vec<UserRow>,
    /// Total number of users on all pages.
    pub(crate) total: i64,
}

/// The users that match the query and were created before a time in microseconds.
pub(crate) fn list(
    tx: &Tx<'_>,
    app_id: &AppId,
    query: &UserQuery,
    before: Time,
) -> Result<Page, SqlError> {
    let mut count = Statement::new("SELECT count(*)");
    conditions(&mut count, app_id, query, before);
    let total = tx.value(&count.text, params_from_iter(count.values))?;

    let mut select = Statement::new("SELECT *");
    conditions(&mut select, app_id, query, before);
    order(&mut select, query);
    let (limit, page) = (i64::from(query.limit), i64::from(query.page));
    select.push(" LIMIT ").bind(limit);
    select.push(" OFFSET ").bind((page - 1) * limit);
    let users = tx.rows(&select.text, params_from_iter(select.values))?;
    Ok(Page { users, total })
}

/// The text of a statement, and the values of its parameters.
struct Statement {
    text: String,
    values: Vec<Value>,
}

impl Statement {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// Appends text, which must not come from outside.
    fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter with its value.
    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }
}

fn conditions(sql: &mut Statement, app_id: &AppId, query: &UserQuery, before: Time) {
    sql.push(" FROM users WHERE app_id = ")
        .bind(app_id.to_string());
    sql.push(" AND created_at < ").bind(before.as_microsecond());
    for filter in &query.filters {
        sql.push(" AND ");
        condition(sql, filter);
    }
}

fn condition(sql: &mut Statement, filter: &Filter) {
    match &filter.operand {
        Operand::Text(text) if filter.field == Field::Identifier => {
            identifier(sql, filter.compare, text)
        }
        Operand::Text(text) => compare(sql, column(filter.field), filter.compare, text),
        Operand::Number(number) => {
            sql.push(column(filter.field))
                .push(operator(filter.compare))
                .bind(*number);
        }
        Operand::Time(time) => {
            sql.push(column(filter.field))
                .push(operator(filter.compare))
                .bind(time.as_microsecond());
        }
    }
}

/// An identifier is an e-mail address, kept in lower case, or a phone number, or an external id.
fn identifier(sql: &mut Statement, how: Compare, text: &str) {
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

fn compare(sql: &mut Statement, column: &'static str, how: Compare, text: &str) {
    sql.push(column).push(operator(how));
    if matches!(how, Compare::Like | Compare::NotLike) {
        sql.bind(pattern(text)).push(" ESCAPE '\\'");
    } else {
        sql.bind(text.to_owned());
    }
}

/// A text without `%` matches anywhere in the value; with `%` it is a pattern for the whole value, in which `%` matches
/// any run of characters. All other characters are literal.
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

/// Newest first by default. The row number breaks ties, so that pages neither repeat nor skip a user.
fn order(sql: &mut Statement, query: &UserQuery) {
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
