//! From an effective OpenAPI document to the Rust code of one API.
//!
//! `build.rs` runs this on every build and `cargo xtask regen` once more, to refuse a document that the
//! generator cannot read. The steps:
//!
//! 1. `enums`: every string enum becomes an open enum, which the generator uses instead of its own.
//! 2. progenitor: the client and its types.
//! 3. `polish`: what progenitor has no setting for (redacted Debug, nulls, docs on every field).
//! 4. prettyplease: text.

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

/// Takes our own extensions off the properties: with one, a date-time does not equal the schema that is
/// converted to a jiff timestamp.
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
