//! Metrics on the way of a message, as handles that cost one atomic addition each.
//!
//! Label sets are bounded: reasons are a closed list, currencies come from the configuration.

mod count;
pub mod descriptions;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tollgate_engine::chain::{LEVELS_MAX, LevelRefusal};
use tollgate_engine::money::Currency;
use tollgate_engine::refusal::Refusal;

pub use count::Count;

use crate::held_octets::Bound;

/// Bounds of latency buckets, in seconds.
const SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Bounds of batch size buckets, in messages.
const MESSAGES: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Installs the recorder of this process. The handle renders every metric as text.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_batch_messages".to_owned()), MESSAGES)?
        .install_recorder()?;
    descriptions::describe();
    gauge!("tollgate_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// The handles of the metrics.
pub struct Metrics {
    /// Messages that were charged, durably.
    pub charged: Count,
    /// Messages that were refused.
    pub refused: Count,
    /// Messages answered with the id of the first use of their key.
    pub replayed: Count,
    /// Segments that were charged, durably.
    pub segments: Count,
    /// Time from the read off the socket to the answer.
    pub submit_seconds: Latencies,
    /// Requests that wait for their answer.
    pub inflight: Gauge,
    /// Requests that may wait, over all open binds.
    pub windows: Gauge,
    /// Messages that cost more than their price, where the margin guard lets them pass.
    pub above_price: Counter,
    /// Messages to numbers of a length that no number of their country has, of accounts that are only warned.
    pub odd_number_lengths: Counter,
    /// Receipts that gateways have acknowledged.
    pub receipts_delivered: Counter,
    /// Receipts that gateways have refused for good.
    pub receipts_refused: Counter,
    /// Receipts that gateways did not answer; they go again.
    pub receipts_unanswered: Counter,
    /// Times that a session was not read because of a bound on what it, its account, or the committer holds.
    waits: [Counter; 3],
    refusals: HashMap<Refusal, Count>,
    /// By level, the parent of the sender first: refusals for lack of funds there, and all others.
    refusals_above: Vec<[Counter; 2]>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The metrics with every reason at zero, so that a rate over them has a beginning.
    pub fn new() -> Self {
        let receipts =
            |outcome: &'static str| counter!("tollgate_gateway_receipts_total", "outcome" => outcome);
        let waits = |bound: &'static str| counter!("tollgate_session_waits_total", "bound" => bound);
        Self {
            charged: Count::default(),
            refused: Count::default(),
            replayed: Count::default(),
            segments: Count::default(),
            submit_seconds: Latencies::default(),
            inflight: gauge!("tollgate_inflight_requests"),
            windows: gauge!("tollgate_window_requests"),
            above_price: counter!("tollgate_messages_above_price_total"),
            odd_number_lengths: counter!("tollgate_odd_number_lengths_total"),
            receipts_delivered: receipts("delivered"),
            receipts_refused: receipts("refused"),
            receipts_unanswered: receipts("unanswered"),
            waits: [waits("bind_bytes"), waits("account_bytes"), waits("commit_queue")],
            refusals: Refusal::ALL.iter().map(|refusal| (*refusal, Count::default())).collect(),
            refusals_above: (1..LEVELS_MAX).map(refusals_above).collect(),
        }
    }

    /// The refusals of each reason.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.iter().filter_map(|refusal| Some((*refusal, self.refusals.get(refusal)?.get())))
    }

    /// The counters that can be read, in Prometheus' text format.
    pub fn render(&self) -> String {
        let outcomes = [("charged", &self.charged), ("refused", &self.refused), ("replayed", &self.replayed)];
        let reasons =
            Refusal::ALL.iter().filter_map(|refusal| Some((refusal.name(), self.refusals.get(refusal)?)));
        [
            count::render("tollgate_submits_total", "outcome", outcomes.into_iter()),
            count::render("tollgate_segments_total", "", [("", &self.segments)].into_iter()),
            count::render("tollgate_refusals_total", "reason", reasons),
        ]
        .concat()
    }

    /// Counts `messages` refused for one reason.
    pub fn refuse(&self, refusal: Refusal, messages: u64) {
        self.refused.increment(messages);
        if let Some(counter) = self.refusals.get(&refusal) {
            counter.increment(messages);
        }
    }

    /// Counts a session that is not read any more until there is room: within a bound of its own, or in the committer's queue.
    pub fn waits_for(&self, bound: Option<Bound>) {
        let [bind, account, queue] = &self.waits;
        match bound {
            Some(Bound::Bind) => bind.increment(1),
            Some(Bound::Account) => account.increment(1),
            None => queue.increment(1),
        }
    }

    /// Counts a message that a level above its sender refused.
    pub fn refuse_above(&self, refused: &LevelRefusal) {
        let counters = refused.level.checked_sub(1).and_then(|above| self.refusals_above.get(above));
        if let Some([for_funds, other]) = counters {
            let counter = if refused.refusal == Refusal::InsufficientFunds { for_funds } else { other };
            counter.increment(1);
        }
    }

    /// The revenue of one currency, in millionths of its unit.
    pub fn revenue(currency: Currency) -> Counter {
        counter!("tollgate_revenue_micros_total", "currency" => currency.to_string())
    }
}

