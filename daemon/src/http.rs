//! The small HTTP endpoints: `/healthz` and `/readyz` for operations, `/metrics` for Prometheus.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Once};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::Runtime;

use tollgate_relay::clients::OpenBinds;
use tollgate_relay::metrics::Metrics;
use tollgate_relay::snapshot::CurrentSnapshot;
use tollgate_storage::committer::Committer;

use crate::exposition;

/// Threads of the HTTP runtime, beside those that wait for the disk.
const WORKERS: usize = 2;
/// The niceness of HTTP threads, half of the possible range, so that SMPP sessions get the cores first.
const NICENESS: i32 = 10;

/// The content type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The state that `/readyz` answers from.
#[derive(Debug)]
pub struct Readiness {
    committer: Committer,
    phase: Phase,
}

/// The part of its life that the process is in. It starts, serves and drains, in this order.
#[derive(Debug, Default)]
struct Phase(AtomicU8);

const STARTING: u8 = 0;
const SERVING: u8 = 1;
const DRAINING: u8 = 2;

impl Phase {
    /// Goes on to a later phase. An earlier one never comes back.
    fn reach(&self, phase: u8) {
        self.0.fetch_max(phase, Ordering::Relaxed);
    }

    fn reason_against(&self) -> Option<&'static str> {
        match self.0.load(Ordering::Relaxed) {
            STARTING => Some("starting"),
            SERVING => None,
            _ => Some("draining"),
        }
    }
}

impl Readiness {
    /// The state of a process that does not accept binds yet.
    pub fn new(committer: Committer) -> Self {
        Self { committer, phase: Phase::default() }
    }

    /// Marks that the SMPP ports accept connections.
    pub fn begin_serving(&self) {
        self.phase.reach(SERVING);
    }

    /// Marks that no new binds are served from here on.
    pub fn begin_drain(&self) {
        self.phase.reach(DRAINING);
    }

    fn reason_against(&self) -> Option<&'static str> {
        let unavailable = || (!self.committer.is_available()).then_some("storage is unavailable");
        self.phase.reason_against().or_else(unavailable)
    }
}

/// The routes `/healthz` and `/readyz`.
pub fn health(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    match readiness.reason_against() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
    }
}

/// The route `/metrics`.
pub fn metrics(
    handle: PrometheusHandle,
    metrics: Arc<Metrics>,
    snapshot: CurrentSnapshot,
    open_binds: Arc<OpenBinds>,
) -> Router {
    let render = move || async move {
        let snapshot = snapshot.load_full();
        ([(CONTENT_TYPE, METRICS_TYPE)], exposition::text(&handle, &metrics, &snapshot, &open_binds))
    };
    Router::new().route("/metrics", get(render))
}

/// The runtime of every HTTP request but those for metrics. Its threads, those that wait for the disk among them, have a
/// lower priority than the threads of SMPP sessions.
pub fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("http")
        .enable_all()
        .on_thread_start(lower_priority)
        .build()
}

/// A process that may not change its priority serves all the same, and says so once.
fn lower_priority() {
    static SAID: Once = Once::new();
    let Err(error) = rustix::process::nice(NICENESS) else { return };
    SAID.call_once(|| {
        tracing::warn!(
            %error,
            "the priority of HTTP threads cannot be lowered, so that requests of the API compete with messages for the cores; \
             allow the system call setpriority to the process"
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ready_between_its_start_and_its_drain() {
        let phase = Phase::default();
        assert_eq!(phase.reason_against(), Some("starting"));
        phase.reach(SERVING);
        assert_eq!(phase.reason_against(), None);
        phase.reach(DRAINING);
        assert_eq!(phase.reason_against(), Some("draining"));
    }

    #[test]
    fn a_process_that_is_told_to_stop_while_it_starts_never_gets_ready() {
        let phase = Phase::default();
        phase.reach(DRAINING);
        phase.reach(SERVING);
        assert_eq!(phase.reason_against(), Some("draining"));
    }
}
