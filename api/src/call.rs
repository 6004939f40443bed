//! The office's work runs on threads that may wait: it reads RocksDB and waits for commits, which would hold up every other
//! request, and the SMPP sessions, on the runtime's own threads.

use std::sync::Arc;

use crate::office::Office;
use crate::problem::Problem;

/// What handlers share.
pub type Shared = Arc<dyn Office>;

/// Has the office do something, and waits for it without a thread of the runtime.
pub async fn call<T: Send + 'static>(
    office: Shared,
    work: impl FnOnce(&dyn Office) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(move || work(&*office)).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a request of the management API failed");
            Err(Problem::internal("the request could not be worked on"))
        }
    }
}
