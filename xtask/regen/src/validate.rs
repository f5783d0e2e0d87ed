//! Whether a document is OpenAPI 3.0, and says what the generator needs.

use openapiv3::OpenAPI;
use roas::v3_0;
use roas::validation::{IGNORE_UNUSED, Options, Validate};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::document::Document;

/// As many findings as a person reads.
const SHOWN: usize = 20;
/// Fails with one line for each finding: file, JSON pointer, what is wrong.
pub(crate) fn validate(name: &str, document: &Value) -> Result<(), String> {
    let spec: v3_0::spec::Spec = typed(name, document)?;
    findings(name, document, &spec)?;
    // The generator's own reader, which is stricter in places.
    typed::<OpenAPI>(name, document)?;
    let operations = Document { root: document }.operations();
    let nameless = operations
        .filter(|operation| operation.id.is_empty())
        .map(|operation| {
            let place = pointer(["paths", operation.path, operation.method]);
            format!("{name}#{place}: no operationId, which names its method")
        });
    report(&nameless.collect::<Vec<_>>())
}

/// What the specification forbids, as far as it concerns us.
pub(crate) fn findings(name: &str, document: &Value, spec: &impl Validate) -> Result<(), String> {
    // Untidy, but no reason to refuse somebody else's document.
    let tolerated = IGNORE_UNUSED
        | Options::IgnoreUnusedPathItems
        | Options::IgnoreMissingTags
        | Options::IgnoreInvalidUrls
        | Options::IgnoreEmptyResponseDescription;
    let Err(error) = spec.validate(tolerated, None) else {
        return Ok(());
    };
    let lines: Vec<String> = error
        .errors
        .iter()
        .map(|finding| {
            let place = locate(document, &finding.path);
            format!("{name}#{place}: {}", finding.message)
        })
        .collect();
    report(&lines)
}

fn report(lines: &[String]) -> Result<(), String> {
    let shown = lines.get(..SHOWN).unwrap_or(lines).join("\n");
    match lines.len().saturating_sub(SHOWN) {
        _ if lines.is_empty() => Ok(()),
        0 => Err(shown),
        more => Err(format!("{shown}\nand {more} more")),
    }
}

/// The JSON pointer to a place that the validator wrote like `#.paths[/users].get`: as far down as the
/// document has it, since the last parts may be missing, or named as in the validator's own types.
fn locate(document: &Value, place: &str) -> String {
    if let Some(pointer) = place.strip_prefix("#/") {
        return format!("/{pointer}");
    }
    let mut node = document;
    let mut tokens = Vec::new();
    let mut rest = place.trim_start_matches('#');
    while let Some(first) = rest.chars().next() {
        let (token, after) = match (first, rest.get(1..).unwrap_or_default()) {
            ('.', inner) => inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len())),
            ('[', inner) => inner.split_once(']').unwrap_or((inner, "")),
            _ => break,
        };
        rest = after;
        let token = if token == "mediaTypes" {
            "content"
        } else {
            token
        };
        let child = match node {
            Value::Array(items) => token.parse::<usize>().ok().and_then(|at| items.get(at)),
            other => other.get(token),
        };
        let Some(child) = child else { break };
        node = child;
        tokens.push(token);
    }
    pointer(tokens)
}

/// Reads a document into types; the error has the JSON pointer to where that stopped.
pub(crate) fn typed<T: DeserializeOwned>(name: &str, document: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let tokens = error.path().iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let tokens: Vec<String> = tokens.collect();
        let place = pointer(tokens.iter().map(String::as_str));
        format!("{name}#{place}: {}", error.inner())
    })
}

pub(crate) fn pointer<'a>(tokens: impl IntoIterator<Item = &'a str>) -> String {
    tokens
        .into_iter()
        .map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1")))
        .collect()
}
