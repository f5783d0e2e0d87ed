//! The seam through which every call of a generated client goes to the transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::generated::{auth, management};
use crate::transport::{Transport, execute};

tokio::task_local! {
    /// How many attempts the call of the facade that runs here has made.
    pub(super) static ATTEMPTS: Arc<AtomicU32>;
}

async fn exchange(
    client: &impl ClientInfo<Transport>,
    request: Request,
    info: &OperationInfo,
) -> reqwest::Result<Response> {
    let (result, attempts) =
        execute(client.inner(), client.client(), request, info.operation_id).await;
    let _ = ATTEMPTS.try_with(|count| count.store(attempts, Ordering::Relaxed));
    result
}

impl ClientHooks<Transport> for management::Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        exchange(self, request, info).await
    }
}

impl ClientHooks<Transport> for auth::Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        exchange(self, request, info).await
    }
}
