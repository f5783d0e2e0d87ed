//! From an effective OpenAPI document to the Rust code of one API.
//!
//! `build.rs` runs this on every build. `cargo xtask regen` runs it once more, to refuse a document that the generator
//! cannot read. The steps:
//!
//! 1. `enums`: every string enum becomes an open enum, which the generator uses instead of its own.
//! 2. progenitor: the client and its types.
//! 3. `polish` and `calls`: what progenitor has no setting for (redacted Debug, nulls, docs on every field; leaner requests).
//! 4. prettyplease: text.

mod calls;
mod enums;
mod polish;
mod schema;

use std::error::Error;

use openapiv3::{OpenAPI, ReferenceOr, Schema, SchemaKind, Type};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::quote;
use serde_json::json;

/// Generates the code of the API that `document` (JSON) describes.
pub(crate) fn generate(document: &str) -> Result<String, Box<dyn Error>> {
    let value: serde_json::Value = serde_json::from_str(document)?;
    let mut spec: OpenAPI = serde_json::from_str(document)?;
    drop_extensions(&mut spec);
    let schemas = schema::Schemas::read(&value)?;
    let enums = enums::open_enums(&schemas)?;

    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        // Without a `ClientHooks` impl (src/transport.rs) the crate does not compile.
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::transport::Transport))
        .with_conversion(
            serde_json::from_value(json!({"type": "string", "format": "date-time"}))?,
            "::jiff::Timestamp",
            [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
        );
    for open in &enums {
        settings.with_replacement(
            open.ident(),
            format!("types::{}", open.ident()),
            [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
        );
    }

    let tokens = Generator::new(&settings).generate_tokens(&spec)?;
    let mut file: syn::File = syn::parse2(tokens)?;
    polish::polish(&mut file, &schemas, &enums)?;
    Ok(prettyplease::unparse(&file))
}

/// Removes our own extensions from properties: with one, a date-time does not equal the schema that is converted to a
/// jiff timestamp.
fn drop_extensions(spec: &mut OpenAPI) {
    let schemas = spec
        .components
        .iter_mut()
        .flat_map(|c| c.schemas.values_mut());
    for schema in schemas {
        if let ReferenceOr::Item(Schema {
            schema_kind: SchemaKind::Type(Type::Object(object)),
            ..
        }) = schema
        {
            for property in object.properties.values_mut() {
                if let ReferenceOr::Item(property) = property {
                    property.schema_data.extensions.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    /// The code for one operation that answers with the schema `Reply`.
    fn code(reply: serde_json::Value) -> String {
        let schemas = json!({
            "Reply": reply,
            "Kind": {"type": "string", "enum": ["a"], "x-passage-open": true},
        });
        let content =
            json!({"application/json": {"schema": {"$ref": "#/components/schemas/Reply"}}});
        let document = json!({
            "openapi": "3.0.3",
            "info": {"title": "T", "version": "1"},
            "paths": {"/r": {"get": {
                "operationId": "getReply",
                "responses": {"200": {"description": "d", "content": content}},
            }}},
            "components": {"schemas": schemas},
        });
        super::generate(&document.to_string()).unwrap()
    }

    #[test]
    fn extensions_shape_the_fields() {
        let code = code(json!({
            "type": "object",
            "required": ["list", "token"],
            "properties": {
                "at": {"type": "string", "format": "date-time", "x-passage-null": true},
                "kind": {"$ref": "#/components/schemas/Kind"},
                "list": {
                    "type": "array", "items": {"type": "string"}, "x-passage-null-as-empty": true
                },
                "token": {"type": "string", "description": "A <secret>.", "x-passage-secret": true},
            },
        }));
        let expected = r#"
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone)]
    #[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
    pub struct Reply {
        /// `at` of `Reply`.
        pub at: ::std::option::Option<::jiff::Timestamp>,
        /// `kind` of `Reply`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub kind: ::std::option::Option<Kind>,
        /// `list` of `Reply`.
        #[serde(deserialize_with = "crate::generated::support::null_as_default")]
        pub list: ::std::vec::Vec<::std::string::String>,
        /// A <secret>.
        pub token: ::std::string::String,
    }
"#;
        assert!(code.contains(expected), "{code}");
        assert!(
            code.contains(r#".field("token", &format_args!("<redacted>"))"#),
            "{code}"
        );
        assert!(code.contains(r#".field("list", &self.list)"#), "{code}");
        assert!(
            code.contains("crate::generated::support::open_enum!(Kind);"),
            "{code}"
        );
    }

    #[test]
    fn no_client_is_built_behind_the_users_back() {
        let code = code(json!({"type": "object"}));
        assert!(code.contains("pub fn new_with_client("), "{code}");
        assert!(!code.contains("pub fn new("), "{code}");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(super::generate("{}").is_err());
        assert!(super::generate("[").is_err());
    }
}
