//! The result of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::{CreationError, Histogram};
use serde_json::{Value, json};

use super::figures::{Millis, grouped, status_name};

/// Latencies are told apart to a thousandth, between a tenth of a microsecond and a minute.
const LATENCY_NANOS: (u64, u64) = (100, 60_000_000_000);

/// The counts of one bind, or of all of them together.
#[derive(Clone)]
pub struct Tally {
    /// Answers with `ESME_ROK`.
    pub acknowledged: u64,
    /// Other answers, by `command_status`.
    pub refused: BTreeMap<u32, u64>,
    /// Messages whose answer never came.
    pub unknown: u64,
    /// Messages sent again after a connection was lost.
    pub resent: u64,
    /// Connections made after one was lost.
    pub reconnects: u64,
    /// From sending to answer, in nanoseconds.
    pub latency: Histogram<u64>,
    /// The time of the last answer.
    pub last_answer: Option<Instant>,
    /// Receipts by state, those that came twice included.
    pub receipts: BTreeMap<&'static str, u64>,
    /// Receipts that came again.
    pub second_receipts: u64,
    /// The time of the last receipt.
    pub last_receipt: Option<Instant>,
    /// The reasons for which binds ended before their work was done.
    pub failures: Vec<String>,
}

impl Tally {
    /// A tally of nothing yet.
    pub fn new() -> Result<Self, CreationError> {
        let (low, high) = LATENCY_NANOS;
        Ok(Self {
            acknowledged: 0,
            refused: BTreeMap::new(),
            unknown: 0,
            resent: 0,
            reconnects: 0,
            latency: Histogram::new_with_bounds(low, high, 3)?,
            last_answer: None,
            receipts: BTreeMap::new(),
            second_receipts: 0,
            last_receipt: None,
            failures: Vec::new(),
        })
    }

    /// Counts an answer that came at `now`.
    pub fn count(&mut self, status: u32, latency_nanos: u64, now: Instant) {
        match status {
            0 => self.acknowledged += 1,
            status => *self.refused.entry(status).or_default() += 1,
        }
        self.latency.saturating_record(latency_nanos);
        self.last_answer = Some(now);
    }

    /// Counts a receipt that came at `now`.
    pub fn count_receipt(&mut self, state: &'static str, now: Instant) {
        *self.receipts.entry(state).or_default() += 1;
        self.last_receipt = Some(now);
    }

    /// Adds the counts of another bind.
    pub fn merge(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        self.unknown += other.unknown;
        self.resent += other.resent;
        self.reconnects += other.reconnects;
        // All histograms have the same bounds, so that one always fits into another.
        let _ = self.latency.add(other.latency);
        self.last_answer = self.last_answer.max(other.last_answer);
        for (state, count) in other.receipts {
            *self.receipts.entry(state).or_default() += count;
        }
        self.second_receipts += other.second_receipts;
        self.last_receipt = self.last_receipt.max(other.last_receipt);
        self.failures.extend(other.failures);
    }
}

/// The result of a whole run.
#[derive(Clone)]
pub struct Report {
    /// The counts of all binds.
    pub tally: Tally,
    /// Number of binds.
    pub binds: usize,
    /// From the first message to the last answer.
    pub elapsed: Duration,
    /// The receipts, if the run waited for them.
    pub receipts: Option<Receipts>,
}

/// The receipts of a run.
#[derive(Clone, Copy, Debug)]
pub struct Receipts {
    /// Messages acknowledged whose receipt did not come.
    pub outstanding: u64,
    /// Receipts for messages that were not acknowledged in this run.
    pub strays: u64,
    /// From the first message to the last receipt.
    pub elapsed: Duration,
}

impl Report {
    /// Answers of any kind.
    pub fn answered(&self) -> u64 {
        self.tally.latency.len()
    }

    /// Answers of any kind per second.
    pub fn per_second(&self) -> u64 {
        per_second(self.answered(), self.elapsed)
    }

    /// Receipts, those that came twice included.
    pub fn receipts(&self) -> u64 {
        self.tally.receipts.values().sum()
    }