fn refusals_above(level: usize) -> [Counter; 2] {
    ["insufficient_funds", "other"].map(|reason| {
        let level = level.to_string();
        counter!("tollgate_refusals_above_total", "level" => level, "reason" => reason)
    })
}

/// Latencies of messages in buckets. A chunk of messages is three atomic additions, where a histogram of the metrics
/// crate would store each message's latency by itself.
#[derive(Debug, Default)]
pub struct Latencies {
    /// Counts by bucket, not cumulative; the last bucket is beyond all bounds.
    buckets: [AtomicU64; SECONDS.len() + 1],
    sum_micros: AtomicU64,
}

impl Latencies {
    /// Counts `messages` that took this long each.
    pub fn record(&self, took: Duration, messages: u32) {
        let bucket = SECONDS.partition_point(|bound| *bound < took.as_secs_f64());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(u64::from(messages), Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).saturating_mul(u64::from(messages));
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The counts of now.
    pub fn counts(&self) -> LatencyCounts {
        LatencyCounts(self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect())
    }

    /// The histogram in Prometheus' text format.
    pub fn render(&self, name: &str) -> String {
        let (mut text, mut count) = (descriptions::header(name), 0);
        let bounds = SECONDS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, bucket) in bounds.zip(&self.buckets) {
            count += bucket.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let sum = Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(text, "{name}_sum {sum}\n{name}_count {count}");
        text
    }
}

/// Latencies by bucket, at one moment or between two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencyCounts(Vec<u64>);

impl LatencyCounts {
    /// The latencies that were counted since an earlier moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let earlier = before.0.iter().copied().chain(std::iter::repeat(0));
        Self(self.0.iter().zip(earlier).map(|(count, earlier)| count.saturating_sub(earlier)).collect())
    }

    /// About the latency, in microseconds, that so many percent are not above: the bound of its bucket, or between the bounds by
    /// how many lie below. `None` where there are none.
    pub fn quantile_micros(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.0.iter().sum();
        let rank = all.saturating_mul(percent).div_ceil(100).max(1);
        let (mut below, mut from) = (0, 0);
        for (bucket, count) in self.0.iter().enumerate() {
            // Beyond the last bound nothing is known but that.
            let to = SECONDS.get(bucket).map_or(from, |bound| micros_of(*bound));
            if below + count >= rank {
                return (*count > 0).then(|| from + (to - from) * (rank - below) / count);
            }
            (below, from) = (below + count, to);
        }
        None
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the bounds are a few seconds at most"
)]
fn micros_of(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_the_bucket_of_their_rank() {
        let latencies = Latencies::default();
        assert_eq!(latencies.counts().quantile_micros(50), None);
        latencies.record(Duration::from_micros(90), 50);
        let before = latencies.counts();
        latencies.record(Duration::from_micros(200), 98);
        latencies.record(Duration::from_millis(40), 2);
        let counts = latencies.counts().since(&before);
        assert_eq!(counts.quantile_micros(50), Some(100 + 150 * 50 / 98));
        assert_eq!(counts.quantile_micros(98), Some(250));
        assert_eq!(counts.quantile_micros(99), Some(25_000 + 25_000 / 2));
        latencies.record(Duration::from_mins(1), 1_000);
        assert_eq!(latencies.counts().quantile_micros(99), Some(2_500_000), "as far as the bounds go");
    }
}
