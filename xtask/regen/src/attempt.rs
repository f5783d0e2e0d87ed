//! Whether the generator can read a document. It panics on what it does not support.

use std::panic;

use serde_json::{Map, Value};

use crate::codegen;
use crate::validate::pointer;

/// Generates from the effective document that was made of the file `shown`, and drops the code.
pub(crate) fn generate(shown: &str, effective: &str) -> Result<(), String> {
    let refused = |place: &str, why: &str| {
        format!("{shown}{place}: the generator does not support something here: {why}")
    };
    match attempt(effective) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{shown}: the generator cannot read it: {error}")),
        // A panic does not say where.
        Err(panic) => Err(match culprit(effective) {
            Some((place, panic)) => refused(&format!("#{place}"), &panic),
            None => refused("", &panic),
        }),
    }
}

/// The operation that is too much for the generator on its own, and what it says.
fn culprit(effective: &str) -> Option<(String, String)> {
    let document: Value = serde_json::from_str(effective).ok()?;
    for (path, item) in document.get("paths")?.as_object()? {
        for (method, operation) in item.as_object()? {
            let item = Map::from_iter([(method.clone(), operation.clone())]);
            let mut alone = document.clone();
            *alone.get_mut("paths")? = Value::Object(Map::from_iter([(path.clone(), item.into())]));
            if let Err(panic) = attempt(&alone.to_string()) {
                return Some((pointer(["paths", path, method]), panic));
            }
        }
    }
    None
}

/// The outer error is what a panic said.
fn attempt(effective: &str) -> Result<Result<(), String>, String> {
    let run = || {
        codegen::generate(effective)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    panic::catch_unwind(run).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("it did not say what").to_owned()
    })
}
