//! The last minute of one operator, in buckets of a second.

use super::histogram::Histogram;
use super::{HealthSample, ResponseKind, score};
use crate::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The number of seconds kept.
const SECONDS: usize = 60;

/// Whole seconds over which throughput is averaged.
const THROUGHPUT_SECONDS: u64 = 10;

/// From 64 µs to 134 s, each value to an eighth.
type Latencies = Histogram<168, 6, 3>;

/// From a millisecond to three days, each value to a half.
type Delays = Histogram<56, 10, 1>;

/// The measurements of one operator. Bounded: it holds counts only.
#[derive(Clone, Debug)]
pub struct HealthWindow {
    /// By second, modulo their number.
    buckets: Box<[Bucket]>,
    first_second: Option<u64>,
    bound: bool,
    fill_percent: u8,
}

#[derive(Clone, Debug)]
struct Bucket {
    /// Of the Unix time. A bucket of another second is an old one.
    second: u64,
    kinds: [u32; ResponseKind::ALL.len()],
    receipts: u32,
    delivered: u32,
    latencies: Latencies,
    delays: Delays,
}

impl Bucket {
    const EMPTY: Self = Self {
        second: 0,
        kinds: [0; ResponseKind::ALL.len()],
        receipts: 0,
        delivered: 0,
        latencies: Latencies::EMPTY,
        delays: Delays::EMPTY,
    };

    fn merge(&mut self, other: &Self) {
        for (count, more) in self.kinds.iter_mut().zip(other.kinds) {
            *count = count.saturating_add(more);
        }
        self.receipts = self.receipts.saturating_add(other.receipts);
        self.delivered = self.delivered.saturating_add(other.delivered);
        self.latencies.merge(&other.latencies);
        self.delays.merge(&other.delays);
    }
}

impl Default for HealthWindow {
    fn default() -> Self {
        let buckets = vec![Bucket::EMPTY; SECONDS].into();
        Self { buckets, first_second: None, bound: false, fill_percent: 0 }
    }
}

impl HealthWindow {
    /// Notes the response to a message and its latency; a lost one has none.
    pub fn note_response(&mut self, now: UnixMicros, latency_micros: u64, status: ResponseKind) {
        let bucket = self.bucket(now);
        let count = &mut bucket.kinds[status as usize];
        *count = count.saturating_add(1);
        if status != ResponseKind::Lost {
            bucket.latencies.add(latency_micros);
        }
    }

    /// A final receipt, and how long after the operator had taken the message it came.
    pub fn note_receipt(&mut self, now: UnixMicros, delay_micros: u64, delivered: bool) {
        let bucket = self.bucket(now);
        bucket.receipts = bucket.receipts.saturating_add(1);
        bucket.delivered = bucket.delivered.saturating_add(u32::from(delivered));
        bucket.delays.add(delay_micros);
    }

    /// Notes that from now on a link is bound, or none.
    pub fn note_bound(&mut self, now: UnixMicros, bound: bool) {
        self.bucket(now);
        self.bound = bound;
    }

    /// Notes how many messages wait for an answer, and how many may; of a window of zero none wait.
    pub fn note_fill(&mut self, now: UnixMicros, in_flight: u32, window: u32) {
        self.bucket(now);
        let percent = u64::from(in_flight.min(window)) * 100 / u64::from(window.max(1));
        self.fill_percent = u8::try_from(percent).unwrap_or(100);
    }

    /// The sample of the last minute. Costs some microseconds.
    pub fn sample(&self, now: UnixMicros) -> HealthSample {
        let mut sum = Bucket::EMPTY;
        for bucket in self.last(now, SECONDS as u64) {
            sum.merge(bucket);
        }
        let [accepted, temporary, permanent, throttled, lost] = sum.kinds;
        let mut sample = HealthSample {
            bound: self.bound,
            fill_percent: self.fill_percent,
            p50_micros: sum.latencies.percentile(50),
            p95_micros: sum.latencies.percentile(95),
            p99_micros: sum.latencies.percentile(99),
            responses: sum.kinds.into_iter().fold(0, u32::saturating_add),
            accepted,
            temporary,
            permanent,
            throttled,
            lost,
            receipts: sum.receipts,
            delivered: sum.delivered,
            receipt_delay_micros: sum.delays.percentile(50),
            per_second: self.per_second(now),
            score: 0,
        };
        sample.score = score(&sample);
        sample
    }

    /// Bytes on the heap: the same whatever was noted.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    /// Messages taken per second over the last whole seconds, of which there are fewer in the beginning.
    fn per_second(&self, now: UnixMicros) -> u32 {
        let this_second = now.0 / MICROS_PER_SECOND;
        let Some(age) = self.first_second.and_then(|first| this_second.checked_sub(first)) else {
            return 0;
        };
        let seconds = age.clamp(1, THROUGHPUT_SECONDS);
        let before = UnixMicros(now.0.saturating_sub(MICROS_PER_SECOND));
        let accepted = |bucket: &Bucket| u64::from(bucket.kinds[ResponseKind::Accepted as usize]);
        let sum: u64 = self.last(before, seconds).map(accepted).sum();
        u32::try_from(sum / seconds).unwrap_or(u32::MAX)
    }

    /// The buckets of the last so many seconds, this one included.
    fn last(&self, now: UnixMicros, seconds: u64) -> impl Iterator<Item = &Bucket> {
        let this_second = now.0 / MICROS_PER_SECOND;
        let range = this_second.saturating_sub(seconds - 1)..=this_second;
        self.buckets.iter().filter(move |bucket| range.contains(&bucket.second))
    }

    /// The bucket of this second, emptied if it was that of another.
    fn bucket(&mut self, now: UnixMicros) -> &mut Bucket {
        let second = now.0 / MICROS_PER_SECOND;
        // A clock that was set back to before the beginning begins anew.
        if self.first_second.is_none_or(|first| second < first) {
            self.first_second = Some(second);
        }
        let place = second % SECONDS as u64;
        let bucket = &mut self.buckets[usize::try_from(place).unwrap_or(0)];
        if bucket.second != second {
            *bucket = Bucket { second, ..Bucket::EMPTY };
        }
        bucket
    }
}
