//! What the facade was seen to do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::facade_guard::calls::{METHODS, call};
use crate::facade_guard::document::{Document, Operation, Place};
use crate::facade_guard::facade::Api;
use crate::facade_guard::mock_api::{MockApi, Reply};

/// A value that no enum has. As a code of errors it is plausible.
const UNHEARD_OF: &str = "never_heard_of";

/// What the facade was seen to do.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Method and operation.
    calls: BTreeSet<(String, String)>,
    /// Such as `listPaginatedUsers.limit`.
    pub(crate) parameters: BTreeSet<String>,
    /// Operation and field that its request had.
    pub(crate) sent: BTreeSet<(String, String)>,
    /// Operation and field of its reply that made a difference.
    pub(crate) received: BTreeSet<(String, String)>,
    /// Schema and value that the facade has a name for.
    pub(crate) values: BTreeSet<(String, String)>,
}

impl Evidence {
    pub(crate) fn calls(&self, method: &str, operation: &str) -> bool {
        self.calls
            .contains(&(method.to_owned(), operation.to_owned()))
    }

    /// The methods that call `operation`.
    pub(crate) fn callers(&self, operation: &str) -> impl Iterator<Item = &str> {
        let calls = self
            .calls
            .iter()
            .filter(move |(_, called)| called == operation);
        calls.map(|(method, _)| method.as_str())
    }
}

/// Calls every method, and those that `facade` names for an operation with every reply to it.
pub(crate) async fn gather(document: &Document, facade: &Api) -> Evidence {
    let mock = MockApi::start(document).await;
    let mut evidence = Evidence::default();
    let operations = document.operations();
    for method in METHODS {
        call(method, &mock).await;
        for request in mock.requests() {
            let operation = operations
                .iter()
                .find(|o| o.id == request.operation)
                .unwrap();
            evidence
                .calls
                .insert((method.to_owned(), operation.id.to_owned()));
            evidence.parameters(operation, &request.parameters);
            if let (Some(schema), Some(body)) = (operation.body, &request.body) {
                evidence.body(document, operation, schema, body);
            }
        }
    }
    for operation in &operations {
        for (schema, status) in [
            (operation.replies[0], operation.status),
            (operation.replies[1], 400),
        ] {
            let Some(schema) = schema else { continue };
            let known = |method: &&String| METHODS.contains(&method.as_str());
            for method in facade.methods(operation.id).iter().filter(known) {
                evidence
                    .reply(&mock, operation, method, schema, status)
                    .await;
            }
        }
    }
    evidence
}

impl Evidence {
    fn parameters(&mut self, operation: &Operation<'_>, sent: &BTreeSet<String>) {
        for (name, place) in &operation.parameters {
            // The route would not have matched without them.
            if *place == "path" || sent.contains(*name) {
                self.parameters.insert(format!("{}.{name}", operation.id));
            }
        }
    }

    fn body(
        &mut self,
        document: &Document,
        operation: &Operation<'_>,
        schema: &Value,
        body: &Value,
    ) {
        for place in document.places(schema) {
            let Some(value) = body.pointer(&place.pointer) else {
                continue;
            };
            for field in place.fields {
                self.sent.insert((operation.id.to_owned(), field));
            }
            if let (Some((name, _)), Some(value)) = (document.values(place.schema), value.as_str())
            {
                self.values.insert((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Changes one place of the reply after the other, as long as it has not been seen to matter.
    async fn reply(
        &mut self,
        mock: &MockApi<'_>,
        operation: &Operation<'_>,
        method: &str,
        schema: &Value,
        status: u16,
    ) {
        let full = mock.full(operation.id, schema);
        let answer = async |body: Value| {
            mock.answer(operation.id, Reply { status, body });
            call(method, mock).await
        };
        let before = answer(full.clone()).await;
        for place in mock.document.places(schema) {
            let innermost = place.fields.last().unwrap().clone();
            let seen = (operation.id.to_owned(), innermost);
            if self.received.contains(&seen) {
                continue;
            }
            let with = async |value: Value| {
                let mut body = full.clone();
                *body.pointer_mut(&place.pointer).unwrap() = value;
                answer(body).await
            };
            let matters = match mock.document.values(place.schema) {
                Some((name, values)) => self.values(name, &values, &with).await != before,
                None => with(other(mock.document, &full, &place)).await != before,
            };
            if matters {
                let fields = place.fields.iter();
                self.received
                    .extend(fields.map(|field| (seen.0.clone(), field.clone())));
            }
        }
        mock.reset();
    }

    /// What comes of a value that no enum has. Where that shows as a value the facade has no name for, all
    /// others must not.
    async fn values(
        &mut self,
        name: &str,
        values: &[&str],
        with: &impl AsyncFn(Value) -> String,
    ) -> String {
        let unheard_of = with(json!(UNHEARD_OF)).await;
        let is_text = unheard_of.contains(UNHEARD_OF) && !unheard_of.contains(&unknown(UNHEARD_OF));
        for value in values {
            let key = (name.to_owned(), (*value).to_owned());
            if unheard_of.contains(UNHEARD_OF)
                && !self.values.contains(&key)
                && (is_text || !with(json!(value)).await.contains(&unknown(value)))
            {
                self.values.insert(key);
            }
        }
        unheard_of
    }
}

/// How `Debug` shows a value that a facade's enum does not know.
fn unknown(value: &str) -> String {
    format!("Unknown({value:?})")
}

/// A value for the place that is not the one in `full`.
fn other(document: &Document, full: &Value, place: &Place<'_>) -> Value {
    let now = full.pointer(&place.pointer).unwrap();
    let [first, second] = document.pair(place.schema);
    if *now == first { second } else { first }
}
