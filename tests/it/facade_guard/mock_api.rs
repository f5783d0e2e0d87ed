//! A server on which every operation of a document answers with what the test says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use passage_identity::test_util::TestIssuer;
use passage_identity::{Passage, PassageBuilder};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::facade_guard::document::Document;

/// An answer to an operation.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What the facade sent.
pub(crate) struct Sent {
    pub(crate) operation: String,
    /// The names of all query parameters and headers.
    pub(crate) parameters: BTreeSet<String>,
    pub(crate) body: Option<Value>,
}

/// A server for one document, and what is needed to call it.
pub(crate) struct MockApi<'a> {
    pub(crate) document: &'a Document,
    pub(crate) issuer: TestIssuer,
    url: String,
    passage: Passage,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Method, path and operation.
    routes: Vec<(String, Vec<String>, String)>,
    usual: BTreeMap<String, Reply>,
    /// Instead of the usual ones.
    replies: Mutex<BTreeMap<String, Reply>>,
    sent: Mutex<Vec<Sent>>,
}

impl<'a> MockApi<'a> {
    pub(crate) async fn start(document: &'a Document) -> Self {
        let issuer = TestIssuer::new().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut inner = Inner::default();
        for operation in document.operations() {
            let base = match document.api.as_str() {
                "management" => "/api/v1",
                api => &format!("/{api}/v1"),
            };
            let path = format!("{base}{}", operation.path);
            let path = path.split('/').map(str::to_owned).collect();
            inner
                .routes
                .push((operation.method, path, operation.id.to_owned()));
            let body =
                operation.replies[0].map(|schema| full(document, &issuer, operation.id, schema));
            let reply = Reply {
                status: operation.status,
                body: body.unwrap_or_default(),
            };
            inner.usual.insert(operation.id.to_owned(), reply);
        }
        let inner = Arc::new(inner);
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let passage = client(issuer.app_id().as_str(), &url).build().unwrap();
        Self {
            document,
            issuer,
            url,
            passage,
            inner,
        }
    }

    pub(crate) fn passage(&self) -> &Passage {
        &self.passage
    }

    /// A client that has not fetched any key yet.
    pub(crate) fn fresh(&self) -> Passage {
        let client = client(self.issuer.app_id().as_str(), &self.url);
        client.add_issuer(self.issuer.issuer()).build().unwrap()
    }

    /// A body with every member, as the facade can use it.
    pub(crate) fn full(&self, operation: &str, schema: &Value) -> Value {
        full(self.document, &self.issuer, operation, schema)
    }

    /// From now on `operation` answers with this.
    pub(crate) fn answer(&self, operation: &str, reply: Reply) {
        let mut replies = self.inner.replies.lock().unwrap();
        replies.insert(operation.to_owned(), reply);
    }

    /// From now on all operations answer as they usually do.
    pub(crate) fn reset(&self) {
        self.inner.replies.lock().unwrap().clear();
    }

    /// What was sent since this was last called.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.inner.sent.lock().unwrap())
    }
}

fn client(app_id: &str, url: &str) -> PassageBuilder {
    Passage::builder(app_id)
        .server(url)
        .api_key("prefix.secret")
        .max_attempts(1)
}

fn full(document: &Document, issuer: &TestIssuer, operation: &str, schema: &Value) -> Value {
    let body = document.full(schema);
    if operation != "getJwks" || body.get("keys").is_none() {
        return body;
    }
    // Made up keys verify nothing. What the document has besides is kept.
    let mut body = body;
    let keys: Value = serde_json::from_str(&issuer.jwks_json()).unwrap();
    for (name, value) in keys["keys"][0].as_object().unwrap() {
        body["keys"][0][name] = value.clone();
    }
    body
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    request: Request,
) -> (StatusCode, HeaderMap, Bytes) {
    let path: Vec<&str> = request.uri().path().split('/').collect();
    let fits = |template: &[String]| {
        let mut pairs = template.iter().zip(&path);
        template.len() == path.len() && pairs.all(|(t, p)| t.starts_with('{') || t == p)
    };
    let method = request.method().as_str();
    let routes = inner.routes.iter();
    let mut found = routes.filter(|(of, template, _)| of == method && fits(template));
    let Some((_, _, operation)) = found.next() else {
        return (StatusCode::NOT_FOUND, HeaderMap::new(), Bytes::new());
    };
    let query = request.uri().query().unwrap_or_default().split('&');
    let query = query
        .filter_map(|pair| pair.split('=').next())
        .map(str::to_owned);
    let headers = request
        .headers()
        .keys()
        .map(|name| name.as_str().to_owned());
    let parameters = query.chain(headers).collect();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    inner.sent.lock().unwrap().push(Sent {
        operation: operation.clone(),
        parameters,
        body: serde_json::from_slice(&body).ok(),
    });
    let reply = inner.replies.lock().unwrap().get(operation).cloned();
    let reply = reply.unwrap_or_else(|| inner.usual[operation].clone());
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let body = match reply.body {
        Value::Null => Bytes::new(),
        body => body.to_string().into(),
    };
    (StatusCode::from_u16(reply.status).unwrap(), headers, body)
}
