//! Calls of services on threads that may wait: a service reads RocksDB and waits for commits, which would
//! hold up every other request, and the SMPP sessions, on the runtime's own threads.

use std::sync::Arc;

use crate::problem::Problem;

/// Calls a service on a thread that may wait, and waits for the result without occupying a thread of the
/// runtime.
pub async fn call<S: ?Sized + Send + Sync + 'static, T: Send + 'static>(
    service: Arc<S>,
    work: impl FnOnce(&S) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(move || work(&service)).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a request of the management API failed");
            Err(Problem::internal("the request could not be processed"))
        }
    }
}
