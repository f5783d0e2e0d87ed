//! What an operation answers.

use super::Found;
use super::document::{Document, Operation, text, unread};
use super::operations::method;
use super::rules::Judged;
use super::rust_type;
use super::what::What;

const KNOWN: [&str; 2] = ["description", "content"];

/// Compares the replies of an operation.
pub(super) fn compare(
    judged: Judged,
    (old, before): (&Document<'_>, &Operation<'_>),
    (new, after): (&Document<'_>, &Operation<'_>),
    found: &mut Found<'_>,
) {
    let mut push = |what| found.push(after.id, Some(method(after.id)), what, judged);
    let (from, to) = (types(old, before), types(new, after));
    if from.success != to.success {
        push(What::ReplyType {
            from: from.success,
            to: to.success,
        });
    }
    if from.error != to.error {
        push(What::ErrorType {
            from: from.error,
            to: to.error,
        });
    }
    let (from, to) = (old.replies(before), new.replies(after));
    for (status, reply) in &from {
        match to.iter().find(|(other, _)| other == status) {
            None => push(What::StatusRemoved {
                status: (*status).to_owned(),
            }),
            Some((_, other)) => {
                if text(reply, "description") != text(other, "description") {
                    push(What::Description {
                        of: "description of a reply",
                        shown: false,
                    });
                }
                for keyword in unread(reply, other, &KNOWN) {
                    push(What::Unread {
                        keyword: keyword.to_owned(),
                    });
                }
            }
        }
    }
    for (status, _) in &to {
        if !from.iter().any(|(other, _)| other == status) {
            push(What::StatusAdded {
                status: (*status).to_owned(),
                in_range: from.iter().any(|(other, _)| is_range_of(other, status)),
            });
        }
    }
}

/// Whether `range`, as `4XX` or `default`, has `status` in it.
fn is_range_of(range: &str, status: &str) -> bool {
    let class = range.strip_suffix("XX");
    range == "default" || class.is_some_and(|class| status.starts_with(class))
}

/// The types that the method returns.
struct Types {
    success: String,
    error: String,
}

/// The generator accepts one type of success and one type of error.
fn types(document: &Document<'_>, operation: &Operation<'_>) -> Types {
    let mut types = Types {
        success: "()".to_owned(),
        error: "()".to_owned(),
    };
    for (status, reply) in document.replies(operation) {
        let hint = format!("{}-response", operation.id);
        let rust = rust_type::content(reply, &hint).unwrap_or_else(|| "()".to_owned());
        if status.starts_with('2') {
            types.success = rust;
        } else {
            types.error = rust;
        }
    }
    types
}

/// The whole signature of the method, for the test that holds it against the generated one.
#[cfg(test)]
pub(super) fn signature(document: &Document<'_>, operation: &Operation<'_>) -> String {
    let mut arguments: Vec<String> = rust_type::arguments(document, operation)
        .iter()
        .map(|parameter| {
            let shape = rust_type::parameter(operation.id, parameter);
            format!("{}: {}", rust_type::snake(parameter.name), shape.rust)
        })
        .collect();
    if let Some(body) = operation.raw.get("requestBody") {
        let hint = format!("{}-body", operation.id);
        let body = rust_type::content(document.resolve(body), &hint);
        arguments.push(format!("body: &{}", body.unwrap_or_default()));
    }
    let Types { success, error } = types(document, operation);
    format!("({}) -> {success} or {error}", arguments.join(", "))
}
