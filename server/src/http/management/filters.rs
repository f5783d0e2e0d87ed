//! The query of a list of users: pages, order and filters.

use jiff::Timestamp;

use crate::store::user_list::{Compare, Field, Filter, Operand, UserQuery};

/// Maximum number of users on a page. Also the default, which no source documents.
const MOST: u32 = 500;

/// Maximum number of conditions, and of fields to sort by. SQLite cannot handle more than a few hundred.
const MOST_TERMS: usize = 50;

/// Maximum length of a pattern in bytes, for the same reason.
const LONGEST_PATTERN: usize = 1000;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) users: UserQuery,
    /// Unix seconds.
    pub(crate) created_before: Option<i64>,
    /// The members that every page of the list repeats, as they were sent.
    pub(crate) repeated: Vec<(String, String)>,
}

impl ListQuery {
    /// Reads the members of a query. Unknown ones are ignored. The error says what is wrong.
    pub(crate) fn parse(members: Vec<(String, String)>) -> Result<Self, String> {
        let mut query = Self {
            users: UserQuery {
                page: 1,
                limit: MOST,
                order_by: Vec::new(),
                filters: Vec::new(),
            },
            created_before: None,
            repeated: Vec::new(),
        };
        for (name, value) in members {
            match name.as_str() {
                "page" => query.users.page = number(&name, &value, 1, i32::MAX.unsigned_abs())?,
                "limit" => query.users.limit = number(&name, &value, 1, MOST)?,
                "created_before" => {
                    let seconds = value
                        .parse()
                        .map_err(|_| format!("{name}: must be a time in Unix seconds."))?;
                    query.created_before = Some(seconds);
                }
                "order_by" => {
                    query.users.order_by = order(&value)?;
                    query.repeated.push((name, value));
                }
                _ => {
                    if let Some(field) = filter_field(&name) {
                        query.users.filters.push(filter(&name, field, &value)?);
                        query.repeated.push((name, value));
                    }
                }
            }
            if query.users.filters.len() > MOST_TERMS {
                return Err(format!("filters: at most {MOST_TERMS} can be given."));
            }
        }
        Ok(query)
    }
}

fn number(name: &str, value: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{name}: must be a whole number from {least} to {most}."))
}

fn filter_field(name: &str) -> Option<Field> {
    Some(match name {
        "identifier" => Field::Identifier,
        "id" => Field::Id,
        "login_count" => Field::LoginCount,
        "status" => Field::Status,
        "created_at" => Field::CreatedAt,
        "updated_at" => Field::UpdatedAt,
        "last_login_at" => Field::LastLoginAt,
        _ => return None,
    })
}

/// Lists can be sorted by any field except the identifier, which is two fields.
fn order_field(name: &str) -> Option<Field> {
    Some(match name {
        "email" => Field::Email,
        "email_verified" => Field::EmailVerified,
        "phone" => Field::Phone,
        "phone_verified" => Field::PhoneVerified,
        "external_id" => Field::ExternalId,
        _ => return filter_field(name).filter(|field| *field != Field::Identifier),
    })
}

fn order(list: &str) -> Result<Vec<(Field, bool)>, String> {
    let one = |item: &str| {
        let (name, direction) = item.trim().split_once(':').unwrap_or((item.trim(), "ASC"));
        let field = order_field(name)
            .ok_or_else(|| format!("order_by: `{name}` is not a field to order by."))?;
        match direction.to_ascii_uppercase().as_str() {
            "ASC" => Ok((field, false)),
            "DESC" => Ok((field, true)),
            _ => Err(format!("order_by: `{direction}` is not ASC or DESC.")),
        }
    };
    if list.split(',').count() > MOST_TERMS {
        return Err(format!(
            "order_by: at most {MOST_TERMS} fields can be given."
        ));
    }
    list.split(',').map(one).collect()
}

fn filter(name: &str, field: Field, value: &str) -> Result<Filter, String> {
    let inner = value
        .strip_prefix('<')
        .and_then(|value| value.strip_suffix('>'));
    let (compare, text) = match inner.and_then(|inner| inner.split_once(':')) {
        None => (Compare::Equal, value),
        Some((op, text)) => (operator(name, op)?, text),
    };
    let textual = matches!(field, Field::Identifier | Field::Id | Field::Status);
    let like = matches!(compare, Compare::Like | Compare::NotLike);
    if like && text.len() > LONGEST_PATTERN {
        return Err(format!(
            "{name}: a pattern has at most {LONGEST_PATTERN} bytes."
        ));
    }
    if like && !textual {
        return Err(format!(
            "{name}: `like` and `not_like` are for identifier, id and status."
        ));
    }
    // An empty value would match everybody or nobody. A caller who lost an identifier must not get a user.
    if text.is_empty() {
        return Err(format!("{name}: the value must not be empty."));
    }
    let operand = match field {
        Field::LoginCount => Operand::Number(
            text.parse()
                .map_err(|_| format!("{name}: must be a whole number."))?,
        ),
        Field::CreatedAt | Field::UpdatedAt | Field::LastLoginAt => {
            let time: Timestamp = text
                .parse()
                .map_err(|_| format!("{name}: must be a time like 2006-01-02T15:04:05.000000Z."))?;
            Operand::Time(time.into())
        }
        _ => Operand::Text(text.to_owned()),
    };
    Ok(Filter {
        field,
        compare,
        operand,
    })
}

