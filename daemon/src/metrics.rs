//! Gauges that are read at intervals rather than counted: binds, queue, wallets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{Gauge, counter, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use tollgate_smpp::BindMode;
use tollgate_smpp::server::ServerStats;

use tollgate_relay::core::Core;

pub use crate::refused_connections::ListenerPlaces;
use crate::refused_connections::RefusedConnections;

/// Interval between two updates.
const INTERVAL: Duration = Duration::from_secs(1);

/// An update of many wallets takes long. The pause after it is this many times as long, so that updates take a small
/// share of a core.
const REST_PER_LOOK: u32 = 50;

/// Updates the gauges for as long as the process lives, on a thread where reading a million wallets delays no session.
pub async fn keep(
    core: Arc<Core>,
    stats: Arc<ServerStats>,
    places: ListenerPlaces,
    handle: PrometheusHandle,
) {
    let gauges = Arc::new(ReadGauges::new());
    let mut refusals = RefusedConnections::new(places);
    loop {
        let (gauges, core, stats, handle) =
            (Arc::clone(&gauges), Arc::clone(&core), Arc::clone(&stats), handle.clone());
        let look = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            gauges.read(&core, &stats);
            handle.run_upkeep();
            started.elapsed()
        });
        let Ok(took) = look.await else { return };
        refusals.look(Instant::now());
        tokio::time::sleep(INTERVAL.max(took * REST_PER_LOOK)).await;
    }
}

struct ReadGauges {
    binds: [(BindMode, Gauge); 3],
    connections: Gauge,
    queue: Gauge,
    wallets: Gauge,
    wallets_low: Gauge,
}

impl ReadGauges {
    fn new() -> Self {
        let binds = |mode: BindMode, name: &'static str| (mode, gauge!("tollgate_binds", "mode" => name));
        Self {
            binds: [
                binds(BindMode::Transmitter, "transmitter"),
                binds(BindMode::Receiver, "receiver"),
                binds(BindMode::Transceiver, "transceiver"),
            ],
            connections: gauge!("tollgate_smpp_connections"),
            queue: gauge!("tollgate_commit_queue_messages"),
            wallets: gauge!("tollgate_wallets"),
            wallets_low: gauge!("tollgate_wallets_below_threshold"),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of connections and wallets are far below 2^52")]
    fn read(&self, core: &Core, stats: &ServerStats) {
        for (mode, gauge) in &self.binds {
            gauge.set(stats.binds_open(*mode).get() as f64);
        }
        self.connections.set(stats.connections_open.get() as f64);
        self.queue.set(core.books.committer.queued_messages() as f64);
        self.wallets.set(core.accounts.wallets_len() as f64);
        let snapshot = core.snapshot.load();
        let low = snapshot.accounts().filter(|account| {
            let threshold = account.provisioned.account.low_balance_threshold;
            threshold.is_some_and(|threshold| account.runtime.wallet.state().balance < threshold)
        });
        self.wallets_low.set(low.count() as f64);
        counter!("tollgate_smpp_bind_failures_total").absolute(stats.binds_refused.get());
        counter!("tollgate_smpp_malformed_pdus_total").absolute(stats.malformed.get());
        counter!("tollgate_smpp_dropped_tlvs_total").absolute(stats.tlvs_dropped.get());
    }
}
