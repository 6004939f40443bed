//! The small HTTP endpoints: `/healthz` and `/readyz` for operations, `/metrics` for Prometheus.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::Runtime;

use tollgate_relay::metrics::Metrics;
use tollgate_relay::snapshot::CurrentSnapshot;
use tollgate_storage::committer::Committer;

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
    draining: AtomicBool,
}

impl Readiness {
    /// The state of a process that serves.
    pub fn new(committer: Committer) -> Self {
        Self { committer, draining: AtomicBool::new(false) }
    }

    /// Marks that no new binds are served from here on.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn reason_against(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::Relaxed) {
            return Some("draining");
        }
        (!self.committer.is_available()).then_some("storage is unavailable")
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
pub fn metrics(handle: PrometheusHandle, metrics: Arc<Metrics>, snapshot: CurrentSnapshot) -> Router {
    let render = move || async move {
        let latencies = metrics.submit_seconds.render("tollgate_submit_duration_seconds");
        // Written here, as a gauge of the metrics crate would keep a series for every version there ever was.
        let version = Arc::clone(&snapshot.load().tables.version);
        let tariff =
            format!("# TYPE tollgate_tariff_info gauge\ntollgate_tariff_info{{version=\"{version}\"}} 1\n");
        ([(CONTENT_TYPE, METRICS_TYPE)], handle.render() + &latencies + &tariff)
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