    /// The latency that this share of messages, in parts of a thousand, did not exceed.
    pub fn latency(&self, per_mille: u32) -> Duration {
        Duration::from_nanos(self.tally.latency.value_at_quantile(f64::from(per_mille) / 1000.0))
    }

    /// True if every bind did all of its work and, where receipts were waited for, each message has its own.
    pub fn is_complete(&self) -> bool {
        let all_receipts = self.receipts.is_none_or(|receipts| receipts.outstanding == 0);
        self.tally.failures.is_empty() && self.tally.unknown == 0 && all_receipts
    }

    /// The report as JSON, for programs.
    pub fn to_json(&self) -> Value {
        let micros = |per_mille| u64::try_from(self.latency(per_mille).as_micros()).unwrap_or(u64::MAX);
        let refused =
            self.tally.refused.iter().map(|(status, count)| (format!("0x{status:08X}"), json!(count)));
        let mut report = json!({
            "binds": self.binds,
            "elapsed_micros": u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX),
            "answered": self.answered(),
            "answered_per_second": self.per_second(),
            "acknowledged": self.tally.acknowledged,
            "refused": refused.collect::<serde_json::Map<_, _>>(),
            "unknown": self.tally.unknown,
            "resent": self.tally.resent,
            "reconnects": self.tally.reconnects,
            "latency_micros": { "p50": micros(500), "p90": micros(900), "p99": micros(990), "max": micros(1000) },
            "failures": self.tally.failures,
        });
        if let Some(receipts) = self.receipts {
            report["receipts"] = json!({
                "received": self.receipts(),
                "received_per_second": per_second(self.receipts(), receipts.elapsed),
                "elapsed_micros": u64::try_from(receipts.elapsed.as_micros()).unwrap_or(u64::MAX),
                "by_state": self.tally.receipts,
                "again": self.tally.second_receipts,
                "strays": receipts.strays,
                "outstanding": receipts.outstanding,
            });
        }
        report
    }
}

impl Report {
    fn fmt_receipts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(receipts) = self.receipts else { return Ok(()) };
        let rate = per_second(self.receipts(), receipts.elapsed);
        write!(f, "\nreceipts    {} at {}/s", grouped(self.receipts()), grouped(rate))?;
        for (state, count) in &self.tally.receipts {
            write!(f, ", {} {state}", grouped(*count))?;
        }
        for (count, what) in [
            (self.tally.second_receipts, "came again"),
            (receipts.strays, "for messages not acknowledged here"),
            (receipts.outstanding, "never came"),
        ] {
            if count > 0 {
                write!(f, "\n            {} {what}", grouped(count))?;
            }
        }
        Ok(())
    }
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    let per_second = u128::from(count) * 1_000_000 / elapsed.as_micros().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        writeln!(f, "{} answers in {seconds:.2} s on {} binds", grouped(self.answered()), self.binds)?;
        writeln!(f, "throughput  {} messages/s", grouped(self.per_second()))?;
        let [p50, p90, p99, max] = [500, 900, 990, 1000].map(|per_mille| Millis(self.latency(per_mille)));
        writeln!(f, "latency     p50 {p50}, p90 {p90}, p99 {p99}, longest {max}")?;
        write!(f, "statuses    {} ESME_ROK", grouped(self.tally.acknowledged))?;
        for (status, count) in &self.tally.refused {
            write!(f, ", {} {}", grouped(*count), status_name(*status))?;
        }
        if self.tally.unknown > 0 {
            write!(f, "\nunknown     {} messages were never answered", grouped(self.tally.unknown))?;
        }
        if self.tally.reconnects > 0 {
            let (reconnects, resent) = (grouped(self.tally.reconnects), grouped(self.tally.resent));
            write!(f, "\nreconnects  {reconnects}; {resent} messages sent again")?;
        }
        self.fmt_receipts(f)?;
        for failure in &self.tally.failures {
            write!(f, "\nfailed      {failure}")?;
        }
        Ok(())
    }
}
