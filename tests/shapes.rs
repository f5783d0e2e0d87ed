//! Pins what is generated: the shapes that users see, their JSON Schemas, and the code itself.
//!
//! `cargo xtask regen` updates the snapshots. Review them in that order: a line in `*_shapes` is a change
//! for users, a line in `*_code` alone is not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "shapes/listing.rs"]
mod listing;

use passage_identity::generated::{auth, management};

const MANAGEMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/management.rs"));
const AUTH: &str = include_str!(concat!(env!("OUT_DIR"), "/auth.rs"));

#[test]
fn management_shapes() {
    insta::assert_snapshot!("management_shapes", listing::listing(MANAGEMENT));
}

#[test]
fn auth_shapes() {
    insta::assert_snapshot!("auth_shapes", listing::listing(AUTH));
}

#[test]
fn management_schemas() {
    insta::assert_json_snapshot!("management_schemas", sorted(management::json_schemas()));
}

#[test]
fn auth_schemas() {
    insta::assert_json_snapshot!("auth_schemas", sorted(auth::json_schemas()));
}

#[test]
fn management_code() {
    insta::assert_snapshot!("management_code", MANAGEMENT);
}

#[test]
fn auth_code() {
    insta::assert_snapshot!("auth_code", AUTH);
}

/// Sorts all members, whether or not some crate switches on serde_json's `preserve_order`.
fn sorted(map: serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
    let mut value = serde_json::Value::Object(map);
    value.sort_all_objects();
    value
}

#[test]
fn the_listing_shows_everything_that_matters() {
    let code = r#"
        pub mod types {
            #[derive(::serde::Serialize, Clone, Default)]
            pub struct Reply {
                /// Doc.
                #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
                pub type_: ::std::option::Option<::std::string::String>,
                pub token: ::std::string::String,
            }
            impl ::std::fmt::Debug for Reply {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_struct("Reply").field("type_", &self.type_)
                        .field("token", &format_args!("<redacted>")).finish()
                }
            }
            pub struct Wrapper(pub ::std::vec::Vec<Reply>);
            pub enum Open { A, Unknown(String) }
            impl ::std::convert::From<String> for Open {
                fn from(value: String) -> Self {
                    match value.as_str() { "a" => Self::A, _ => Self::Unknown(value) }
                }
            }
        }
        impl Client {
            /// Sends a `POST` request to `/things/{id}`
            pub async fn make<'a>(&'a self, id: &'a str, page: Option<i64>)
                -> Result<ResponseValue<types::Reply>, Error<types::ApiError>> { todo() }
        }
    "#;
    let want = "\
POST /things/{id}
    make(id: &str, page: Option<i64>) -> Result<Reply, ApiError>

struct Reply (Default)
    type_: Option<String>, rename = \"type\", skip_serializing_if = \"Option::is_none\"
    token: String, redacted

struct Wrapper(Vec<Reply>)

enum Open
    A = \"a\"
    Unknown(String)
";
    assert_eq!(listing::listing(code), want);
}
