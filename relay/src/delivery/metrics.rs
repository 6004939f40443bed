//! Metrics of delivery. Labels are bounded: operators are provisioned, all others are closed lists.

use std::collections::HashMap;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use parking_lot::Mutex;
use tollgate_engine::health::{HealthSample, ResponseKind};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::settlement::Outcome;

/// Statuses that are counted by themselves; an operator that makes up more counts as `other`.
const STATUSES_MAX: usize = 64;

/// The metrics of one operator.
pub struct OperatorMetrics {
    /// The number of bound links.
    pub bound: Gauge,
    /// 1 while the breaker is open.
    pub breaker_open: Gauge,
    /// Countries whose messages go elsewhere.
    pub countries_open: Gauge,
    /// Tries to bind that failed.
    pub link_failures: Counter,
    /// Receipts that match no message.
    pub unmatched: Counter,
    /// Receipts that may be of several messages.
    pub ambiguous: Counter,
    /// Receipts whose word for the state is not known.
    pub unknown_states: Counter,
    /// Messages whose answer never came.
    pub unknown_outcome: Counter,
    /// Messages sent again though an operator may have them.
    pub possible_duplicates: Counter,
    code: String,
    submits: [(ResponseKind, Counter); 5],
    latency: Histogram,
    statuses: Mutex<HashMap<u32, Counter>>,
    score: Gauge,
    fill: Gauge,
    queue: Gauge,
    per_second: Gauge,
}

impl std::fmt::Debug for OperatorMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperatorMeters").field("code", &self.code).finish_non_exhaustive()
    }
}

impl OperatorMetrics {
    /// With every count at zero.
    pub fn new(code: &str) -> Self {
        let labels = || code.to_owned();
        let submits = |kind: ResponseKind, outcome: &'static str| {
            (kind, counter!("tollgate_operator_submits_total", "operator" => labels(), "outcome" => outcome))
        };
        Self {
            bound: gauge!("tollgate_operator_bound", "operator" => labels()),
            breaker_open: gauge!("tollgate_operator_breaker_open", "operator" => labels()),
            countries_open: gauge!("tollgate_operator_countries_open", "operator" => labels()),
            link_failures: counter!("tollgate_operator_link_failures_total", "operator" => labels()),
            unmatched: counter!("tollgate_unmatched_receipts_total", "operator" => labels()),
            ambiguous: counter!("tollgate_ambiguous_receipts_total", "operator" => labels()),
            unknown_states: counter!("tollgate_unknown_receipt_states_total", "operator" => labels()),
            unknown_outcome: counter!("tollgate_operator_unknown_outcomes_total", "operator" => labels()),
            possible_duplicates: counter!("tollgate_possible_duplicates_total", "operator" => labels()),
            submits: [
                submits(ResponseKind::Accepted, "accepted"),
                submits(ResponseKind::Temporary, "temporary"),
                submits(ResponseKind::Permanent, "permanent"),
                submits(ResponseKind::Throttled, "throttled"),
                submits(ResponseKind::Lost, "lost"),
            ],
            latency: histogram!("tollgate_operator_response_seconds", "operator" => labels()),
            statuses: Mutex::default(),
            score: gauge!("tollgate_operator_score", "operator" => labels()),
            fill: gauge!("tollgate_operator_window_fill_ratio", "operator" => labels()),
            queue: gauge!("tollgate_queue_messages", "operator" => labels()),
            per_second: gauge!("tollgate_operator_messages_per_second", "operator" => labels()),
            code: code.to_owned(),
        }
    }

    /// Counts an answer, or that none came.
    pub fn answered(&self, kind: ResponseKind, latency_micros: u64) {
        if let Some((_, counter)) = self.submits.iter().find(|(of, _)| *of == kind) {
            counter.increment(1);
        }
        if kind != ResponseKind::Lost {
            self.latency.record(Duration::from_micros(latency_micros).as_secs_f64());
        }
    }

    /// Counts the `command_status` of an answer. ESME_ROK is counted as an outcome only.
    pub fn status(&self, status: u32) {
        if status == 0 {
            return;
        }
        let mut statuses = self.statuses.lock();
        let room = statuses.len() < STATUSES_MAX;
        let key = if room || statuses.contains_key(&status) { status } else { u32::MAX };
        let counter = statuses.entry(key).or_insert_with(|| {
            let name = if key == u32::MAX { "other".to_owned() } else { format!("{key:#04x}") };
            counter!("tollgate_operator_errors_total", "operator" => self.code.clone(), "status" => name)
        });
        counter.increment(1);
    }

    /// Counts a receipt that settled a message.
    pub fn receipt(&self, outcome: Outcome) {
        counter!("tollgate_operator_receipts_total", "operator" => self.code.clone(), "state" => outcome.name())
            .increment(1);
    }

    /// Adds the operator's cost of a message.
    pub fn cost(&self, currency: Currency, amount: Amount) {
        counter!("tollgate_operator_cost_micros_total", "operator" => self.code.clone(), "currency" => currency.to_string())
            .increment(amount.micros().unsigned_abs());
    }

    /// Sets the gauges of the operator's health; the queue only where it was counted.
    pub fn health(&self, sample: &HealthSample, queued: Option<u64>) {
        self.score.set(f64::from(sample.score));
        self.fill.set(f64::from(sample.fill_percent) / 100.0);
        self.per_second.set(f64::from(sample.per_second));
        if let Some(queued) = queued {
            self.queue.set(f64::from(u32::try_from(queued).unwrap_or(u32::MAX)));
        }
    }
}

/// The metrics of all operators together.
pub struct DeliveryMetrics {
    /// Messages whose outcome is unknown now.
    pub unknown_outcome: Gauge,
    outcomes: HashMap<Outcome, (Counter, Counter)>,
}

impl DeliveryMetrics {
    /// With every count at zero.
    pub fn at_zero() -> Self {
        let outcome = |outcome: &Outcome| {
            let name = outcome.name();
            let settled = counter!("tollgate_messages_settled_total", "outcome" => name);
            (*outcome, (settled, counter!("tollgate_refunds_total", "outcome" => name)))
        };
        Self {
            unknown_outcome: gauge!("tollgate_unknown_outcomes"),
            outcomes: Outcome::ALL.iter().map(outcome).collect(),
        }
    }

    /// Counts a message that has reached its final state.
    pub fn settled(&self, outcome: Outcome, refunded: bool) {
        if let Some((settled, refunds)) = self.outcomes.get(&outcome) {
            settled.increment(1);
            refunds.increment(u64::from(refunded));
        }
    }
}
