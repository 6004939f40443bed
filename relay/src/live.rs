//! Live figures of the process: how its counters have moved since somebody looked last. Nothing is counted for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::{now, steady};
use tollgate_storage::store::Unavailable;

use crate::core::Core;
use crate::delivery::{OperatorQueue, OperatorQueueView};
use crate::metrics::{LatencyCounts, Metrics};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Looks at the counters now and then.
#[derive(Debug)]
pub struct LiveSampler {
    core: Arc<Core>,
    before: Mutex<Look>,
}

/// The counters at one moment.
#[derive(Debug)]
struct Look {
    at: Instant,
    rates: Rates,
    refusals: Vec<(Refusal, u64)>,
    latencies: LatencyCounts,
}

/// Counts since the start, or rates in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Messages that were charged.
    pub charged: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Messages that were answered as their first use.
    pub replayed: u64,
    /// Segments that were charged.
    pub segments: u64,
    /// Commits to disk.
    pub commits: u64,
}

/// The figures of one moment.
#[derive(Clone, Debug)]
pub struct Live {
    /// The time of the figures.
    pub at: UnixMicros,
    /// Rates in a second, since the look before.
    pub rates: Rates,
    /// The refusals that there were, in a second.
    pub refusals: Vec<(Refusal, u64)>,
    /// The time that half of the answers took at most; `None` where there were none.
    pub p50_micros: Option<u64>,
    /// The time that all but one in a hundred took at most.
    pub p99_micros: Option<u64>,
    /// Messages that wait to be written.
    pub commit_queue: usize,
    /// Open binds of gateways.
    pub binds: usize,
    /// The operators in force.
    pub operators: Vec<LiveOperator>,
}

/// An operator at one moment.
#[derive(Clone, Debug)]
pub struct LiveOperator {
    /// The operator's code.
    pub code: Arc<str>,
    /// The queue of the operator.
    pub view: OperatorQueueView,
    /// Links that are wanted.
    pub links: usize,
    /// Messages that it takes in a second by contract.
    pub throughput_per_second: Option<u32>,
    /// Messages that wait for it.
    pub queued: u64,
    /// The age of the oldest of them, where one waits in memory.
    pub queue_age: Option<Duration>,
}

impl Look {
    fn at(core: &Core) -> Self {
        let Metrics { charged, refused, replayed, segments, .. } = &*core.metrics;
        let rates = Rates {
            charged: charged.get(),
            refused: refused.get(),
            replayed: replayed.get(),
            segments: segments.get(),
            commits: core.books.committer.commits(),
        };
        let refusals = core.metrics.refusals().collect();
        Self { at: Instant::now(), rates, refusals, latencies: core.metrics.submit_seconds.counts() }
    }
}

impl Rates {
    /// The rates of what was counted since, over so much time.
    fn since(self, before: Self, took: Duration) -> Self {
        let rate = |count: fn(&Self) -> u64| per_second(count(&self).saturating_sub(count(&before)), took);
        Self {
            charged: rate(|rates| rates.charged),
            refused: rate(|rates| rates.refused),
            replayed: rate(|rates| rates.replayed),
            segments: rate(|rates| rates.segments),
            commits: rate(|rates| rates.commits),
        }
    }
}

/// A count over so much time as a rate in a second, rounded; at least one where anything was counted.
fn per_second(count: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let rate = count.saturating_mul(MICROS_PER_SECOND).saturating_add(micros / 2) / micros;
    rate.max(u64::from(count > 0))
}

impl LiveSampler {
    /// Begins with the counters of now.
    pub fn new(core: Arc<Core>) -> Self {
        let before = Mutex::new(Look::at(&core));
        Self { core, before }
    }

    /// The figures since the look before. Waits for the disk where many messages wait for an operator.
    pub fn look(&self) -> Result<Live, Unavailable> {
        let mut before = self.before.lock();
        let look = Look::at(&self.core);
        let took = look.at.saturating_duration_since(before.at);
        let latencies = look.latencies.since(&before.latencies);
        let refused = look.refusals.iter().filter_map(|(refusal, count)| {
            let earlier = before.refusals.iter().find(|(other, _)| other == refusal);
            let more = count.saturating_sub(earlier.map_or(0, |(_, count)| *count));
            (more > 0).then(|| (*refusal, per_second(more, took)))
        });
        let refusals = refused.collect();
        let rates = look.rates.since(before.rates, took);
        *before = look;
        drop(before);
        let snapshot = self.core.snapshot.load();
        let queues = snapshot.operator_queues.iter();
        let operators = queues.filter_map(|queue| self.operator(queue).transpose());
        Ok(Live {
            at: now(),
            rates,
            refusals,
            p50_micros: latencies.quantile_micros(50),
            p99_micros: latencies.quantile_micros(99),
            commit_queue: self.core.books.committer.queued_messages(),
            binds: self.core.clients.open_binds().len(),
            operators: operators.collect::<Result<_, _>>()?,
        })
    }

    /// An operator that is in force.
    fn operator(&self, queue: &OperatorQueue) -> Result<Option<LiveOperator>, Unavailable> {
        let Some(setup) = queue.setup.load_full() else { return Ok(None) };
        let view = queue.view(steady());
        let (waiting, has_more) = queue.backlog.len();
        let in_memory = (waiting + view.ready) as u64;
        let queued = if has_more {
            self.core.books.store.queue().len_estimate(queue.number)?.max(in_memory)
        } else {
            in_memory
        };
        let age = queue.backlog.oldest().map(|at| Duration::from_micros(now().0.saturating_sub(at.0)));
        Ok(Some(LiveOperator {
            code: Arc::clone(&queue.code),
            view,
            links: queue.link_registry.links().len(),
            throughput_per_second: setup.smpp.throughput_per_second,
            queued,
            queue_age: age,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_rates_of_the_time_between_two_looks() {
        for (count, millis, rate) in
            [(0, 1_000, 0), (10, 1_000, 10), (10, 2_000, 5), (1, 60_000, 1), (3, 2_000, 2)]
        {
            assert_eq!(per_second(count, Duration::from_millis(millis)), rate, "{count} in {millis} ms");
        }
        assert_eq!(
            per_second(5, Duration::ZERO),
            5 * MICROS_PER_SECOND,
            "two looks at once are no division by zero"
        );
        let before = Rates { charged: 5, segments: 7, ..Rates::default() };
        let after = Rates { charged: 25, segments: 7, commits: 4, ..Rates::default() };
        let rates = after.since(before, Duration::from_secs(2));
        assert_eq!(rates, Rates { charged: 10, commits: 2, ..Rates::default() });
    }
}
