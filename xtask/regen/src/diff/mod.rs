//! What a change of an API description means for Rust callers: the change report of `cargo xtask regen`.
//!
//! [`compare`] looks at two effective documents, from which the generated client is made, and at what the
//! facade covers (`openapi/facade.yaml`). Everything here is pure: documents in, [`Changes`] out.
//!
//! # The rule
//!
//! Each change is classed twice, for callers of the **generated client** and for callers of the **facade**, as
//! **breaking**, **additive**, **docs only** or **no change**. Both are judged as if the server were the one
//! that the new document describes.
//!
//! - *Generated client*: what the change does to the generated code. Breaking is what may stop code of a caller
//!   from compiling, and a call or a reply that worked and no longer does.
//! - *Facade*: the most that its callers get once `src/` has followed the change. The facade's types are its
//!   own, so what it does not cover changes nothing, and what is new changes nothing until it is taken up.
//!   **`src/` has to follow** marks what does not compile, or is no longer true, before somebody edits `src/`.
//!
//! | Change | Generated client | Facade, where it covers the place |
//! |---|---|---|
//! | operation added | additive | additive, once taken up |
//! | operation removed | breaking | breaking, `src/` |
//! | operation renamed | breaking | no change, `src/` |
//! | method or path changed | no change: the same method calls another endpoint | no change |
//! | asks for a credential that it did not ask for | breaking | breaking, `src/` |
//! | optional parameter added | breaking: arguments are positional | additive, `src/` |
//! | required parameter added, parameter removed | breaking | breaking, `src/` |
//! | body added, removed, of another type | breaking | breaking, `src/` (optional body added: additive) |
//! | type of the reply | breaking | breaking, `src/` |
//! | success status added | additive | no change: the facade reads every success |
//! | error status inside 4XX and 5XX | no change | no change |
//! | type added / removed | additive / breaking | additive / no change, `src/` |
//! | field added to a reply | breaking: public fields, so literals and patterns without `..` | additive |
//! | optional field added to a request | breaking, as above | additive, `src/` |
//! | required field added to a request | breaking, as above | breaking, `src/` |
//! | field removed | breaking | breaking, `src/` |
//! | number widened (`i32` to `i64`) | breaking | no change, `src/`: the facade's numbers are wide |
//! | required, now optional or nullable (`T` to `Option<T>`) | breaking | reply: breaking; request: additive; `src/` |
//! | optional, now required (`Option<T>` to `T`) | breaking | reply: no change; request: breaking; `src/` |
//! | any other change of a Rust type | breaking | breaking, `src/` |
//! | a change on the wire that leaves the Rust type as it is | no change | no change |
//! | enum value added | additive: the enums are non-exhaustive | additive; it reads as `Unknown` until then |
//! | enum value removed | breaking: its variant goes | breaking |
//! | text of an operation, parameter, type or field | docs only | docs only |
//! | tags, texts of replies, `deprecated`, servers | no change: not generated | no change (`deprecated`: docs only) |
//! | a keyword that this report does not know | breaking, until somebody has looked | breaking |
//!
//! A renamed enum value, field or type is one removed and one added: nothing in a document says that two
//! names mean the same. An operation counts as renamed if method and path stayed.
//!
//! # The version
//!
//! The generated client is public, so the worse of the two classes counts. As cargo reads versions:
//!
//! | | 0.0.z | 0.y.z | from 1.0.0 |
//! |---|---|---|---|
//! | breaking | 0.0.(z+1) | 0.(y+1).0 | (x+1).0.0 |
//! | additive | 0.0.(z+1) | 0.y.(z+1) | x.(y+1).0 |
//! | docs only, or code that callers do not see | 0.0.(z+1) | 0.y.(z+1) | x.y.(z+1) |

mod bump;
mod changelog;
mod changes;
mod document;
mod facade;
mod markdown;
mod operations;
mod parameters;
mod replies;
mod rules;
mod rust_type;
mod schemas;
mod text;
mod what;

use serde_json::Value;

pub use bump::{Advice, Bump, Version};
pub use changes::{Change, Changes, Class, Verdict};
pub use facade::Facade;
pub use what::{Kind, Presence, What};

use document::Document;
use facade::Cover;
use rules::Judged;

/// Compares two effective documents of the API `api` (`management` or `auth`).
///
/// `facade` says what the facade covers, as [`Facade::parse`] reads it from `openapi/facade.yaml`. The file may
/// have decisions on what is new already, but has to have those on what is removed still.
#[must_use]
pub fn compare(api: &str, old: &Value, new: &Value, facade: &Facade) -> Changes {
    let (old, new) = (Document::new(old), Document::new(new));
    let mut found = Found {
        api,
        cover: facade.cover(api, &old, &new),
        changes: Vec::new(),
    };
    operations::compare(&old, &new, &mut found);
    schemas::compare(&old, &new, &mut found);
    document::compare(&old, &new, &mut found);
    Changes::new(found.changes)
}

/// The changes found so far, each judged as it is found.
struct Found<'a> {
    api: &'a str,
    cover: Cover<'a>,
    changes: Vec<Change>,
}

impl Found<'_> {
    /// Adds a change at `place`, which is about the Rust item `item` of the generated client.
    fn push(&mut self, place: &str, item: Option<String>, what: What, judged: Judged) {
        self.changes.push(Change {
            api: self.api.to_owned(),
            place: place.to_owned(),
            item,
            generated: rules::generated(&what),
            facade: rules::facade(&what, judged),
            what,
        });
    }
}

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod tests;