fn operator(name: &str, op: &str) -> Result<Compare, String> {
    Ok(match op {
        "ne" => Compare::NotEqual,
        "gt" => Compare::Greater,
        "lt" => Compare::Less,
        "like" => Compare::Like,
        "not_like" => Compare::NotLike,
        _ => {
            return Err(format!(
                "{name}: `{op}` is not one of ne, gt, lt, like and not_like."
            ));
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Time, at};

    fn parse(query: &str) -> Result<ListQuery, String> {
        ListQuery::parse(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    #[test]
    fn an_empty_query_is_the_first_page() {
        let query = parse("").unwrap();
        assert_eq!(
            (query.users.page, query.users.limit, query.created_before),
            (1, 500, None)
        );
        assert!(
            query.users.order_by.is_empty()
                && query.users.filters.is_empty()
                && query.repeated.is_empty()
        );
    }

    #[test]
    fn filters() {
        let text = |text: &str| Operand::Text(text.to_owned());
        for (query, field, compare, operand) in [
            (
                "identifier=a%2Bb@c.d",
                Field::Identifier,
                Compare::Equal,
                text("a+b@c.d"),
            ),
            (
                "identifier=%3Clike:@c.d%3E",
                Field::Identifier,
                Compare::Like,
                text("@c.d"),
            ),
            (
                "id=%3Cnot_like:x%3E",
                Field::Id,
                Compare::NotLike,
                text("x"),
            ),
            (
                "status=<ne:active>",
                Field::Status,
                Compare::NotEqual,
                text("active"),
            ),
            (
                "login_count=3",
                Field::LoginCount,
                Compare::Equal,
                Operand::Number(3),
            ),
            (
                "login_count=<gt:3>",
                Field::LoginCount,
                Compare::Greater,
                Operand::Number(3),
            ),
            (
                "login_count=<lt:3>",
                Field::LoginCount,
                Compare::Less,
                Operand::Number(3),
            ),
            (
                "created_at=<gt:1970-01-01T00:00:01.000002Z>",
                Field::CreatedAt,
                Compare::Greater,
                Operand::Time(at(1_000_002)),
            ),
            (
                "updated_at=1970-01-01T00:00:01Z",
                Field::UpdatedAt,
                Compare::Equal,
                Operand::Time(at(1_000_000)),
            ),
            (
                "last_login_at=<lt:0001-01-02T00:00:00Z>",
                Field::LastLoginAt,
                Compare::Less,
                Operand::Time(Time::NEVER + Duration::from_secs(24 * 3600)),
            ),
            (
                "identifier=<a",
                Field::Identifier,
                Compare::Equal,
                text("<a"),
            ),
            (
                "identifier=<a>",
                Field::Identifier,
                Compare::Equal,
                text("<a>"),
            ),
            (
                "identifier=<ne:a:b>",
                Field::Identifier,
                Compare::NotEqual,
                text("a:b"),
            ),
        ] {
            let parsed = parse(query).unwrap();
            assert_eq!(
                parsed.users.filters,
                [Filter {
                    field,
                    compare,
                    operand
                }],
                "{query}"
            );
            assert_eq!(parsed.repeated.len(), 1, "{query}");
        }
    }

    #[test]
    fn order() {
        let query = parse("order_by=status:DESC,created_at:asc,id").unwrap();
        assert_eq!(
            query.users.order_by,
            [
                (Field::Status, true),
                (Field::CreatedAt, false),
                (Field::Id, false)
            ]
        );
        assert_eq!(
            query.repeated,
            [(
                "order_by".to_owned(),
                "status:DESC,created_at:asc,id".to_owned()
            )]
        );
    }

    #[test]
    fn pages() {
        let query = parse("page=3&limit=7&created_before=1700000000&unknown=x").unwrap();
        assert_eq!(
            (query.users.page, query.users.limit, query.created_before),
            (3, 7, Some(1_700_000_000))
        );
        assert!(query.repeated.is_empty());
    }

    #[test]
    fn what_the_database_could_not_take_is_refused() {
        let many = |part: &str, count: usize, by: &str| vec![part; count].join(by);
        assert!(parse(&many("id=x", 50, "&")).is_ok());
        assert!(parse(&many("id=x", 51, "&")).is_err());
        assert!(parse(&format!("order_by={}", many("id", 50, ","))).is_ok());
        assert!(parse(&format!("order_by={}", many("id", 51, ","))).is_err());
        assert!(parse(&format!("id=<like:{}>", many("%", 1000, ""))).is_ok());
        assert!(parse(&format!("id=<like:{}>", many("%", 1001, ""))).is_err());
    }

    #[test]
    fn what_is_refused_names_its_member() {
        for bad in [
            "page=0",
            "page=-1",
            "page=x",
            "page=",
            "limit=0",
            "limit=501",
            "limit=1.5",
            "created_before=now",
            "order_by=",
            "order_by=identifier:ASC",
            "order_by=id:UP",
            "order_by=user_metadata",
            "identifier=",
            "identifier=<ne:>",
            "status=<in:active>",
            "login_count=many",
            "login_count=<like:3>",
            "login_count=<gt:>",
            "created_at=yesterday",
            "created_at=<like:2024>",
        ] {
            let problem = parse(bad).unwrap_err();
            assert!(
                problem.starts_with(bad.split('=').next().unwrap()),
                "{bad}: {problem}"
            );
        }
    }
}
